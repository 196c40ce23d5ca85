/**
 * What a run of the storefronts sends: orders, copies of them, and bad ones, all drawn from a seed. The same seed and
 * run give the same bytes in the same order; another run has other order numbers, so that runs do not meet in Odoo.
 */
import { createHash } from 'node:crypto';
import { orderId } from '../../core/canonical';
import type { Product } from '../catalogue';
import { type Body, type ExpectedOrder, expectedOf, roundingGap } from './bodies';
import { type Fault, type FaultKind, faultOf, MALFORMED, withFault } from './faults';
import { makeShopifyOrder, makeWooOrder } from './orders';
import { createRng, type Rng } from './rng';
import { type Shop, type Webhook, webhookId } from './senders';

export type { ExpectedOrder } from './bodies';

export interface PlanOptions {
  readonly seed: string;
  /** Names the run; part of the order numbers. */
  readonly run: string;
  readonly catalogue: readonly Product[];
  /** ISO 4217; what Odoo sells in. */
  readonly currency: string;
  /** Distinct orders, bad ones included. */
  readonly count: number;
  /** Copies sent beside the originals, as a share of `count`. */
  readonly duplicates: number;
  /** Share of the orders that are unfit. */
  readonly malformed: number;
  /** Share of the orders that name a product which Odoo does not have. */
  readonly unknownSku: number;
  /** The first order number; drawn from the run when left out. */
  readonly firstNumber?: number;
}

export interface PlannedDelivery {
  /**
   * - `first`: the order's first webhook;
   * - `retry`: the same webhook again, as when the shop did not get the answer;
   * - `duplicate`: another webhook for the same order, at about the same time;
   * - `late`: another webhook for the same order, after all others.
   */
  readonly kind: 'first' | 'retry' | 'duplicate' | 'late';
  readonly webhook: Webhook;
}

export interface PlannedOrder {
  readonly shop: Shop;
  /** The canonical order's id. */
  readonly id: string;
  /** What must come of it; undefined for a bad one. */
  readonly expected: ExpectedOrder | undefined;
  readonly fault: Fault | undefined;
  /** The first and its copies. */
  readonly deliveries: readonly PlannedDelivery[];
}

export interface Plan {
  readonly orders: readonly PlannedOrder[];
  /** In the order of sending. */
  readonly messages: readonly { readonly order: PlannedOrder; readonly delivery: PlannedDelivery }[];
}

/** Channel and account of each shop, as the demo's mapper nodes are set. */
export const CHANNELS: Readonly<Record<Shop, { readonly channel: string; readonly account: string }>> = {
  shopify: { channel: 'shop-eu', account: 'demo' },
  woocommerce: { channel: 'woo-eu', account: 'demo' },
};

const COPY_KINDS = ['retry', 'duplicate', 'late'] as const;

/** The whole run. Exactly `round(count x share)` copies, unfit and unknown ones; which they are is drawn. */
export function planRun(options: PlanOptions): Plan {
  const rng = createRng(`${options.seed}:plan`);
  const share = (part: number): number => Math.round(options.count * part);
  const indexes = shuffled(rng, options.count);
  const unfit = new Set(indexes.slice(0, share(options.malformed)));
  const unknown = new Set(indexes.slice(unfit.size, unfit.size + share(options.unknownSku)));
  const copies = new Map<number, number>();
  for (let copy = 0; copy < share(options.duplicates); copy += 1) {
    const index = rng.int(0, options.count - 1);
    copies.set(index, (copies.get(index) ?? 0) + 1);
  }
  // In turn, so that a small run has each of the faults.
  let faults = 0;
  const first = options.firstNumber ?? numberOf(options.run);
  const orders = Array.from({ length: options.count }, (_, index) => {
    const fault = unfit.has(index)
      ? MALFORMED[faults++ % MALFORMED.length]
      : unknown.has(index)
        ? 'unknown-sku'
        : undefined;
    return planOrder(options, first + index, fault, copies.get(index) ?? 0);
  });
  return { orders, messages: schedule(rng, orders) };
}

/** Orders without end, for a stream; the shares are probabilities. */
export function planStream(options: Omit<PlanOptions, 'count'>): () => PlannedOrder {
  const rng = createRng(`${options.seed}:stream`);
  let number = options.firstNumber ?? numberOf(options.run);
  return () => {
    const draw = rng.next();
    const unfit = draw < options.malformed;
    const unknown = !unfit && draw < options.malformed + options.unknownSku;
    const fault = unfit ? rng.pick(MALFORMED) : unknown ? 'unknown-sku' : undefined;
    number += 1;
    return planOrder(options, number, fault, rng.next() < options.duplicates ? 1 : 0);
  };
}

function planOrder(
  options: Pick<PlanOptions, 'seed' | 'catalogue' | 'currency'>,
  number: number,
  faultKind: FaultKind | undefined,
  copies: number,
): PlannedOrder {
  const rng = createRng(`${options.seed}:${number}`);
  const shop: Shop = rng.next() < 0.6 ? 'shopify' : 'woocommerce';
  const body = drawBody(rng, shop, number, options);
  const text = withFault(shop, body, faultKind);
  const eventId = webhookId('shopify', `event:${number}`);
  const triggeredAt = String(body['created_at'] ?? body['date_created_gmt'] ?? '');
  const webhook = (name: string): Webhook => ({
    shop,
    id: webhookId(shop, `${options.seed}:${number}:${name}`),
    eventId,
    triggeredAt,
    body: text,
  });
  const first = webhook('first');
  const deliveries: PlannedDelivery[] = [{ kind: 'first', webhook: first }];
  for (let copy = 1; copy <= copies; copy += 1) {
    const kind = rng.pick(COPY_KINDS);
    deliveries.push({ kind, webhook: kind === 'retry' ? first : webhook(`copy ${copy}`) });
  }
  const { channel, account } = CHANNELS[shop];
  return {
    shop,
    id: orderId(channel, account, String(body['id'])),
    expected: faultKind === undefined ? expectedOf(shop, body) : undefined,
    fault: faultKind === undefined ? undefined : faultOf(faultKind),
    deliveries,
  };
}

/**
 * An order whose total survives the other way of rounding tax to the cent. One in ten thousand does not; whether such
 * an order may be placed is for a person to say (the odoo order node parks it), so it is neither good nor bad.
 */
function drawBody(
  rng: Rng,
  shop: Shop,
  number: number,
  { catalogue, currency }: Pick<PlanOptions, 'catalogue' | 'currency'>,
): Body {
  const make = shop === 'shopify' ? makeShopifyOrder : makeWooOrder;
  for (;;) {
    const body = make(rng, { catalogue, number, shop: 'crossdock-demo', currency }) as unknown as Body;
    if (roundingGap(shop, body).lte('0.01')) return body;
  }
}

/** Retries and duplicates soon after their first (so that they meet it in the flow), late copies at the end. */
function schedule(rng: Rng, orders: readonly PlannedOrder[]): Plan['messages'] {
  const placed = orders.flatMap((order, index) =>
    order.deliveries.map((delivery) => {
      const later = delivery.kind === 'first' ? 0 : delivery.kind === 'late' ? orders.length : rng.next() * 3;
      return { at: index + later, message: { order, delivery } };
    }),
  );
  return placed.sort((a, b) => a.at - b.at).map(({ message }) => message);
}

function shuffled(rng: Rng, count: number): number[] {
  const indexes = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = rng.int(0, last);
    [indexes[last], indexes[other]] = [indexes[other] ?? 0, indexes[last] ?? 0];
  }
  return indexes;
}

/** Where a run's order numbers begin: far apart from those of other runs. */
function numberOf(run: string): number {
  const hash = createHash('sha256').update(run).digest().readUInt32BE(0);
  return 1_000_000_000 + (hash % 800_000) * 10_000;
}
