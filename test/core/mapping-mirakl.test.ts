import assert from 'node:assert/strict';
import { refusal } from './mapping-support';
import { extrasOf, linesOf, mapPartner, mapPartnerOrder, statusOf, totalsOf } from './partner-support';

describe('ready mapping mirakl-order', () => {
  it('reads floats exactly, countries in words, taxes without rates, and both names of the payment type', async () => {
    const order = await mapPartnerOrder('mirakl-order', 'be-prices-with-tax');
    assert.equal(order.pricesIncludeTax, true);
    assert.deepEqual(linesOf(order), [
      'CD-TAPE-48|2/2 C62|24.95||S21=8.66',
      'CD-LABEL-A6|3/3 C62|0.10||S21=0.05',
    ]);
    assert.deepEqual(extrasOf(order), ['+4.90 FC Livraison à domicile 20.99=0.85', '+1.00 ZZZ SERVICE']);
    assert.equal(totalsOf(order), 'lines 50.20 - 0.00 + 5.90; 46.54 + 9.56 = 56.10 - 56.10 = 0.00');
    assert.equal(statusOf(order), 'accepted none paid none');
    assert.deepEqual(
      [order.parties.billTo?.address?.countryCode, order.parties.shipTo.address?.countryCode],
      ['BE', 'BE'],
      'by name, and by a code of three letters',
    );
    assert.deepEqual(
      [order.parties.buyer.name, order.parties.shipTo.name, order.payment?.method],
      ['Maes Bouw NV', 'Elise Maes', 'CARD'],
    );
    assert.deepEqual(order.lines[0]?.item.identifiers, [
      { scheme: 'sku', value: 'CD-TAPE-48' },
      { scheme: 'mirakl:product', value: 'P-000417' },
      { scheme: 'mirakl:offer', value: '36871877' },
    ]);
    const old = await mapPartnerOrder('mirakl-order', 'be-prices-with-tax', { payment_type: undefined });
    assert.equal(old.payment?.method, 'CARD');
  });

  it('keeps a refused line with nothing wanted of it, and leaves its shipping and taxes out', async () => {
    const order = await mapPartnerOrder('mirakl-order', 'one-line-refused');
    assert.deepEqual(linesOf(order), [
      'CD-TAPE-48|4/4 C62|10.00||S7=2.80 S1.875=0.75',
      'CD-BOX-40|0/1 C62|20.00||',
    ]);
    assert.deepEqual(extrasOf(order), ['+4.00 FC EXP 8.875=0.36']);
    assert.equal(totalsOf(order), 'lines 40.00 - 0.00 + 4.00; 44.00 + 3.91 = 47.91 - 0.00 = 47.91');
    assert.equal(statusOf(order), 'accepted none unpaid none');
    assert.deepEqual(order.parties.shipTo, { name: 'Ada Brook', identifiers: [] }, 'addresses are null');
  });

  it('holds the states apart: waiting for an answer, refused, cancelled, shipped; and refuses one it does not know', async () => {
    const states = {
      WAITING_ACCEPTANCE: 'received none paid none',
      REFUSED: 'rejected none voided none',
      CANCELED: 'cancelRequested none voided none',
      SHIPPED: 'accepted shipped paid none',
      RECEIVED: 'accepted delivered paid none',
    };
    for (const [order_state, status] of Object.entries(states)) {
      const order = await mapPartnerOrder('mirakl-order', 'be-prices-with-tax', { order_state });
      assert.equal(statusOf(order), status, order_state);
    }
    const unknown = mapPartner('mirakl-order', 'be-prices-with-tax', { order_state: 'ON_THE_MOON' });
    assert.equal((await refusal(unknown)).code, 'MAPPING_FAILED');
  });

  it('refuses a total that is not what lines, shipping and fees add up to', async () => {
    for (const [name, total_price] of [
      ['be-prices-with-tax', 56.11],
      ['fr-by-weight-partly-shipped', 15.49],
    ] as const) {
      const order = mapPartner('mirakl-order', name, { total_price });
      assert.equal((await refusal(order)).code, 'TOTALS_DO_NOT_FOOT', name);
    }
  });

  it('counts goods by measure in their unit, never as pieces', async () => {
    const measure = (unit: string) => ({
      'order_lines.0.measurement': { measurement_unit: unit, ordered_measurement: 2.5 },
    });
    const order = await mapPartnerOrder('mirakl-order', 'be-prices-with-tax', measure('KILOGRAM'));
    assert.equal(linesOf(order)[0], 'CD-TAPE-48|2.5/2.5 KGM|19.96||S21=8.66');
    const unknown = mapPartner('mirakl-order', 'be-prices-with-tax', measure('BUSHEL'));
    assert.equal((await refusal(unknown)).problems?.[0]?.path, '/lines/0/unit');
  });
});
