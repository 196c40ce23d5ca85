import assert from 'node:assert/strict';
import { type Outcome, type Pausable, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Message } from '../../nodes/shared/red';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const down = new CrossdockError('No answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
const wrong = new CrossdockError('No SKU.', { code: 'SKU_MISSING', kind: 'permanent' });
type End = Outcome | 'stale' | 'abandoned';

describe('circuit breaker', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}, out: string[] = []): FlowNode[] => [
    ...observers('breaker', 'second'),
    STORE,
    crossdock('circuit-breaker', 'breaker', { failures: 2, probeSeconds: 3600, ...config }, [['in'], out]),
    crossdock('circuit-breaker', 'second', { failures: 2, probeSeconds: 3600 }, [['in'], []]),
    sink('in'),
    sink('out'),
  ];
  let count = 0;
  /** A message of a source that can pause. */
  function delivered(ends: End[] = [], pauses: unknown[] = []): Message {
    count += 1;
    const message: Message = { _msgid: `m${count}`, payload: count };
    const pausable: Pausable = {
      pause: (by, ms, reason) => pauses.push([by, ms > 0, reason]),
      resume: (by) => pauses.push([by]),
    };
    const handlers: ScopeHandlers = {
      kind: 'inbox',
      store: undefined,
      statements: () => [],
      ended: (outcome) => ends.push(outcome),
      pausable: () => pausable,
    };
    scopes.open(message, handlers, 60_000);
    return message;
  }
  async function fail(run: Running, times: number, error = down, id = 'breaker'): Promise<void> {
    for (let n = 0; n < times; n += 1) {
      const from = run.got('in').length;
      run.send(id, delivered());
      await scopes.settle(await run.nth('in', from + 1), { type: 'failed', error });
    }
  }

  it('opens after failures that may pass, shared with every node on its target, and shows it', async () => {
    const run = await flows.load(flow());
    await run.untilStatus('breaker', 'closed');
    await fail(run, 1);
    await run.untilStatus('breaker', 'closed, 1 failed');
    await fail(run, 1, down, 'second');
    await run.untilStatus('breaker', /^open since \d\d:\d\d:\d\d, next probe /);
    const shown = await run.untilStatus('second', /^open since/);
    assert.equal(shown.fill, 'red');
  });

  it('does not count what is wrong with a message', async () => {
    const run = await flows.load(flow());
    await fail(run, 5, wrong);
    await run.untilStatus('breaker', 'closed');
    assert.equal(run.got('in').length, 5);
  });

  it('gives a message back to its source and pauses that, when nothing is connected to the second output', async () => {
    const run = await flows.load(flow());
    await fail(run, 2);
    const ends: End[] = [];
    const pauses: unknown[] = [];
    run.send('breaker', delivered(ends, pauses));
    await run.nth('completed', 3);
    assert.deepEqual(ends, [{ type: 'handedBack' }]);
    assert.deepEqual(pauses, [['circuit:odoo', true, 'paused: odoo is down']]);
    assert.equal(run.got('caught').length, 0);
  });

  it('gives it to the second output, when there is one', async () => {
    const run = await flows.load(flow({}, ['out']));
    await fail(run, 2);
    const message = delivered();
    run.send('breaker', message);
    const out = await run.nth('out');
    const { target, state, reason } = out['circuit'] as Record<string, unknown>;
    assert.deepEqual([target, state, reason], ['odoo', 'open', 'No answer.']);
    assert.ok(scopes.isOpen(out));
  });

  it('fails a message of no source, and says when to come again', async () => {
    const run = await flows.load(flow());
    await fail(run, 2);
    run.send('breaker', { payload: 1 });
    const { error } = await run.nth('caught');
    assert.equal(error?.code, 'CIRCUIT_OPEN');
    assert.match(String(error?.message), /odoo is down \(No answer\)/);
  });

  it('is open after a redeploy, and lets the sources go that it held', async () => {
    const run = await flows.load(flow());
    await fail(run, 2);
    const pauses: unknown[] = [];
    run.send('breaker', delivered([], pauses));
    await run.nth('completed', 3);
    await run.redeploy(flow());
    assert.deepEqual(pauses.at(-1), ['circuit:odoo']);
    await run.untilStatus('breaker', /^open since/);
  });

  it('sends a probe when its time has come, and closes when it goes well', async () => {
    const run = await flows.load(flow({ probeSeconds: 1 }));
    await fail(run, 2);
    const from = run.got('in').length;
    const timer = setInterval(() => run.send('breaker', delivered()), 100);
    try {
      const probe = await run.nth('in', from + 1);
      await run.untilStatus('breaker', /^half-open since/);
      assert.equal(run.got('in').length, from + 1, 'one only');
      await scopes.settle(probe, { type: 'completed', result: null });
      await run.untilStatus('breaker', 'closed');
      await run.nth('in', from + 2);
    } finally {
      clearInterval(timer);
    }
  });

  for (const [config, sentence] of [
    [{ target: '' }, /Target is missing/],
    [{ failures: 0 }, /Failures must be a whole number from 1/],
    [{ count: 'sometimes' }, /Count must be one of: row, window/],
    [{ probeSeconds: 'x' }, /Probe every must be a whole number/],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(config)}`, async () => {
      const run = await flows.load(flow(config));
      await run.untilStatus('breaker', sentence);
    });
  }
});
