/**
 * Odoo's taxes as EN 16931 wants them: each line has one category and rate, and the breakdown one row for each. The
 * category is what Odoo's app for electronic invoices says of the tax; without it, what that app would guess.
 */

import type { TaxBreakdown } from '../../canonical/generated';
import { type DecimalValue, decimal, toPlain } from '../../canonical/index';
import { CrossdockError } from '../../errors/index';
import { fromFloat } from '../client/decimals';
import type { InvoiceRecords, LineRow, TaxRow } from './rows';

export type Category = TaxBreakdown['category'];

export interface LineTax {
  readonly category: Category;
  /** Percent; undefined for O. */
  readonly rate: string | undefined;
  readonly exemptionReason?: string;
  readonly exemptionCode?: string;
  /** The taxes that make it, so that their items can be told apart. */
  readonly taxIds: readonly number[];
}

const CATEGORIES: ReadonlySet<string> = new Set(['S', 'Z', 'E', 'AE', 'K', 'G', 'O', 'L', 'M']);
/** Categories whose rate may be more than 0. */
const RATED: ReadonlySet<Category> = new Set(['S', 'L', 'M']);

/** European Union, and the rest of the European Economic Area. */
const EEA: ReadonlySet<string> = new Set(
  'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO'.split(' '),
);

const REASONS: Partial<Record<Category, { readonly reason: string; readonly code?: string }>> = {
  E: { reason: 'Exempt from tax' },
  AE: { reason: 'Reverse charge', code: 'VATEX-EU-AE' },
  K: { reason: 'Intra-Community supply', code: 'VATEX-EU-IC' },
  G: { reason: 'Export outside the EU', code: 'VATEX-EU-G' },
  O: { reason: 'Not subject to VAT', code: 'VATEX-EU-O' },
};

/** Who sells to whom, as far as it decides the category of a tax of 0 %. */
export interface TaxPlaces {
  readonly seller: string | undefined;
  readonly sellerHasVat: boolean;
  readonly buyer: string | undefined;
}

/**
 * The tax of one line.
 *
 * Throws INVOICE_TAX_UNSUPPORTED (business) for taxes that are no percentage of the price: a canonical invoice has no
 * place for them.
 */
export function lineTax(line: LineRow, taxes: InvoiceRecords['taxes'], places: TaxPlaces): LineTax {
  const applied = line.tax_ids.flatMap((id) => leaves(taxes.get(id), taxes));
  const odd = applied.find(({ amount_type }) => amount_type !== 'percent');
  if (odd !== undefined) {
    throw new CrossdockError(
      `The tax "${odd.name}" is no percentage (${odd.amount_type}): a canonical invoice cannot express it.`,
      { code: 'INVOICE_TAX_UNSUPPORTED', kind: 'business', facts: { tax: odd.name, type: odd.amount_type } },
    );
  }
  const rate = applied.reduce<DecimalValue>(
    (sum, tax) => sum.plus(decimal(fromFloat(tax.amount))),
    decimal(0),
  );
  const said = applied.find(({ ubl_cii_tax_category_code: code }) => code && CATEGORIES.has(code));
  let category = (said?.ubl_cii_tax_category_code || guess(applied.length > 0, rate, places)) as Category;
  // A standard rate of 0 % is a zero rate in the standard's words.
  if (category === 'S' && rate.lte(0)) category = 'Z';
  const known = REASONS[category];
  const code = said?.ubl_cii_tax_exemption_reason_code || known?.code;
  return {
    category,
    rate: category === 'O' ? undefined : RATED.has(category) ? toPlain(rate) : '0',
    ...(known === undefined
      ? {}
      : { exemptionReason: known.reason, ...(code ? { exemptionCode: code } : {}) }),
    taxIds: applied.map(({ id }) => id),
  };
}

/** A group of taxes stands for its parts: only those have items of their own. */
function leaves(tax: TaxRow | undefined, taxes: InvoiceRecords['taxes']): readonly TaxRow[] {
  if (tax === undefined) return [];
  if (tax.amount_type !== 'group') return [tax];
  return tax.children_tax_ids.flatMap((id) => taxes.get(id) ?? []);
}

function guess(taxed: boolean, rate: DecimalValue, { seller, sellerHasVat, buyer }: TaxPlaces): Category {
  if (!rate.eq(0)) return 'S';
  const abroad = taxed && buyer !== undefined && seller !== undefined && seller !== buyer;
  if (!abroad || !EEA.has(seller) || !sellerHasVat) return 'E';
  return EEA.has(buyer) ? 'K' : 'G';
}

interface Group {
  readonly tax: LineTax;
  taxable: DecimalValue;
  /** Sum of what each line was taxed with. */
  lineTaxes: DecimalValue;
  readonly taxIds: Set<number>;
}

/** A line with its tax, net and gross, in the document's currency and direction. */
export interface TaxedLine {
  readonly tax: LineTax;
  readonly net: DecimalValue;
  readonly gross: DecimalValue;
}

/**
 * The breakdown, from Odoo's own tax items where each belongs to one row only, else from the lines' taxes.
 * @param items amount by tax, from the document's tax items
 * @param money to the currency's digits
 */
export function taxBreakdown(
  lines: readonly TaxedLine[],
  items: ReadonlyMap<number, DecimalValue>,
  money: (value: DecimalValue) => string,
): TaxBreakdown[] {
  const groups = new Map<string, Group>();
  for (const { tax, net, gross } of lines) {
    const key = `${tax.category} ${tax.rate ?? ''}`;
    const group = groups.get(key) ?? {
      tax,
      taxable: decimal(0),
      lineTaxes: decimal(0),
      taxIds: new Set<number>(),
    };
    group.taxable = group.taxable.plus(net);
    group.lineTaxes = group.lineTaxes.plus(gross.minus(net));
    for (const id of tax.taxIds) group.taxIds.add(id);
    groups.set(key, group);
  }
  const all = [...groups.values()];
  const shared = (id: number) => all.filter(({ taxIds }) => taxIds.has(id)).length > 1;
  return all.map((group) => {
    const own = [...group.taxIds];
    const amount = own.some(shared)
      ? group.lineTaxes
      : own.reduce<DecimalValue>((sum, id) => sum.plus(items.get(id) ?? decimal(0)), decimal(0));
    const { category, rate, exemptionReason, exemptionCode } = group.tax;
    return {
      category,
      ...(rate === undefined ? {} : { rate }),
      taxable: money(group.taxable),
      tax: money(amount),
      ...(exemptionReason === undefined ? {} : { exemptionReason }),
      ...(exemptionCode === undefined ? {} : { exemptionCode }),
    };
  });
}
