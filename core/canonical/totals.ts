/**
 * Totals must foot: what a partner says an order costs is checked against its own lines, in decimal arithmetic.
 *
 * Arithmetic of EN 16931 (BR-CO-10 to BR-CO-16), for tax-exclusive and tax-inclusive prices alike:
 *   lineExtension = sum of the lines' current quantity x unit price - allowances + charges
 *   base          = lineExtension - allowance + charge
 *   taxExclusive  = base            (prices without tax)   or   base - tax   (prices with tax)
 *   taxInclusive  = taxExclusive + tax
 *   payable       = taxInclusive - prepaid + rounding
 * Sums over rows may differ from the reported sum by half a minor unit per row that was rounded, since partners round
 * each row or only the sum. The relations between reported totals are exact.
 */
import { Footing } from './checks/footing';
import type { CanonicalProblem } from './checks/problem';
import { type DecimalValue, decimal, sum } from './decimal';
import type { AllowanceCharge, CanonicalOrder, OrderLine } from './order';

/**
 * Checks that an order's totals foot. The order must be valid by its contract.
 * @returns one problem per total that does not foot, with both figures; empty when all do.
 */
export function checkTotals(order: CanonicalOrder): CanonicalProblem[] {
  const footing = Footing.in(order.currency, "the order's totals say");
  if (!(footing instanceof Footing)) return [footing];
  const { totals } = order;
  footing.digits('/totals', { ...totals });

  const taxRows = taxesOf(order);
  const lineRows = order.lines.length + order.allowancesCharges.length;
  const compare = (field: keyof typeof totals, computed: DecimalValue, rows: number, what: string) =>
    footing.compare(`/totals/${field}`, totals[field] ?? '0', computed, rows, what);
  const amounts = (isCharge: boolean) =>
    sum(order.allowancesCharges.filter((row) => row.isCharge === isCharge).map((row) => decimal(row.amount)));

  compare(
    'lineExtension',
    sum(order.lines.map(lineAmount)),
    // A gross amount is a rounded net amount and a rounded tax: two roundings a line.
    order.pricesIncludeTax ? lineRows + taxRows.length : lineRows,
    `the ${order.lines.length} line(s) add up to`,
  );
  compare('allowance', amounts(false), 0, "the order's discounts add up to");
  compare('charge', amounts(true), 0, "the order's charges add up to");
  compare('tax', sum(taxRows), taxRows.length, 'the taxes of lines, charges and discounts add up to');

  const { lineExtension, allowance, charge, taxExclusive, tax, taxInclusive, prepaid, rounding } = totals;
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
    decimal(taxInclusive)
      .minus(decimal(prepaid))
      .plus(decimal(rounding ?? '0')),
    0,
    rounding === undefined
      ? 'the amount with tax less what is paid makes'
      : 'the amount with tax less what is paid plus rounding makes',
  );
  return footing.problems;
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
