import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { contracts } from '../../core/contract';
import { type MappingSpec, READY_MAPPINGS, readyMapping } from '../../core/mapping';
import { accepted, documentOf, learn, suggest, tryMapping } from '../../core/mapping-desk';
import { valuesAt } from '../../core/mapping-desk/paths';
import { wordsOf } from '../../core/mapping-desk/suggest/names';
import { projectFolders } from '../support';
import { inboundMappings, type Judged, judge, type Score, share } from './mapping-suggest-bench';

const root = projectFolders().root;
const ORDER = { contract: 'order', version: '1.0' };
const ANY = { contract: 'any-object', version: '1.0' };

describe('mapping suggestions', () => {
  let scores: Score[];

  before(async function () {
    this.timeout(60_000);
    scores = [];
    for (const mapping of inboundMappings()) scores.push(...(await judge(mapping)));
    const table = tableOf(scores);
    if (process.env.CROSSDOCK_WRITE_DOCS === '1') writeTable(table);
  });

  const all = (): Judged[] => scores.flatMap(({ fields }) => fields);

  it('are right at rank 1 for at least 80 % of the required fields of the ready mappings, each left out of the memory', () => {
    assert.ok(scores.length >= 20, `${scores.length} documents`);
    assert.ok(share(all()) >= 0.8, tableOf(scores));
    for (const mapping of inboundMappings()) {
      const own = scores.filter((score) => score.mapping === mapping).flatMap(({ fields }) => fields);
      assert.ok(share(own) >= 0.6, `${mapping}: ${Math.round(100 * share(own))} %`);
    }
  });

  it('have a confidence that is the share of right ones', () => {
    const judged = all().filter(({ score }) => score !== undefined);
    for (let low = 0.5; low < 1; low += 0.1) {
      const bin = judged.filter(({ score = 0 }) => score >= low && score < low + 0.1);
      if (bin.length < 25) continue;
      const told = bin.reduce((sum, { score = 0 }) => sum + score, 0) / bin.length;
      const label = `${low.toFixed(1)}: told ${told.toFixed(2)}, right ${share(bin).toFixed(2)} of ${bin.length}`;
      assert.ok(Math.abs(share(bin) - told) < 0.13, label);
    }
  });

  it('are little worse without any earlier mapping', async function () {
    this.timeout(60_000);
    const alone: Judged[] = [];
    for (const mapping of inboundMappings())
      for (const { fields } of await judge(mapping, false)) alone.push(...fields);
    assert.ok(share(alone) >= 0.78, share(alone).toFixed(3));
  });

  describe('for shapes that nobody has seen', () => {
    async function made(
      file: string,
    ): Promise<{ documents: unknown[]; problems: string[]; spec: MappingSpec }> {
      const document = documentOf(readFileSync(join(root, 'test/fixtures/mapping-desk', file), 'utf8'));
      const empty: MappingSpec = {
        spec: 'crossdock-mapping/1',
        name: 'new',
        version: '1.0.0',
        from: Array.isArray(document) ? { contract: 'csv-order', version: '1.0' } : ANY,
        to: ORDER,
        rules: [],
      };
      const memory = learn(READY_MAPPINGS.map(readyMapping));
      const { targets } = await suggest(empty, document, { registry: contracts(), memory });
      const spec = accepted(empty, targets, 0.5);
      const { result, problems } = await tryMapping(
        spec,
        document,
        { channel: 'shop' },
        { registry: contracts() },
      );
      const own = problems.filter(({ code }) => code !== 'SOURCE_CONTRACT').map(({ message }) => message);
      return { documents: Array.isArray(result) ? result : [result], problems: own, spec };
    }

    function check(document: unknown, expected: Readonly<Record<string, unknown>>): void {
      const wrong = Object.entries(expected).filter(([path, wanted]) => {
        const values = valuesAt(document, path);
        return JSON.stringify(path.includes('[]') ? values : values[0]) !== JSON.stringify(wanted);
      });
      const told = wrong.map(([path]) => `${path}: ${JSON.stringify(valuesAt(document, path))}`);
      assert.deepEqual(told, []);
    }

    it('a German ERP with decimal commas: a valid order that foots by accepting alone', async () => {
      const { documents, problems } = await made('german-erp.json');
      assert.deepEqual(problems, []);
      check(documents[0], {
        externalId: 'AB-2026-00817',
        issuedAt: '2026-11-27T00:00:00Z',
        currency: 'EUR',
        'parties.buyer.name': 'Norder Schraubenhandel GmbH',
        'parties.buyer.address.city': 'Norden',
        'parties.shipTo.name': 'Norder Schraubenhandel, Lager 2',
        'parties.shipTo.address.line1': 'Am Hafen 19',
        'lines[].lineId': ['10', '20'],
        'lines[].item.identifiers[].value': ['SK-0815', '4006381333931', 'SK-0900', '4012345678901'],
        'lines[].quantity.original': ['250', '3'],
        'lines[].unit': ['C62', 'XCT'],
        'lines[].unitPrice.amount': ['0.18', '12.50'],
        'lines[].taxes[].rate': ['19', '19'],
        'allowancesCharges[].amount': ['5.90'],
        'totals.taxInclusive': '105.20',
        'payment.status': 'unpaid',
        'notes[]': ['Anlieferung nur vormittags'],
      });
    });

    it('flat rows: one order per order number, with its lines', async () => {
      const { documents, problems } = await made('flat-rows.csv');
      assert.deepEqual(problems, []);
      assert.equal(documents.length, 2);
      check(documents[0], {
        orderNumber: 'SO-5501',
        issuedAt: '2026-11-26T08:15:00Z',
        'parties.buyer.name': 'Baltic Tools OY',
        'parties.shipTo.address.postalCode': '33200',
        'lines[].item.identifiers[].value': ['BT-100', 'BT-200'],
        'lines[].quantity.original': ['4', '10'],
        'lines[].unit': ['C62', 'XBX'],
        'lines[].unitPrice.amount': ['7.50', '3.20'],
        'totals.lineExtension': '62.00',
      });
    });

    it('EDI as JSON: parties and dates by their qualifiers', async () => {
      const { documents, problems } = await made('edi-like.json');
      assert.deepEqual(problems, []);
      check(documents[0], {
        externalId: '4500012345',
        issuedAt: '2026-11-25T00:00:00Z',
        'parties.buyer.name': 'Handelshof Nord eG',
        'parties.buyer.identifiers[].value': ['4012345000016'],
        'parties.shipTo.name': 'Handelshof Nord Lager Kiel',
        'parties.shipTo.address.postalCode': '24143',
        'lines[].item.identifiers[].scheme': ['sku', 'gtin', 'buyerSku', 'sku', 'gtin', 'buyerSku'],
        'lines[].quantity.original': ['24', '6'],
        'lines[].unit': ['H87', 'H87'],
        'lines[].unitPrice.amount': ['1.85', '2.40'],
        'totals.lineExtension': '58.80',
      });
    });
  });

  it('remember what earlier mappings of this gateway took, whatever it is called', async () => {
    const document = { kopf: { xq7: 'A-4711', xq8: 'EUR' } };
    const spec = {
      spec: 'crossdock-mapping/1',
      name: 'a',
      version: '1.0.0',
      from: ANY,
      to: ORDER,
      rules: [],
    } as const;
    const ask = async (memory?: ReturnType<typeof learn>) => {
      const options = {
        registry: contracts(),
        targets: ['orderNumber'],
        ...(memory === undefined ? {} : { memory }),
      };
      return (await suggest(spec, document, options)).targets[0]?.suggestions[0];
    };
    assert.equal(await ask(), undefined);
    const earlier: MappingSpec = {
      ...spec,
      rules: [{ target: 'orderNumber', from: 'head.xq7', transforms: ['trim'] }],
    };
    const own: MappingSpec = { ...earlier, rules: [{ target: 'orderNumber', from: 'kopf.xq7' }] };
    const found = await ask(learn([own]));
    assert.equal(found?.rule.from, 'kopf.xq7');
    assert.ok(found?.reasons.some(({ kind }) => kind === 'memory'));
    // What is calculated from a field says nothing about what the field is.
    const sum = { target: 'orderNumber', from: 'kopf.xq7', transforms: [{ add: 1 }] };
    assert.equal(await ask(learn([{ ...spec, rules: [sum] }])), undefined);
  });

  it('leave alone what rows fill already, and never change the spec', async () => {
    const spec: MappingSpec = {
      spec: 'crossdock-mapping/1',
      name: 'a',
      version: '1.0.0',
      from: ANY,
      to: ORDER,
      rules: [
        { target: 'currency', const: 'EUR' },
        { target: 'lines[]', each: 'items[]' },
        { target: 'notes', const: [] },
      ],
    };
    const before = JSON.stringify(spec);
    const document = { currency: 'USD', note: 'x', items: [{ sku: 'A', qty: 2 }] };
    const { targets } = await suggest(spec, document, { registry: contracts() });
    assert.equal(JSON.stringify(spec), before);
    const names = targets.map(({ target }) => target);
    assert.ok(!names.includes('currency') && !names.includes('notes'));
    const quantity = targets.find(({ target }) => target === 'lines[].quantity.original')?.suggestions[0];
    assert.deepEqual(quantity?.also, [], 'the row of the lines is there already');
    assert.deepEqual(quantity?.values, ['2']);
  });

  it('never take a GTIN for a quantity, a phone for a name, or tax ids for order ids', async () => {
    const document = {
      vatId: 'DE123456789',
      name: '+49 40 123456',
      items: [{ ean: '4006381333931', price: 2 }],
    };
    const spec = {
      spec: 'crossdock-mapping/1',
      name: 'a',
      version: '1.0.0',
      from: ANY,
      to: ORDER,
      rules: [],
    } as const;
    const { targets } = await suggest(spec, document, { registry: contracts() });
    const froms = (target: string): unknown[] =>
      targets.find((each) => each.target === target)?.suggestions.map(({ rule }) => rule.from) ?? [];
    assert.deepEqual(froms('lines[].quantity.original'), []);
    assert.ok(!froms('parties.buyer.name').includes('name'));
    assert.ok(!froms('sellerOrderNumber').includes('vatId'));
    assert.equal(froms('lines[].item.identifiers[].value')[0], 'items[].ean');
  });

  it('read names of the trade in three languages and EDI', () => {
    const cases: [string, string][] = [
      ['qtyOrdered', 'quantity created'],
      ['QTY_ORDERED', 'quantity created'],
      ['Bestellmenge', 'quantity'],
      ['Lieferanschrift', 'ship address'],
      ['LieferPLZ', 'ship postcode'],
      ['rechnungsStrasse', 'bill street'],
      ['Artikelnummer', 'sku'],
      ['Währung', 'currency'],
      ['quantité', 'quantity'],
      ['prixUnitaire', 'price unitaire'],
      ['EAN13', 'gtin'],
      ['PONumber', 'order number'],
      ['USt-IdNr.', 'tax id'],
    ];
    for (const [name, words] of cases) assert.equal(wordsOf(name).join(' '), words, name);
  });
});

function tableOf(scores: readonly Score[]): string {
  const percent = (fields: readonly Judged[]): string => `${Math.round(100 * share(fields))} %`;
  const rows = scores.map(({ mapping, fixture, fields }) => {
    const right = fields.filter((field) => field.right).length;
    return `| ${mapping} | ${fixture} | ${fields.length} | ${right} | ${percent(fields)} |`;
  });
  const all = scores.flatMap(({ fields }) => fields);
  const right = all.filter((field) => field.right).length;
  return [
    '| ready mapping (left out) | document | required fields | right at rank 1 | |',
    '|---|---|---|---|---|',
    ...rows,
    `| **all** | ${scores.length} documents | ${all.length} | ${right} | **${percent(all)}** |`,
  ].join('\n');
}

/** The table of the docs; `CROSSDOCK_WRITE_DOCS=1 npm test -- --layer core --grep suggestions` writes it anew. */
function writeTable(table: string): void {
  const file = join(root, 'docs/mappings-suggestions.md');
  const text = readFileSync(file, 'utf8');
  const [head = '', rest = ''] = text.split('<!-- table -->');
  const tail = rest.split('<!-- end -->')[1] ?? '';
  writeFileSync(file, `${head}<!-- table -->\n${table}\n<!-- end -->${tail}`);
}
