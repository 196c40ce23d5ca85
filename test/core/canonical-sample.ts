import type { CanonicalOrder, OrderLine } from '../../core/canonical';

/** All of a type's fields, to the bottom: what a sample must have to cover the types. */
export type Deep<T> = T extends readonly (infer Item)[]
  ? Deep<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { -readonly [Key in keyof T]-?: Deep<NonNullable<T[Key]>> }
    : T;

/** Line of an order with every field but its parent: the sample has one line, and no line is its own parent. */
type FullLine = Omit<Deep<OrderLine>, 'parentLineId'>;

export type FullOrder = Omit<Deep<CanonicalOrder>, 'lines'> & { lines: FullLine[] };

export const address = {
  name: 'Goods in',
  line1: '1 Example Street',
  line2: 'Gate 4',
  line3: 'Building B',
  city: 'Berlin',
  region: 'BE',
  postalCode: '10115',
  countryCode: 'DE',
  phone: '+49 30 000000',
  email: 'goods-in@example.com',
  gln: '4012345000009',
};

const period = () => ({ from: '2026-11-25T00:00:00Z', to: '2026-11-27T23:00:00Z' });

export const party = () => ({
  name: 'Example Hardware Ltd',
  identifiers: [{ scheme: 'vat', value: 'DE123456789' }],
  email: 'orders@example.com',
  phone: '+49 30 000000',
  address: { ...address },
});

export const provenance = () => ({
  system: 'shopify',
  partnerId: 'acme',
  externalId: '450789469',
  externalVersion: '2026-07',
  receivedAt: '2026-11-23T10:00:02Z',
  rawRef: 'inbox:42',
  mappingVersion: 'shopify-order@1.0.0',
});

/** A valid order with every field that the types know; its totals foot. */
export function fullOrder(): FullOrder {
  return {
    id: 'shop-eu:acme.example:450789469',
    schemaVersion: '1.0',
    kind: '220',
    channel: 'shop-eu',
    account: 'acme.example',
    externalId: '450789469',
    externalRevision: '3',
    orderNumber: '#1001',
    sellerOrderNumber: 'S00042',
    issuedAt: '2026-11-23T10:00:00Z',
    currency: 'EUR',
    pricesIncludeTax: false,
    parties: { buyer: party(), shipTo: party(), billTo: party(), seller: party(), endCustomer: party() },
    requestedShip: period(),
    requestedDelivery: period(),
    promisedAt: '2026-11-26T16:00:00Z',
    cancelAfter: '2026-12-01T00:00:00Z',
    incoterm: 'DAP',
    paymentTerms: {
      code: '30D',
      text: '30 days net, 2 % within 10 days',
      netDays: 30,
      discountPercent: '2',
      discountDays: 10,
    },
    payment: { status: 'partiallyPaid', method: 'card', paid: '7.33' },
    shipping: {
      service: 'Standard',
      carrierCode: 'DHL',
      account: '1Z-A1B2C3',
      pickupPoint: { code: '4112-DE', name: 'Packstation 112', address: { ...address } },
    },
    warehouseHint: 'main',
    priority: 'normal',
    holds: [
      {
        code: 'credit',
        reason: 'Credit limit exceeded',
        by: 'system:credit-gate',
        at: '2026-11-23T10:01:00Z',
        releasedAt: '2026-11-23T11:00:00Z',
      },
    ],
    lines: [
      {
        lineId: '1',
        externalLineId: '466157049',
        item: { identifiers: [{ scheme: 'sku', value: 'CD-TAPE-48' }], description: 'Packing tape 48 mm' },
        unit: 'C62',
        packQuantity: '12',
        quantity: {
          original: '4',
          current: '3',
          allocated: '1',
          shipped: '2',
          delivered: '1',
          returned: '1',
          cancelled: '1',
          invoiced: '2',
        },
        unitPrice: { amount: '10.00', baseQuantity: '1' },
        allowancesCharges: [
          {
            isCharge: false,
            reasonCode: '95',
            reason: 'Discount',
            amount: '2.00',
            taxes: [{ category: 'Z', rate: '0', amount: '0.00' }],
          },
        ],
        taxes: [{ category: 'S', rate: '19', amount: '5.32' }],
        requestedDelivery: period(),
        status: 'partiallyShipped',
      },
    ],
    allowancesCharges: [
      {
        isCharge: true,
        reasonCode: 'FC',
        reason: 'Standard',
        amount: '5.00',
        taxes: [{ category: 'S', rate: '19', amount: '0.95' }],
      },
      {
        isCharge: false,
        reasonCode: '95',
        reason: 'Bonus',
        amount: '1.00',
        taxes: [{ category: 'S', rate: '19', amount: '0.19' }],
      },
    ],
    totals: {
      lineExtension: '28.00',
      allowance: '1.00',
      charge: '5.00',
      taxExclusive: '32.00',
      tax: '6.08',
      taxInclusive: '38.08',
      prepaid: '7.33',
      rounding: '0.00',
      payable: '30.75',
    },
    notes: ['Please ring twice'],
    status: { order: 'received', fulfilment: 'none', payment: 'partiallyPaid', return: 'none' },
    events: [
      {
        at: '2026-11-23T10:00:05Z',
        axis: 'order',
        from: 'received',
        to: 'validated',
        cause: 'contract kept',
        actor: 'system:crossdock',
        lines: [{ lineId: '1', quantity: '3' }],
      },
    ],
    adjustments: [
      {
        adjustmentId: 'C-1',
        kind: 'cancellation',
        at: '2026-11-23T12:00:00Z',
        lines: [{ lineId: '1', quantity: '1' }],
        amount: '-11.90',
        reason: 'One too many',
        documentRef: 'ORDCHG-7',
      },
    ],
    provenance: provenance(),
    extensions: { shopify: { tags: 'wholesale' } },
  };
}
