/** A picking as a canonical shipment 1.0. Quantities are in the unit that the product is counted in. */
import { decimal, sum } from '../../canonical/decimal';
import type {
  Item,
  OrderRef,
  Package,
  PackageContent,
  Place,
  Shipment,
  ShipmentLine,
} from '../../canonical/generated';
import { orderId } from '../../canonical/identity';
import { stateOfWord } from '../../canonical/status';
import { readGtin, readSscc } from '../../identifiers/index';
import type { Details } from './details';
import { splitKey } from './find-order';
import { isReturn } from './read';
import { shippedOf } from './status';
import type { Move, MoveLine, Picking, StockOrder } from './types';
import type { UnitTable } from './units';

export interface Naming {
  /** For orders that were born in Odoo. */
  readonly channel: string;
  readonly account: string;
  /** RFC 3339 UTC. */
  readonly now: string;
}

export interface ShipmentContext {
  readonly order: StockOrder;
  readonly details: Details;
  readonly units: UnitTable;
  readonly naming: Naming;
}

/** Where the order came in, and how the message may call it. */
export function identityOf(
  order: StockOrder,
  { channel, account }: Pick<Naming, 'channel' | 'account'>,
): { channel: string; account: string; ref: OrderRef } {
  const own = order.origin === undefined ? undefined : splitKey(order.origin);
  const parts = own ?? { channel, account, externalId: order.name };
  return {
    channel: parts.channel,
    account: parts.account,
    ref: {
      id: orderId(parts.channel, parts.account, parts.externalId),
      externalId: parts.externalId,
      orderNumber: order.customerRef ?? order.name,
    },
  };
}

/** A picking that holds nothing gives a shipment without lines: undefined, since there is no such shipment. */
export function toShipment(picking: Picking, context: ShipmentContext): Shipment | undefined {
  const { order, details, naming } = context;
  const moves = picking.moves.filter((move) => quantityOf(picking, move).gt(0));
  if (moves.length === 0) return undefined;
  const { channel, account, ref } = identityOf(order, naming);
  const done = picking.state === 'done';
  const packages = packagesOf(picking, moves, context);
  const warehouse = details.warehouses.get(picking.typeId);
  const back = isReturn(picking);
  const partner = picking.partnerId === undefined ? undefined : details.places.get(picking.partnerId);
  const stock: Place = {
    ...(warehouse === undefined ? {} : { code: warehouse.code }),
    name: warehouse?.name ?? (back ? picking.destination : picking.location).name,
  };
  const tracking = trackingOf(picking);
  return {
    schemaVersion: '1.0',
    channel,
    account,
    shipmentId: picking.name,
    kind: back ? 'return' : '351',
    orderRefs: [ref],
    ...(done && picking.doneAt !== undefined ? { shippedAt: picking.doneAt } : {}),
    ...(!done && picking.scheduledAt !== undefined ? { expectedAt: picking.scheduledAt } : {}),
    ...(picking.carrier === undefined ? {} : { carrier: { name: picking.carrier.name } }),
    ...(tracking.length === 0 ? {} : { tracking }),
    ...(back
      ? { ...(partner === undefined ? {} : { from: partner }), to: stock }
      : { from: stock, ...(partner === undefined ? {} : { to: partner }) }),
    lines: moves.map((move) => lineOf(picking, move, context)),
    packages,
    ...(packages.length === 0 ? {} : { totals: totalsOf(packages) }),
    status: stateOfWord('odoo', 'shipment', picking.state, 'stock.picking.state') ?? 'labelCreated',
    milestones: done && picking.doneAt !== undefined ? [{ code: 'pickedUp', at: picking.doneAt }] : [],
    notes: [],
    provenance: {
      system: 'odoo',
      partnerId: account,
      externalId: picking.name,
      receivedAt: naming.now,
      mappingVersion: 'odoo-fulfilment@1.0',
    },
    extensions: { odoo: odooFacts(picking, order) },
  };
}

/** What only Odoo knows of it, for whoever goes on in Odoo. */
function odooFacts(picking: Picking, order: StockOrder): Record<string, unknown> {
  const backorders = order.pickings.filter(({ backorderOf }) => backorderOf?.id === picking.id);
  return {
    pickingId: picking.id,
    state: picking.state,
    order: order.name,
    ...(picking.backorderOf === undefined ? {} : { backorderOf: picking.backorderOf.name }),
    ...(backorders.length === 0 ? {} : { backorders: backorders.map(({ name }) => name) }),
  };
}

/** What has moved; of a picking that is open, what is to move. */
function quantityOf(picking: Picking, move: Move) {
  if (picking.state !== 'done') return move.demand;
  return move.state === 'done' ? sum(move.lines.map(({ quantity }) => quantity)) : decimal('0');
}

function lineOf(picking: Picking, move: Move, { order, units }: ShipmentContext): ShipmentLine {
  const product = order.products.get(move.productId);
  const unitId = product?.unitId ?? move.unitId;
  const { value, unit } = units.toCode(quantityOf(picking, move), unitId);
  const sold = order.lines.find(({ id }) => id === move.saleLineId);
  const line: ShipmentLine = {
    lineId: String(move.id),
    item: itemOf(order, move.productId),
    unit,
    quantity: value,
  };
  if (sold === undefined || isReturn(picking)) return line;
  const open = sold.ordered.minus(shippedOf(order, sold.id));
  return {
    ...line,
    orderLineId: String(sold.id),
    ordered: units.toCode(sold.ordered, unitId).value,
    backordered: units.toCode(open.gt(0) && picking.state === 'done' ? open : decimal('0'), unitId).value,
  };
}

/** A product by every number that partners may know it by. */
export function itemOf(order: StockOrder, productId: number): Item {
  const product = order.products.get(productId);
  const barcode = product?.barcode;
  return {
    identifiers: [
      ...(product?.sku === undefined ? [] : [{ scheme: 'sku', value: product.sku }]),
      ...(barcode !== undefined && isGtin(barcode) ? [{ scheme: 'gtin', value: barcode }] : []),
      { scheme: 'odoo:product.product', value: String(productId) },
    ],
    ...(product === undefined ? {} : { description: product.name }),
  };
}

/**
 * Lots and serial numbers are told as contents of packages. Goods that lie in none are told as a package that has the
 * picking's name, as soon as anything is in a package or has a lot: then all of it must be somewhere.
 */
function packagesOf(picking: Picking, moves: readonly Move[], context: ShipmentContext): Package[] {
  const { details, order, units } = context;
  const lines = moves.flatMap((move) => movedLines(picking, move).map((line) => ({ move, line })));
  if (!lines.some(({ line }) => line.target !== undefined || line.lot !== undefined)) return [];
  const contents = new Map<number | undefined, PackageContent[]>();
  for (const { move, line } of lines) {
    const product = order.products.get(move.productId);
    const list = contents.get(line.target?.id) ?? [];
    contents.set(line.target?.id, list);
    const { value } = units.toCode(line.quantity, product?.unitId ?? move.unitId);
    addContent(list, {
      lineId: String(move.id),
      quantity: value,
      ...(product?.tracking === 'lot' && line.lot !== undefined ? { lot: line.lot.name } : {}),
      ...(product?.tracking === 'serial' && line.lot !== undefined ? { serials: [line.lot.name] } : {}),
      ...(line.lot === undefined ? {} : expiryOf(line.lot.id, details)),
    });
  }
  const packages = [...contents].map(([id, list]) => packageOf(picking, id, list, context));
  // What packages stand on, and whatever that stands on.
  const known = new Set(contents.keys());
  for (const id of details.packages.keys()) {
    if (known.has(id) || !stands(id, known, details)) continue;
    packages.push(packageOf(picking, id, [], context));
  }
  return packages;
}

function movedLines(picking: Picking, move: Move): readonly MoveLine[] {
  return picking.state === 'done'
    ? move.lines.filter(({ picked, quantity }) => picked && quantity.gt(0))
    : [];
}

function expiryOf(lotId: number, { expiries }: Details): { expiry?: string } {
  const expiry = expiries.get(lotId);
  return expiry === undefined ? {} : { expiry };
}

/** Pieces with serial numbers of one line are one content. */
function addContent(list: PackageContent[], content: PackageContent): void {
  const same = list.find(
    (each) => each.lineId === content.lineId && each.lot === content.lot && each.expiry === content.expiry,
  );
  if (same === undefined) {
    list.push(content);
    return;
  }
  same.quantity = decimal(same.quantity).plus(decimal(content.quantity)).toFixed();
  if (content.serials !== undefined) same.serials = [...(same.serials ?? []), ...content.serials];
}

function packageOf(
  picking: Picking,
  id: number | undefined,
  contents: PackageContent[],
  { details }: ShipmentContext,
): Package {
  if (id === undefined) return { packageId: picking.name, contents };
  const facts = details.packages.get(id);
  const name = facts?.name ?? String(id);
  const sscc = readSscc(name);
  const parent = facts?.parent === undefined ? undefined : details.packages.get(facts.parent.id);
  const type = rec21(facts?.typeCode, facts?.type?.name);
  return {
    packageId: name,
    ...('fault' in sscc || name.length !== 18 ? {} : { sscc: name }),
    ...(parent === undefined ? {} : { parentPackageId: parent.name }),
    ...(type === undefined ? {} : { type }),
    ...(facts?.weight?.gt(0) ? { weight: { value: facts.weight.toFixed(), unit: details.weightUnit } } : {}),
    contents,
  };
}

/** Whether a package carries one that is in the shipment. */
function stands(id: number, known: ReadonlySet<number | undefined>, { packages }: Details): boolean {
  return [...packages].some(
    ([child, { parent }]) =>
      parent?.id === id && (known.has(child) || stands(child, known, { packages } as Details)),
  );
}

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(pallet|palette)/i, 'PX'],
  [/^(carton|karton)/i, 'CT'],
  [/^(box|schachtel)/i, 'BX'],
  [/^(bag|beutel)/i, 'BG'],
  [/^(envelope|umschlag)/i, 'EN'],
];

function rec21(code: string | undefined, name: string | undefined): string | undefined {
  if (code !== undefined && /^[A-Z0-9]{2}$/.test(code)) return code;
  return name === undefined ? undefined : TYPES.find(([word]) => word.test(name))?.[1];
}

function totalsOf(packages: readonly Package[]): NonNullable<Shipment['totals']> {
  const outer = packages.filter(({ parentPackageId }) => parentPackageId === undefined);
  const weights = outer.map(({ weight }) => weight);
  const [first] = weights;
  if (first === undefined || weights.some((weight) => weight === undefined))
    return { packages: outer.length };
  const value = sum(weights.map((weight) => decimal(weight?.value ?? '0'))).toFixed();
  return { packages: outer.length, weight: { value, unit: first.unit } };
}

/** Odoo keeps one text; several numbers stand there with commas. */
export function trackingOf({ tracking, trackingUrl }: Pick<Picking, 'tracking' | 'trackingUrl'>) {
  const numbers = (tracking ?? '')
    .split(/[,;\n]/)
    .map((number) => number.trim())
    .filter((number) => number !== '');
  const url = numbers.length === 1 && /^https?:\/\//.test(trackingUrl ?? '') ? trackingUrl : undefined;
  return numbers.map((number) => ({ number, ...(url === undefined ? {} : { url }) }));
}

function isGtin(barcode: string): boolean {
  return !('fault' in readGtin(barcode));
}
