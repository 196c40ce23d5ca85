import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Extra, Inbox, type Outcome, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqliteStoreHandle, type Statement, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const permanent = new CrossdockError('The SKU is missing.', { code: 'SKU_MISSING', kind: 'permanent' });
const other = new CrossdockError('Something else.', { code: 'OTHER', kind: 'permanent' });

/** A store that only notes what it is asked to run. */
function notingStore(): { store: Store; units: (readonly Statement[])[]; refuse: { times: number } } {
  const units: (readonly Statement[])[] = [];
  const refuse = { times: 0 };
  const run = async (statements: readonly Statement[]): Promise<[]> => {
    if (refuse.times > 0) {
      refuse.times -= 1;
      throw new CrossdockError('The disk is full.', { code: 'STORE_FULL', kind: 'transient' });
    }
    units.push(statements);
    return [];
  };
  return { store: { run } as unknown as Store, units, refuse };
}

/** The turns in which an automatic end is looked for and committed. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('automatic scopes', () => {
  let scopes: ScopeRegistry;
  let noting: ReturnType<typeof notingStore>;
  /** How each scope ended, in order. */
  let ends: { kind: string; outcome: Outcome | 'stale' | 'abandoned' }[];

  beforeEach(() => {
    scopes = new ScopeRegistry();
    scopes.tracked = true;
    noting = notingStore();
    ends = [];
  });

  function open(
    message: ScopedMessage,
    kind = 'inbox',
    options: { end?: 'automatic' | 'explicit'; pending?: number } = {},
  ): string {
    return scopes.open(
      message,
      {
        kind,
        store: noting.store,
        statements: (outcome) => [
          { sql: kind, params: [outcome.type, outcome.type === 'completed' ? String(outcome.result) : ''] },
        ],
        ended: (outcome) => ends.push({ kind, outcome }),
      },
      60_000,
      options,
    );
  }
  /** A message as a source sends it: one branch under way. */
  function entered(options: { end?: 'automatic' | 'explicit' } = {}): ScopedMessage {
    const message: ScopedMessage = { _msgid: 'm' };
    open(message, 'inbox', { pending: 0, ...options });
    scopes.began(message);
    scopes.sent(message);
    return message;
  }
  const types = (): string[] =>
    ends.map(({ outcome }) => (typeof outcome === 'string' ? outcome : outcome.type));
  const extra = (sql: string, committed?: () => void): Extra => ({
    store: noting.store,
    statements: [{ sql }],
    ...(committed === undefined ? {} : { committed }),
  });

  it('ends once, when the last branch of a fan-out ends, and not before', async () => {
    const message = entered();
    const clone: ScopedMessage = structuredClone(message);
    scopes.began(message);
    scopes.began(clone);
    scopes.ended(message);
    await turns();
    scopes.ended(clone);
    await turns();
    assert.deepEqual(types(), [], 'one branch is still under way');
    scopes.ended(message);
    await turns();
    assert.deepEqual(types(), ['completed']);
    scopes.ended(message);
    scopes.sent(message);
    await turns();
    assert.deepEqual([types(), noting.units.length, scopes.size], [['completed'], 1, 0]);
  });

  it('does not end between a done and what was sent with it', async () => {
    const message = entered();
    scopes.ended(message);
    scopes.began(message);
    await turns();
    assert.deepEqual(types(), []);
    scopes.ended(message);
    await turns();
    assert.deepEqual(types(), ['completed']);
  });

  it('ends at once when nobody took the message', async () => {
    const message: ScopedMessage = { _msgid: 'm' };
    open(message, 'inbox', { pending: 0 });
    scopes.sent(message);
    await turns();
    assert.deepEqual(types(), ['completed']);
  });

  it('fails by the first error of a branch, after the last branch, and drops what nodes had staged', async () => {
    const message = entered();
    scopes.began(message);
    let committed = 0;
    const staged = await scopes.finish(
      message,
      'placed',
      extra('outbox', () => (committed += 1)),
    );
    assert.equal(staged, 'noted');
    scopes.ended(message, permanent);
    scopes.failed(message, other);
    await turns();
    assert.deepEqual(types(), []);
    scopes.ended(message);
    await turns();
    const [end] = ends;
    assert.ok(end !== undefined && typeof end.outcome === 'object' && end.outcome.type === 'failed');
    assert.equal(end.outcome.error, permanent);
    assert.deepEqual(noting.units, [[{ sql: 'inbox', params: ['failed', ''] }]]);
    assert.equal(committed, 0);
  });

  it('commits what was staged in one unit with the end, and tells so only afterwards', async () => {
    const message = entered();
    const told: number[] = [];
    await scopes.finish(
      message,
      'placed',
      extra('outbox', () => told.push(noting.units.length)),
    );
    await turns();
    assert.deepEqual([noting.units.length, told], [0, []]);
    scopes.ended(message);
    await turns();
    assert.deepEqual(noting.units, [[{ sql: 'outbox' }, { sql: 'inbox', params: ['completed', 'placed'] }]]);
    assert.deepEqual(told, [1]);
  });

  it('gives each nested scope the result that was noted inside it', async () => {
    const message = entered();
    open(message, 'guard');
    const inner = structuredClone(message);
    await scopes.finish(inner, 'order 7');
    open(message, 'second guard');
    scopes.ended(message);
    await turns();
    assert.deepEqual(
      noting.units[0]?.map(({ sql, params }) => [sql, params?.[1]]),
      [
        ['second guard', 'undefined'],
        ['guard', 'order 7'],
        ['inbox', 'order 7'],
      ],
    );
    assert.deepEqual(types(), ['completed', 'completed', 'completed']);
  });

  it('tries again when the store refuses, and then ends', async () => {
    const message = entered();
    let committed = 0;
    await scopes.finish(
      message,
      1,
      extra('outbox', () => (committed += 1)),
    );
    noting.refuse.times = 1;
    scopes.ended(message);
    await turns();
    assert.deepEqual([types(), committed, scopes.isOpen(message)], [[], 0, true]);
    await waitFor(() => ends.length > 0, { what: 'the second try' });
    assert.deepEqual([types(), committed, noting.units.length], [['completed'], 1, 1]);
  });

  it('leaves explicit messages to their settling node', async () => {
    const message = entered({ end: 'explicit' });
    assert.equal(scopes.isTracked(message), false);
    scopes.ended(message, permanent);
    scopes.failed(message, permanent);
    await turns();
    assert.deepEqual(types(), []);
    assert.equal(await scopes.finish(message, 'by hand', extra('outbox')), 'settled');
    assert.deepEqual(types(), ['completed']);
    assert.equal(noting.units.length, 1);
  });

  it('is explicit where nobody counts', async () => {
    scopes.tracked = false;
    const message = entered();
    scopes.ended(message);
    await turns();
    assert.deepEqual(types(), []);
    assert.equal(await scopes.finish(message, 'by hand'), 'settled');
  });

  it('hands a message back while branches are under way; what they say later changes nothing', async () => {
    const message: ScopedMessage = { _msgid: 'm' };
    const token = open(message, 'inbox', { pending: 0 });
    scopes.began(message);
    open(message, 'guard');
    assert.equal(await scopes.handBack(token), 'settled');
    scopes.ended(message, permanent);
    await turns();
    assert.deepEqual(types(), ['handedBack', 'handedBack']);
    assert.equal(await scopes.finish(message, 'too late'), 'none');
    assert.equal(noting.units.length, 1);
  });

  it('hands back, once all branches have ended, a message of which a stopping node dropped a branch', async () => {
    const message = entered();
    scopes.began(message);
    await scopes.finish(message, 'placed', extra('outbox'));
    scopes.cut(message);
    scopes.ended(message);
    await turns();
    assert.deepEqual(types(), []);
    scopes.ended(message, permanent);
    await turns();
    assert.deepEqual(types(), ['handedBack']);
    assert.deepEqual(noting.units, [[{ sql: 'inbox', params: ['handedBack', ''] }]]);
  });

  it('counts a message that lost msg.crossdock by its _msgid, and gives it back what it lost', async () => {
    const message = entered();
    const fresh: ScopedMessage = { _msgid: 'm' };
    assert.equal(scopes.began(fresh), true);
    scopes.ended(message);
    await turns();
    assert.deepEqual(types(), []);
    scopes.restore(fresh);
    delete fresh._msgid;
    assert.deepEqual(fresh.crossdock?.scopes, message.crossdock?.scopes);
    scopes.ended(fresh);
    await turns();
    assert.deepEqual(types(), ['completed']);
    assert.equal(scopes.began({ _msgid: 'm' }), false, 'nothing is known by its _msgid any more');
  });

  it('does not touch a message that cannot be changed, and none that is not its own', () => {
    entered();
    const frozen = Object.freeze({ _msgid: 'm' });
    scopes.restore(frozen);
    const strange: ScopedMessage = { _msgid: 'x' };
    scopes.restore(strange);
    assert.deepEqual([frozen, strange], [{ _msgid: 'm' }, { _msgid: 'x' }]);
  });

  it('forgets a message that got a new _msgid on the way, in whatever order its scopes end', async () => {
    const message = entered();
    message._msgid = 'split';
    const guard = open(message, 'guard');
    scopes.abandon(guard);
    assert.equal(scopes.began({ _msgid: 'split' }), true, 'its outer scope is still open');
    scopes.ended(message);
    scopes.ended(message);
    await turns();
    assert.deepEqual([types(), scopes.size, scopes.remembered], [['abandoned', 'completed'], 0, 0]);
  });

  it('keeps nothing of 200,000 messages that have ended', async function () {
    this.timeout(30_000);
    const quiet = { kind: 'inbox', store: undefined, statements: () => [], ended: () => undefined };
    for (let n = 0; n < 200_000; n += 1) {
      const message: ScopedMessage = { _msgid: `m${n}` };
      scopes.open(message, quiet, 60_000, { pending: 0 });
      scopes.began(message);
      scopes.began({ _msgid: `m${n}` });
      scopes.ended(message);
      scopes.ended(message, n % 3 === 0 ? permanent : undefined);
      if (n % 1000 === 0) await turns();
    }
    await turns();
    assert.deepEqual([scopes.size, scopes.remembered], [0, 0]);
  });
});

describe('automatic scopes over the store', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  let inbox: Inbox;
  const scopes = new ScopeRegistry();
  scopes.tracked = true;

  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    await store.migrate({ idea: 'extra', steps: [['CREATE TABLE crossdock_extra (id TEXT)']] });
    inbox = await Inbox.open(store, { source: 's', concurrency: 4, maxAttempts: 3, holdMs: 60_000 });
  });
  afterEach(async () => {
    await inbox.stop(0);
    await store.close();
    folder.remove();
  });

  async function delivered(): Promise<ScopedMessage> {
    const messages: ScopedMessage[] = [];
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: 'm' };
      const token = scopes.open(message, delivery.scope, inbox.holdMs, { pending: 1 });
      messages.push(message);
      return () => scopes.handBack(token);
    });
    await inbox.accept({ id: 'd', partitionKey: undefined, body: Buffer.from('{}') });
    return waitFor(() => messages[0], { what: 'the delivery' });
  }
  async function count(sql: string): Promise<unknown> {
    const [result] = await store.run([{ sql }]);
    return Object.values(result?.rows[0] ?? {})[0];
  }

  it('writes what was staged and the end of the inbox row in one unit', async () => {
    const message = await delivered();
    const statements = [{ sql: 'INSERT INTO crossdock_extra (id) VALUES (?)', params: ['e'] }];
    assert.equal(await scopes.finish(message, null, { store, statements }), 'noted');
    assert.equal(await count('SELECT count(*) FROM crossdock_extra'), 0);
    scopes.ended(message);
    await waitFor(() => scopes.size === 0, { what: 'the end' });
    assert.equal(await count('SELECT count(*) FROM crossdock_extra'), 1);
    assert.equal(await count('SELECT state FROM crossdock_inbox'), 'done');
  });

  it('writes neither when the lease was lost meanwhile', async () => {
    const message = await delivered();
    const statements = [{ sql: 'INSERT INTO crossdock_extra (id) VALUES (?)', params: ['e'] }];
    let committed = false;
    await scopes.finish(message, null, { store, statements, committed: () => (committed = true) });
    await store.run([{ sql: 'UPDATE crossdock_inbox SET fence = fence + 1' }]);
    scopes.ended(message);
    await waitFor(() => scopes.size === 0, { what: 'the end' });
    assert.equal(await count('SELECT count(*) FROM crossdock_extra'), 0);
    assert.equal(await count('SELECT state FROM crossdock_inbox'), 'leased');
    assert.equal(committed, false);
  });
});
