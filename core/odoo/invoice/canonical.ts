/** Odoo's invoices as canonical invoices, with everything that Odoo says of them kept as it says it. */
import type { Invoice, InvoiceLine } from '../../canonical/generated';
import {
  checkCanonical,
  type DecimalValue,
  decimal,
  sum,
  toFixedDigits,
  toPlain,
} from '../../canonical/index';
import { CrossdockError } from '../../errors/index';
import { codeOf, odooRatio } from '../../units/index';
import { currencyDigits, fromFloat } from '../client/decimals';
import { idOrZero } from '../client/rows';
import { countryOf, partyOf } from './party';
import type { InvoiceRecords, LineRow, MoveRow, OrderRow } from './rows';
import { lineTax, type TaxedLine, taxBreakdown } from './taxes';

export interface CanonicalContext {
  /** The database, which is the account for what came through no channel. */
  readonly database: string;
  /** RFC 3339, when it was read. */
  readonly at: string;
}

/** What Odoo's states are on the canonical axis. A payment that the bank has not shown yet is none. */
export function statusOf(move: Pick<MoveRow, 'state' | 'payment_state' | 'is_move_sent'>): Invoice['status'] {
  if (move.state === 'cancel') return 'cancelled';
  if (move.state !== 'posted') return 'draft';
  switch (move.payment_state) {
    case 'partial':
      return 'partiallyPaid';
    case 'paid':
      return 'paid';
    case 'reversed':
      return 'reversed';
    default:
      return move.is_move_sent ? 'sent' : 'posted';
  }
}

export function kindOf(move: Pick<MoveRow, 'move_type'>): '380' | '381' {
  return move.move_type === 'out_refund' ? '381' : '380';
}

/** The number people know it by; '' for a draft, which has none. */
export function numberOf(move: Pick<MoveRow, 'name' | 'state'>): string {
  // Up to 17 a draft is called "/".
  return move.name && move.name !== '/' ? move.name : '';
}

/**
 * One document as a canonical invoice.
 *
 * Throws INVOICE_TAX_UNSUPPORTED, INVOICE_UNIT_UNKNOWN (business): it cannot be expressed.
 */
export function canonicalInvoice(move: MoveRow, records: InvoiceRecords, context: CanonicalContext): Invoice {
  const currency = move.currency_id ? move.currency_id[1] : '';
  const money = (value: DecimalValue): string => toFixedDigits(value, currencyDigits(currency));
  const rows = records.lines.get(move.id) ?? [];
  const products = rows.filter((row) => row.tax_line_id === false && row.display_type !== 'rounding');
  const partner = (id: number) => records.partners.get(id);
  const seller = partner(records.companies.get(idOrZero(move.company_id)) ?? 0);
  const buyer = partner(idOrZero(move.partner_id));
  const commercial = partner(idOrZero(move.commercial_partner_id));
  const receiver = partner(idOrZero(move.partner_shipping_id));
  if (seller === undefined || buyer === undefined) throw unreadable(move);
  const places = {
    seller: countryOf(seller, records),
    sellerHasVat: Boolean(seller.vat),
    buyer: countryOf(receiver ?? buyer, records),
  };
  const taxed = products.map((row): TaxedLine & { row: LineRow } => ({
    row,
    tax: lineTax(row, records.taxes, places),
    // The journal item, not price_subtotal: Odoo rounds the sum over all lines, and puts the cents that are left on items.
    net: signed(move, [row]),
    gross: decimal(fromFloat(row.price_total)),
  }));
  const rounding = signed(
    move,
    rows.filter(({ display_type }) => display_type === 'rounding'),
  );
  const total = decimal(fromFloat(move.amount_total)).minus(rounding);
  const paid = decimal(fromFloat(move.amount_total)).minus(decimal(fromFloat(move.amount_residual)));
  // A draft owes nothing yet, whatever its residual says; a credit note that is settled is not prepaid.
  const prepaid = move.state === 'posted' ? paid : decimal(0);
  const orders = ordersOf(products, records);
  const [order] = orders;
  const { channel, account } = origin(order, context);
  return {
    schemaVersion: '1.0',
    channel,
    account,
    number: numberOf(move) || `draft-${move.id}`,
    kind: kindOf(move),
    issuedOn: move.invoice_date || move.create_date.slice(0, 10),
    ...(move.invoice_date_due ? { dueOn: move.invoice_date_due } : {}),
    currency,
    seller: partyOf(seller, undefined, records),
    buyer: partyOf(buyer, commercial, records),
    ...(receiver === undefined ? {} : { deliverTo: partyOf(receiver, undefined, records) }),
    ...(typeof move['delivery_date'] === 'string' ? { deliveredOn: move['delivery_date'] } : {}),
    ...(orders.length === 0 ? {} : { orderRefs: orders.map(orderRef) }),
    ...precedingOf(move, records),
    ...(move.invoice_payment_term_id ? { paymentTerms: { text: move.invoice_payment_term_id[1] } } : {}),
    ...meansOf(move, records),
    lines: taxed.map((line, index) => invoiceLine(line, index, orders.length > 1, records, money)),
    allowancesCharges: [],
    taxBreakdown: taxBreakdown(taxed, taxItems(move, rows), money),
    totals: {
      lineExtension: money(sum(taxed.map(({ net }) => net))),
      allowance: money(decimal(0)),
      charge: money(decimal(0)),
      taxExclusive: money(decimal(fromFloat(move.amount_untaxed)).minus(rounding)),
      tax: money(decimal(fromFloat(move.amount_tax))),
      taxInclusive: money(total),
      prepaid: money(prepaid),
      ...(rounding.eq(0) ? {} : { rounding: money(rounding) }),
      payable: money(total.plus(rounding).minus(prepaid)),
    },
    status: statusOf(move),
    notes: [],
    provenance: {
      system: 'odoo',
      partnerId: context.database,
      externalId: `account.move:${move.id}`,
      receivedAt: context.at,
      mappingVersion: 'odoo-invoice@1',
    },
  };
}

/**
 * Whether an invoice adds up: its lines, its tax rows and its totals are three things that Odoo says apart.
 *
 * Throws INVOICE_DOES_NOT_FOOT (business), with every figure that is off.
 */
export function assertFoots(invoice: Invoice, facts: Readonly<Record<string, string | number>>): void {
  const problems = checkCanonical('invoice', invoice).filter(({ kind }) => kind === 'totals');
  const [first] = problems;
  if (first === undefined) return;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  throw new CrossdockError(
    `The invoice does not add up in Odoo: ${first.message}${more}. It is left as it is.`,
    {
      code: 'INVOICE_DOES_NOT_FOOT',
      kind: 'business',
      facts,
      problems: problems.map(({ path, message }) => ({ path, message })),
    },
  );
}

/** The orders that lines are of, each once. */
export function ordersOf(lines: readonly LineRow[], { orders }: InvoiceRecords): OrderRow[] {
  const found = lines.flatMap(({ sale_line_ids }) => sale_line_ids.flatMap((id) => orders.get(id) ?? []));
  return [...new Map(found.map((order) => [order.id, order])).values()].sort((a, b) => a.id - b.id);
}

function invoiceLine(
  { row, tax, net }: TaxedLine & { row: LineRow },
  index: number,
  severalOrders: boolean,
  records: InvoiceRecords,
  money: (value: DecimalValue) => string,
): InvoiceLine {
  const product = records.products.get(idOrZero(row.product_id));
  const identifiers = [
    ...(product?.default_code ? [{ scheme: 'sku', value: product.default_code }] : []),
    ...(product?.barcode && /^\d{8}$|^\d{12,14}$/.test(product.barcode)
      ? [{ scheme: 'gtin', value: product.barcode.padStart(14, '0') }]
      : []),
    { scheme: 'odoo:product.product', value: String(idOrZero(row.product_id)) },
  ];
  const { unit, factor } = unitOf(row, records);
  const quantity = decimal(fromFloat(row.quantity)).times(factor);
  const [orderLine] = row.sale_line_ids;
  const order = orderLine === undefined ? undefined : records.orders.get(orderLine);
  return {
    lineId: String(index + 1),
    ...(severalOrders && order !== undefined ? { orderRef: orderRef(order) } : {}),
    ...(orderLine === undefined ? {} : { orderLineId: String(orderLine) }),
    item: { identifiers, ...(row.name ? { description: row.name.slice(0, 1000) } : {}) },
    unit,
    ...priced(row, quantity, net, records, money),
    netAmount: money(net),
    category: tax.category,
    ...(tax.rate === undefined ? {} : { rate: tax.rate }),
  };
}

/**
 * Price and discount. A price is never negative (BR-27): what Odoo takes off by a negative price has a negative quantity.
 * Where the price contains tax, what a line costs without it is all that is known of its net price.
 */
function priced(
  row: LineRow,
  quantity: DecimalValue,
  net: DecimalValue,
  { taxes }: InvoiceRecords,
  money: (value: DecimalValue) => string,
): Pick<InvoiceLine, 'quantity' | 'unitPrice' | 'allowancesCharges'> {
  const said = decimal(fromFloat(row.quantity)).times(decimal(fromFloat(row.price_unit)));
  const discount = decimal(fromFloat(row.discount));
  const amount = quantity.gt(0) === said.gte(0) ? quantity : quantity.times(-1);
  const contains = row.tax_ids.some((id) => taxes.get(id)?.price_include === true);
  if (quantity.eq(0)) return { quantity: '0', unitPrice: { amount: '0', baseQuantity: '1' } };
  const price = (value: DecimalValue) => ({
    amount: toPlain(value.div(amount).round(10)),
    baseQuantity: '1',
  });
  if (contains) return { quantity: toPlain(amount), unitPrice: price(net) };
  if (discount.eq(0)) return { quantity: toPlain(amount), unitPrice: price(said) };
  const off = decimal(money(said)).minus(net);
  // A surcharge is a negative discount; so is a discount on what is taken off.
  const isCharge = off.lt(0);
  return {
    quantity: toPlain(amount),
    unitPrice: price(said),
    allowancesCharges: [
      isCharge
        ? { isCharge, reasonCode: 'ABL', reason: 'Surcharge', amount: money(off.abs()) }
        : {
            ...{ isCharge, reasonCode: '95', reason: 'Discount', amount: money(off) },
            ...{ baseAmount: money(said), percent: toPlain(discount) },
          },
    ],
  };
}

/** The line's unit as a Rec 20 code. A pack or a unit of the house becomes pieces (or whatever its product is counted in). */
function unitOf(row: LineRow, records: InvoiceRecords): { unit: string; factor: DecimalValue } {
  const unit = records.units.get(idOrZero(row.product_uom_id));
  if (unit === undefined) return { unit: 'C62', factor: decimal(1) };
  const code = codeOf(unit);
  if (code !== undefined) return { unit: code, factor: decimal(1) };
  const base = records.units.get(idOrZero(records.products.get(idOrZero(row.product_id))?.uom_id));
  const baseCode = base === undefined ? undefined : codeOf(base);
  if (base === undefined || baseCode === undefined) {
    throw new CrossdockError(
      `The unit "${unit.name}" of Odoo has no UN/ECE code, and the product is counted in none that has.`,
      {
        code: 'INVOICE_UNIT_UNKNOWN',
        kind: 'business',
        facts: { unit: unit.name },
      },
    );
  }
  return { unit: baseCode, factor: decimal(odooRatio(unit, base, records.major)) };
}

function taxItems(move: MoveRow, rows: readonly LineRow[]): ReadonlyMap<number, DecimalValue> {
  const items = new Map<number, DecimalValue>();
  for (const row of rows) {
    const tax = idOrZero(row.tax_line_id);
    if (tax > 0) items.set(tax, (items.get(tax) ?? decimal(0)).plus(signed(move, [row])));
  }
  return items;
}

/** Journal items in the document's direction: what an invoice charges is a credit. */
function signed(move: MoveRow, rows: readonly LineRow[]): DecimalValue {
  const amount = sum(rows.map(({ amount_currency }) => decimal(fromFloat(amount_currency))));
  return move.move_type === 'out_refund' ? amount : amount.times(-1);
}

function precedingOf(move: MoveRow, { preceding }: InvoiceRecords): Pick<Invoice, 'precedingInvoices'> {
  const found = preceding.get(move.id) ?? [];
  if (found.length === 0) return {};
  return {
    precedingInvoices: found.map(({ name, date }) => ({ number: name, ...(date ? { issuedOn: date } : {}) })),
  };
}

function meansOf(move: MoveRow, { banks }: InvoiceRecords): Pick<Invoice, 'paymentMeans'> {
  const bank = banks.get(idOrZero(move.partner_bank_id));
  if (bank === undefined && !move.payment_reference) return {};
  return {
    paymentMeans: [
      {
        code: '30',
        ...(bank === undefined ? {} : { iban: bank.acc_number.replace(/\s/g, '') }),
        ...(bank?.bank_bic ? { bic: bank.bank_bic } : {}),
        ...(move.payment_reference ? { remittance: move.payment_reference } : {}),
      },
    ],
  };
}

function orderRef(order: OrderRow): NonNullable<Invoice['orderRefs']>[number] {
  return {
    ...(isKey(order.origin) ? { id: order.origin } : {}),
    externalId: order.name,
    ...(order.client_order_ref ? { orderNumber: order.client_order_ref } : {}),
  };
}

const isKey = (origin: string | false): origin is string =>
  origin !== false && /^[^:]+:[^:]+:.+$/.test(origin);

/** The channel that the first order came in by, else Odoo itself. */
function origin(
  order: OrderRow | undefined,
  context: CanonicalContext,
): { channel: string; account: string } {
  if (order === undefined || !isKey(order.origin)) return { channel: 'odoo', account: context.database };
  const [channel = '', account = ''] = order.origin.split(':');
  const plain = (part: string) => part.replaceAll('%3A', ':').replaceAll('%25', '%');
  return { channel: plain(channel), account: plain(account) };
}

function unreadable(move: MoveRow): CrossdockError {
  return new CrossdockError(
    `The seller or the customer of invoice ${numberOf(move) || move.id} is not visible to the API key's user.`,
    { code: 'ODOO_ACCESS', kind: 'business', facts: { model: 'res.partner', odooId: move.id } },
  );
}
