/** Sales orders and their invoices: what is to be charged, and the dialog that charges it. */
import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported, userError } from '../errors';
import { idList, type Model, num, str } from '../model';
import { roundHalfUp } from '../python';
import { insertRow, updateRow } from '../rows';
import { ACCOUNTS, documentsOf, invoicedOf, linesOf, refreshDocument } from './documents';
import { fiscalPositionOf } from './fiscal-position';

const policyOf = (env: Environment, line: Row): string => {
  const template = num(env.row('product.product', num(line.product_id)).product_tmpl_id);
  return str(env.row('product.template', template).invoice_policy) || 'order';
};

/** What Odoo would charge of a line now; negative: credit. */
export function toInvoice(env: Environment, line: Row): number {
  const order = env.row('sale.order', num(line.order_id));
  if (order.state !== 'sale' || !line.product_id) return 0;
  const base = policyOf(env, line) === 'order' ? num(line.product_uom_qty) : num(line.qty_delivered);
  return roundHalfUp(base - invoicedOf(env, num(line.id)), 2);
}

export function lineInvoiceStatus(env: Environment, line: Row): string {
  if (env.row('sale.order', num(line.order_id)).state !== 'sale') return 'no';
  if (toInvoice(env, line) !== 0) return 'to invoice';
  const ordered = num(line.product_uom_qty);
  if (line.product_id && policyOf(env, line) === 'order' && num(line.qty_delivered) > ordered)
    return 'upselling';
  return invoicedOf(env, num(line.id)) >= ordered ? 'invoiced' : 'no';
}

/** An order's state of invoicing, from its lines. */
export function orderInvoiceStatus(env: Environment, order: Row): string {
  if (order.state !== 'sale') return 'no';
  const lines = orderLines(env, num(order.id));
  const states = lines.map((line) => lineInvoiceStatus(env, line));
  if (states.includes('to invoice')) return 'to invoice';
  if (states.length > 0 && states.every((state) => state === 'invoiced')) return 'invoiced';
  return states.length > 0 && states.every((state) => state === 'invoiced' || state === 'upselling')
    ? 'upselling'
    : 'no';
}

const orderLines = (env: Environment, orderId: number): Row[] =>
  env.db.all('SELECT * FROM sale_order_line WHERE order_id = ? ORDER BY sequence, id', orderId);

/** What orders have in common when one invoice is made of them. */
const groupOf = (order: Row): string =>
  [order.company_id, order.partner_invoice_id, order.partner_shipping_id, order.currency_id].join(' ');

function createInvoices(env: Environment, orderIds: readonly number[], together: boolean): number[] {
  const groups = new Map<string, { order: Row; lines: Row[]; names: string[]; refs: string[] }>();
  for (const id of orderIds) {
    const order = env.row('sale.order', id);
    const lines = orderLines(env, id).filter((line) => toInvoice(env, line) !== 0);
    if (lines.length === 0) continue;
    const key = together ? groupOf(order) : String(id);
    const group = groups.get(key) ?? { order, lines: [], names: [], refs: [] };
    group.lines.push(...lines);
    group.names.push(str(order.name));
    group.refs.push(str(order.client_order_ref) || str(order.name));
    groups.set(key, group);
  }
  if (groups.size === 0 && env.context.raise_if_nothing_to_invoice !== false) {
    throw userError(
      "Cannot create an invoice. No items are available to invoice.\n\nTo resolve this issue, please ensure that:\n   \u2022 The products have been delivered before attempting to invoice them.\n   \u2022 The invoicing policy of the product is configured correctly.\n\nIf you want to invoice based on ordered quantities instead:\n   \u2022 For consumable or storable products, open the product, go to the 'General Information' tab and change the 'Invoicing Policy' from 'Delivered Quantities' to 'Ordered Quantities'.\n   \u2022 For services (and other products), change the 'Invoicing Policy' to 'Prepaid/Fixed Price'.\n",
    );
  }
  return [...groups.values()].map((group) => createInvoice(env, group));
}

function createInvoice(
  env: Environment,
  { order, lines, names, refs }: { order: Row; lines: Row[]; names: string[]; refs: string[] },
): number {
  const partner = num(order.partner_invoice_id);
  const id = insertRow(env, 'account_move', {
    ...{
      state: 'draft',
      move_type: 'out_invoice',
      payment_state: 'not_paid',
      is_move_sent: 0,
      auto_post: 'no',
    },
    ...{
      ref: [...new Set(refs)].join(', '),
      invoice_origin: [...new Set(names)].join(', '),
      date: env.now.slice(0, 10),
    },
    ...{
      partner_id: partner,
      commercial_partner_id: env.row('res.partner', partner).commercial_partner_id ?? partner,
    },
    fiscal_position_id: fiscalPositionOf(env, order) ?? fiscalPositionOf(env, { partner_id: partner }),
    ...{ partner_shipping_id: order.partner_shipping_id ?? null, currency_id: order.currency_id ?? null },
    ...{
      journal_id: 1,
      company_id: 1,
      invoice_user_id: order.user_id ?? null,
      delivery_date: order.effective_date ? str(order.effective_date).slice(0, 10) : null,
    },
    ...{ invoice_payment_term_id: order.payment_term_id ?? null, invoice_date_due: env.now.slice(0, 10) },
  });
  lines.forEach((line, index) => {
    insertRow(env, 'account_move_line', {
      ...{
        move_id: id,
        display_type: 'product',
        sequence: index,
        company_id: 1,
        account_id: ACCOUNTS.income,
      },
      ...{
        name: line.name ?? null,
        product_id: line.product_id ?? null,
        product_uom_id: line.product_uom_id ?? null,
      },
      ...{ quantity: toInvoice(env, line), price_unit: line.price_unit ?? 0, discount: line.discount ?? 0 },
      ...{ tax_ids: line.tax_ids ?? '[]', sale_line_ids: JSON.stringify([num(line.id)]) },
      ...{ partner_id: partner, currency_id: order.currency_id ?? null },
    });
  });
  refreshDocument(env, id);
  const move = env.row('account.move', id);
  if (num(move.amount_total) < 0) {
    // What comes to less than nothing becomes a credit note.
    for (const line of linesOf(env, id, 'product')) {
      updateRow(env, 'account_move_line', line, { quantity: -num(line.quantity) });
    }
    updateRow(env, 'account_move', move, { move_type: 'out_refund' });
    refreshDocument(env, id);
  }
  return id;
}

function actionOf(ids: readonly number[]): Record<string, unknown> {
  if (ids.length === 0) return { type: 'ir.actions.act_window_close' };
  const window = { type: 'ir.actions.act_window', res_model: 'account.move' };
  return ids.length === 1 ? { ...window, res_id: ids[0] } : { ...window, domain: [['id', 'in', ids]] };
}

export const invoiceDialog: Model = {
  name: 'sale.advance.payment.inv',
  table: 'sale_advance_payment_inv',
  title: 'Sales Advance Payment Invoice',
  order: 'id',
  columns: ['advance_payment_method', 'sale_order_ids', 'consolidated_billing', 'deduct_down_payments'],
  nameColumn: '',
  creatable: true,
  defaults(env, vals) {
    vals.advance_payment_method ??= 'delivered';
    if (vals.advance_payment_method !== 'delivered') throw notSupported('down payments');
    vals.sale_order_ids ??= [[6, 0, (env.context.active_ids as number[] | undefined) ?? []]];
    vals.consolidated_billing ??= true;
    vals.deduct_down_payments ??= true;
  },
  methods: {
    create_invoices: {
      params: [],
      run(env, ids) {
        const dialog = env.row('sale.advance.payment.inv', ids[0] ?? 0);
        const orders = idList(dialog.sale_order_ids);
        env.requireAll('sale.order', orders);
        const made = createInvoices(env, orders, Boolean(dialog.consolidated_billing));
        // With nothing to charge the real one shows what there is.
        return actionOf(made.length > 0 ? made : orders.flatMap((id) => documentsOf(env, id)));
      },
    },
  },
};
