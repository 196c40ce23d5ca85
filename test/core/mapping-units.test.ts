import assert from 'node:assert/strict';
import { causeOf } from '../../core/dead-letter/cause';
import { CrossdockError } from '../../core/errors';
import { type CrossReferences, compileMapping, type Rule } from '../../core/mapping';

const CONTEXT = { channel: 'edi', account: 'main', partnerId: 'acme', receivedAt: '2026-11-27T00:00:00Z' };

/** What the rows make of a message, with what was taught by code. */
async function run(rules: readonly Rule[], message: unknown, taught: Record<string, object> = {}) {
  const asked: string[][] = [];
  const crossReferences: CrossReferences = {
    lookup: async (partner, keys) => {
      asked.push(
        keys.map(({ kind, code, scheme = '', item = '' }) => [partner, kind, code, scheme, item].join(' ')),
      );
      return keys.map(({ code, item = '' }) => taught[`${code} ${item}`.trim()] ?? taught[code]);
    },
  };
  const mapping = compileMapping(
    {
      spec: 'crossdock-mapping/1',
      name: 'units',
      version: '1.0.0',
      from: { contract: 'any-object', version: '1.0' },
      to: { contract: 'any-object', version: '1.0' },
      rules,
    },
    { crossReferences, mayQuote: () => true },
  );
  const result = await mapping.map(message, CONTEXT);
  return { ...result, asked };
}

const meaning = (target: string, more: object = {}): object => ({
  ...{
    kind: 'unit',
    targetScheme: 'rec20',
    target,
    packLevel: null,
    quantityPerUnit: null,
    ofUnit: null,
    version: 1,
  },
  ...more,
});

const LINES: Rule[] = [
  { target: 'lines[]', each: 'items[]' },
  {
    target: 'lines[].unit',
    from: 'items[].uom',
    transforms: [
      {
        unit: {
          scheme: 'x12',
          item: { from: 'items[].sku' },
          quantity: { from: 'items[].qty' },
          packSize: { from: 'items[].pack' },
        },
      },
    ],
  },
];

describe('mapping: units', () => {
  it('by the code list, with one question for all lines', async () => {
    const items = ['EA', 'ca', 'LB'].map((uom, index) => ({ uom, sku: `S-${index}`, qty: '1' }));
    const { value, asked, problems } = await run(LINES, { items });
    assert.deepEqual(problems, []);
    assert.deepEqual(value, { lines: [{ unit: 'EA' }, { unit: 'XCS' }, { unit: 'LBR' }] });
    assert.deepEqual(asked, [['acme unit EA x12 S-0', 'acme unit ca x12 S-1', 'acme unit LB x12 S-2']]);
  });

  it('what was taught goes before the code list', async () => {
    const { value } = await run(
      LINES,
      { items: [{ uom: 'CS' }, { uom: 'EA' }] },
      { CS: meaning('XCS'), EA: meaning('H87') },
    );
    assert.deepEqual(value, { lines: [{ unit: 'XCS' }, { unit: 'H87' }] });
  });

  it('an unknown one is a fault with the arithmetic, never C62', async () => {
    const { value, problems } = await run(LINES, {
      items: [{ uom: 'CS', sku: 'S-1', qty: '12', pack: '24' }],
    });
    assert.equal(value, undefined);
    const [problem] = problems;
    assert.match(
      problem?.message ?? '',
      /"CS" may mean XCS \(case\) or XCQ \(cartridge\): 12 CS of 24 EA = 288 EA if CS is a case of 24, or 12 EA if it is single pieces; nothing says so yet/,
    );
    assert.deepEqual(problem?.cause, {
      code: 'UNIT_UNKNOWN',
      kind: 'business',
      facts: {
        ...{ partner: 'acme', scheme: 'x12', unit: 'CS', forItem: 'S-1', quantity: '12', packSize: '24' },
        arithmetic:
          '12 CS of 24 EA = 288 EA if CS is a case of 24, or 12 EA if it is single pieces; nothing says so yet',
      },
    });
    const plain = await run(LINES, { items: [{ uom: 'ZZZ', qty: '3' }] });
    assert.match(
      plain.problems[0]?.message ?? '',
      /"ZZZ" is no unit that is known here: 3 ZZZ = 3 EA if ZZZ is single pieces/,
    );
  });

  it('how much one holds: by definition, as taught for the item, or as the message says', async () => {
    const rules = (give: string): Rule[] => [
      {
        target: 'n',
        from: 'uom',
        transforms: [{ unit: { scheme: 'x12', give, item: { from: 'sku' }, packSize: { from: 'pack' } } }],
      },
    ];
    const held = async (message: object, taught = {}) => {
      const { value, problems } = await run(rules('quantityPerUnit'), message, taught);
      return value === undefined ? problems[0]?.cause?.code : (value as { n: string }).n;
    };
    assert.equal(await held({ uom: 'DZ' }), '12');
    assert.equal(await held({ uom: 'EA' }), '1');
    assert.equal(await held({ uom: 'LB' }), '1');
    assert.equal(await held({ uom: 'CA', pack: '24' }), '24');
    assert.equal(
      await held(
        { uom: 'CA', sku: 'A' },
        { 'CA A': meaning('XCS', { quantityPerUnit: '12', ofUnit: 'EA' }) },
      ),
      '12',
    );
    assert.equal(
      await held({ uom: 'CA', sku: 'B' }, { 'CA A': meaning('XCS', { quantityPerUnit: '12' }) }),
      'UNIT_UNKNOWN',
    );
    assert.equal(
      await held({ uom: 'CA', sku: 'A', pack: '24' }, { 'CA A': meaning('XCS', { quantityPerUnit: '12' }) }),
      'PACK_SIZE_DIFFERS',
    );
  });

  it('back to the partner, and from unit to unit within a kind', async () => {
    const back = (from: string) => [
      { target: 'u', const: from, transforms: [{ unit: { scheme: 'x12', reverse: true } }] },
    ];
    assert.deepEqual((await run(back('XCS'), {})).value, { u: 'CA' });
    assert.equal((await run(back('XKG'), {})).problems[0]?.cause?.code, 'UNIT_UNKNOWN');
    const weight = (unit: string): Rule[] => [
      {
        target: 'kg',
        from: 'grams',
        transforms: [
          { convertUnit: { from: { from: 'unit', transforms: [{ unit: 'shopify' }] }, to: unit } },
        ],
      },
    ];
    assert.deepEqual((await run(weight('KGM'), { grams: '16', unit: 'oz' })).value, { kg: '0.45359237' });
    assert.equal(
      (await run(weight('LTR'), { grams: '16', unit: 'oz' })).problems[0]?.cause?.code,
      'UNIT_KINDS_DIFFER',
    );
    const cases: Rule[] = [
      {
        target: 'n',
        from: 'q',
        transforms: [{ convertUnit: { from: 'XCS', to: 'EA', packSize: { from: 'pack' } } }],
      },
    ];
    assert.deepEqual((await run(cases, { q: '12', pack: '24' })).value, { n: '288' });
    assert.equal((await run(cases, { q: '12' })).problems[0]?.cause?.code, 'UNIT_PACKAGING_UNKNOWN');
  });
});

describe('mapping: identifiers and items', () => {
  const one = (transform: Rule['transforms']): Rule[] => [
    { target: 'v', from: 'code', transforms: transform ?? [] },
  ];

  it('GS1 keys are checked', async () => {
    assert.deepEqual((await run(one(['gtin']), { code: '4006381333931' })).value, { v: '04006381333931' });
    assert.deepEqual((await run(one([{ gtin: { digits: 'own' } }]), { code: '04006381333931' })).value, {
      v: '4006381333931',
    });
    assert.deepEqual((await run(one(['gln']), { code: '4000001000005' })).value, { v: '4000001000005' });
    assert.deepEqual((await run(one(['sscc']), { code: '00006141411234567890' })).value, {
      v: '006141411234567890',
    });
    assert.match(
      (await run(one(['gtin']), { code: '4006381333932' })).problems[0]?.message ?? '',
      /check digit 2/,
    );
    const omitted = await run([...one([{ gtin: { invalid: 'omit' } }]), { target: 'x', const: 1 }], {
      code: '123',
    });
    assert.deepEqual(omitted.value, { x: 1 });
  });

  const taught = {
    '4711': { targetScheme: 'sku', target: 'A-1', packLevel: 'XCS', quantityPerUnit: '24', ofUnit: 'EA' },
  };
  it('our item for theirs, and what its packaging holds', async () => {
    const give = async (what: string) =>
      (
        (await run(one([{ item: { scheme: 'buyerSku', give: what } }]), { code: 4711 }, taught)).value as {
          v: string;
        }
      ).v;
    assert.equal(await give('value'), 'A-1');
    assert.equal(await give('packLevel'), 'XCS');
    assert.equal(await give('quantityPerUnit'), '24');
  });

  it('an unknown item is a fault that can be taught, unless the table says otherwise', async () => {
    const { problems } = await run(one([{ item: { quantity: { from: 'q' } } }]), { code: '99', q: 3 });
    assert.match(problems[0]?.message ?? '', /nothing says which item acme means by "99" \(3 ordered\)/);
    assert.deepEqual(problems[0]?.cause?.facts, { partner: 'acme', item: '99', quantity: '3' });
    assert.deepEqual((await run(one([{ item: { otherwise: 'keep' } }]), { code: '99' })).value, { v: '99' });
  });

  it('the dead letters of one code are one group, whoever sends them; the groups of other failures stay', () => {
    const error = (facts: Record<string, string>) =>
      new CrossdockError('x', { code: 'UNIT_UNKNOWN', kind: 'business', facts });
    const group = (facts: Record<string, string>) => causeOf(error(facts), 'node');
    assert.equal(
      group({ unit: 'CS', partner: 'a', quantity: '1' }),
      group({ unit: 'CS', partner: 'a', quantity: '2' }),
    );
    assert.notEqual(group({ unit: 'CS', partner: 'a' }), group({ unit: 'CS', partner: 'b' }));
    assert.notEqual(group({ unit: 'CS', partner: 'a' }), group({ unit: 'BX', partner: 'a' }));
    // As it was before partners and items were named.
    const sku = new CrossdockError('x', { code: 'UNKNOWN_SKU', kind: 'business', facts: { sku: 'A-1' } });
    assert.equal(causeOf(sku, 'node'), '16c34bafdeefd94c33ca7e7f1a04d31c');
  });
});
