/** Checks of an order that its JSON Schema cannot say. */
import { decimal } from '../decimal';
import { checkIdentity } from '../identity';
import type { CanonicalOrder } from '../order';
import { checkTotals } from '../totals';
import type { CanonicalProblem } from './problem';
import { checkSpan } from './structure';

/** All checks of an order. The order must be valid by its contract. */
export function checkOrder(order: CanonicalOrder): CanonicalProblem[] {
  return [...checkIdentity(order), ...checkTimes(order), ...checkLedger(order), ...checkTotals(order)];
}

function checkTimes(order: CanonicalOrder): CanonicalProblem[] {
  return [
    ...checkSpan('/requestedShip', order.requestedShip, 'the requested shipping'),
    ...checkSpan('/requestedDelivery', order.requestedDelivery, 'the requested delivery'),
    ...order.lines.flatMap((line, index) =>
      checkSpan(
        `/lines/${index}/requestedDelivery`,
        line.requestedDelivery,
        `the requested delivery of line ${index + 1}`,
      ),
    ),
  ];
}

/** What is said of a line's way through the warehouse must not contradict itself; what is not said is not checked. */
function checkLedger(order: CanonicalOrder): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  order.lines.forEach(({ quantity }, index) => {
    const at = (field: string) => `/lines/${index}/quantity/${field}`;
    for (const field of ['allocated', 'shipped', 'delivered', 'returned', 'cancelled', 'invoiced'] as const) {
      const value = quantity[field];
      // Most lines have no minus anywhere: only one that has costs a number.
      if (!value?.startsWith('-') || decimal(value).gte(0)) continue;
      const message = `line ${index + 1}: the ${field} quantity is negative (${value})`;
      problems.push({ path: at(field), kind: 'quantities', message });
    }
    for (const field of ['delivered', 'returned'] as const) {
      const value = quantity[field];
      if (value === undefined || quantity.shipped === undefined) continue;
      if (decimal(value).lte(decimal(quantity.shipped))) continue;
      const message = `line ${index + 1}: ${value} ${field}, but only ${quantity.shipped} shipped`;
      problems.push({ path: at(field), kind: 'quantities', message });
    }
  });
  return problems;
}
