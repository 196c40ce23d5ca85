import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import {
  type CanonicalOrder,
  canonicalJson,
  checkTotals,
  fingerprint,
  parseJson,
} from '../../core/canonical';
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import { createMapper, type MappingSpec, READY_MAPPINGS, readyMapping } from '../../core/mapping';
import { makeShopifyOrder, makeWooOrder } from '../../sandbox/storefront/orders';
import { createRng } from '../../sandbox/storefront/rng';
import {
  type Body,
  CONTEXT,
  FIXTURES,
  fixture,
  MAPPERS,
  mapFixture,
  mapperOf,
  refusal,
} from './mapping-support';

describe('order mapper', () => {
  it('gives orders that keep the contract and foot, from every fixture', async () => {
    const names = readdirSync(FIXTURES).map((file) => file.replace('.json', ''));
    assert.ok(names.length >= 9);
    for (const name of names) {
      const order = await mapFixture(name);
      assert.deepEqual(contracts().validate('order', '1.0', order), [], name);
      assert.deepEqual(checkTotals(order), [], name);
    }
  });

  it('maps any order of the shops; the same order has the same fingerprint whenever it comes', async function () {
    this.timeout(30_000);
    const prices = ['4.90', '0.07', '19.99', '129.95', '3.33', '1.00', '0.00', '1049.50'];
    const catalogue = prices.map((price, index) => ({
      sku: `CD-${index}`,
      name: `Item ${index}`,
      price,
      ...(index % 3 === 0 ? { taxRate: '20' } : {}),
    }));
    for (const [mapper, make] of [
      [MAPPERS.shopify, makeShopifyOrder],
      [MAPPERS.woo, makeWooOrder],
    ] as const) {
      for (let number = 1; number <= 150; number += 1) {
        const seed = { catalogue, number, shop: 'demo', uneven: number % 2 === 0 };
        const body = make(createRng(`seed ${number}`), seed);
        const order = (await mapper.map(body, CONTEXT)) as CanonicalOrder;
        assert.equal(order.totals.taxInclusive, 'total_price' in body ? body.total_price : body.total);
        const copy = parseJson(JSON.stringify(make(createRng(`seed ${number}`), seed)));
        const late = (await mapper.map(copy, {
          ...CONTEXT,
          receivedAt: '2026-12-24T00:00:00Z',
        })) as CanonicalOrder;
        assert.equal(fingerprint(late), fingerprint(order));
        assert.notEqual(canonicalJson(late), canonicalJson(order));
      }
    }
  });

  it('names the field that is wrong, in words, without personal data', async () => {
    const firstLine = (body: Body): Body => (body['line_items'] as Body[])[0] as Body;
    const cases: [name: string, change: (body: Body) => void, code: string, path: string][] = [
      [
        'shopify-basic',
        (body) => {
          delete body['line_items'];
        },
        'SOURCE_CONTRACT',
        '/line_items',
      ],
      [
        'shopify-basic',
        (body) => {
          body['line_items'] = [];
        },
        'SOURCE_CONTRACT',
        '/line_items',
      ],
      [
        'shopify-basic',
        (body) => {
          firstLine(body)['quantity'] = 'two or three';
        },
        'SOURCE_CONTRACT',
        '/line_items/0/quantity',
      ],
      [
        'shopify-basic',
        (body) => {
          firstLine(body)['price'] = '10,00';
        },
        'SOURCE_CONTRACT',
        '/line_items/0/price',
      ],
      [
        'shopify-basic',
        (body) => {
          body['currency'] = 'EURO';
        },
        'SOURCE_CONTRACT',
        '/currency',
      ],
      [
        'shopify-basic',
        (body) => {
          body['created_at'] = 'yesterday';
        },
        'SOURCE_CONTRACT',
        '/created_at',
      ],
      [
        'shopify-basic',
        (body) => {
          body['currency'] = 'QQQ';
        },
        'SOURCE_CONTRACT',
        '/currency',
      ],
      [
        'shopify-basic',
        (body) => {
          body['financial_status'] = 'bartered';
        },
        'MAPPING_FAILED',
        '/$payment',
      ],
      [
        'shopify-basic',
        (body) => {
          body['shipping_address'] = {
            ...(body['shipping_address'] as Body),
            country_code: null,
            country: 'Atlantis',
          };
        },
        'MAPPING_FAILED',
        '/parties/shipTo/address/countryCode',
      ],
      [
        'shopify-basic',
        (body) => {
          firstLine(body)['sku'] = null;
          firstLine(body)['variant_id'] = null;
        },
        'CANONICAL_CONTRACT',
        '/lines/0/item/identifiers',
      ],
      [
        'shopify-basic',
        (body) => {
          firstLine(body)['id'] = 15800000000002;
        },
        'CANONICAL_CONTRACT',
        '/lines/1/lineId',
      ],
      [
        'shopify-basic',
        (body) => {
          body['total_price'] = body['current_total_price'] = '84.06';
        },
        'TOTALS_DO_NOT_FOOT',
        '/totals/taxExclusive',
      ],
      [
        'woo-basic',
        (body) => {
          delete body['total'];
        },
        'SOURCE_CONTRACT',
        '/total',
      ],
      [
        'woo-basic',
        (body) => {
          body['total'] = '49.55';
        },
        'TOTALS_DO_NOT_FOOT',
        '/totals/lineExtension',
      ],
      [
        'woo-basic',
        (body) => {
          body['tax_lines'] = [];
        },
        'MAPPING_FAILED',
        '/lines/0/taxes/0/category',
      ],
      [
        'woo-basic',
        (body) => {
          body['date_created_gmt'] = '20.11.2026';
        },
        'SOURCE_CONTRACT',
        '/date_created_gmt',
      ],
    ];
    for (const [name, change, code, path] of cases) {
      const error = await refusal(mapFixture(name, change));
      assert.equal(`${error.code} ${error.problems[0]?.path}`, `${code} ${path}`, error.message);
      assert.equal(error.kind, 'permanent');
      assert.doesNotMatch(error.message, /Mara|Lindqvist|Jonas|Brandt|example\.com|Atlantis.*Street/);
      assert.ok(error.message.length < 1000);
    }
  });

  it('tells both figures when totals do not foot', async () => {
    const error = await refusal(
      mapFixture('shopify-basic', (body) => {
        body['current_total_price'] = '84.06';
      }),
    );
    assert.match(error.message, /totals do not foot: .*59\.40 EUR.*72\.77 EUR \(13\.37 EUR apart\)/);
  });

  it('refuses anything that is no order, whatever it is', async () => {
    for (const junk of [
      null,
      undefined,
      42,
      'text',
      [],
      {},
      { order: null },
      { order: [] },
      [[]],
      new Map(),
    ]) {
      for (const mapper of Object.values(MAPPERS))
        assert.equal((await refusal(mapper.map(junk, CONTEXT))).code, 'SOURCE_CONTRACT');
    }
  });

  it('refuses prototype pollution that did not come through parseJson', async () => {
    const body = fixture('shopify-basic');
    body['note_attributes'] = JSON.parse('[{"__proto__":{"admin":true}}]') as unknown;
    assert.equal((await refusal(MAPPERS.shopify.map(body, CONTEXT))).code, 'JSON_UNSAFE');
  });

  it('refuses what would hold up everything else, before anything looks at all of it', async () => {
    const body = fixture('shopify-basic');
    for (const note of [
      'x'.repeat(50_000_000),
      Array.from({ length: 1_000_000 }, () => ({ a: 'some text' })),
    ]) {
      const refused = await refusal(MAPPERS.shopify.map({ ...body, note }, CONTEXT));
      assert.deepEqual([refused.code, refused.kind], ['MESSAGE_TOO_LARGE', 'permanent']);
    }
    const deep = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`) as unknown;
    assert.equal((await refusal(MAPPERS.shopify.map({ order: { deep } }, CONTEXT))).code, 'SOURCE_CONTRACT');
    const circular: Body = { ...body };
    circular['self'] = circular;
    assert.ok(await MAPPERS.shopify.map(circular, CONTEXT));
  });

  it('does not change the message it maps', async () => {
    const body = fixture('shopify-edited');
    const before = JSON.stringify(body);
    await MAPPERS.shopify.map(body, CONTEXT);
    assert.equal(JSON.stringify(body), before);
  });

  it('tells shops and accounts apart', async () => {
    const body = fixture('shopify-basic');
    const one = (await MAPPERS.shopify.map(body, CONTEXT)) as CanonicalOrder;
    const other = (await MAPPERS.shopify.map(body, { ...CONTEXT, account: 'second' })) as CanonicalOrder;
    assert.notEqual(one.id, other.id);
  });

  it('fails at set-up when a contract is unknown or a spec is faulty', () => {
    const spec = readyMapping('shopify-order');
    const withFrom: MappingSpec = { ...spec, from: { contract: 'nobody', version: '1.0' } };
    assert.throws(() => createMapper({ mapping: withFrom }), { code: 'CONTRACT_UNKNOWN' });
    assert.throws(() => createMapper({ mapping: {} as MappingSpec }), { code: 'MAPPING_SPEC_INVALID' });
    assert.throws(() => createMapper({ mapping: '../order' }), { code: 'MAPPING_UNKNOWN' });
    for (const name of READY_MAPPINGS) assert.equal(readyMapping(name).name, name);
  });

  it('answers any damage to a message with an order that foots or a clear refusal', async function () {
    this.timeout(60_000);
    const codes = new Set(['SOURCE_CONTRACT', 'MAPPING_FAILED', 'CANONICAL_CONTRACT', 'TOTALS_DO_NOT_FOOT']);
    for (const name of ['shopify-discount-shipping-taxincluded', 'woo-discount-fee-tax']) {
      const good = fixture(name);
      for (const path of leaves(good)) {
        for (const junk of [null, '', 'x', -1, 1e300, {}, [[]]]) {
          const body = structuredClone(good);
          let holder = body;
          for (const key of path.slice(0, -1)) holder = holder[key] as Body;
          holder[path.at(-1) ?? ''] = junk;
          try {
            assert.deepEqual(checkTotals((await mapperOf(name).map(body, CONTEXT)) as CanonicalOrder), []);
          } catch (error) {
            assert.ok(
              error instanceof CrossdockError && codes.has(error.code),
              `${path.join('.')}: ${String(error)}`,
            );
            assert.ok(error.problems.length > 0);
          }
        }
      }
    }
  });
});

/** The paths of all values that are no lists or objects. */
function* leaves(value: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof value !== 'object' || value === null) yield path;
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, [...path, key]);
}
