import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Delivery, Inbox, type InboxOptions, ScopeRegistry } from '../../core/delivery';
import { HAND_BACK, LEASE, LEASE_SUSPECT } from '../../core/delivery/inbox-schema';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqliteStoreHandle, type Statement, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const lost = new CrossdockError('The connection to the store was lost.', {
  code: 'STORE_IO',
  kind: 'transient',
  facts: { outcome: 'unknown' },
});

/** A store that does what it is told and then loses the answer, as a connection that is cut behind the commit. */
class Forgetful {
  /** Loses the answer to the next unit with this statement. */
  forget: string | undefined;
  /** Does not do it either. */
  refuse = false;
  readonly store: Store;

  constructor(store: Store) {
    this.store = new Proxy(store, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property === 'run') return (statements: readonly Statement[]) => this.#run(target, statements);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  async #run(store: Store, statements: readonly Statement[]): Promise<unknown> {
    if (!statements.some(({ sql }) => sql === this.forget)) return store.run(statements);
    this.forget = undefined;
    if (!this.refuse) await store.run(statements);
    throw lost;
  }
}

describe('leases whose answer was lost', () => {
  let folder: TempDir;
  let handle: SqliteStoreHandle;
  let forgetful: Forgetful;
  let inbox: Inbox;
  let scopes: ScopeRegistry;
  let seen: Delivery[];
  let problems: (string | undefined)[];

  beforeEach(async () => {
    folder = tempDir();
    handle = await openSqliteStore(join(folder.path, 'store.sqlite'));
    forgetful = new Forgetful(handle);
    scopes = new ScopeRegistry();
    seen = [];
    problems = [];
  });
  afterEach(async () => {
    await inbox.stop(0);
    await handle.close();
    folder.remove();
  });

  async function open(options: Partial<InboxOptions> = {}): Promise<Inbox> {
    inbox = await Inbox.open(forgetful.store, {
      source: 'shop',
      concurrency: 10,
      maxAttempts: 5,
      holdMs: 60_000,
      onProblem: (problem) => problems.push(problem?.code),
      ...options,
    });
    return inbox;
  }
  /** @param ends whether the message is completed at once */
  function start(ends: (id: string) => boolean = () => true): void {
    inbox.start((delivery) => {
      const message = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, inbox.holdMs);
      seen.push(delivery);
      if (ends(delivery.deliveryId)) void scopes.settle(message, { type: 'completed', result: null });
      return () => scopes.handBack(token);
    });
  }
  async function accept(...ids: string[]): Promise<void> {
    for (const id of ids) await inbox.accept({ id, partitionKey: undefined, body: Buffer.from(id) });
  }
  async function states(): Promise<Record<string, string>> {
    const [result] = await handle.run([{ sql: 'SELECT id, state FROM crossdock_inbox ORDER BY seq' }]);
    return Object.fromEntries((result?.rows ?? []).map((row) => [String(row['id']), String(row['state'])]));
  }
  const ids = (): string[] => seen.map(({ deliveryId }) => deliveryId);

  it('come back at once, as if they had not been delivered', async () => {
    await open();
    await accept('a', 'b');
    forgetful.forget = LEASE;
    start();
    await waitFor(() => seen.length === 2, { what: 'both messages', timeoutMs: 8000 });
    assert.deepEqual(ids(), ['a', 'b']);
    assert.deepEqual(
      seen.map(({ attempts }) => attempts),
      [1, 1],
    );
    await waitFor(() => problems.length === 2, { what: 'the end of the problem' });
    assert.deepEqual(problems, ['STORE_IO', undefined]);
    await waitFor(async () => (await states())['b'] === 'done');
  });

  it('come back with what was leased before still in the flow', async () => {
    await open();
    start((id) => id !== 'slow');
    await accept('slow');
    await waitFor(() => seen.length === 1);
    forgetful.forget = LEASE;
    await accept('lost');
    await waitFor(() => seen.length === 2, { what: 'the lost one', timeoutMs: 8000 });
    assert.deepEqual(ids(), ['slow', 'lost']);
    await waitFor(async () => (await states())['lost'] === 'done');
    assert.deepEqual(await states(), { slow: 'leased', lost: 'done' });
  });

  it('of a suspect too, which stays suspect', async () => {
    await open();
    await accept('a', 'b');
    await handle.run([{ sql: "UPDATE crossdock_inbox SET state = 'suspect', unended = 2" }]);
    forgetful.forget = LEASE_SUSPECT;
    let most = 0;
    start(() => {
      most = Math.max(most, scopes.size);
      return true;
    });
    await waitFor(() => seen.length === 2, { what: 'both suspects', timeoutMs: 8000 });
    assert.deepEqual(ids(), ['a', 'b']);
    assert.equal(most, 1, 'one at a time');
  });

  it('leave alone what the flow has swallowed: that counts as an end without a word', async () => {
    await open({ holdMs: 1500 });
    start((id) => id !== 'swallowed');
    await accept('swallowed');
    await waitFor(() => seen.length === 1);
    await waitFor(() => scopes.size === 0, { what: 'the end of its time', timeoutMs: 8000 });
    forgetful.forget = LEASE;
    await accept('lost');
    await waitFor(() => problems.length > 0);
    inbox.wake();
    await waitFor(() => seen.length === 2, { what: 'the lost one', timeoutMs: 8000 });
    assert.deepEqual(ids(), ['swallowed', 'lost']);
    assert.equal((await states())['swallowed'], 'leased');
  });

  it('are found by the next instance when they could not be given back before a redeploy', async () => {
    await open();
    start(() => false);
    await accept('a');
    await waitFor(() => seen.length === 1);
    // Its scope is gone, as in a flow that is stopped: so it is given back by this statement.
    forgetful.refuse = true;
    const [row] = (await handle.run([{ sql: 'SELECT fence FROM crossdock_inbox' }]))[0]?.rows ?? [];
    assert.equal(row?.['fence'], 1);
    forgetful.forget = seen[0]?.scope.statements({ type: 'handedBack' })[0]?.sql;
    assert.equal(forgetful.forget, HAND_BACK);
    await inbox.stop(0);
    assert.deepEqual(await states(), { a: 'leased' });
    await open();
    start();
    await waitFor(() => seen.length === 2, { what: 'the message', timeoutMs: 8000 });
    assert.equal(seen[1]?.attempts, 1);
  });
});
