import assert from 'node:assert/strict';
import { refusal } from './mapping-support';
import { extrasOf, linesOf, mapPartner, mapPartnerOrder, statusOf, totalsOf } from './partner-support';

describe('ready mapping amazon-order-v0', () => {
  it('tells prices with tax by the order total, and takes promotions off their items', async () => {
    const order = await mapPartnerOrder('amazon-order-v0', 'de-prices-with-tax');
    assert.equal(order.id, 'shop:main:028-4417392-1180345');
    assert.equal(order.pricesIncludeTax, true);
    assert.deepEqual(linesOf(order), [
      'CD-KNIFE-18|2/2 C62|12.99|-2.60|S18.98=3.73',
      'CD-GUIDE-01|1/1 C62|7.49||S7=0.49',
    ]);
    assert.deepEqual(extrasOf(order), ['+4.90 FC Std DE Dom_3 18.93=0.78']);
    assert.equal(totalsOf(order), 'lines 30.87 - 0.00 + 4.90; 30.77 + 5.00 = 35.77 - 35.77 = 0.00');
    assert.equal(statusOf(order), 'received none paid none');
    assert.deepEqual(order.lines[0]?.item.identifiers, [
      { scheme: 'sku', value: 'CD-KNIFE-18' },
      { scheme: 'asin', value: 'B0CDKNIF18' },
    ]);
    assert.deepEqual(
      [order.parties.buyer.name, order.parties.shipTo.address?.line1, order.requestedShip],
      ['Harms Werkzeuge GmbH', 'Am Speicher 4', { from: '2026-11-20T23:00:00Z', to: '2026-11-24T22:59:59Z' }],
    );
  });

  it('puts taxes on top where the order total says so; free shipping is no charge, gift wrap is one', async () => {
    const order = await mapPartnerOrder('amazon-order-v0', 'us-tax-on-top');
    assert.equal(order.pricesIncludeTax, false);
    assert.deepEqual(linesOf(order), ['CD-TAPE-48|3/3 C62|10.00||S8.87=2.66']);
    assert.deepEqual(extrasOf(order), ['+3.99 PC Gift wrap Classic 8.77=0.35']);
    assert.equal(totalsOf(order), 'lines 30.00 - 0.00 + 3.99; 33.99 + 3.01 = 37.00 - 37.00 = 0.00');
    assert.equal(statusOf(order), 'received partiallyShipped paid none');
    assert.equal(order.lines[0]?.quantity.shipped, '1');
    assert.deepEqual(order.notes, ['Gift message: For you!']);
    assert.equal(order.parties.buyer.name, 'Amazon customer', 'without a restricted data token');
  });

  it('lets a cancelled order without any amount through, in the currency of its marketplace', async () => {
    const order = await mapPartnerOrder('amazon-order-v0', 'cancelled');
    assert.deepEqual([order.currency, statusOf(order)], ['EUR', 'cancelRequested none voided none']);
    assert.deepEqual(linesOf(order), ['CD-TAPE-48|0/0 C62|0.00||']);
  });

  it('waits for the prices of a pending order, and for all of its items', async () => {
    const pending = mapPartner('amazon-order-v0', 'us-tax-on-top', {
      'order.OrderTotal': undefined,
      'order.OrderStatus': 'Pending',
      'items.0.ItemPrice': undefined,
    });
    const refused = await refusal(pending);
    assert.deepEqual(
      [refused.code, refused.problems?.[0]?.path],
      ['MAPPING_FAILED', '/lines/0/unitPrice/amount'],
    );
    const partly = mapPartner('amazon-order-v0', 'de-prices-with-tax', { items: [] });
    assert.equal((await refusal(partly)).code, 'SOURCE_CONTRACT');
  });

  it('refuses an order whose second page of items is missing: its total does not foot', async () => {
    const order = mapPartner('amazon-order-v0', 'us-tax-on-top', {
      'order.OrderTotal': { CurrencyCode: 'USD', Amount: '99.00' },
    });
    assert.equal((await refusal(order)).code, 'TOTALS_DO_NOT_FOOT');
  });

  it('names a gift wrap in another currency instead of adding it up', async () => {
    const price = { CurrencyCode: 'GBP', Amount: '3.99' };
    const item = { 'items.0.BuyerInfo.GiftWrapPrice': price, 'items.0.BuyerInfo.GiftWrapTax': undefined };
    assert.equal(
      (await refusal(mapPartner('amazon-order-v0', 'us-tax-on-top', item))).code,
      'TOTALS_DO_NOT_FOOT',
    );
    const order = await mapPartnerOrder('amazon-order-v0', 'us-tax-on-top', {
      ...item,
      'order.OrderTotal': { CurrencyCode: 'USD', Amount: '32.66' },
    });
    assert.ok(
      order.notes.includes(
        'Gift wrap of item 90000000000018 is told in GBP and not part of the totals: 3.99',
      ),
    );
  });

  it('hands on that the buyer asks to cancel', async () => {
    const order = await mapPartnerOrder('amazon-order-v0', 'us-tax-on-top', {
      'items.0.BuyerRequestedCancel': {
        IsBuyerRequestedCancel: 'true',
        BuyerCancelReason: 'Ordered twice',
      },
    });
    assert.ok(order.notes.includes('The buyer asks to cancel item 90000000000018: Ordered twice'));
  });
});

describe('ready mapping amazon-order', () => {
  it('takes items, discounts, charges and their taxes from the proceeds', async () => {
    const order = await mapPartnerOrder('amazon-order', 'us-business');
    assert.deepEqual(linesOf(order), ['CD-TAPE-48|4/4 C62|12.50|-5.00|S8.87=3.99']);
    assert.deepEqual(extrasOf(order), [
      '+8.00 FC EXPEDITED 8.88=0.71',
      '+4.00 PC Gift wrap 9=0.36',
      '+5.00 ZZZ Delivery tip',
    ]);
    assert.equal(totalsOf(order), 'lines 45.00 - 0.00 + 17.00; 62.00 + 5.06 = 67.06 - 67.06 = 0.00');
    assert.equal(statusOf(order), 'received none paid none');
    assert.deepEqual(order.notes, ['Leave at: Reception', 'Gift message: Happy birthday!']);
    assert.deepEqual(
      [order.sellerOrderNumber, order.payment?.method, order.parties.buyer.name],
      ['W-20417', 'CreditCard', 'Brook Tools LLC'],
    );
  });

  it('keeps an item that was cancelled before shipping with nothing wanted of it', async () => {
    const order = await mapPartnerOrder('amazon-order', 'one-item-cancelled');
    assert.deepEqual(linesOf(order), ['CD-TAPE-48|3/3 C62|6.666667||', 'CD-BOX-40|0/2 C62|24.50||']);
    assert.equal(totalsOf(order), 'lines 20.00 - 0.00 + 0.00; 20.00 + 0.00 = 20.00 - 20.00 = 0.00');
    assert.deepEqual(order.notes, ['The buyer asks to cancel item 50000000000033: Ordered twice']);
  });

  it('asks for the proceeds, without which there is no total to check against', async () => {
    const refused = await refusal(
      mapPartner('amazon-order', 'us-business', {
        'order.proceeds': undefined,
        'order.orderItems.0.proceeds': undefined,
      }),
    );
    assert.deepEqual([refused.code, refused.problems?.[0]?.path], ['MAPPING_FAILED', '/totals/taxInclusive']);
  });

  it('refuses a grand total that is not what the items add up to', async () => {
    const order = mapPartner('amazon-order', 'us-business', {
      'order.proceeds.grandTotal': { amount: '67.07', currencyCode: 'USD' },
    });
    assert.equal((await refusal(order)).code, 'TOTALS_DO_NOT_FOOT');
  });

  it('lets a cancelled order without proceeds through', async () => {
    const order = await mapPartnerOrder('amazon-order', 'us-business', {
      'order.fulfillment.fulfillmentStatus': 'CANCELLED',
      'order.proceeds': undefined,
      'order.orderItems.0.proceeds': undefined,
      'order.orderItems.0.product.price': undefined,
    });
    assert.equal(statusOf(order), 'cancelRequested none voided none');
    assert.deepEqual(linesOf(order), ['CD-TAPE-48|0/4 C62|0.00||']);
  });
});

describe('ready mapping amazon-purchase-order', () => {
  it('counts eaches: cases times what the order says that a case holds; costs are per each', async () => {
    const order = await mapPartnerOrder('amazon-purchase-order', 'cases-and-eaches');
    assert.deepEqual(linesOf(order), ['4006381333931|432/432 C62|1.845||', 'CD-KNIFE-18|25/25 C62|4.20||']);
    assert.equal(totalsOf(order), 'lines 902.04 - 0.00 + 0.00; 902.04 + 0.00 = 902.04 - 0.00 = 902.04');
    assert.equal(statusOf(order), 'received none unpaid none');
    assert.equal(order.incoterm, 'DDP');
    assert.deepEqual(order.requestedDelivery, { from: '2026-12-03T08:00:00Z', to: '2026-12-08T18:00:00Z' });
    assert.deepEqual(order.extensions?.['amazon'], {
      state: 'New',
      orderType: 'RegularOrder',
      freightPayment: 'PaidBySeller',
      items: [
        {
          lineId: '1',
          unitOfMeasure: 'Cases',
          amount: '12',
          unitSize: '36',
          backOrderAllowed: true,
          listPrice: '3.49',
        },
        { lineId: '2', unitOfMeasure: 'Eaches', amount: '25', unitSize: '10', backOrderAllowed: false },
      ],
    });
  });

  it('reads Cases in capitals too', async () => {
    const order = await mapPartnerOrder('amazon-purchase-order', 'cases-and-eaches', {
      'orderDetails.items.0.orderedQuantity.unitOfMeasure': 'CASES',
    });
    assert.equal(order.lines[0]?.quantity.current, '432');
  });

  it('never takes a case for one piece: without its size, or in a unit it does not know, the order is refused', async () => {
    for (const quantity of [
      { amount: 12, unitOfMeasure: 'Cases' },
      { amount: 12, unitOfMeasure: 'Pallets', unitSize: 36 },
    ]) {
      const refused = await refusal(
        mapPartner('amazon-purchase-order', 'cases-and-eaches', {
          'orderDetails.items.0.orderedQuantity': quantity,
        }),
      );
      assert.equal(refused.code, 'MAPPING_FAILED', quantity.unitOfMeasure);
    }
  });

  it('says of goods that are priced by weight that their amount is provisional', async () => {
    const order = await mapPartnerOrder('amazon-purchase-order', 'cases-and-eaches', {
      'orderDetails.items.1.netCost': { amount: '4.20', currencyCode: 'EUR', unitOfMeasure: 'KILOGRAMS' },
    });
    assert.ok(
      order.notes.includes(
        'Item 2 is priced by weight (KILOGRAMS): its amount is provisional until it is weighed.',
      ),
    );
  });
});
