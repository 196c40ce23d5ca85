/**
 * Checks of an invoice: the totals of EN 16931, each problem named by the standard's rule.
 *   BR-CO-10  lineExtension = sum of the lines' net amounts
 *   BR-CO-11  allowance     = sum of the invoice's discounts
 *   BR-CO-12  charge        = sum of the invoice's charges
 *   BR-CO-13  taxExclusive  = lineExtension - allowance + charge
 *   BR-CO-14  tax           = sum of the tax breakdown
 *   BR-CO-15  taxInclusive  = taxExclusive + tax
 *   BR-CO-16  payable       = taxInclusive - prepaid + rounding
 * All of them exact. Of rules that the contract itself keeps (BR-CO-04, -18, -21 to -24) there is nothing to check.
 */
import { decimal, sum } from '../decimal';
import type { Invoice, InvoiceLine, LineAllowanceCharge } from '../generated';
import { Footing } from './footing';
import { checkTaxes } from './invoice-tax';
import type { CanonicalProblem } from './problem';
import { checkSpan, checkUnique } from './structure';

/** Peppol's slack for products of rounded factors (R040, R120): 0.02, four half minor units of two digits. */
const SLACK_ROWS = 4;

/** The invoice must be valid by its contract. */
export function checkInvoice(invoice: Invoice): CanonicalProblem[] {
  const ids = { row: 'line', id: 'line id', within: 'invoice' };
  const problems = [
    ...checkUnique(invoice.lines, '/lines', 'lineId', ({ lineId }) => lineId, ids),
    ...checkSpan('/period', invoice.period, 'the invoicing period', 'BR-29'),
    ...invoice.lines.flatMap(({ period }, index) =>
      checkSpan(`/lines/${index}/period`, period, `the period of line ${index + 1}`, 'BR-30'),
    ),
    ...checkParties(invoice),
    ...checkTerms(invoice),
  ];
  const footing = Footing.in(invoice.currency, 'the invoice says');
  if (!(footing instanceof Footing)) return [...problems, footing];
  checkDigits(invoice, footing);
  invoice.lines.forEach((line, index) => {
    checkLine(line, index, footing);
  });
  checkTotals(invoice, footing);
  checkTaxes(invoice, footing);
  return [...problems, ...footing.problems];
}

function rule(name: string, path: string, message: string): CanonicalProblem {
  return { path, kind: 'rule', rule: name, message: `${name}: ${message}` };
}

function checkParties(invoice: Invoice): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  if (invoice.seller.identifiers.length === 0) {
    const message = 'the seller must have an identifier, a registration number or a VAT number';
    problems.push(rule('BR-CO-26', '/seller/identifiers', message));
  }
  for (const role of ['seller', 'buyer'] as const) {
    invoice[role].identifiers.forEach(({ scheme, value }, index) => {
      // A country, or EL for Greece. Not quoted: an identifier of a party may be of a person.
      if (scheme !== 'vat' || /^[A-Z]{2}/.test(value)) return;
      const message = `the VAT number of the ${role} must begin with its country, for example DE`;
      problems.push(rule('BR-CO-09', `/${role}/identifiers/${index}/value`, message));
    });
  }
  return problems;
}

/** Who must pay must know by when. A draft may still be incomplete; a credit note asks for nothing. */
function checkTerms({ kind, status, totals, dueOn, paymentTerms }: Invoice): CanonicalProblem[] {
  if (kind === '381' || status === 'draft' || decimal(totals.payable).lte(0)) return [];
  if (dueOn !== undefined || paymentTerms?.text !== undefined || paymentTerms?.netDays !== undefined)
    return [];
  return [
    rule('BR-CO-25', '/dueOn', 'there is an amount to pay, so there must be a due date or payment terms'),
  ];
}

function checkDigits(invoice: Invoice, footing: Footing): void {
  footing.digits('/totals', { ...invoice.totals }, 'BR-DEC-09 ff.');
  invoice.lines.forEach(({ netAmount, allowancesCharges = [] }, index) => {
    footing.digits(`/lines/${index}`, { netAmount }, 'BR-DEC-23');
    allowancesCharges.forEach(({ amount }, place) => {
      footing.digits(`/lines/${index}/allowancesCharges/${place}`, { amount }, 'BR-DEC-24, -27');
    });
  });
  invoice.allowancesCharges.forEach(({ amount }, index) => {
    footing.digits(`/allowancesCharges/${index}`, { amount }, 'BR-DEC-01, -05');
  });
  invoice.taxBreakdown.forEach(({ taxable, tax }, index) => {
    footing.digits(`/taxBreakdown/${index}`, { taxable, tax }, 'BR-DEC-19, -20');
  });
}

function checkLine(line: InvoiceLine, index: number, footing: Footing): void {
  const path = `/lines/${index}`;
  const { amount, baseQuantity } = line.unitPrice;
  const rows = line.allowancesCharges ?? [];
  if (decimal(amount).lt(0))
    footing.add(
      `${path}/unitPrice/amount`,
      `line ${index + 1}: a price cannot be negative; the quantity can`,
      'BR-27',
    );
  const goods = decimal(line.quantity).times(decimal(amount)).div(decimal(baseQuantity));
  const extra = sum(rows.map((row) => (row.isCharge ? decimal(row.amount) : decimal(row.amount).neg())));
  footing.compare(
    `${path}/netAmount`,
    line.netAmount,
    goods.plus(extra),
    SLACK_ROWS,
    `line ${index + 1}: quantity x price less discounts plus charges make`,
    'PEPPOL-EN16931-R120',
  );
  rows.forEach((row, place) => {
    checkPercent(row, `${path}/allowancesCharges/${place}`, `line ${index + 1}`, footing);
  });
}

function checkPercent(row: LineAllowanceCharge, path: string, what: string, footing: Footing): void {
  if (row.baseAmount === undefined || row.percent === undefined) return;
  const computed = decimal(row.baseAmount).times(decimal(row.percent)).div(100);
  const words = `${what}: ${row.percent} % of ${footing.money(decimal(row.baseAmount))} make`;
  footing.compare(`${path}/amount`, row.amount, computed, SLACK_ROWS, words, 'PEPPOL-EN16931-R040');
}

function checkTotals(invoice: Invoice, footing: Footing): void {
  const { totals, lines, allowancesCharges, taxBreakdown } = invoice;
  const compare = (
    name: string,
    field: keyof typeof totals,
    computed: ReturnType<typeof decimal>,
    what: string,
  ) => footing.compare(`/totals/${field}`, totals[field] ?? '0', computed, 0, what, name);
  const amounts = (isCharge: boolean) =>
    sum(allowancesCharges.filter((row) => row.isCharge === isCharge).map((row) => decimal(row.amount)));
  allowancesCharges.forEach((row, index) => {
    const what = `${row.isCharge ? 'charge' : 'discount'} ${index + 1}`;
    checkPercent(row, `/allowancesCharges/${index}`, what, footing);
  });

  const lineSum = sum(lines.map(({ netAmount }) => decimal(netAmount)));
  compare('BR-CO-10', 'lineExtension', lineSum, `the net amounts of the ${lines.length} line(s) add up to`);
  compare('BR-CO-11', 'allowance', amounts(false), "the invoice's discounts add up to");
  compare('BR-CO-12', 'charge', amounts(true), "the invoice's charges add up to");
  const base = decimal(totals.lineExtension).minus(decimal(totals.allowance)).plus(decimal(totals.charge));
  compare('BR-CO-13', 'taxExclusive', base, 'lines less discounts plus charges make');
  const taxes = sum(taxBreakdown.map(({ tax }) => decimal(tax)));
  compare('BR-CO-14', 'tax', taxes, `the ${taxBreakdown.length} row(s) of the tax breakdown add up to`);
  const gross = decimal(totals.taxExclusive).plus(decimal(totals.tax));
  compare('BR-CO-15', 'taxInclusive', gross, 'the amount without tax plus tax makes');
  const payable = decimal(totals.taxInclusive)
    .minus(decimal(totals.prepaid))
    .plus(decimal(totals.rounding ?? '0'));
  compare('BR-CO-16', 'payable', payable, 'the amount with tax less what is paid plus rounding makes');
}
