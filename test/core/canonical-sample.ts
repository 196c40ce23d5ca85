import type { CanonicalOrder } from '../../core/canonical';

/** All of a type's fields, to the bottom: what a sample must have to cover the types. */
type Deep<T> = T extends readonly (infer Item)[]
  ? Deep<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]-?: Deep<NonNullable<T[Key]>> }
    : T;

export type FullOrder = Deep<Omit<CanonicalOrder, 'extensions'>> & { extensions: Record<string, unknown> };

const address = {
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
};

const party = () => ({
  name: 'Example Hardware Ltd',
  identifiers: [{ scheme: 'vat', value: 'DE123456789' }],
  email: 'orders@example.com',
  phone: '+49 30 000000',
  address: { ...address },
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
    issuedAt: '2026-11-23T10:00:00Z',
    currency: 'EUR',
    pricesIncludeTax: false,
    parties: { buyer: party(), shipTo: party(), billTo: party() },
    requestedDelivery: { from: '2026-11-25T00:00:00Z', to: '2026-11-27T23:00:00Z' },
    payment: { status: 'partiallyPaid', method: 'card' },
    shipping: { service: 'Standard', carrierCode: 'DHL' },
    lines: [
      {
        lineId: '1',
        externalLineId: '466157049',
        item: { identifiers: [{ scheme: 'sku', value: 'CD-TAPE-48' }], description: 'Packing tape 48 mm' },
        unit: 'C62',
        quantity: { original: '4', current: '3' },
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
      payable: '30.75',
    },
    notes: ['Please ring twice'],
    status: { order: 'received', fulfilment: 'none', payment: 'partiallyPaid', return: 'none' },
    provenance: {
      system: 'shopify',
      partnerId: 'acme',
      externalId: '450789469',
      externalVersion: '2026-07',
      receivedAt: '2026-11-23T10:00:02Z',
      mappingVersion: 'shopify-order@1.0.0',
    },
    extensions: { shopify: { tags: 'wholesale' } },
  };
}
