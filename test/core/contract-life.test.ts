import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareVersions, VersionFiles } from '../../core/archive';
import {
  checkLife,
  contractOfText,
  contractText,
  daysLeft,
  lifeHeaders,
  ownContract,
  stateOf,
} from '../../core/contract';
import { CrossdockError } from '../../core/errors';

const at = (time: string): number => Date.parse(time);
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof CrossdockError ? `${error.code}: ${error.message}` : String(error);
  }
  return 'none';
};

describe("a contract's life", () => {
  const life = {
    deprecatedOn: '2026-12-01',
    sunsetOn: '2027-01-31',
    successor: 'acme-order@2.0',
    documentation: 'https://p.example.com/',
  };

  it('is current until its deprecation, deprecated to the end of its last day, then past it', () => {
    for (const [time, wanted] of [
      ['2026-11-30T23:59:59Z', 'current'],
      ['2026-12-01T00:00:00Z', 'deprecated'],
      ['2027-01-31T23:59:59Z', 'deprecated'],
      ['2027-02-01T00:00:00Z', 'sunset'],
    ] as const) {
      assert.equal(stateOf(life, at(time)), wanted, time);
    }
    assert.equal(stateOf({}, at('2100-01-01T00:00:00Z')), 'current');
    assert.equal(stateOf({ sunsetOn: '2027-01-31' }, at('2027-01-01T00:00:00Z')), 'current');
  });

  it('counts the days that are left, the last one as 0 when it has begun', () => {
    assert.equal(daysLeft(life, at('2027-01-30T12:00:00Z')), 1);
    assert.equal(daysLeft(life, at('2027-01-31T12:00:00Z')), 0);
    assert.equal(daysLeft(life, at('2027-02-02T00:00:00Z')), -1);
    assert.equal(daysLeft({}, 0), undefined);
  });

  it('speaks to callers in the headers of RFC 9745 and RFC 8594', () => {
    assert.deepEqual(lifeHeaders(life), {
      Deprecation: '@1796083200',
      Sunset: 'Mon, 01 Feb 2027 00:00:00 GMT',
      Link: '<https://p.example.com/>; rel="deprecation"; type="text/html"',
    });
    assert.equal(new Date(1796083200 * 1000).toISOString(), '2026-12-01T00:00:00.000Z');
    assert.deepEqual(lifeHeaders({ documentation: 'https://p.example.com/' }), {});
  });

  it('refuses days that do not exist, and an end before the deprecation', () => {
    assert.match(
      codeOf(() => checkLife({ deprecatedOn: '2027-02-30' })),
      /^CONFIG_INVALID: Deprecated on/,
    );
    assert.match(
      codeOf(() => checkLife({ sunsetOn: '31.1.2027' })),
      /^CONFIG_INVALID: Last day/,
    );
    assert.match(
      codeOf(() => checkLife({ deprecatedOn: '2027-02-01', sunsetOn: '2027-01-31' })),
      /^CONFIG_INVALID: The last day lies before/,
    );
  });
});

describe('own contracts', () => {
  const facts = { name: 'acme-order', version: '1.0', schema: { type: 'object', 'x-internal-note': 1 } };

  it('take any usual draft, and keywords that we do not know', () => {
    for (const $schema of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2019-09/schema',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      const schema = { $schema, type: 'object', properties: { a: { type: 'string' } }, partnerNote: 'x' };
      assert.equal(ownContract({ ...facts, schema }).own, true, $schema);
    }
    assert.deepEqual(ownContract({ ...facts, schema: '{"type":"string"}' }).schema, { type: 'string' });
  });

  for (const [what, wrong, says] of [
    ['a name with a path in it', { name: '../x' }, /^CONFIG_INVALID: The name/],
    ['capital letters in the name', { name: 'Acme' }, /^CONFIG_INVALID: The name/],
    ['a version that is none', { version: 'new' }, /^CONFIG_INVALID: The version/],
    ['broken JSON', { schema: '{"type":' }, /^CONTRACT_INVALID: The JSON Schema cannot be read/],
    ['no object', { schema: [] }, /^CONTRACT_INVALID: The JSON Schema must be an object/],
    ['__proto__', { schema: '{"__proto__":{}}' }, /^CONTRACT_INVALID/],
    ['a keyword of the wrong type', { schema: { type: 'strong' } }, /^CONTRACT_INVALID: .*not a usable/],
    [
      'a reference that leads nowhere',
      { schema: { $ref: '#/$defs/none' } },
      /^CONTRACT_INVALID: .*not a usable/,
    ],
    [
      'more than 1 MB',
      { schema: { description: 'x'.repeat(1024 * 1024) } },
      /^CONTRACT_INVALID: .*larger than 1 MB/,
    ],
  ] as const) {
    it(`with ${what} are refused in a sentence`, () =>
      assert.match(
        codeOf(() => ownContract({ ...facts, ...wrong })),
        says,
      ));
  }

  it('have one text, however their members are ordered, and come back from it', () => {
    const left = contractText({ name: 'a', version: '1.0', schema: { type: 'object', title: 'T' } });
    const right = contractText({ name: 'a', version: '1.0', schema: { title: 'T', type: 'object' } });
    assert.equal(left, right);
    assert.deepEqual(contractOfText(left), {
      name: 'a',
      version: '1.0',
      schema: { title: 'T', type: 'object' },
    });
    assert.equal(contractOfText('nonsense'), undefined);
    assert.equal(contractOfText('{"name":"a"}'), undefined);
  });
});

describe('version files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crossdock-versions-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('are written once: the same again changes nothing, other content is refused', async () => {
    const files = new VersionFiles(join(folder, 'contracts'));
    assert.equal(await files.keep('acme', '1.0', 'a'), 'kept');
    assert.equal(await files.keep('acme', '1.0', 'a'), 'same');
    assert.equal(await files.keep('acme', '1.0', 'b'), 'differs');
    assert.equal(readFileSync(join(folder, 'contracts', 'acme', '1.0.json'), 'utf8'), 'a');
    assert.equal(await files.read('acme', '1.0'), 'a');
    assert.equal(await files.read('acme', '2.0'), undefined);
    assert.deepEqual(await files.names(), ['acme']);
  });

  it('of two that are written at once, one wins and the other sees it', async () => {
    const files = new VersionFiles(folder);
    const outcomes = await Promise.all(['a', 'b', 'a', 'b'].map((text) => files.keep('acme', '1.0', text)));
    assert.equal(outcomes.filter((outcome) => outcome === 'kept').length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === 'same').length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === 'differs').length, 2);
  });

  it('never leave their folder', async () => {
    const files = new VersionFiles(join(folder, 'inner'));
    writeFileSync(join(folder, 'secret.json'), 'x');
    for (const [name, version] of [
      ['..', 'secret'],
      ['a/../..', '1.0'],
      ['a', '../../secret'],
      ['.', '1.0'],
    ] as const) {
      assert.equal(await files.read(name, version), undefined);
      await assert.rejects(files.keep(name, version, 'x'), RangeError);
    }
  });

  it('are ordered by their numbers', () => {
    assert.deepEqual(['1.10', '1.9', '2.0', '1.9.1', '1.9+abc'].sort(compareVersions), [
      '1.9',
      '1.9.1',
      '1.9+abc',
      '1.10',
      '2.0',
    ]);
  });
});
