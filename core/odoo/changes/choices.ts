/** Ready-made choices of what to watch, with the fields that integrations ask for first. */
import type { Watched } from './types';

export interface Choice {
  readonly watched: readonly Watched[];
  /** `products`: a message names the products whose stock has changed; else each change is a message. */
  readonly output: 'changes' | 'products';
  /** Whether records that are deleted matter. */
  readonly deletions: boolean;
}

const PARTY = [
  'name',
  'ref',
  'vat',
  'email',
  'phone',
  'street',
  'street2',
  'zip',
  'city',
  'state_id',
  'country_id',
];

function watched(model: string, fields: readonly string[], domain: readonly unknown[] = []): Watched {
  return { model, fields, domain, optionalFields: true };
}

export const CHOICES = {
  orders: {
    watched: [
      watched('sale.order', [
        'name',
        'state',
        'locked',
        'partner_id',
        'client_order_ref',
        'origin',
        'date_order',
        'commitment_date',
        'amount_total',
        'currency_id',
        'invoice_status',
        'delivery_status',
        'warehouse_id',
        'company_id',
      ]),
    ],
    output: 'changes',
    deletions: true,
  },
  pickings: {
    watched: [
      watched('stock.picking', [
        'name',
        'state',
        'origin',
        'picking_type_id',
        'picking_type_code',
        'partner_id',
        'sale_id',
        'backorder_id',
        'return_id',
        'carrier_id',
        'carrier_tracking_ref',
        'scheduled_date',
        'date_done',
        'company_id',
      ]),
    ],
    output: 'changes',
    deletions: true,
  },
  stock: {
    watched: [
      watched(
        'stock.quant',
        ['product_id', 'location_id', 'lot_id', 'quantity', 'reserved_quantity'],
        [['location_id.usage', 'in', ['internal', 'transit']]],
      ),
      watched(
        'stock.move',
        ['product_id', 'state', 'location_id', 'location_dest_id', 'product_uom_qty'],
        [['state', '!=', 'draft']],
      ),
    ],
    output: 'products',
    // An empty quant is deleted after it was emptied, and its move has said so.
    deletions: false,
  },
  invoices: {
    watched: [
      watched(
        'account.move',
        [
          'name',
          'move_type',
          'state',
          'payment_state',
          'ref',
          'invoice_origin',
          'partner_id',
          'invoice_date',
          'invoice_date_due',
          'amount_total',
          'amount_residual',
          'currency_id',
          'company_id',
        ],
        [['move_type', 'in', ['out_invoice', 'out_refund']]],
      ),
    ],
    output: 'changes',
    deletions: true,
  },
  products: {
    watched: [
      watched('product.product', [
        'default_code',
        'barcode',
        'name',
        'active',
        'product_tmpl_id',
        'categ_id',
        'uom_id',
        'list_price',
        'sale_ok',
        'weight',
        'company_id',
      ]),
    ],
    output: 'changes',
    deletions: true,
  },
  partners: {
    watched: [watched('res.partner', [...PARTY, 'is_company', 'parent_id', 'type', 'active', 'company_id'])],
    output: 'changes',
    deletions: true,
  },
} as const satisfies Readonly<Record<string, Choice>>;

export type ChoiceName = keyof typeof CHOICES;
export const CHOICE_NAMES = Object.keys(CHOICES) as readonly ChoiceName[];
