import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { compileMapping, type MappingSpec, READY_MAPPINGS, readyMapping } from '../../core/mapping';
import { CONTEXT, FIXTURES, fixture } from './mapping-support';
import { partnerFixture, partnerFixtures } from './partner-support';

/**
 * Rows that no fixture can show by its result: they refuse what must not pass (tested with changed fixtures), or stand in
 * where another row gives the same.
 */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  'amazon-order': [
    '$currency',
    'parties.shipTo.name',
    'allowancesCharges[freight].taxes[own]',
    'allowancesCharges[gift].taxes[own]',
    'allowancesCharges[cod].taxes[own]',
    'allowancesCharges[other].taxes[own]',
  ],
  'amazon-order-v0': [
    '$currency',
    'lines[].item.identifiers[asin]',
    'lines[].unitPrice.amount',
    'allowancesCharges[freight].taxes[own]',
    'allowancesCharges[gift].taxes[own]',
  ],
  'amazon-purchase-order': [
    'parties.billTo',
    'parties.billTo.identifiers[code]',
    'parties.seller',
    'parties.seller.identifiers[code]',
  ],
  'csv-order': ['lines[].unit'],
  'csv-stock': ['unit'],
  'inventory-level-to-mirakl': ['$unit'],
  'inventory-level-to-shopify': ['$unit'],
  'mirakl-order': [
    'lines[].unit',
    'allowancesCharges[freight].taxes[].$rate',
    'totals.taxInclusive',
    'totals.taxInclusive',
  ],
  'order-response-to-amazon-vendor': ['acknowledgements[answer].items[].$confirmed'],
  'order-response-to-mirakl': ['order_lines[].accepted'],
  'shipment-to-shopify': [
    '$kind',
    'fulfillment.lineItemsByFulfillmentOrder[order].fulfillmentOrderLineItems[].$unit',
  ],
  'shopify-order': ['$buyer', 'parties.billTo.name', 'lines[].$share'],
  'woocommerce-order': ['parties.shipTo.name'],
};

function documentsOf(mapping: string): unknown[] {
  const own = partnerFixtures(mapping).map((name) => partnerFixture(mapping, name));
  if (!mapping.endsWith('-order') || !/^(shopify|woo)/.test(mapping)) return own;
  const shop = readdirSync(FIXTURES)
    .filter((file) => file.startsWith(mapping.slice(0, 3)))
    .map((file) => fixture(file.replace(/\.json$/, '')));
  return [...own, ...shop];
}

/** What a spec makes of documents, in one text. */
async function outcome(spec: MappingSpec, documents: readonly unknown[]): Promise<string> {
  let mapping: ReturnType<typeof compileMapping>;
  try {
    mapping = compileMapping(spec);
  } catch {
    return 'not a mapping any more';
  }
  const made: unknown[] = [];
  for (const document of documents) {
    const { value, problems } = await mapping.map(mapping.unwrap(document), CONTEXT);
    made.push(problems.length === 0 ? value : problems.map(({ message }) => message));
  }
  return JSON.stringify(made);
}

describe('every row of every ready mapping', () => {
  for (const name of READY_MAPPINGS) {
    it(`${name}: matters to a fixture`, async () => {
      const spec = readyMapping(name);
      const documents = documentsOf(name);
      const whole = await outcome(spec, documents);
      const idle: string[] = [];
      for (const rule of spec.rules) {
        const rules = spec.rules.filter((other) => other !== rule);
        if ((await outcome({ ...spec, rules }, documents)) === whole) idle.push(rule.target);
      }
      assert.deepEqual(idle, SILENT[name] ?? []);
    });
  }
});
