import assert from 'node:assert/strict';
import { catalogue, currency } from '../../sandbox/catalogue';
import { check, type Evidence, type ParkedMessage, type PlacedOrder } from '../../sandbox/storefront/checker';
import { History } from '../../sandbox/storefront/history';
import { type Plan, type PlannedOrder, planRun } from '../../sandbox/storefront/plan';
import { deliveryId } from '../../sandbox/storefront/senders';

const plan = planRun({
  seed: 'checker',
  run: 'checker',
  catalogue,
  currency,
  count: 20,
  duplicates: 0.3,
  malformed: 0.25,
  unknownSku: 0.05,
});

function firstOf(orders: Plan['orders'], wanted: (order: PlannedOrder) => boolean): PlannedOrder {
  const found = orders.find(wanted);
  assert.ok(found);
  return found;
}

const good = firstOf(plan.orders, (order) => order.expected !== undefined);
const bad = firstOf(plan.orders, (order) => order.fault?.kind === 'truncated');

/** A history in which everything was acknowledged, but for the orders named. */
function historyOf(unacknowledged: readonly PlannedOrder[] = []): History {
  const history = new History();
  for (const { order, delivery } of plan.messages) {
    const acknowledged = !unacknowledged.includes(order);
    history.record(order, delivery, { acknowledged, attempts: 1, status: acknowledged ? 202 : undefined });
  }
  return history;
}

const placedOf = (order: PlannedOrder, changes: Partial<PlacedOrder> = {}): PlacedOrder => ({
  origin: order.id,
  name: `S-${order.id}`,
  state: 'sale',
  currency: order.expected?.currency ?? '',
  total: order.expected?.total ?? '0',
  lines: [...(order.expected?.lines ?? []), { sku: 'SHIPPING', quantity: '1', price: '4.9' }],
  ...changes,
});

const letterOf = (order: PlannedOrder, changes: Partial<ParkedMessage> = {}): ParkedMessage => ({
  deliveryId: deliveryId((order.deliveries.at(-1) ?? assert.fail()).webhook),
  businessKey: null,
  code: order.fault?.codes[0] ?? '',
  reason: 'The reason.',
  occurrences: 1,
  ...changes,
});

const rightOrders = (): PlacedOrder[] =>
  plan.orders.filter((order) => order.expected).map((order) => placedOf(order));
const rightLetters = (): ParkedMessage[] =>
  plan.orders.filter((order) => order.fault).map((order) => letterOf(order));

const judge = (placed: PlacedOrder[], parked: ParkedMessage[], history = historyOf()) => {
  const evidence: Evidence = { placed: async () => placed, parked: async () => parked };
  return check(history, evidence, { deadlineMs: 1, quietMs: 0, intervalMs: 1 });
};
const without = (order: PlannedOrder): PlacedOrder[] =>
  rightOrders().filter(({ origin }) => origin !== order.id);
const ids = (findings: readonly { id: string }[]): string[] => findings.map(({ id }) => id);

/** The fault tests are worth as much as the checker that judges them. */
describe('the checker of the fault tests', () => {
  it('passes a run where every order is where it belongs', async () => {
    const verdict = await judge(rightOrders(), rightLetters());
    assert.equal(verdict.ok, true, JSON.stringify(verdict));
    assert.deepEqual([verdict.placed, verdict.parked], [14, 6]);
  });

  it('finds an acknowledged order that is missing', async () => {
    const verdict = await judge(without(good), rightLetters());
    assert.deepEqual([verdict.ok, ids(verdict.lost)], [false, [good.id]]);
  });

  it('does not miss an order that nobody acknowledged', async () => {
    assert.equal((await judge(without(good), rightLetters(), historyOf([good]))).ok, true);
  });

  it('finds a doubled order, also one that nobody acknowledged', async () => {
    for (const history of [historyOf(), historyOf([good])]) {
      const verdict = await judge([...rightOrders(), placedOf(good)], rightLetters(), history);
      assert.deepEqual([verdict.ok, ids(verdict.doubled)], [false, [good.id]]);
    }
  });

  it('finds a wrong total, currency, state, line, quantity, price', async () => {
    const [line, ...others] = good.expected?.lines ?? [];
    assert.ok(line);
    const changes: Partial<PlacedOrder>[] = [
      { total: '0.01' },
      { currency: 'XXX' },
      { state: 'draft' },
      { lines: others },
      { lines: [line, line, ...others] },
      { lines: [{ ...line, quantity: `${Number(line.quantity) * 2}` }, ...others] },
      { lines: [{ ...line, price: '0.01' }, ...others] },
    ];
    for (const change of changes) {
      const verdict = await judge([...without(good), placedOf(good, change)], rightLetters());
      assert.deepEqual([verdict.ok, ids(verdict.wrong)], [false, [good.id]], JSON.stringify(change));
    }
  });

  it('takes numbers that are written differently for the same', async () => {
    const lines = (good.expected?.lines ?? []).map((line) => ({ ...line, quantity: `${line.quantity}.000` }));
    const verdict = await judge([...without(good), placedOf(good, { lines })], rightLetters());
    assert.equal(verdict.ok, true);
  });

  it('finds a bad order that was placed, swallowed, or parked with no or another reason', async () => {
    const others = rightLetters().filter((letter) => letter.deliveryId !== letterOf(bad).deliveryId);
    const placed = await judge([...rightOrders(), placedOf(bad)], rightLetters());
    assert.deepEqual([placed.ok, ids(placed.wrong)], [false, [bad.id]]);
    for (const letters of [
      [],
      [letterOf(bad, { reason: ' ' })],
      [letterOf(bad, { code: 'INTERNAL_ERROR' })],
    ]) {
      const verdict = await judge(rightOrders(), [...others, ...letters]);
      assert.deepEqual([verdict.ok, ids(verdict.unparked)], [false, [bad.id]]);
    }
  });

  it('finds a good order that is parked as well', async () => {
    const verdict = await judge(rightOrders(), [...rightLetters(), letterOf(good, { businessKey: good.id })]);
    assert.deepEqual([verdict.ok, ids(verdict.wronglyParked)], [false, [good.id]]);
  });

  it('waits until what is expected is there', async () => {
    let looks = 0;
    const evidence: Evidence = {
      placed: async () => (looks++ < 3 ? without(good) : rightOrders()),
      parked: async () => rightLetters(),
    };
    const verdict = await check(historyOf(), evidence, { deadlineMs: 5000, quietMs: 0, intervalMs: 1 });
    assert.equal(verdict.ok, true);
  });
});

describe('the plan of a simulated run', () => {
  it('gives the same messages for the same seed and run, others for another run', () => {
    const options = {
      seed: 's',
      run: 'a',
      catalogue,
      currency,
      count: 30,
      duplicates: 0.5,
      malformed: 0.1,
      unknownSku: 0.1,
    };
    const bytes = (made: Plan): string => JSON.stringify(made.messages.map(({ delivery }) => delivery));
    assert.equal(bytes(planRun(options)), bytes(planRun(options)));
    const numbers = new Set(planRun(options).orders.map((order) => order.id));
    assert.ok(planRun({ ...options, run: 'b' }).orders.every((order) => !numbers.has(order.id)));
  });

  it('has as many copies and bad orders as asked for, each fault among them', () => {
    const { orders, messages } = planRun({
      seed: 's',
      run: 'a',
      catalogue,
      currency,
      count: 100,
      duplicates: 0.3,
      malformed: 0.1,
      unknownSku: 0.05,
    });
    assert.equal(messages.length, 130);
    const faults = orders.flatMap((order) => (order.fault ? [order.fault.kind] : []));
    assert.equal(faults.length, 15);
    assert.equal(new Set(faults).size, 6);
    const kinds = new Set(messages.map(({ delivery }) => delivery.kind));
    assert.deepEqual([...kinds].sort(), ['duplicate', 'first', 'late', 'retry']);
  });
});
