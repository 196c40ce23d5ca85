import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contracts } from '../../core/contract';
import {
  type MappingSpec,
  READY_MAPPINGS,
  type Rule,
  readyMapping,
  TRANSFORM_NAMES,
} from '../../core/mapping';
import {
  contractAnswer,
  diffSpecs,
  documentOf,
  sampleAnswer,
  specHash,
  specText,
  suggest,
  transformEntries,
  tryMapping,
} from '../../core/mapping-desk';
import { projectFolders } from '../support';
import { fixturesOf, inboundMappings } from './mapping-suggest-bench';
import { CONTEXT, fixture } from './mapping-support';

const spec = (rules: readonly Rule[], head: Partial<MappingSpec> = {}): MappingSpec => ({
  spec: 'crossdock-mapping/1',
  name: 'acme',
  version: '1.0.0',
  from: { contract: 'any-object', version: '1.0' },
  to: { contract: 'order', version: '1.0' },
  rules,
  ...head,
});
const options = { registry: contracts() };

describe('mapping desk', () => {
  describe('a sample', () => {
    it('is read as JSON, with a fault at its line and column', () => {
      const good = sampleAnswer('{"a": {"b": [1, 2.5]}, "at": "2026-11-27"}', contracts());
      assert.deepEqual(
        good.fields.map(({ path, type, looks, count }) => [path, type, looks, count]),
        [
          ['a', 'object', undefined, 1],
          ['a.b', 'list', undefined, 1],
          ['a.b[]', 'number', 'decimal', 2],
          ['at', 'text', 'date', 1],
        ],
      );
      const { format, fields, errors } = sampleAnswer('{\n  "a": 1\n  "b": 2\n}', contracts());
      assert.deepEqual([format, fields.length], [null, 0]);
      assert.deepEqual([errors[0]?.line, errors[0]?.column], [3, 3]);
      assert.match(errors[0]?.message ?? '', /^Line 3, column 3: .*comma is expected/);
      assert.equal(sampleAnswer('   ', contracts()).errors[0]?.message, 'The sample is empty.');
    });

    it('is read as one document per line, and tells the line that is none', () => {
      const { format, value, errors } = sampleAnswer('{"a":1}\n{"a":2}\n{"a":\n{"a":4}', contracts());
      assert.equal(format, 'ndjson');
      assert.deepEqual(value, [{ a: 1 }, { a: 2 }, { a: 4 }]);
      assert.deepEqual(
        errors.map(({ line }) => line),
        [3],
      );
    });

    it('is read as CSV with any of the usual separators, quotes and line breaks in quotes', () => {
      for (const mark of [',', ';', '\t', '|']) {
        const text = `sku${mark}name${mark}qty\r\nA${mark}"x ""y""\n${mark}z"${mark}3\r\n`;
        const { format, value } = sampleAnswer(text, contracts());
        assert.equal(format, 'csv');
        assert.deepEqual(value, [{ sku: 'A', name: `x "y"\n${mark}z`, qty: '3' }]);
      }
      const open = sampleAnswer('a,b\n1,"2\n3,4', contracts());
      assert.deepEqual([open.format, open.errors[0]?.line], [null, 2]);
      const twice = sampleAnswer('a,a\n1,2', contracts());
      assert.match(twice.errors[0]?.message ?? '', /one name twice/);
      assert.match(
        sampleAnswer('a,b\n1,2,3', contracts()).errors[0]?.message ?? '',
        /Line 2: it has 3 values/,
      );
    });

    it('tells entries apart by their qualifier', () => {
      const { fields } = sampleAnswer(
        JSON.stringify({
          parties: [
            { qualifier: 'BY', name: 'a' },
            { qualifier: 'DP', name: 'b' },
          ],
          lines: [{ name: 'x', a: 1, b: 2, c: 3 }],
        }),
        contracts(),
      );
      const paths = fields.map(({ path }) => path);
      assert.ok(paths.includes('parties[qualifier=BY].name') && paths.includes('parties[].name'));
      assert.ok(!paths.some((path) => path.startsWith('lines[name=')), 'lines have names, too');
    });

    it('finds the contract of every document of the ready mappings', () => {
      const wrong: string[] = [];
      for (const mapping of inboundMappings()) {
        const { contract } = readyMapping(mapping).from;
        for (const { name, document } of fixturesOf(mapping)) {
          const [best] = sampleAnswer(JSON.stringify(document), contracts()).contracts;
          if (best?.name !== contract) wrong.push(`${mapping} ${name}: ${best?.name} ${best?.fit}`);
        }
      }
      assert.deepEqual(wrong, []);
      assert.deepEqual(sampleAnswer('{"x": 1, "y": {"z": 2}}', contracts()).contracts, []);
    });

    it('is refused when it could hold up the gateway, or reach into how objects are made', () => {
      const refused = (sample: unknown, code: string): void =>
        assert.throws(
          () => documentOf(sample),
          (error) => (error as { code?: string }).code === code,
        );
      refused(new Array(50_001).fill(0), 'SAMPLE_TOO_LARGE');
      refused('{"a": [', 'SAMPLE_INVALID');
      refused('{"__proto__": {"x": 1}}', 'SAMPLE_INVALID');
      refused(`${'['.repeat(2000)}`, 'SAMPLE_INVALID');
      const odd = sampleAnswer('{"a b": {"c\'d": 1, "constructor": 2, "": 3}}', contracts());
      assert.deepEqual(
        odd.fields.map(({ path }) => path),
        ["['a b']"],
      );
    });

    it('gives a bounded answer for a sample with very many fields', () => {
      const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, index]));
      const { fields, more } = sampleAnswer(JSON.stringify(many), contracts());
      assert.deepEqual([fields.length, more], [2000, true]);
    });
  });

  describe('the fields of a contract', () => {
    it('say what must be there, in what list, and what it is', () => {
      const { fields } = contractAnswer(contracts(), 'order', '1.0');
      const of = (path: string) => fields.find((field) => field.path === path);
      assert.deepEqual(
        [of('currency')?.type, of('currency')?.required, of('currency')?.format],
        ['text', 'always', 'iso-4217'],
      );
      assert.deepEqual(
        [of('lines[].quantity.original')?.type, of('lines[].quantity.original')?.list],
        ['decimal', 'lines[]'],
      );
      assert.equal(of('lines[].taxes[].rate')?.required, 'with parent');
      assert.equal(of('parties.billTo.name')?.required, 'with parent');
      assert.equal(of('parties.buyer.email')?.required, false);
      assert.equal(of('schemaVersion')?.const, '1.0');
      assert.equal(of('parties.buyer.name')?.class, 'pii');
      assert.equal(of('lines')?.leaf, false);
      assert.equal(of('notes')?.leaf, true);
      assert.ok(
        fields.findIndex(({ path }) => path === 'lines') <
          fields.findIndex(({ path }) => path === 'lines[].unit'),
      );
    });

    it('are there for every contract', () => {
      for (const { name, version } of contracts().list()) {
        const { fields, title } = contractAnswer(contracts(), name, version);
        assert.ok(fields.length > 0 || name === 'any-object', name);
        assert.ok(title.length > 0);
      }
    });
  });

  it('describes every transform as it is checked', () => {
    const entries = transformEntries();
    assert.deepEqual(
      entries.map(({ name }) => name),
      TRANSFORM_NAMES,
    );
    for (const { name, title, description, example, argument, members } of entries) {
      assert.ok(title !== name && description.length > 10, `${name} has no words`);
      assert.ok(argument !== 'object' || (members ?? []).length > 0, name);
      const written = typeof example === 'string' ? example : Object.keys(example as object)[0];
      assert.equal(written, name);
    }
  });

  describe('trying a mapping', () => {
    it('of a ready mapping finds nothing, covers everything, and gives what the mapper gives', async () => {
      for (const name of ['shopify-basic', 'woo-basic']) {
        const own = readyMapping(name.startsWith('woo') ? 'woocommerce-order' : 'shopify-order');
        const { problems, valid, result, coverage, rows } = await tryMapping(
          own,
          fixture(name),
          CONTEXT,
          options,
        );
        assert.deepEqual(problems, []);
        assert.equal(valid, true);
        assert.equal((result as { channel: string }).channel, CONTEXT.channel);
        assert.deepEqual(coverage.target.missing, []);
        assert.equal(coverage.target.filled, coverage.target.required);
        assert.ok(coverage.source.used > 20 && coverage.source.unused.length > 0);
        assert.equal(rows.length, own.rules.length);
      }
    });

    it('of nothing says what is missing', async () => {
      const { result, valid, coverage, problems } = await tryMapping(
        { to: { contract: 'order', version: '1.0' } },
        { a: 1 },
        {},
        options,
      );
      assert.deepEqual([result, valid], [null, false]);
      assert.ok(coverage.target.missing.includes('lines[].quantity.original'));
      assert.ok(coverage.target.required > 30 && coverage.target.filled === 0);
      assert.deepEqual(coverage.source, { total: 1, used: 0, unused: ['a'] });
      assert.deepEqual(problems, []);
    });

    it('tells each fault at its row, and goes on with the others', async () => {
      const rules: Rule[] = [
        { target: 'orderNumber', from: 'no', required: true },
        { target: 'kind', from: 'no', transforms: [{ lookup: 'kinds' }] },
        { target: 'lines[]', each: 'items[]' },
        { target: 'lines[].quantity.original', from: 'items[].qty', transforms: ['decimal'] },
        { target: 'lines[].unit', const: 'piece' },
        { target: 'lines[].lineId', from: 'items[].id', transforms: ['string'] },
      ];
      const sample = { no: '4711', items: [{ id: 1, qty: '2' }, { id: 2, qty: 'two' }, { id: 3 }] };
      const { problems, rows, result } = await tryMapping(spec(rules), sample, {}, options);
      const at = (rule: number) =>
        problems.filter((problem) => problem.rule === rule).map(({ code, path }) => `${code} ${path}`);
      assert.deepEqual(at(1), ['ROW_INVALID /rules/1']);
      assert.deepEqual(at(3), ['MAPPING_FAILED /lines/1/quantity/original']);
      assert.equal(problems.find(({ rule }) => rule === 3)?.from, 'items[1].qty');
      assert.deepEqual(at(4), [
        'TARGET_CONTRACT /lines/0/unit',
        'TARGET_CONTRACT /lines/1/unit',
        'TARGET_CONTRACT /lines/2/unit',
      ]);
      assert.deepEqual(
        rows.map(({ rule, count, missing }) => [rule, count, missing]),
        [
          [0, 1, 0],
          [2, 3, 0],
          [3, 1, 1],
          [4, 3, 0],
          [5, 3, 0],
        ],
      );
      assert.deepEqual(rows.at(-1)?.values, ['1', '2', '3']);
      assert.equal((result as { orderNumber: string }).orderNumber, '4711');
    });

    it('tells what is wrong with the head, and with contracts that nobody has', async () => {
      const codes = async (given: object): Promise<string[]> =>
        (await tryMapping(given, {}, {}, options)).problems.map(({ code, path }) => `${code} ${path}`);
      const rules = [{ target: 'kind', const: '220' }];
      assert.ok((await codes(spec(rules, { version: 'one' }))).includes('SPEC_INVALID /version'));
      assert.ok(
        (await codes(spec(rules, { to: { contract: 'none', version: '1.0' } }))).includes('SPEC_INVALID /to'),
      );
      assert.ok(
        (await codes(spec(rules, { from: { contract: 'none', version: '1.0' } }))).includes(
          'SPEC_INVALID /from',
        ),
      );
      assert.ok(
        (await codes({ ...spec([]), rules: [null, 7, { from: 'x' }] })).every(
          (code) => !code.startsWith('MAPPING'),
        ),
      );
    });

    it('finds totals that do not foot at their row', async () => {
      const own = readyMapping('shopify-order');
      const body = { ...fixture('shopify-basic'), current_total_tax: '0.01', total_tax: '0.01' };
      const { problems } = await tryMapping(own, body, CONTEXT, options);
      const wrong = problems.find(({ code }) => code === 'TOTALS_DO_NOT_FOOT');
      assert.match(own.rules[wrong?.rule ?? -1]?.target ?? '', /^totals\./);
    });

    it('gives lists with problems at their entry', async () => {
      const rules: Rule[] = [
        { target: '[]', each: '[]' },
        { target: 'location.code', from: '[].place' },
        { target: 'onHand', from: '[].n', transforms: ['decimal'] },
      ];
      const given = spec(rules, { to: { contract: 'inventory-level', version: '1.0' } });
      const { result, problems, rows, coverage } = await tryMapping(
        given,
        [
          { place: 'A', n: 1 },
          { place: 'B', n: 'x' },
        ],
        {},
        options,
      );
      assert.equal((result as unknown[]).length, 2);
      assert.ok(problems.some(({ rule, path }) => rule === 2 && path === '/1/onHand'));
      assert.equal(rows[0]?.count, 2);
      assert.ok(coverage.target.missing.includes('onHand'), 'one of two has it');
      assert.ok(!coverage.target.missing.includes('location.code'));
    });

    it('is refused when it would hold up the gateway', async () => {
      const rules: Rule[] = [
        { target: 'lines[]', each: 'items[]' },
        ...Array.from({ length: 99 }, (_, index) => ({ target: `lines[].x${index}`, from: 'items[].a' })),
      ];
      const items = Array.from({ length: 3100 }, () => ({ a: 1 }));
      await assert.rejects(tryMapping(spec(rules), { items }, {}, options), { code: 'SAMPLE_TOO_LARGE' });
    });

    it('counts what rows read through variables, conditions, operands and expressions', async () => {
      const rules: Rule[] = [
        { target: '$ship', from: 'ship' },
        { target: 'orderNumber', from: '$ship.city' },
        { target: 'currency', from: 'a', transforms: [{ concat: { with: [{ from: 'b' }] } }] },
        { target: 'kind', const: '220', where: [{ from: 'c', exists: true }] },
        { target: 'externalId', from: 'x', transforms: [{ find: { in: 'list[]', key: 'id', value: 'v' } }] },
      ];
      const sample = {
        ship: { city: 'x', zip: 'y' },
        a: 1,
        b: 2,
        c: 3,
        d: 4,
        x: '1',
        list: [{ id: '1', v: 'w', other: 1 }],
      };
      const { coverage } = await tryMapping(spec(rules), sample, {}, options);
      assert.deepEqual(coverage.source.unused, ['ship.zip', 'd', 'list[].other']);
    });
  });

  describe('a spec as a file', () => {
    it('has one row per line, says the same, and does not depend on the order of keys', () => {
      for (const name of READY_MAPPINGS) {
        const own = readyMapping(name);
        const text = specText(own);
        assert.deepEqual(JSON.parse(text), own, name);
        const lines = text.split('\n').filter((line) => line.startsWith('    {"target"'));
        assert.equal(lines.length, own.rules.length);
      }
      const rule = { target: 'a', from: 'b', required: true };
      const turned = { required: true, from: 'b', target: 'a' };
      assert.equal(specText(spec([rule])), specText(spec([turned])));
      assert.equal(specHash(spec([rule])), specHash(spec([turned])));
      assert.notEqual(specHash(spec([rule])), specHash(spec([{ ...rule, required: false }])));
    });
  });

  describe('the difference of two specs', () => {
    const a: Rule[] = [
      { target: 'issuedAt', from: 'updated', transforms: ['date'] },
      { target: 'kind', const: '220' },
      { target: 'orderNumber', from: 'name' },
      { target: 'orderNumber', from: 'id' },
      { target: 'notes[note]', from: 'memo' },
    ];

    it('is none for the same rows, wherever order does not count', () => {
      assert.deepEqual(diffSpecs(spec(a), spec(a)).rows, []);
      const [first, second, ...rest] = a;
      const moved = diffSpecs(spec(a), spec([second as Rule, first as Rule, ...rest]));
      assert.deepEqual(moved.summary, { added: 0, removed: 0, changed: 0, moved: 0 });
    });

    it('says in words what changed, by target', () => {
      const b: Rule[] = [
        { target: 'issuedAt', from: 'created', transforms: [{ date: { zone: 'UTC' } }], required: true },
        { target: 'kind', const: '226' },
        { target: 'orderNumber', from: 'id' },
        { target: 'orderNumber', from: 'name' },
        { target: 'lines[]', each: 'items[]' },
      ];
      const { rows, summary, head } = diffSpecs(
        spec(a),
        spec(b, { version: '1.1.0', tables: { t: { x: 'y' } } }),
      );
      assert.deepEqual(summary, { added: 1, removed: 1, changed: 2, moved: 1 });
      assert.deepEqual(head, ['The version changes from 1.0.0 to 1.1.0.', 'The table "t" is new.']);
      assert.deepEqual(
        rows.map(({ text }) => text),
        [
          'issuedAt now comes from "created" instead of "updated"; it goes through date {"zone":"UTC"} instead of date; it is required now.',
          'kind now comes from the constant "226" instead of the constant "220".',
          ...rows.filter(({ change }) => change === 'moved').map(({ text }) => text),
          'New row: lines[]: one entry for each of "items[]".',
          'Row removed: notes[note] from "memo".',
        ],
      );
      assert.match(
        rows.find(({ change }) => change === 'moved')?.text ?? '',
        /^Row moved: orderNumber from place \d to \d\.$/,
      );
    });

    it('stays quick for two long tables that have nothing in common', () => {
      const long = (prefix: string): Rule[] =>
        Array.from({ length: 2000 }, (_, index) => ({ target: `${prefix}${index}`, const: index }));
      const { summary } = diffSpecs(spec(long('a')), spec(long('b')));
      assert.deepEqual([summary.added, summary.removed], [2000, 2000]);
    });
  });

  it('takes whatever an unfinished table holds', async () => {
    const odd = [
      null,
      7,
      'x',
      {},
      { target: 5 },
      { target: 'a[' },
      { each: 'x[]' },
      { target: 'kind', where: [null] },
    ] as unknown as Rule[];
    for (const head of [{}, { version: 'x' }, { tables: 5 as unknown as Record<string, never> }]) {
      const given = { ...spec(odd), ...head };
      const { rows, problems } = await tryMapping(given, { a: 1 }, {}, options);
      assert.ok(problems.length > 0 && rows.length <= odd.length);
      const { targets } = await suggest(given, { order_id: 'A1' }, options);
      assert.ok(targets.length > 10);
      assert.deepEqual(diffSpecs(given as MappingSpec, given as MappingSpec).rows, []);
    }
    const { targets } = await suggest(
      spec([]),
      { ['x'.repeat(100_000)]: '1', ['number'.repeat(9)]: '2' },
      options,
    );
    assert.ok(targets.length > 10);
  });

  it('documents what it answers', () => {
    const doc = readFileSync(join(projectFolders().root, 'docs/mapper-api.md'), 'utf8');
    for (const block of doc.matchAll(/```json\n([\s\S]*?)```/g)) {
      assert.doesNotThrow(() => JSON.parse(block[1] ?? ''), block[1]?.slice(0, 80));
    }
  });
});
