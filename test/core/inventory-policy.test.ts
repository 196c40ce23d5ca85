import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { InventoryLevel, ObservedInventoryLevel } from '../../core/canonical';
import { checkInventoryLevel } from '../../core/canonical/checks/inventory';
import type { CloudEvent, Publisher } from '../../core/channel';
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import {
  type ChannelPolicy,
  checkedPolicy,
  type InventoryPublisher,
  openInventoryPublisher,
} from '../../core/inventory';
import { openSqliteStore, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';
import { failsWith } from './channel-suite';

const START = Date.UTC(2026, 10, 27, 8);
const MINUTE = 60_000;

interface Said extends Partial<ObservedInventoryLevel> {
  readonly site?: string;
  readonly minute?: number;
}

function level(
  sku: string,
  available: string,
  { site = 'main', minute = 0, ...more }: Said = {},
): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(START + minute * MINUTE).toISOString(),
    unit: 'C62',
    onHand: available.startsWith('-') ? '0' : available,
    reserved: '0',
    available,
    authority: 'odoo:main',
    ...more,
  };
}

class Shop implements Publisher {
  readonly events: InventoryLevel[] = [];
  behave: (event: CloudEvent<InventoryLevel>) => Promise<void> | void = () => undefined;

  async publish(event: CloudEvent): Promise<void> {
    const typed = event as CloudEvent<InventoryLevel>;
    await this.behave(typed);
    this.events.push(typed.data as InventoryLevel);
  }

  /** The last published quantity per `site/sku`. */
  get shows(): Record<string, string | undefined> {
    return Object.fromEntries(
      this.events.map(({ item, location, published }) => [
        `${location.code}/${item.identifiers[0]?.value}`,
        published,
      ]),
    );
  }
}

describe('inventory: what a channel is offered', () => {
  let dir: TempDir;
  let store: Store;
  let shop: Shop;
  let clock = START + 60 * MINUTE;
  const open = (policy: ChannelPolicy): Promise<InventoryPublisher> =>
    openInventoryPublisher({
      store,
      channel: shop,
      channelId: 'shop',
      source: '/odoo',
      policy,
      now: () => clock,
    });
  /** Takes the levels in, publishes, and gives what the shop shows. */
  const offered = async (policy: ChannelPolicy, levels: readonly ObservedInventoryLevel[]) => {
    const publisher = await open(policy);
    await publisher.accept(levels);
    await publisher.flush();
    return shop.shows;
  };

  beforeEach(async () => {
    dir = tempDir();
    store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    shop = new Shop();
    clock = START + 60 * MINUTE;
  });
  afterEach(async () => {
    // Whatever the policy: what is published keeps the contract and adds up.
    for (const event of shop.events) {
      assert.deepEqual(contracts().validate('inventory-level', '1.0', event), []);
      assert.deepEqual(checkInventoryLevel(event), []);
    }
    await store.close();
    dir.remove();
  });

  for (const [name, policy, available, expected] of [
    ['a share, rounded down to whole ones', { percent: '33' }, '12', '3'],
    ['a share of what is counted in halves', { percent: '50' }, '2.5', '1.2'],
    ['buffer first, then the share', { buffer: '2', percent: '50' }, '12', '5'],
    ['a reserve for others', { reserve: '10' }, '12', '2'],
    ['never more than the cap', { cap: '5' }, '12', '5'],
    ['less than the minimum is sold out', { minimum: '3' }, '2', '0'],
    ['the minimum itself is shown', { minimum: '3' }, '3', '3'],
    ['an oversold item', { cap: '5' }, '-4', '0'],
    ['an item of its own', { buffer: '1', items: [{ sku: 'A', buffer: '5' }] }, '12', '7'],
    ['packs of six, whole ones', { items: [{ sku: 'A', unit: 'XPK', perUnit: '6' }] }, '17', '2'],
  ] as const satisfies readonly (readonly [string, ChannelPolicy, string, string])[]) {
    it(`${name}: of ${available} it shows ${expected}`, async () => {
      assert.deepEqual(await offered(policy, [level('A', available)]), { 'main/A': expected });
    });
  }

  it('adds up the sites under one name, less what is missing at one of them', async () => {
    const sites = [
      { site: 'north', publishAs: 'all' },
      { site: 'south', publishAs: 'all' },
    ];
    const levels = [
      level('A', '5', { site: 'north' }),
      level('A', '-2', { site: 'south' }),
      level('A', '9', { site: 'shop' }),
    ];
    assert.deepEqual(await offered({ sites }, levels), { 'all/A': '3' });
    assert.equal(shop.events.at(-1)?.onHand, '5');
  });

  it('believes only the system of record of a site', async () => {
    const publisher = await open({ sites: [{ site: 'main', authority: 'wms:north' }] });
    const { ignored, changed } = await publisher.accept([
      level('A', '5'),
      level('A', '4', { authority: 'wms:north' }),
      level('A', '3', { site: 'elsewhere', authority: 'wms:north' }),
    ]);
    assert.deepEqual([ignored, changed], [2, 1]);
    await publisher.flush();
    assert.deepEqual(shop.shows, { 'main/A': '4' });
  });

  it('offers as many sets as the scarcest part allows, and follows each of its parts', async () => {
    const bundles = [
      {
        sku: 'SET',
        parts: [
          { sku: 'A', quantity: '2' },
          { sku: 'B', quantity: '1' },
        ],
      },
    ];
    const publisher = await open({ bundles, buffer: '1' });
    await publisher.accept([level('A', '9')]);
    await publisher.flush();
    assert.equal(shop.shows['main/SET'], '0', 'the other part is not known yet');
    await publisher.accept([level('B', '4')]);
    await publisher.flush();
    assert.deepEqual(shop.shows, { 'main/A': '8', 'main/B': '3', 'main/SET': '3' });
    await publisher.accept([level('A', '4', { minute: 1 })]);
    await publisher.flush();
    assert.deepEqual(shop.shows, { 'main/A': '3', 'main/B': '3', 'main/SET': '1' });
  });

  it('leaves out lots that are not sellable or expire too soon, and counts lots instead of the whole', async () => {
    const lots = [
      level('A', '100'),
      level('A', '4', { lot: 'L1', expiry: '2027-06-30' }),
      level('A', '8', { lot: 'L2', expiry: '2026-12-05' }),
      level('A', '16', { lot: 'L3', condition: 'damaged' }),
      level('A', '1', { lot: 'L4' }),
    ];
    assert.deepEqual(await offered({ minDaysToExpiry: 30 }, lots), { 'main/A': '5' });
  });

  it('does not tell changes below the threshold, but always the scarce, the sold out and the back in stock', async () => {
    const publisher = await open({ threshold: { absolute: '10', percent: '5', exactUpTo: '20' } });
    const told: (string | undefined)[] = [];
    for (const [minute, available] of [
      '1000',
      '995',
      '949',
      '945',
      '20',
      '19',
      '0',
      '1',
      '300',
      '295',
      '290',
    ].entries()) {
      await publisher.accept([level('A', available, { minute })]);
      const before = shop.events.length;
      await publisher.flush();
      told.push(shop.events.length > before ? shop.events.at(-1)?.published : undefined);
    }
    assert.deepEqual(told, [
      '1000',
      undefined,
      '949',
      undefined,
      '20',
      '19',
      '0',
      '1',
      '300',
      undefined,
      '290',
    ]);
  });

  it('says since when a site is silent and shows what the policy allows; its return restores all, told or not', async () => {
    const age = { limitMs: 90 * MINUTE, show: 'reduced', percent: '50' } as const;
    const publisher = await open({ age });
    await publisher.accept([
      level('A', '9'),
      level('B', '4'),
      level('C', '5', { site: 'other', minute: 60 }),
    ]);
    await publisher.flush();
    assert.deepEqual(await publisher.checkAge(), []);
    clock = START + 91 * MINUTE;
    assert.deepEqual(await publisher.checkAge(), ['main']);
    await publisher.flush();
    assert.deepEqual(shop.shows, { 'main/A': '4', 'main/B': '2', 'other/C': '5' });
    assert.equal(shop.events.at(-1)?.staleSince, new Date(START).toISOString());
    // A restart knows it.
    const next = await open({ age });
    assert.deepEqual(await next.checkAge(), ['main']);
    await next.accept([level('A', '8', { minute: 91 })]);
    await next.flush();
    assert.deepEqual(shop.shows, { 'main/A': '8', 'main/B': '4', 'other/C': '5' });
    assert.ok(shop.events.slice(-2).every(({ staleSince }) => staleSince === undefined));
  });

  it('a source that is alive keeps its site fresh without a change; showing all only says so', async () => {
    const publisher = await open({ age: { limitMs: 10 * MINUTE, show: 'all' } });
    await publisher.accept([level('A', '9', { minute: 55 })]);
    clock = START + 64 * MINUTE;
    await publisher.heard('main');
    clock = START + 70 * MINUTE;
    assert.deepEqual(await publisher.checkAge(), []);
    clock = START + 75 * MINUTE;
    assert.deepEqual(await publisher.checkAge(), ['main']);
    await publisher.flush();
    assert.deepEqual(
      [shop.events.at(-1)?.published, shop.events.at(-1)?.staleSince],
      ['9', new Date(START + 64 * MINUTE).toISOString()],
    );
  });

  it('another policy is computed for all items at the next start, and a site that left it is told empty', async () => {
    await offered({}, [level('A', '9'), level('B', '3'), level('A', '2', { site: 'north' })]);
    const next = await open({ buffer: '2', sites: [{ site: 'main' }] });
    await next.flush();
    assert.deepEqual(shop.shows, { 'main/A': '7', 'main/B': '1', 'north/A': '0' });
    const events = shop.events.length;
    await (await open({ buffer: '2', sites: [{ site: 'main' }] })).flush();
    assert.equal(shop.events.length, events, 'the same policy changes nothing');
  });

  it('what a complete reading no longer knows is sold out', async () => {
    const publisher = await open({});
    await publisher.accept([level('A', '9'), level('GONE', '3')]);
    await publisher.accept([level('A', '9', { minute: 5 })]);
    assert.equal(await publisher.complete('main', START + 5 * MINUTE), 1);
    await publisher.flush();
    assert.deepEqual(shop.shows, { 'main/A': '9', 'main/GONE': '0' });
  });

  it('a snapshot repeats everything, the same to the byte, behind what has changed', async () => {
    const publisher = await open({});
    await publisher.accept([level('A', '9'), level('B', '3')]);
    await publisher.flush();
    const before = shop.events.splice(0).map((event) => JSON.stringify(event));
    assert.equal(await publisher.snapshot(), 2);
    await publisher.accept([level('C', '1')]);
    await publisher.flush();
    assert.equal(shop.events[0]?.item.identifiers[0]?.value, 'C');
    assert.deepEqual(
      shop.events
        .slice(1)
        .map((event) => JSON.stringify(event))
        .sort(),
      before.sort(),
    );
    assert.equal((await publisher.backlog()).pending, 0);
  });

  it('what becomes sold out while a long pass runs overtakes the rest of it', async () => {
    const publisher = await openInventoryPublisher({
      store,
      channel: shop,
      channelId: 'shop',
      source: '/odoo',
      concurrency: 1,
      now: () => clock,
    });
    const many = Array.from({ length: 700 }, (_, index) => level(`S${index}`, '5'));
    await publisher.accept([...many, level('HOT', '5')]);
    await publisher.flush();
    await publisher.accept(
      many.map((each, index) => ({
        ...each,
        available: String(6 + (index % 3)),
        onHand: '8',
        asOf: new Date(START + MINUTE).toISOString(),
      })),
    );
    const at = shop.events.length + 10;
    shop.behave = async () => {
      if (shop.events.length === at) await publisher.accept([level('HOT', '0', { minute: 2 })]);
    };
    await publisher.flush();
    const position = shop.events.findIndex(
      ({ item, published }) => item.identifiers[0]?.value === 'HOT' && published === '0',
    );
    assert.ok(position > at && position <= at + 3, `told as number ${position - at} after it was known`);
  });

  it('a key that changes while it is in flight is never told the older after the newer', async () => {
    const publisher = await open({});
    await publisher.accept([level('A', '5'), level('B', '5')]);
    let release = (): void => undefined;
    shop.behave = ({ subject }) =>
      subject === 'A' && release.name !== 'done'
        ? new Promise((resolve) => {
            release = resolve;
          })
        : undefined;
    const flushing = publisher.flush();
    await waitFor(() => shop.shows['main/B'] === '5');
    await publisher.accept([level('A', '0', { minute: 1 })]);
    shop.behave = () => undefined;
    release();
    await flushing;
    await publisher.flush();
    assert.deepEqual(
      shop.events.filter(({ item }) => item.identifiers[0]?.value === 'A').map(({ published }) => published),
      ['5', '0'],
    );
  });

  it('says what is held, since when, and how long it will take', async () => {
    const publisher = await open({});
    assert.deepEqual(await publisher.backlog(), {
      pending: 0,
      urgent: 0,
      since: undefined,
      clearsInMs: undefined,
    });
    await publisher.accept([level('A', '5'), level('B', '5')]);
    await publisher.flush();
    shop.behave = () => {
      throw new CrossdockError('No line.', { code: 'CHANNEL_OFFLINE', kind: 'transient' });
    };
    await publisher.accept([level('A', '0', { minute: 1 }), level('B', '4', { minute: 1 })]);
    await publisher.flush();
    const { pending, urgent, since, clearsInMs } = await publisher.backlog();
    assert.deepEqual([pending, urgent], [2, 1]);
    assert.ok(since !== undefined && clearsInMs !== undefined);
  });

  for (const [policy, setting] of [
    [{ percent: '101' }, 'percent'],
    [{ buffer: '-1' }, 'buffer'],
    [{ cap: '1e99' }, 'cap'],
    [{ sites: [{ site: 'a' }, { site: 'a' }] }, 'sites'],
    [{ bundles: [{ sku: 'S', parts: [] }] }, 'bundles'],
    [
      {
        bundles: [
          { sku: 'S', parts: [{ sku: 'T', quantity: '1' }] },
          { sku: 'T', parts: [{ sku: 'A', quantity: '1' }] },
        ],
      },
      'bundles',
    ],
    [{ bundles: [{ sku: 'S', parts: [{ sku: 'A', quantity: '0' }] }] }, 'bundles'],
    [{ items: [{ sku: 'A', unit: 'XPK' }] }, 'items'],
    [{ age: { limitMs: 0, show: 'nothing' } }, 'age'],
    [{ threshold: { absolute: 'x' } }, 'threshold'],
  ] as const satisfies readonly (readonly [ChannelPolicy, string])[]) {
    it(`refuses a policy by its setting: ${JSON.stringify(policy)}`, () => {
      assert.throws(
        () => checkedPolicy(policy),
        (error) => {
          failsWith('CONFIG_INVALID', 'permanent')(error);
          assert.equal((error as CrossdockError).facts['setting'], setting);
          return true;
        },
      );
    });
  }
});
