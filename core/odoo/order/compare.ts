import { decimal } from '../../canonical/decimal';
import type { CanonicalOrder, Decimal } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { currencyDigits, money } from '../client/decimals';
import type { OrderState } from './read';

/**
 * Odoo's order against the canonical one: the error (CURRENCY_MISMATCH, ODOO_TOTAL_MISMATCH, business) when they do
 * not cost the same. `tolerance` is in the order's currency.
 */
export function compareOrder(
  order: CanonicalOrder,
  state: OrderState,
  tolerance: Decimal,
): CrossdockError | undefined {
  const facts = { odooId: state.id, name: state.name };
  if (state.currency !== order.currency) {
    return new CrossdockError(
      `Order ${state.name} is in ${state.currency} in Odoo, but was placed in ${order.currency}. It is left as a quotation.`,
      {
        code: 'CURRENCY_MISMATCH',
        kind: 'business',
        facts: { ...facts, currency: order.currency, odooCurrency: state.currency },
      },
    );
  }
  const expected = decimal(order.totals.taxInclusive);
  const actual = decimal(state.amountTotal);
  if (expected.minus(actual).abs().lte(decimal(tolerance))) return undefined;
  const wanted = expected.toFixed(currencyDigits(order.currency));
  const found = money(state.amountTotal, order.currency);
  return new CrossdockError(
    `Order ${state.name} comes to ${found} ${order.currency} in Odoo, but the partner's total is ${wanted} ${order.currency}. It is left as a quotation: correct or confirm it in Odoo, then send the order again.`,
    {
      code: 'ODOO_TOTAL_MISMATCH',
      kind: 'business',
      facts: { ...facts, expected: wanted, actual: found, currency: order.currency },
    },
  );
}
