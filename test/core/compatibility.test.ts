import assert from 'node:assert/strict';
import { contracts } from '../../core/contract';
import { checkCompatibility, type Finding } from '../../core/contract/compatibility';
import { CASES, type Json } from './compatibility-cases';
import { algebraSays, counterExample, randomOf, SEED } from './compatibility-oracle';

const says = (old: Json | boolean, now: Json | boolean, mode: 'backward' | 'forward' | 'full') =>
  checkCompatibility(
    [{ version: '1.0', schema: old as Json }],
    { version: '1.1', schema: now as Json },
    { mode },
  );
const order = (): Json => structuredClone(contracts().schema('order', '1.0')) as Json;
const at = (schema: Json, ...path: string[]): Json =>
  path.reduce<Json>((found, step) => found[step] as Json, schema);

/** An edit that sets one keyword at a place. */
const set =
  (value: unknown, ...path: string[]) =>
  (schema: Json): void => {
    at(schema, ...path.slice(0, -1))[path.at(-1) ?? ''] = value;
  };

describe('compatibility of contracts', function () {
  this.timeout(60_000);

  for (const { name, old, now, backward, forward } of CASES) {
    it(`${name}: ${backward ? '' : 'not '}backward, ${forward ? '' : 'not '}forward`, () => {
      for (const [mode, wanted] of [
        ['backward', backward],
        ['forward', forward],
        ['full', backward && forward],
      ] as const) {
        const { compatible, findings } = says(old, now, mode);
        assert.equal(compatible, wanted, `${mode}: ${JSON.stringify(findings)}`);
        for (const finding of findings) {
          assert.ok(
            finding.message.length > 10 && !/undefined|\[object/.test(finding.message),
            finding.message,
          );
          if (finding.severity === 'breaking') assert.ok(finding.whom && finding.mend, finding.message);
        }
      }
    });
  }

  it(`agrees with instances of an independent generator, judged by ajv (seed ${SEED})`, async () => {
    const random = randomOf(SEED);
    let tried = 0;
    let breaking = 0;
    const unshown: string[] = [];
    for (const { name, old, now, backward, forward } of CASES) {
      for (const [sent, wanted, compatible] of [
        [old, now, backward],
        [now, old, forward],
      ] as const) {
        const found = await counterExample(sent, wanted, random, 110);
        tried += found.tried;
        if (compatible) assert.equal(found.example, undefined, `${name}: ${JSON.stringify(found.example)}`);
        else {
          breaking += 1;
          if (found.example === undefined) unshown.push(name);
        }
      }
    }
    console.log(
      `      ${CASES.length} pairs, ${tried} instances tried, no counter-example to "compatible"; of ${breaking} breaks the oracle shows all but ${unshown.length}: ${unshown.join(', ')}`,
    );
    assert.ok(tried >= 10_000, `${tried} instances`);
    assert.ok(unshown.length <= breaking / 4, unshown.join(', '));
  });

  it('agrees with the set algebra of json-schema-diff, where that knows the keywords', async () => {
    let asked = 0;
    for (const { name, old, now, backward, forward } of CASES) {
      const verdict = await algebraSays(old, now);
      if (verdict === undefined) continue;
      asked += 1;
      assert.deepEqual(verdict, { backward, forward }, name);
    }
    console.log(`      asked about ${asked} of ${CASES.length} pairs, agreed on all`);
    assert.ok(asked >= 25, `${asked}`);
  });

  it('shows a message for almost every break, and ajv says that it is one', () => {
    let breaks = 0;
    let shown = 0;
    for (const { old, now } of CASES) {
      for (const finding of says(old, now, 'full').findings) {
        if (finding.severity !== 'breaking') continue;
        breaks += 1;
        if (finding.example !== undefined) shown += 1;
      }
    }
    console.log(`      ${shown} of ${breaks} breaks with an example`);
    assert.ok(shown >= breaks * 0.8, `${shown} of ${breaks}`);
  });
});

describe('compatibility of contracts: what people read', () => {
  const worst = (old: Json, now: Json, mode: 'backward' | 'forward' = 'backward'): Finding => {
    const [finding] = says(old, now, mode).findings;
    return finding ?? assert.fail('no finding');
  };

  it('names the place, what breaks, for whom, an example, and how to mend it', () => {
    const old = order();
    const now = order();
    const line = at(now, '$defs', 'orderLine');
    (line['required'] as string[]).push('externalLineId');
    const [finding] = checkCompatibility(
      [{ version: 'order 1.0', schema: old, users: ['Acme Ltd', 'webhook in /shop'] }],
      { version: 'order 1.1', schema: now },
    ).findings;
    assert.equal(finding?.place, 'lines[].externalLineId');
    assert.match(
      finding.message,
      /^lines\[\]\.externalLineId: the field "externalLineId" must be there in the new version\.$/,
    );
    assert.equal(finding.whom, 'whoever still sends order 1.0: Acme Ltd, webhook in /shop');
    assert.match(finding.mend ?? '', /Leave "externalLineId" optional/);
    const example = JSON.parse(finding.example ?? 'null') as { lines: Json[] };
    assert.ok(example.lines.some((entry) => entry['externalLineId'] === undefined));
  });

  it('sees a field that was renamed', () => {
    const now = order();
    const properties = at(now, 'properties');
    properties['orderNo'] = properties['orderNumber'];
    delete properties['orderNumber'];
    now['required'] = (now['required'] as string[]).map((name) =>
      name === 'orderNumber' ? 'orderNo' : name,
    );
    const { findings } = says(order(), now, 'full');
    assert.ok(
      findings.some(({ mend }) => /"orderNumber" was renamed to "orderNo": take both/.test(mend ?? '')),
    );
    assert.ok(
      findings.some(({ mend }) => /"orderNumber" was renamed to "orderNo": send both/.test(mend ?? '')),
    );
  });

  it('warns when personal data is protected less, without calling it a break', () => {
    const now = order();
    const before = JSON.stringify(now);
    const lowered = JSON.parse(before.replace('"x-class":"pii"', '"x-class":"internal"')) as Json;
    const { compatible, findings } = says(order(), lowered, 'full');
    assert.equal(compatible, true);
    assert.deepEqual(
      [...new Set(findings.map(({ code, severity }) => `${code} ${severity}`))],
      ['CLASS_LOWERED risky'],
    );
    assert.match(findings[0]?.message ?? '', /goes from pii to internal/);
  });

  it('compares with every older version when asked to', () => {
    const older = [
      { version: '1.0', schema: { type: 'object', properties: { a: { type: 'integer' } } } },
      { version: '1.1', schema: { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } } },
    ];
    const newer = {
      version: '1.2',
      schema: { type: 'object', properties: { a: { type: 'integer', minimum: 1 } } },
    };
    assert.equal(checkCompatibility(older.slice(1), newer).compatible, true);
    const { compatible, findings } = checkCompatibility(older, newer);
    assert.equal(compatible, false);
    assert.deepEqual(
      findings.map(({ against, code }) => `${against} ${code}`),
      ['1.0 TOO_SMALL'],
    );
  });

  it('says what it could not prove, and does not call it compatible', () => {
    const finding = worst({ type: 'string', pattern: '^(?=a)' }, { type: 'string', pattern: '^(?=b)' });
    assert.equal(finding.code, 'NOT_PROVED');
    assert.match(finding.message, /could not be proved/);
  });

  it('comes to an end on schemas that are made to be hard', () => {
    const nested = (depth: number): Json =>
      depth === 0
        ? { type: 'string' }
        : { anyOf: [nested(depth - 1), { allOf: [nested(depth - 1)] }, { const: depth }] };
    const started = process.hrtime.bigint();
    says(nested(7), nested(6), 'full');
    says(
      {
        $ref: '#/$defs/a',
        $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }, { $ref: '#/$defs/a' }] }, b: { $ref: '#/$defs/a' } },
      },
      { type: 'string' },
      'full',
    );
    says({ type: 'string', pattern: '^(a+)+$' }, { type: 'string', pattern: '^((a|aa)+)+b?$' }, 'full');
    // Not a measurement: only that it ends at all, which mocha's own limit would tell too.
    assert.ok(Number(process.hrtime.bigint() - started) / 1e9 < 30);
  });

  it('finds the realistic edits of a canonical contract', () => {
    const edits: readonly [string, (schema: Json) => void, boolean, boolean][] = [
      ['an optional field', set({ type: 'string' }, 'properties', 'campaign'), true, false],
      ['a currency list', set(['EUR', 'SEK'], 'properties', 'currency', 'enum'), false, true],
      ['shorter notes', set(1, 'properties', 'notes', 'maxItems'), false, true],
      ['at least two lines', set(2, 'properties', 'lines', 'minItems'), false, true],
      ['an examples change', set(['X'], 'properties', 'orderNumber', 'examples'), true, true],
    ];
    for (const [name, edit, backward, forward] of edits) {
      const now = order();
      edit(now);
      assert.equal(says(order(), now, 'backward').compatible, backward, name);
      assert.equal(says(order(), now, 'forward').compatible, forward, name);
    }
  });

  it('calls every built-in contract compatible with itself', () => {
    for (const { name, version } of contracts().list()) {
      const schema = contracts().schema(name, version);
      const copy = structuredClone(schema) as Json;
      const { compatible, findings } = says(schema as Json, copy, 'full');
      assert.deepEqual([compatible, findings], [true, []], name);
    }
  });
});
