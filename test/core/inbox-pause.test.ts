import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Delivery, Inbox, type Pausable, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

describe('a paused inbox', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  let inbox: Inbox;
  let scopes: ScopeRegistry;
  let reasons: (string | undefined)[];
  let inFlow: { message: ScopedMessage; delivery: Delivery }[];
  let source: Pausable;

  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    scopes = new ScopeRegistry();
    reasons = [];
    inFlow = [];
    inbox = await Inbox.open(store, {
      source: 'shop',
      concurrency: 4,
      maxAttempts: 3,
      holdMs: 60_000,
      onPause: (reason) => reasons.push(reason),
    });
    for (let n = 0; n < 20; n += 1) {
      await inbox.accept({ id: `m${n}`, partitionKey: undefined, body: Buffer.from('x') });
    }
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, inbox.holdMs);
      inFlow.push({ message, delivery });
      return () => scopes.handBack(token);
    });
    await waitFor(() => inFlow.length === 4, { what: 'a full flow' });
    const pausable = scopes.pausable(inFlow[0]?.message ?? {});
    assert.ok(pausable);
    source = pausable;
  });
  afterEach(async () => {
    await inbox.stop(0);
    await store.close();
    folder.remove();
  });

  const states = async (): Promise<string> => {
    const [result] = await store.run([
      { sql: 'SELECT state, count(*) AS n FROM crossdock_inbox GROUP BY state ORDER BY state' },
    ]);
    return (result?.rows ?? []).map(({ state, n }) => `${n} ${state}`).join(', ');
  };
  const done = (at: number): Promise<unknown> =>
    scopes.settle(inFlow[at]?.message ?? {}, { type: 'completed', result: null });

  it('delivers nothing, keeps no leases of what has not entered the flow, and fails nothing', async () => {
    source.pause('a', 3_600_000, 'paused: odoo is down');
    await Promise.all([0, 1].map(done));
    await Promise.all([2, 3].map((at) => scopes.giveBack(inFlow[at]?.message ?? {})));
    await waitFor(async () => (await states()) === '2 done, 18 ready', { what: 'all given back' });
    assert.equal(inFlow.length, 4);
    const [rows] = await store.run([
      { sql: "SELECT max(attempts) AS a, max(failures) AS f FROM crossdock_inbox WHERE state = 'ready'" },
    ]);
    assert.deepEqual({ ...rows?.rows[0] }, { a: 0, f: 0 });
    assert.deepEqual(reasons, ['paused: odoo is down']);
  });

  it('delivers one at a time when its time is over, until it is lifted', async () => {
    await Promise.all([0, 1, 2, 3].map(done));
    await waitFor(() => inFlow.length === 8, { what: 'the next four' });
    source.pause('a', 10, 'paused: odoo is down');
    await Promise.all([4, 5, 6, 7].map(done));
    await waitFor(() => inFlow.length === 9, { what: 'the first one after the pause' });
    await waitFor(async () => (await states()).includes('1 leased'), { what: 'one lease' });
    await done(8);
    await waitFor(() => inFlow.length === 10, { what: 'the next one' });
    assert.equal(inbox.inFlight, 1);
    source.resume('a');
    await waitFor(() => inFlow.length === 13, { what: 'a full flow again' });
    assert.equal(reasons.at(-1), undefined);
  });

  it('waits for all who want a pause', async () => {
    source.pause('a', 3_600_000, 'paused: odoo is down');
    source.pause('b', 3_600_000, 'paused: erp is down');
    await Promise.all([0, 1, 2, 3].map(done));
    source.resume('a');
    assert.equal(reasons.at(-1), 'paused: erp is down');
    assert.equal(inFlow.length, 4);
    source.resume('b');
    await waitFor(() => inFlow.length === 8, { what: 'a full flow again' });
  });

  it('can be stopped', async () => {
    source.pause('a', 10, 'paused');
    await Promise.all([0, 1, 2, 3].map(done));
    await inbox.stop(0);
    await waitFor(async () => (await states()).endsWith('ready'), { what: 'nothing leased' });
  });
});
