import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical';
import { mapFixture } from './mapping-support';

const lines = (order: CanonicalOrder) =>
  order.lines.map(({ item, quantity, unitPrice, taxes, allowancesCharges }) =>
    [
      item.identifiers[0]?.value,
      `${quantity.current}/${quantity.original}`,
      unitPrice.amount,
      allowancesCharges.map((row) => `${row.isCharge ? '+' : '-'}${row.amount}`).join(' '),
      taxes.map((tax) => `${tax.category}${tax.rate}=${tax.amount}`).join(' '),
    ].join('|'),
  );
const extras = (order: CanonicalOrder) =>
  order.allowancesCharges.map(({ isCharge, reasonCode, reason, amount, taxes }) =>
    `${isCharge ? '+' : '-'}${amount} ${reasonCode} ${reason} ${taxes.map((tax) => `${tax.rate}=${tax.amount}`).join(' ')}`.trim(),
  );

describe('ready mapping shopify-order', () => {
  it('maps a plain order', async () => {
    const order = await mapFixture('shopify-basic');
    assert.equal(order.id, 'shop:main:6120000001001');
    assert.deepEqual(
      [order.orderNumber, order.issuedAt, order.currency],
      ['#1001', '2026-11-20T08:15:27Z', 'EUR'],
    );
    assert.deepEqual(lines(order), ['CD-TAPE-48|3/3|10.00||S19=5.70', 'CD-BOX-40|1/1|24.50||S19=4.66']);
    assert.deepEqual(extras(order), ['+4.90 FC DHL Paket 19=0.93']);
    assert.deepEqual(order.totals, {
      lineExtension: '54.50',
      allowance: '0.00',
      charge: '4.90',
      taxExclusive: '59.40',
      tax: '11.29',
      taxInclusive: '70.69',
      prepaid: '0.00',
      payable: '70.69',
    });
    assert.deepEqual(order.status, {
      order: 'received',
      fulfilment: 'none',
      payment: 'authorised',
      return: 'none',
    });
    assert.equal(order.parties.buyer.name, 'Lindqvist Werkstatt GmbH');
    assert.deepEqual(order.notes, ['Please deliver between 8 and 12.', 'Imprint: Fragile']);
    assert.deepEqual(order.provenance, {
      system: 'shopify',
      partnerId: 'acme',
      externalId: '6120000001001',
      receivedAt: '2026-11-23T10:00:00Z',
      mappingVersion: 'shopify-order@1.1.0',
    });
  });

  it('takes discounts off lines once, shipping after its discount, prices with tax', async () => {
    const order = await mapFixture('shopify-discount-shipping-taxincluded');
    assert.equal(order.pricesIncludeTax, true);
    assert.deepEqual(lines(order), [
      'CD-KNIFE-18|2/2|12.99|-2.60|S19=3.73',
      'CD-GUIDE-01|1/1|7.49|-0.75|S7=0.44',
    ]);
    assert.deepEqual(extras(order), []);
    assert.deepEqual(
      [order.totals.taxInclusive, order.totals.taxExclusive, order.totals.payable],
      ['30.12', '25.95', '0.00'],
    );
    assert.deepEqual(order.notes, ['gift_message: Alles Gute zum Jubiläum!']);
  });

  it('takes current quantities and totals after an edit, keeps removed lines with 0', async () => {
    const order = await mapFixture('shopify-edited');
    assert.deepEqual(lines(order), [
      'CD-STRETCH-50|3/5|20.00|-6.00|S19=10.26',
      'CD-FOIL-30|0/2|15.00||S19=0.00',
      'CD-LABEL-A6|1/1|8.00||S19=1.52',
    ]);
    assert.deepEqual([order.totals.taxInclusive, order.status.payment], ['80.92', 'partiallyRefunded']);
  });

  it('takes shop money of two currencies, duties as a charge, and countries by name', async () => {
    const order = await mapFixture('shopify-multicurrency');
    assert.equal(order.currency, 'EUR');
    assert.deepEqual(lines(order), ['CD-PUMP-2|2/2|40.00||']);
    assert.deepEqual(extras(order), ['+12.00 FC UPS Worldwide', '+3.50 ZZZ Duties']);
    assert.equal(order.parties.shipTo.address?.countryCode, 'US');
    assert.deepEqual(order.extensions, {
      shopify: {
        presentmentCurrency: 'USD',
        presentmentTotal: '103.14',
        purchaseOrderNumber: 'PO-77812',
        sourceName: 'web',
        tags: 'wholesale, export',
      },
    });
  });

  it('maps a counter sale without customer and addresses; a tip is a charge', async () => {
    const order = await mapFixture('shopify-pos-tip');
    assert.deepEqual(order.parties, {
      buyer: { name: 'Guest', identifiers: [] },
      shipTo: { name: 'Guest', identifiers: [] },
    });
    assert.deepEqual(lines(order), ['CD-TAPEGUN-1|1/1|19.99||S19=3.19']);
    assert.deepEqual(extras(order), ['+2.00 ZZZ Tip']);
  });

  it('maps the old shape in a root key: taxes of the whole order shared out, discount on the order', async () => {
    const order = await mapFixture('shopify-legacy-wrapped');
    assert.deepEqual(lines(order), ['CD-RACK-5|2/2|50.00||S10=10.00', 'CD-HOOK-10|1/1|25.00||S10=2.50']);
    assert.deepEqual(extras(order), ['+5.00 FC Ground', '-10.00 95 TENOFF 10=1.00']);
    assert.deepEqual([order.totals.taxInclusive, order.totals.lineExtension], ['131.50', '125.00']);
  });

  it('survives what shops leave out', async () => {
    const order = await mapFixture('shopify-basic', (body) => {
      for (const field of [
        'customer',
        'shipping_address',
        'note',
        'note_attributes',
        'tax_lines',
        'discount_codes',
        'refunds',
        'updated_at',
        'presentment_currency',
      ])
        delete body[field];
      body['billing_address'] = {
        first_name: 'Mara',
        last_name: null,
        zip: '20457',
        country: '',
        country_code: '',
      };
      body['email'] = '';
      body['contact_email'] = null;
    });
    assert.deepEqual(order.parties.buyer, {
      name: 'Mara',
      identifiers: [],
      address: { name: 'Mara', postalCode: '20457' },
    });
  });

  it('says that a cancelled order is to be cancelled', async () => {
    const order = await mapFixture('shopify-basic', (body) => {
      body['cancelled_at'] = '2026-11-20T10:00:00+01:00';
    });
    assert.equal(order.status.order, 'cancelRequested');
  });
});

describe('ready mapping woocommerce-order', () => {
  it('maps a plain order; times without zone are UTC, an empty shipping address is the billing one', async () => {
    const order = await mapFixture('woo-basic');
    assert.deepEqual(
      [order.id, order.issuedAt, order.externalRevision],
      ['shop:main:7301', '2026-11-20T09:02:11Z', '2026-11-20T09:02:40Z'],
    );
    assert.deepEqual(lines(order), ['CD-TAPE-48|2/2|10.00||S19=3.80', 'CD-BOX-40|1/1|5.50||S19=1.05']);
    assert.deepEqual(extras(order), ['+4.90 FC Flat rate 19=0.93']);
    assert.deepEqual(
      [order.totals.taxInclusive, order.totals.payable, order.status.payment],
      ['36.18', '36.18', 'unpaid'],
    );
    assert.deepEqual(order.parties.shipTo.address, order.parties.buyer.address);
    assert.equal(order.parties.buyer.address?.region, 'SN');
    assert.deepEqual(order.parties.buyer.identifiers, [
      { scheme: 'email', value: 'jonas.brandt@example.com' },
    ]);
  });

  it('adds tax back where prices include it; coupons, fees and negative fees', async () => {
    const order = await mapFixture('woo-discount-fee-tax');
    assert.equal(order.pricesIncludeTax, true);
    assert.deepEqual(lines(order), [
      'CD-KNIFE-18|3/3|9.99|-3.00|S19=4.31',
      'CD-GUIDE-01|1/1|21.40|-2.14|S7=1.26',
    ]);
    assert.deepEqual(extras(order), [
      '+4.90 FC Flat rate 19=0.78',
      '+1.79 ZZZ Payment fee 19=0.29',
      '-2.38 95 Loyalty bonus 19=0.38',
    ]);
    assert.deepEqual(order.totals, {
      allowance: '2.38',
      charge: '6.69',
      lineExtension: '46.23',
      taxExclusive: '44.28',
      tax: '6.26',
      taxInclusive: '50.54',
      prepaid: '50.54',
      payable: '0.00',
    });
    assert.equal(order.parties.shipTo.name, 'Brandt & Söhne KG');
  });

  it('allows for taxes that are rounded in the sum only; refunds are negative amounts', async () => {
    const order = await mapFixture('woo-refund-unrounded-tax');
    assert.equal(order.totals.tax, '3.14');
    assert.equal(order.status.payment, 'partiallyRefunded');
    assert.deepEqual(order.extensions, {
      woocommerce: { status: 'processing', createdVia: 'checkout', refunded: '6.55' },
    });
    assert.ok(
      order.parties.buyer.identifiers.some(
        ({ scheme, value }) => scheme === 'vat' && value === 'DE123456789',
      ),
    );
  });
});
