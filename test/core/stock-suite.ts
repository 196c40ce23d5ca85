/** What the console reads of stock, on any store. */
import assert from 'node:assert/strict';
import type { InventoryLevel, ObservedInventoryLevel } from '../../core/canonical';
import type { CloudEvent, Publisher } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import {
  type ChannelPolicy,
  type InventoryPublisher,
  openInventoryPublisher,
  StockBrowser,
  type StockFilter,
  type StockItem,
  stockCsv,
  tellAgain,
} from '../../core/inventory';
import type { Store } from '../../core/store';
import { failsWith } from './channel-suite';

const START = Date.UTC(2026, 10, 27, 8);
const MINUTE = 60_000;

function level(
  sku: string,
  available: string,
  {
    site = 'main',
    minute = 0,
    ...more
  }: Partial<ObservedInventoryLevel> & { site?: string; minute?: number } = {},
): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }], description: `Article ${sku}` },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(START + minute * MINUTE).toISOString(),
    unit: 'C62',
    onHand: available,
    reserved: '0',
    available,
    authority: 'odoo:main',
    ...more,
  };
}

class Shop implements Publisher {
  readonly told: InventoryLevel[] = [];
  behave: (event: CloudEvent<InventoryLevel>) => void = () => undefined;

  async publish(event: CloudEvent): Promise<void> {
    this.behave(event as CloudEvent<InventoryLevel>);
    this.told.push(event.data as InventoryLevel);
  }
}

const offline = (): never => {
  throw new CrossdockError('No connection.', { code: 'CHANNEL_OFFLINE', kind: 'transient' });
};
const skus = (items: readonly StockItem[]): string[] => items.map(({ sku }) => sku);
const keys = (items: readonly StockItem[]): string[] =>
  items.map(({ channel, site, sku }) => `${sku}@${site}>${channel}`);

export function stockSuite(openStore: () => Promise<Store>): void {
  let store: Store;
  let shop: Shop;
  let clock: number;
  /** Where keys begin to count. */
  let begun: number;
  const open = (channelId: string, policy: ChannelPolicy = {}): Promise<InventoryPublisher> =>
    openInventoryPublisher({
      store,
      channel: shop,
      channelId,
      source: '/odoo',
      policy,
      now: () => clock,
    });
  const all = async (browser: StockBrowser, filter: StockFilter, limit: number): Promise<StockItem[][]> => {
    const pages: StockItem[][] = [];
    for (let after: string | undefined; ; ) {
      const { items, next } = await browser.items(filter, limit, after);
      pages.push([...items]);
      if (next === null) return pages;
      after = next;
    }
  };
  beforeEach(async () => {
    store = await openStore();
    shop = new Shop();
    clock = START + 60 * MINUTE;
    begun = clock;
  });
  afterEach(() => store.close());

  it('shows a channel at a glance: keys, waiting and urgent, sold out, refused, sites', async () => {
    const publisher = await open('shop');
    await publisher.publish([
      level('A', '5'),
      level('B', '0'),
      level('C', '7', { site: 'graz', minute: 10 }),
    ]);
    shop.behave = ({ subject }) => {
      if (subject === 'A')
        throw new CrossdockError('Not allowed.', { code: 'CHANNEL_REFUSED', kind: 'permanent' });
      offline();
    };
    await publisher.accept([level('A', '4', { minute: 20 }), level('C', '0', { site: 'graz', minute: 20 })]);
    await publisher.flush();
    await publisher.flush();
    const [card] = await (await StockBrowser.open(store)).channels();
    assert.ok(card !== undefined && card.since !== null);
    assert.deepEqual(
      { ...card, since: 0, snapshotAt: 0 },
      {
        id: 'shop',
        keys: 3,
        waiting: 2,
        first: 1,
        since: 0,
        soldOut: 2,
        refused: 1,
        reduced: 0,
        zeroed: 0,
        sites: [
          { site: 'graz', publishAs: 'graz', heardAt: START + 20 * MINUTE, silent: false },
          { site: 'main', publishAs: 'main', heardAt: START + 20 * MINUTE, silent: false },
        ],
        oldestReadAt: START,
        snapshotAt: 0,
        age: null,
      },
    );
  });

  it('pages through every item once, by SKU over all channels, whatever the page size', async () => {
    const names = Array.from({ length: 23 }, (_, n) => `S-${String(n).padStart(2, '0')}`);
    for (const channel of ['web', 'market', 'b2b']) {
      const publisher = await open(channel);
      await publisher.publish(
        names.flatMap((sku) => [
          level(sku, '3'),
          ...(channel === 'b2b' ? [] : [level(sku, '1', { site: 'graz' })]),
        ]),
      );
    }
    const browser = await StockBrowser.open(store);
    const expected = names.flatMap((sku) => [
      `${sku}@graz>market`,
      `${sku}@graz>web`,
      `${sku}@main>b2b`,
      `${sku}@main>market`,
      `${sku}@main>web`,
    ]);
    for (const limit of [1, 2, 7, 50, 1000]) {
      const pages = await all(browser, {}, limit);
      assert.ok(pages.every((page) => page.length <= limit));
      assert.ok(
        pages.slice(0, -1).every((page) => page.length === limit),
        'only the last page is short',
      );
      assert.deepEqual(keys(pages.flat()), expected, `pages of ${limit}`);
    }
    for (const filter of [
      { channel: 'web' },
      { channel: 'web', q: 's-1' },
      { channel: 'web', view: 'waiting' },
    ] as const) {
      const ends: (string | null)[] = [];
      for (let after = ''; ; after = ends.at(-1) ?? '') {
        const { next } = await browser.items(filter, 7, after);
        ends.push(next);
        if (next === null) break;
      }
      const marks = await browser.marks(filter, 7);
      assert.deepEqual(marks, ends.slice(0, -1), 'each mark is where a page ends');
    }
    const one = await browser.items({ channel: 'b2b' }, 10);
    assert.deepEqual([one.total, skus(one.items)], [23, names.slice(0, 10)]);
    assert.equal((await browser.items({}, 10)).total, 115);
    const found = await browser.items({ q: 's-1', channel: 'web' }, 4);
    assert.deepEqual([found.total, skus(found.items)], [20, ['S-10', 'S-10', 'S-11', 'S-11']]);
    assert.equal((await browser.items({ q: '%' }, 4)).total, 0, 'nothing in a search is a wildcard');
    assert.equal((await browser.items({ q: 'S_1' }, 4)).total, 0);
  });

  it('says of each site how old its reading is', async () => {
    const publisher = await open('shop');
    await publisher.publish([level('A', '5', { minute: 3 }), level('A', '7', { site: 'graz', minute: 9 })]);
    const { items } = await (await StockBrowser.open(store)).items({ channel: 'shop' }, 10);
    assert.deepEqual(
      items.map(({ site, readAt }) => [site, readAt - START]),
      [
        ['graz', 9 * MINUTE],
        ['main', 3 * MINUTE],
      ],
    );
  });

  it('refuses a cursor that is none, and of another list', async () => {
    const publisher = await open('shop');
    await publisher.accept([level('A', '5'), level('B', '4')]);
    const browser = await StockBrowser.open(store);
    const { next } = await browser.items({}, 1);
    for (const after of ['x', 'W10', Buffer.from('["shop",1,"main"]').toString('base64url'), '🦊']) {
      await assert.rejects(browser.items({}, 1, after), failsWith('REQUEST_INVALID', 'permanent', /next/));
    }
    await assert.rejects(
      browser.items({ view: 'waiting' }, 1, next ?? ''),
      failsWith('REQUEST_INVALID', 'permanent', /next/),
    );
    await assert.rejects(
      browser.items({ channel: 'none' }, 1),
      failsWith('STOCK_CHANNEL_UNKNOWN', 'permanent', /Nothing was ever published/),
    );
  });

  it('lists what waits in the order in which it leaves, what is sold out, and what the broker refuses', async () => {
    const publisher = await open('shop');
    await publisher.publish([level('A', '5'), level('B', '5'), level('C', '5'), level('D', '5')]);
    shop.behave = ({ subject }) => {
      if (subject === 'D')
        throw new CrossdockError('Not allowed.', { code: 'CHANNEL_REFUSED', kind: 'permanent' });
      offline();
    };
    await publisher.accept([level('D', '4', { minute: 1 })]);
    await publisher.flush();
    await publisher.accept([level('A', '4', { minute: 2 })]);
    await publisher.accept([level('C', '0', { minute: 3 })]);
    const browser = await StockBrowser.open(store);
    const waiting = await all(browser, { channel: 'shop', view: 'waiting' }, 1);
    assert.deepEqual(skus(waiting.flat()), ['C', 'D', 'A']);
    assert.deepEqual(
      waiting.flat().map(({ waiting: wait, told, quantity }) => [wait?.first, told?.quantity, quantity]),
      [
        [true, '5', '0'],
        [false, '5', '4'],
        [false, '5', '4'],
      ],
    );
    assert.deepEqual(skus((await browser.items({ view: 'soldOut' }, 10)).items), ['C']);
    const [refused] = (await browser.items({ view: 'refused' }, 10)).items;
    assert.deepEqual([refused?.sku, refused?.refused], ['D', 'Not allowed.']);
  });

  it('says what is held back and why, with the oldest reading; age: less or nothing since a site is silent', async () => {
    const publisher = await open('shop', {
      buffer: '2',
      percent: '50',
      sites: [
        { site: 'wh1', publishAs: 'eu' },
        { site: 'wh2', publishAs: 'eu' },
      ],
      items: [{ sku: 'free', buffer: '0', percent: '100' }],
      bundles: [{ sku: 'SET', parts: [{ sku: 'A', quantity: '2' }] }],
      age: { limitMs: 30 * MINUTE, show: 'reduced', percent: '50' },
    });
    await publisher.publish([
      level('A', '10', { site: 'wh1', minute: 5 }),
      level('A', '4', { site: 'wh2', minute: 50 }),
      level('free', '9', { site: 'wh2', minute: 50 }),
    ]);
    await publisher.checkAge();
    const browser = await StockBrowser.open(store);
    const [a, set, free] = (await browser.items({ channel: 'shop' }, 10)).items;
    assert.deepEqual(
      [a?.sku, a?.available, a?.held, a?.quantity, a?.readAt, a?.silentSince],
      ['A', '14', { age: '5', buffer: '2', share: '4' }, '3', START + 5 * MINUTE, START + 5 * MINUTE],
    );
    assert.deepEqual(
      [set?.sku, set?.set, set?.available, set?.held, set?.quantity, set?.readAt],
      ['SET', true, '6', { age: '3', share: '2' }, '1', START + 5 * MINUTE],
    );
    assert.deepEqual([free?.sku, free?.held, free?.silentSince], ['free', {}, null]);
    assert.deepEqual(skus((await browser.items({ view: 'held' }, 10)).items), ['A', 'SET']);
    assert.deepEqual(skus((await browser.items({ view: 'age' }, 10)).items), ['A', 'SET']);
    // Read again, nothing new: as fresh as that, though nobody was told.
    await publisher.publish([level('A', '10', { site: 'wh1', minute: 20 })]);
    const again = (await browser.items({ channel: 'shop' }, 2)).items;
    assert.deepEqual(
      again.map(({ sku, readAt, sequence }) => [sku, readAt - START, sequence - begun + 1]),
      [
        ['A', 20 * MINUTE, 2],
        ['SET', 20 * MINUTE, 2],
      ],
    );
    const [card] = await browser.channels();
    assert.deepEqual(
      [card?.reduced, card?.zeroed, card?.age, card?.sites.map(({ site, silent }) => [site, silent])],
      [
        2,
        0,
        { limitMs: 30 * MINUTE, keepPercent: '50' },
        [
          ['wh1', true],
          ['wh2', false],
        ],
      ],
    );
  });

  it('explains an item across channels, step by step, with each reading', async () => {
    const web = await open('web', { buffer: '1', cap: '5', conditions: ['sellable'], minDaysToExpiry: 30 });
    const b2b = await open('b2b', {
      items: [{ sku: 'A', unit: 'XCS', perUnit: '6' }],
      bundles: [
        {
          sku: 'SET',
          parts: [
            { sku: 'A', quantity: '2' },
            { sku: 'B', quantity: '1' },
          ],
        },
      ],
      age: { limitMs: 30 * MINUTE, show: 'nothing' },
    });
    const now = new Date(Date.now() + 400 * 86_400_000).toISOString().slice(0, 10);
    const levels = [
      level('A', '20'),
      level('A', '9', { lot: 'L1', expiry: now }),
      level('A', '4', { lot: 'L2', expiry: '2026-01-01' }),
      level('A', '3', { condition: 'damaged' }),
      level('B', '4'),
    ];
    await web.publish(levels);
    await b2b.publish(levels);
    await b2b.checkAge();
    const browser = await StockBrowser.open(store);
    const found = await browser.item('A');
    const [ofB2b, ofWeb] = found.levels;
    assert.deepEqual(
      [ofWeb?.channel, ofWeb?.quantity, ofWeb?.explanation?.quantity, ofWeb?.explanation?.kept],
      ['web', '5', '5', undefined],
    );
    assert.deepEqual(ofWeb?.explanation?.steps, [
      { step: 'condition', taken: '3' },
      { step: 'expiry', taken: '4', days: 30 },
      { step: 'available', rest: '9', sites: [{ site: 'main', available: '9', silentSince: null }] },
      { step: 'buffer', taken: '1', rest: '8', setting: '1' },
      { step: 'cap', taken: '3', rest: '5', setting: '5' },
    ]);
    assert.deepEqual(
      ofWeb?.explanation?.readings.map(({ lot, condition, counts, available }) => [
        lot,
        condition,
        counts,
        available,
      ]),
      [
        [null, 'sellable', 'whole', '20'],
        [null, 'damaged', 'condition', '3'],
        ['L1', 'sellable', 'yes', '9'],
        ['L2', 'sellable', 'expiry', '4'],
      ],
    );
    assert.deepEqual(ofB2b?.explanation?.steps, [
      { step: 'condition', taken: '3' },
      { step: 'available', rest: '13', sites: [{ site: 'main', available: '13', silentSince: START }] },
      { step: 'age', taken: '13', rest: '0', setting: '0' },
      { step: 'unit', rest: '0', perUnit: '6', unit: 'XCS' },
    ]);
    assert.deepEqual(ofB2b?.excluded, { condition: '3' });
    const [set] = (await browser.item('SET')).levels;
    assert.deepEqual(set?.explanation?.steps, [
      {
        step: 'parts',
        rest: '4',
        parts: [
          {
            sku: 'A',
            quantity: '2',
            available: '13',
            held: { age: '13' },
            excluded: { condition: '3' },
            sets: '0',
            scarce: true,
          },
          {
            sku: 'B',
            quantity: '1',
            available: '4',
            held: { age: '4' },
            excluded: {},
            sets: '0',
            scarce: true,
          },
        ],
      },
      { step: 'age', taken: '4', rest: '0', setting: '0' },
    ]);
    await assert.rejects(browser.item('NONE'), failsWith('STOCK_ITEM_UNKNOWN', 'permanent', /No channel/));
  });

  it('says when a change is too small to be told, and what explains every quantity is the quantity', async () => {
    const publisher = await open('shop', { buffer: '1', threshold: { absolute: '10' } });
    await publisher.publish([level('A', '50')]);
    await publisher.publish([level('A', '47', { minute: 1 })]);
    const [one] = (await (await StockBrowser.open(store)).item('A')).levels;
    assert.deepEqual(
      [one?.quantity, one?.explanation?.quantity, one?.explanation?.kept, one?.readAt],
      ['49', '46', 'small', START + MINUTE],
    );
  });

  it('tells one item again before everything else, and notes who wanted it', async () => {
    const publisher = await open('shop');
    await publisher.publish([level('A', '5'), level('B', '5')]);
    shop.behave = offline;
    await publisher.accept([level('A', '4', { minute: 1 })]);
    const request = { channel: 'shop', site: 'main', sku: 'B', who: 'ines', channelName: 'web shop' };
    const browser = await StockBrowser.open(store);
    await tellAgain(store, request);
    publisher.hurry('main', 'B');
    assert.deepEqual(skus((await browser.items({ view: 'waiting' }, 10)).items), ['B', 'A']);
    shop.behave = () => undefined;
    shop.told.length = 0;
    await publisher.drain();
    assert.deepEqual(
      shop.told.map(({ item, published, sequence }) => [
        item.identifiers[0]?.value,
        published,
        sequence - begun + 1,
      ]),
      [
        ['B', '5', 1],
        ['A', '4', 2],
      ],
    );
    assert.equal((await browser.items({ view: 'waiting' }, 10)).items.length, 0);
    await assert.rejects(
      tellAgain(store, { ...request, sku: 'X' }),
      failsWith('STOCK_ITEM_UNKNOWN', 'permanent', /not told/),
    );
    const [audit] = await store.run([{ sql: 'SELECT who, action, note FROM crossdock_audit' }]);
    assert.deepEqual(
      audit?.rows.map((row) => [row['who'], row['action'], row['note']]),
      [['ines', 'stock.toldAgain', 'B · main · web shop']],
    );
  });

  it('writes the list as CSV, without anything that a spreadsheet would calculate', async () => {
    const publisher = await open('shop', { buffer: '2' });
    await publisher.publish([
      level('=1+1', '5', {
        item: { identifiers: [{ scheme: 'sku', value: '=1+1' }], description: '+A1, "x"' },
      }),
      level('-2', '0'),
    ]);
    const browser = await StockBrowser.open(store);
    let text = '';
    const page = browser.items.bind(browser);
    for await (const part of stockCsv(page, { channel: 'shop' }, 'de', () => '@shop')) text += part;
    const lines = text.split('\r\n');
    assert.match(lines[0] ?? '', /^\ufeffKanal,SKU,Bezeichnung,/);
    assert.match(
      lines[1] ?? '',
      new RegExp(`^'@shop,-2,Article -2,main,C62,0,0,0,,,0,${begun},0,${begun},2\\d{3}-`),
    );
    const figures = `C62,5,0,5,Sicherheitsbestand 2,,3,${begun},3,${begun},`;
    assert.ok(lines[2]?.startsWith(`'@shop,'=1+1,"'+A1, ""x""",main,${figures}`), lines[2]);
    assert.equal(lines.length, 4);
  });

  it('a policy of another version is shown without its reasons', async () => {
    const publisher = await open('shop', { buffer: '2' });
    await publisher.publish([level('A', '5')]);
    await store.run([{ sql: `UPDATE crossdock_inventory_channel SET policy = '{"new":1}'` }]);
    const browser = await StockBrowser.open(store);
    const [one] = (await browser.item('A')).levels;
    assert.deepEqual([one?.quantity, one?.explanation], ['3', null]);
    assert.equal((await browser.channels())[0]?.age, null);
  });
}
