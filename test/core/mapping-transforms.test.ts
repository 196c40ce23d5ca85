import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import { compileMapping, TRANSFORM_NAMES, type TransformSpec } from '../../core/mapping';
import { projectFolders } from '../support';

const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'acme', receivedAt: '2026-11-23T10:00:00Z' };

function compiled(transforms: readonly unknown[], more: object = {}) {
  return compileMapping(
    {
      spec: 'crossdock-mapping/1',
      name: 'test',
      version: '1.0.0',
      from: { contract: 'a', version: '1.0' },
      to: { contract: 'b', version: '1.0' },
      rules: [
        { target: '$currency', const: 'EUR' },
        { target: 'x', from: 'v', transforms },
      ],
      ...more,
    },
    { mayQuote: () => true },
  );
}

async function apply(v: unknown, transforms: readonly TransformSpec[], more: object = {}): Promise<unknown> {
  const { value, problems } = await compiled(transforms, more).map({ v, other: 'o', n: 3 }, CONTEXT);
  assert.deepEqual(problems, []);
  return (value as Record<string, unknown>)['x'];
}

async function fault(v: unknown, transforms: readonly TransformSpec[], more: object = {}): Promise<string> {
  const { problems } = await compiled(transforms, more).map({ v }, CONTEXT);
  assert.equal(problems.length, 1, JSON.stringify([v, transforms]));
  return problems[0]?.message ?? '';
}

const date = (v: unknown, argument: object) => apply(v, [{ date: argument }]);

describe('mapping transforms: times', () => {
  it('read the formats of partners, in the zone of the sender', async () => {
    const zone = 'Europe/Berlin';
    const cases: [unknown, object, string][] = [
      ['23.11.2026 10:05', { format: 'dd.MM.yyyy HH:mm', zone }, '2026-11-23T09:05:00Z'],
      ['1.7.2026', { format: 'd.M.yyyy', zone }, '2026-06-30T22:00:00Z'],
      ['20261123', { format: 'yyyyMMdd', zone: 'UTC' }, '2026-11-23T00:00:00Z'],
      [20261123, { format: 'yyyyMMdd', zone: 'UTC' }, '2026-11-23T00:00:00Z'],
      ['202611231005', { format: ['yyyyMMdd', 'yyyyMMddHHmm'], zone }, '2026-11-23T09:05:00Z'],
      ['11/23/26', { format: 'MM/dd/yy', zone: 'America/New_York' }, '2026-11-23T05:00:00Z'],
      ['23 nov 2026 7:00', { format: 'dd MMM yyyy H:mm', zone: 'UTC' }, '2026-11-23T07:00:00Z'],
      [
        '2026-11-23T10.05.06.789+02:00',
        { format: "yyyy-MM-dd'T'HH.mm.ss.SSSXXX" },
        '2026-11-23T08:05:06.789Z',
      ],
      [1763892000, { format: 'epochSeconds' }, '2025-11-23T10:00:00Z'],
      ['1763892000123', { format: 'epochMilliseconds' }, '2025-11-23T10:00:00.123Z'],
      ['2026-03-29 02:30', { zone }, '2026-03-29T01:30:00Z'],
      ['2026-10-25 02:30', { zone }, '2026-10-25T00:30:00Z'],
    ];
    for (const [value, argument, expected] of cases) assert.equal(await date(value, argument), expected);
  });

  it('take dates as database nodes give them', async () => {
    const at = new Date('2026-07-01T22:30:05Z');
    assert.equal(await date(at, { output: { format: 'dd.MM.yyyy' } }), '01.07.2026');
    assert.equal(await apply(at, ['date']), '2026-07-01T22:30:05Z');
    assert.match(await fault(new Date(Number.NaN), ['string']), /is an object/);
  });

  it('write UTC, or the format and zone that a partner wants', async () => {
    const at = '2026-07-01T22:30:05.007Z';
    const zone = 'Europe/Berlin';
    assert.equal(await date(at, { output: { format: 'yyyy-MM-dd', zone } }), '2026-07-02');
    assert.equal(await date(at, { output: { format: 'yyyy-MM-dd' } }), '2026-07-01');
    assert.equal(
      await date(at, { output: { format: "yyyy-MM-dd'T'HH:mm:ssXXX", zone } }),
      '2026-07-02T00:30:05+02:00',
    );
    assert.equal(await date(at, { output: { format: 'd.M.yy H:mm:ss.SSS' } }), '1.7.26 22:30:05.007');
    assert.equal(
      await date(at, { output: { format: 'dd MMM yyyy', zone: 'America/New_York' } }),
      '01 Jul 2026',
    );
    assert.equal(await date(at, { output: { format: 'epochSeconds' } }), '1782945005');
    assert.equal(
      await date('02.07.2026', { format: 'dd.MM.yyyy', output: { format: 'yyyy-MM-dd' } }),
      '2026-07-02',
    );
    assert.equal(
      await date('02.07.2026', { format: 'dd.MM.yyyy', zone, output: { format: 'yyyy-MM-dd' } }),
      '2026-07-02',
    );
  });

  it('refuse what is no such time, and formats that nobody can mean', async () => {
    assert.match(
      await fault('2026-11-23', [{ date: { format: ['dd.MM.yyyy', 'yyyyMMdd'] } }]),
      /in the format dd\.MM\.yyyy or yyyyMMdd/,
    );
    assert.match(
      await fault('31.02.2026', [{ date: { format: 'dd.MM.yyyy', zone: 'UTC' } }]),
      /not a day or time that exists/,
    );
    assert.match(await fault('01.02.2026', [{ date: { format: 'dd.MM.yyyy' } }]), /no time zone/);
    assert.match(
      await fault(1763892000123, [{ date: { format: 'epochSeconds' } }]),
      /are the seconds milliseconds/,
    );
    for (const [format, sentence] of [
      ['dd.MM', /has no year/],
      ['dd.MM.YYYY', /unknown part at "YYYY"/],
      ['dd.MM.yyyy dd', /a part twice/],
    ] as const) {
      assert.throws(
        () => compiled([{ date: { format } }]),
        (error) => error instanceof CrossdockError && sentence.test(error.message),
      );
    }
  });
});

describe('mapping transforms: numbers', () => {
  it('read the decimals of every locale, implied ones and signs behind', async () => {
    assert.equal(await apply("1'234.50", [{ decimal: { group: "'" } }]), '1234.5');
    assert.equal(await apply('1 234,50', [{ decimal: { mark: ',', group: ' ' } }]), '1234.5');
    assert.equal(await apply('12,50-', [{ decimal: { mark: ',' } }]), '-12.5');
    assert.equal(await apply('0001250', [{ decimal: { implied: 2 } }]), '12.5');
    assert.equal(await apply(5, [{ decimal: { implied: 3 } }]), '0.005');
    assert.match(await fault('12.50', [{ decimal: { implied: 2 } }]), /last 2 digits are the decimals/);
    assert.match(await fault('1.5', [{ decimal: { mark: ',' } }]), /with decimal mark ,/);
  });

  it('write the numbers that partners want', async () => {
    assert.equal(
      await apply('1234567.5', [{ formatNumber: { digits: 2, mark: ',', group: '.' } }]),
      '1.234.567,50',
    );
    assert.equal(await apply('-123456', [{ formatNumber: { digits: 0, group: ' ' } }]), '-123 456');
    assert.equal(await apply('12.3', [{ formatNumber: { digits: 'currency', implied: true } }]), '1230');
    assert.equal(await apply('-0.05', [{ formatNumber: { digits: 2, implied: true } }]), '-5');
    assert.equal(await apply('12.50', ['number']), 12.5);
    assert.match(await fault('12345678901234567.89', ['number']), /more digits than a number of JSON/);
  });

  it('bring the numbers of lists together', async () => {
    const list = ['10', 2, null, '1.5'];
    assert.equal(await apply(list, ['min']), '1.5');
    assert.equal(await apply(list, ['max']), '10');
    assert.equal(await apply(list, ['average', { round: 2 }]), '4.50');
    assert.equal(await apply([null], ['max', { default: '0' }]), '0');
    assert.match(await fault([1, 'x'], ['max']), /"x" is not a decimal/);
  });
});

describe('mapping transforms: texts, codes and lists', () => {
  it('cut, fill and replace text', async () => {
    assert.equal(await apply('  a \n b ', ['squeeze']), 'a b');
    assert.equal(await apply('4711-EU', [{ removeSuffix: '-EU' }]), '4711');
    assert.equal(await apply('4711', [{ removeSuffix: '-EU' }]), '4711');
    assert.equal(await apply('ABCDEF', [{ substring: { start: 1, length: 3 } }]), 'BCD');
    assert.equal(await apply('ABCDEF', [{ substring: { start: -2 } }]), 'EF');
    assert.equal(await apply(42, [{ pad: { length: 6, with: '0' } }]), '000042');
    assert.equal(await apply('ab', [{ pad: { length: 4, side: 'right' } }]), 'ab  ');
    assert.equal(await apply('a/b/c', [{ replace: { find: '/', with: '-' } }]), 'a-b-c');
    assert.equal(await apply('$&x', [{ replace: { find: 'x', with: '$&' } }]), '$&$&');
  });

  it('translate codes in both directions', async () => {
    const values = { paid: 'P', settled: 'P', open: 'U', '1': true };
    assert.equal(await apply('settled', [{ enum: { values } }]), 'P');
    assert.equal(await apply('P', [{ enum: { values, reverse: true } }]), 'paid');
    assert.equal(await apply(true, [{ enum: { values, reverse: true } }]), '1');
    assert.equal(await apply('Z', [{ enum: { values, reverse: true, default: '?' } }]), '?');
    assert.match(
      await fault('Z', [{ enum: { values, reverse: true } }]),
      /"Z" is not one of the known values \(true, P, U\)|\(P, U, true\)/,
    );
    const tables = { carriers: { DHL: 'dhl-de', UPS: 'ups' } };
    assert.equal(
      await apply('dhl-de', [{ lookup: { table: 'carriers', reverse: true } }], { tables }),
      'DHL',
    );
  });

  it('take the first of several, and pick from lists', async () => {
    assert.equal(await apply('', [{ coalesce: [{ from: 'gone' }, { from: 'other' }] }]), 'o');
    assert.equal(await apply('v', [{ coalesce: ['x'] }]), 'v');
    assert.equal(await apply([null, 'a', 'b', ''], ['last']), 'b');
    assert.deepEqual(await apply(['a', 'b', 'a'], ['distinct']), ['a', 'b']);
    assert.deepEqual(await apply('a', ['list']), ['a']);
    const rows = [{ k: 'a', n: 1 }, { k: 'b', n: 2 }, { n: 4 }];
    const sumOf = (filter: object) =>
      apply(rows, [{ filter: { key: 'k', ...filter } }, { pluck: 'n' }, 'sum']);
    assert.equal(await sumOf({ in: ['a', 'b'] }), '3');
    assert.equal(await sumOf({ notEquals: 'a' }), '6');
    assert.equal(await sumOf({ exists: false }), '4');
    assert.throws(() => compiled([{ filter: { key: 'k' } }]), /needs equals, notEquals, in or exists/);
  });

  it('read an object in the place of a list as its one entry, as XML becomes JSON', async () => {
    const rules = [
      { target: 'n[]', each: 'l.r[]', from: 'l.r[].n' },
      { target: 'sum', from: 'l.r[].n', transforms: ['sum'] },
    ];
    const one = await compiled([], { rules }).map({ l: { r: { n: 5 } } }, CONTEXT);
    assert.deepEqual(one.value, { n: [5], sum: '5' });
  });
});

describe('mapping transforms: canonical lines', () => {
  it('give the amounts of lines for senders without totals, and leave out lines that could not be filled', async () => {
    const line = (current: string, amount: string, off?: string) => ({
      quantity: { current },
      unitPrice: { amount, baseQuantity: '1' },
      allowancesCharges: off === undefined ? [] : [{ isCharge: false, amount: off }],
    });
    const lines = [line('3', '0.1'), line('2.5', '9.99', '2.50'), { quantity: { current: '1' } }];
    assert.deepEqual(await apply(lines, ['lineAmounts', 'sum']), '22.775');
    assert.equal(await apply([undefined, 'x', null], ['lineAmounts', 'sum']), undefined);
    assert.match(await fault([line('many', '1')], ['lineAmounts']), /not a decimal number/);
    const noBase = { ...line('1', '1'), unitPrice: { amount: '1', baseQuantity: '0' } };
    assert.match(await fault([noBase], ['lineAmounts']), /not a decimal number/);
  });
});

describe('mapping transforms: documentation', () => {
  interface Documented {
    readonly title?: string;
    readonly description?: string;
    readonly examples?: readonly TransformSpec[];
  }
  const schema = JSON.parse(
    readFileSync(join(__dirname, '../../core/mapping/mapping-spec.schema.json'), 'utf8'),
  ) as { $defs: { transform: { properties: Record<string, Documented> } } };

  it('names every transform on its page, as the schema describes it', () => {
    const page = readFileSync(join(projectFolders().root, 'docs/mapping-table.md'), 'utf8');
    for (const [name, { description }] of Object.entries(schema.$defs.transform.properties)) {
      assert.ok(page.includes(`| \`${name}\` | ${description} |`), `docs/mapping-table.md: ${name}`);
    }
  });

  it('names every transform with a title, a description and an example that compiles', () => {
    const tables = { carriers: { a: 'b' } };
    for (const name of TRANSFORM_NAMES) {
      const { title, description, examples = [] } = schema.$defs.transform.properties[name] ?? {};
      assert.ok(title && description, name);
      assert.ok(examples.length > 0, name);
      const engine = { jsonata: accept, regex: accept, atOnce: () => undefined, evaluate: async () => [] };
      for (const example of examples) {
        const rules = [
          { target: '$currency', const: 'EUR' },
          { target: 'x', from: 'v', transforms: [example] },
        ];
        const spec = { spec: 'crossdock-mapping/1', name: 't', version: '1.0.0', rules, tables };
        const contract = { contract: 'a', version: '1.0' };
        compileMapping({ ...spec, from: contract, to: contract }, { expression: engine });
      }
    }
  });
});

function accept(source: string) {
  return { language: 'regex', source } as const;
}
