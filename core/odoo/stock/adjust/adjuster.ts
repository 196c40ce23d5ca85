/** Applies canonical inventory adjustments: each once, whatever is delivered twice. */
import { businessKeyOf } from '../../../canonical/business-key';
import { decimal, sum } from '../../../canonical/decimal';
import type { InventoryAdjustment } from '../../../canonical/generated';
import { CrossdockError } from '../../../errors/index';
import { fieldMap } from '../../client/field-map';
import { requireFields } from '../../client/fields';
import { CALL_RETRY, withRetry } from '../../client/retry';
import { Semaphore } from '../../client/semaphore';
import type { OdooClient } from '../../client/types';
import { hashKey } from '../../load/keys';
import { stockUnits } from '../units';
import { applyLeg } from './apply';
import { findLots } from './lots';
import { type CountedProduct, findPlace, findProduct, inMessage, inOdoo, refused } from './targets';
import type { AdjusterOptions, AppliedAdjustment, Leg, LegResult, Place, WhenMoved } from './types';

/** Longest part of the sender's words in the history of moves. */
const MAX_WORDS = 60;
/** Hex digits of a leg's key: enough that no two adjustments ever share one. */
const KEY_LENGTH = 32;

/** Per connection: one leg at a time per product, since a quant holds one count only. */
const lanes = new WeakMap<OdooClient, Map<number, Promise<unknown>>>();

export class StockAdjuster {
  private readonly slots: Semaphore;
  private readonly whenMoved: WhenMoved;
  private user: Promise<number> | undefined;

  constructor(
    private readonly client: OdooClient,
    private readonly options: AdjusterOptions = {},
  ) {
    this.slots = new Semaphore(Math.max(1, Math.floor(options.concurrency ?? 4)));
    this.whenMoved = options.whenMoved ?? 'refuse';
  }

  /**
   * Applies an adjustment that keeps its contract; resolves also when an earlier delivery had applied it.
   *
   * Rejects with CrossdockError. Business: STOCK_CONFLICT, STOCK_NEGATIVE, SKU_UNKNOWN, SKU_AMBIGUOUS, PRODUCT_ARCHIVED,
   * PRODUCT_NOT_STORED, LOCATION_UNKNOWN, CONDITION_NEEDS_LOCATION, LOT_REQUIRED, LOT_UNKNOWN, SERIALS_DIFFER,
   * ADJUSTMENT_TRANSFER, ODOO_VERSION_UNSUPPORTED (before 15), what StockUnits.fromCode throws. Transient:
   * STOCK_COUNT_OPEN, STOCK_BUSY. And what OdooClient.call rejects with, ODOO_ACCESS for an account without the right.
   */
  apply(adjustment: InventoryAdjustment): Promise<AppliedAdjustment> {
    return this.slots.run(() => this.applyNow(adjustment));
  }

  private async applyNow(adjustment: InventoryAdjustment): Promise<AppliedAdjustment> {
    await this.assertVersion();
    const userId = await this.userId();
    const [units, product] = [await stockUnits(this.client), await findProduct(this.client, adjustment.item)];
    const legs = await this.legsOf(adjustment, product, inOdoo(units, adjustment, product));
    const results: LegResult[] = [];
    for (const leg of legs) {
      results.push(await inLane(this.client, leg, () => applyLeg(this.client, userId, leg, this.whenMoved)));
    }
    const told = inMessage(units, adjustment, product);
    // Of a transfer, what is told is what happened where it came from.
    const first = results.filter((_, index) => legs[index]?.place.stockId === legs[0]?.place.stockId);
    return {
      adjustmentId: adjustment.adjustmentId,
      applied: results.some(({ applied }) => applied),
      productId: product.id,
      location: legs[0]?.place.name ?? '',
      unit: adjustment.unit,
      difference: told(sum(first.map(({ difference }) => difference))),
      quantity: told(sum(first.map(({ quantity }) => quantity))),
      moveIds: results.flatMap(({ moveIds }) => moveIds),
    };
  }

  private async legsOf(
    adjustment: InventoryAdjustment,
    product: CountedProduct,
    toOdoo: (quantity: string) => Leg['quantity'],
  ): Promise<Leg[]> {
    const { mode, previous, toLocation, condition, serials } = adjustment;
    const place = await findPlace(this.client, adjustment.location, condition);
    const quantity = toOdoo(adjustment.quantity);
    const comesIn = quantity.gt(0);
    const lots = await this.lotsOf(adjustment, product, comesIn && toLocation === undefined);
    const key = businessKeyOf('inventory-adjustment', adjustment);
    const leg = (at: Place, part: string, change: Leg['quantity'], lotId: number | undefined): Leg => ({
      key: hashKey('crossdock', key, part).slice(0, KEY_LENGTH),
      name: nameOf(adjustment),
      productId: product.id,
      sku: product.sku,
      place: at,
      lotId,
      mode,
      quantity: change,
      // Of a serial number there is one or none: the figure before is the sum of all.
      previous: previous === undefined || serials !== undefined ? undefined : toOdoo(previous),
      occurredAt: adjustment.occurredAt,
    });
    const each = serials === undefined ? quantity : decimal(comesIn ? '1' : '-1');
    const parts = lots.length === 0 ? [undefined] : lots;
    if (toLocation === undefined) {
      return parts.map((lot) =>
        leg(place, `at ${lot ?? ''}`, mode === 'absolute' && !comesIn ? quantity : each, lot),
      );
    }
    if (mode === 'absolute')
      throw refused('ADJUSTMENT_TRANSFER', 'A transfer moves a quantity: its mode must be delta.', {
        adjustment: adjustment.adjustmentId,
      });
    const to = await findPlace(this.client, toLocation, undefined);
    return parts.flatMap((lot) => [
      leg(place, `from ${lot ?? ''}`, each.abs().times(-1), lot),
      { ...leg(to, `to ${lot ?? ''}`, each.abs(), lot), previous: undefined },
    ]);
  }

  /** The lots that the quantity is about; none for a product without. */
  private async lotsOf(
    adjustment: InventoryAdjustment,
    product: CountedProduct,
    comesIn: boolean,
  ): Promise<readonly (number | undefined)[]> {
    const { serials, lot, quantity } = adjustment;
    if (product.tracking === 'none') return [];
    const names = serials ?? (lot === undefined ? [] : [lot]);
    const { sku } = product;
    if (names.length === 0) {
      const what = product.tracking === 'serial' ? 'a serial number' : 'a lot';
      throw refused('LOT_REQUIRED', `Odoo counts ${sku} by ${what}, and the adjustment names none.`, { sku });
    }
    if (
      serials !== undefined &&
      (new Set(serials).size !== serials.length || !decimal(quantity).abs().eq(serials.length))
    )
      throw refused(
        'SERIALS_DIFFER',
        `${quantity} of ${sku} need as many different serial numbers, not ${serials.length}.`,
        { sku },
      );
    const found = await findLots(this.client, product, names, comesIn, adjustment.expiry, {
      unknownLots: this.options.unknownLots ?? 'create',
      namespace: this.options.namespace ?? 'crossdock',
    });
    return names.map((name) => found.get(name));
  }

  private async assertVersion(): Promise<void> {
    const version = await this.client.version();
    if (fieldMap(version).counts === 'stock.quant') {
      await requireFields(this.client, {
        'stock.quant': ['inventory_quantity', 'inventory_quantity_set', 'inventory_diff_quantity', 'user_id'],
        move: ['is_inventory', 'reference', 'done'],
      });
      return;
    }
    throw new CrossdockError(
      `Odoo ${version.text} counts stock with documents of its own: adjustments need Odoo 15 or later.`,
      { code: 'ODOO_VERSION_UNSUPPORTED', kind: 'business', facts: { version: version.text } },
    );
  }

  private userId(): Promise<number> {
    if (this.user !== undefined) return this.user;
    const asked = withRetry(CALL_RETRY, () =>
      this.client.call<{ uid: number }>('res.users', 'context_get'),
    ).then(({ uid }) => uid);
    this.user = asked;
    asked.catch(() => {
      if (this.user === asked) this.user = undefined;
    });
    return asked;
  }
}

/** What people read in Odoo's history of moves. */
function nameOf({ adjustmentId, reason, reasonText }: InventoryAdjustment): string {
  const words = reasonText === undefined ? reason : `${reason}: ${reasonText.slice(0, MAX_WORDS)}`;
  return `${adjustmentId} (${words.replaceAll('#', '')})`;
}

async function inLane<T>(client: OdooClient, leg: Leg, work: () => Promise<T>): Promise<T> {
  const ofClient = lanes.get(client) ?? new Map<number, Promise<unknown>>();
  lanes.set(client, ofClient);
  const before = ofClient.get(leg.productId) ?? Promise.resolve();
  const mine = before.then(work, work);
  const settled = mine.catch(() => undefined);
  ofClient.set(leg.productId, settled);
  try {
    return await mine;
  } finally {
    if (ofClient.get(leg.productId) === settled) ofClient.delete(leg.productId);
  }
}
