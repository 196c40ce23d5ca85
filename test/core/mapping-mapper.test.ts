/** What the mapper adds to the rows: the contracts of both sides, keys, and the name of a refusal. */
import assert from 'node:assert/strict';
import { ContractRegistry } from '../../core/contract';
import { CrossdockError, type ErrorKind } from '../../core/errors';
import type { ExpressionEngine } from '../../core/expression';
import { createMapper, type MappingSpec, type Rule } from '../../core/mapping';
import { refusal } from './mapping-support';

const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'acme', receivedAt: '2026-11-23T10:00:00Z' };

const contracts = new ContractRegistry();
contracts.register({ name: 'thing', version: '1.0', schema: { type: 'object' } });
contracts.register({
  name: 'row',
  version: '1.0',
  schema: {
    type: 'object',
    required: ['n'],
    properties: { n: { title: 'number', type: 'string', pattern: '^\\d+$', 'x-hint': 'digits' } },
  },
});

function spec(rules: readonly Rule[], to = 'row'): MappingSpec {
  const from = { contract: 'thing', version: '1.0' };
  return {
    spec: 'crossdock-mapping/1',
    name: 'test',
    version: '1.0.0',
    from,
    to: { contract: to, version: '1.0' },
    rules,
  };
}

/** An engine whose expressions fail with the code that is their source. */
function failing(kinds: Record<string, ErrorKind>): ExpressionEngine {
  return {
    jsonata: (source) => ({ language: 'jsonata', source }),
    regex: (source) => ({ language: 'regex', source }),
    atOnce: () => undefined,
    evaluate: async (evaluations) =>
      evaluations.map(({ expression: { source: code } }) => ({
        error: new CrossdockError(`Failed as ${code}.`, { code, kind: kinds[code] ?? 'permanent' }),
      })),
  };
}

describe('mapper', () => {
  it('checks every document of a list, and tells which one is wrong', async () => {
    const rules: Rule[] = [
      { target: '[]', each: 'rows[]' },
      { target: 'n', from: 'rows[].n' },
    ];
    const mapper = createMapper({ mapping: spec(rules), contracts });
    const good = await mapper.translate({ rows: [{ n: '1' }, { n: '2' }] }, CONTEXT);
    assert.equal(good.list, true);
    assert.deepEqual(good.results, [
      { value: { n: '1' }, key: undefined },
      { value: { n: '2' }, key: undefined },
    ]);
    assert.deepEqual((await mapper.translate({ rows: [] }, CONTEXT)).results, []);
    const wrong = await refusal(
      mapper.map({ rows: [{ n: '1' }, { n: 'x' }, { a: 1 }, { n: '4' }] }, CONTEXT),
    );
    assert.equal(wrong.code, 'TARGET_CONTRACT');
    assert.deepEqual(
      wrong.problems.map(({ path }) => path),
      ['/1/n'],
    );
    assert.match(wrong.message, /entry 2: the number must be digits/);
  });

  it('takes the key of the canonical side, whichever it is', async () => {
    const level = (sku: string) => ({
      schemaVersion: '1.0',
      item: { identifiers: [{ scheme: 'sku', value: sku }] },
      location: { code: 'main' },
      asOf: '2026-11-23T10:00:00Z',
      unit: 'C62',
      onHand: '5',
      reserved: '0',
      sequence: 7,
      available: '5',
      authority: 'odoo:main',
    });
    const inwards = createMapper({
      mapping: {
        ...spec([
          { target: '[]', each: 'rows[]' },
          { target: 'schemaVersion', const: '1.0' },
          { target: 'item.identifiers[sku].scheme', const: 'sku' },
          { target: 'item.identifiers[sku].value', from: 'rows[].sku' },
          { target: 'location.code', const: 'main' },
          { target: 'asOf', context: 'receivedAt' },
          { target: 'unit', const: 'C62' },
          { target: 'onHand', const: '5' },
          { target: 'reserved', const: '0' },
          { target: 'sequence', const: 7 },
          { target: 'available', const: '5' },
          { target: 'authority', const: 'odoo:main' },
        ]),
        from: { contract: 'any-object', version: '1.0' },
        to: { contract: 'inventory-level', version: '1.0' },
      },
    });
    const { results } = await inwards.translate({ rows: [{ sku: 'A' }, { sku: 'B' }] }, CONTEXT);
    const keys = results.map(({ key }) => key);
    assert.deepEqual(keys, ['inventory-level:odoo%3Amain:main:A', 'inventory-level:odoo%3Amain:main:B']);
    const outwards = createMapper({
      mapping: {
        ...spec([{ target: 'sku', from: 'item.identifiers[scheme=sku].value' }]),
        from: { contract: 'inventory-level', version: '1.0' },
        to: { contract: 'any-object', version: '1.0' },
      },
    });
    const out = await outwards.translate(level('A'), CONTEXT);
    assert.deepEqual(out.results, [{ value: { sku: 'A' }, key: keys[0] }]);
  });

  it('is refused by the name of its cause: what may pass first, then what a person can mend', async () => {
    const kinds: Record<string, ErrorKind> = { BUSY: 'transient', UNIT_UNKNOWN: 'business' };
    const code = async (...sources: string[]): Promise<string> => {
      const rules = sources.map((jsonata, index) => ({ target: `a${index}`, jsonata }));
      const missing = { target: 'n', from: 'gone', required: true };
      const mapper = createMapper({
        mapping: spec([missing, ...rules]),
        contracts,
        expression: failing(kinds),
      });
      const error = await refusal(mapper.map({}, CONTEXT));
      assert.equal(error.kind, kinds[error.code] ?? 'permanent');
      assert.equal(error.problems.length, sources.length + 1);
      return error.code;
    };
    assert.equal(await code(), 'MAPPING_FAILED');
    assert.equal(await code('EXPRESSION_NOT_RUN', 'EXPRESSION_TIMEOUT'), 'EXPRESSION_TIMEOUT');
    assert.equal(await code('EXPRESSION_TIMEOUT', 'UNIT_UNKNOWN'), 'UNIT_UNKNOWN');
    assert.equal(await code('EXPRESSION_TIMEOUT', 'UNIT_UNKNOWN', 'BUSY'), 'BUSY');
  });

  it('asks for everything that a message needs from outside in one call, and for nothing when nobody can know', async () => {
    const asked: unknown[] = [];
    const rules: Rule[] = [{ target: 'n', from: 'n' }];
    const mapper = createMapper({
      mapping: spec(rules),
      contracts,
      crossReferences: {
        lookup: async (partner, keys) => {
          asked.push([partner, keys]);
          return keys.map(() => undefined);
        },
      },
    });
    assert.deepEqual(await mapper.map({ n: '1' }, CONTEXT), { n: '1' });
    assert.deepEqual(asked, []);
  });

  it('finds out at set-up that a contract is no usable schema', () => {
    const broken = new ContractRegistry();
    broken.register({ name: 'thing', version: '1.0', schema: { type: 'nonsense' } });
    broken.register({ name: 'row', version: '1.0', schema: { type: 'object' } });
    assert.throws(() => createMapper({ mapping: spec([{ target: 'n', const: '1' }]), contracts: broken }), {
      code: 'CONTRACT_INVALID',
    });
  });
});
