import assert from 'node:assert/strict';
import type { CanonicalOrder, InventoryLevel } from '../../core/canonical';
import { createMapper } from '../../core/mapping';
import { CONTEXT, refusal } from './mapping-support';
import { type Changes, linesOf, mapPartner, partnerFixture, totalsOf } from './partner-support';

const orders = async (changes: Changes = {}) =>
  (await mapPartner('csv-order', 'two-orders', changes)) as CanonicalOrder[];
const levels = async (changes: Changes = {}) =>
  (await mapPartner('csv-stock', 'two-places', changes)) as InventoryLevel[];

describe('ready mapping csv-order', () => {
  it('brings the rows of an order together, wherever they stand in the file', async () => {
    const [first, second, ...others] = await orders();
    assert.ok(first && second && others.length === 0);
    assert.deepEqual([first.id, second.id], ['shop:main:PO-4711', 'shop:main:4712']);
    assert.deepEqual(linesOf(first), [
      'CD-TAPE-48|3/3 C62|12.50||S19=7.13',
      'CD-FILL-KG|2.5/2.5 KGM|9.99|-2.50|S7=1.57',
    ]);
    assert.deepEqual(linesOf(second), ['100200|1/1 C62|0.99||', 'CD-BOX-40|2/2 XCT|24.50||Z0=0.00']);
    assert.equal(totalsOf(first), 'lines 59.98 - 0.00 + 0.00; 59.98 + 8.70 = 68.68 - 0.00 = 68.68');
    assert.equal(totalsOf(second), 'lines 49.99 - 0.00 + 0.00; 49.99 + 0.00 = 49.99 - 0.00 = 49.99');
    assert.deepEqual(
      first.lines.map(({ lineId }) => lineId),
      ['10', '20'],
    );
    assert.deepEqual(
      second.lines.map(({ lineId }) => lineId),
      ['1', '2'],
      'counted within the order',
    );
    assert.deepEqual([first.issuedAt, second.issuedAt], ['2026-11-20T00:00:00Z', '2026-11-20T09:30:00Z']);
    assert.equal(second.currency, 'EUR');
    assert.deepEqual(first.parties.shipTo.address, {
      line1: 'Hafenstr. 4',
      city: 'Dresden',
      postalCode: '01067',
      countryCode: 'DE',
    });
    assert.equal(second.parties.shipTo.name, 'Elbe Werkzeug KG');
  });

  it('names the row of a fault; an unknown unit is no piece', async () => {
    const refused = await refusal(orders({ '2.unit': 'bucket', '3.quantity': 'two' }));
    assert.deepEqual(
      [refused.code, refused.kind, refused.facts['unit'], refused.facts['forItem']],
      ['UNIT_UNKNOWN', 'business', 'bucket', 'CD-FILL-KG'],
      'so that it can be taught',
    );
    assert.deepEqual(
      refused.problems?.map(({ path, message }) => [path, message.split(' (for')[0]]),
      [
        ['/0/lines/1/unit', '[2].unit'],
        ['/1/lines/1/$quantity', '[3].quantity'],
      ],
    );
  });

  it('takes a unit that was taught, and asks once for all rows', async () => {
    const asked: unknown[] = [];
    const mapper = createMapper({
      mapping: 'csv-order',
      crossReferences: {
        lookup: async (partner, keys) => {
          asked.push([partner, keys.map(({ kind, code }) => `${kind} ${code}`)]);
          return keys.map(() => ({ targetScheme: 'rec20', target: 'XBJ' }));
        },
      },
    });
    const rows = partnerFixture('csv-order', 'two-orders', { '0.unit': 'bucket', '2.unit': 'pail' });
    const [first] = (await mapper.map(rows, CONTEXT)) as CanonicalOrder[];
    assert.deepEqual(
      first?.lines.map(({ unit }) => unit),
      ['XBJ', 'XBJ'],
    );
    assert.deepEqual(asked, [['acme', ['unit bucket', 'unit pail']]]);
  });

  it('gives a GTIN back the zeros that a spreadsheet took, and refuses one with a wrong digit', async () => {
    const gtins = async (gtin: unknown) => {
      const [first] = await orders({ '0.gtin': gtin });
      return first?.lines[0]?.item.identifiers.find(({ scheme }) => scheme === 'gtin')?.value;
    };
    assert.equal(await gtins(4006381333931), '04006381333931');
    assert.equal(await gtins('4006381333931'), '04006381333931');
    assert.equal((await refusal(gtins('4006381333932'))).code, 'MAPPING_FAILED');
    const [level] = await levels({ '0.gtin': '4006381333932' });
    assert.deepEqual(
      level?.item.identifiers,
      [{ scheme: 'sku', value: 'CD-TAPE-48' }],
      'a stock list names its items by their numbers',
    );
  });

  it('refuses rows without an order number, quantity or price before it calculates anything', async () => {
    for (const field of ['order_number', 'quantity', 'unit_price', 'customer_name']) {
      assert.equal((await refusal(orders({ [`1.${field}`]: '' }))).code, 'SOURCE_CONTRACT', field);
    }
  });
});

describe('ready mapping csv-stock', () => {
  it('makes one level of each row; what is damaged is there but not free to promise', async () => {
    const [tape, damaged, oversold] = await levels();
    assert.deepEqual(
      [tape?.onHand, tape?.reserved, tape?.available, tape?.incoming],
      ['120', '18', '102', '240'],
    );
    assert.deepEqual(
      [damaged?.unit, damaged?.onHand, damaged?.available, damaged?.condition, damaged?.lot, damaged?.expiry],
      ['XCT', '4', '0', 'damaged', 'L2611', '2027-05-31'],
    );
    assert.deepEqual([oversold?.onHand, oversold?.available, oversold?.location.code], ['-3', '-5', 'LEJ2']);
    assert.deepEqual(
      [tape?.asOf, damaged?.asOf, oversold?.asOf],
      ['2026-11-23T06:00:00Z', '2026-11-23T06:00:00Z', '2026-11-23T10:00:00Z'],
      'with offset, without one (UTC), and by receipt',
    );
    assert.equal(tape?.authority, '3pl:acme');
    assert.ok((oversold?.sequence ?? 0) > (tape?.sequence ?? 0), 'a later list has a greater sequence');
  });

  it('refuses a condition or unit that it does not know', async () => {
    const refused = await refusal(levels({ '0.condition': 'shiny', '1.unit': 'bucket' }));
    assert.deepEqual(
      refused.problems?.map(({ path }) => path),
      ['/0/available', '/0/condition', '/1/unit'],
    );
  });
});
