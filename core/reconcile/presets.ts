/** What the ready-made comparisons look at, in canonical objects and in Odoo's rows alike: `a|b` is the first that is there. */
import type { CompareField } from './spec';
import type { About } from './types';

export interface Preset {
  readonly keyLabel: string;
  readonly key: readonly string[];
  readonly fields: readonly CompareField[];
  /** Where rows say when they came about or changed. */
  readonly time: string;
}

const ORDER_WORDS = [
  ['received', 'validated', 'draft', 'sent', 'onHold'],
  ['accepted', 'released', 'inFulfilment', 'sale', 'confirmed'],
  ['completed', 'closed', 'done'],
  ['cancelled', 'rejected', 'cancel'],
] as const;
const SHIPMENT_WORDS = [
  ['labelCreated', 'draft', 'waiting', 'confirmed', 'assigned'],
  ['pickedUp', 'inTransit', 'atHub', 'outForDelivery', 'done', 'shipped'],
  ['delivered'],
  ['cancelled', 'cancel'],
] as const;
const INVOICE_WORDS = [
  ['draft'],
  ['posted', 'sent', 'not_paid'],
  ['partiallyPaid', 'partial'],
  ['paid', 'in_payment'],
  ['reversed'],
  ['cancelled', 'cancel'],
] as const;

export const PRESETS: Readonly<Record<About, Preset>> = {
  inventory: {
    keyLabel: 'SKU',
    key: ['sku|item.identifiers[scheme=sku].value'],
    fields: [{ label: 'onHand', path: 'onHand', type: 'quantity', unitPath: 'unit', unit: 'C62' }],
    time: '',
  },
  orders: {
    keyLabel: 'Order',
    key: ['orderNumber|client_order_ref'],
    fields: [
      {
        label: 'total',
        path: 'totals.taxInclusive|amount_total|total',
        type: 'money',
        unitPath: 'currency',
        toleranceAbsolute: '0.01',
      },
      { label: 'status', path: 'status.order|state|status', type: 'status', words: ORDER_WORDS },
    ],
    time: 'issuedAt|date_order',
  },
  shipments: {
    keyLabel: 'Shipment',
    key: ['shipmentId|name'],
    fields: [{ label: 'status', path: 'status|state', type: 'status', words: SHIPMENT_WORDS }],
    time: 'shippedAt|date_done',
  },
  invoices: {
    keyLabel: 'Invoice',
    key: ['number|name'],
    fields: [
      {
        label: 'total',
        path: 'totals.taxInclusive|amount_total|total',
        type: 'money',
        unitPath: 'currency',
        toleranceAbsolute: '0.01',
      },
      { label: 'status', path: 'status|payment_state', type: 'status', words: INVOICE_WORDS },
    ],
    time: 'issuedOn|invoice_date',
  },
  custom: { keyLabel: 'Key', key: ['id'], fields: [], time: '' },
};
