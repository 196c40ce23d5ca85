/** Lots and serial numbers of a message as Odoo's records. */
import { CrossdockError } from '../../errors/index';
import { fieldsGet } from '../client/fields';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf, idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import type { KeyedLoader, KeyedRecord } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import type { Goods } from './allocate';
import type { ReadContext } from './read';

export interface LotOptions {
  readonly unknownLots: 'hold' | 'create';
  readonly missingLots: 'hold' | 'reserved';
}

/** Lot ids by `lotKey`. */
export type Lots = ReadonlyMap<string, number>;

export function lotKey(productId: number, name: string): string {
  return `${productId} ${name}`;
}

/** The lot or serial number of goods, if they are tracked in Odoo. */
export function lotName({ product, content }: Goods): string | undefined {
  return product.tracking === 'none' ? undefined : (content.serial ?? content.lot);
}

/**
 * Finds the lots of all goods, or creates them where that is allowed.
 *
 * Throws LOT_REQUIRED, LOT_UNKNOWN, SERIAL_REQUIRED or SERIAL_DUPLICATE (business).
 * @param leaving goods leave, so that a serial number must not be at a customer already
 */
export async function resolveLots(
  context: ReadContext,
  loader: KeyedLoader,
  goods: readonly Goods[],
  options: LotOptions,
  leaving: boolean,
): Promise<Lots> {
  const named = goods.filter((each) => lotName(each) !== undefined);
  for (const each of goods) assertTracked(each, options);
  if (named.length === 0) return new Map();
  const lots = new Map(await findLots(context, named));
  const unknown = named.filter((each) => !lots.has(lotKey(each.product.id, lotName(each) ?? '')));
  if (unknown.length > 0 && options.unknownLots === 'hold') throw lotUnknown(unknown);
  if (unknown.length > 0) {
    for (const [key, id] of await createLots(context, loader, unknown)) lots.set(key, id);
  }
  if (leaving) await assertNotAtCustomer(context.client, named, lots);
  return lots;
}

function assertTracked(goods: Goods, { missingLots }: LotOptions): void {
  const { product, content } = goods;
  if (product.tracking === 'none') return;
  const sku = product.sku ?? product.name;
  if (product.tracking === 'serial' && lotName(goods) !== undefined && !goods.quantity.eq(1)) {
    throw new CrossdockError(
      `${sku} has serial numbers in Odoo: each piece needs its own (line ${content.lineId}).`,
      {
        code: 'SERIAL_REQUIRED',
        kind: 'business',
        facts: { sku, line: content.lineId },
      },
    );
  }
  if (lotName(goods) !== undefined || missingLots === 'reserved') return;
  const what = product.tracking === 'serial' ? 'serial numbers' : 'a lot number';
  throw new CrossdockError(`${sku} needs ${what} (line ${content.lineId}): the message has none.`, {
    code: 'LOT_REQUIRED',
    kind: 'business',
    facts: { sku, line: content.lineId },
  });
}

interface LotRow {
  readonly id: number;
  readonly name: string;
  readonly product_id: Many2One;
}

async function findLots({ client, fields }: ReadContext, goods: readonly Goods[]): Promise<Lots> {
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly LotRow[]>(fields.map.models.lot, 'search_read', {
      args: {
        domain: [
          ['product_id', 'in', [...new Set(goods.map(({ product }) => product.id))]],
          ['name', 'in', [...new Set(goods.map((each) => lotName(each) ?? ''))]],
        ],
        fields: ['id', 'name', 'product_id'],
        order: 'id desc',
      },
    }),
  );
  return new Map(rows.map((row) => [lotKey(idOrZero(row.product_id), row.name), row.id]));
}

async function createLots(context: ReadContext, loader: KeyedLoader, goods: readonly Goods[]): Promise<Lots> {
  const model = context.fields.map.models.lot;
  const wishes = ['expiration_date', 'company_id'];
  const known = await fieldsGet(context.client, model, wishes);
  const expiring = Object.hasOwn(known, 'expiration_date');
  const company = context.fields.map.major < 17 ? await companyOf(context.client) : undefined;
  const records = new Map<string, KeyedRecord>();
  const lotKeys = new Map<string, string>();
  for (const each of goods) {
    const name = lotName(each) ?? '';
    const key = hashKey('crossdock', 'lot', String(each.product.id), name);
    const cells: [string, string][] = [
      ['id', key],
      ['name', name],
      ['product_id/.id', String(each.product.id)],
    ];
    if (company !== undefined) cells.push(['company_id/.id', String(company)]);
    if (expiring && each.content.expiry !== undefined)
      cells.push(['expiration_date', `${each.content.expiry} 00:00:00`]);
    records.set(key, {
      key,
      columns: cells.map(([column]) => column),
      rows: [cells.map(([, cell]) => cell)],
    });
    lotKeys.set(key, lotKey(each.product.id, name));
  }
  const lots = new Map<string, number>();
  for (const [key, outcome] of await loader.load(model, [...records.values()])) {
    if ('error' in outcome) throw outcome.error;
    lots.set(lotKeys.get(key) ?? '', outcome.id);
  }
  return lots;
}

async function companyOf(client: OdooClient): Promise<number | undefined> {
  const { uid } = await client.call<{ uid: number }>('res.users', 'context_get');
  const [user] = await client.call<readonly { company_id: Many2One }[]>('res.users', 'read', {
    ids: [uid],
    args: { fields: ['company_id'] },
  });
  return idOf(user?.company_id);
}

/** Throws SERIAL_DUPLICATE (business): Odoo would let the same piece leave twice. */
async function assertNotAtCustomer(client: OdooClient, goods: readonly Goods[], lots: Lots): Promise<void> {
  const serials = goods.filter(({ product }) => product.tracking === 'serial');
  const ids = serials.flatMap((each) => lots.get(lotKey(each.product.id, lotName(each) ?? '')) ?? []);
  if (ids.length === 0) return;
  const gone = await withRetry(CALL_RETRY, () =>
    client.call<readonly { lot_id: Many2One }[]>('stock.quant', 'search_read', {
      args: {
        domain: [
          ['lot_id', 'in', ids],
          ['location_id.usage', '=', 'customer'],
          ['quantity', '>', 0],
        ],
        fields: ['lot_id'],
      },
    }),
  );
  const [first] = gone;
  if (first === undefined) return;
  const serial = first.lot_id ? first.lot_id[1] : '';
  throw new CrossdockError(
    `Serial number ${serial} is at a customer already: it cannot be shipped once more.`,
    {
      code: 'SERIAL_DUPLICATE',
      kind: 'business',
      facts: { serial },
    },
  );
}

function lotUnknown(goods: readonly Goods[]): CrossdockError {
  const names = [
    ...new Set(goods.map((each) => `${lotName(each)} (${each.product.sku ?? each.product.name})`)),
  ];
  return new CrossdockError(`Odoo does not know the lot or serial number ${names.slice(0, 5).join(', ')}.`, {
    code: 'LOT_UNKNOWN',
    kind: 'business',
    facts: { lot: names[0] ?? '' },
  });
}
