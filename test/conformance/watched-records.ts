/** What the stored plain fields of some records hold on a real Odoo 19.0; every field that is not here is empty. */

/** Records that the suite has made, by model and by the names that they have here. */
export interface World {
  readonly prefix: string;
  readonly records: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

type Said = Readonly<Record<string, unknown>>;

const LOG = {
  create_date: 'time',
  create_uid: 'Administrator',
  write_date: 'time',
  write_uid: 'Administrator',
};
const OURS = { ...LOG, company_id: 'My Company' };

const PARTNER = {
  ...LOG,
  ...{ active: true, autopost_bills: 'ask', city: 'Berlin', commercial_company_name: 'P Co' },
  ...{ commercial_partner_id: 'P Co', country_id: 'Germany', lang: 'en_US', partner_share: true },
  ...{ peppol_eas: '9930', peppol_endpoint: 'DE136695976', vat: 'DE136695976', trust: 'normal' },
  ...{ property_account_payable_id: 'Account Payable', property_account_receivable_id: 'Account Receivable' },
  ...{ property_stock_customer: 'Customers', property_stock_supplier: 'Vendors' },
  ...{ street: 'S 1', type: 'contact', zip: '12345' },
};

const ORDER = {
  ...OURS,
  ...{ client_order_ref: 'P-ref', currency_id: 'USD', currency_rate: '1', date_order: 'time', name: 'S#' },
  ...{ fiscal_position_id: 'Foreign Trade', picking_policy: 'direct', prepayment_percent: '1' },
  ...{ partner_id: 'P Co', partner_invoice_id: 'P Co', partner_shipping_id: 'P Co', require_signature: true },
  ...{ team_id: 'Sales', user_id: 'Administrator', validity_date: 'day 30', warehouse_id: 'My Company' },
};

const PICKING = {
  ...OURS,
  ...{ date_deadline: 'time', scheduled_date: 'time', is_locked: true, move_type: 'direct', priority: '0' },
  ...{
    location_id: 'WH/Stock',
    location_dest_id: 'Customers',
    name: 'WH/OUT/#',
    origin: 'S#',
    sale_id: 'S#',
  },
  ...{ partner_id: 'P Co', picking_type_id: 'My Company: Delivery Orders' },
};

const MOVE = {
  ...OURS,
  ...{ date: 'time', packaging_uom_id: 'Units', product_uom: 'Units', priority: '0', sequence: 10 },
  ...{ procure_method: 'make_to_stock', product_id: '[P-W] P W', to_refund: true },
};

const DELIVERED = {
  ...MOVE,
  ...{ date_deadline: 'time', location_id: 'WH/Stock', location_dest_id: 'Customers' },
  ...{ location_final_id: 'Customers', origin: 'S#', partner_id: 'P Co', picking_id: 'WH/OUT/#' },
  ...{ picking_type_id: 'My Company: Delivery Orders', reference: 'WH/OUT/#', reservation_date: 'day 0' },
  ...{ rule_id: 'WH: Stock → Customers', sale_line_id: 'S# - [P-W] P W (P-co)', value: '9' },
  warehouse_id: 'My Company',
};

/** So many pieces of 1.5 kg. */
const pieces = (count: number, weight: string) => ({
  ...{ packaging_uom_qty: String(count), product_qty: String(count), product_uom_qty: String(count) },
  ...{ quantity: String(count), weight },
});

const DOCUMENT = {
  ...OURS,
  ...{ auto_post: 'no', commercial_partner_id: 'P Co', currency_id: 'USD', date: 'day 0' },
  ...{ fiscal_position_id: 'Foreign Trade', invoice_currency_rate: '1', invoice_date_due: 'day 0' },
  ...{ invoice_user_id: 'Administrator', journal_id: 'Sales', payment_state: 'not_paid', team_id: 'Sales' },
};

const PRODUCT = { ...LOG, active: true, combination_indices: '' };

const TEMPLATE = {
  ...LOG,
  ...{ active: true, default_code: 'P-W', expense_policy: 'no', invoice_policy: 'order', is_storable: true },
  ...{ list_price: '10', lot_sequence_id: 'Serial Numbers', name: 'P W', purchase_ok: true, sale_ok: true },
  ...{ property_stock_inventory: 'Inventory adjustment', property_stock_production: 'Production' },
  ...{ responsible_id: 'Administrator', sequence: 1, service_tracking: 'no', service_type: 'manual' },
  ...{ tracking: 'none', type: 'consu', uom_id: 'Units', weight: '1.5' },
};

/** In place of the suite's prefix stands P, of a document's number #, of a day its distance from the record's making. */
export const SAID: Readonly<Record<string, Readonly<Record<string, Said>>>> = {
  'res.partner': {
    company: {
      ...PARTNER,
      ...{ complete_name: 'P Co', customer_rank: 1, is_company: true, name: 'P Co', ref: 'P-co' },
      ...{ phone: '+49 30 1234567', phone_sanitized: '+49 30 1234567' },
    },
    contact: { ...PARTNER, complete_name: 'P Co, P Contact', name: 'P Contact', parent_id: 'P Co' },
  },
  'product.product': {
    goods: {
      ...PRODUCT,
      ...{ default_code: 'P-W', product_tmpl_id: '[P-W] P W', standard_price: '3', weight: '1.5' },
    },
    service: { ...PRODUCT, default_code: 'P-S', product_tmpl_id: '[P-S] P S' },
  },
  'product.template': { template: TEMPLATE },
  'sale.order': {
    quotation: {
      ...ORDER,
      ...{
        amount_tax: '1.9',
        amount_total: '11.9',
        amount_untaxed: '10',
        invoice_status: 'no',
        state: 'draft',
      },
    },
    sale: {
      ...ORDER,
      ...{ amount_tax: '7.6', amount_total: '47.6', amount_untaxed: '40', invoice_status: 'invoiced' },
      ...{ delivery_status: 'partial', effective_date: 'time', shipping_weight: '6', state: 'sale' },
    },
  },
  'stock.picking': {
    done: { ...PICKING, date_done: 'time', shipping_weight: '4.5', state: 'done', weight: '4.5' },
    open: { ...PICKING, backorder_id: 'WH/OUT/#', shipping_weight: '1.5', state: 'assigned', weight: '1.5' },
  },
  'stock.quant': {
    here: {
      ...OURS,
      ...{ in_date: 'time', inventory_date: 'end of year', location_id: 'WH/Stock', product_id: '[P-W] P W' },
      ...{ quantity: '7', reserved_quantity: '1' },
    },
  },
  'stock.move': {
    count: {
      ...{
        ...MOVE,
        ...pieces(10, '15'),
        is_in: true,
        is_inventory: true,
        picked: true,
        propagate_cancel: true,
      },
      ...{ location_id: 'Inventory adjustment', location_dest_id: 'WH/Stock', state: 'done', value: '30' },
      reference: 'Product Quantity Updated (Administrator)',
    },
    done: { ...DELIVERED, ...pieces(3, '4.5'), is_out: true, picked: true, state: 'done' },
    // What is left over keeps the value of what has left.
    open: { ...DELIVERED, ...pieces(1, '1.5'), state: 'assigned' },
  },
  'account.move': {
    invoice: {
      ...DOCUMENT,
      ...{
        amount_residual: '47.6',
        amount_residual_signed: '47.6',
        amount_tax: '7.6',
        amount_tax_signed: '7.6',
      },
      ...{ amount_total: '47.6', amount_total_in_currency_signed: '47.6', amount_total_signed: '47.6' },
      ...{ amount_untaxed: '40', amount_untaxed_in_currency_signed: '40', amount_untaxed_signed: '40' },
      ...{ checked: true, delivery_date: 'day 0', invoice_date: 'day 0', invoice_origin: 'S#' },
      ...{
        invoice_partner_display_name: 'P Co',
        move_type: 'out_invoice',
        name: 'INV/#',
        partner_id: 'P Co',
      },
      ...{ partner_shipping_id: 'P Co', payment_reference: 'INV/#', posted_before: true, ref: 'P-ref' },
      ...{ sequence_number: '#', sequence_prefix: 'INV/year/', state: 'posted' },
    },
    credit: {
      ...DOCUMENT,
      ...{ amount_residual: '5', amount_residual_signed: '-5', amount_total: '5', amount_total_signed: '-5' },
      ...{ amount_total_in_currency_signed: '-5', amount_untaxed: '5', amount_untaxed_signed: '-5' },
      ...{ amount_untaxed_in_currency_signed: '-5', invoice_partner_display_name: 'P Co, P Contact' },
      ...{ move_type: 'out_refund', partner_id: 'P Co, P Contact', partner_shipping_id: 'P Co, P Contact' },
      ...{ sequence_prefix: '', state: 'draft' },
    },
  },
};

const DAY = 86_400_000;

/** A value as SAID has it. */
export function asSaid(name: string, value: unknown, prefix: string, made: string): unknown {
  if (name === 'sequence_number') return '#';
  const text = typeof value === 'object' && value !== null && 'name' in value ? value.name : value;
  if (typeof text !== 'string') return text;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return 'time';
  if (name === 'inventory_date' && text.endsWith('-12-31')) return 'end of year';
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    return `day ${(Date.parse(text) - Date.parse(made.slice(0, 10))) / DAY}`;
  }
  return text
    .replaceAll(prefix, 'P')
    .replace(/\bS\d{5}\b/, 'S#')
    .replace(/\bWH\/OUT\/\d{5}\b/, 'WH/OUT/#')
    .replace(/\bINV\/\d{4}\/\d{5}\b/, 'INV/#')
    .replace(/^INV\/\d{4}\/$/, 'INV/year/');
}
