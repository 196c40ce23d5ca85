import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fingerprint } from '../../core/canonical';
import { type Outcome, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import {
  type Claim,
  contentFingerprint,
  fingerprintWithout,
  type GuardOptions,
  IdempotencyGuard,
} from '../../core/idempotency';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { canonicalOrder } from '../nodes/fixtures';
import { type TempDir, tempDir } from '../support';

describe('fingerprint', () => {
  it('of a canonical order is the one that the canonical model defines', () => {
    const order = canonicalOrder('1001');
    assert.equal(contentFingerprint(order), fingerprint(order));
    const touched = { ...order, externalRevision: '2', extensions: { a: 1 } };
    assert.equal(contentFingerprint(touched), contentFingerprint(order));
  });

  const base = { id: 1, at: 'today', lines: [{ sku: 'A', note: 'x' }, { sku: 'B' }], meta: { a: 1, b: 2 } };
  for (const [ignored, other] of [
    ['at', { ...base, at: 'tomorrow' }],
    ['at', { ...base, at: undefined }],
    ['lines.*.note', { ...base, lines: [{ sku: 'A', note: 'y' }, { sku: 'B' }] }],
    ['lines.0.note', { ...base, lines: [{ sku: 'A' }, { sku: 'B' }] }],
    ['meta', { ...base, meta: undefined }],
    ['meta.*', { ...base, meta: { b: 3 } }],
  ] as const) {
    it(`without ${ignored} is the same when only that differs`, () => {
      assert.equal(fingerprintWithout([ignored])(other), fingerprintWithout([ignored])(base));
      assert.notEqual(contentFingerprint(other), contentFingerprint(base));
      const different = { ...other, id: 2 };
      assert.notEqual(fingerprintWithout([ignored])(different), fingerprintWithout([ignored])(base));
    });
  }

  it('leaves out all that several paths name, also when one holds another', () => {
    const print = fingerprintWithout(['meta.a', 'meta', 'lines.*.note', 'lines.1']);
    assert.equal(print({ ...base, meta: 5, lines: [{ sku: 'A' }, { sku: 'C' }] }), print(base));
    assert.notEqual(print({ ...base, lines: [{ sku: 'C' }] }), print(base));
  });

  it('tells dates and bytes apart by what they hold', () => {
    const at = (ms: number): unknown => ({ at: new Date(ms), raw: Buffer.from([ms]) });
    assert.equal(contentFingerprint(at(1)), contentFingerprint(at(1)));
    assert.notEqual(contentFingerprint({ at: new Date(1) }), contentFingerprint({ at: new Date(2) }));
    assert.notEqual(contentFingerprint(Buffer.from('a')), contentFingerprint(Buffer.from('b')));
  });

  it('of a payload that refers to itself is an error, not the end of the process', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    assert.throws(() => contentFingerprint(loop), { code: 'IDEMPOTENCY_PAYLOAD_UNREADABLE' });
  });
});

describe('idempotency guard: claims', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  let scopes: ScopeRegistry;
  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    scopes = new ScopeRegistry();
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  const request = { key: 'order:1', fingerprint: 'f1' };
  const open = (more: Partial<GuardOptions> = {}): Promise<IdempotencyGuard> =>
    IdempotencyGuard.open(store, {
      scope: 'orders',
      retentionMs: 86_400_000,
      leaseMs: 60_000,
      waitMs: 5000,
      ...more,
    });
  async function end(claim: Claim, outcome: Outcome): Promise<string> {
    assert.ok(claim.type === 'first', claim.type);
    const message: ScopedMessage = {};
    scopes.open(message, claim.scope, 60_000);
    return scopes.settle(message, outcome);
  }

  it('answers at once that the first one is at work, when it is to answer', async () => {
    const guard = await open({ concurrent: 'answer' });
    const first = await guard.claim(request);
    const copy = await guard.claim(request);
    assert.ok(copy.type === 'inProgress' && copy.firstAt > 0 && copy.since >= copy.firstAt);
    assert.equal((await guard.claim({ ...request, fingerprint: 'other' })).type, 'conflict');
    await end(first, { type: 'completed', result: 7 });
    const late = await guard.claim(request);
    assert.deepEqual(late.type === 'duplicate' && late.result, 7);
  });

  it('keeps keys of one scope from those of another', async () => {
    const guard = await open({ concurrent: 'answer' });
    assert.equal((await guard.claim({ ...request, scope: 'shop-eu' })).type, 'first');
    assert.equal((await guard.claim({ ...request, scope: 'shop-us' })).type, 'first');
    assert.equal((await guard.claim({ ...request, scope: 'shop-eu' })).type, 'inProgress');
  });

  it('gives a claim whose lease is over to the same payload only, and fences the late end', async () => {
    const guard = await open({ concurrent: 'answer' });
    const late = await guard.claim({ ...request, leaseMs: 60_000 });
    await store.run([{ sql: 'UPDATE crossdock_idempotency SET lease_until = 1' }]);
    assert.equal((await guard.claim({ ...request, fingerprint: 'other' })).type, 'conflict');
    const next = await guard.claim(request);
    assert.equal(next.type === 'first' && next.attempt, 2);
    assert.equal(await end(late, { type: 'completed', result: 'late' }), 'stale');
    assert.equal(await end(next, { type: 'completed', result: 'right' }), 'settled');
    const copy = await guard.claim(request);
    assert.equal(copy.type === 'duplicate' && copy.result, 'right');
  });

  it('takes a key past its retention as new, also with other contents and before it is cleaned up', async () => {
    const guard = await open();
    await end(await guard.claim(request), { type: 'completed', result: 1 });
    await store.run([{ sql: 'UPDATE crossdock_idempotency SET expires_at = 1' }]);
    const again = await guard.claim({ ...request, fingerprint: 'other' });
    assert.equal(again.type === 'first' && again.attempt, 1);
  });

  for (const [what, result] of [
    ['too large to keep', 'x'.repeat(70_000)],
    ['not JSON', { big: 1n }],
  ] as const) {
    it(`ends well with a result that is ${what}; the duplicate gets none`, async () => {
      const guard = await open();
      assert.equal(await end(await guard.claim(request), { type: 'completed', result }), 'settled');
      const copy = await guard.claim(request);
      assert.ok(copy.type === 'duplicate');
      assert.equal(copy.result, null);
    });
  }

  it('cleans up all that is past its retention, whichever guard it is of, and nothing else', async () => {
    const [orders, returns] = [await open(), await open({ scope: 'returns' })];
    await store.run([
      {
        sql: `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1700)
          INSERT INTO crossdock_idempotency (scope, key, fingerprint, state, owner, fence, lease_until, attempts,
            first_at, updated_at, expires_at)
          SELECT CASE WHEN i % 2 = 0 THEN 'orders' ELSE 'gone' END, 'k' || i, 'f', 'done', '', 1, 0, 1, 0, 0,
            CASE WHEN i <= 1600 THEN i ELSE {now} + 60000 END FROM n`,
      },
    ]);
    await orders.claim(request);
    const [one, two] = await Promise.all([orders.cleanUp(), returns.cleanUp()]);
    assert.equal(one + two, 1600);
    const [left] = await store.run([{ sql: 'SELECT count(*) AS n FROM crossdock_idempotency' }]);
    assert.equal(left?.rows[0]?.['n'], 101);
  });
});

describe('a scope’s time', () => {
  it('is what its outermost one leaves', async () => {
    const scopes = new ScopeRegistry();
    const handlers = { kind: 'test', store: undefined, statements: () => [], ended: () => undefined };
    const message: ScopedMessage = {};
    assert.equal(scopes.timeLeft(message), undefined);
    scopes.open(message, handlers, 3_600_000);
    scopes.open(message, handlers, 1000);
    const left = scopes.timeLeft(message) ?? 0;
    assert.ok(left > 1000 && left <= 3_600_000);
    await scopes.settle(message, { type: 'completed', result: null });
    assert.equal(scopes.timeLeft(message), undefined);
  });
});
