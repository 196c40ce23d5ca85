/** What is asked about stock, and what comes back. */
import type { InventoryLevel } from '../../canonical/generated';
import type { Decimal } from '../../canonical/order';

/**
 * What one level is about:
 * - `total`: all warehouses together (or the one that is named), as Odoo's product form shows it;
 * - `site`: each warehouse, or each warehouse and location that is named, with all that lies below it;
 * - `location`: each location that holds stock; what is ordered and not reserved yet has no location, so no `published`;
 * - `lot`: each lot or serial number in each warehouse, likewise.
 */
export type LevelOf = 'total' | 'site' | 'location' | 'lot';

export interface StockRequest {
  /** Default `total`. */
  readonly levelOf?: LevelOf | undefined;
  /** Warehouses by code or name; for `site` also locations by full name or barcode. All warehouses when empty. */
  readonly sites?: readonly string[] | undefined;
  /** Only these internal references. */
  readonly skus?: readonly string[] | undefined;
  /** Only these products (ids of product.product). With `skus`: both. */
  readonly productIds?: readonly number[] | undefined;
  /** Safety stock that is held back from what may be sold, decimal string. Default `0`. */
  readonly buffer?: Decimal | undefined;
  /** Products per page. Default 500. */
  readonly pageSize?: number | undefined;
  /** What `total` calls its location. Default: the warehouse's code, else `main`. */
  readonly totalCode?: string | undefined;
}

/** Something asked for, or found, that has no level. The read goes on. */
export interface StockProblem {
  /** SKU_UNKNOWN, SKU_AMBIGUOUS, PRODUCT_ARCHIVED, PRODUCT_NOT_STORED, PRODUCT_UNKNOWN, PRODUCT_WITHOUT_SKU. */
  readonly code: string;
  readonly message: string;
  readonly sku?: string;
  readonly productIds?: readonly number[];
}

/** One page of a read: the levels of up to `pageSize` products, by ascending product id. */
export interface LevelPage {
  /** From 0. */
  readonly index: number;
  readonly last: boolean;
  readonly levels: readonly InventoryLevel[];
  readonly problems: readonly StockProblem[];
}

/** Quantities as Odoo's floats, in the product's own unit. */
export interface Figures {
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  /** All that is still to go out, reserved or not. */
  readonly outgoing: number;
}
