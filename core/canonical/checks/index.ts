import { type CanonicalName, type CanonicalObjects, isCanonical } from '../objects';
import { checkInventoryAdjustment, checkInventoryLevel } from './inventory';
import { checkInvoice } from './invoice';
import { checkOrder } from './order';
import { checkOrderResponse } from './order-response';
import type { CanonicalProblem } from './problem';
import { checkReturn } from './return';
import { checkShipment } from './shipment';
import { checkParty, checkProductCrossReference } from './validity';

export type { CanonicalProblem } from './problem';

const CHECKS: { readonly [Name in CanonicalName]: (value: CanonicalObjects[Name]) => CanonicalProblem[] } = {
  order: checkOrder,
  'order-response': checkOrderResponse,
  'inventory-level': checkInventoryLevel,
  'inventory-adjustment': checkInventoryAdjustment,
  shipment: checkShipment,
  return: checkReturn,
  invoice: checkInvoice,
  'product-cross-reference': checkProductCrossReference,
  party: checkParty,
};

/** Most problems that one check reports. */
const MAX_PROBLEMS = 50;

/**
 * What the JSON Schema of a canonical object cannot say: keys, references, totals, quantities, spans of time.
 * @param value valid by its contract
 * @returns at most 50 problems, one sentence each; none for a contract that is not canonical
 */
export function checkCanonical(contractName: string, value: unknown): CanonicalProblem[] {
  if (!isCanonical(contractName)) return [];
  const check = CHECKS[contractName] as (value: unknown) => CanonicalProblem[];
  return check(value).slice(0, MAX_PROBLEMS);
}
