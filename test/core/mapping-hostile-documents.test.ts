import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkCanonical, isCanonical } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import { READY_MAPPINGS } from '../../core/mapping';
import { CONTEXT, fixture } from './mapping-support';
import { PARTNER_FIXTURES, partnerFixture, partnerFixtures, readyMapper } from './partner-support';

type Loose = Record<string | number, unknown>;

/** What partners and their bugs put where something else should be. */
const ODDITIES: readonly unknown[] = [
  undefined,
  null,
  '',
  ' ',
  0,
  -1,
  1e21,
  0.1,
  '12,5',
  'x',
  true,
  [],
  {},
  [[]],
  ['x'],
  { amount: 'x' },
  '2026-02-30T00:00:00Z',
  '🛒'.repeat(300),
  Number.MAX_SAFE_INTEGER,
];

const REFUSALS = new Set([
  'SOURCE_CONTRACT',
  'MAPPING_FAILED',
  'CANONICAL_CONTRACT',
  'TARGET_CONTRACT',
  'TOTALS_DO_NOT_FOOT',
  'UNIT_UNKNOWN',
  'ITEM_UNKNOWN',
]);

/** Every place of a document: the object or list, and the key in it. */
function placesOf(value: unknown, found: [Loose, string | number][] = []): [Loose, string | number][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, member] of Object.entries(value)) {
    found.push([value as Loose, Array.isArray(value) ? Number(key) : key]);
    placesOf(member, found);
  }
  return found;
}

/** Documents to spoil: own fixtures of a mapping. */
function documentsOf(mapping: string): (() => unknown)[] {
  if (mapping === 'shopify-order') return [() => fixture('shopify-discount-shipping-taxincluded')];
  if (mapping === 'woocommerce-order') return [() => fixture('woo-discount-fee-tax')];
  assert.ok(existsSync(join(PARTNER_FIXTURES, mapping)), mapping);
  return partnerFixtures(mapping).map((name) => () => partnerFixture(mapping, name));
}

describe('spoilt documents', () => {
  for (const mapping of READY_MAPPINGS) {
    it(`${mapping}: is refused with a named reason, or gives an object that keeps every rule`, async () => {
      const mapper = readyMapper(mapping);
      const { from, to } = mapper.spec;
      for (const make of documentsOf(mapping)) {
        const count = placesOf(make()).length;
        for (let at = 0; at < count; at += 1) {
          // Every place is spoilt, each in some of the ways; the ways take turns.
          for (let turn = 0; turn < 4; turn += 1) {
            const oddity = ODDITIES[(at * 5 + turn * 7) % ODDITIES.length];
            const document = make();
            const [holder, key] = placesOf(document)[at] as [Loose, string | number];
            holder[key] = oddity;
            const what = `${String(key)} = ${JSON.stringify(oddity)}`;
            try {
              const { results } = await mapper.translate(document, CONTEXT);
              for (const { value } of results) {
                assert.deepEqual(contracts().validate(to.contract, to.version, value), [], what);
                if (isCanonical(to.contract)) assert.deepEqual(checkCanonical(to.contract, value), [], what);
              }
            } catch (error) {
              if (error instanceof assert.AssertionError) throw error;
              assert.ok(error instanceof CrossdockError, `${what}: ${String((error as Error).stack)}`);
              assert.ok(REFUSALS.has(error.code), `${what}: ${error.code}`);
              assert.ok(error.problems.length > 0, what);
              assert.ok(error.message.length < 5000, what);
            }
          }
        }
      }
      assert.ok(contracts().has(from.contract, from.version));
    });
  }
});
