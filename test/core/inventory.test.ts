import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { decimal, toPlain } from '../../core/canonical/decimal';
import type { InventoryLevel, ObservedInventoryLevel } from '../../core/canonical/inventory-level';
import type { CloudEvent, Publisher, PublishOptions } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { checkedPolicy, type InventoryPublisherOptions, openInventoryPublisher } from '../../core/inventory';
import { offerOf } from '../../core/inventory/offer';
import { openSqliteStore, type Statement, type Store } from '../../core/store';
import { projectFolders, type TempDir, tempDir, waitFor } from '../support';
import { failsWith } from './channel-suite';

/** 2026-11-23T08:00:00Z */
const START = Date.UTC(2026, 10, 23, 8);
/** Where keys begin to count. */
const NOW = START + 24 * 3_600_000;

function level(sku: string, available: string, minute = 0, site = 'main'): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(START + minute * 60_000).toISOString(),
    unit: 'C62',
    onHand: '100',
    reserved: '0',
    available,
    authority: 'odoo:main',
  };
}

/** A channel that keeps what it is given and does what it is told. */
class FakeChannel implements Publisher {
  readonly events: CloudEvent<InventoryLevel>[] = [];
  readonly options: PublishOptions[] = [];
  inFlight = 0;
  mostInFlight = 0;
  behave: (event: CloudEvent<InventoryLevel>) => Promise<void> | void = () => undefined;

  async publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    const typed = event as CloudEvent<InventoryLevel>;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      await new Promise((turn) => setImmediate(turn));
      await this.behave(typed);
      this.events.push(typed);
      this.options.push(options);
    } finally {
      this.inFlight -= 1;
    }
  }

  /** `sku:quantity#n` of everything published, n being its place in what the key has counted. */
  get said(): string[] {
    return this.events.map(
      ({ subject, data }) => `${subject}:${data?.published}#${(data?.sequence ?? Number.NaN) - NOW + 1}`,
    );
  }
}

const offline = (): never => {
  throw new CrossdockError('No connection.', { code: 'CHANNEL_OFFLINE', kind: 'transient' });
};

describe('inventory: available to sell', () => {
  for (const [available, buffer, expected] of [
    ['12', '0', '12'],
    ['12', '2', '10'],
    ['2', '5', '0'],
    ['-3', '0', '0'],
    ['0.3', '0.1', '0.2'],
    ['10.50', '0', '10.5'],
    ['900719925474099312', '1', '900719925474099311'],
    ['-0', '0', '0'],
  ] as const) {
    it(`${available} with a buffer of ${buffer} is ${expected}`, () => {
      const { quantity } = offerOf(decimal(available), decimal('0'), checkedPolicy({ buffer }).shares);
      assert.equal(toPlain(quantity), expected);
    });
  }
});

describe('inventory: publisher', () => {
  let dir: TempDir;
  let store: Store;
  let channel: FakeChannel;
  const options = (more: Partial<InventoryPublisherOptions> = {}): InventoryPublisherOptions => ({
    store,
    channel,
    channelId: 'shop',
    source: '/systems/odoo/main',
    now: () => NOW,
    ...more,
  });
  beforeEach(async () => {
    dir = tempDir();
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    channel = new FakeChannel();
  });
  afterEach(async () => {
    await store.close();
    dir.remove();
  });

  it('publishes what is new or changed once, numbered, with zero among the first seen', async () => {
    const publisher = await openInventoryPublisher(options());
    assert.deepEqual(await publisher.accept([level('A', '5'), level('B', '0')]), {
      changed: 2,
      unchanged: 0,
      stale: 0,
      ignored: 0,
      invalid: [],
    });
    assert.deepEqual(await publisher.flush(), { published: 2, failed: 0, pending: 0 });
    assert.deepEqual(channel.said.sort(), ['A:5#1', 'B:0#1']);
    assert.deepEqual(await publisher.accept([level('A', '5.0', 1), level('B', '7', 1)]), {
      changed: 1,
      unchanged: 1,
      stale: 0,
      ignored: 0,
      invalid: [],
    });
    assert.deepEqual(await publisher.flush(), { published: 1, failed: 0, pending: 0 });
    assert.equal(channel.said.at(-1), 'B:7#2');
    assert.deepEqual(await publisher.flush(), { published: 0, failed: 0, pending: 0 });
    assert.ok(channel.options.every(({ retain }) => retain === true));
  });

  it('begins to count so that a store that was lost does not fall behind what subscribers know', async () => {
    const before = await openInventoryPublisher(options());
    for (let at = 0; at < 50; at += 1) await before.publish([level('A', String(at + 1), at)]);
    const known = channel.events.at(-1);
    assert.deepEqual(
      [known?.data?.sequence, known?.sequence],
      [NOW + 49, String(NOW + 49).padStart(16, '0')],
    );
    await before.close();
    const lost = await openSqliteStore(join(dir.path, 'new.sqlite'));
    try {
      // The gateway is back 51 ms later at the soonest.
      const after = await openInventoryPublisher({ ...options(), store: lost, now: () => NOW + 51 });
      await after.publish([level('A', '7', 60), level('B', '7', 60)]);
      const said = channel.events.slice(-2);
      for (const { data } of said) assert.equal(data?.sequence, NOW + 51);
      assert.ok(said.every(({ id }) => !channel.events.slice(0, -2).some((event) => event.id === id)));
      await after.publish([level('A', '8', 61)]);
      assert.equal(channel.events.at(-1)?.data?.sequence, NOW + 52, 'one more with each change');
      assert.ok(Number.isSafeInteger(channel.events.at(-1)?.data?.sequence));
      await after.close();
    } finally {
      await lost.close();
    }
  });

  it('makes events that satisfy the contract, with the buffer held back', async () => {
    const publisher = await openInventoryPublisher(options({ buffer: '2.5' }));
    await publisher.accept([level('A', '12')]);
    await publisher.flush();
    const [event] = channel.events;
    assert.equal(event?.type, 'com.crossdock.distribution.inventory.changed.v1');
    assert.equal(event?.subject, 'A');
    assert.equal(event?.site, 'main');
    assert.equal(event?.time, level('A', '12').asOf);
    assert.equal(event?.data?.published, '9.5');
    const schema: unknown = JSON.parse(
      readFileSync(join(projectFolders().root, 'core/canonical/inventory-level.schema.json'), 'utf8'),
    );
    const ajv = new Ajv({
      strict: true,
      allErrors: true,
      keywords: ['x-class', 'x-hint', 'x-odoo', 'x-ubl', 'x-edi', 'x-standard'],
    });
    addFormats(ajv);
    const validate = ajv.compile(schema as object);
    assert.ok(validate(event?.data), JSON.stringify(validate.errors));
    assert.equal(event?.dataschema, (schema as { $id: string }).$id);
    assert.ok(!validate({ ...event?.data, surprise: 1 }), 'the contract is closed');
    assert.ok(!validate({ ...event?.data, available: 12 }), 'quantities are text');
  });

  it('an older reading never overwrites a newer one, not even within one batch', async () => {
    const publisher = await openInventoryPublisher(options());
    await publisher.accept([level('A', '5', 10)]);
    assert.equal((await publisher.accept([level('A', '9', 9)])).stale, 1);
    assert.deepEqual(await publisher.accept([level('A', '3', 12), level('A', '4', 11)]), {
      changed: 1,
      unchanged: 0,
      stale: 1,
      ignored: 0,
      invalid: [],
    });
    // Unchanged, yet newer: what is older than this reading is stale too.
    await publisher.accept([level('A', '3', 20)]);
    assert.equal((await publisher.accept([level('A', '8', 15)])).stale, 1);
    await publisher.flush();
    assert.deepEqual(channel.said, ['A:3#2']);
  });

  it('publishes only the newest of what changed while the channel was away', async () => {
    const publisher = await openInventoryPublisher(options());
    channel.behave = offline;
    for (const [minute, available] of ['9', '8', '7'].entries()) {
      await publisher.accept([level('A', available, minute), level('B', '1', minute)]);
      const { published, pending, problem } = await publisher.flush();
      assert.deepEqual([published, pending, problem?.code], [0, 2, 'CHANNEL_OFFLINE']);
    }
    channel.behave = () => undefined;
    assert.deepEqual(await publisher.flush(), { published: 2, failed: 0, pending: 0 });
    assert.deepEqual(channel.said.sort(), ['A:7#3', 'B:1#1']);
  });

  it('a crash between confirm and mark repeats the same event, to the byte', async () => {
    const broken: Store = {
      dialect: store.dialect,
      exclusive: store.exclusive,
      instanceId: store.instanceId,
      migrate: (migration) => store.migrate(migration),
      health: () => store.health(),
      close: () => store.close(),
      run: (statements: readonly Statement[]) => {
        if (statements.some(({ sql }) => sql.includes('SET published_sequence ='))) {
          return Promise.reject(
            new CrossdockError('The disk is full.', { code: 'STORE_FULL', kind: 'transient' }),
          );
        }
        return store.run(statements);
      },
    };
    const crashing = await openInventoryPublisher(options({ store: broken }));
    await crashing.accept([level('A', '5')]);
    await assert.rejects(crashing.flush(), failsWith('STORE_FULL', 'transient'));
    assert.equal(channel.events.length, 1);
    const after = await openInventoryPublisher(options());
    await after.accept([level('A', '5', 30)]);
    assert.deepEqual(await after.flush(), { published: 1, failed: 0, pending: 0 });
    assert.equal(channel.events.length, 2);
    assert.equal(JSON.stringify(channel.events[1]), JSON.stringify(channel.events[0]));
  });

  it('a change during its own publishing stays pending and goes out next', async () => {
    const publisher = await openInventoryPublisher(options());
    await publisher.accept([level('A', '5')]);
    channel.behave = async () => {
      channel.behave = () => undefined;
      await publisher.accept([level('A', '4', 1)]);
    };
    assert.deepEqual(await publisher.flush(), { published: 1, failed: 0, pending: 1 });
    assert.deepEqual(await publisher.flush(), { published: 1, failed: 0, pending: 0 });
    assert.deepEqual(channel.said, ['A:5#1', 'A:4#2']);
  });

  it('sends sold-out and back-in-stock before the rest', async () => {
    const publisher = await openInventoryPublisher(options({ concurrency: 1 }));
    await publisher.accept([level('OUT', '5'), level('BACK', '0'), level('SOME', '5')]);
    await publisher.flush();
    channel.events.length = 0;
    await publisher.accept([level('SOME', '4', 1)]);
    await publisher.accept([level('OUT', '0', 2), level('BACK', '3', 2), level('NEW', '1', 2)]);
    await publisher.flush();
    assert.deepEqual(channel.said.slice(0, 2).sort(), ['BACK:3#2', 'OUT:0#2']);
    assert.deepEqual(channel.said.slice(2).sort(), ['NEW:1#1', 'SOME:4#2']);
  });

  it('never flushes a channel twice at once, and never has a key in flight twice', async () => {
    const [one, two] = [await openInventoryPublisher(options()), await openInventoryPublisher(options())];
    const flying = new Set<string>();
    const twice: string[] = [];
    channel.behave = async ({ subject = '' }) => {
      if (flying.has(subject)) twice.push(subject);
      flying.add(subject);
      await new Promise((turn) => setImmediate(turn));
      flying.delete(subject);
    };
    await one.accept(Array.from({ length: 50 }, (_, index) => level(`S${index}`, '5')));
    const results = await Promise.all([one.flush(), two.flush(), one.flush(), two.flush()]);
    assert.equal(results[0].published + results[1].published, 50, 'the joined calls share one result each');
    assert.equal(channel.events.length, 50);
    assert.deepEqual(twice, []);
  });

  it('keeps within its concurrency and publishes thousands through several pages', async () => {
    const publisher = await openInventoryPublisher(options({ concurrency: 7 }));
    const levels = Array.from({ length: 6200 }, (_, index) => level(`S${index}`, String(index % 50)));
    assert.equal((await publisher.accept(levels)).changed, 6200);
    assert.deepEqual(await publisher.flush(), { published: 6200, failed: 0, pending: 0 });
    assert.equal(new Set(channel.events.map(({ id }) => id)).size, 6200);
    assert.equal(channel.mostInFlight, 7);
  });

  it('a refused event does not hold up the others, and is tried again next time', async () => {
    const publisher = await openInventoryPublisher(options());
    await publisher.accept([level('A', '5'), level('BAD', '5'), level('C', '5')]);
    channel.behave = ({ subject }) => {
      if (subject === 'BAD') {
        throw new CrossdockError('No right.', { code: 'CHANNEL_REFUSED', kind: 'permanent' });
      }
    };
    const { published, failed, pending, problem } = await publisher.flush();
    assert.deepEqual([published, failed, pending, problem?.code], [2, 1, 1, 'CHANNEL_REFUSED']);
    channel.behave = () => undefined;
    assert.deepEqual(await publisher.flush(), { published: 1, failed: 0, pending: 0 });
  });

  it('tells channels, sites and items apart, also in the ids of their events', async () => {
    const shop = await openInventoryPublisher(options());
    const market = await openInventoryPublisher(options({ channelId: 'market', buffer: '5' }));
    const levels = [level('A', '5'), level('A', '5', 0, 'north'), level('B', '5')];
    for (const publisher of [shop, market]) {
      await publisher.accept(levels);
      await publisher.flush();
    }
    assert.equal(new Set(channel.events.map(({ id }) => id)).size, 6);
    assert.deepEqual(
      channel.events.map(({ data }) => data?.published),
      ['5', '5', '5', '0', '0', '0'],
    );
  });

  it('names what is wrong with a reading and takes the others', async () => {
    const publisher = await openInventoryPublisher(options());
    const { sequence: _none, ...rest } = { ...level('X', '1'), sequence: 0 };
    const result = await publisher.accept([
      level('A', '5'),
      level('B', '1,5'),
      { ...rest, item: { identifiers: [] } },
      { ...rest, asOf: '23.11.2026' },
      level('AHEAD', '1', 60 * 48),
      { ...rest, location: { code: '' } },
      {} as ObservedInventoryLevel,
    ]);
    assert.equal(result.changed, 1);
    assert.deepEqual(
      result.invalid.map(({ index, problems }) => `${index} ${problems.map(({ path }) => path).join()}`),
      [
        '1 /available',
        '2 /item/identifiers',
        '3 /asOf',
        '4 /asOf',
        '5 /location/code',
        '6 /item/identifiers,/location/code,/asOf,/available',
      ],
    );
    await assert.rejects(
      openInventoryPublisher(options({ buffer: '-1' })),
      failsWith('CONFIG_INVALID', 'permanent', /buffer/),
    );
  });

  it('state survives: a new opening goes on where the old one was', async () => {
    const first = await openInventoryPublisher(options());
    await first.accept([level('A', '5'), level('B', '5')]);
    await first.flush();
    await first.accept([level('A', '4', 1)]);
    await store.close();
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    const second = await openInventoryPublisher(options());
    assert.equal((await second.accept([level('B', '5', 2)])).unchanged, 1);
    assert.deepEqual(await second.flush(), { published: 1, failed: 0, pending: 0 });
    assert.equal(channel.said.at(-1), 'A:4#2');
  });

  it('close ends the flush that runs, and what it did not send stays pending', async () => {
    const publisher = await openInventoryPublisher(options({ concurrency: 1 }));
    await publisher.accept(Array.from({ length: 20 }, (_, index) => level(`S${index}`, '5')));
    let release = (): void => undefined;
    channel.behave = () =>
      channel.events.length < 3
        ? undefined
        : new Promise((resolve) => {
            release = resolve;
          });
    const flushing = publisher.flush();
    await waitFor(() => channel.events.length === 3 && channel.inFlight === 1);
    const closing = publisher.close();
    await waitFor(() => {
      release();
      return channel.inFlight === 0;
    });
    await closing;
    const { published, pending } = await flushing;
    assert.deepEqual([published, pending, channel.events.length], [4, 16, 4]);
  });

  it('a store that several processes share lets one of them flush a channel at a time', async () => {
    const shared = (instanceId: string): Store => ({
      dialect: store.dialect,
      exclusive: false,
      instanceId,
      migrate: (migration) => store.migrate(migration),
      health: () => store.health(),
      close: () => store.close(),
      run: (statements) => store.run(statements),
    });
    const one = await openInventoryPublisher(options({ store: shared('one') }));
    const two = await openInventoryPublisher(options({ store: shared('two') }));
    await one.accept([level('A', '5')]);
    let release = (): void => undefined;
    channel.behave = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const first = one.flush();
    await waitFor(() => channel.inFlight === 1);
    assert.deepEqual(await two.flush(), { published: 0, failed: 0, pending: 1 });
    release();
    assert.deepEqual(await first, { published: 1, failed: 0, pending: 0 });
    channel.behave = () => undefined;
    await two.accept([level('A', '4', 1)]);
    assert.equal((await two.flush()).published, 1, 'the right to flush was given back');
  });
});
