import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type ChannelState,
  type CloudEvent,
  decodeStructured,
  type LocalChannel,
  makeEvent,
  openLocalChannel,
} from '../../core/channel';
import { Inbox } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import {
  openSqliteStore,
  type Row,
  type SqliteStoreHandle,
  type Statement,
  type Store,
} from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

/** Another process' view of the same store, since SQLite lets only one process in: same data, not exclusive. */
function sharedView(store: Store): Store {
  return new Proxy(store, {
    get(target, property) {
      if (property === 'exclusive') return false;
      // Locks are PostgreSQL's; SQLite has one writer.
      if (property === 'run') {
        return (statements: readonly Statement[]) =>
          target.run(statements.filter(({ sql }) => !sql.includes('pg_advisory')));
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A store whose writes fail with this error while it is set. */
function failing(store: Store): { store: Store; fail(error: Error | undefined): void } {
  let fault: Error | undefined;
  const view = new Proxy(store, {
    get(target, property) {
      if (property === 'run') {
        return (statements: readonly Statement[]) =>
          fault !== undefined && statements.some(({ sql }) => !sql.startsWith('SELECT'))
            ? Promise.reject(fault)
            : target.run(statements);
      }
      const value: unknown = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    store: view,
    fail: (error) => {
      fault = error;
    },
  };
}

function order(n: number, more: Partial<CloudEvent> = {}): CloudEvent {
  return {
    ...makeEvent({
      type: 'com.crossdock.distribution.order.placed.v1',
      source: '/systems/shop',
      subject: `SO-${n}`,
      time: '2026-11-23T08:15:00.000Z',
      sequence: n,
      extensions: { site: 'main' },
      data: { n, name: 'Größe M ✓' },
    }),
    ...more,
  };
}

function fails(code: string, kind: string, sentence?: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CrossdockError, String(error));
    assert.equal(`${error.code} ${error.kind}`, `${code} ${kind}`, error.message);
    if (sentence !== undefined) assert.match(error.message, sentence);
    return true;
  };
}

describe('local channel', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle;
  const channels: LocalChannel[] = [];

  beforeEach(async () => {
    folder = tempDir();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
  });
  afterEach(async () => {
    for (const channel of channels.splice(0)) await channel.close();
    await store.close();
    folder.remove();
  });

  async function open(more: { store?: Store; channelId?: string; highWater?: number } = {}) {
    const channel = await openLocalChannel({ store, channelId: 'c1', ...more });
    channels.push(channel);
    return channel;
  }
  async function rows(source: string): Promise<readonly Row[]> {
    const [found] = await store.run([
      { sql: 'SELECT * FROM crossdock_inbox WHERE source = ? ORDER BY seq', params: [source] },
    ]);
    return found?.rows ?? [];
  }

  it('puts an event into the inbox of every subscription whose filter takes its address, and of no other', async () => {
    const channel = await open();
    const all = await channel.declare({ name: 'all', filter: '#' });
    const orders = await channel.declare({ name: 'orders', filter: 'distribution/order/+/main/#' });
    const stock = await channel.declare({ name: 'stock', filter: 'distribution/inventory/#' });
    const woken: string[] = [];
    channel.onPublished((source) => woken.push(source));
    await channel.publish(order(1));
    assert.deepEqual(woken.sort(), [all, orders]);
    assert.deepEqual([all, orders, stock], ['local:c1:all', 'local:c1:orders', 'local:c1:stock']);
    assert.equal((await rows(stock)).length, 0);
    for (const source of [all, orders]) {
      const [row] = await rows(source);
      assert.equal(row?.['id'], `/systems/shop ${order(1).id}`);
      assert.equal(row['partition_key'], 'SO-1');
      assert.equal(row['priority'], 5);
      assert.equal(row['expires_at'], null);
      assert.deepEqual(JSON.parse(String(row['headers'])), {
        format: 'cloudevents',
        address: 'distribution/order/placed/main/SO-1',
      });
      assert.deepEqual(decodeStructured(row['body'] as Uint8Array), order(1));
    }
  });

  it('is what an inbox of that source delivers: published, committed, leased', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'orders', filter: 'distribution/order/#' });
    for (const n of [1, 2, 3]) await channel.publish(order(n));
    const inbox = await Inbox.open(store, { source, concurrency: 10, maxAttempts: 3, holdMs: 60_000 });
    const got: unknown[] = [];
    inbox.start((delivery) => {
      got.push(decodeStructured(delivery.body).subject);
      return async () => undefined;
    });
    await waitFor(() => got.length === 3);
    assert.deepEqual(got, ['SO-1', 'SO-2', 'SO-3']);
    await inbox.stop(0);
  });

  it('commits with its cause or not at all, and tells nobody before that', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'orders', filter: '#' });
    const woken: string[] = [];
    channel.onPublished((found) => woken.push(found));
    const lost: Statement = { sql: 'DELETE FROM crossdock_inbox WHERE seq = -1', expect: 1 };
    const event = order(1);
    await assert.rejects(store.run([...channel.statements(event), lost]));
    assert.equal((await rows(source)).length, 0);
    await store.run(channel.statements(event));
    assert.deepEqual(woken, []);
    channel.published([event, event]);
    assert.deepEqual(woken, [source]);
  });

  it('takes an event once, however often it is published, and another source with the same id too', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'orders', filter: '#' });
    await channel.publish(order(1));
    await channel.publish(order(1));
    await channel.publish(order(1, { source: '/systems/other' }));
    assert.equal((await rows(source)).length, 2);
  });

  it('takes key, priority and expiry from the event', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'all', filter: '#' });
    const { subject: _subject, ...noSubject } = order(1, { id: 'a' });
    const soon = new Date(Date.now() + 60_000).toISOString();
    const cases: [CloudEvent, Record<string, unknown>][] = [
      [noSubject as CloudEvent, { partition_key: null, priority: 5, expires: false }],
      [order(2, { partitionkey: 'K' }), { partition_key: 'K', priority: 5, expires: false }],
      [order(3, { priority: 1 }), { partition_key: 'SO-3', priority: 1, expires: false }],
      [order(4, { priority: '9' }), { partition_key: 'SO-4', priority: 9, expires: false }],
      [order(5, { priority: 10 }), { partition_key: 'SO-5', priority: 5, expires: false }],
      [order(6, { priority: 'high' }), { partition_key: 'SO-6', priority: 5, expires: false }],
      [order(7, { expirytime: soon }), { partition_key: 'SO-7', priority: 5, expires: true }],
      [order(8, { expirytime: 'soon' }), { partition_key: 'SO-8', priority: 5, expires: false }],
    ];
    for (const [event] of cases) await channel.publish(event);
    assert.deepEqual(
      (await rows(source)).map((row) => ({
        partition_key: row['partition_key'],
        priority: row['priority'],
        expires: Number(row['expires_at']) > Number(row['received_at']),
      })),
      cases.map(([, wanted]) => wanted),
    );
  });

  it('goes to another address when told so, and wakes those who listen there', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'archive', filter: 'archive/#' });
    const woken: string[] = [];
    channel.onPublished((found) => woken.push(found));
    const event = order(1);
    assert.equal(channel.routable(event), false);
    assert.equal(channel.routable(event, 'archive/2026'), true);
    await channel.publish(event, { address: 'archive/2026' });
    await store.run(channel.statements(order(2), { address: 'archive/2026' }));
    channel.published([event]);
    assert.equal((await rows(source)).length, 2);
    assert.deepEqual(woken, [source, source]);
    await assert.rejects(channel.publish(event, { address: 'a/+' }), fails('CHANNEL_REFUSED', 'permanent'));
  });

  it('says that nobody is subscribed, and keeps nothing of the event', async () => {
    const channel = await open();
    await channel.declare({ name: 'stock', filter: 'distribution/inventory/#' });
    await assert.rejects(
      channel.publish(order(1)),
      fails('CHANNEL_UNROUTABLE', 'transient', /Nobody is subscribed to distribution\/order\/placed/),
    );
    assert.throws(() => channel.statements(order(1)), fails('CHANNEL_UNROUTABLE', 'transient'));
    assert.equal(channel.state.status, 'connected');
    await channel.declare({ name: 'orders', filter: 'distribution/order/#' });
    await channel.publish(order(1));
  });

  it('refuses what is not an event before anything is committed', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'all', filter: '#' });
    const { id: _id, ...noId } = order(1);
    await assert.rejects(channel.publish(noId as CloudEvent), fails('EVENT_INVALID', 'permanent', /id/));
    const { type: _type, ...noType } = order(1);
    await assert.rejects(channel.publish(noType as CloudEvent), fails('EVENT_INVALID', 'permanent', /type/));
    assert.equal((await rows(source)).length, 0);
  });

  it('keeps subscriptions and what waits for them over a restart; a changed filter replaces the old one', async () => {
    const before = await open();
    const source = await before.declare({ name: 'orders', filter: 'distribution/order/#' });
    await before.publish(order(1));
    await before.close();
    const channel = await open();
    await channel.publish(order(2));
    assert.equal((await rows(source)).length, 2);
    assert.equal(await channel.declare({ name: 'orders', filter: 'distribution/+/cancelled/#' }), source);
    assert.equal(channel.routable(order(3)), false);
    assert.equal((await rows(source)).length, 2, 'what waits stays');
  });

  it('parts the channels of one store', async () => {
    const [one, other] = [await open(), await open({ channelId: 'c2' })];
    const mine = await one.declare({ name: 'all', filter: '#' });
    const theirs = await other.declare({ name: 'all', filter: '#' });
    await one.publish(order(1));
    assert.deepEqual([(await rows(mine)).length, (await rows(theirs)).length], [1, 0]);
  });

  it('removes a subscription with what waits for it, and nothing of its neighbours', async () => {
    const channel = await open();
    const orders = await channel.declare({ name: 'orders', filter: '#' });
    const all = await channel.declare({ name: 'all', filter: '#' });
    const many = Array.from({ length: 1200 }, (_, n) => order(n));
    await store.run(many.flatMap((event) => channel.statements(event)));
    await channel.remove('orders');
    assert.deepEqual([(await rows(orders)).length, (await rows(all)).length], [0, 1200]);
    await channel.publish(order(5000));
    assert.deepEqual([(await rows(orders)).length, (await rows(all)).length], [0, 1201]);
    await channel.remove('orders');
  });

  it('goes on with a removal that a crash interrupted', async () => {
    const before = await open();
    const source = await before.declare({ name: 'orders', filter: '#' });
    await before.publish(order(1));
    // What a crash leaves behind between the first and the last unit of a removal.
    await store.run([{ sql: "UPDATE crossdock_local_subscription SET filter = ''" }]);
    await before.close();
    const channel = await open();
    assert.equal(channel.routable(order(2)), false);
    assert.equal((await rows(source)).length, 0);
    const [left] = await store.run([{ sql: 'SELECT * FROM crossdock_local_subscription' }]);
    assert.equal(left?.rows.length, 0);
  });

  it('sees at once, when it finds nobody, that another process has subscribed', async () => {
    const [here, there] = [await open(), await open()];
    const source = await there.declare({ name: 'orders', filter: 'distribution/order/#' });
    await here.publish(order(1));
    assert.equal((await rows(source)).length, 1);
  });

  it('on a shared store sees by itself what other processes subscribe to and remove', async () => {
    const shared = sharedView(store);
    const here = await open({ store: shared });
    const there = await open({ store: shared });
    await here.declare({ name: 'all', filter: '#' });
    const orders = await there.declare({ name: 'orders', filter: 'distribution/order/#' });
    const sources = (): number =>
      here.statements(order(1)).filter(({ sql }) => sql.includes('INSERT')).length;
    await waitFor(() => sources() === 2, { what: 'the other subscription' });
    const late = here.statements(order(2));
    await there.remove('orders');
    await shared.run(late);
    assert.equal((await rows(orders)).length, 1, 'a publish that overlapped with the removal');
    await waitFor(() => sources() === 1, { what: 'the removal' });
    await waitFor(async () => (await rows(orders)).length === 0, { what: 'the orphan to be deleted' });
  });

  it('on a shared store locks the key before it looks whether an older message of it waits', async () => {
    const channel = await open({ store: sharedView(store) });
    await channel.declare({ name: 'a', filter: '#' });
    await channel.declare({ name: 'b', filter: '#' });
    const [first, second, ...accepts] = channel.statements(order(1));
    assert.deepEqual(
      [first, second].map((statement) => statement?.params),
      [['local:c1:a SO-1'], ['local:c1:b SO-1']],
    );
    assert.equal(accepts.length, 2);
  });

  it('pushes back when too much waits at a subscription, until some of it is settled', async () => {
    const channel = await open({ highWater: 50 });
    const source = await channel.declare({ name: 'orders', filter: '#' });
    let taken = 0;
    const busy = await waitFor(
      async () => {
        try {
          await channel.publish(order(taken));
          taken += 1;
          return undefined;
        } catch (error) {
          return error;
        }
      },
      { what: 'the push-back', intervalMs: 1 },
    );
    fails('CHANNEL_BUSY', 'transient', /50 or more messages wait/)(busy);
    assert.ok(taken >= 50, `${taken} were taken before`);
    assert.equal((await rows(source)).length, taken);
    assert.equal(channel.state.status, 'connected');
    await store.run([
      { sql: "UPDATE crossdock_inbox SET state = 'done', settled_at = 1 WHERE source = ?", params: [source] },
    ]);
    await waitFor(() => channel.publish(order(9999)).then(() => true), { what: 'room again' });
  });

  it('counts what waits by indexes, whatever is settled', async () => {
    const statements: Statement[] = [];
    const spy = new Proxy(store, {
      get(target, property) {
        if (property === 'run') {
          return (unit: readonly Statement[]) => {
            statements.push(...unit);
            return target.run(unit);
          };
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const channel = await open({ store: spy });
    await channel.declare({ name: 'orders', filter: '#' });
    await channel.publish(order(1));
    const count = statements.find(({ sql }) => sql.includes('AS depth'));
    assert.ok(count !== undefined);
    await channel.close();
    await store.close();
    const file = new DatabaseSync(join(folder.path, 'store.sqlite'));
    const plan = file.prepare(`EXPLAIN QUERY PLAN ${count.sql}`).all(...(count.params ?? []));
    file.close();
    const steps = plan.map((row) => String(row['detail'])).join('; ');
    assert.match(steps, /crossdock_inbox_partition/);
    assert.match(steps, /crossdock_inbox_ready/);
    assert.ok(!/SCAN crossdock_inbox|autoindex/.test(steps), steps);
  });

  it('shows the trouble of its store, publishes with the errors of every channel, and comes back by itself', async () => {
    const flaky = failing(store);
    const channel = await open({ store: flaky.store });
    await channel.declare({ name: 'orders', filter: '#' });
    const states: ChannelState[] = [];
    channel.onState((state) => states.push(state));
    flaky.fail(new CrossdockError('The disk is full.', { code: 'STORE_FULL', kind: 'transient' }));
    await assert.rejects(
      channel.publish(order(1)),
      fails('CHANNEL_OFFLINE', 'transient', /The disk is full/),
    );
    await assert.rejects(channel.publish(order(1)), fails('CHANNEL_OFFLINE', 'transient'));
    assert.deepEqual(channel.state, {
      status: 'reconnecting',
      reason: { code: 'STORE_FULL', message: 'The disk is full.' },
    });
    flaky.fail(undefined);
    await waitFor(() => channel.state.status === 'connected');
    assert.deepEqual(
      states.map(({ status }) => status),
      ['reconnecting', 'connected'],
    );
    flaky.fail(new CrossdockError('Too many.', { code: 'STORE_OVERLOADED', kind: 'transient' }));
    await assert.rejects(channel.publish(order(1)), fails('CHANNEL_BUSY', 'transient'));
    flaky.fail(undefined);
    await channel.publish(order(1));
  });

  it('gives up within the time that the publisher has, though the store hangs', async () => {
    const hanging = new Proxy(store, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property);
        if (property === 'run') {
          return (unit: readonly Statement[]) =>
            unit.some(({ sql }) => sql.startsWith('INSERT INTO crossdock_inbox'))
              ? new Promise(() => undefined)
              : target.run(unit);
        }
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const channel = await openLocalChannel({ store: hanging, channelId: 'c1' });
    await channel.declare({ name: 'orders', filter: '#' });
    await assert.rejects(
      channel.publish(order(1), { timeoutMs: 20 }),
      fails('CHANNEL_TIMEOUT', 'transient', /same id/),
    );
  });

  it('lets what is being published finish when it closes, refuses what comes later, and leaves the store open', async () => {
    const channel = await open();
    const source = await channel.declare({ name: 'orders', filter: '#' });
    const last = channel.publish(order(1));
    await channel.close();
    await last;
    await channel.close();
    assert.equal(channel.state.status, 'closed');
    await assert.rejects(channel.publish(order(2)), fails('CHANNEL_OFFLINE', 'transient', /closed/));
    assert.throws(() => channel.statements(order(2)), fails('CHANNEL_OFFLINE', 'transient'));
    assert.equal((await rows(source)).length, 1);
  });

  for (const filter of ['', 'a//b', 'a/#/b', 'a+/b']) {
    it(`refuses the filter ${JSON.stringify(filter)}`, async () => {
      const channel = await open();
      await assert.rejects(channel.declare({ name: 'n', filter }), fails('CONFIG_INVALID', 'permanent'));
    });
  }

  it('refuses a channel id and a name that cannot be', async () => {
    await assert.rejects(open({ channelId: 'a:b' }), fails('CONFIG_INVALID', 'permanent'));
    const channel = await open();
    await assert.rejects(channel.declare({ name: '', filter: '#' }), fails('CONFIG_INVALID', 'permanent'));
  });
});
