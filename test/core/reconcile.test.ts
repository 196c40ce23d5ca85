/** What a comparison finds: in lists, in files, whatever is in them. */
import assert from 'node:assert/strict';
import type { CompareField } from '../../core/reconcile';
import { checkSpec } from '../../core/reconcile';
import { failsWith } from './channel-suite';
import { compareHere, kindsOf, onHand, stock } from './reconcile-support';

describe('reconcile: findings', () => {
  it('explains every kind of difference in a sentence', () => {
    const left = [...stock({ EQ: '5', 'CD-TAPE-48': 12, MORE: '1', ONLY: '3', BAD: 'many' }), { onHand: 1 }];
    const right = [
      ...stock({ EQ: 5, 'CD-TAPE-48': '10.0', MORE: '1.5', NEW: '4', BAD: '2' }),
      ...stock({ EQ: '6' }),
    ];
    const { sentences, counts, rows, differences } = compareHere([left, right]);
    assert.deepEqual([...sentences].sort(), [
      'Row 6 of Odoo cannot be compared: The row has no key.',
      'SKU BAD, onHand in Odoo is "many": The field should be a number.',
      'SKU CD-TAPE-48, onHand: Odoo says 12, Warehouse says 10.0 (2 fewer).',
      'SKU EQ: 2 rows in Warehouse; only the first is compared.',
      'SKU MORE, onHand: Odoo says 1, Warehouse says 1.5 (0.5 more).',
      'SKU NEW: Warehouse says 4, Odoo does not know it.',
      'SKU ONLY: Odoo says 3, Warehouse does not know it.',
    ]);
    assert.deepEqual(rows, [6, 6]);
    assert.deepEqual(counts, { matched: 0, withinTolerance: 0, found: 7, keys: 7 });
    const tape = differences.find(({ key }) => key === 'CD-TAPE-48');
    assert.deepEqual(
      [tape?.kind, tape?.field, tape?.expected, tape?.found, tape?.delta],
      ['quantity', 'onHand', '12', '10.0', '-2'],
    );
  });

  it('finds nothing where there is nothing, whatever the spelling of numbers', () => {
    const result = compareHere([
      stock({ A: '10', B: 0.1, C: '-0', D: '0.30', E: '+7', F: 1e-7 }),
      stock({ D: 0.3, C: 0, B: '0.10', A: 10, E: 7, F: '0.0000001' }),
    ]);
    assert.deepEqual(result.sentences, []);
    assert.equal(result.counts.matched, 6);
    assert.equal(compareHere([[], []]).counts.matched, 0);
  });

  it('counts exactly where floats do not', () => {
    const large = compareHere([stock({ A: '900719925474099311' }), stock({ A: '900719925474099312' })]);
    assert.equal(large.differences[0]?.delta, '1');
    const small = compareHere([stock({ A: '0.1' }), stock({ A: '0.3' })]);
    assert.equal(small.differences[0]?.delta, '0.2');
    const equal = compareHere([stock({ A: '9007199254740993.0' }), stock({ A: '9007199254740992' })]);
    assert.equal(equal.differences[0]?.delta, '-1');
  });

  it('forgives up to the tolerance, absolute or in percent of the first value, and not a hair more', () => {
    const fields = [{ ...onHand, toleranceAbsolute: '1', tolerancePercent: '2' }];
    const left = stock({ A: 10, B: 10, C: 1000, D: 1000, E: 0, F: -100 });
    const right = stock({ A: 11, B: '11.01', C: 980, D: '979.99', E: '1.5', F: -102 });
    const result = compareHere([left, right], { fields });
    assert.deepEqual(result.differences.map(({ key }) => key).sort(), ['B', 'D', 'E']);
    assert.equal(result.counts.withinTolerance, 3);
  });

  it('compares texts, times and nested fields, and names the field', () => {
    const fields: CompareField[] = [
      { path: 'stock.onHand', otherPaths: ['/levels/0/qty'], type: 'decimal', label: 'on hand' },
      { path: 'lot', type: 'text' },
      { path: 'counted', type: 'time', toleranceAbsolute: '60' },
    ];
    const left = [{ id: 7, stock: { onHand: 5 }, lot: 'L1', counted: '2026-11-23 08:00:00' }];
    const right = [{ code: ' 7 ', levels: [{ qty: '4' }], lot: null, counted: '2026-11-23T09:02:00+01:00' }];
    const result = compareHere([left, right], {
      key: ['id'],
      keyLabel: 'Item',
      fields,
      sources: [{}, { key: ['code'] }],
    });
    assert.deepEqual(result.sentences, [
      'Item 7, on hand: Odoo says 5, Warehouse says 4 (1 fewer).',
      'Item 7, lot: Odoo says L1, Warehouse says nothing.',
      'Item 7, counted: Odoo says 2026-11-23 08:00:00, Warehouse says 2026-11-23T09:02:00+01:00 (120 seconds later).',
    ]);
    assert.deepEqual(
      result.differences.map(({ kind }) => kind),
      ['quantity', 'value', 'late'],
    );
  });

  it('takes hostile rows for findings and never fails for them', () => {
    const rows = [
      null,
      1,
      'x',
      [],
      {},
      { sku: {} },
      { sku: '' },
      { sku: ' \t' },
      JSON.parse('{"__proto__":{"sku":"P"}}'),
    ];
    const result = compareHere([rows, stock({ toString: 1, __proto__x: 2, constructor: '1,5' })]);
    const keyless = result.differences.filter(({ kind }) => kind === 'invalid');
    assert.equal(keyless.length, rows.length);
    assert.equal(result.differences.filter(({ kind }) => kind === 'extra').length, 3);
    const values = [
      null,
      '',
      '1,5',
      '1e5',
      'NaN',
      true,
      { a: 1 },
      '0x10',
      ' ',
      '1.2.3',
      '--1',
      '.',
      '-',
      '٣',
    ];
    for (const value of values) {
      const { differences } = compareHere([stock({ A: value }), stock({ A: 1 })]);
      assert.deepEqual(
        differences.map(({ kind, side }) => `${kind} ${side}`),
        ['invalid first'],
        String(value),
      );
      // What both say is no better for it.
      const both = compareHere([stock({ A: value }), stock({ A: value })]);
      assert.equal(both.differences.length, 2, String(value));
    }
  });

  it('knows that words may mean the same, and who is behind', () => {
    const fields: CompareField[] = [
      { path: 'state', type: 'status', words: [['draft'], ['sale', 'confirmed'], ['done', 'shipped']] },
    ];
    const rows = (...states: string[]): unknown[] =>
      states.map((state, index) => ({ sku: `K${index}`, state }));
    const { differences } = compareHere(
      [rows('sale', 'done', 'draft', 'odd', 'Done'), rows('Confirmed', 'sale', 'shipped', 'sale', 'done')],
      { fields },
    );
    assert.deepEqual(
      differences.map(({ key, kind, cause }) => [key, kind, cause]),
      [
        ['K1', 'status', 'BEHIND'],
        ['K2', 'status', 'AHEAD'],
        ['K3', 'status', 'WORD_UNKNOWN'],
      ],
    );
  });

  it('converts units, and says when it cannot', () => {
    const fields: CompareField[] = [{ path: 'qty', type: 'quantity', unitPath: 'unit', unit: 'C62' }];
    const row = (sku: string, qty: string, unit?: string): unknown => ({ sku, qty, unit });
    const left = [
      row('A', '24'),
      row('B', '1', 'KGM'),
      row('C', '5', 'KGM'),
      row('D', '1', 'blob'),
      row('E', '2', 'DZN'),
    ];
    const right = [
      row('A', '2', 'DZN'),
      row('B', '1000', 'GRM'),
      row('C', '5', 'LTR'),
      row('D', '1', 'KGM'),
      row('E', '30', 'C62'),
    ];
    const { differences } = compareHere([left, right], { fields });
    assert.deepEqual(
      differences.map(({ key, cause, delta }) => [
        key,
        cause,
        delta === null ? null : Number(delta).toFixed(4),
      ]),
      [
        ['C', 'UNIT_NOT_CONVERTIBLE', null],
        ['D', 'UNIT_UNKNOWN', null],
        ['E', 'UNKNOWN', '0.5000'],
      ],
    );
  });

  it('does not take euros for dollars', () => {
    const fields: CompareField[] = [
      { path: 'total', type: 'money', unitPath: 'currency', toleranceAbsolute: '0.01' },
    ];
    const row = (sku: string, total: string, currency: string): unknown => ({ sku, total, currency });
    const { differences } = compareHere(
      [
        [row('A', '10.00', 'EUR'), row('B', '10', 'EUR'), row('C', '5', 'EUR')],
        [row('A', '10.01', 'eur'), row('B', '10', 'USD'), row('C', '-5', 'EUR')],
      ],
      { fields },
    );
    assert.deepEqual(
      differences.map(({ key, kind, cause }) => [key, kind, cause]),
      [
        ['B', 'value', 'CURRENCY'],
        ['C', 'value', 'SIGN'],
      ],
    );
  });

  it('reads times in the zone of their source, also at the change of the clocks', () => {
    const fields: CompareField[] = [{ path: 'at', type: 'time' }];
    const rows = (...times: string[]): unknown[] => times.map((at, index) => ({ sku: `K${index}`, at }));
    const berlin = rows(
      '2026-07-01 12:00:00',
      '2026-01-01 12:00:00',
      '01.07.2026 12:00',
      '2026-10-25 03:30:00',
      '2026-03-29 03:30:00',
      // The hour that comes twice, the first time; the hour that is skipped.
      '2026-10-25 02:30:00',
      '2026-03-29 02:30:00',
    );
    const utc = rows(
      '2026-07-01T10:00:00Z',
      '2026-01-01 11:00:00',
      '2026-07-01 10:00',
      '2026-10-25 02:30:00',
      '2026-03-29 01:30:00',
      '2026-10-25 00:30:00',
      '2026-03-29 01:30:00',
    );
    const { differences } = compareHere([berlin, utc], { fields, sources: [{ zone: 'Europe/Berlin' }, {}] });
    assert.deepEqual(differences, []);
    const apart = compareHere([berlin, utc], { fields });
    assert.deepEqual(new Set(apart.differences.map(({ cause }) => cause)), new Set(['TIME_ZONE']));
    for (const bad of ['2026-02-30', '2026-13-01', '31.4.2026', 'today', '12']) {
      const { differences: found } = compareHere([rows(bad), rows('2026-01-01')], { fields });
      assert.deepEqual([found[0]?.kind, found[0]?.cause], ['invalid', 'NOT_A_TIME'], bad);
    }
  });

  it('holds two sources against the first, and says which of three stands alone', () => {
    const result = compareHere([
      stock({ A: 1, B: 1, C: 1, D: 1 }),
      stock({ A: 1, B: 2, C: 2, E: 5 }),
      stock({ A: 1, B: 1, C: 2, E: 5 }),
    ]);
    assert.deepEqual(
      result.differences.map(({ key, kind, side, cause }) => [key, kind, side, cause]),
      [
        ['B', 'quantity', 'second', 'ONE_ALONE'],
        ['C', 'quantity', 'second', 'FIRST_ALONE'],
        ['C', 'quantity', 'third', 'FIRST_ALONE'],
        ['D', 'missing', 'second', 'FIRST_ALONE'],
        ['D', 'missing', 'third', 'FIRST_ALONE'],
        ['E', 'extra', 'second', 'FIRST_ALONE'],
        ['E', 'extra', 'third', 'FIRST_ALONE'],
      ],
    );
    assert.equal(result.counts.matched, 1);
  });

  it('matches by several fields, and does not take A/BC for AB/C', () => {
    const key = ['sku', 'site'];
    const row = (sku: string, site: unknown, quantity: number): unknown => ({ sku, site, onHand: quantity });
    const left = [
      row('A', 'BC', 1),
      row('AB', 'C', 2),
      row('A', 'main', 3),
      row('A', null, 4),
      row('A B', 'C', 5),
      row('A', 'B C', 6),
    ];
    const right = [
      row('AB', 'C', 2),
      row('A', 'main', 1),
      row('A', 'BC', 1),
      row('A B', 'C', 5),
      row('A', 'B C', 6),
    ];
    assert.deepEqual(kindsOf(compareHere([left, right], { key })), [
      ' invalid first',
      'A / main quantity second',
    ]);
  });

  it('tells a row exported twice from rows that disagree', () => {
    const left = stock({ A: 1, B: 1 });
    const right = [...stock({ A: 1, B: 1 }), ...stock({ A: 1, B: 7 })];
    const { differences } = compareHere([left, right]);
    assert.deepEqual(
      differences.map(({ key, kind, cause, found }) => [key, kind, cause, found]),
      [
        ['A', 'duplicate', 'SAME_ROW_TWICE', '2'],
        ['B', 'duplicate', 'ROWS_DISAGREE', '2'],
      ],
    );
  });

  it('is told what it shall not compare', () => {
    const sources = ['a', 'b'].map(
      (file) => ({ kind: 'file', label: file, file: `/${file}`, format: 'csv' }) as const,
    );
    const spec = { about: 'custom', keyLabel: 'K', key: ['k'], fields: [onHand], sources } as const;
    checkSpec(spec);
    const wrong = (change: object, text: RegExp): void => {
      assert.throws(() => checkSpec({ ...spec, ...change }), failsWith('CONFIG_INVALID', 'permanent', text));
    };
    wrong({ key: [' '] }, /key field/);
    wrong({ fields: [] }, /fields/);
    wrong({ fields: [{ ...onHand, toleranceAbsolute: '-1' }] }, /tolerance/);
    wrong({ sources: sources.slice(1) }, /Two or three/);
    wrong({ sources: [sources[0], { ...sources[1], zone: 'Mars/Olympus' }] }, /time zone/);
    wrong({ sources: [sources[0], { ...sources[1], key: ['a', 'b'] }] }, /as many parts/);
  });
});
