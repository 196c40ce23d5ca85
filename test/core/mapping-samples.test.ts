/**
 * The ready mappings over documents that partners and their platforms published (not part of the project: they lie in
 * the folder CROSSDOCK_SAMPLES, with `json/` in it; without it this suite is skipped). With CROSSDOCK_SAMPLES_TABLE the
 * table of what is lost in translation is written to that file, for docs/mappings.md.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCanonical, parseJson } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { compileMapping, readyMapping } from '../../core/mapping';
import { lossesByReason, lossesOf, reasonFor } from './mapping-losses';
import { CONTEXT, fixture, refusal } from './mapping-support';
import { partnerFixture, readyMapper } from './partner-support';

const FOLDER = process.env['CROSSDOCK_SAMPLES'] ?? '/work/shared/samples';
const TABLE = process.env['CROSSDOCK_SAMPLES_TABLE'];

type Loose = Record<string, unknown>;
const read = (file: string) => parseJson(readFileSync(join(FOLDER, 'json', file))) as Loose;
const member = (value: unknown, ...path: (string | number)[]) =>
  path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], value) as Loose;

interface Sample {
  readonly mapping: string;
  readonly files: string;
  /** What a flow makes of the files. */
  document(): unknown;
  /** What is wrong with the published document, and the refusal that it must get. */
  readonly faulty?: { readonly code: string; readonly why: string; mend(document: unknown): void };
}

const SAMPLES: readonly Sample[] = [
  {
    mapping: 'shopify-order',
    files: 'shopify_order_legacy.json',
    document: () => read('shopify_order_legacy.json'),
    faulty: {
      code: 'TOTALS_DO_NOT_FOOT',
      why: 'its 3 lines add up to 597.00, its total says 398.00; with 2 lines it maps',
      mend: (document) => (member(document, 'order')['line_items'] as unknown[]).pop(),
    },
  },
  {
    mapping: 'shopify-refund',
    files: 'shopify_refund.json',
    document: () => read('shopify_refund.json'),
  },
  {
    mapping: 'shopify-fulfillment',
    files: 'shopify_fulfillment.json',
    document: () => read('shopify_fulfillment.json'),
  },
  {
    mapping: 'shopify-inventory-levels',
    files: 'shopify_inventory_levels_2026-07.json',
    document: () => read('shopify_inventory_levels_2026-07.json'),
  },
  {
    mapping: 'amazon-order-v0',
    files: 'amazon_getOrders_v0.json + amazon_getOrderItems_v0.json',
    document: () => ({
      order: member(read('amazon_getOrders_v0.json'), 'payload', 'Orders', 0),
      items: member(read('amazon_getOrderItems_v0.json'), 'payload', 'OrderItems'),
    }),
  },
  {
    mapping: 'amazon-purchase-order',
    files: 'amazon_vendor_purchaseOrders.json',
    document: () => member(read('amazon_vendor_purchaseOrders.json'), 'orders', 0),
    faulty: {
      code: 'SOURCE_CONTRACT',
      why: 'items and deliveryWindow stand beside orderDetails; the model and its other examples have them in it',
      mend: (document) => {
        const order = document as Loose;
        order['orderDetails'] = {
          ...(order['orderDetails'] as Loose),
          items: order['items'],
          deliveryWindow: order['deliveryWindow'],
        };
        delete order['items'];
        delete order['deliveryWindow'];
      },
    },
  },
];

/** Own documents for what no published one is at hand, or an old one only. */
const OWN: readonly (readonly [mapping: string, name: string])[] = [
  ['shopify-order', 'orders/shopify-discount-shipping-taxincluded'],
  ['shopify-refund', 'returned-with-shipping'],
  ['shopify-fulfillment', 'two-parcels'],
  ['woocommerce-order', 'orders/woo-discount-fee-tax'],
  ['amazon-order-v0', 'de-prices-with-tax'],
  ['amazon-order', 'us-business'],
  ['amazon-purchase-order', 'cases-and-eaches'],
  ['mirakl-order', 'be-prices-with-tax'],
  ['csv-order', 'two-orders'],
  ['csv-stock', 'two-places'],
];

const rows: string[] = [];

/** Maps a document, checks every object that it becomes, and notes what is lost. */
async function translate(mapping: string, source: unknown, label: string, outcome: string): Promise<void> {
  const mapper = readyMapper(mapping);
  const { results } = await mapper.translate(source, CONTEXT);
  assert.ok(results.length > 0);
  for (const { value } of results) {
    const { contract, version } = mapper.spec.to;
    assert.deepEqual(contracts().validate(contract, version, value), []);
    assert.deepEqual(checkCanonical(contract, value), []);
  }
  const { unwrap } = compileMapping(readyMapping(mapping));
  const { total, lost } = lossesOf(mapper.spec, unwrap(source));
  const unexplained = lost.filter((field) => reasonFor(mapping, field) === undefined);
  assert.deepEqual(unexplained, [], 'every field that is lost has a reason');
  const read = `${total - lost.length} of ${total}`;
  rows.push(`| ${mapping} | ${label} | ${outcome} | ${read} | ${lossesByReason(mapping, lost) || '–'} |`);
}

after(() => {
  if (TABLE === undefined) return;
  const head =
    '| mapping | document | outcome | fields read | fields with values that no row reads, and why |\n| --- | --- | --- | --- | --- |';
  writeFileSync(TABLE, `${head}\n${rows.join('\n')}\n`);
});

const suite = existsSync(join(FOLDER, 'json')) ? describe : describe.skip;
suite('ready mappings over published documents', () => {
  for (const { mapping, files, document, faulty } of SAMPLES) {
    it(`${mapping} maps ${files}`, async () => {
      const source = document();
      if (faulty !== undefined) {
        const refused = await refusal(readyMapper(mapping).map(source, CONTEXT));
        assert.equal(refused.code, faulty.code, faulty.why);
        faulty.mend(source);
      }
      const outcome = faulty === undefined ? 'valid, foots' : `refused, ${faulty.code}: ${faulty.why}`;
      await translate(mapping, source, `published: ${files}`, outcome);
    });
  }
});

describe('ready mappings over documents of our own', () => {
  for (const [mapping, name] of OWN) {
    it(`${mapping} maps ${name} and leaves behind only what has a reason`, async () => {
      const source = name.startsWith('orders/') ? fixture(name.slice(7)) : partnerFixture(mapping, name);
      await translate(mapping, source, `own: ${name}`, 'valid, foots');
    });
  }
});
