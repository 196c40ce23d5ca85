/** What Odoo made against what it should come to. */
import type { Invoice } from '../../canonical/generated';
import { type DecimalValue, decimal, toFixedDigits, toPlain } from '../../canonical/index';
import type { CanonicalOrder, Decimal, OrderLine } from '../../canonical/order';
import { CrossdockError, type Problem } from '../../errors/index';
import { currencyDigits } from '../client/decimals';

interface Item {
  readonly label: string;
  quantity: DecimalValue;
  net: DecimalValue;
}

/**
 * The differences between two invoices: kind, currency, what of each item, and the totals. Numbers, dates and parties
 * are not compared: Odoo gives its own.
 * @param tolerance in the currency
 */
export function differences(expected: Invoice, actual: Invoice, tolerance: Decimal): Problem[] {
  const problems: Problem[] = [];
  if (expected.kind !== actual.kind) {
    problems.push({
      path: '/kind',
      message: `a document ${expected.kind} was expected, Odoo made a ${actual.kind}`,
    });
  }
  if (expected.currency !== actual.currency) {
    const message = `${expected.currency} was expected, Odoo's document is in ${actual.currency}`;
    return [...problems, { path: '/currency', message }];
  }
  const slack = decimal(tolerance);
  const money = (value: DecimalValue) =>
    `${toFixedDigits(value, currencyDigits(actual.currency))} ${actual.currency}`;
  const [wanted, found] = [items(expected), items(actual)];
  for (const [key, item] of wanted) {
    const other = found.get(key);
    if (other === undefined) {
      problems.push({ path: '/lines', message: `${item.label} is not in Odoo's document` });
    } else if (!other.quantity.eq(item.quantity)) {
      const quantities = `${toPlain(item.quantity)} expected, ${toPlain(other.quantity)} in Odoo`;
      problems.push({ path: '/lines', message: `${item.label}: ${quantities}` });
    } else if (other.net.minus(item.net).abs().gt(slack)) {
      problems.push({
        path: '/lines',
        message: `${item.label}: ${money(item.net)} expected, ${money(other.net)} in Odoo`,
      });
    }
  }
  for (const [key, { label }] of found) {
    if (!wanted.has(key))
      problems.push({ path: '/lines', message: `${label} is in Odoo's document, and was not expected` });
  }
  for (const [field, what] of TOTALS) {
    const [say, is] = [decimal(expected.totals[field]), decimal(actual.totals[field])];
    if (say.minus(is).abs().lte(slack)) continue;
    problems.push({
      path: `/totals/${field}`,
      message: `${what}: ${money(say)} expected, ${money(is)} in Odoo`,
    });
  }
  return problems;
}

const TOTALS = [
  ['taxExclusive', 'the amount without tax'],
  ['tax', 'the tax'],
  ['taxInclusive', 'the amount with tax'],
] as const;

/** What of each item, whichever line it stands on: Odoo has its own order of lines. */
function items({ lines }: Invoice): Map<string, Item> {
  const all = new Map<string, Item>();
  for (const line of lines) {
    const key = keyOf(line.item.identifiers);
    const item = all.get(key) ?? { label: key, quantity: decimal(0), net: decimal(0) };
    item.quantity = item.quantity.plus(decimal(line.quantity));
    item.net = item.net.plus(decimal(line.netAmount));
    all.set(key, item);
  }
  return all;
}

function keyOf(identifiers: readonly { readonly scheme: string; readonly value: string }[]): string {
  for (const scheme of ['sku', 'gtin']) {
    const value = identifiers.find((identifier) => identifier.scheme === scheme)?.value;
    if (value !== undefined) return scheme === 'gtin' ? value.replace(/^0+/, '') : value;
  }
  return identifiers[0]?.value ?? '';
}

/**
 * Prices on the invoice that differ from the order that was agreed on. Only items that the order has once, or at one
 * price, can be told; freight and discounts have no item of their own there.
 * @param tolerance in the currency, per line
 */
export function priceDifferences(order: CanonicalOrder, actual: Invoice, tolerance: Decimal): Problem[] {
  if (order.currency !== actual.currency) {
    const message = `the order is in ${order.currency}, Odoo's document in ${actual.currency}`;
    return [{ path: '/currency', message }];
  }
  const agreed = agreedPrices(order);
  const money = (value: DecimalValue) =>
    `${toFixedDigits(value, currencyDigits(actual.currency))} ${actual.currency}`;
  return actual.lines.flatMap((line, index) => {
    const key = keyOf(line.item.identifiers);
    const price = agreed.get(key);
    if (price === undefined || price === 'several') return [];
    const tax = order.pricesIncludeTax
      ? decimal(line.rate ?? '0')
          .div(100)
          .plus(1)
      : decimal(1);
    const gross = decimal(line.netAmount).plus(allowances(line)).times(tax);
    const expected = price.times(decimal(line.quantity));
    // Tax that is contained is rounded once more on its way to the net price.
    const slack = decimal(tolerance).plus(order.pricesIncludeTax ? decimal('0.01') : decimal(0));
    if (gross.minus(expected).abs().lte(slack)) return [];
    const message = `${key}: ${money(expected)} were agreed for ${line.quantity}, Odoo charges ${money(gross)}`;
    return [{ path: `/lines/${index}/netAmount`, message }];
  });
}

function allowances({ allowancesCharges = [] }: Invoice['lines'][number]): DecimalValue {
  return allowancesCharges.reduce<DecimalValue>(
    (sum, { isCharge, amount }) => (isCharge ? sum.minus(decimal(amount)) : sum.plus(decimal(amount))),
    decimal(0),
  );
}

function agreedPrices({ lines }: CanonicalOrder): Map<string, DecimalValue | 'several'> {
  const prices = new Map<string, DecimalValue | 'several'>();
  for (const line of lines as readonly OrderLine[]) {
    const key = keyOf(line.item.identifiers);
    const price = decimal(line.unitPrice.amount).div(decimal(line.unitPrice.baseQuantity));
    const known = prices.get(key);
    prices.set(key, known === undefined || (known !== 'several' && known.eq(price)) ? price : 'several');
  }
  return prices;
}

/** The error for a document that is not what it should be: INVOICE_DIFFERS (business), naming the first differences. */
export function differs(
  name: string,
  problems: readonly Problem[],
  facts: Readonly<Record<string, string | number>>,
): CrossdockError {
  const shown = problems.slice(0, 3).map(({ message }) => message);
  const more = problems.length > shown.length ? ` and ${problems.length - shown.length} more` : '';
  return new CrossdockError(
    `${name} is not what was expected: ${shown.join('; ')}${more}. It is left as it is in Odoo: correct one side, then send the message again.`,
    { code: 'INVOICE_DIFFERS', kind: 'business', facts, problems },
  );
}
