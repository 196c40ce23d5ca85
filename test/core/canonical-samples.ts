/** One valid sample per canonical object, with every field that the types know; all checks hold. */
import type {
  CanonicalOrder,
  CanonicalParty,
  CanonicalReturn,
  InventoryAdjustment,
  InventoryLevel,
  Invoice,
  OrderResponse,
  ProductCrossReference,
  Shipment,
} from '../../core/canonical';
import { address, type Deep, fullOrder, party, provenance } from './canonical-sample';

export type Full = {
  order: Deep<CanonicalOrder>;
  'order-response': Deep<OrderResponse>;
  'inventory-level': Deep<InventoryLevel>;
  'inventory-adjustment': Deep<InventoryAdjustment>;
  shipment: Deep<Shipment>;
  return: Deep<CanonicalReturn>;
  invoice: Deep<Invoice>;
  'product-cross-reference': Deep<ProductCrossReference>;
  party: Deep<CanonicalParty>;
};

const item = () => ({
  identifiers: [{ scheme: 'sku', value: 'CD-TAPE-48' }],
  description: 'Packing tape 48 mm',
});
const orderRef = () => ({
  id: 'shop-eu:acme.example:450789469',
  externalId: '450789469',
  orderNumber: '#1001',
});
const period = () => ({ from: '2026-11-25T00:00:00Z', to: '2026-11-27T23:00:00Z' });
const weight = () => ({ value: '12.5', unit: 'KGM' });
const dimensions = () => ({ length: '60', width: '40', height: '30', unit: 'CMT' });
const extensions = () => ({ shopify: { tags: 'wholesale' } });
const location = (code: string) => ({
  code,
  name: 'Main warehouse',
  gln: '4012345000009',
  odooWarehouseId: 1,
  odooLocationId: 8,
  kind: 'warehouse' as const,
});
const place = () => ({
  code: 'main',
  name: 'Main warehouse',
  gln: '4012345000009',
  identifiers: [{ scheme: 'odoo:stock.warehouse', value: '1' }],
  address: { ...address },
});
const tracking = () => ({
  number: '00340434161094042557',
  url: 'https://track.example.com/00340434161094042557',
});
const channel = () => ({ schemaVersion: '1.0' as const, channel: 'shop-eu', account: 'acme.example' });
const terms = () => ({
  code: '30D',
  text: '30 days net, 2 % within 10 days',
  netDays: 30,
  discountPercent: '2',
  discountDays: 10,
});

/** The full order and a part of its first line, free of charge. */
function orderWithPart(): Full['order'] {
  const order = fullOrder();
  const [line] = order.lines;
  if (line === undefined) throw new Error('the sample has a line');
  const part = {
    ...line,
    lineId: '2',
    parentLineId: '1',
    quantity: { ...line.quantity },
    unitPrice: { amount: '0.00', baseQuantity: '1' },
    allowancesCharges: [],
    taxes: [],
  };
  return { ...order, lines: [line as Full['order']['lines'][number], part] };
}

function orderResponse(): Full['order-response'] {
  return {
    ...channel(),
    responseId: 'S00042-R1',
    orderRef: orderRef(),
    sellerOrderNumber: 'S00042',
    issuedAt: '2026-11-23T12:00:00Z',
    code: 'CA',
    currency: 'EUR',
    reason: 'One line is short',
    lines: [
      {
        orderLineId: '1',
        code: '3',
        item: item(),
        substitute: item(),
        unit: 'C62',
        quantity: { ordered: '3', confirmed: '2', backordered: '1', cancelled: '0' },
        unitPrice: { amount: '10.00', baseQuantity: '1' },
        promisedShip: period(),
        promisedDelivery: period(),
        reason: 'Out of stock until December',
      },
    ],
    totals: { taxExclusive: '20.00', tax: '3.80', taxInclusive: '23.80' },
    notes: ['The rest follows next week'],
    provenance: provenance(),
    extensions: extensions(),
  };
}

function inventoryLevel(): Full['inventory-level'] {
  return {
    schemaVersion: '1.0',
    item: item(),
    location: location('main'),
    asOf: '2026-11-23T08:15:00Z',
    sequence: 42,
    staleSince: '2026-11-23T06:15:00Z',
    unit: 'C62',
    onHand: '60',
    reserved: '18',
    unavailable: '2',
    available: '40',
    demand: '5',
    incoming: '100',
    forecast: '137',
    buffer: '2',
    published: '38',
    condition: 'sellable',
    lot: 'L2026-11',
    expiry: '2027-05-31',
    authority: 'odoo:main',
    provenance: provenance(),
    extensions: extensions(),
  };
}

function inventoryAdjustment(): Full['inventory-adjustment'] {
  return {
    schemaVersion: '1.0',
    adjustmentId: 'WH/ADJ/00017-1',
    item: item(),
    location: location('main'),
    toLocation: location('store-7'),
    unit: 'C62',
    mode: 'delta',
    quantity: '-2',
    previous: '60',
    resulting: '58',
    condition: 'sellable',
    reason: 'transfer',
    reasonText: 'To the shop',
    documentRef: 'INT/00009',
    lot: 'L2026-11',
    serials: ['SN-0001', 'SN-0002'],
    expiry: '2027-05-31',
    occurredAt: '2026-11-23T08:15:00Z',
    approvedBy: 'j.doe',
    authority: 'odoo:main',
    notes: ['Urgent'],
    provenance: provenance(),
    extensions: extensions(),
  };
}

function shipment(): Full['shipment'] {
  return {
    ...channel(),
    shipmentId: 'WH/OUT/00042',
    kind: '351',
    orderRefs: [orderRef()],
    issuedAt: '2026-11-24T16:05:00Z',
    shippedAt: '2026-11-24T16:00:00Z',
    expectedAt: '2026-11-26T12:00:00Z',
    deliveredAt: '2026-11-26T10:12:00Z',
    carrier: { scac: 'UPSN', code: 'ups', name: 'UPS', service: 'Ground' },
    tracking: [tracking()],
    bol: 'BOL-778812',
    from: place(),
    to: place(),
    lines: [
      {
        lineId: '1',
        orderRef: orderRef(),
        orderLineId: '1',
        item: item(),
        unit: 'C62',
        quantity: '2',
        ordered: '3',
        backordered: '1',
        received: '2',
      },
    ],
    packages: [
      {
        packageId: 'CARTON-1',
        sscc: '340123450000000018',
        parentPackageId: 'PALLET-1',
        parentSscc: '340123450000000025',
        type: 'CT',
        weight: weight(),
        dimensions: dimensions(),
        tracking: tracking(),
        contents: [
          {
            lineId: '1',
            quantity: '2',
            lot: 'L2026-11',
            serials: ['SN-0001', 'SN-0002'],
            expiry: '2027-05-31',
          },
        ],
      },
      {
        packageId: 'PALLET-1',
        sscc: '340123450000000025',
        type: 'PX',
        contents: [],
      } as unknown as Full['shipment']['packages'][number],
    ],
    totals: { packages: 1, weight: weight() },
    status: 'delivered',
    milestones: [
      {
        code: 'delivered',
        at: '2026-11-26T10:12:00Z',
        reportedAt: '2026-11-26T10:13:00Z',
        place: 'Berlin, DE',
        rawCode: 'D1',
        note: 'Left with the neighbour',
        packageId: 'CARTON-1',
      },
    ],
    notes: ['Leave at gate 4'],
    provenance: provenance(),
    extensions: extensions(),
  };
}

function returned(): Full['return'] {
  return {
    ...channel(),
    returnId: 'R-1',
    orderRef: orderRef(),
    shipmentRef: 'WH/OUT/00042',
    requestedAt: '2026-11-29T18:00:00Z',
    reason: 'damaged',
    reasonText: 'The box was crushed',
    remedy: 'refund',
    currency: 'EUR',
    lines: [
      {
        lineId: '1',
        orderLineId: '1',
        item: item(),
        unit: 'C62',
        quantity: { requested: '2', authorised: '2', received: '2', accepted: '1', rejected: '1' },
        reason: 'damaged',
        condition: 'opened',
        disposition: 'restock',
        lot: 'L2026-11',
        serials: ['SN-0001', 'SN-0002'],
        refund: { amount: '11.90', tax: '1.90' },
      },
    ],
    label: { carrier: 'DHL', tracking: '00340434161094042564', url: 'https://labels.example.com/R-1' },
    refund: {
      refundId: '509562969',
      amount: '16.80',
      tax: '2.68',
      adjustments: [{ reasonCode: 'freight', reason: 'Shipping refund', amount: '4.90', tax: '0.78' }],
      at: '2026-11-30T09:00:00Z',
      method: 'card',
      creditNoteRef: 'RINV/2026/00007',
    },
    status: 'refunded',
    notes: ['Please send a new one first'],
    provenance: provenance(),
    extensions: extensions(),
  };
}

function invoice(): Full['invoice'] {
  const span = () => ({ from: '2026-11-01', to: '2026-11-30' });
  return {
    ...channel(),
    number: 'INV/2026/00042',
    kind: '380',
    issuedOn: '2026-11-25',
    dueOn: '2026-12-25',
    taxPointOn: '2026-11-24',
    period: span(),
    currency: 'EUR',
    seller: party(),
    buyer: party(),
    payee: party(),
    deliverTo: party(),
    deliveredOn: '2026-11-24',
    buyerReference: '04011000-12345-03',
    orderRefs: [orderRef()],
    despatchRefs: ['WH/OUT/00042'],
    precedingInvoices: [{ number: 'INV/2026/00040', issuedOn: '2026-10-31' }],
    paymentTerms: terms(),
    paymentMeans: [
      { code: '58', iban: 'DE02120300000000202051', bic: 'BYLADEM1001', remittance: 'INV/2026/00042' },
    ],
    lines: [
      {
        lineId: '1',
        note: 'Second delivery',
        orderRef: orderRef(),
        orderLineId: '1',
        item: item(),
        unit: 'C62',
        quantity: '3',
        unitPrice: { amount: '10.00', baseQuantity: '1' },
        allowancesCharges: [
          {
            isCharge: false,
            reasonCode: '95',
            reason: 'Discount',
            amount: '2.00',
            baseAmount: '100.00',
            percent: '2',
          },
        ],
        netAmount: '28.00',
        category: 'S',
        rate: '19',
        period: span(),
      },
    ],
    allowancesCharges: [
      {
        isCharge: true,
        reasonCode: 'FC',
        reason: 'Freight',
        amount: '5.00',
        baseAmount: '50.00',
        percent: '10',
        category: 'S',
        rate: '19',
      },
      {
        isCharge: false,
        reasonCode: '95',
        reason: 'Bonus',
        amount: '1.00',
        baseAmount: '100.00',
        percent: '1',
        category: 'S',
        rate: '7',
      },
      {
        isCharge: true,
        reasonCode: 'FC',
        reason: 'Insurance',
        amount: '21.00',
        baseAmount: '210.00',
        percent: '10',
        category: 'S',
        rate: '7',
      },
      {
        isCharge: true,
        reasonCode: 'FC',
        reason: 'Post',
        amount: '4.00',
        baseAmount: '40.00',
        percent: '10',
        category: 'E',
        rate: '0',
      },
    ],
    taxBreakdown: [
      { category: 'S', rate: '19', taxable: '33.00', tax: '6.27' },
      { category: 'S', rate: '7', taxable: '20.00', tax: '1.40' },
      {
        category: 'E',
        rate: '0',
        taxable: '4.00',
        tax: '0.00',
        exemptionReason: 'Universal postal service',
        exemptionCode: 'VATEX-EU-132-1A',
      },
    ] as unknown as Full['invoice']['taxBreakdown'],
    totals: {
      lineExtension: '28.00',
      allowance: '1.00',
      charge: '30.00',
      taxExclusive: '57.00',
      tax: '7.67',
      taxInclusive: '64.67',
      prepaid: '10.00',
      rounding: '0.03',
      payable: '54.70',
    },
    status: 'posted',
    notes: ['Thank you'],
    provenance: provenance(),
    extensions: extensions(),
  };
}

function productCrossReference(): Full['product-cross-reference'] {
  return {
    schemaVersion: '1.0',
    productId: 'CD-TAPE-48',
    description: 'Packing tape 48 mm',
    identifiers: [
      {
        scheme: 'buyerSku',
        value: '4711-A',
        partnerId: 'acme',
        packLevel: 'case',
        unit: 'XCT',
        quantityPerUnit: '12',
        validFrom: '2026-01-01T00:00:00Z',
        validTo: '2027-01-01T00:00:00Z',
        status: 'active',
        confidence: 0.92,
      },
    ],
    baseUnit: 'C62',
    packHierarchy: [
      {
        unit: 'XCT',
        quantityInBase: '12',
        gtin: '04012345678901',
        dimensions: dimensions(),
        weight: weight(),
      },
    ],
    lotTracked: false,
    catchWeight: false,
    steward: 'master-data',
    status: 'active',
    provenance: provenance(),
    extensions: extensions(),
  };
}

function tradingParty(): Full['party'] {
  const validity = { validFrom: '2026-01-01T00:00:00Z', validTo: '2027-01-01T00:00:00Z' };
  return {
    schemaVersion: '1.0',
    partyId: 'acme',
    roles: ['customer'],
    legalName: 'Example Hardware Ltd',
    tradingName: 'Example Hardware',
    identifiers: [{ scheme: 'gln', value: '4012345000009', partnerId: 'acme', ...validity }],
    addresses: [
      { addressId: 'dock-4', usage: ['shipping'], address: { ...address }, primary: true, ...validity },
    ],
    contacts: [
      {
        name: 'Order desk',
        role: 'orders',
        email: 'orders@example.com',
        phone: '+49 30 000000',
        language: 'de-DE',
      },
    ],
    language: 'de-DE',
    currency: 'EUR',
    paymentTerms: terms(),
    pricelist: 'wholesale-eu',
    creditPolicy: {
      limit: '5000.00',
      exposure: '1240.50',
      currency: 'EUR',
      asOf: '2026-11-23T06:00:00Z',
      onExceed: 'hold',
    },
    ediProfile: {
      standard: 'edifact',
      version: 'D96A',
      senderId: '4012345000009',
      qualifier: '14',
      testIndicator: false,
      ackPolicy: 'functional',
    },
    odooPartnerId: 42,
    commercialParentId: 'acme-holding',
    status: 'active',
    provenance: provenance(),
    extensions: extensions(),
  };
}

const SAMPLES: { readonly [Name in keyof Full]: () => Full[Name] } = {
  order: orderWithPart,
  'order-response': orderResponse,
  'inventory-level': inventoryLevel,
  'inventory-adjustment': inventoryAdjustment,
  shipment,
  return: returned,
  invoice,
  'product-cross-reference': productCrossReference,
  party: tradingParty,
};

export const CONTRACT_NAMES = Object.keys(SAMPLES) as (keyof Full)[];

/** A fresh sample of a canonical object. */
export function sampleOf<Name extends keyof Full>(name: Name): Full[Name] {
  return SAMPLES[name]();
}
