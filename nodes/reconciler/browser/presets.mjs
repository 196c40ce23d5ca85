/** Where the ready-made comparisons look, as core/reconcile/presets.ts has it. */
export const presets = {
  inventory: {
    keyLabel: 'SKU',
    key: 'sku|item.identifiers[scheme=sku].value',
    fields: [{ path: 'onHand', type: 'quantity', unitPath: 'unit', unit: 'C62' }],
  },
  orders: {
    keyLabel: 'Order',
    key: 'orderNumber|client_order_ref',
    fields: [
      {
        path: 'totals.taxInclusive|amount_total|total',
        label: 'total',
        type: 'money',
        unitPath: 'currency',
        toleranceAbsolute: '0.01',
      },
      {
        path: 'status.order|state|status',
        label: 'status',
        type: 'status',
        words:
          'received, validated, draft, sent, onHold; accepted, released, inFulfilment, sale, confirmed; completed, closed, done; cancelled, rejected, cancel',
      },
    ],
  },
  shipments: {
    keyLabel: 'Shipment',
    key: 'shipmentId|name',
    fields: [
      {
        path: 'status|state',
        label: 'status',
        type: 'status',
        words:
          'labelCreated, draft, waiting, confirmed, assigned; pickedUp, inTransit, atHub, outForDelivery, done, shipped; delivered; cancelled, cancel',
      },
    ],
  },
  invoices: {
    keyLabel: 'Invoice',
    key: 'number|name',
    fields: [
      {
        path: 'totals.taxInclusive|amount_total|total',
        label: 'total',
        type: 'money',
        unitPath: 'currency',
        toleranceAbsolute: '0.01',
      },
      {
        path: 'status|payment_state',
        label: 'status',
        type: 'status',
        words:
          'draft; posted, sent, not_paid; partiallyPaid, partial; paid, in_payment; reversed; cancelled, cancel',
      },
    ],
  },
  custom: { keyLabel: 'Key', key: 'id', fields: [] },
};
