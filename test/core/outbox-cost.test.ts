/** What the outbox costs, in rows and statements: it must not grow with what waits. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { type Outbox, type OutboxOptions, type OutgoingEvent, openOutbox } from '../../core/delivery';
import * as schema from '../../core/delivery/outbox-schema';
import { openSqliteStore, type SqliteStoreHandle, type Statement, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';
import { confirmAll, outgoing, ScriptedChannel } from './outbox-support';

describe('outbox cost', () => {
  let folder: TempDir;
  let file: string;
  let store: SqliteStoreHandle;
  let channel: ScriptedChannel;
  const outboxes: Outbox[] = [];

  beforeEach(async () => {
    folder = tempDir();
    file = `${folder.path}/store.sqlite`;
    store = await openSqliteStore(file);
    channel = new ScriptedChannel();
  });
  afterEach(async () => {
    await Promise.all(outboxes.splice(0).map((outbox) => outbox.stop(0)));
    await store.close();
    folder.remove();
  });

  async function open(options: Partial<OutboxOptions> = {}): Promise<Outbox> {
    const outbox = await openOutbox({
      store,
      channelId: 'events',
      publisher: channel,
      backoff: { baseMs: 10, capMs: 20 },
      ...options,
    });
    outboxes.push(outbox);
    outbox.start();
    return outbox;
  }
  async function add(outbox: Outbox, ...events: OutgoingEvent[]): Promise<void> {
    await store.run(outbox.statements(events));
    outbox.wake(events.length);
  }

  it('reads heads of indexes, never the whole table', async () => {
    const outbox = await open();
    await outbox.stop(0);
    await store.close();
    const db = new DatabaseSync(file);
    const plan = (sql: string): string =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql.replaceAll('{now}', '1').replaceAll('{skip_locked}', '')}`)
        .all(...Array.from({ length: sql.split('?').length - 1 }, () => 1))
        .map((step) => String(step['detail']))
        .join('; ');
    const texts = Object.entries(schema).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' ? [[name, value]] : [],
    );
    texts.push(['sent', schema.sentStatements([1])[0]?.sql ?? '']);
    texts.push(['queue', schema.queueStatements([1])[0]?.sql ?? '']);
    texts.push(['wait', schema.waitStatements([{ seq: 1, inMs: 1, error: '' }])[0]?.sql ?? '']);
    texts.push(['refuse', schema.refuseStatements([{ seq: 1, error: '' }])[0]?.sql ?? '']);
    for (const [name, sql] of texts) {
      const steps = plan(sql);
      assert.ok(!/SCAN (crossdock_outbox\b|h\b|t\b)/.test(steps), `${name}: ${steps}`);
      assert.ok(!/TEMP B-TREE/.test(steps), `${name} sorts: ${steps}`);
    }
    const { TAKE, TAKE_DUE, TAKE_QUEUED, BEHIND } = schema;
    for (const sql of [TAKE, TAKE_DUE, TAKE_QUEUED, BEHIND]) {
      assert.match(plan(sql), /crossdock_outbox_(ready|waiting|blocked|taken)/, sql);
    }
    db.close();
    store = await openSqliteStore(file);
  });

  /** Counts statements, and the rows that they touch. */
  function counted(): { store: Store; statements: number; rows: number } {
    const count = { store: store as Store, statements: 0, rows: 0 };
    count.store = new Proxy<Store>(store, {
      get(target, property) {
        if (property === 'run') {
          return async (statements: readonly Statement[]) => {
            const results = await target.run(statements);
            count.statements += statements.length;
            for (const { changes } of results) count.rows += changes;
            return results;
          };
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return count;
  }
  /** How many are in a state; from an index, since this is asked again and again. */
  async function inState(state: 'waiting' | 'queued'): Promise<number> {
    const index = state === 'waiting' ? 'crossdock_outbox_waiting' : 'crossdock_outbox_blocked';
    const blocked = `partition_key IS NOT NULL AND state IN ('waiting', 'queued') AND`;
    const [result] = await store.run([
      {
        sql: `SELECT count(*) AS n FROM crossdock_outbox INDEXED BY ${index}
          WHERE channel = 'events' AND ${state === 'queued' ? blocked : ''} state = '${state}'`,
      },
    ]);
    return Number(result?.rows[0]?.['n']);
  }
  const many = (n: number, key: string | undefined): OutgoingEvent[] =>
    Array.from({ length: n }, (_, at) => outgoing(`e${at}`, 'x', { partitionKey: key }));
  const free = Array.from({ length: 100 }, (_, n) => outgoing(`free ${n}`, `f${n}`));
  const freed = (): Promise<boolean> =>
    waitFor(() => channel.published.filter(({ event }) => event.id.startsWith('free')).length === 100);

  it('moves 10,000 events behind a blocked key once, and does not look at them again', async () => {
    const count = counted();
    channel.answer = (it) => (it.event.id === 'e0' ? it.fail('CHANNEL_UNROUTABLE') : it.confirm());
    const outbox = await open({ store: count.store });
    await add(outbox, ...many(10_000, 'one'));
    await waitFor(async () => (await inState('queued')) === 9999, { what: 'the key to be parked' });
    // Taken, found to be blocked, queued: no row is touched more often than that.
    assert.ok(count.rows < 35_000, `${count.rows} rows were touched`);
    const before = count.rows;
    await add(outbox, ...free);
    await freed();
    const tries = channel.ids.filter((id) => id === 'e0').length;
    assert.ok(tries > 1);
    assert.ok(count.rows - before < 100 * 10 + tries * 30, `${count.rows - before} rows`);
  });

  it('leaves 50,000 events that wait for their time alone', async () => {
    await open();
    await outboxes.pop()?.stop(0);
    await store.run([
      {
        sql: `INSERT INTO crossdock_outbox
            (channel, event_id, partition_key, priority, event, retain, state, attempts, next_at, created_at)
          WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)
          SELECT 'events', 'e' || n, 'k' || n, 5, '{}', 0, 'waiting', 1, {now} + 86400000, {now} FROM numbers`,
      },
    ]);
    const count = counted();
    channel.answer = confirmAll;
    const outbox = await open({ store: count.store });
    assert.equal(outbox.depth, 50_000);
    await add(outbox, ...free);
    await waitFor(() => outbox.depth === 50_000, { what: 'what is new to be sent' });
    assert.equal(channel.ids.length, 100);
    assert.ok(count.rows < 1000, `${count.rows} rows were touched`);
    assert.ok(count.statements < 100, `${count.statements} statements`);
  });

  it('touches an event that fails twice a try, and writes many failures with one statement', async () => {
    const count = counted();
    channel.answer = (it) =>
      it.fail(Number(it.event.id.slice(1)) % 2 === 0 ? 'CHANNEL_BUSY' : 'CHANNEL_FULL');
    const outbox = await open({ store: count.store, backoff: { baseMs: 1e9, capMs: 1e9 } });
    await add(outbox, ...many(5000, undefined));
    await waitFor(async () => (await inState('waiting')) === 5000, { what: 'all to wait' });
    assert.ok(count.rows < 11_000, `${count.rows} rows were touched`);
    assert.ok(count.statements < 500, `${count.statements} statements`);
    const [all] = await store.run([
      { sql: 'SELECT event_id, error, attempts, next_at FROM crossdock_outbox' },
    ]);
    const kept = all?.rows ?? [];
    for (const { event_id: id, error, attempts } of kept) {
      const odd = Number(String(id).slice(1)) % 2;
      assert.equal(JSON.parse(String(error)).code, odd === 0 ? 'CHANNEL_BUSY' : 'CHANNEL_FULL');
      assert.equal(attempts, 1);
    }
    const times = new Set(kept.map(({ next_at: at }) => at));
    assert.ok(times.size > 4900, 'each waits for a time of its own');
  });

  it('writes many confirmations with one statement', async () => {
    const count = counted();
    const outbox = await open({ store: count.store, window: 256 });
    await add(outbox, ...Array.from({ length: 256 }, (_, n) => outgoing(`e${n}`, `k${n}`)));
    await waitFor(() => channel.published.length === 256);
    const before = count.statements;
    for (const { confirm } of [...channel.published]) confirm();
    await waitFor(() => outbox.depth === 0, { what: 'an empty outbox' });
    assert.ok(count.statements - before < 20, `${count.statements - before} statements`);
  });
});
