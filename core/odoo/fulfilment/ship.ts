/**
 * A canonical shipment into Odoo, once.
 *
 * Per order: read it with its pickings and the keys of their lines; finish what an earlier delivery of the message left
 * written but not validated; then, for what is not in Odoo yet, choose picking and moves, write the lines (one `load` per
 * picking, see stage.ts) and validate. A crash leaves, by the place where it comes:
 * - before the `load`: at most an empty package or a lot, which the next delivery finds and uses;
 * - after it: a picking with lines that are picked and have the message's keys. The next delivery validates it;
 * - after `button_validate`: a picking that is done. The next delivery finds its keys there and does nothing;
 * - between two pickings: the first one is done, and only the rest is written.
 */
import { businessKeyOf } from '../../canonical/business-key';
import type { OrderRef, Shipment } from '../../canonical/generated';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { type Allocation, allocate, type Goods } from './allocate';
import { type Applied, appliedOf, type MessageKey } from './applied';
import { headersOf, writeHeaders } from './carriers';
import { type Content, contentsOf, contentsPrint } from './contents';
import { assertShippable, assertUntouched, nothingLeft } from './guards';
import { keyBase } from './keys';
import { resolveLots } from './lots';
import { productOf } from './match';
import { ensurePackages, type Packages } from './packages';
import { Patience, sameOrder } from './patience';
import { readStockOrder } from './read';
import type { Services } from './services';
import { sourceLines } from './sources';
import { keyed, stage } from './stage';
import { nextStep, openSteps, readyDeliveries, unfinishedSteps } from './steps';
import type { Picking, StockOrder } from './types';
import { validatePicking } from './validate';

export interface Shipped {
  readonly order: StockOrder;
  readonly pickings: readonly Picking[];
  /** False when it had been shipped before. */
  readonly applied: boolean;
  readonly short: readonly string[];
}

export interface Work {
  readonly services: Services;
  readonly shipment: Shipment;
  readonly key: MessageKey;
  /** The picking that the message is about, where it says so. */
  readonly picking: string | undefined;
  /** False: packed only, and shipped by a later message. */
  readonly validate: boolean;
}

/** One order's part of a shipment. */
export interface OrderPart {
  readonly ref: OrderRef;
  readonly contents: readonly Content[];
}

/** What is shipped of which order. Throws what `contentsOf` throws, and SHIPMENT_ORDER_UNCLEAR (business). */
export function partsOf(shipment: Shipment): { parts: OrderPart[]; print: string } {
  const contents = contentsOf(shipment);
  const parts = new Map<string, { ref: OrderRef; contents: Content[] }>();
  const [only, second] = shipment.orderRefs;
  for (const content of contents) {
    const ref = content.orderRef ?? (second === undefined ? only : undefined);
    if (ref === undefined) {
      throw new CrossdockError(
        `The shipment is of several orders, and line ${content.lineId} does not say of which.`,
        {
          code: 'SHIPMENT_ORDER_UNCLEAR',
          kind: 'business',
          facts: { line: content.lineId },
        },
      );
    }
    const key = JSON.stringify([ref.id, ref.externalId, ref.orderNumber]);
    const part = parts.get(key) ?? { ref, contents: [] };
    part.contents.push(content);
    parts.set(key, part);
  }
  return { parts: [...parts.values()], print: contentsPrint(contents) };
}

export function shipmentKey(shipment: Shipment, tenant: string, print: string): MessageKey {
  const base = keyBase(tenant, 'shipment', businessKeyOf('shipment', shipment));
  return { base, print, what: `shipment ${shipment.shipmentId.slice(0, 80)}` };
}

export async function shipPart(work: Work, orderId: number, contents: readonly Content[]): Promise<Shipped> {
  const { services, key, shipment } = work;
  const { client, options } = services;
  const short = new Set<string>();
  let did = false;
  const patience = new Patience(options.raceRetry);
  for (;;) {
    const order = await readStockOrder(services, orderId);
    const applied = appliedOf(order, key);
    const steps = unfinishedSteps(order, key);
    for (const step of steps) {
      patience.validating(order, step);
      await validatePicking(client, step, 'backorder');
    }
    const ending = work.validate ? applied.open : [];
    for (const picking of ending) {
      patience.validating(order, picking);
      await complete(services, picking, shipment);
      await validatePicking(client, picking, options.rest);
      did = true;
    }
    if (steps.length + ending.length > 0) continue;
    const goods = await goodsOf(work, order, contents, applied);
    if (goods.length === 0) return { order, pickings: applied.pickings, applied: did, short: [...short] };
    const next = nextPlace(work, order, goods, applied.pickings.length > 0);
    if (next instanceof CrossdockError) {
      // An order is read in several calls, and another message may have been shipped between two of them.
      if (sameOrder(order, await readStockOrder(services, orderId))) throw next;
      await patience.again(order);
      continue;
    }
    const outcome = await writePicking(work, next.place, next.tag);
    for (const sku of outcome.short) short.add(sku);
    if (outcome.refused !== undefined) {
      await patience.refused(order, next.place.picking, outcome.refused);
      continue;
    }
    const final = next.tag === '';
    did ||= final;
    patience.progress();
    if (final && !work.validate) continue;
    patience.validating(order, next.place.picking);
    await validatePicking(client, next.place.picking, final ? options.rest : 'backorder');
  }
}

/** What of the contents is not in Odoo yet, with its product and in the product's unit. */
async function goodsOf(
  { services }: Work,
  order: StockOrder,
  contents: readonly Content[],
  applied: Applied,
): Promise<Goods[]> {
  const units = await services.units.table();
  return contents.flatMap((content) => {
    const product = productOf(order, content);
    const all = units.fromCode(content.quantity.toFixed(), content.unit, product.unitId);
    const before = applied.contents.get(content.index);
    if (before?.complete === true) return [];
    const quantity = before === undefined ? all : all.minus(before.quantity);
    if (quantity.lte(0)) return [];
    return [{ content, product, quantity, nextPart: before?.nextPart ?? 0 }];
  });
}

interface NextPlace {
  readonly place: Allocation;
  /** Of its keys: '' for a delivery. */
  readonly tag: string;
}

/** The first picking to write into, with what goes there; or why there is none. */
function nextPlace(
  { services, picking, key }: Work,
  order: StockOrder,
  goods: readonly Goods[],
  started: boolean,
): NextPlace | CrossdockError {
  try {
    assertShippable(order);
    const { excess, earlierSteps } = services.options;
    const step = earlierSteps === 'validate' ? nextStep(order, goods, key) : undefined;
    if (step !== undefined) {
      assertUntouched(step.allocation.picking);
      return { place: step.allocation, tag: step.tag };
    }
    const deliveries = readyDeliveries(order);
    // Once a part is in, the rest goes wherever there is room: the question which one was answered before.
    const named = started ? undefined : picking;
    const allocations =
      deliveries.length === 0 ? [] : allocate(order, goods, deliveries, { excess, picking: named });
    for (const allocation of allocations) assertUntouched(allocation.picking);
    const [place] = allocations;
    return place === undefined ? nothingLeft(order, goods) : { place, tag: '' };
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // Too little room where steps are still to be done is no excess.
    return error.code === 'SHIPMENT_EXCEEDS_ORDER' && openSteps(order).length > 0
      ? nothingLeft(order, goods)
      : error;
  }
}

async function writePicking(
  { services, shipment, key }: Work,
  allocation: Allocation,
  tag: string,
): Promise<{ refused?: string; short: readonly string[] }> {
  const { client, options, loader } = services;
  const goods = allocation.pieces.map((piece) => ({ ...piece.goods, quantity: piece.quantity }));
  const lots = await resolveLots(services, loader, goods, options, true);
  const { lines: sourced, short } = await sourceLines(client, [allocation], lots, options.shortStock);
  // Packages, tracking and carrier are the delivery's; a pick before it has none.
  const final = tag === '';
  const packages: Packages = final ? await ensurePackages(services, loader, shipment, key.base) : new Map();
  const headers = final ? await headersOf(services, shipment) : {};
  const lines = keyed(sourced, key, tag, ({ piece }) => {
    const { packageId } = piece.goods.content;
    return { targetPackageId: packageId === undefined ? undefined : packages.get(packageId) };
  });
  const { refused } = await stage(services, allocation.picking, lines, headers);
  return refused === undefined ? { short } : { refused, short };
}

/** What was packed before it was shipped may have got its tracking number since. */
async function complete(services: Services, picking: Picking, shipment: Shipment): Promise<void> {
  const headers = await headersOf(services, shipment);
  await writeHeaders(services, picking, headers);
}
