import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { InventoryLevel, ObservedInventoryLevel } from '../../core/canonical';
import type { CloudEvent, Publisher, PublishOptions } from '../../core/channel';
import { writtenEvent } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { type ChannelPolicy, type InventoryPublisher, openInventoryPublisher } from '../../core/inventory';
import { openSqliteStore, type Statement, type Store } from '../../core/store';
import { createRng, type Rng } from '../../sandbox/storefront/rng';
import { type TempDir, tempDir, waitFor } from '../support';

/** 2026-11-27T08:00:00Z */
const START = Date.UTC(2026, 10, 27, 8);
/** Where keys begin to count. */
const NOW = START + 3_600_000;

function level(sku: string, available: string, at: number, site = 'main'): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(START + at).toISOString(),
    unit: 'C62',
    onHand: available,
    reserved: '0',
    available,
    authority: 'odoo:main',
  };
}

const offline = new CrossdockError('No connection.', { code: 'CHANNEL_OFFLINE', kind: 'transient' });

/** A channel that takes written events, as MQTT does, and checks what every subscriber relies on. */
class StrictChannel implements Publisher {
  readonly kind = 'mqtt';
  /** `sku quantity n`, in the order in which they were sent; n being its place in what the key has counted. */
  readonly said: string[] = [];
  readonly shows = new Map<string, { quantity: string; sequence: number }>();
  readonly faults: string[] = [];
  readonly #flying = new Set<string>();
  readonly #texts = new Map<string, string>();
  behave: (key: string) => Promise<void> | void = () => undefined;

  async publish(event: CloudEvent, { written }: PublishOptions = {}): Promise<void> {
    assert.ok(written !== undefined);
    const whole = writtenEvent(written) as CloudEvent<InventoryLevel>;
    const { sequence = 0, published: quantity = '' } = whole.data ?? {};
    const key = `${event.site}/${event.subject}`;
    if (this.#flying.has(key)) this.faults.push(`${key} is under way twice`);
    const before = this.shows.get(key);
    if (before !== undefined && sequence < before.sequence)
      this.faults.push(`${key}: ${sequence} after ${before.sequence}`);
    // What is repeated is the same event: same id, same bytes.
    const text = this.#texts.get(event.id) ?? written.text;
    if (text !== written.text)
      this.faults.push(`${key}: another event ${sequence}, ${text} and ${written.text}`);
    this.#texts.set(event.id, text);
    this.#flying.add(key);
    this.shows.set(key, { quantity, sequence });
    this.said.push(`${event.subject} ${quantity} ${sequence - NOW + 1}`);
    try {
      await new Promise((turn) => setImmediate(turn));
      await this.behave(key);
    } finally {
      this.#flying.delete(key);
    }
  }
}

describe('inventory: from the reading to the sender', () => {
  let dir: TempDir;
  let store: Store;
  let channel: StrictChannel;
  const open = (
    on: Store = store,
    policy: ChannelPolicy = {},
    concurrency = 256,
  ): Promise<InventoryPublisher> =>
    openInventoryPublisher({
      store: on,
      channel,
      channelId: 'shop',
      source: '/odoo',
      policy,
      concurrency,
      now: () => NOW,
    });
  beforeEach(async () => {
    dir = tempDir();
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    channel = new StrictChannel();
  });
  afterEach(async () => {
    await store.close();
    dir.remove();
    assert.deepEqual(channel.faults, []);
  });

  /** The store as another process would have it that shares it with others; or broken, where a statement has this text. */
  const seenAs = (more: Partial<Store>, brokenAt?: string): Store => ({
    dialect: store.dialect,
    exclusive: store.exclusive,
    instanceId: store.instanceId,
    migrate: (migration) => store.migrate(migration),
    health: () => store.health(),
    close: () => store.close(),
    run: (statements: readonly Statement[]) =>
      brokenAt !== undefined && statements.some(({ sql }) => sql.includes(brokenAt))
        ? Promise.reject(new CrossdockError('The disk is full.', { code: 'STORE_FULL', kind: 'transient' }))
        : store.run(statements),
    ...more,
  });

  it('a quantity that waits behind its own publishing is not told after one that overtook it', async () => {
    const publisher = await open();
    await publisher.publish([level('A', '5', 0), level('B', '1', 0)]);
    await publisher.accept([level('A', '6', 1)]);
    let release = (): void => undefined;
    channel.behave = (key) =>
      key === 'main/A'
        ? new Promise((resolve) => {
            release = resolve;
          })
        : undefined;
    const flushing = publisher.flush();
    await waitFor(() => channel.said.includes('A 6 2'));
    await publisher.accept([level('A', '7', 2)]);
    await publisher.accept([level('A', '0', 3)]);
    channel.behave = () => undefined;
    release();
    await flushing;
    await publisher.drain();
    assert.deepEqual(channel.said.slice(2), ['A 6 2', 'A 0 4']);
  });

  for (const remembered of [true, false]) {
    it(`what was sold out and is back before the channel knew goes behind what it must know at once (${remembered ? 'in memory' : 'in the store'})`, async () => {
      const policy = {};
      let publisher = await open(store, policy, 1);
      await publisher.publish(['A', 'B', 'C', 'D'].map((sku) => level(sku, sku === 'D' ? '0' : '5', 0)));
      for (const [at, a, b] of [
        [1, '0', '4'],
        [2, '7', '0'],
      ] as const)
        await publisher.accept([
          level('A', a, at),
          level('B', b, at),
          level('C', String(5 + at), at),
          level('D', String(at), at),
        ]);
      if (!remembered) {
        await publisher.close();
        publisher = await open(seenAs({}), policy, 1);
      }
      await publisher.drain();
      assert.deepEqual(
        channel.said
          .slice(4)
          .map((said) => said.slice(0, 3))
          .sort(),
        ['A 7', 'B 0', 'C 7', 'D 2'],
      );
      assert.deepEqual(
        channel.said
          .slice(4, 6)
          .map((said) => said.slice(0, 1))
          .sort(),
        ['B', 'D'],
      );
    });
  }

  it('what comes while a pass runs leaves with it, without being read from the store', async () => {
    const reads: string[] = [];
    const watched = seenAs({
      run: (statements) => {
        for (const { sql } of statements) if (/^SELECT[\s\S]*pending = 1/.test(sql)) reads.push(sql);
        return store.run(statements);
      },
    });
    const publisher = await open(watched);
    await publisher.publish(Array.from({ length: 3000 }, (_, n) => level(`S${n}`, '5', 0)));
    reads.length = 0;
    const { published, pending } = await publisher.publish(
      Array.from({ length: 3000 }, (_, n) => level(`S${n}`, '6', 1)),
    );
    assert.deepEqual([published, pending], [3000, 0]);
    // The counts of what is pending, and a look for what an end of the pass may have left.
    assert.ok(reads.filter((sql) => !sql.includes('count(*)')).length <= 2, reads.join('\n'));
  });

  it('more than fits into memory between two passes is read from the store', async () => {
    const publisher = await open();
    await publisher.publish([level('FIRST', '1', 0)]);
    for (const at of [1, 2]) {
      const levels = Array.from({ length: 9000 }, (_, n) => level(`S${n}`, String(n % 7), at));
      assert.equal((await publisher.accept(levels)).changed, at === 1 ? 9000 : 0);
    }
    await publisher.accept([level('S8999', '70', 3), level('LATE', '1', 3)]);
    const { published, pending } = await publisher.drain();
    assert.deepEqual([pending, channel.said.length - 1], [0, 9001]);
    assert.ok(published > 0);
    assert.equal(channel.shows.get('main/S8999')?.quantity, '70');
  });

  it('a store that fails when it takes readings takes none, and the next attempt has them all', async () => {
    const publisher = await open(seenAs({}, 'INSERT INTO crossdock_inventory_level'));
    await assert.rejects(publisher.publish([level('A', '5', 0)]), /disk is full/);
    assert.deepEqual(channel.said, []);
    const again = await open();
    assert.equal((await again.publish([level('A', '5', 0)])).changed, 1);
    assert.deepEqual(channel.said, ['A 5 1']);
  });

  it('an event is the same to the byte after newer readings that change nothing, also by lots and in a snapshot', async () => {
    const publisher = await open(store, { threshold: { absolute: '5' } });
    await publisher.publish([level('A', '20', 0), level('B', '20', 0), level('C', '20', 0)]);
    // Newer and the same; newer and not worth telling; a lot beside the whole, below the threshold too.
    await publisher.publish([
      level('A', '20', 1),
      level('B', '21', 1),
      { ...level('C', '19', 1), lot: 'L1', onHand: '19' },
    ]);
    await publisher.publish([level('C', '40', 2)]);
    assert.equal(channel.said.length, 3);
    assert.equal(await publisher.snapshot(), 3);
    assert.equal((await publisher.drain()).published, 3);
    assert.deepEqual(channel.said.slice(3).sort(), channel.said.slice(0, 3).sort());
  });

  it('the same quantity leads to another one where an item has a rule or a day of its own', async () => {
    const publisher = await open(store, { items: [{ sku: 'B', buffer: '2' }], minDaysToExpiry: 10 });
    await publisher.publish([
      level('A', '5', 0),
      level('B', '5', 0),
      { ...level('C', '5', 0), expiry: '2026-11-30' },
      { ...level('D', '5', 0), expiry: '2027-11-30' },
    ]);
    assert.deepEqual(channel.said.sort(), ['A 5 1', 'B 3 1', 'C 0 1', 'D 5 1']);
  });

  it('two publishers of one channel count one sequence and lose nothing', async () => {
    const [one, two] = [await open(), await open()];
    const rounds = Array.from({ length: 30 }, (_, at) => at);
    await Promise.all(
      rounds.flatMap((at) => [
        one.publish([level('A', String(2 * at), 2 * at), level('B', '1', 2 * at)]),
        two.publish([level('A', String(2 * at + 1), 2 * at + 1), level('C', '1', 2 * at)]),
      ]),
    );
    await one.drain();
    assert.equal(channel.shows.get('main/A')?.quantity, '59');
    assert.deepEqual((await one.backlog()).pending, 0);
  });

  for (const exclusive of [true, false]) {
    it(`every subscriber ends with the exact quantity, whatever happens (${exclusive ? 'a store of its own' : 'a shared store'})`, async () => {
      const seed = process.env['CROSSDOCK_SEED'] ?? String(Math.trunc(Math.random() * 1e9));
      try {
        for (let run = 0; run < 6; run += 1)
          await campaign(createRng(`${seed}:${run}`), `c${run}`, exclusive);
      } catch (error) {
        throw new Error(`${(error as Error).message} (CROSSDOCK_SEED=${seed})`, { cause: error });
      }
    });
  }

  /** Random readings, failures and restarts on few keys; afterwards all is told, and nothing was wrong on the way. */
  async function campaign(rng: Rng, channelId: string, exclusive: boolean): Promise<void> {
    channel.shows.clear();
    let generation = 0;
    const truth = new Map<string, { available: string; at: number }>();
    const begin = async (): Promise<InventoryPublisher> => {
      generation += 1;
      return openInventoryPublisher({
        store: seenAs({ exclusive, instanceId: `g${generation}` }),
        channel,
        channelId,
        source: '/odoo',
        concurrency: rng.int(1, 8),
        now: () => NOW,
      });
    };
    let publisher = await begin();
    const pending: Promise<unknown>[] = [];
    for (let at = 1; at <= 120; at += 1) {
      const levels = Array.from({ length: rng.int(1, 6) }, () => {
        const key = `S${rng.int(0, 9)}`;
        const site = rng.int(0, 5) === 0 ? 'north' : 'main';
        // Now and then an older one.
        const when = rng.int(0, 4) === 0 ? Math.max(0, at - rng.int(1, 20)) : at;
        return level(key, String(Math.max(0, rng.int(-3, 5))), when, site);
      });
      for (const { item, location, available, asOf } of levels) {
        const key = `${location.code}/${item.identifiers[0]?.value}`;
        const when = Date.parse(asOf);
        if ((truth.get(key)?.at ?? 0) <= when) truth.set(key, { available, at: when });
      }
      const what = rng.int(0, 19);
      if (what === 0) channel.behave = () => Promise.reject(offline);
      if (what === 1) channel.behave = () => undefined;
      if (what === 2) channel.behave = (key) => (rng.int(0, 3) === 0 ? refuse(key) : undefined);
      if (what === 3) pending.push(publisher.snapshot());
      if (what === 4) {
        await publisher.close();
        publisher = await begin();
      }
      const taken = rng.int(0, 2) === 0 ? publisher.accept(levels) : publisher.publish(levels);
      if (rng.int(0, 2) === 0) await taken;
      else pending.push(taken);
    }
    await Promise.all(pending);
    channel.behave = () => undefined;
    await waitFor(async () => (await publisher.drain()).pending === 0, { what: 'all to be told' });
    for (const [key, { available }] of truth) assert.equal(channel.shows.get(key)?.quantity, available, key);
    assert.deepEqual(channel.faults, []);
    await publisher.close();
  }
});

function refuse(key: string): Promise<never> {
  return Promise.reject(
    new CrossdockError(`No right for ${key}.`, { code: 'CHANNEL_REFUSED', kind: 'permanent' }),
  );
}
