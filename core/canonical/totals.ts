/**
 * Totals must foot: what a partner says an order costs is checked against its own lines, in decimal arithmetic.
 *
 * Arithmetic of EN 16931 (BR-CO-10 to BR-CO-16), for tax-exclusive and tax-inclusive prices alike:
 *   lineExtension = sum of the lines' current quantity x unit price - allowances + charges
 *   base          = lineExtension - allowance + charge
 *   taxExclusive  = base            (prices without tax)   or   base - tax   (prices with tax)
 *   taxInclusive  = taxExclusive + tax
 *   payable       = taxInclusive - prepaid
 * Sums over rows may differ from the reported sum by half a minor unit per row that was rounded, since partners round
 * each row or only the sum. The relations between reported totals are exact.
 */
import type { Problem } from '../errors';
import { currencyExponent, type DecimalValue, decimal, sum, toFixedDigits } from './decimal';
import type { AllowanceCharge, CanonicalOrder, OrderLine } from './order';

/**
 * Checks that an order's totals foot. The order must be valid by its contract.
 * @returns one problem per total that does not foot, with both figures; empty when all do.
 */
export function checkTotals(order: CanonicalOrder): Problem[] {
  const digits = currencyExponent(order.currency);
  if (digits === undefined) {
    return [{ path: '/currency', message: `${order.currency} is not a currency of ISO 4217` }];
  }
  const problems: Problem[] = [];
  const half = decimal(`0.${'0'.repeat(digits)}5`);
  const money = (amount: DecimalValue): string => `${toFixedDigits(amount, digits)} ${order.currency}`;

  /** Compares a reported total with what it must be; `rows` is how many rounded rows it is made of. */
  const compare = (
    field: keyof CanonicalOrder['totals'],
    computed: DecimalValue,
    rows: number,
    what: string,
  ) => {
    const reported = decimal(order.totals[field]);
    const difference = computed.minus(reported).abs();
    if (difference.lte(half.times(rows))) return;
    problems.push({
      path: `/totals/${field}`,
      message: `${what} ${money(computed)}, but the order's totals say ${money(reported)} (${money(difference)} apart)`,
    });
  };

  for (const [field, value] of Object.entries(order.totals)) {
    if (!decimal(value).round(digits, 1).eq(decimal(value))) {
      problems.push({
        path: `/totals/${field}`,
        message: `${value} has more fraction digits than ${order.currency} has (${digits})`,
      });
    }
  }

  const taxRows = taxesOf(order);
  const lineRows = order.lines.length + order.allowancesCharges.length;
  compare(
    'lineExtension',
    sum(order.lines.map(lineAmount)),
    // A gross amount is a rounded net amount and a rounded tax: two roundings a line.
    order.pricesIncludeTax ? lineRows + taxRows.length : lineRows,
    `the ${order.lines.length} line(s) add up to`,
  );
  compare(
    'allowance',
    sum(order.allowancesCharges.filter((row) => !row.isCharge).map((row) => decimal(row.amount))),
    0,
    "the order's discounts add up to",
  );
  compare(
    'charge',
    sum(order.allowancesCharges.filter((row) => row.isCharge).map((row) => decimal(row.amount))),
    0,
    "the order's charges add up to",
  );
  compare('tax', sum(taxRows), taxRows.length, 'the taxes of lines, charges and discounts add up to');

  const { lineExtension, allowance, charge, taxExclusive, tax, taxInclusive, prepaid } = order.totals;
  const base = decimal(lineExtension).minus(decimal(allowance)).plus(decimal(charge));
  compare(
    'taxExclusive',
    order.pricesIncludeTax ? base.minus(decimal(tax)) : base,
    0,
    order.pricesIncludeTax
      ? 'lines less discounts plus charges less tax make'
      : 'lines less discounts plus charges make',
  );
  compare(
    'taxInclusive',
    decimal(taxExclusive).plus(decimal(tax)),
    0,
    'the amount without tax plus tax makes',
  );
  compare(
    'payable',
    decimal(taxInclusive).minus(decimal(prepaid)),
    0,
    'the amount with tax less what is paid makes',
  );
  return problems;
}

/** A line's amount: current quantity x unit price, less its allowances, plus its charges. Not rounded. */
export function lineAmount(line: OrderLine): DecimalValue {
  const { amount, baseQuantity } = line.unitPrice;
  // Multiplied before divided: 25.18 for 3 pieces, taken 3 times, is 25.18 again.
  const goods = decimal(line.quantity.current).times(decimal(amount)).div(decimal(baseQuantity));
  return goods.plus(sum(line.allowancesCharges.map(signed)));
}

function signed(row: AllowanceCharge): DecimalValue {
  return row.isCharge ? decimal(row.amount) : decimal(row.amount).neg();
}

/** Every tax amount of an order with its sign: taxes of discounts count negative. */
function taxesOf(order: CanonicalOrder): DecimalValue[] {
  const lines = order.lines.flatMap((line) => [
    ...line.taxes.map((tax) => decimal(tax.amount)),
    ...taxesOfRows(line.allowancesCharges),
  ]);
  return [...lines, ...taxesOfRows(order.allowancesCharges)];
}

function taxesOfRows(rows: readonly AllowanceCharge[]): DecimalValue[] {
  return rows.flatMap((row) =>
    row.taxes.map((tax) => (row.isCharge ? decimal(tax.amount) : decimal(tax.amount).neg())),
  );
}
