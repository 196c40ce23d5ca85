import assert from 'node:assert/strict';
import { join } from 'node:path';
import {
  backoffDelay,
  type Delivery,
  type Failing,
  Inbox,
  type InboxOptions,
  type Outcome,
  Pacer,
  retryScope,
  type ScopedMessage,
  ScopeRegistry,
} from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const passing = new CrossdockError('Odoo does not answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
const unclear = new CrossdockError('No answer came.', { code: 'ODOO_TIMEOUT', kind: 'ambiguous' });
const final = new CrossdockError('The SKU is missing.', { code: 'SKU_MISSING', kind: 'permanent' });
const refused = new CrossdockError('Unknown SKU.', { code: 'UNKNOWN_SKU', kind: 'business' });
const foreign = new CrossdockError('Something went wrong.', { code: 'NODE_FAILED', kind: 'permanent' });

/** What a message behind a retry node does in the test. */
interface Behind {
  readonly message: ScopedMessage;
  readonly delivery: Delivery;
}

describe('retry scopes', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  let scopes: ScopeRegistry;
  const inboxes: Inbox[] = [];

  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    scopes = new ScopeRegistry();
  });
  afterEach(async () => {
    await Promise.all(inboxes.splice(0).map((inbox) => inbox.stop(0)));
    await store.close();
    folder.remove();
  });

  async function openInbox(options: Partial<InboxOptions> = {}): Promise<Inbox> {
    const inbox = await Inbox.open(store, {
      source: 'shop',
      concurrency: 10,
      maxAttempts: 3,
      holdMs: 60_000,
      backoff: { baseMs: 3_600_000, capMs: 3_600_000 },
      ...options,
    });
    inboxes.push(inbox);
    return inbox;
  }

  interface Retry {
    readonly id?: string;
    readonly attempts?: number;
    readonly unknown?: boolean;
    readonly ends?: (Outcome | 'stale' | 'abandoned')[];
    /** Set: something is connected to the second output. */
    readonly out?: (failing: Failing, failures: number, message: ScopedMessage) => boolean;
  }
  /** Passes a message through a retry node; returns it as it leaves by the first output. */
  function through(message: ScopedMessage, retry: Retry = {}): ScopedMessage {
    const { id = 'retry', attempts = 5, unknown = false, ends = [], out } = retry;
    const kept = structuredClone(message);
    scopes.open(
      message,
      retryScope(
        { id, attempts, unknown, backoff: { baseMs: 5, capMs: 10 }, pacer: new Pacer(1000) },
        out && ((failing, failures) => out(failing, failures, kept)),
        (outcome) => ends.push(outcome),
      ),
      undefined,
    );
    return message;
  }
  function run(inbox: Inbox, work: (behind: Behind) => void): void {
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, inbox.holdMs, { pending: 0 });
      work({ message, delivery });
      return () => scopes.handBack(token);
    });
  }
  async function row(): Promise<Record<string, unknown>> {
    const [result] = await store.run([
      { sql: 'SELECT state, attempts, failures, tries, error FROM crossdock_inbox ORDER BY seq' },
    ]);
    return { ...result?.rows[0] };
  }
  const accept = async (inbox: Inbox, id = 'd1', partitionKey?: string): Promise<unknown> =>
    inbox.accept({ id, partitionKey, body: Buffer.from(id) });

  it('tries as often as it says, whatever the source allows, and on its own schedule', async () => {
    const inbox = await openInbox({ maxAttempts: 2 });
    await accept(inbox);
    const attempts: number[] = [];
    run(inbox, ({ message, delivery }) => {
      attempts.push(delivery.attempts);
      void scopes.settle(through(message), { type: 'failed', error: passing });
    });
    await waitFor(async () => (await row())['state'] === 'dead', { what: 'given up' });
    assert.deepEqual(attempts, [1, 2, 3, 4, 5]);
  });

  it('counts in the message’s own row, in the unit of the failure, and goes on counting after a restart', async () => {
    const first = await openInbox();
    await accept(first);
    let deliveries = 0;
    run(first, ({ message }) => {
      deliveries += 1;
      if (deliveries <= 2) void scopes.settle(through(message), { type: 'failed', error: unclear });
    });
    await waitFor(() => deliveries === 3, { what: 'the third try' });
    assert.equal((await row())['tries'], '{"retry":2}');
    // The process dies with the third try in the flow; the next one opens the file.
    await store.close();
    inboxes.length = 0;
    scopes = new ScopeRegistry();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    const second = await openInbox();
    const out: number[] = [];
    run(second, ({ message }) => {
      const tried = through(message, { out: (_failing, failures) => out.push(failures) > 0 });
      void scopes.settle(tried, { type: 'failed', error: passing });
    });
    await waitFor(() => out.length > 0, { what: 'exhausted' });
    assert.deepEqual(out, [5]);
    // Three failures of its own, two of before: the try that died with its process was not a failure.
    assert.deepEqual([(await row())['failures'], (await row())['attempts']], [4, 6]);
  });

  it('forgets the count when the message is taken in anew', async () => {
    const inbox = await openInbox();
    await accept(inbox);
    const tries: unknown[] = [];
    run(inbox, ({ message, delivery }) => {
      tries.push(delivery.tries?.['retry']);
      void scopes.settle(through(message, { attempts: 2 }), { type: 'failed', error: passing });
    });
    await waitFor(async () => (await row())['state'] === 'dead', { what: 'given up' });
    await accept(inbox);
    await waitFor(async () => tries.length === 4 && (await row())['state'] === 'dead', { what: 'again' });
    assert.deepEqual(tries, [undefined, 1, undefined, 1]);
  });

  for (const [error, unknown, retried] of [
    [passing, false, true],
    [unclear, false, true],
    [final, false, false],
    [refused, false, false],
    [foreign, false, false],
    [foreign, true, true],
    [final, true, false],
    [refused, true, false],
  ] as const) {
    const what = `${error.kind} ${error.code}${unknown ? ', unknown errors too' : ''}`;
    it(`${retried ? 'tries again' : 'lets leave at once'}: ${what}`, () => {
      const message: ScopedMessage = { _msgid: 'm' };
      scopes.open(
        message,
        { kind: 'inbox', store: undefined, statements: () => [], ended: () => {} },
        60_000,
      );
      const fate = scopes.fate(through(message, { unknown, out: () => true }), error);
      assert.equal(fate.type, retried ? 'again' : 'leaves');
    });
  }

  it('never comes back earlier than the other side has asked for', () => {
    const message: ScopedMessage = { _msgid: 'm' };
    scopes.open(message, { kind: 'inbox', store: undefined, statements: () => [], ended: () => {} }, 60_000);
    const busy = new CrossdockError('Busy.', { code: 'BUSY', kind: 'transient', retryAfterMs: 7_200_000 });
    const fate = scopes.fate(through(message), busy);
    assert.deepEqual(fate, { type: 'again', inMs: 7_200_000 });
    assert.deepEqual(scopes.fate(message, busy), fate, 'what is told is what will be');
  });

  it('leaves its neighbours alone while it waits, and lets those of its key wait with it', async () => {
    const inbox = await openInbox();
    await accept(inbox, 'a1', 'A');
    await accept(inbox, 'a2', 'A');
    await accept(inbox, 'b1', 'B');
    const waitLong = new CrossdockError('Later.', {
      code: 'LATER',
      kind: 'transient',
      retryAfterMs: 7_200_000,
    });
    const seen: string[] = [];
    run(inbox, ({ message, delivery }) => {
      seen.push(delivery.deliveryId);
      const failed = delivery.deliveryId === 'a1';
      void scopes.settle(
        through(message),
        failed ? { type: 'failed', error: waitLong } : { type: 'completed', result: null },
      );
    });
    await waitFor(async () => {
      const [states] = await store.run([{ sql: 'SELECT state FROM crossdock_inbox ORDER BY seq' }]);
      return states?.rows.map(({ state }) => state).join() === 'waiting,queued,done';
    });
    assert.deepEqual(seen, ['a1', 'b1']);
    assert.equal(inbox.inFlight, 0, 'it takes no place in the flow');
  });

  describe('several in a row', () => {
    const opened = (): ScopedMessage => {
      const message: ScopedMessage = { _msgid: 'm' };
      scopes.open(
        message,
        { kind: 'inbox', store: undefined, statements: () => [], ended: () => {} },
        60_000,
      );
      return message;
    };

    it('the innermost around the failure decides', () => {
      const outer = through(opened(), { id: 'outer', out: () => true });
      const between = structuredClone(outer);
      const inner = through(outer, { id: 'inner', attempts: 1 });
      assert.equal(scopes.fate(inner, passing).type, 'final', 'the inner one has one try and no output');
      assert.equal(
        scopes.fate(between, passing).type,
        'again',
        'a branch that has not reached the inner one',
      );
    });

    it('only the innermost counts the failure', async () => {
      const inbox = await openInbox();
      await accept(inbox);
      const outerEnds: (Outcome | 'stale' | 'abandoned')[] = [];
      const innerEnds: (Outcome | 'stale' | 'abandoned')[] = [];
      run(inbox, ({ message, delivery }) => {
        const tried = through(through(message, { id: 'outer', ends: outerEnds }), {
          id: 'inner',
          ends: innerEnds,
        });
        void scopes.settle(
          tried,
          delivery.attempts < 3
            ? { type: 'failed', error: passing }
            : { type: 'completed', result: undefined },
        );
      });
      await waitFor(async () => (await row())['state'] === 'done', { what: 'done' });
      assert.equal((await row())['tries'], '{"inner":2}');
      const innermost = (ends: typeof outerEnds): unknown[] =>
        ends.map((end) => (typeof end === 'string' ? end : 'innermost' in end ? end.innermost : end.type));
      assert.deepEqual(innermost(innerEnds), [true, true, 'completed']);
      assert.deepEqual(innermost(outerEnds), [false, false, 'completed']);
    });
  });

  for (const end of ['automatic', 'explicit'] as const) {
    describe(`what is exhausted, with ${end} ends`, () => {
      /** How the scope inside the retry (a guard's claim, say) ended. */
      let inside: (Outcome | 'stale' | 'abandoned')[];
      let left: { failing: Failing; failures: number; message: ScopedMessage } | undefined;

      beforeEach(() => {
        scopes.tracked = end === 'automatic';
        inside = [];
        left = undefined;
      });

      /** Delivers d1 to a flow with a guard behind the retry node; `takes`: whether somebody is at the second output. */
      async function exhaust({
        takes = true,
        can = true,
      }: {
        takes?: boolean;
        can?: boolean;
      }): Promise<Inbox> {
        const inbox = await openInbox();
        await accept(inbox);
        inbox.start((delivery) => {
          const message: ScopedMessage = { _msgid: `m${delivery.attempts}` };
          const token = scopes.open(message, delivery.scope, inbox.holdMs, { end, pending: 0 });
          scopes.began(message);
          through(message, {
            attempts: 1,
            out: (failing, failures, kept) => {
              if (!can) return false;
              const out = { ...kept, _msgid: 'out' };
              scopes.know(out);
              if (takes) scopes.began(out);
              left = { failing, failures, message: out };
              return true;
            },
          });
          scopes.open(
            message,
            { kind: 'guard', store: undefined, statements: () => [], ended: (o) => inside.push(o) },
            60_000,
          );
          void scopes.finish(message, 'half done', {
            store,
            statements: [{ sql: "INSERT INTO crossdock_instance VALUES ('staged', 0)" }],
          });
          if (end === 'automatic' || delivery.attempts > 1) {
            scopes.failing(message, passing, 60_000);
            scopes.ended(message, passing);
          }
          return () => scopes.handBack(token);
        });
        return inbox;
      }

      if (end === 'automatic') {
        it('leaves by the second output, and what follows there decides; the work in between has failed', async () => {
          await exhaust({});
          await waitFor(() => left !== undefined, { what: 'the second output' });
          assert.deepEqual([left?.failing.error, left?.failures], [passing, 1]);
          assert.equal((await row())['state'], 'leased', 'it has not ended yet');
          const out = left?.message ?? {};
          // A late failure behind the first output belongs to the past.
          assert.equal(scopes.fate({ _msgid: 'm1' }, passing).type, 'leaves');
          scopes.failed({ _msgid: 'm1' }, final);
          scopes.ended({ _msgid: 'out' });
          await waitFor(async () => (await row())['state'] === 'done', { what: 'handled' });
          assert.deepEqual(
            inside.map((o) => (typeof o === 'string' ? o : o.type)),
            ['failed'],
          );
          const [staged] = await store.run([
            { sql: "SELECT id FROM crossdock_instance WHERE id = 'staged'" },
          ]);
          assert.equal(staged?.rows.length, 0, 'what was to leave with a good end is dropped');
          assert.equal(scopes.isOpen(out), false);
        });

        it('is not done when nobody is there to take it', async () => {
          await exhaust({ takes: false });
          await waitFor(async () => (await row())['state'] === 'dead', { what: 'failed for good' });
          assert.match(String((await row())['error']), /ODOO_UNREACHABLE/);
        });

        it('is given back when its node has closed', async () => {
          await exhaust({ can: false });
          await waitFor(async () => Number((await row())['attempts']) === 1, { what: 'given back' });
          await waitFor(() => inside.length > 1, { what: 'delivered again' });
          assert.equal((await row())['failures'], 0);
        });

        it('may fail there too: that is decided without the retry node', async () => {
          await exhaust({});
          await waitFor(() => left !== undefined, { what: 'the second output' });
          scopes.ended({ _msgid: 'out' }, passing);
          await waitFor(async () => (await row())['state'] === 'waiting', { what: 'the source’s schedule' });
          assert.equal((await row())['tries'], null);
        });
      } else {
        it('leaves when a settling node fails the message, and is ended by the next one', async () => {
          const inbox = await openInbox();
          await accept(inbox);
          run(inbox, ({ message }) => {
            const tried = through(message, {
              attempts: 1,
              out: (failing, failures, kept) => {
                left = { failing, failures, message: kept };
                return true;
              },
            });
            scopes.settle(tried, { type: 'failed', error: passing }).then(
              (settled) => assert.equal(settled, 'left'),
              (error: unknown) => assert.fail(String(error)),
            );
          });
          await waitFor(() => left !== undefined, { what: 'the second output' });
          assert.equal((await row())['state'], 'leased');
          const out = left?.message ?? {};
          assert.equal(await scopes.settle(out, { type: 'parked', error: passing, id: 'l1' }), 'settled');
          assert.equal((await row())['state'], 'parked');
        });
      }
    });
  }

  it('is over with its message’s time in the flow, and leaves nothing behind', async () => {
    const inbox = await openInbox({ holdMs: 30 });
    await accept(inbox);
    const ends: (Outcome | 'stale' | 'abandoned')[] = [];
    run(inbox, ({ message }) => void through(message, { ends }));
    await waitFor(() => ends.length > 0, { what: 'abandoned' });
    assert.deepEqual(ends[0], 'abandoned');
    await waitFor(() => scopes.size === 0 && scopes.remembered === 0, { what: 'nothing open' });
  });
});

/** A retry storm: what failed together must not come back together. */
describe('the retry schedule in a storm', () => {
  /** How many instants fall into each second of their span, and the mean of that. */
  function perSecond(instants: readonly number[]): { counts: readonly number[]; mean: number } {
    const seconds = instants.map((at) => Math.floor(at / 1000));
    const first = Math.min(...seconds);
    const counts = new Array<number>(Math.max(...seconds) - first + 1).fill(0);
    for (const second of seconds) counts[second - first] = (counts[second - first] ?? 0) + 1;
    return { counts, mean: instants.length / counts.length };
  }
  function assertSpread(instants: readonly number[], what: string): void {
    const { counts, mean } = perSecond(instants);
    assert.ok(Math.max(...counts) <= 3 * mean, `${what}: ${counts} (mean ${mean})`);
  }

  /** A thousand messages fail together, and again at every try. @returns per try when it begins, in ms */
  function storm(attempts: number, backoff: { baseMs: number; capMs: number }): number[][] {
    let now = 0;
    const pacer = new Pacer(100, () => now);
    const waves: number[][] = [];
    // In the order of time, as they fail.
    const due = Array.from({ length: 1000 }, () => ({ at: 0, failures: 1 }));
    while (due.length > 0) {
      due.sort((a, b) => b.at - a.at);
      const message = due.pop() ?? { at: 0, failures: 0 };
      now = message.at;
      if (message.failures >= attempts) continue;
      const at = now + pacer.place(backoffDelay(backoff, message.failures));
      waves[message.failures - 1] = [...(waves[message.failures - 1] ?? []), at];
      due.push({ at, failures: message.failures + 1 });
    }
    return waves;
  }

  it('1,000 failing deliveries with 1 s base, 30 s cap, 5 attempts: no second has over 3 times the mean', () => {
    const waves = storm(5, { baseMs: 1000, capMs: 30_000 });
    assert.deepEqual(
      waves.map(({ length }) => length),
      [1000, 1000, 1000, 1000],
    );
    assertSpread(waves.flat(), 'all tries');
    for (const [index, wave] of waves.entries()) assertSpread(wave, `try ${index + 2}`);
  });

  it('without places for each second most of them would be back in the first', () => {
    const waits = Array.from({ length: 1000 }, () => backoffDelay({ baseMs: 1000, capMs: 30_000 }, 1));
    assert.ok((perSecond(waits).counts[0] ?? 0) > 900);
  });

  it('leaves a wait as it was drawn while its second has places, and never shortens it', () => {
    const pacer = new Pacer(2, () => 0);
    assert.deepEqual([pacer.place(10), pacer.place(900)], [10, 900]);
    const third = pacer.place(10);
    assert.ok(third >= 1000 && third < 2000, String(third));
    assert.equal(pacer.place(7_200_000), 7_200_000);
  });
});
