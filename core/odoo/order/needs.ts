/** The fields of Odoo that orders need, looked up before anything is written (client/fields). */
import { type Fields, requireFields } from '../client/fields';
import type { OdooClient } from '../client/types';

const REQUIRED = {
  order: [
    ...[
      'name',
      'state',
      'partner_id',
      'partner_shipping_id',
      'partner_invoice_id',
      'client_order_ref',
      'origin',
    ],
    ...[
      'date_order',
      'note',
      'commitment_date',
      'pricelist_id',
      'currency_id',
      'currency_rate',
      'amount_total',
    ],
    'order_line',
  ],
  orderLine: [
    ...['product_id', 'name', 'product_uom_qty', 'price_unit', 'discount', 'taxes', 'unit', 'display_type'],
    ...['price_subtotal', 'price_total', 'qty_delivered', 'qty_invoiced'],
  ],
} as const;

/** What apps bring along; without them an order goes in without it, or is held (terms), or the status says less. */
const OPTIONAL = {
  order: [
    ...['payment_term_id', 'carrier_id', 'warehouse_id', 'incoterm', 'tag_ids'],
    ...['delivery_status', 'picking_ids', 'invoice_ids'],
  ],
} as const;

/** Rejects with ODOO_FIELD_MISSING or ODOO_MODEL_MISSING (permanent) by name; as OdooClient.call. */
export function orderFields(client: OdooClient): Promise<Fields> {
  return requireFields(client, REQUIRED, OPTIONAL);
}
