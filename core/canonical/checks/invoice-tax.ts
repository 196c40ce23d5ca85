/** The tax breakdown of an invoice by EN 16931: BR-CO-17 and the rules of each tax category (BR-S-08 and its sisters). */
import { type DecimalValue, decimal, sum, toPlain } from '../decimal';
import type { Decimal, Invoice, TaxBreakdown } from '../generated';
import type { Footing } from './footing';

type Category = TaxBreakdown['category'];

/** What the standard calls the rules of a category: BR-<name>-08. */
const RULES: Readonly<Record<Category, string>> = {
  S: 'BR-S',
  Z: 'BR-Z',
  E: 'BR-E',
  AE: 'BR-AE',
  K: 'BR-IC',
  G: 'BR-G',
  O: 'BR-O',
  L: 'BR-AF',
  M: 'BR-AG',
};

/** Categories whose rate may be more than 0; of the others there is one row, whatever rate it says. */
const RATED: ReadonlySet<Category> = new Set(['S', 'L', 'M']);
/** Categories that must say why no tax is charged. Zero rated goods (Z) need no reason. */
const EXEMPT: ReadonlySet<Category> = new Set(['E', 'AE', 'K', 'G', 'O']);

interface Row {
  readonly path: string;
  readonly what: string;
  readonly category: Category;
  readonly rate: Decimal | undefined;
  readonly net: DecimalValue;
  /** The last part of the rule about the rate: 05 lines, 06 discounts, 07 charges. */
  readonly part: string;
}

/** Adds what is wrong with the tax breakdown to the footing. The invoice must be valid by its contract. */
export function checkTaxes(invoice: Invoice, footing: Footing): void {
  const rows = rowsOf(invoice);
  for (const row of rows) checkRate(row, footing);
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = groupOf(row.category, row.rate);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }

  const listed = new Map<string, number>();
  invoice.taxBreakdown.forEach((entry, index) => {
    const key = groupOf(entry.category, entry.rate);
    const path = `/taxBreakdown/${index}`;
    const first = listed.get(key);
    if (first === undefined) listed.set(key, index);
    else
      footing.add(
        path,
        `rows ${first + 1} and ${index + 1} of the tax breakdown are of one category and rate`,
        `${RULES[entry.category]}-01`,
      );
    checkEntry(entry, path, groups.get(key) ?? [], footing);
  });
  for (const [key, [row]] of groups) {
    if (row === undefined || listed.has(key)) continue;
    footing.add(
      '/taxBreakdown',
      `${row.what} has the tax category ${label(row)}, which is not in the tax breakdown`,
      `${RULES[row.category]}-01`,
    );
  }
}

function rowsOf(invoice: Invoice): Row[] {
  return [
    ...invoice.lines.map(
      ({ category, rate, netAmount }, index): Row => ({
        path: `/lines/${index}`,
        what: `line ${index + 1}`,
        category,
        rate,
        net: decimal(netAmount),
        part: '05',
      }),
    ),
    ...invoice.allowancesCharges.map(
      ({ category, rate, amount, isCharge }, index): Row => ({
        path: `/allowancesCharges/${index}`,
        what: `${isCharge ? 'charge' : 'discount'} ${index + 1}`,
        category,
        rate,
        net: isCharge ? decimal(amount) : decimal(amount).neg(),
        part: isCharge ? '07' : '06',
      }),
    ),
  ];
}

function checkRate({ path, what, category, rate, part }: Row, footing: Footing): void {
  const name = `${RULES[category]}-${part}`;
  const wrong = (message: string) => footing.add(`${path}/rate`, `${what} ${message}`, name);
  if (category === 'O') {
    if (rate !== undefined) wrong('is outside of VAT (O), so it must have no rate');
  } else if (rate === undefined) {
    wrong(`has the tax category ${category}, so it must have a rate`);
  } else if (category === 'S') {
    if (decimal(rate).lte(0)) wrong('has the standard rate (S), which is more than 0');
  } else if (!RATED.has(category)) {
    if (!decimal(rate).eq(0)) wrong(`has the tax category ${category}, so its rate must be 0`);
  } else if (decimal(rate).lt(0)) wrong('has a negative rate');
}

function checkEntry(entry: TaxBreakdown, path: string, rows: readonly Row[], footing: Footing): void {
  const { category, rate, taxable, tax } = entry;
  const name = RULES[category];
  footing.compare(
    `${path}/taxable`,
    taxable,
    sum(rows.map(({ net }) => net)),
    0,
    `lines less discounts plus charges of ${label(entry)} make`,
    `${name}-08`,
  );
  if (!RATED.has(category)) {
    if (!decimal(tax).eq(0))
      footing.add(
        `${path}/tax`,
        `there is no tax in the category ${category}, but ${footing.money(decimal(tax))} are charged`,
        `${name}-09`,
      );
  } else if (rate === undefined) {
    footing.add(`${path}/rate`, `the tax category ${category} must have a rate`, 'BR-48');
  } else {
    // Partners round the tax of each row, or only their sum; where prices include it, the net amount is rounded before.
    const share = Math.abs(Number(rate)) / 100;
    footing.compare(
      `${path}/tax`,
      tax,
      decimal(taxable).times(decimal(rate)).div(100),
      Math.max(1, rows.length) * (1 + share),
      `${toPlain(decimal(rate))} % of ${footing.money(decimal(taxable))} make`,
      'BR-CO-17',
    );
  }
  const reason = entry.exemptionReason !== undefined || entry.exemptionCode !== undefined;
  if (EXEMPT.has(category) && !reason)
    footing.add(
      `${path}/exemptionReason`,
      `the category ${category} must say why no tax is charged`,
      `${name}-10`,
    );
  if (!EXEMPT.has(category) && reason)
    footing.add(
      `${path}/exemptionReason`,
      `the category ${category} must not have an exemption reason`,
      `${name}-10`,
    );
}

function groupOf(category: Category, rate: Decimal | undefined): string {
  return RATED.has(category) && rate !== undefined ? `${category} ${toPlain(decimal(rate))}` : category;
}

function label({ category, rate }: { category: Category; rate?: Decimal | undefined }): string {
  return rate === undefined ? category : `${category} at ${toPlain(decimal(rate))} %`;
}
