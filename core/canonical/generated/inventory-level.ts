// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { InventoryLocation, Provenance } from './common';

/** An identifier under a scheme. */
export interface LevelIdentifier {
  /** The scheme: sku, gtin, supplierSku, odoo:product.product, or a partner's own. */
  scheme: string;
  /** The identifier. */
  value: string;
}

/** A quantity of 0 or more as text. */
export type LevelQuantity = string;

/** A quantity as text; negative when there is less than nothing. */
export type SignedLevelQuantity = string;

/**
 * How much of one item there is at one location, at one moment, as its system of record says. Quantities
 * are decimal strings in the unit given.
 */
export interface InventoryLevel {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /** The item that is counted. */
  item: {
    /** The item's identifiers; the one with scheme sku names it towards channels. */
    identifiers: LevelIdentifier[];
    /** The item's name for people. */
    description?: string;
  };
  /** Where the stock is. */
  location: InventoryLocation;
  /** When the system of record was read, UTC. An older reading never overwrites a newer one. */
  asOf: string;
  /** Counts the changes of the published quantity per channel, location and item. A lower one is stale. */
  sequence: number;
  /** UN/ECE Recommendation 20 or 21 code of all quantities here. */
  unit: string;
  /** Physically there. Negative when more was shipped than was counted. */
  onHand: SignedLevelQuantity;
  /** Part of onHand that is promised to orders. */
  reserved: LevelQuantity;
  /** Part of onHand that cannot be sold: damaged, on hold, in quality control. */
  unavailable?: LevelQuantity;
  /** Free to promise according to the system of record; negative when oversold. */
  available: SignedLevelQuantity;
  /** Open demand that is not reserved yet. */
  demand?: LevelQuantity;
  /** On its way to this location. */
  incoming?: LevelQuantity;
  /** On hand plus incoming minus outgoing; negative when oversold. */
  forecast?: SignedLevelQuantity;
  /** Safety stock that is held back from the channel. */
  buffer?: LevelQuantity;
  /** Available to sell, max(0, available - buffer): what the channel may offer. */
  published?: LevelQuantity;
  /**
   * The system of record has been silent since then, for longer than the channel accepts: published is
   * what the channel's policy still allows. Absent while the source is heard.
   */
  staleSince?: string;
  /** Condition of the stock; sellable when left out. */
  condition?: 'sellable' | 'hold' | 'damaged' | 'expired';
  /** Lot or batch number. */
  lot?: string;
  /** Expiry date of the lot. */
  expiry?: string;
  /** The system of record, as kind and name. */
  authority: string;
  /** Where the reading came from, and how it was translated; absent for what this gateway read itself. */
  provenance?: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
