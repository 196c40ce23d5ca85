/** A canonical order from nothing but Odoo's, where the message only names it. */
import { type DecimalValue, decimal, sum } from '../../canonical/decimal';
import { orderId } from '../../canonical/identity';
import type { CanonicalOrder, OrderLine, Party, Tax } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { money } from '../client/decimals';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';
import { pairLines, samePrice, sameQuantity } from './pair';
import { plain } from './progress';
import type { OdooLine, OrderState } from './read';
import type { RowLine } from './rows';
import type { LineUnits } from './units';

interface Head {
  readonly partner_id: Many2One;
  readonly partner_shipping_id: Many2One;
  readonly partner_invoice_id: Many2One;
  readonly client_order_ref: string | false;
  readonly origin: string | false;
  readonly date_order: string | false;
}

interface ProductRow {
  readonly id: number;
  readonly default_code: string | false;
  readonly barcode: string | false;
}

interface TaxRow {
  readonly id: number;
  readonly amount: number;
}

/** An order with the lines that it has in Odoo. */
export interface Built {
  readonly order: CanonicalOrder;
  readonly lines: readonly RowLine[];
}

/** A line of a canonical order, and how many of Odoo's unit one of its unit is. */
interface Known {
  readonly line: OrderLine;
  readonly factor: string;
}

/** A line, how its unit is told outside, and the canonical line that it is. */
type Item = OdooLine & {
  readonly told: { readonly unit: string; readonly per: string };
  readonly own: OrderLine | undefined;
};

/** Where orders come from that no partner sent. */
const OWN = { channel: 'odoo', account: 'main' } as const;

/**
 * Its lines have Odoo's ids as line ids, amounts are without tax, and what Odoo's order does not hold (addresses, the
 * buyer's own line numbers) is not there. The business key is that of its source document where that is one.
 *
 * @throws CrossdockError ORDER_EMPTY (business): no line with a product
 */
export async function canonicalFromOdoo(
  client: OdooClient,
  units: LineUnits,
  state: OrderState,
  lines: readonly OdooLine[],
): Promise<Built> {
  return build(client, units, state, lines, new Map());
}

/**
 * The order with the lines and totals that people gave it in Odoo, where they differ from its own: its lines keep their
 * ids, items and units, what was added has Odoo's ids.
 */
export async function orderAsChanged(
  client: OdooClient,
  units: LineUnits,
  own: Built,
  state: OrderState,
  lines: readonly OdooLine[],
): Promise<Built> {
  const { pairs, rest } = pairLines(own.lines, lines);
  const same = ({ wanted, line }: (typeof pairs)[number]): boolean =>
    line !== undefined && sameQuantity(wanted, line) && samePrice(wanted, line);
  if (own.lines.length === 0 || (rest.length === 0 && pairs.every(same))) return own;
  const known = new Map<number, Known>();
  for (const { wanted, line } of pairs) {
    const from = own.order.lines.find(({ lineId }) => lineId === wanted.lineId);
    if (line !== undefined && from !== undefined) known.set(line.id, { line: from, factor: wanted.factor });
  }
  const changed = await build(client, units, state, lines, known);
  const { pricesIncludeTax, lines: itsLines, allowancesCharges, totals } = changed.order;
  return {
    order: { ...own.order, pricesIncludeTax, lines: itsLines, allowancesCharges, totals },
    lines: changed.lines,
  };
}

async function build(
  client: OdooClient,
  units: LineUnits,
  state: OrderState,
  lines: readonly OdooLine[],
  known: ReadonlyMap<number, Known>,
): Promise<Built> {
  const items: Item[] = [];
  for (const line of lines) {
    if (line.product === undefined) continue;
    const own = known.get(line.id);
    const told = own
      ? { unit: own.line.unit, per: decimal(1).div(decimal(own.factor)).toFixed() }
      : await units.codeOf(line.unit);
    items.push({ ...line, told, own: own?.line });
  }
  if (items.length === 0) {
    throw new CrossdockError(`Order ${state.name} has no line with a product in Odoo.`, {
      code: 'ORDER_EMPTY',
      kind: 'business',
      facts: { odooId: state.id, name: state.name },
    });
  }
  const [head] = await read<Head>(client, 'sale.order', 'read', { ids: [state.id] }, [
    ...[
      'partner_id',
      'partner_shipping_id',
      'partner_invoice_id',
      'client_order_ref',
      'origin',
      'date_order',
    ],
  ]);
  const products = await search<ProductRow>(
    client,
    'product.product',
    items.map(({ product }) => product ?? 0),
    ['default_code', 'barcode'],
  );
  const rates = await search<TaxRow>(
    client,
    'account.tax',
    items.flatMap(({ taxes }) => taxes),
    ['amount'],
  );
  const now = new Date().toISOString();
  const { id, channel, account, externalId } = keyOf(head, state);
  const order: CanonicalOrder = {
    id,
    schemaVersion: '1.0',
    kind: '220',
    channel,
    account,
    externalId,
    orderNumber: (head?.client_order_ref || state.name).slice(0, 120),
    issuedAt: head?.date_order ? utc(head.date_order) : now,
    currency: state.currency,
    pricesIncludeTax: false,
    parties: partiesOf(head),
    lines: items.map((line) => lineOf(line, products, rates, state.currency)),
    allowancesCharges: [],
    totals: totalsOf(items, state),
    notes: [],
    status: { order: 'received', fulfilment: 'none', payment: 'unpaid', return: 'none' },
    provenance: {
      system: 'odoo',
      partnerId: channel,
      externalId: String(state.id),
      receivedAt: now,
      mappingVersion: 'odoo-order@1',
    },
  };
  return { order, lines: items.map(rowOf) };
}

/** `<channel>:<account>:<external id>` of what placed it, else Odoo's own number. */
function keyOf(head: Head | undefined, state: OrderState) {
  const match = /^([^:\s]{1,60}):([^:\s]{1,200}):(\S.{0,119})$/.exec(head?.origin || '');
  const [channel, account, externalId] = match?.slice(1).map(unescaped) ?? [];
  if (channel !== undefined && account !== undefined && externalId !== undefined) {
    return { id: orderId(channel, account, externalId), channel, account, externalId };
  }
  return { id: orderId(OWN.channel, OWN.account, state.name), ...OWN, externalId: state.name };
}

function unescaped(part: string, index: number): string {
  return index === 2 ? part : part.replaceAll('%3A', ':').replaceAll('%25', '%');
}

function partiesOf(head: Head | undefined): CanonicalOrder['parties'] {
  const party = (value: Many2One | undefined): Party => ({
    name: (value ? value[1] : '–').slice(0, 255) || '–',
    identifiers: value ? [{ scheme: 'odoo:res.partner', value: String(value[0]) }] : [],
  });
  return {
    buyer: party(head?.partner_id),
    shipTo: party(head?.partner_shipping_id),
    billTo: party(head?.partner_invoice_id),
  };
}

function lineOf(
  line: Item,
  products: ReadonlyMap<number, ProductRow>,
  rates: ReadonlyMap<number, TaxRow>,
  currency: string,
): OrderLine {
  const product = products.get(line.product ?? 0);
  const quantity = plain(decimal(line.quantity).round(6).times(decimal(line.told.per)));
  const priced = line.quantity > 0;
  const { own } = line;
  return {
    ...own,
    lineId: own?.lineId ?? String(line.id),
    item: own?.item ?? {
      identifiers: [
        ...(product?.default_code ? [{ scheme: 'sku', value: product.default_code }] : []),
        ...(product?.barcode ? [{ scheme: 'gtin', value: product.barcode }] : []),
        { scheme: 'odoo:product.product', value: String(line.product) },
      ],
      ...(line.name === '' ? {} : { description: line.name.slice(0, 1000) }),
    },
    unit: line.told.unit,
    quantity: { original: own?.quantity.original ?? quantity, current: quantity },
    // Exactly what the line costs, whatever discount and included tax made of the price.
    unitPrice: priced
      ? { amount: plain(decimal(line.subtotal).round(6)), baseQuantity: quantity }
      : { amount: plain(decimal(line.price).round(6)), baseQuantity: '1' },
    allowancesCharges: [],
    taxes: taxesOf(line, rates, currency),
  };
}

/** The line's tax, shared out by rate. */
function taxesOf(line: OdooLine, rates: ReadonlyMap<number, TaxRow>, currency: string): Tax[] {
  const known = line.taxes.flatMap((id) => rates.get(id)?.amount ?? []);
  const total = known.reduce((all, rate) => all + rate, 0);
  let left: DecimalValue = decimal(line.total).minus(decimal(line.subtotal)).round(6);
  return known.map((rate, index) => {
    const last = index === known.length - 1;
    const share = last || total === 0 ? left : decimal(money((Number(left) * rate) / total, currency));
    left = left.minus(share);
    return {
      category: rate === 0 ? 'Z' : 'S',
      rate: plain(decimal(rate).round(6)),
      amount: plain(share),
    };
  });
}

function totalsOf(
  lines: readonly OdooLine[],
  { amountTotal, currency }: OrderState,
): CanonicalOrder['totals'] {
  const net = sum(lines.map((line) => decimal(line.subtotal).round(6)));
  const total = decimal(amountTotal).round(6);
  const text = (value: DecimalValue): string => money(Number(value), currency);
  return {
    lineExtension: text(net),
    allowance: text(decimal(0)),
    charge: text(decimal(0)),
    taxExclusive: text(net),
    tax: text(total.minus(net)),
    taxInclusive: text(total),
    prepaid: text(decimal(0)),
    payable: text(total),
  };
}

function rowOf(line: Item): RowLine {
  return {
    lineId: line.own?.lineId ?? String(line.id),
    product: line.product ?? 0,
    name: line.name,
    quantity: plain(decimal(line.quantity).round(6)),
    price: plain(decimal(line.price).round(6)),
    taxes: line.taxes,
    unit: line.unit,
    ownUnit: line.unit,
    factor: decimal(1).div(decimal(line.told.per)).toFixed(),
  };
}

function utc(odooTime: string): string {
  return `${odooTime.replace(' ', 'T')}Z`;
}

async function search<T extends { readonly id: number }>(
  client: OdooClient,
  model: string,
  ids: readonly number[],
  fields: readonly string[],
): Promise<ReadonlyMap<number, T>> {
  const wanted = [...new Set(ids)];
  if (wanted.length === 0) return new Map();
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly T[]>(model, 'search_read', {
      args: { domain: [['id', 'in', wanted]], fields },
      // What was sold may be archived since.
      context: { active_test: false },
    }),
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function read<T>(
  client: OdooClient,
  model: string,
  method: string,
  options: { readonly ids: readonly number[] },
  fields: readonly string[],
): Promise<readonly T[]> {
  return withRetry(CALL_RETRY, () =>
    client.call<readonly T[]>(model, method, { ...options, args: { fields } }),
  );
}
