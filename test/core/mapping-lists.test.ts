import assert from 'node:assert/strict';
import { CrossdockError } from '../../core/errors';
import { compileMapping, type Rule } from '../../core/mapping';

const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'acme', receivedAt: '2026-11-23T10:00:00Z' };

function compiled(rules: readonly Rule[]) {
  return compileMapping({
    spec: 'crossdock-mapping/1',
    name: 'test',
    version: '1.0.0',
    from: { contract: 'a', version: '1.0' },
    to: { contract: 'b', version: '1.0' },
    rules,
  });
}

const map = (rules: readonly Rule[], source: unknown) => compiled(rules).map(source, CONTEXT);

describe('mapping to a list of documents', () => {
  const levels: Rule[] = [
    { target: '$site', from: 'site' },
    { target: '[]', each: 'levels[]', where: [{ from: 'levels[].gone', notEquals: true }] },
    { target: 'sku', from: 'levels[].sku', required: true },
    { target: 'place.code', from: '$site' },
    { target: 'free', from: 'levels[].free', transforms: ['decimal'] },
    { target: 'twice', result: 'free', transforms: [{ multiply: 2 }] },
    { target: 'line', from: '$number' },
  ];

  it('makes one document per entry, with targets as of one document', async () => {
    const source = {
      site: 'A',
      levels: [
        { sku: 'x', free: 3 },
        { sku: 'y', gone: true },
        { sku: 'z', free: '1.5' },
      ],
    };
    assert.equal(compiled(levels).list, true);
    assert.deepEqual((await map(levels, source)).value, [
      { sku: 'x', place: { code: 'A' }, free: '3', twice: '6', line: 1 },
      { sku: 'z', place: { code: 'A' }, free: '1.5', twice: '3', line: 3 },
    ]);
    assert.deepEqual((await map(levels, { levels: [] })).value, []);
    assert.deepEqual((await map(levels, {})).value, []);
  });

  it('tells the entry of a fault in the source and in the result', async () => {
    const { value, problems, draft } = await map(levels, { levels: [{ sku: 'x' }, { free: 'many' }] });
    assert.equal(value, undefined);
    assert.deepEqual(
      problems.map(({ path, from }) => [path, from]),
      [
        ['/1/sku', 'levels[1].sku'],
        ['/1/free', 'levels[1].free'],
      ],
    );
    assert.deepEqual((draft as unknown[])[0], { sku: 'x', line: 1 });
  });

  it('takes a message that is a list itself, and several kinds of documents', async () => {
    const rules: Rule[] = [
      { target: '[stock]', each: '[]' },
      { target: '[stock].n', from: '[].n' },
      { target: '[moved]', each: '[].moves[]' },
      { target: '[moved].by', from: '[].moves[].by' },
    ];
    assert.deepEqual((await map(rules, [{ n: 1, moves: [{ by: 5 }] }, { n: 2 }])).value, [
      { n: 1 },
      { n: 2 },
      { by: 5 },
    ]);
  });

  const orders: Rule[] = [
    { target: '[]', each: '[]', groupBy: '[].order' },
    { target: 'id', from: '[].order', required: true },
    { target: 'buyer', from: '[].buyer' },
    { target: 'pieces', from: '$group[].qty', transforms: ['sum'] },
    { target: 'lines[]', each: '[]' },
    { target: 'lines[].no', from: '$number' },
    { target: 'lines[].sku', from: '[].sku', required: true },
  ];

  it('brings flat rows together by a key, in the order of appearance', async () => {
    const rows = [
      { order: 'A', buyer: 'x', sku: 's1', qty: '2' },
      { order: 'B', buyer: 'y', sku: 's2', qty: '1' },
      { order: 'A', buyer: 'x', sku: 's3', qty: '3' },
    ];
    assert.deepEqual((await map(orders, rows)).value, [
      {
        id: 'A',
        buyer: 'x',
        pieces: '5',
        lines: [
          { no: 1, sku: 's1' },
          { no: 2, sku: 's3' },
        ],
      },
      { id: 'B', buyer: 'y', pieces: '1', lines: [{ no: 1, sku: 's2' }] },
    ]);
  });

  it('tells a fault in a group by the row of the message, and never brings rows without a key together', async () => {
    const { problems } = await map(orders, [
      { order: 'A', sku: 's' },
      { order: 'B', sku: 's' },
      { order: 'A' },
      { sku: 'a' },
      { sku: 'b' },
    ]);
    assert.deepEqual(
      problems.map(({ path, from }) => [path, from]),
      [
        ['/0/lines/1/sku', '[2].sku'],
        ['/2/id', '[3].order'],
        ['/3/id', '[4].order'],
      ],
    );
  });

  it('groups lists inside of a document by several fields', async () => {
    const rules: Rule[] = [
      { target: 'boxes[]', each: 'items[]', groupBy: ['items[].box', 'items[].lot'] },
      { target: 'boxes[].box', from: 'items[].box' },
      { target: 'boxes[].total', from: '$group[].n', transforms: ['sum'] },
      { target: 'boxes[].skus[]', each: 'items[]', from: 'items[].sku' },
    ];
    const items = [
      { box: 1, lot: 'a', n: 1, sku: 'p' },
      { box: 1, lot: 'b', n: 2, sku: 'q' },
      { box: 1, lot: 'a', n: 3, sku: 'r' },
    ];
    assert.deepEqual((await map(rules, { items })).value, {
      boxes: [
        { box: 1, total: '4', skus: ['p', 'r'] },
        { box: 1, total: '2', skus: ['q'] },
      ],
    });
  });

  it('refuses rows that cannot be meant, in words', () => {
    const cases: [Rule[], RegExp][] = [
      [[{ target: '[].a', from: 'a' }], /no row says what \[\] repeats over/],
      [[{ target: '[]', each: '[]', from: '[].a' }], /a document is an object/],
      [[{ target: 'a', from: '$number' }], /\$number needs a row with each/],
      [[{ target: 'a', from: '$group[].x' }], /\$group needs a row with each and groupBy/],
      [[{ target: 'a[]', each: 'b[]', groupBy: 'c' }], /groupBy must be a path into b\[\]/],
      [[{ target: 'a', from: 'x', groupBy: 'x' }], /belong to a target that ends with/],
    ];
    for (const [rules, sentence] of cases) {
      assert.throws(
        () => compiled(rules),
        (error) => error instanceof CrossdockError && sentence.test(error.message),
        JSON.stringify(rules),
      );
    }
  });

  it('tells no more problems of a message than anybody reads', async () => {
    const rows = Array.from({ length: 20_000 }, () => ({ order: 'A' }));
    assert.equal((await map(orders, rows)).problems.length, 500);
  });

  it('traces what each row gave', async () => {
    const rules: Rule[] = [
      { target: 'rows[]', each: 'r[]' },
      { target: 'rows[].a', from: 'r[].a', transforms: ['decimal'], default: '7' },
      { target: 'b', from: 'gone' },
    ];
    const { trace } = await compiled(rules).map({ r: [{ a: '1.50' }, {}] }, CONTEXT, { trace: true });
    assert.deepEqual(trace, [
      { rule: 1, value: '1.5' },
      { rule: 1, value: '7' },
      { rule: 2, value: undefined },
    ]);
  });
});
