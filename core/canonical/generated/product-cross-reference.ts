// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { Dimensions, Measure, Provenance, Time, Unit } from './common';

/** One name of the product in the language of one partner. */
export interface ProductIdentifier {
  /** sku, gtin, buyerSku, supplierSku, asin, odoo:product.product or <partner>:<kind>. */
  scheme: string;
  /** The identifier itself. */
  value: string;
  /** Whose identifier it is; everybody's when absent. */
  partnerId?: string;
  /** What it names: a piece, a pack, a case, a layer, a pallet. */
  packLevel?: 'each' | 'inner' | 'case' | 'layer' | 'pallet';
  /** The unit that the partner orders it in, UN/ECE Rec 20 or 21. */
  unit?: Unit;
  /** Base units in one unit; more than 0. */
  quantityPerUnit?: string;
  /** The first moment at which it holds; always when absent. */
  validFrom?: Time;
  /** The first moment at which it no longer holds; no end when absent. */
  validTo?: Time;
  /** suggested: not used before a steward says yes. retired: kept for old documents. */
  status?: 'active' | 'suggested' | 'retired';
  /** How sure a suggestion is, 0 to 1. */
  confidence?: number;
}

/** One way in which the product is packed. */
export interface PackLevel {
  /** UN/ECE Rec 20 or 21 code of the pack. */
  unit: Unit;
  /** Base units in one of it; more than 0. */
  quantityInBase: string;
  /** GS1 Global Trade Item Number of the pack, 14 digits. */
  gtin?: string;
  /** Outer dimensions of the pack. */
  dimensions?: Dimensions;
  /** Gross weight of the pack. */
  weight?: Measure;
}

/**
 * What every partner calls one product, and how it is packed. Closed: unknown fields are refused, except
 * below extensions.
 */
export interface ProductCrossReference {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The key of the product in this gateway: the SKU of the system of record. */
  productId: string;
  /** Its name for people. */
  description?: string;
  /**
   * Every name that any partner has for the product. The same name of the same partner never holds twice
   * at a time.
   */
  identifiers: ProductIdentifier[];
  /** UN/ECE Rec 20 code that stock is counted in. */
  baseUnit: Unit;
  /** How it is packed, smallest first. */
  packHierarchy?: PackLevel[];
  /** Whether stock is kept by lot or serial number. */
  lotTracked?: boolean;
  /** Whether each piece has its own weight, which is what is charged. */
  catchWeight?: boolean;
  /** Who answers for this entry. */
  steward: string;
  /** Whether it can be sold. */
  status?: 'active' | 'blocked' | 'discontinued';
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
