/** Files that sources send, as they come: CSV, JSON, encodings, and what is wrong with them. */
import assert from 'node:assert/strict';
import type { CompareField } from '../../core/reconcile';
import { failsWith } from './channel-suite';
import { compareHere, kindsOf, stock } from './reconcile-support';

describe('reconcile: files', () => {
  const want = stock({ A: '1', 'B "x"': '2', 'C;d': '3', 'E\nf': '4', Ä: '5' });

  for (const { what, content, source } of [
    {
      what: 'commas and quotes',
      content: 'sku,onHand\nA,1\n"B ""x""",2\nC;d,3\n"E\nf",4\nÄ,5\n',
      source: {},
    },
    {
      what: 'semicolons, BOM, CRLF and no last line end',
      content: '\ufeffsku;onHand\r\nA;1\r\n"B ""x""";2\r\n"C;d";3\r\n"E\nf";4\r\nÄ;5',
      source: {},
    },
    {
      what: 'tabs, blank lines and unknown columns',
      content:
        '\n\nx\tonHand\tsku\n\n-\t1\tA\n-\t2\t"B ""x"""\n\n"-\n\n"\t3\tC;d\n-\t4\t"E\nf"\n-\t5\tÄ\trest\n',
      source: {},
    },
    {
      what: 'a delimiter of its own',
      content: 'sku#onHand\nA#1\n"B ""x"""#2\nC;d#3\n"E\nf"#4\nÄ#5',
      source: { delimiter: '#' },
    },
    {
      what: 'Windows-1252',
      content: Buffer.from('sku,onHand\nA,1\n"B ""x""",2\nC;d,3\n"E\nf",4\nÄ,5\n', 'latin1'),
      source: { encoding: 'windows-1252' },
    },
    {
      what: 'UTF-16',
      content: Buffer.from('\ufeffsku,onHand\nA,1\n"B ""x""",2\nC;d,3\n"E\nf",4\nÄ,5\n', 'utf16le'),
      source: { encoding: 'utf-16le' },
    },
    {
      what: 'head in other letters',
      content: 'SKU,ONHAND\nA,1\n"B ""x""",2\nC;d,3\n"E\nf",4\nÄ,5\n',
      source: {},
    },
  ] as const) {
    it(`reads CSV with ${what}`, () => {
      const result = compareHere([want, content], { sources: [{}, source] });
      assert.deepEqual(result.sentences, []);
      assert.equal(result.counts.matched, 5);
    });
  }

  for (const { what, content, format } of [
    {
      what: 'JSON Lines',
      content: want.map((row) => `${JSON.stringify(row)}\r\n`).join('\n'),
      format: 'jsonl',
    },
    {
      what: 'a JSON list',
      content: ` [ ${want.map((row) => JSON.stringify(row)).join(' , ')} ] `,
      format: 'json',
    },
    {
      what: 'a JSON list over many lines',
      content: `\ufeff${JSON.stringify(want, null, 2)}`,
      format: 'json',
    },
  ] as const) {
    it(`reads ${what}`, () => {
      const result = compareHere([want, content], { sources: [{}, { format }] });
      assert.deepEqual(result.sentences, []);
      assert.equal(result.counts.matched, 5);
    });
  }

  it('finds broken rows of JSON and goes on', () => {
    const text = '{"sku":"A","onHand":1}\n{"sku":"B",\n\n{"sku":"C","onHand":3}\n';
    const result = compareHere([stock({ A: 1, B: 2, C: 3 }), text], { sources: [{}, { format: 'jsonl' }] });
    assert.deepEqual(kindsOf(result), [' invalid second', 'B missing second']);
    assert.equal(result.differences[0]?.cause, 'NOT_JSON');
    const list = compareHere([stock({ A: 1 }), '[{"sku":"A","onHand":1}, x, {"sku":"B"}]'], {
      sources: [{}, { format: 'json' }],
    });
    assert.deepEqual(kindsOf(list), [' invalid second', 'B extra second']);
  });

  it('takes rows that are nested without end for findings', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    const text = `{"sku":"A","onHand":${deep}}\n{"sku":${deep},"onHand":1}\n{"sku":"B","onHand":2}\n`;
    for (const [format, content] of [
      ['jsonl', text],
      ['json', `[${text.trim().split('\n').join(',')}]`],
    ] as const) {
      const result = compareHere([stock({ A: 1, B: 2 }), content], { sources: [{}, { format }] });
      assert.deepEqual(kindsOf(result), [' invalid second', ' invalid second', 'A missing second'], format);
    }
  });

  it('reads decimal commas as they are meant, and takes no doubtful number', () => {
    const left = stock({ A: '1234.5', B: '1500', C: '0.5', D: '2' });
    const csv = 'sku;onHand\nA;1.234,5\nB;1.500\nC;0,50\nD;2.0\n';
    const { differences } = compareHere([left, csv], { sources: [{}, { decimalComma: true }] });
    assert.deepEqual(
      differences.map(({ key, kind, cause }) => [key, kind, cause]),
      [['D', 'invalid', 'NOT_A_NUMBER']],
    );
  });

  for (const { what, content, source, says } of [
    {
      what: 'no column of the key',
      content: 'article,onHand\nA,1\n',
      source: {},
      says: /no column "sku". Its columns: article, onHand/,
    },
    { what: 'nothing in it', content: '', source: {}, says: /is empty/ },
    {
      what: 'an open quote',
      content: 'sku,onHand\nA,1\n"B,2\nC,3\n',
      source: {},
      says: /quote that opens in row 2/,
    },
    {
      what: 'another encoding',
      content: Buffer.from('sku,onHand\nÄ,1\n', 'latin1'),
      source: {},
      says: /not UTF-8/,
    },
    { what: 'no list', content: '{"a":1}', source: { format: 'json' }, says: /no JSON list/ },
    {
      what: 'half a list',
      content: '[{"sku":"A","onHand":1},{"sk',
      source: { format: 'json' },
      says: /cut off/,
    },
    {
      what: 'too much',
      content: `sku,onHand\n${'A,1\n'.repeat(100)}`,
      source: { maxBytes: 100 },
      says: /at most/,
    },
    {
      what: 'an endless row',
      content: `sku,onHand\nA,"${'x'.repeat(3 << 20)}`,
      source: {},
      says: /longer than|no end/,
    },
  ] as const) {
    it(`refuses a file with ${what}, and names it`, () => {
      assert.throws(
        () => compareHere([stock({ A: 1 }), content], { sources: [{}, source] }),
        failsWith('RECONCILE_SOURCE', 'permanent', says),
      );
    });
  }

  it('keeps rows that are too long out of the comparison, not out of the report', () => {
    const long = 'x'.repeat(70_000);
    const fields: CompareField[] = [{ path: 'note', type: 'text' }];
    const left = [
      { sku: 'A', note: long },
      { sku: 'y'.repeat(1500), note: '1' },
    ];
    const { differences } = compareHere([left, [{ sku: 'A', note: long }]], { fields });
    assert.deepEqual([...new Set(differences.map(({ cause }) => cause))], ['TOO_LONG']);
  });
});
