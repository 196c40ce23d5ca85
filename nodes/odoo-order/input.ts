/** What a message asks for: a canonical order, or the name of one. */
import type { CanonicalOrder } from '../../core/canonical';
import { contracts, problemsToSentence } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import type { OrderTarget } from '../../core/odoo';
import { OPERATIONS, type Operation } from './settings';

/** States in which an order must not be placed (canonical order status axis). */
const CANCELLED: ReadonlySet<string> = new Set(['cancelRequested', 'cancelled', 'rejected']);

/** @throws CrossdockError OPERATION_UNKNOWN (permanent) */
export function operationIn(value: unknown): Operation {
  const found = OPERATIONS.find((operation) => operation === value);
  if (found !== undefined) return found;
  const shown = typeof value === 'string' ? ` "${value.slice(0, 40)}"` : '';
  throw new CrossdockError(`The odoo order node has no operation${shown}; it has ${OPERATIONS.join(', ')}.`, {
    code: 'OPERATION_UNKNOWN',
    kind: 'permanent',
  });
}

/** Only what keeps the contract may reach Odoo, also when no mapper stands before this node. */
export function orderIn(value: unknown): CanonicalOrder {
  const problems = contracts().validate('order', '1.0', value);
  if (problems.length === 0) return value as CanonicalOrder;
  throw new CrossdockError(`This is not a canonical order 1.0: ${problemsToSentence(problems)}`, {
    code: 'CANONICAL_CONTRACT',
    kind: 'permanent',
    problems,
  });
}

/** An order that is wanted. @throws also ORDER_CANCELLED (business) */
export function wantedOrder(value: unknown): CanonicalOrder {
  const order = orderIn(value);
  if (!CANCELLED.has(order.status.order)) return order;
  throw new CrossdockError('The buyer or the shop has cancelled this order, so it was not placed in Odoo.', {
    code: 'ORDER_CANCELLED',
    kind: 'business',
    facts: { status: order.status.order },
  });
}

/**
 * The order that is meant: a canonical order, its id (`shop:account:1001`), Odoo's number (`S00012`) or id, or an object
 * with one of these as `odooId`, `name` or `orderId`: what this node gave before is one.
 * @throws CrossdockError ORDER_UNNAMED, CANONICAL_CONTRACT (permanent)
 */
export function targetIn(value: unknown): OrderTarget {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return { odooId: value };
  if (typeof value === 'string' && value.trim() !== '') {
    const name = value.trim();
    return name.includes(':') ? { orderId: name } : { name };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { odooId, orderId, name, schemaVersion } = value as Record<string, unknown>;
    if (schemaVersion !== undefined) return { order: orderIn(value) };
    if (typeof odooId === 'number') return targetIn(odooId);
    if (typeof orderId === 'string' && orderId !== '') return { orderId };
    if (typeof name === 'string' && name !== '') return { name };
  }
  throw new CrossdockError(
    'The message names no order: it needs a canonical order, its id, or the number or id of an order in Odoo.',
    { code: 'ORDER_UNNAMED', kind: 'permanent' },
  );
}
