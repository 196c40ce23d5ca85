/**
 * Goods that came back: received into the pickings of their return, once.
 *
 * Two passes, each as a shipment is written (stage.ts): first what was accepted, then what was rejected, into the backorder
 * that the first pass left. So the rejected goods have moves of their own that do not lower what counts as delivered, and
 * lie apart from what can be sold. Quantities of the message are totals: what was received before is not received again.
 */
import { businessKeyOf } from '../../canonical/business-key';
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { CanonicalReturn } from '../../canonical/generated';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { type Allocation, allocate, type Goods, type Piece } from './allocate';
import { type Applied, appliedOf, type MessageKey } from './applied';
import { refunds } from './authorise';
import { assertUntouched } from './guards';
import { keyBase } from './keys';
import { locationOf } from './locations';
import { type Lots, lotKey, lotName, resolveLots } from './lots';
import { productOf } from './match';
import { Patience, sameOrder } from './patience';
import { isClosed, readStockOrder } from './read';
import { type ReceivedContent, receivedOf, returnPrint, type Verdict } from './return-contents';
import { pickingsOfReturn } from './rma';
import type { Services } from './services';
import type { SourcedLine } from './sources';
import { keyed, stage } from './stage';
import type { Picking, StockOrder } from './types';
import { validatePicking } from './validate';

export interface Received {
  readonly order: StockOrder;
  readonly pickings: readonly Picking[];
  readonly applied: boolean;
}

const TAGS: Readonly<Record<Verdict, string>> = { accepted: 'a', rejected: 'r' };

/**
 * Throws, business: RETURN_EMPTY, RETURN_NOT_AUTHORISED, RETURN_CANCELLED, RETURN_EXCEEDS_AUTHORISED, RETURN_REVERSED,
 * RETURN_LOCATION_MISSING, LOT_REQUIRED, LOT_UNKNOWN, SHIPMENT_CHANGED, PICKING_TOUCHED, VALIDATION_ASKS, ODOO_VALIDATION.
 */
export async function receiveReturn(
  services: Services,
  orderId: number,
  value: CanonicalReturn,
): Promise<Received> {
  const contents = receivedOf(value);
  if (contents.length === 0) {
    throw new CrossdockError(`Return ${value.returnId} has not arrived: no quantity is received.`, {
      code: 'RETURN_EMPTY',
      kind: 'business',
      facts: { return: value.returnId },
    });
  }
  const { options } = services;
  const base = keyBase(options.tenant, 'return', businessKeyOf('return', value));
  const key: MessageKey = { base, print: returnPrint(value), what: `return ${value.returnId.slice(0, 80)}` };
  let did = false;
  for (const verdict of ['accepted', 'rejected'] as const) {
    const part = contents.filter((content) => content.verdict === verdict);
    did = (await receivePart({ services, orderId, value, key, verdict }, part)) || did;
  }
  const order = await readStockOrder(services, orderId);
  return { order, pickings: pickingsOfReturn(order, value.returnId), applied: did };
}

interface Work {
  readonly services: Services;
  readonly orderId: number;
  readonly value: CanonicalReturn;
  readonly key: MessageKey;
  readonly verdict: Verdict;
}

/** Whether anything was written. */
async function receivePart(work: Work, contents: readonly ReceivedContent[]): Promise<boolean> {
  const { services, orderId, value, key, verdict } = work;
  let did = false;
  const patience = new Patience(services.options.raceRetry);
  for (;;) {
    const order = await readStockOrder(services, orderId);
    const applied = appliedOf(order, key, TAGS[verdict]);
    for (const picking of applied.open) {
      patience.validating(order, picking);
      await validatePicking(services.client, picking, 'backorder');
      did = true;
    }
    if (applied.open.length > 0) continue;
    const goods = await missingOf(work, order, contents, applied);
    if (goods.length === 0) return did;
    const chosen = chooseReturn(order, goods, value, services);
    if (chosen instanceof CrossdockError) {
      if (sameOrder(order, await readStockOrder(services, orderId))) throw chosen;
      await patience.again(order);
      continue;
    }
    const reason = await writeReturn(work, order, chosen.picking, chosen.pieces);
    if (reason !== undefined) {
      await patience.refused(order, chosen.picking, reason);
      continue;
    }
    patience.validating(order, chosen.picking);
    await validatePicking(services.client, chosen.picking, 'backorder');
    did = true;
  }
}

async function missingOf(
  { services, value, verdict }: Work,
  order: StockOrder,
  contents: readonly ReceivedContent[],
  applied: Applied,
): Promise<Goods[]> {
  const units = await services.units.table();
  return contents.flatMap((content) => {
    const product = productOf(order, content);
    const before = applied.contents.get(content.index);
    const all = units.fromCode(content.quantity.toFixed(), content.unit, product.unitId);
    const nextPart = before?.nextPart ?? 0;
    // Pieces with serial numbers share their line's index; the number itself says whether it is in.
    if (content.serial !== undefined) {
      return before?.lots.has(content.serial) ? [] : [{ content, product, quantity: all, nextPart }];
    }
    const quantity = before === undefined ? all : all.minus(before.quantity);
    if (quantity.lt(0)) throw reversed(value, verdict, before?.quantity ?? decimal('0'), all);
    return quantity.eq(0) ? [] : [{ content, product, quantity, nextPart }];
  });
}

/** The open picking of the return, and which of its moves; or why there is none. */
function chooseReturn(
  order: StockOrder,
  goods: readonly Goods[],
  { returnId }: CanonicalReturn,
  { options }: Services,
): Allocation | CrossdockError {
  const own = pickingsOfReturn(order, returnId);
  const facts = { return: returnId, order: order.name };
  const refuse = (code: string, sentence: string, more = {}) =>
    new CrossdockError(sentence, { code, kind: 'business', facts: { ...facts, ...more } });
  const of = `Return ${returnId} of order ${order.name}`;
  if (own.length === 0) {
    const sentence = `${of} was never authorised in Odoo: authorise it, then send the message again.`;
    return refuse('RETURN_NOT_AUTHORISED', sentence);
  }
  if (own.every(({ state }) => state === 'cancel')) {
    return refuse('RETURN_CANCELLED', `${of} was cancelled in Odoo.`);
  }
  const exceeds = (left: string) => {
    const sku = goods[0]?.product.sku ?? '';
    const sentence = `More of ${sku} came back with return ${returnId} than was authorised (${left} left).`;
    return refuse('RETURN_EXCEEDS_AUTHORISED', sentence, { left });
  };
  const open = own.filter((picking) => !isClosed(picking));
  try {
    const [allocation] =
      open.length === 0 ? [] : allocate(order, goods, open, { excess: options.excess, picking: undefined });
    if (allocation === undefined) return exceeds('0');
    assertUntouched(allocation.picking);
    return allocation;
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    return error.code === 'SHIPMENT_EXCEEDS_ORDER' ? exceeds(String(error.facts['left'] ?? '0')) : error;
  }
}

/** Undefined when it is written, else Odoo's words. */
async function writeReturn(
  { services, value, key, verdict }: Work,
  order: StockOrder,
  picking: Picking,
  pieces: readonly Piece[],
): Promise<string | undefined> {
  const { loader, options, fields } = services;
  const goods = pieces.map((piece) => ({ ...piece.goods, quantity: piece.quantity }));
  for (const each of goods) assertWasShipped(order, each, value);
  const lots = await resolveLots(services, loader, goods, options, false);
  const lines: SourcedLine[] = pieces.flatMap((piece) => sourcesOf(piece, picking, lots));
  const destinations = new Map<string | undefined, number | undefined>();
  for (const { goods: each } of pieces) {
    const { disposition } = each.content as ReceivedContent;
    if (!destinations.has(disposition))
      destinations.set(disposition, await locationOf(services, verdict, disposition, picking));
  }
  const staged = keyed(lines, key, TAGS[verdict], ({ piece }) => ({
    targetPackageId: undefined,
    destinationId: destinations.get((piece.goods.content as ReceivedContent).disposition),
  }));
  const toRefund = verdict === 'accepted' && refunds(value);
  const headers = fields.has('move', 'to_refund') ? { toRefund } : {};
  return (await stage(services, picking, staged, headers)).refused;
}

/** Without a lot in the message, those that Odoo expects back are taken. */
function sourcesOf(piece: Piece, picking: Picking, lots: Lots): SourcedLine[] {
  const { goods, move } = piece;
  const name = lotName(goods);
  const lineFor = (quantity: DecimalValue, lotId: number | undefined): SourcedLine => ({
    piece,
    picking,
    quantity,
    locationId: move.locationId,
    lotId,
    sourcePackageId: undefined,
    ownerId: undefined,
  });
  if (goods.product.tracking === 'none' || name !== undefined) {
    return [
      lineFor(piece.quantity, name === undefined ? undefined : lots.get(lotKey(goods.product.id, name))),
    ];
  }
  let rest = piece.quantity;
  const lines: SourcedLine[] = [];
  for (const { lot, quantity, picked } of move.lines) {
    if (lot === undefined || picked || rest.lte(0)) continue;
    const taken = rest.lt(quantity) ? rest : quantity;
    lines.push(lineFor(taken, lot.id));
    rest = rest.minus(taken);
  }
  if (rest.eq(0)) return lines;
  const sku = goods.product.sku ?? goods.product.name;
  throw new CrossdockError(`${sku} needs a lot or serial number to be received into ${picking.name}.`, {
    code: 'LOT_REQUIRED',
    kind: 'business',
    facts: { sku, picking: picking.name },
  });
}

/** Throws RETURN_LOT_FOREIGN (business): what we never sent there does not come back with this order. */
function assertWasShipped(order: StockOrder, goods: Goods, { returnId }: CanonicalReturn): void {
  const name = lotName(goods);
  if (name === undefined) return;
  const shipped = order.pickings
    .filter(({ state }) => state === 'done')
    .flatMap(({ moves }) =>
      moves.filter((move) => move.productId === goods.product.id && move.returnOf === undefined),
    )
    .flatMap(({ lines }) => lines.map(({ lot }) => lot?.name));
  if (shipped.includes(name)) return;
  const sku = goods.product.sku ?? goods.product.name;
  throw new CrossdockError(
    `${name} of ${sku} came back with return ${returnId}, but order ${order.name} was never shipped with it.`,
    { code: 'RETURN_LOT_FOREIGN', kind: 'business', facts: { sku, lot: name, order: order.name } },
  );
}

function reversed(
  { returnId }: CanonicalReturn,
  verdict: Verdict,
  before: DecimalValue,
  now: DecimalValue,
): CrossdockError {
  return new CrossdockError(
    `Of return ${returnId}, ${toPlain(before)} were ${verdict} before, and now only ${toPlain(now)}: correct the stock in Odoo.`,
    { code: 'RETURN_REVERSED', kind: 'business', facts: { return: returnId } },
  );
}
