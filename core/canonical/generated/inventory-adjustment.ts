// Generated from the contracts by `npm run types`. Change the schema, not this file.
import type { Day, Decimal, InventoryLocation, Item, Provenance, Time, Unit } from './common';

/**
 * One change of one item's stock at one location that is no sale: a count, damage, loss, return or
 * transfer. Closed: unknown fields are refused, except below extensions.
 */
export interface InventoryAdjustment {
  /** Version of this contract. */
  schemaVersion: '1.0';
  /**
   * Unique within the system of record; a message with several items gives one adjustment per item, each
   * with its own id.
   */
  adjustmentId: string;
  /** The item whose stock changes. */
  item: Item;
  /** Where the stock changes. */
  location: InventoryLocation;
  /** Where it goes, when the reason is a transfer. */
  toLocation?: InventoryLocation;
  /** UN/ECE Rec 20 or 21 code of all quantities here. */
  unit: Unit;
  /** absolute: quantity is what is there now. delta: quantity is added to what was there. */
  mode: 'absolute' | 'delta';
  /** What is there now, or what is added; negative when it goes down. */
  quantity: Decimal;
  /** What was there before, as the system of record said. */
  previous?: Decimal;
  /** What is there after it. */
  resulting?: Decimal;
  /** Condition of the stock that changes; sellable when left out. */
  condition?: 'sellable' | 'hold' | 'damaged' | 'expired';
  /** Why the stock changes. */
  reason: 'count' | 'damage' | 'loss' | 'found' | 'return' | 'transfer' | 'correction';
  /** The sender's words. */
  reasonText?: string;
  /** The count, return or transfer that it comes from. */
  documentRef?: string;
  /** Lot or batch number. */
  lot?: string;
  /** One per piece. */
  serials?: string[];
  /** Expiry date of the lot. */
  expiry?: Day;
  /** When the stock changed. */
  occurredAt: Time;
  /** Who approved it. */
  approvedBy?: string;
  /** The system that says so, as kind and name. */
  authority: string;
  /** Free text. */
  notes?: string[];
  /** Where this came from, and how it was translated. */
  provenance: Provenance;
  /**
   * What the sender says beyond this contract, one member per system. Not interpreted, not part of the
   * fingerprint.
   */
  extensions?: Record<string, unknown>;
}
