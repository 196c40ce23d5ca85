import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Outcome, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Place, SequenceGuard, type SequenceOptions, versionOf } from '../../core/sequence';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir } from '../support';

const refused = new CrossdockError('Odoo does not answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });

describe('versions', () => {
  /** Each list goes from the oldest to the newest. */
  const sorted = {
    number: [
      ['-100', '-12.5', -12, '-0.5', '-0', '0.05', '0.5', 1, '01.5', '2', 9, '0000000000000010', '10.01', 11],
      ['9007199254740993', '9007199254740994', '12345678901234567890123456789012345678'],
    ],
    time: [
      [
        '2026-11-01',
        '2026-11-02T09:30:00+02:00',
        '2026-11-02 09:30:00',
        '2026-11-02T09:30:00.000000001Z',
        '2026-11-02T09:30:00.5Z',
        '2026-11-02T09:31Z',
        '2026-11-02T08:32:00-01:00',
      ],
    ],
    text: [['A', 'B', 'a', 'a1', 'a10', 'a2', 'b', 'é', '日本']],
  } as const;
  for (const [kind, lists] of Object.entries(sorted)) {
    for (const list of lists) {
      it(`${kind}: ${list.join(' < ')}`, () => {
        const orders = list.map((value) => versionOf(kind as 'number', value).order);
        assert.deepEqual([...orders].sort(), orders);
        assert.equal(new Set(orders).size, orders.length);
        // A collation that knows languages must see the same order.
        assert.deepEqual(
          [...orders].sort((a, b) => a.localeCompare(b, 'en')),
          orders,
        );
        for (const order of orders) assert.match(order, /^[0-9a-z]+$/);
      });
    }
  }

  it('equal ones are equal however they are written', () => {
    for (const [kind, a, b] of [
      ['number', 7, '0007'],
      ['number', '1.50', '1.5'],
      ['number', '-0', 0],
      ['time', '2026-11-02T09:30:00Z', '2026-11-02T10:30:00.000+01:00'],
      ['time', '2026-11-02T09:30:00Z', new Date('2026-11-02T09:30:00Z')],
    ] as const) {
      assert.equal(versionOf(kind, a).order, versionOf(kind, b).order, `${a}`);
    }
  });

  it('of whole numbers, knows the one before', () => {
    for (const [version, before] of [
      ['10', '9'],
      ['1', '0'],
      ['0', '-1'],
      ['100000000000000000000', '99999999999999999999'],
    ]) {
      assert.equal(versionOf('number', version).before, versionOf('number', before).order);
    }
    assert.equal(versionOf('number', '1.5').before, undefined);
    assert.equal(versionOf('time', '2026-11-02').before, undefined);
  });

  for (const [kind, value, code] of [
    ['number', undefined, 'SEQUENCE_VERSION_MISSING'],
    ['number', '  ', 'SEQUENCE_VERSION_MISSING'],
    ['text', { v: 1 }, 'SEQUENCE_VERSION_MISSING'],
    ['number', 'v17', 'SEQUENCE_VERSION_INVALID'],
    ['number', 1e21, 'SEQUENCE_VERSION_INVALID'],
    ['number', Number.NaN, 'SEQUENCE_VERSION_INVALID'],
    ['time', '2026-02-30', 'SEQUENCE_VERSION_INVALID'],
    ['time', '02.11.2026', 'SEQUENCE_VERSION_INVALID'],
    ['time', new Date(Number.NaN), 'SEQUENCE_VERSION_INVALID'],
    ['text', 'x'.repeat(257), 'SEQUENCE_VERSION_INVALID'],
  ] as const) {
    it(`refuses ${String(value).slice(0, 20)} as ${kind}: ${code}`, () => {
      assert.throws(() => versionOf(kind, value), { code, kind: 'permanent' });
    });
  }
});

describe('sequence guard', () => {
  let folder: TempDir;
  let file: string;
  let store: SqliteStoreHandle;
  let scopes: ScopeRegistry;

  beforeEach(async () => {
    folder = tempDir();
    file = join(folder.path, 'store.sqlite');
    store = await openSqliteStore(file);
    scopes = new ScopeRegistry();
  });
  afterEach(async () => {
    await store.close();
    folder.remove();
  });

  const open = (more: Partial<SequenceOptions> = {}): Promise<SequenceGuard> =>
    SequenceGuard.open(store, { retentionMs: 86_400_000, waitMs: 5000, gaps: true, ...more });
  const take = (guard: SequenceGuard, version: number, holdMs = 0, key = 'k'): Promise<Place> =>
    guard.take({ scope: 's', key, version: versionOf('number', version), leaseMs: 60_000, holdMs });
  const done: Outcome = { type: 'completed', result: null };

  async function end(place: Place, outcome: Outcome = done): Promise<string> {
    assert.ok('scope' in place, `${place.type} has no scope`);
    const message: ScopedMessage = {};
    scopes.open(message, place.scope, 60_000);
    return scopes.settle(message, outcome);
  }
  /** The type of place that a version has; one that passes ends well. */
  async function passes(guard: SequenceGuard, version: number, holdMs = 0): Promise<string> {
    const place = await take(guard, version, holdMs);
    if ('scope' in place) assert.equal(await end(place), 'settled');
    return place.type;
  }

  it('tells in order, duplicate, stale and gap apart', async () => {
    const guard = await open();
    const seen: string[] = [];
    for (const version of [5, 6, 6, 4, 9, 7, 9, 10]) seen.push(await passes(guard, version));
    assert.deepEqual(seen, [
      'inOrder',
      'inOrder',
      'duplicate',
      'stale',
      'gap',
      'stale',
      'duplicate',
      'inOrder',
    ]);
  });

  it('knows no gaps where versions do not count by one', async () => {
    const guard = await open({ gaps: false });
    assert.deepEqual([await passes(guard, 1), await passes(guard, 100)], ['inOrder', 'inOrder']);
  });

  it('keeps keys and scopes apart', async () => {
    const guard = await open();
    await passes(guard, 5);
    await end(await take(guard, 1, 0, 'other'));
    const other = { scope: 'other', key: 'k', version: versionOf('number', 1), leaseMs: 60_000, holdMs: 0 };
    assert.equal((await guard.take(other)).type, 'inOrder');
  });

  for (const outcome of [
    { type: 'failed', error: refused },
    { type: 'parked', error: refused, id: 'letter' },
    { type: 'handedBack' },
  ] as const) {
    it(`a version that ended as ${outcome.type} is not the newest: its retry passes, and so does an older one`, async () => {
      const guard = await open();
      await passes(guard, 1);
      await end(await take(guard, 3), outcome);
      assert.equal(await passes(guard, 2), 'inOrder');
      assert.equal(await passes(guard, 3), 'inOrder');
    });
  }

  it('lets nobody overtake what is under way', async () => {
    const guard = await open();
    const first = await take(guard, 1);
    let ended = false;
    const waiting = Promise.all(
      [2, 1].map(async (version) => {
        const type = await passes(guard, version);
        assert.ok(ended);
        return type;
      }),
    );
    ended = (await end(first)) === 'settled';
    const [newer, copy] = await waiting;
    assert.equal(newer, 'inOrder');
    // By then either 1 or 2 is the newest.
    assert.match(copy ?? '', /^(duplicate|stale)$/);
  });

  it('gives up waiting for what is under way as transient', async () => {
    const guard = await open({ waitMs: 0 });
    await take(guard, 1);
    await assert.rejects(take(guard, 2), { code: 'SEQUENCE_IN_PROGRESS', kind: 'transient' });
  });

  it('lets exactly one of many of one version through', async () => {
    const guard = await open();
    const types = await Promise.all(Array.from({ length: 20 }, () => passes(guard, 1)));
    assert.deepEqual(types.sort(), [...Array(19).fill('duplicate'), 'inOrder']);
  });

  it('keeps the newest over a kill, gives the key of the killed process free, and fences its late end', async () => {
    const guard = await open();
    await passes(guard, 5);
    const late = await take(guard, 6);
    await store.close();
    store = await openSqliteStore(file);
    const next = await open();
    const again = await take(next, 6);
    assert.equal(again.type, 'inOrder');
    assert.ok('scope' in late);
    const statements = late.scope.statements(done);
    await assert.rejects(store.run(statements), { name: 'StatementExpectationError' });
    await end(again);
    assert.equal(await passes(next, 6), 'duplicate');
    assert.equal(await passes(next, 4), 'stale');
  });

  describe('holding a gap', () => {
    const HOLD = 60_000;
    const later = (ms: number): Promise<unknown> =>
      store.run([{ sql: 'UPDATE crossdock_sequence SET gap_since = gap_since - ?', params: [ms] }]);

    it('holds what came too early until the missing one has passed', async () => {
      const guard = await open();
      await passes(guard, 1);
      const held = await take(guard, 3, HOLD);
      assert.equal(held.type, 'held');
      assert.ok(held.type === 'held' && held.retryAfterMs > 0 && held.retryAfterMs <= 1000);
      assert.equal(await passes(guard, 2, HOLD), 'inOrder');
      assert.equal(await passes(guard, 3, HOLD), 'inOrder');
    });

    it('lets it pass as a gap when the time is over, the lowest first', async () => {
      const guard = await open();
      await passes(guard, 1);
      assert.equal(await passes(guard, 7, HOLD), 'held');
      assert.equal(await passes(guard, 5, HOLD), 'held');
      await later(HOLD);
      assert.equal(await passes(guard, 7, HOLD), 'held', '5 goes first');
      assert.equal(await passes(guard, 5, HOLD), 'gap');
      assert.equal(await passes(guard, 7, HOLD), 'held', 'another gap, another time');
      assert.equal(await passes(guard, 6, HOLD), 'inOrder');
      assert.equal(await passes(guard, 7, HOLD), 'inOrder');
    });

    it('gives the next gap a time of its own', async () => {
      const guard = await open();
      await passes(guard, 1);
      await take(guard, 3, HOLD);
      await later(2 * HOLD);
      assert.equal(await passes(guard, 2, HOLD), 'inOrder');
      assert.equal(await passes(guard, 3, HOLD), 'inOrder');
      assert.equal(await passes(guard, 5, HOLD), 'held');
    });

    it('does not wait for a lower one that never comes back', async () => {
      const guard = await open();
      await passes(guard, 1);
      await take(guard, 5, HOLD);
      await take(guard, 7, HOLD);
      await later(2 * HOLD);
      assert.equal(await passes(guard, 7, HOLD), 'gap');
      assert.equal(await passes(guard, 5, HOLD), 'stale');
    });

    it('remembers over a restart since when it holds', async () => {
      await passes(await open(), 1);
      await take(await open(), 3, HOLD);
      await later(HOLD);
      await store.close();
      store = await openSqliteStore(file);
      assert.equal(await passes(await open(), 3, HOLD), 'gap');
    });
  });

  it('forgets a key after its retention, also before it is cleaned up', async () => {
    const guard = await open();
    await passes(guard, 5);
    await end(await take(guard, 5, 0, 'other'));
    await store.run([{ sql: 'UPDATE crossdock_sequence SET expires_at = 1' }]);
    assert.equal(await passes(guard, 3), 'inOrder');
    assert.equal(await guard.cleanUp(), 1);
  });
});
