import type { DecimalValue } from '../../../canonical/decimal';
import type { Decimal } from '../../../canonical/order';

/**
 * What happens when the stock is not what the adjustment says it was before (`previous`):
 * - `refuse`: STOCK_CONFLICT with both figures, for a person to decide;
 * - `recount`: what was counted counts all the same, also against what moved since;
 * - `difference`: the difference that was found is applied to what is there now.
 */
export type WhenMoved = 'refuse' | 'recount' | 'difference';

export interface AdjusterOptions {
  /** Default `refuse`. */
  readonly whenMoved?: WhenMoved | undefined;
  /** Lots that Odoo does not know yet, when goods come in: made, or refused with LOT_UNKNOWN. Default `create`. */
  readonly unknownLots?: 'create' | 'refuse' | undefined;
  /** Module part of the external ids of lots that are made. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** Adjustments that are applied at once. Default 4. */
  readonly concurrency?: number | undefined;
}

/** What an adjustment has come to. Quantities are decimal strings in the adjustment's unit. */
export interface AppliedAdjustment {
  readonly adjustmentId: string;
  /** False: an earlier delivery of it had done it. */
  readonly applied: boolean;
  readonly productId: number;
  readonly location: string;
  readonly unit: string;
  /** What the adjustment changed. */
  readonly difference: Decimal;
  /** What is there now. */
  readonly quantity: Decimal;
  /** Odoo's moves, by which the adjustment is found in the product's history. */
  readonly moveIds: readonly number[];
}

/** One change of one product of one lot at one place, in Odoo's terms. */
export interface Leg {
  /** Distinct for everything that is to happen once; the same at every delivery. Hex. */
  readonly key: string;
  /** What people read in the history of moves. */
  readonly name: string;
  readonly productId: number;
  readonly sku: string;
  readonly place: Place;
  readonly lotId: number | undefined;
  readonly mode: 'absolute' | 'delta';
  /** In the product's own unit, like `previous`. */
  readonly quantity: DecimalValue;
  readonly previous: DecimalValue | undefined;
  readonly occurredAt: string;
}

export interface Place {
  /** For people. */
  readonly name: string;
  /** What is counted lies at or below this location. */
  readonly rootId: number;
  /** Where the difference is booked. */
  readonly stockId: number;
}

export interface LegResult {
  readonly applied: boolean;
  readonly difference: DecimalValue;
  readonly quantity: DecimalValue;
  readonly moveIds: readonly number[];
}
