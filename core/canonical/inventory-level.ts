/**
 * Canonical inventory level 1.0: how much of one item there is at one location, at one moment, as its system of
 * record says.
 *
 * Quantities are decimal strings in the item's base unit, never floats; times are RFC 3339 UTC.
 * `inventory-level.schema.json` is the contract, these types mirror it.
 */
import type { Decimal, Identifier } from './order';

export interface InventoryLocation {
  /** The site as channels know it, for example `main`; part of the key and of the topic. */
  code: string;
  /** GS1 Global Location Number, 13 digits. */
  gln?: string;
  /** `stock.warehouse` id in Odoo. */
  odooWarehouseId?: number;
  kind?: 'warehouse' | 'store' | 'dropship' | 'virtual';
}

export interface InventoryLevel {
  schemaVersion: '1.0';
  /** At least one identifier; the one with scheme `sku` names the item towards channels. */
  item: { identifiers: Identifier[]; description?: string };
  location: InventoryLocation;
  /** When the system of record was read: an older reading never overwrites a newer one. RFC 3339 UTC. */
  asOf: string;
  /** Counts the changes of `published` per channel, location and item, from 1: a lower one is stale. */
  sequence: number;
  /** UN/ECE Rec 20 code of all quantities here, for example C62 (piece). */
  unit: string;
  onHand: Decimal;
  reserved: Decimal;
  /** Free to promise according to the system of record; negative when oversold. */
  available: Decimal;
  /** Open demand that is not reserved yet. */
  demand?: Decimal;
  incoming?: Decimal;
  /** On hand + incoming - outgoing. */
  forecast?: Decimal;
  /** Safety stock that is held back from this channel. */
  buffer?: Decimal;
  /** Available to sell: max(0, available - buffer). What a channel may offer. */
  published?: Decimal;
  condition?: 'sellable' | 'hold' | 'damaged' | 'expired';
  lot?: string;
  /** Expiry of the lot, ISO 8601 date. */
  expiry?: string;
  /** The system of record, for example `odoo:main`. */
  authority: string;
}

/** A level as read from its system of record, before a channel's buffer and sequence are known. */
export type ObservedInventoryLevel = Omit<InventoryLevel, 'sequence' | 'buffer' | 'published'>;

/** The name of the item towards channels: its `sku`, else its first identifier as `scheme:value`; else undefined. */
export function skuOf(level: Pick<InventoryLevel, 'item'>): string | undefined {
  const identifiers = level.item.identifiers;
  const sku = identifiers.find((identifier) => identifier.scheme === 'sku' && identifier.value !== '');
  if (sku !== undefined) return sku.value;
  const first = identifiers[0];
  return first === undefined || first.value === '' ? undefined : `${first.scheme}:${first.value}`;
}
