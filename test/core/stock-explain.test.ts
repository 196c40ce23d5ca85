/** What a person is told of a calculation is the calculation: seeded random policies and readings, beside what is published. */
import assert from 'node:assert/strict';
import { decimal } from '../../core/canonical/decimal';
import { type ChannelPolicy, checkedPolicy } from '../../core/inventory';
import { compute, type ObservedRow } from '../../core/inventory/desired';
import { explain } from '../../core/inventory/explain';
import { random } from './random';

const NOW = Date.UTC(2026, 10, 27, 8);
const DAY = 86_400_000;

describe('stock: a calculation in steps', () => {
  it('ends in the quantity that is published, each step from the one before, for any policy', () => {
    const below = random(7);
    const maybe = <T>(value: T): T | undefined => (below(3) === 0 ? value : undefined);
    const amount = (most: number): string => {
      const whole = String(below(most));
      return below(4) === 0 ? `${whole}.${below(10)}` : whole;
    };
    const seen = new Set<string>();
    for (let round = 0; round < 3000; round += 1) {
      const policy: ChannelPolicy = {
        buffer: maybe(amount(6)),
        reserve: maybe(amount(6)),
        percent: maybe(amount(100)),
        cap: maybe(amount(15)),
        minimum: maybe(amount(4)),
        minDaysToExpiry: maybe(below(40)),
        conditions: maybe(['sellable', 'used']),
        age: maybe({ limitMs: 1000, show: 'reduced', percent: amount(100) }),
        sites: maybe([
          { site: 'one', publishAs: 'EU' },
          { site: 'two', publishAs: 'EU' },
        ]),
        items: maybe([
          { sku: 'A', buffer: amount(4), unit: 'XCS', perUnit: String(1 + below(6)) },
          { sku: 'B', percent: amount(100) },
        ]),
        bundles: [
          {
            sku: 'SET',
            parts: [
              { sku: 'A', quantity: String(1 + below(3)) },
              { sku: 'B', quantity: '1' },
            ],
          },
        ],
      };
      const checked = checkedPolicy(policy);
      const rows = ['A', 'B'].flatMap((sku) =>
        ['one', 'two'].flatMap((site) =>
          Array.from({ length: below(4) }, (_, lot) => observed(sku, site, lot, amount, below)),
        ),
      );
      const stale = new Map(['one', 'two'].filter(() => below(2) === 0).map((site) => [site, NOW - DAY]));
      const all = new Map(['A', 'B'].map((sku) => [sku, rows.filter((row) => row.sku === sku)]));
      for (const sku of ['A', 'B', 'SET']) {
        for (const site of policy.sites === undefined ? ['one', 'two'] : ['EU']) {
          const { quantity } = compute(sku, site, all, checked, { stale }, NOW);
          const {
            steps,
            quantity: explained,
            kept,
          } = explain({ sku, site, quantity }, rows, checked, stale, NOW);
          assert.deepEqual([explained, kept], [quantity, undefined], `round ${round}: ${sku} at ${site}`);
          let rest = decimal('0');
          for (const step of steps) {
            seen.add(step.step);
            if (step.step === 'condition' || step.step === 'expiry') continue;
            if (step.step === 'available' || step.step === 'parts') rest = decimal(step.rest);
            else if (step.step !== 'unit') {
              const from = rest.gt(0) ? rest : decimal('0');
              assert.ok(from.minus(decimal(step.taken)).eq(decimal(step.rest)), JSON.stringify(steps));
              rest = decimal(step.rest);
            } else rest = decimal(step.rest);
          }
          assert.ok((rest.gt(0) ? rest : decimal('0')).eq(decimal(quantity)), JSON.stringify(steps));
        }
      }
    }
    assert.deepEqual(
      [...seen].sort(),
      [
        'age',
        'available',
        'buffer',
        'cap',
        'condition',
        'expiry',
        'minimum',
        'parts',
        'reserve',
        'share',
        'unit',
      ],
      'every step was seen',
    );
  });
});

function observed(
  sku: string,
  site: string,
  lot: number,
  amount: (most: number) => string,
  below: (most: number) => number,
): ObservedRow {
  const available = below(6) === 0 ? `-${amount(5)}` : amount(30);
  const condition = lot > 0 && below(4) === 0 ? 'used' : 'sellable';
  const expiry = lot > 0 && below(2) === 0 ? new Date(NOW + below(60) * DAY).toISOString().slice(0, 10) : '';
  const said = {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(NOW).toISOString(),
    unit: 'C62',
    onHand: '30',
    reserved: '0',
    available,
    authority: 'odoo:main',
  };
  return {
    sku,
    site,
    part: lot === 0 ? '' : JSON.stringify([`L${lot}`, condition]),
    available,
    condition,
    expiry,
    asOf: NOW,
    revision: 1,
    dirty: false,
    gone: false,
    body: JSON.stringify(said),
  };
}
