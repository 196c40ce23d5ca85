/** How much of one item there is at one location; `inventory-level.schema.json` is the contract. */
import type { InventoryLevel } from './generated';

export type { InventoryLevel, InventoryLocation } from './generated';

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
