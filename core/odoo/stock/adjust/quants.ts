/** What Odoo knows about one leg: the quants, a count that is not applied yet, and the moves that the leg has caused. */
import { type DecimalValue, decimal, sum } from '../../../canonical/decimal';
import { fromFloat } from '../../client/decimals';
import { fieldMap } from '../../client/field-map';
import { requireFields } from '../../client/fields';
import { CALL_RETRY, withRetry } from '../../client/retry';
import { idOf, type Link } from '../../client/rows';
import type { OdooClient } from '../../client/types';
import { searchReadAll } from '../rows';
import type { Leg } from './types';

const COUNTING = { inventory_mode: true };
const WIZARD = 'stock.inventory.adjustment.name';

export interface Quant {
  readonly id: number;
  readonly quantity: DecimalValue;
  /** A counted quantity that is not applied yet. */
  readonly counted: DecimalValue | undefined;
  /** What applying it would change. */
  readonly difference: DecimalValue;
  readonly countedBy: number | undefined;
}

export interface Stock {
  /** All that is there, packed or not, whoever owns it. */
  readonly total: DecimalValue;
  /** What of it lies at the place itself, in no package and nobody else's. */
  readonly loose: DecimalValue;
  /** Where a difference is booked: at the place itself, in no package. Undefined: there is none yet. */
  readonly plain: Quant | undefined;
}

/** What the leg has changed so far, by the moves that carry its key. */
export interface Done {
  readonly difference: DecimalValue;
  readonly moveIds: readonly number[];
}

interface QuantRow {
  readonly id: number;
  readonly location_id: Link;
  readonly package_id: Link;
  readonly owner_id: Link;
  readonly quantity: number;
  readonly inventory_quantity: number;
  readonly inventory_quantity_set: boolean;
  readonly inventory_diff_quantity: number;
  readonly user_id: Link;
}

interface MoveRow {
  readonly id: number;
  readonly location_id: Link;
  readonly location_dest_id: Link;
  readonly [done: string]: unknown;
}

export async function readStock(client: OdooClient, leg: Leg, quantId?: number): Promise<Stock> {
  const rows = await searchReadAll<QuantRow>(client, 'stock.quant', {
    domain: [
      ['product_id', '=', leg.productId],
      ['location_id', 'child_of', leg.place.rootId],
      ['lot_id', '=', leg.lotId ?? false],
    ],
    fields: [
      ...['id', 'location_id', 'package_id', 'owner_id', 'quantity', 'user_id'],
      ...['inventory_quantity', 'inventory_quantity_set', 'inventory_diff_quantity'],
    ],
  });
  const loose = rows.filter(
    (row) =>
      idOf(row.location_id) === leg.place.stockId &&
      idOf(row.package_id) === undefined &&
      idOf(row.owner_id) === undefined,
  );
  const plain = loose.find(({ id }) => id === quantId) ?? loose[0];
  return {
    total: sum(rows.map(({ quantity }) => exact(quantity))),
    loose: sum(loose.map(({ quantity }) => exact(quantity))),
    plain: plain === undefined ? undefined : toQuant(plain),
  };
}

function toQuant(row: QuantRow): Quant {
  return {
    id: row.id,
    quantity: exact(row.quantity),
    counted: row.inventory_quantity_set ? exact(row.inventory_quantity) : undefined,
    difference: exact(row.inventory_diff_quantity),
    countedBy: idOf(row.user_id),
  };
}

/** The name that the leg's moves have in Odoo: readable, and found by the key at its end. */
export function referenceOf(leg: Leg): string {
  return `${leg.name} #${leg.key}`;
}

export async function readDone(client: OdooClient, leg: Leg): Promise<Done> {
  const { move } = fieldMap(await client.version());
  const rows = await searchReadAll<MoveRow>(client, 'stock.move', {
    domain: [
      ['product_id', '=', leg.productId],
      ['is_inventory', '=', true],
      ['state', '=', 'done'],
      ['reference', '=like', `%#${leg.key}`],
    ],
    fields: ['id', 'location_id', 'location_dest_id', move.done],
  });
  const differences = rows.map((row) => {
    const moved = exact(Number(row[move.done]) || 0);
    return idOf(row.location_dest_id) === leg.place.stockId ? moved : moved.times(-1);
  });
  return { difference: sum(differences), moveIds: rows.map(({ id }) => id) };
}

/** Writes down what is to be there, without applying it. Finds the quant, or makes it. */
export async function setCount(client: OdooClient, leg: Leg, quantity: DecimalValue): Promise<number> {
  const values = {
    product_id: leg.productId,
    location_id: leg.place.stockId,
    ...(leg.lotId === undefined ? {} : { lot_id: leg.lotId }),
    inventory_quantity: Number(quantity.toFixed()),
  };
  const [id] = await client.call<readonly number[]>('stock.quant', 'create', {
    args: { vals_list: [values] },
    context: COUNTING,
  });
  return id as number;
}

/**
 * Applies what is written down, under the leg's name. Nothing happens when nothing is written down: that is why this
 * is the dialog that asks for a reason, and never `action_apply_inventory`, which at its second call takes the count that
 * the first one has cleared for a count of zero.
 *
 * @returns false when the stock has moved since it was written down
 */
export async function applyCount(client: OdooClient, leg: Leg, quantId: number): Promise<boolean> {
  const [wizard] = await client.call<readonly number[]>(WIZARD, 'create', {
    args: {
      vals_list: [
        {
          quant_ids: [[6, 0, [quantId]]],
          inventory_adjustment_name: referenceOf(leg),
          ...(await countingDate(client, leg)),
        },
      ],
    },
  });
  const answer = await client.call<unknown>(WIZARD, 'action_apply', { ids: [wizard as number] });
  return !(typeof answer === 'object' && answer !== null);
}

/** Takes back what is written down and not applied. */
export async function clearCount(client: OdooClient, quantId: number): Promise<void> {
  await withRetry(CALL_RETRY, () =>
    client.call('stock.quant', 'action_clear_inventory_quantity', { ids: [quantId] }),
  );
}

/** Since 19 a count has a date of its own. One that lies ahead is a wrong clock. */
async function countingDate(client: OdooClient, { occurredAt }: Leg): Promise<Record<string, string>> {
  const known = await requireFields(client, {}, { [WIZARD]: ['counting_date'] });
  const time = new Date(occurredAt);
  if (!known.has(WIZARD, 'counting_date') || !(time.getTime() < Date.now())) return {};
  return { counting_date: time.toISOString().slice(0, 19).replace('T', ' ') };
}

function exact(value: number): DecimalValue {
  return decimal(fromFloat(value));
}
