/** What the canonical model says about an object beyond its contract: the mapper's one way to it. */
import { type CanonicalOrder, checkIdentity, checkTotals } from '../canonical';
import type { Problem } from '../errors';

/** Whether a contract is one of the canonical objects, and not a partner's. */
export function isCanonical(contract: string): boolean {
  return contract === 'order' || contract === 'inventory-level';
}

/** Identity, then totals; only of an object that keeps its contract. */
export function checkCanonical(contract: string, value: unknown): Problem[] {
  if (contract !== 'order') return [];
  const order = value as CanonicalOrder;
  const problems = checkIdentity(order);
  return problems.length > 0 ? problems : checkTotals(order);
}

/** What makes two messages the same object; undefined where the object has no key of its own. */
export function businessKeyOf(contract: string, value: unknown): string | undefined {
  return contract === 'order' ? (value as CanonicalOrder).id : undefined;
}
