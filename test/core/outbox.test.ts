import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Outbox, type OutboxOptions, type OutgoingEvent, openOutbox } from '../../core/delivery';
import { openSqliteStore, type Row, type SqliteStoreHandle, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';
import { calm, confirmAll, outgoing, type Published, ScriptedChannel } from './outbox-support';

/** How events get to the relay: taken from the store, or straight from the unit that adds them. */
type Way = 'from the store' | 'from memory';

for (const way of ['from the store', 'from memory'] as const) {
  describe(`outbox, events ${way}`, () => suite(way));
}

function suite(way: Way): void {
  let folder: TempDir;
  let file: string;
  let store: SqliteStoreHandle;
  let channel: ScriptedChannel;
  const outboxes: Outbox[] = [];
  const known = new WeakSet<Outbox>();

  beforeEach(async () => {
    folder = tempDir();
    file = join(folder.path, 'store.sqlite');
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
    if (way === 'from the store') {
      await store.run(outbox.statements(events));
      outbox.wake(events.length);
      return;
    }
    // Only at first: when something waits, events go by way of the store.
    if (!known.has(outbox)) await calm(outbox);
    known.add(outbox);
    await Promise.all(
      events.map(async (event) => {
        const { statements, committed } = outbox.add(event);
        committed?.(await store.run(statements));
      }),
    );
  }
  async function rows(): Promise<readonly Row[]> {
    const [result] = await store.run([{ sql: 'SELECT * FROM crossdock_outbox ORDER BY seq' }]);
    return result?.rows ?? [];
  }
  const states = async (): Promise<unknown[]> => (await rows()).map(({ state }) => state);
  const published = (n: number): Promise<Published> =>
    waitFor(() => channel.published[n - 1], { what: `publish ${n}` });
  const sent = (outbox: Outbox): Promise<boolean> =>
    waitFor(() => outbox.depth === 0, { what: 'an empty outbox' });

  it('publishes what was committed, with its address and retain, and drops the body once it is confirmed', async () => {
    channel.answer = confirmAll;
    const outbox = await open();
    await add(outbox, outgoing('a', 'SO-1', { address: 'other/place', retain: true }));
    await sent(outbox);
    const [only] = channel.published;
    assert.deepEqual(only?.event, JSON.parse(outgoing('a', 'SO-1').event));
    assert.equal(only?.options.address, 'other/place');
    assert.equal(only?.options.retain, true);
    const [row] = await rows();
    assert.equal(row?.['state'], 'sent');
    assert.equal(row?.['event'], null);
    assert.equal(row?.['event_id'], 'a');
  });

  it('marks nothing sent before the channel has confirmed it', async () => {
    const outbox = await open();
    await add(outbox, outgoing('a', 'A'), outgoing('b', 'B'));
    (await published(2)).confirm();
    await waitFor(async () => (await states()).includes('sent'));
    assert.deepEqual(await states(), ['taken', 'sent']);
    assert.equal(outbox.depth, 1);
    (await published(1)).confirm();
    await sent(outbox);
    assert.deepEqual(await states(), ['sent', 'sent']);
  });

  it('keeps the order within a key and does not wait across keys', async () => {
    const outbox = await open();
    await add(outbox, outgoing('a1', 'A'), outgoing('a2', 'A'), outgoing('b1', 'B'), outgoing('a3', 'A'));
    await published(2);
    assert.deepEqual(channel.ids, ['a1', 'b1']);
    (await published(1)).confirm();
    await published(3);
    assert.deepEqual(channel.ids, ['a1', 'b1', 'a2']);
    (await published(3)).confirm();
    await published(4);
    assert.deepEqual(channel.ids, ['a1', 'b1', 'a2', 'a3']);
  });

  it('keeps to the window, and lets the urgent lane go first', async () => {
    if (way === 'from memory') channel.become('reconnecting');
    const outbox = await open({ window: 4 });
    const events = Array.from({ length: 20 }, (_, n) => outgoing(`late ${n}`, `k${n}`, { priority: 9 }));
    await add(outbox, ...events, outgoing('order', 'k', { priority: 1 }));
    channel.become('connected');
    const first = await published(1);
    assert.equal(first.event.id, 'order');
    channel.answer = confirmAll;
    for (const { confirm } of [...channel.published]) confirm();
    await sent(outbox);
    assert.equal(channel.published.length, 21);
    assert.equal(channel.mostOpen, 4);
  });

  it('ignores a second event of the same id, also after it was sent', async () => {
    channel.answer = confirmAll;
    const outbox = await open();
    await add(outbox, outgoing('a', 'A'), outgoing('a', 'A'));
    await waitFor(async () => (await states())[0] === 'sent');
    await add(outbox, outgoing('a', 'A'), outgoing('b', 'B'));
    await waitFor(async () => (await states())[1] === 'sent');
    assert.deepEqual(channel.ids, ['a', 'b']);
    await sent(outbox);
  });

  it('keeps an unroutable event, holds its key, says so, and sends all of it once somebody is subscribed', async () => {
    let bound = false;
    channel.answer = (it) =>
      bound || it.event.subject !== 'A' ? it.confirm() : it.fail('CHANNEL_UNROUTABLE');
    const outbox = await open();
    await add(outbox, outgoing('a1', 'A'), outgoing('a2', 'A'), outgoing('b1', 'B'));
    await waitFor(async () => (await outbox.health()).unroutable === 1);
    await add(outbox, outgoing('a3', 'A'), outgoing('b2', 'B'));
    await waitFor(async () => (await states()).filter((state) => state === 'sent').length === 2);
    await waitFor(() => channel.ids.filter((id) => id === 'a1').length > 3, { what: 'further tries' });
    assert.ok(!channel.ids.includes('a2') && !channel.ids.includes('a3'));
    // While it is tried once more there is no problem.
    const health = await waitFor(async () => {
      const found = await outbox.health();
      return found.problem?.code === 'CHANNEL_UNROUTABLE' && found;
    });
    assert.equal(health.waiting, 3);
    assert.ok((health.oldestAgeMs ?? -1) >= 0);
    bound = true;
    await sent(outbox);
    assert.deepEqual(channel.ids.filter((id) => id.startsWith('a')).slice(-3), ['a1', 'a2', 'a3']);
    assert.equal(outbox.problem, undefined);
  });

  it('tries at once what waits when it is told to', async () => {
    let bound = false;
    channel.answer = (it) => (bound ? it.confirm() : it.fail('CHANNEL_UNROUTABLE'));
    const outbox = await open({ backoff: { baseMs: 3_600_000, capMs: 3_600_000 } });
    await add(outbox, outgoing('a', 'A'));
    await waitFor(async () => (await states())[0] === 'waiting');
    bound = true;
    await outbox.retry();
    await sent(outbox);
  });

  it('refuses what the channel will never take, keeps it with its error, and frees its key', async () => {
    channel.answer = (it) =>
      it.event.id === 'a1' && it.event['late'] === undefined
        ? it.fail('CHANNEL_REFUSED', 'permanent')
        : it.confirm();
    const outbox = await open();
    await add(outbox, outgoing('a1', 'A'), outgoing('a2', 'A'));
    await sent(outbox);
    assert.deepEqual(await states(), ['refused', 'sent']);
    const [row] = await rows();
    assert.equal(row?.['event'], outgoing('a1', 'A').event);
    assert.match(String(row?.['error']), /CHANNEL_REFUSED/);
    assert.equal(outbox.refused, 1);
    assert.equal(outbox.problem?.code, 'CHANNEL_REFUSED');
    // After the cause was mended the same id is taken again.
    const mended = { ...(JSON.parse(outgoing('a1', 'A').event) as object), late: 'yes' };
    await add(outbox, outgoing('a1', 'A', { event: JSON.stringify(mended) }));
    await waitFor(async () => (await states())[0] === 'sent');
    assert.equal((await outbox.health()).problem, undefined);
  });

  it('tries nothing while the channel is offline, and goes on as soon as it is connected', async () => {
    channel.answer = confirmAll;
    channel.become('reconnecting');
    const outbox = await open();
    await add(outbox, outgoing('a', 'A'), outgoing('b', 'B'));
    await waitFor(async () => (await states()).every((state) => state === 'taken'));
    assert.equal(channel.published.length, 0);
    assert.equal(outbox.problem?.code, 'CHANNEL_OFFLINE');
    assert.match(outbox.problem?.message ?? '', /Nothing answers/);
    channel.become('connected');
    await sent(outbox);
    assert.deepEqual(
      (await rows()).map(({ attempts }) => attempts),
      [0, 0],
    );
  });

  it('does not count a lost connection as a failed try', async () => {
    const outbox = await open();
    await add(outbox, outgoing('a', 'A'));
    const first = await published(1);
    channel.become('reconnecting');
    first.fail('CHANNEL_OFFLINE');
    channel.answer = confirmAll;
    channel.become('connected');
    await sent(outbox);
    assert.deepEqual(channel.ids, ['a', 'a']);
    assert.equal((await rows())[0]?.['attempts'], 0);
  });

  it('is full at its mark, and takes events all the same', async () => {
    const outbox = await open({ highWater: 2 });
    await add(outbox, outgoing('a', 'A'));
    assert.equal(outbox.full, false);
    await add(outbox, outgoing('b', 'B'));
    assert.equal(outbox.full, true);
    await add(outbox, outgoing('c', 'C'));
    channel.answer = confirmAll;
    for (const { confirm } of [...channel.published]) confirm();
    await sent(outbox);
    assert.equal(outbox.full, false);
  });

  it('forgets the ids of sent events after the retention, and nothing else', async () => {
    channel.answer = (it) => (it.event.id === 'bad' ? it.fail('CHANNEL_REFUSED', 'permanent') : it.confirm());
    const outbox = await open({ retentionMs: 3_600_000 });
    await add(outbox, ...['old', 'new', 'bad'].map((id) => outgoing(id, id)));
    await sent(outbox);
    await store.run([
      { sql: `UPDATE crossdock_outbox SET sent_at = sent_at - 3600001 WHERE event_id IN ('old', 'bad')` },
    ]);
    assert.equal(await outbox.cleanUp(), 1);
    assert.deepEqual(
      (await rows()).map((row) => row['event_id']),
      ['new', 'bad'],
    );
  });

  it('goes on where an earlier one stopped', async () => {
    const first = await open();
    await add(first, outgoing('a1', 'A'), outgoing('a2', 'A'), outgoing('b1', 'B'));
    await published(2);
    await first.stop(0);
    channel.answer = confirmAll;
    const second = await open();
    assert.equal(second.depth, 3);
    await sent(second);
    assert.deepEqual(channel.ids.slice(2).sort(), ['a1', 'a2', 'b1']);
    assert.ok(channel.ids.indexOf('a2') > channel.ids.lastIndexOf('a1'));
  });

  it('writes what is confirmed while it stops', async () => {
    const outbox = await open();
    await add(outbox, outgoing('a', 'A'));
    const only = await published(1);
    const stopped = outbox.stop(5000);
    only.confirm();
    await stopped;
    assert.deepEqual(await states(), ['sent']);
  });

  it('leaves no key behind whose first event is confirmed while it stops', async () => {
    const outbox = await open();
    await add(outbox, outgoing('a1', 'A'), outgoing('a2', 'A'), outgoing('a3', 'A'));
    (await published(1)).fail('CHANNEL_BUSY');
    const again = await published(2);
    await waitFor(async () => (await states()).join() === 'taken,queued,queued');
    const stopped = outbox.stop();
    again.confirm();
    await stopped;
    assert.deepEqual(await states(), ['sent', 'queued', 'queued']);
    channel.answer = confirmAll;
    await sent(await open());
    assert.deepEqual(channel.ids, ['a1', 'a1', 'a2', 'a3']);
  });

  it('survives a store that fails for a while', async () => {
    let failing = false;
    const faulty = new Proxy<Store>(store, {
      get(target, property) {
        if (property === 'run' && failing) return () => Promise.reject(new Error('the disk is full'));
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const outbox = await open({ store: faulty });
    await add(outbox, outgoing('a', 'A'), outgoing('a2', 'A'));
    const first = await published(1);
    failing = true;
    first.confirm();
    await waitFor(() => outbox.problem?.message.includes('disk is full'));
    channel.answer = confirmAll;
    (await published(2)).confirm();
    failing = false;
    await sent(outbox);
    assert.deepEqual(channel.ids, ['a', 'a2']);
    assert.deepEqual(await states(), ['sent', 'sent']);
  });

  describe('after a crash', () => {
    /** Runs the child until it ends. @returns what its channel got, in order */
    async function run(crashAt: string, ...args: string[]): Promise<string[]> {
      const got: string[] = [];
      const child = fork(join(__dirname, 'outbox-child.js'), [file, ...args], {
        env: { ...process.env, CROSSDOCK_CRASH_AT: crashAt },
      });
      child.on('message', (id) => got.push(String(id)));
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      assert.equal(signal, crashAt === '' ? null : 'SIGKILL');
      return got;
    }

    for (const place of [
      ...(way === 'from memory' ? ['outbox.beforeHandOver:2'] : []),
      'outbox.beforePublish:3',
      'outbox.afterPublishBeforeConfirm:2',
      'outbox.afterConfirmBeforeMark:2',
    ]) {
      it(`at ${place} the next process sends what was not marked, once, with the same ids`, async function () {
        this.timeout(20_000);
        await store.close();
        const first = await run(place, way);
        const then = await run('');
        assert.equal(then.pop(), 'all sent');
        const ids = ['e1', 'e2', 'e3', 'e4', 'e5'];
        assert.deepEqual([...new Set([...first, ...then])].sort(), ids);
        assert.deepEqual([...new Set(then)], then, 'sent more than once more');
        const ofKey = then.filter((id) => ['e1', 'e3', 'e5'].includes(id));
        assert.deepEqual(ofKey, [...ofKey].sort(), 'the key lost its order');
        assert.ok(then.includes('e5') && then.includes('e4'));
        store = await openSqliteStore(file);
        assert.deepEqual(await states(), ['sent', 'sent', 'sent', 'sent', 'sent']);
      });
    }
  });

  if (way === 'from memory') {
    describe('more than is held in memory', () => {
      const LONG = 'x'.repeat(10_000);
      const [EVENTS, KEYS] = [1000, 100];
      const counted = async (): Promise<Record<string, number>> => {
        const counts: Record<string, number> = {};
        for (const state of await states()) counts[String(state)] = (counts[String(state)] ?? 0) + 1;
        return counts;
      };
      const long = (n: number): OutgoingEvent => {
        const event = outgoing(`e${n}`, `key ${n % KEYS}`);
        return { ...event, event: JSON.stringify({ ...JSON.parse(event.event), note: LONG }) };
      };
      for (const together of [true, false]) {
        it(`goes back to the store, added ${together ? 'in one go' : 'one by one'}, and leaves in order`, async () => {
          const outbox = await open();
          await calm(outbox);
          known.add(outbox);
          channel.become('reconnecting');
          const events = Array.from({ length: EVENTS }, (_, n) => long(n));
          if (together) await add(outbox, ...events);
          else for (const event of events) await add(outbox, event);
          const counts = await waitFor(async () => {
            const now = await counted();
            return (now['ready'] ?? 0) > 0 && now;
          });
          assert.ok((counts['taken'] ?? 0) <= 800, `${counts['taken']} are held`);
          assert.equal((counts['taken'] ?? 0) + (counts['ready'] ?? 0), EVENTS);
          channel.answer = confirmAll;
          channel.become('connected');
          await sent(outbox);
          assert.equal(channel.ids.length, EVENTS);
          for (let key = 0; key < KEYS; key += 1) {
            const ids = channel.ids.filter((id) => Number(id.slice(1)) % KEYS === key);
            assert.deepEqual(
              ids,
              [...ids].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
            );
          }
        });
      }
    });
    return;
  }

  describe('in several processes on one store', () => {
    /** The same data as another process of a shared store sees it. */
    function process(instanceId: string): Store {
      return new Proxy<Store>(store, {
        get(target, property) {
          if (property === 'exclusive') return false;
          if (property === 'instanceId') return instanceId;
          const value: unknown = Reflect.get(target, property);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    }

    it('lets only one publish, and another one go on when it leaves', async () => {
      channel.answer = confirmAll;
      const other = new ScriptedChannel();
      other.answer = confirmAll;
      const one = await open({ store: process('one') });
      await add(one, outgoing('a', 'A'));
      await sent(one);
      const two = await open({ store: process('two'), publisher: other });
      await add(two, outgoing('b', 'B'), outgoing('c', 'C'));
      await waitFor(async () => (await states()).every((state) => state === 'sent'));
      assert.deepEqual([channel.ids, other.ids], [['a', 'b', 'c'], []]);
      await one.stop();
      await add(two, outgoing('d', 'D'));
      await waitFor(() => other.ids.includes('d'));
    });

    it('discards the late results of one that was replaced', async () => {
      const other = new ScriptedChannel();
      const one = await open({ store: process('one') });
      await add(one, outgoing('a1', 'A'), outgoing('a2', 'A'));
      const late = await published(1);
      // As if it had been stopped for minutes.
      await store.run([{ sql: 'UPDATE crossdock_outbox_relay SET lease_until = 0' }]);
      const two = await open({ store: process('two'), publisher: other });
      await waitFor(() => other.ids.length === 1);
      late.confirm();
      await waitFor(() => one.depth === 2 && channel.open === 0);
      assert.deepEqual(other.ids, ['a1']);
      other.answer = confirmAll;
      other.published[0]?.confirm();
      await waitFor(async () => (await states()).every((state) => state === 'sent'));
      assert.deepEqual(other.ids, ['a1', 'a2']);
      await two.stop();
    });
  });
}
