import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import type { ExpressionEngine } from '../../core/expression';
import { compileMapping, type Rule, TRANSFORM_NAMES } from '../../core/mapping';
import { toUtc } from '../../core/mapping/dates';

const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'acme', receivedAt: '2026-11-23T10:00:00Z' };

function spec(rules: readonly unknown[], more: object = {}) {
  return {
    spec: 'crossdock-mapping/1',
    name: 'test',
    version: '1.2.3',
    from: { contract: 'a', version: '1.0' },
    to: { contract: 'b', version: '1.0' },
    rules,
    ...more,
  };
}

async function map(rules: readonly Rule[], source: unknown, more: object = {}) {
  return compileMapping(spec(rules, more), { mayQuote: () => true }).map(source, CONTEXT);
}

async function value(rule: Omit<Rule, 'target'>, source: unknown = {}): Promise<unknown> {
  const result = await map(
    [
      { target: '$currency', const: 'EUR' },
      { target: 'x', ...rule },
    ],
    source,
  );
  assert.deepEqual(result.problems, []);
  return (result.value as Record<string, unknown>)['x'];
}

function refusal(rules: readonly unknown[], more: object = {}): CrossdockError {
  try {
    compileMapping(spec(rules, more));
  } catch (error) {
    assert.ok(error instanceof CrossdockError);
    assert.equal(error.code, 'MAPPING_SPEC_INVALID');
    return error;
  }
  return assert.fail('was accepted');
}

describe('mapping spec', () => {
  it('is refused with the faulty row, in words', () => {
    const cases: [rules: readonly unknown[], path: string, sentence: RegExp][] = [
      [
        [
          { target: 'a', const: 1 },
          { target: 'b', from: 'x', transforms: ['trimm'] },
        ],
        '/rules/1/transforms/0',
        /row 2 \(b\).*one of trim/,
      ],
      [
        [{ target: 'b', from: 'x', transforms: [{ prefix: 1 }] }],
        '/rules/0/transforms/0/prefix',
        /must be text/,
      ],
      [[{ target: 'b', from: 'x', const: 1 }], '/rules/0', /exactly one of/],
      [[{ target: 'b' }], '/rules/0', /exactly one of/],
      [[{ target: 'b', from: 'x', tarnsforms: [] }], '/rules/0/tarnsforms', /not known/],
      [[{ target: 'lines[].x', from: 'y' }], '/rules/0', /no row says what lines\[\] repeats over/],
      [[{ target: 'lines[]', each: 'items' }], '/rules/0', /must end with \[\]/],
      [[{ target: 'a', from: '$nothing' }], '/rules/0', /no row that sets the variable \$nothing/],
      [[{ target: 'a', from: 'x', transforms: [{ lookup: 'nothing' }] }], '/rules/0', /no table "nothing"/],
      [[{ target: 'a', from: 'x', transforms: [{ round: 'currency' }] }], '/rules/0', /\$currency/],
      [
        [{ target: 'a', from: 'x', transforms: [{ date: { zone: 'Berlin' } }] }],
        '/rules/0',
        /not a time zone/,
      ],
      [
        [
          { target: 'a', const: 1 },
          { target: 'a.b', const: 1 },
        ],
        '/rules/1',
        /nothing can be filled below/,
      ],
      [[{ target: 'a', jsonata: '$.x' }], '/rules/0', /not available/],
      [[{ target: 'a..b', const: 1 }], '/rules/0', /no field name/],
      [[{ target: 'a', from: 'x', where: [{ from: 'y' }] }], '/rules/0', /no test/],
    ];
    for (const [rules, path, sentence] of cases) {
      const { problems } = refusal(rules);
      assert.equal(problems[0]?.path, path, JSON.stringify(rules));
      assert.match(problems[0]?.message ?? '', sentence);
    }
  });

  it('tells all faulty rows at once', () => {
    const error = refusal([
      { target: 'a', from: '$x' },
      { target: 'b', const: 1 },
      { target: 'c', from: '$y' },
    ]);
    assert.deepEqual(
      error.problems.map((problem) => problem.path),
      ['/rules/0', '/rules/2'],
    );
  });

  it('leaves faulty rows out where the table is being worked on', async () => {
    const rules = [
      { target: 'a', from: '$x' },
      { target: 'b', const: 1 },
      { target: 'c', nonsense: true },
      { target: 'd[]', from: 'x' },
      { target: 'e', from: 'gone', required: true },
    ];
    const lenient = compileMapping(spec(rules), { lenient: true });
    assert.deepEqual(
      lenient.faults.map(({ path }) => path.slice(0, 8)),
      ['/rules/2', '/rules/3', '/rules/0'],
    );
    const { draft, problems } = await lenient.map({}, CONTEXT);
    assert.deepEqual(draft, { b: 1 });
    assert.deepEqual(
      problems.map(({ rule }) => rule),
      [4],
    );
    assert.throws(() => compileMapping({ ...spec(rules), name: 7 }, { lenient: true }), {
      code: 'MAPPING_SPEC_INVALID',
    });
  });

  it('cannot reach prototypes by any path', () => {
    for (const path of [
      '__proto__.x',
      'a.constructor.b',
      "a['prototype']",
      'a[__proto__=1].b',
      'a.__proto__',
    ]) {
      assert.match(refusal([{ target: 'a', from: path }]).message, /must not be used/, path);
      assert.match(refusal([{ target: path, const: 1 }]).message, /must not be used/, path);
    }
  });

  it('reads only own members', async () => {
    assert.equal(await value({ from: 'toString.name' }), undefined);
    assert.equal(await value({ from: 'a.hasOwnProperty' }, { a: {} }), undefined);
  });

  it('never copies a prototype into a result', async () => {
    const hostile = JSON.parse('{"extra":{"deep":[{"__proto__":{"admin":true}}]}}') as unknown;
    const { value: result, problems } = await map([{ target: 'x', from: 'extra' }], hostile);
    assert.equal(result, undefined);
    assert.equal(problems.length, 1);
  });

  it('knows by its schema exactly the transforms that there are', () => {
    const schema = JSON.parse(
      readFileSync(join(__dirname, '../../core/mapping/mapping-spec.schema.json'), 'utf8'),
    ) as {
      $defs: { transform: { pattern: string; properties: object } };
    };
    const { pattern, properties } = schema.$defs.transform;
    const documented = new Set([...pattern.replace(/[\^$()]/g, '').split('|'), ...Object.keys(properties)]);
    assert.deepEqual([...documented].sort(), [...TRANSFORM_NAMES].sort());
  });
});

describe('mapping rules', () => {
  it('fill nested targets, lists and groups of lists in the order of the rows', async () => {
    const { value: result } = await map(
      [
        { target: 'id', from: 'no' },
        { target: 'lines[]', each: 'items[]', where: [{ from: 'items[].qty', greaterThan: 0 }] },
        { target: 'lines[].n', from: 'items[].qty' },
        { target: 'lines[].order', from: 'no' },
        { target: 'lines[].tags[]', each: 'items[].tags[]', from: 'items[].tags[].name' },
        { target: 'all[a]', each: 'items[]', from: 'items[].qty' },
        { target: 'all[b]', from: 'no' },
        { target: 'tail', from: 'items[].tags[].name', transforms: [{ join: '+' }] },
      ],
      { no: 7, items: [{ qty: 1, tags: [{ name: 'x' }, { name: 'y' }] }, { qty: 0 }, { qty: 2 }] },
    );
    assert.deepEqual(result, {
      id: 7,
      lines: [
        { n: 1, order: 7, tags: ['x', 'y'] },
        { n: 2, order: 7, tags: [] },
      ],
      all: [1, 0, 2, 7],
      tail: 'x+y',
    });
    assert.deepEqual(Object.keys(result as object), ['id', 'lines', 'all', 'tail']);
  });

  it('take the first row and the first path that has a value', async () => {
    const rules: Rule[] = [
      { target: 'x', from: 'a', where: [{ from: 'use', equals: true }] },
      { target: 'x', from: ['b', 'c'] },
      { target: 'x', const: 'last' },
    ];
    const x = async (source: unknown) => ((await map(rules, source)).value as { x: unknown }).x;
    assert.equal(await x({ use: true, a: 1, b: 2 }), 1);
    assert.equal(await x({ use: false, a: 1, b: '', c: 3 }), 3);
    assert.equal(await x({ a: 1, b: null, c: [] }), 'last');
  });

  it('leave out objects without values, keep lists, use defaults', async () => {
    const { value: result } = await map(
      [
        { target: 'a.b.c', from: 'missing' },
        { target: 'd', from: 'missing', default: 0 },
        { target: 'e[]', each: 'missing[]' },
        { target: 'e[].x', const: 1 },
        { target: 'f', where: [{ from: 'missing', exists: true }] },
        { target: 'f.g', const: 1 },
        { target: 'h', const: [] },
      ],
      {},
    );
    assert.deepEqual(result, { d: 0, e: [], h: [] });
  });

  it('collect every fault at its row, with the places in source and target', async () => {
    const { value: result, problems } = await map(
      [
        { target: 'name', from: 'person.name', required: true },
        { target: 'rows[]', each: 'items[]', where: [{ from: 'items[].skip', exists: false }] },
        { target: 'rows[].price', from: 'items[].price', transforms: ['decimal'] },
        { target: 'rows[].parts[]', each: 'items[].parts[]' },
        { target: 'rows[].parts[].count', from: 'items[].parts[].n', transforms: ['integer'] },
      ],
      { items: [{ skip: 1 }, { price: '12,50' }, { price: '1.5', parts: [{ n: 1 }, { n: 1.5 }] }] },
    );
    assert.equal(result, undefined);
    assert.deepEqual(problems, [
      {
        path: '/name',
        from: 'person.name',
        rule: 0,
        message: 'person.name (for name): the value is missing, and it is required',
      },
      {
        path: '/rows/0/price',
        from: 'items[1].price',
        rule: 2,
        message: 'items[1].price (for rows[0].price): "12,50" is not a decimal number',
      },
      {
        path: '/rows/1/parts/1/count',
        from: 'items[2].parts[1].n',
        rule: 4,
        message: 'items[2].parts[1].n (for rows[1].parts[1].count): "1.5" is not a whole number',
      },
    ]);
  });

  it('do not quote values unless they may', async () => {
    const { problems } = await compileMapping(
      spec([{ target: 'x', from: 'x', transforms: ['decimal'] }]),
    ).map({ x: 'Ada Lovelace' }, CONTEXT);
    assert.equal(problems[0]?.message, 'x (for x): the value is not a decimal number');
  });

  it('set variables for all rows or for each entry, and read what is made already', async () => {
    const { value: result } = await map(
      [
        { target: '$factor', from: 'factor' },
        { target: 'rows[]', each: 'items[]' },
        { target: 'rows[].$twice', from: 'items[]', transforms: [{ multiply: { from: '$factor' } }] },
        { target: 'rows[].n', from: '$twice' },
        { target: 'total.sum', result: 'rows[].n', transforms: ['sum'] },
        { target: 'total.next', result: 'total.sum', transforms: [{ add: 1 }] },
      ],
      { factor: 2, items: [1, 2] },
    );
    assert.deepEqual(result, { rows: [{ n: '2' }, { n: '4' }], total: { sum: '6', next: '7' } });
  });

  it('run expressions through the engine: one call for all that a pass asks for, faults at their rows', async () => {
    const calls: number[] = [];
    const engine: ExpressionEngine = {
      jsonata: (source) => ({ language: 'jsonata', source }),
      regex: (source) => ({ language: 'regex', source }),
      atOnce: () => undefined,
      evaluate: async (evaluations) => {
        calls.push(evaluations.length);
        return evaluations.map(({ expression: { source }, input }) =>
          source === 'boom'
            ? {
                error: new CrossdockError('The expression failed.', {
                  code: 'EXPRESSION_FAILED',
                  kind: 'permanent',
                }),
              }
            : { value: source === 'n' ? (input as { n: number }).n * 10 : undefined },
        );
      },
    };
    const compiled = (rules: readonly Rule[]) => compileMapping(spec(rules), { expression: engine });
    const good = compiled([
      { target: '$big', jsonata: 'n' },
      { target: 'rows[]', each: 'rows[]', where: [{ from: '$big', greaterThan: 5 }] },
      { target: 'rows[].v', jsonata: 'n', transforms: ['string'] },
      { target: 'none', jsonata: 'gone', default: 'd' },
    ]);
    assert.deepEqual((await good.map({ n: 1, rows: [{ n: 1 }, { n: 2 }] }, CONTEXT)).value, {
      rows: [{ v: '10' }, { v: '20' }],
      none: 'd',
    });
    assert.deepEqual(calls, [2, 2]);
    const { problems } = await compiled([{ target: 'x', jsonata: 'boom', default: 'd' }]).map({}, CONTEXT);
    assert.match(problems[0]?.message ?? '', /^x: the expression failed$/);
    assert.equal(problems[0]?.cause?.code, 'EXPRESSION_FAILED');
  });

  it('take a root key off, where the message has it', async () => {
    const rules = [{ target: 'x', from: 'id' }];
    assert.deepEqual((await map(rules, { order: { id: 1 } }, { unwrap: 'order' })).value, { x: 1 });
    assert.deepEqual((await map(rules, { id: 2, order: 'A' }, { unwrap: 'order' })).value, { x: 2 });
    assert.deepEqual((await map(rules, { a: { b: { id: 3 } } }, { unwrap: 'a.b' })).value, { x: 3 });
    assert.match(refusal(rules, { unwrap: 'a.__proto__' }).message, /unwrap: .*must not be used/);
  });

  it('know the context and their own version', async () => {
    assert.equal(await value({ context: 'channel' }), 'shop');
    assert.equal(await value({ context: 'mappingVersion' }), 'test@1.2.3');
    assert.equal(await value({ context: 'toString' }), undefined);
  });
});

describe('transforms', () => {
  const apply = (from: unknown, ...transforms: unknown[]) =>
    value({ from: 'v', transforms: transforms as string[] }, { v: from, n: 3, list: [{ k: 7, p: 19 }] });

  it('make exact decimals of text, numbers and comma decimals', async () => {
    assert.equal(await apply('12.30', 'decimal'), '12.3');
    assert.equal(await apply(0.1, 'decimal', { add: '0.2' }), '0.3');
    assert.equal(await apply(1e-7, 'decimal'), '0.0000001');
    assert.equal(await apply('-0.00', 'decimal'), '0');
    assert.equal(await apply('1.234,50', { decimal: { mark: ',', group: '.' } }), '1234.5');
    assert.equal(await apply("1'234.50", { decimal: { group: "'" } }), '1234.5');
    for (const bad of ['12,5', '', 'abc', '1.2.3', '0x10', 'Infinity', '1e999', '9'.repeat(50)]) {
      const { problems } = await map([{ target: 'x', from: 'v', transforms: ['decimal'], required: true }], {
        v: bad,
      });
      assert.equal(problems.length, 1, bad);
    }
  });

  it('round half away from zero, to the currency or to digits', async () => {
    assert.equal(await apply('1.005', { round: 'currency' }), '1.01');
    assert.equal(await apply('-1.005', { round: 'currency' }), '-1.01');
    assert.equal(await apply('-0.001', { round: 'currency' }), '0.00');
    assert.equal(await apply(9.99, { round: { digits: 6, min: 'currency' } }), '9.99');
    assert.equal(
      await apply(25.18, { divide: { from: 'n' } }, { round: { digits: 6, min: 'currency' } }),
      '8.393333',
    );
    assert.equal(await apply(5, { round: 0 }), '5');
  });

  it('calculate with other fields, and say so when one is missing', async () => {
    assert.equal(await apply(10, { subtract: { from: 'n' } }, { multiply: 2 }), '14');
    assert.equal(await apply([1, '2.5', null], 'sum'), '3.5');
    assert.equal(await apply([1, 2], 'count'), '2');
    for (const transform of [{ add: { from: 'gone' } }, { divide: 0 }]) {
      const { problems } = await map([{ target: 'x', from: 'v', transforms: [transform] }], { v: 1 });
      assert.match(problems[0]?.message ?? '', /cannot be/);
    }
  });

  it('change text', async () => {
    assert.equal(await apply(' Ab ', 'trim', 'upper', { prefix: '<' }, { suffix: '>' }), '<AB>');
    assert.equal(await apply('a, b,,c', { split: { separator: ',', index: -1 } }), 'c');
    assert.deepEqual(await apply('a, b,,c', { split: { separator: ',' } }), ['a', 'b', 'c']);
    assert.equal(
      await apply(undefined, { concat: { with: [{ from: 'gone' }, 'z', { from: 'n' }], separator: '-' } }),
      'z-3',
    );
    assert.equal(await apply('id', { businessKey: ['a:b', { context: 'account' }] }), 'a%3Ab:main:id');
    assert.equal(await apply('DE-SN', { removePrefix: 'DE-' }), 'SN');
  });

  it('translate by tables and by lists of the message', async () => {
    assert.equal(await apply('a', { enum: { values: { a: 'A' } } }), 'A');
    assert.equal(await apply('b', { enum: { values: { a: 'A' }, default: 'Z' } }), 'Z');
    assert.equal(await apply(7, { find: { in: 'list', key: 'k', value: 'p' } }), 19);
    for (const [bad, transform] of [
      ['toString', { enum: { values: { a: 'A' } } }],
      [8, { find: { in: 'list', key: 'k', value: 'p' } }],
    ] as const) {
      const { problems } = await map([{ target: 'x', from: 'v', transforms: [transform] }], {
        v: bad,
        list: [{ k: 7, p: 19 }],
      });
      assert.equal(problems.length, 1);
    }
  });

  it('know yes and no, countries by code and name', async () => {
    assert.deepEqual(
      [
        await apply('Yes', 'boolean'),
        await apply(0, 'boolean'),
        await apply('ja', { boolean: { true: ['ja'] } }),
      ],
      [true, false, true],
    );
    for (const [from, to] of [
      ['de', 'DE'],
      ['UK', 'GB'],
      ['Belgique', 'BE'],
      ['österreich', 'AT'],
      ['BEL', 'BE'],
      ['gbr', 'GB'],
      ['United States', 'US'],
      ["Côte d'Ivoire", 'CI'],
    ]) {
      assert.equal(await apply(from, 'country'), to);
    }
    for (const bad of ['Atlantis', 'XX', 'XYZ', 'EU', 'DD', 'constructor']) {
      const { problems } = await map([{ target: 'x', from: 'v', transforms: ['country'] }], { v: bad });
      assert.equal(problems.length, 1, bad);
    }
  });
});

describe('times', () => {
  it('become UTC', () => {
    assert.equal(toUtc('2026-11-23T11:00:00+01:00', undefined), '2026-11-23T10:00:00Z');
    assert.equal(toUtc('2026-11-23T10:00:00.250Z', undefined), '2026-11-23T10:00:00.250Z');
    assert.equal(toUtc('2008-01-10 11:00:00 -0500', undefined), '2008-01-10T16:00:00Z');
    assert.equal(toUtc('2026-07-01T12:00:00', 'Europe/Berlin'), '2026-07-01T10:00:00Z');
    assert.equal(toUtc('2026-11-23T10:00:00', 'UTC'), '2026-11-23T10:00:00Z');
    assert.equal(toUtc('2026-11-23', 'Asia/Tokyo'), '2026-11-22T15:00:00Z');
  });

  it('are unambiguous when clocks change', () => {
    assert.equal(toUtc('2026-03-29T02:30:00', 'Europe/Berlin'), '2026-03-29T01:30:00Z');
    assert.equal(toUtc('2026-10-25T02:30:00', 'Europe/Berlin'), '2026-10-25T00:30:00Z');
    assert.equal(toUtc('2026-11-01T01:30:00', 'America/New_York'), '2026-11-01T05:30:00Z');
    assert.equal(toUtc('2026-03-29T01:59:59', 'Europe/Berlin'), '2026-03-29T00:59:59Z');
  });

  it('are refused when they do not exist or have no zone', () => {
    for (const [text, zone] of [
      ['2026-02-30', 'UTC'],
      ['2026-11-23T25:00:00Z', undefined],
      ['23.11.2026', 'UTC'],
      ['2026-11-23T10:00:00', undefined],
    ] as const) {
      assert.throws(() => toUtc(text, zone), text);
    }
  });
});
