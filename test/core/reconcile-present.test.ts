/** What the source that a correction mends says now: beside the correction, so that a person sees what changes. */
import assert from 'node:assert/strict';
import { type Difference, type Proposal, presentOf } from '../../core/reconcile';

const order = { number: '#1', amount_total: 19, lines: [{ sku: 'A', quantity: 19 }], state: 'sale' };

function difference(proposal: Proposal | null, more: Partial<Difference> = {}): Difference {
  return {
    number: 1,
    key: '#1',
    kind: 'value',
    insteadOf: null,
    side: 'second',
    field: 'total',
    expected: '19.00',
    found: '18',
    delta: '-1',
    cause: 'UNKNOWN',
    evidence: [],
    since: 0,
    runs: 1,
    correction: { state: 'proposed', proposal, by: null, at: null },
    ...more,
  };
}

describe('reconcile: what is there now, beside a correction', () => {
  const redrive: Proposal = { type: 'redrive', side: 'second', message: order };

  it('an adjustment has the quantity of before', () => {
    const message = { item: 'A', quantity: '12', previous: '10', resulting: '12' };
    const one = difference({ type: 'inventory-adjustment', side: 'second', message });
    assert.deepEqual(presentOf(one), { item: 'A', quantity: '10', previous: '10', resulting: '10' });
  });

  it('a row has the one value that differs, and no other that happens to be the same', () => {
    assert.deepEqual(presentOf(difference(redrive)), { ...order, amount_total: 18 });
    const status = difference(redrive, { field: 'status', expected: 'sale', found: 'draft', delta: null });
    assert.deepEqual(presentOf(status), { ...order, state: 'draft' });
    // The other way round: the first source is mended, and what it says is what was expected.
    const first = difference({ ...redrive, side: 'first' }, { expected: '18', found: '19' });
    assert.deepEqual(presentOf(first), { ...order, amount_total: 18 });
  });

  it('nothing is guessed: null where nothing is there, undefined where it is not known', () => {
    assert.equal(presentOf(difference(redrive, { kind: 'missing', field: '', found: null })), null);
    assert.equal(presentOf(difference(redrive, { field: 'colour' })), undefined);
    const twice = { ...redrive, message: { total: '19', sub: { total: '19' } } };
    assert.equal(presentOf(difference(twice)), undefined);
    assert.equal(presentOf(difference({ type: 'correction', side: 'second', message: {} })), undefined);
    assert.equal(presentOf(difference(null)), undefined);
  });
});
