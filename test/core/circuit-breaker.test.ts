import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Admission, CircuitBreaker, type CircuitPolicy, type Trial } from '../../core/circuit-breaker';
import { Gate } from '../../core/circuit-breaker/gate';
import type { Pausable } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const down = new CrossdockError('Odoo does not answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
const POLICY: CircuitPolicy = { failures: 5, windowMs: undefined, probeMs: 3_600_000 };
const QUICK: CircuitPolicy = { ...POLICY, probeMs: 50 };
const never = new AbortController().signal;

describe('circuit breaker', () => {
  let folder: TempDir;
  let file: string;
  let store: SqliteStoreHandle;
  let circuit: CircuitBreaker;

  beforeEach(async () => {
    folder = tempDir();
    file = join(folder.path, 'store.sqlite');
    store = await openSqliteStore(file);
    circuit = await CircuitBreaker.open(store, 'odoo');
  });
  afterEach(async () => {
    circuit.close();
    await store.close();
    folder.remove();
  });

  async function pass(policy = POLICY, of = circuit): Promise<Trial> {
    const admission = await of.admit(policy, never);
    assert.equal(admission.type, 'pass');
    return (admission as Admission & { type: 'pass' }).trial;
  }
  async function fail(times: number, policy = POLICY, of = circuit): Promise<void> {
    for (let n = 0; n < times; n += 1) (await pass(policy, of)).end('failure', down);
  }
  /** What the store says once all is written. */
  async function settled(state: string, of = circuit): Promise<void> {
    await waitFor(() => of.state.state === state, { what: `the circuit ${state}` });
  }
  async function isOpen(policy = POLICY, of = circuit): Promise<number> {
    const admission = await of.admit(policy, never);
    assert.equal(admission.type, 'open');
    return (admission as Admission & { type: 'open' }).inMs;
  }
  const source = (): Pausable & { readonly calls: (string | number)[] } => {
    const calls: (string | number)[] = [];
    return {
      calls,
      pause: (by, ms, reason) => void calls.push(by, ms > 0 ? 'later' : 'now', reason),
      resume: (by) => void calls.push(`resume ${by}`),
    };
  };

  it('opens after so many failures in a row, and not before', async () => {
    await fail(4);
    (await pass()).end('success');
    await fail(4);
    assert.equal(circuit.state.state, 'closed');
    await fail(1);
    await settled('open');
    assert.equal(circuit.state.error, 'Odoo does not answer.');
    const inMs = await isOpen();
    assert.ok(inMs > 3_000_000 && inMs <= POLICY.probeMs, String(inMs));
  });

  it('counts within a time when told so, successes between or not', async () => {
    const policy = { ...POLICY, failures: 3, windowMs: 3_600_000 };
    for (let n = 0; n < 2; n += 1) {
      await fail(1, policy);
      (await pass(policy)).end('success');
    }
    assert.equal(circuit.state.state, 'closed');
    await fail(1, policy);
    await settled('open');
  });

  it('forgets failures that are older than the time they count', async () => {
    const policy = { ...POLICY, failures: 3, windowMs: 3_600_000 };
    await fail(2, policy);
    await waitFor(() => circuit.state.failures === 2, { what: 'both counted' });
    await store.run([{ sql: 'UPDATE crossdock_circuit_failure SET failed_at = failed_at - 3600001' }]);
    await fail(1, policy);
    await waitFor(() => circuit.state.failures === 1, { what: 'the old ones forgotten' });
    assert.equal(circuit.state.state, 'closed');
  });

  it('learns nothing from what tells nothing', async () => {
    await fail(4);
    (await pass()).end('neutral');
    assert.equal(circuit.state.state, 'closed');
    await fail(1);
    await settled('open');
  });

  it('lets no more in at once than may fail, of a target that has not answered', async () => {
    const admissions = Array.from({ length: 20 }, () => circuit.admit(POLICY, never));
    const inside: Trial[] = [];
    for (const admission of admissions) {
      void admission.then((got) => {
        if (got.type === 'pass') inside.push(got.trial);
      });
    }
    await waitFor(() => inside.length === 5, { what: 'five of them' });
    for (const trial of inside.splice(0)) trial.end('failure', down);
    const rest = await Promise.all(admissions);
    assert.equal(rest.filter(({ type }) => type === 'pass').length, 5);
    assert.equal(rest.filter(({ type }) => type === 'open').length, 15);
  });

  it('lets more and more in while the target answers', async () => {
    const inside: Trial[] = [];
    for (let n = 0; n < 100; n += 1) {
      void circuit.admit(POLICY, never).then((got) => {
        if (got.type === 'pass') inside.push(got.trial);
      });
    }
    await waitFor(() => inside.length === 5, { what: 'the first five' });
    for (let ended = 0; ended < 100; ended += 1) {
      await waitFor(() => inside.length > ended, { what: `number ${ended + 1}` });
      inside[ended]?.end('success');
    }
    assert.equal(inside.length, 100);
  });

  it('sends exactly one probe, and closes when it goes well', async () => {
    await fail(5, QUICK);
    await settled('open');
    const probe = await waitFor(async () => {
      const admission = await circuit.admit(QUICK, never);
      return admission.type === 'pass' ? admission.trial : undefined;
    });
    assert.ok(probe.isProbe);
    assert.equal(circuit.state.state, 'half-open');
    // Its interval is over, but it has not come back.
    await waitFor(async () => (await isOpen(QUICK)) === 1000, { what: 'the time of the next one' });
    probe.end('success');
    const next = await pass(QUICK);
    assert.equal(next.isProbe, false);
    assert.equal(circuit.state.state, 'closed');
  });

  it('stays open when the probe fails, and sends the next one after the interval', async () => {
    await fail(5, QUICK);
    await settled('open');
    const sent: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const probe = await waitFor(async () => {
        const admission = await circuit.admit(QUICK, never);
        return admission.type === 'pass' ? admission.trial : undefined;
      });
      sent.push(performance.now());
      probe.end('failure', down);
    }
    const gaps = sent.slice(1).map((at, index) => at - (sent[index] ?? 0));
    for (const gap of gaps) assert.ok(gap >= QUICK.probeMs - 2, `${gaps}`);
    assert.notEqual(circuit.state.state, 'closed');
  });

  it('is known after a restart, and a probe that died with its process is sent again', async () => {
    await fail(5, QUICK);
    await settled('open');
    await waitFor(async () => (await circuit.admit(QUICK, never)).type === 'pass', { what: 'a probe' });
    circuit.close();
    await store.close();
    store = await openSqliteStore(file);
    circuit = await CircuitBreaker.open(store, 'odoo');
    assert.equal(circuit.state.state, 'half-open');
    assert.equal(circuit.state.error, 'Odoo does not answer.');
    const probe = await waitFor(async () => {
      const admission = await circuit.admit(QUICK, never);
      return admission.type === 'pass' ? admission.trial : undefined;
    });
    assert.ok(probe.isProbe);
  });

  it('knows nothing of other targets', async () => {
    const other = await CircuitBreaker.open(store, 'erp');
    await fail(5);
    await settled('open');
    assert.equal(other.state.state, 'closed');
    (await pass(POLICY, other)).end('success');
    other.close();
  });

  it('pauses the sources that it holds up, again after each probe, and lets them go when it closes', async () => {
    await fail(5, QUICK);
    await settled('open');
    const held = source();
    circuit.hold(held);
    assert.deepEqual(held.calls.splice(0), ['circuit:odoo', 'later', 'paused: odoo is down']);
    for (const result of ['failure', 'success'] as const) {
      const probe = await waitFor(async () => {
        const admission = await circuit.admit(QUICK, never);
        return admission.type === 'pass' ? admission.trial : undefined;
      });
      held.calls.splice(0);
      probe.end(result, down);
      await waitFor(() => held.calls.length > 0, { what: 'told' });
      assert.deepEqual(
        held.calls.splice(0),
        result === 'failure' ? ['circuit:odoo', 'later', 'paused: odoo is down'] : ['resume circuit:odoo'],
      );
    }
    circuit.hold(held);
    assert.deepEqual(held.calls, [], 'a closed circuit holds nothing up');
  });

  it('lets the sources go when nobody uses it any more', async () => {
    await fail(5);
    await settled('open');
    const held = source();
    circuit.hold(held);
    circuit.close();
    assert.equal(held.calls.at(-1), 'resume circuit:odoo');
  });

  it('answers whoever waits when its node closes', async () => {
    const trials = await Promise.all(Array.from({ length: 5 }, () => pass()));
    const closing = new AbortController();
    const waiting = circuit.admit(POLICY, closing.signal);
    closing.abort();
    assert.equal((await waiting).type, 'open');
    for (const trial of trials) trial.end('neutral');
  });

  it('goes on counting while the store refuses', async () => {
    await fail(4);
    await waitFor(() => circuit.state.failures === 4, { what: 'counted' });
    await store.close();
    (await pass()).end('failure', down);
    await waitFor(() => circuit.state.failures === 5, { what: 'counted here' });
    // One at a time until the store is back: not all at once into a target that is down.
    const [one, two] = [circuit.admit(POLICY, never), circuit.admit(POLICY, AbortSignal.timeout(30))];
    assert.deepEqual([(await one).type, (await two).type], ['pass', 'open']);
  });
});

describe('the gate of a circuit breaker', () => {
  it('lets more in with every answer, and an idle target prove itself anew', () => {
    let now = 0;
    const gate = new Gate(() => now);
    const enter = (): number => {
      let entered = 0;
      while (entered < 1000 && gate.enter(5)) entered += 1;
      return entered;
    };
    assert.equal(enter(), 5);
    gate.leave('success');
    assert.equal(enter(), 3, 'its own place, and two more');
    for (let n = 0; n < 7; n += 1) gate.leave('success');
    now += 100;
    assert.equal(enter(), 21, 'a batch that ends together is no silence');
    for (let n = 0; n < 21; n += 1) gate.leave('success');
    now += 101;
    assert.equal(enter(), 5);
  });

  it('lets no more in than are missing to open the circuit after a failure, and always one', () => {
    const gate = new Gate();
    for (let n = 0; n < 3; n += 1) assert.ok(gate.enter(5));
    gate.leave('success');
    gate.leave('failure');
    assert.equal(gate.enter(1), false, 'one is under way');
    gate.leave('neutral');
    assert.ok(gate.enter(-3));
  });
});
