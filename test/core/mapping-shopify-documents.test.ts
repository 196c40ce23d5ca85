import assert from 'node:assert/strict';
import type { CanonicalOrder, InventoryLevel } from '../../core/canonical';
import { CONTEXT, fixture, mapFixture } from './mapping-support';
import { type Changes, linesOf, mapPartner, readyMapper, totalsOf } from './partner-support';

type Loose = Record<string, unknown>;
const one = async (mapping: string, name: string, changes: Changes = {}) =>
  (await mapPartner(mapping, name, changes)) as Loose;

describe('ready mapping shopify-refund', () => {
  it('pays back lines with their tax, and shipping as an adjustment', async () => {
    const refund = await one('shopify-refund', 'returned-with-shipping');
    assert.deepEqual(
      [refund['returnId'], refund['orderRef'], refund['status'], refund['remedy']],
      ['509562969', { id: 'shop:main:6120000001001', externalId: '6120000001001' }, 'refunded', 'refund'],
    );
    const [line] = refund['lines'] as Loose[];
    assert.deepEqual(
      [line?.['orderLineId'], line?.['quantity'], line?.['disposition'], line?.['refund']],
      ['13001', { requested: '2', received: '2' }, 'restock', { amount: '23.80', tax: '3.80' }],
    );
    assert.deepEqual(refund['refund'], {
      refundId: '509562969',
      amount: '29.63',
      tax: '4.73',
      adjustments: [{ reasonCode: 'freight', reason: 'Shipping refund', amount: '5.83', tax: '0.93' }],
      at: '2026-11-24T09:01:05Z',
      method: 'shopify_payments',
    });
  });

  it('tells prices with tax by what was paid, counts failed payments and voids not, and knows ids of GraphQL', async () => {
    const refund = await one('shopify-refund', 'cancelled-prices-with-tax');
    assert.deepEqual(
      [refund['returnId'], (refund['orderRef'] as Loose)['externalId'], refund['reason']],
      ['509562970', '6120000001001', 'cancelled'],
    );
    const [line] = refund['lines'] as Loose[];
    assert.deepEqual(line?.['refund'], { amount: '12.99', tax: '2.07' });
    assert.deepEqual(line?.['item'], {
      identifiers: [{ scheme: 'shopify:lineItem', value: '13002' }],
      description: 'Engraving',
    });
    assert.deepEqual((refund['refund'] as Loose)['adjustments'], [
      { reasonCode: 'goodwill', reason: 'Refund discrepancy', amount: '-3.00', tax: '0.00' },
    ]);
    assert.equal((refund['refund'] as Loose)['amount'], '9.99');
  });

  it('maps money that goes back without goods, and goods without money', async () => {
    const money = await one('shopify-refund', 'amount-only');
    assert.deepEqual([money['lines'], (money['refund'] as Loose)['amount']], [[], '5.00']);
    const goods = await one('shopify-refund', 'returned-with-shipping', {
      transactions: [],
      order_adjustments: [],
    });
    assert.deepEqual([goods['status'], goods['refund']], ['closed', undefined]);
  });
});

describe('ready mapping shopify-fulfillment', () => {
  it('maps a fulfilment with two parcels', async () => {
    const shipment = await one('shopify-fulfillment', 'two-parcels');
    assert.deepEqual(
      [shipment['shipmentId'], shipment['kind'], shipment['status'], shipment['shippedAt']],
      ['255858046', '351', 'outForDelivery', '2026-11-21T15:06:08Z'],
    );
    assert.deepEqual(shipment['orderRefs'], [
      { id: 'shop:main:6120000001001', externalId: '6120000001001', orderNumber: '#1001' },
    ]);
    assert.deepEqual(shipment['tracking'], [
      { number: '00340434161094000011' },
      { number: '00340434161094000028' },
    ]);
    assert.deepEqual(shipment['milestones'], [
      { code: 'outForDelivery', at: '2026-11-22T08:00:00Z', rawCode: 'out_for_delivery' },
    ]);
    assert.deepEqual(
      (shipment['lines'] as Loose[]).map((line) => [line['orderLineId'], line['quantity']]),
      [
        ['13001', '3'],
        ['13003', '1'],
      ],
    );
  });

  it('knows cancelled, made but not shipped, shipped and delivered', async () => {
    const cases: [Changes, string, boolean][] = [
      [{ status: 'cancelled', shipment_status: null }, 'cancelled', false],
      [{ status: 'pending', shipment_status: null }, 'labelCreated', false],
      [{ status: 'success', shipment_status: null }, 'inTransit', true],
      [{ shipment_status: 'delivered' }, 'delivered', true],
      [{ shipment_status: 'something_new' }, 'inTransit', true],
    ];
    for (const [changes, status, shipped] of cases) {
      const shipment = await one('shopify-fulfillment', 'two-parcels', changes);
      assert.deepEqual(
        [shipment['status'], shipment['shippedAt'] !== undefined],
        [status, shipped],
        JSON.stringify(changes),
      );
      assert.equal(shipment['deliveredAt'] !== undefined, status === 'delivered');
    }
  });
});

describe('ready mapping shopify-inventory-levels', () => {
  it('makes one level of each that is tracked, with or without what GraphQL adds', async () => {
    const levels = (await mapPartner('shopify-inventory-levels', 'several')) as InventoryLevel[];
    assert.deepEqual(
      levels.map(({ item, location, onHand, reserved, available, incoming }) => [
        item.identifiers[0]?.value,
        location.code,
        onHand,
        reserved,
        available,
        incoming,
      ]),
      [
        ['49148385', '655441491', '12', '0', '12', undefined],
        ['CD-BOX-40', '655441491', '3', '5', '-2', '20'],
      ],
    );
    assert.deepEqual(
      levels.map(({ asOf, sequence }) => [asOf, sequence]),
      [
        ['2026-11-23T06:29:59Z', 1795415399],
        ['2026-11-23T06:30:00Z', 1795415400],
      ],
    );
  });
});

describe('ready mapping shopify-order, newer shapes', () => {
  it('gives an order the same key whether its ids are numbers or of GraphQL', async () => {
    const plain = await mapFixture('shopify-basic');
    const graphql = await mapFixture('shopify-basic', (body) => {
      body['id'] = `gid://shopify/Order/${String(body['id'])}`;
      for (const line of body['line_items'] as Loose[]) {
        line['id'] = `gid://shopify/LineItem/${String(line['id'])}`;
        line['variant_id'] = `gid://shopify/ProductVariant/${String(line['variant_id'])}`;
      }
    });
    assert.deepEqual(graphql, plain);
  });

  it('sells gift cards as goods that are not shipped, and takes redeemed ones as a payment', async () => {
    const body = fixture('shopify-basic');
    const [first] = body['line_items'] as Loose[];
    assert.ok(first);
    first['gift_card'] = true;
    body['payment_gateway_names'] = ['gift_card', 'shopify_payments'];
    const order = (await readyMapper('shopify-order').map(body, CONTEXT)) as CanonicalOrder;
    assert.deepEqual(order.extensions?.['shopify'], {
      ...((await mapFixture('shopify-basic')).extensions?.['shopify'] as Loose | undefined),
      giftCardLines: String(first['id']),
      paymentMethods: 'gift_card, shopify_payments',
    });
    assert.equal(totalsOf(order), totalsOf(await mapFixture('shopify-basic')));
  });

  it('has refunds in its current amounts, and names what was paid back', async () => {
    const order = await mapFixture('shopify-edited');
    assert.deepEqual(linesOf(order)[0], 'CD-STRETCH-50|3/5 C62|20.00|-6.00|S19=10.26');
    const refunded = (order.extensions?.['shopify'] as Loose | undefined)?.['refunded'];
    assert.ok(refunded === undefined || /^\d+\.\d\d$/.test(String(refunded)), String(refunded));
  });
});
