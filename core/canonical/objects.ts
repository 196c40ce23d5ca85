/** The canonical objects by their contracts' names. */
import type {
  CanonicalOrder,
  CanonicalParty,
  CanonicalReturn,
  InventoryAdjustment,
  InventoryLevel,
  Invoice,
  OrderResponse,
  ProductCrossReference,
  Shipment,
} from './generated';

export interface CanonicalObjects {
  order: CanonicalOrder;
  'order-response': OrderResponse;
  'inventory-level': InventoryLevel;
  'inventory-adjustment': InventoryAdjustment;
  shipment: Shipment;
  return: CanonicalReturn;
  invoice: Invoice;
  'product-cross-reference': ProductCrossReference;
  party: CanonicalParty;
}

export type CanonicalName = keyof CanonicalObjects;

const NAMES: Readonly<Record<CanonicalName, true>> = {
  order: true,
  'order-response': true,
  'inventory-level': true,
  'inventory-adjustment': true,
  shipment: true,
  return: true,
  invoice: true,
  'product-cross-reference': true,
  party: true,
};

/** The contracts' names of all canonical objects. */
export const CANONICAL_NAMES = Object.keys(NAMES) as CanonicalName[];

/** Whether a contract is one of the canonical objects, and not a partner's. */
export function isCanonical(contractName: string): contractName is CanonicalName {
  return Object.hasOwn(NAMES, contractName);
}
