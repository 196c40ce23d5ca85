/**
 * The read side of stock for people: channels at a glance, items page by page, one item with the reasons. Reads only; what
 * counts much is asked again the more seldom the longer it took.
 */
import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import { CrossdockError } from '../errors';
import { REPLAY_SCHEMA } from '../replay';
import type { Row, Statement, Store } from '../store/types';
import {
  browseMigration,
  CHANNELS_SQL,
  countStatement,
  countStatements,
  cursorText,
  levelsOf,
  marksStatement,
  OLDEST_SQL,
  observedOf,
  orderOf,
  pageStatement,
  readCursor,
  readingTimes,
  SITES_SQL,
} from './browse-sql';
import type { Detail } from './desired';
import { explain, type Observed } from './explain';
import { type ChannelPolicy, checkedPolicy, type Policy, siteOf } from './policy';
import { Remembered } from './remembered';
import { inventoryMigration } from './schema';
import type {
  StockChannel,
  StockCounts,
  StockDetail,
  StockFilter,
  StockItem,
  StockPage,
  StockSite,
} from './stock';

interface Known {
  readonly id: string;
  readonly snapshotAt: number;
  readonly policy: Policy | undefined;
  readonly sites: readonly StockSite[];
  /** Silent sites of the sources -> when they were last heard, ms. */
  readonly silent: ReadonlyMap<string, number>;
}

/** Counts may take so little of the store's time: the next one waits this many times as long as the last one took. */
const COUNT_REST = 20;
const OLDEST_REST = 100;
/** Parameters that one statement takes beside its channel. */
const SKUS_AT_ONCE = 500;
const MOST_MARKS = 1000;

export class StockBrowser {
  readonly #store: Store;
  readonly #policies = new Map<string, { readonly text: string; readonly policy: Policy | undefined }>();
  readonly #counts = new Remembered<StockCounts>(COUNT_REST);
  readonly #totals = new Remembered<number>(COUNT_REST);
  readonly #oldest = new Remembered<number | null>(OLDEST_REST);

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Brings the tables and the indexes for looking at them up to date. Rejects with the store's errors. */
  static async open(store: Store): Promise<StockBrowser> {
    await store.migrate(inventoryMigration);
    await store.migrate(browseMigration);
    // Who has something told again is noted there.
    await store.migrate(REPLAY_SCHEMA);
    return new StockBrowser(store);
  }

  /** Every channel that was ever published to, at most 200; counts are at most a minute old, mostly a second. */
  async channels(): Promise<StockChannel[]> {
    const known = await this.#known();
    return Promise.all(
      known.map(async ({ id, snapshotAt, policy, sites }) => {
        const [counts, oldestReadAt] = await Promise.all([
          this.#counts.get(id, () => this.#count(id)),
          this.#oldest.get(id, () => this.#oldestOf(id)),
        ]);
        const { age } = policy ?? {};
        const keep = age === undefined ? null : { limitMs: age.limitMs, keepPercent: percent(age.keep) };
        return { id, ...counts, sites, oldestReadAt, snapshotAt, age: keep };
      }),
    );
  }

  /**
   * Items, by SKU; those that wait in the order in which they leave.
   * @param after `next` of the page before. Throws REQUEST_INVALID, STOCK_CHANNEL_UNKNOWN (permanent)
   */
  async items(filter: StockFilter, limit: number, after?: string): Promise<StockPage> {
    const { view = 'all' } = filter;
    const cursor = after === undefined || after === '' ? undefined : readCursor(after, view);
    const channels = await this.#chosen(filter.channel);
    if (channels.length === 0) return { items: [], next: null, total: 0 };
    const [rows, total] = await Promise.all([
      this.#rows(pageStatement(channels, filter, limit + 1, cursor)),
      cursor === undefined ? this.#total(channels, filter) : null,
    ]);
    const shown = rows.slice(0, limit);
    const items = shown.map((row) => itemOf(row, channels[Number(row['ordinal'])]?.id ?? ''));
    const last = rows.length > limit ? shown.at(-1) : undefined;
    const end = items.at(-1);
    const values = orderOf(view).map((column) => last?.[column] as string | number);
    return {
      items: await this.#withTimes(items, channels),
      next: last === undefined || end === undefined ? null : cursorText({ channel: end.channel, values }),
      total,
    };
  }

  /**
   * Where the pages of a long list begin, so that a far one can be asked for at once: the `after` of the second page of
   * `every` items, of the third ... at most 1000. Throws as `items` does.
   */
  async marks(filter: StockFilter & { readonly channel: string }, every: number): Promise<string[]> {
    const [{ id } = { id: '' }] = await this.#chosen(filter.channel);
    const rows = await this.#rows(marksStatement(id, filter, every, MOST_MARKS));
    const order = orderOf(filter.view ?? 'all');
    return rows.map((row) =>
      cursorText({ channel: id, values: order.map((column) => row[column] as string | number) }),
    );
  }

  /** What every channel is told of an item, and why. Throws STOCK_ITEM_UNKNOWN (permanent). */
  async item(sku: string): Promise<StockDetail> {
    const channels = await this.#known();
    const needed = channels.map(({ policy }) => [
      sku,
      ...(policy?.bundles.get(sku) ?? []).map((part) => part.sku).slice(0, SKUS_AT_ONCE - 1),
    ]);
    const results = await this.#store.run([
      ...channels.map(({ id }) => levelsOf(id, sku)),
      ...channels.map(({ id }, at) => observedOf(id, needed[at] ?? [sku])),
    ]);
    const now = Date.now();
    const levels = channels.flatMap(({ id, policy, silent }, at) => {
      const observed = (results[channels.length + at]?.rows ?? []).map(observedRow);
      return (results[at]?.rows ?? []).map((row) => {
        const item = itemOf(row, id);
        const explanation = policy === undefined ? null : explain(item, observed, policy, silent, now);
        const times = (explanation?.readings ?? [])
          .filter(({ counts }) => counts !== 'gone')
          .map(({ readAt }) => readAt);
        return { ...item, readAt: times.length === 0 ? item.readAt : Math.min(...times), explanation };
      });
    });
    if (levels.length === 0) throw unknown('STOCK_ITEM_UNKNOWN', 'No channel is told of this item.');
    return { sku, levels };
  }

  /** What was counted no longer holds: a person has done something and looks at what follows. */
  forget(): void {
    this.#counts.forget();
    this.#totals.forget();
  }

  async #chosen(channel: string | undefined): Promise<Known[]> {
    const known = await this.#known();
    if (channel === undefined) return known;
    const found = known.filter(({ id }) => id === channel);
    if (found.length === 0)
      throw unknown('STOCK_CHANNEL_UNKNOWN', 'Nothing was ever published to this channel.');
    return found;
  }

  async #known(): Promise<Known[]> {
    const [channels, sites] = await this.#store.run([{ sql: CHANNELS_SQL }, { sql: SITES_SQL }]);
    return (channels?.rows ?? []).map((row) => {
      const id = String(row['channel']);
      const policy = this.#policy(id, String(row['policy']));
      const ofChannel = (sites?.rows ?? [])
        .filter((site) => site['channel'] === id)
        .map((site) => siteRow(site, policy));
      const silent = ofChannel
        .filter((site) => site.silent)
        .map(({ site, heardAt }) => [site, heardAt] as const);
      return {
        id,
        snapshotAt: Number(row['snapshot_at']),
        policy,
        sites: ofChannel,
        silent: new Map(silent),
      };
    });
  }

  /** Read once per text; undefined when it was written by a version that this one does not understand. */
  #policy(channel: string, text: string): Policy | undefined {
    const known = this.#policies.get(channel);
    if (known?.text === text) return known.policy;
    const policy = policyOf(text);
    this.#policies.set(channel, { text, policy });
    return policy;
  }

  async #count(channel: string): Promise<StockCounts> {
    const [keys, pending, soldOut, refused, silent] = (await this.#store.run(countStatements(channel))).map(
      (result) => result.rows[0],
    );
    const waiting = Number(pending?.['pending'] ?? 0);
    return {
      keys: Number(keys?.['n'] ?? 0),
      waiting,
      first: Number(pending?.['urgent'] ?? 0),
      since: waiting === 0 ? null : Number(pending?.['since']),
      soldOut: Number(soldOut?.['n'] ?? 0),
      refused: Number(refused?.['n'] ?? 0),
      reduced: Number(silent?.['reduced'] ?? 0),
      zeroed: Number(silent?.['zeroed'] ?? 0),
    };
  }

  async #oldestOf(channel: string): Promise<number | null> {
    const [row] = await this.#rows({ sql: OLDEST_SQL, params: [channel] });
    return row === undefined || row['oldest'] === null ? null : Number(row['oldest']);
  }

  async #total(channels: readonly Known[], filter: StockFilter): Promise<number> {
    const counts = await Promise.all(
      channels.map(({ id }) =>
        this.#totals.get(JSON.stringify([id, filter.view, filter.q]), async () => {
          const [row] = await this.#rows(countStatement(id, filter));
          return Number(row?.['n'] ?? 0);
        }),
      ),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Sets are as old as the oldest reading of their parts. */
  async #withTimes(items: readonly StockItem[], channels: readonly Known[]): Promise<readonly StockItem[]> {
    const sets = items.filter((item) => item.set);
    if (sets.length === 0) return items;
    const statements = channels.flatMap(({ id, policy }) => {
      const ofChannel = sets.filter((set) => set.channel === id);
      const parts = ofChannel.flatMap(({ sku }) => policy?.bundles.get(sku) ?? []);
      const skus = [...new Set(parts.map(({ sku }) => sku))];
      const cuts = Array.from(
        { length: Math.ceil(skus.length / SKUS_AT_ONCE) },
        (_, at) => at * SKUS_AT_ONCE,
      );
      return cuts.map((cut) => ({ id, statement: readingTimes(id, skus.slice(cut, cut + SKUS_AT_ONCE)) }));
    });
    if (statements.length === 0) return items;
    const results = await this.#store.run(statements.map(({ statement }) => statement));
    const times = new Map<string, number>();
    for (const [at, { rows }] of results.entries()) {
      const { id = '', policy } = channels.find((channel) => channel.id === statements[at]?.id) ?? {};
      for (const row of rows) {
        const site = policy && siteOf(policy, String(row['site']))?.publishAs;
        const key = JSON.stringify([id, site, row['sku']]);
        times.set(key, Math.min(times.get(key) ?? Number.POSITIVE_INFINITY, Number(row['read_at'])));
      }
    }
    return items.map((item) => {
      if (!item.set) return item;
      const { policy } = channels.find(({ id }) => id === item.channel) ?? {};
      const read = (policy?.bundles.get(item.sku) ?? []).flatMap(
        ({ sku }) => times.get(JSON.stringify([item.channel, item.site, sku])) ?? [],
      );
      return read.length === 0 ? item : { ...item, readAt: Math.min(...read) };
    });
  }

  async #rows(statement: Statement): Promise<readonly Row[]> {
    const [result] = await this.#store.run([statement]);
    return result?.rows ?? [];
  }
}

function percent(keep: { toString(): string; times(by: string): { toString(): string } }): string {
  return keep.times('100').toString();
}

/** As the publisher writes it down. */
function policyOf(text: string): Policy | undefined {
  try {
    const [policy, buffer] = JSON.parse(text) as [ChannelPolicy, string];
    return checkedPolicy({ ...(buffer === '' ? {} : { buffer }), ...policy });
  } catch {
    return undefined;
  }
}

function siteRow(row: Row, policy: Policy | undefined): StockSite {
  const site = String(row['site']);
  return {
    site,
    publishAs: policy === undefined ? site : (siteOf(policy, site)?.publishAs ?? null),
    heardAt: Number(row['heard_at']),
    silent: Number(row['stale']) === 1,
  };
}

type Body = Pick<ObservedInventoryLevel, 'item' | 'unit' | 'onHand' | 'reserved' | 'available'>;

function itemOf(row: Row, channel: string): StockItem {
  const body = JSON.parse(String(row['body'])) as Body;
  const detail = JSON.parse(String(row['detail'])) as Partial<Detail>;
  const pending = Number(row['pending']) === 1;
  const told = row['published_quantity'];
  return {
    channel,
    site: String(row['site']),
    sku: String(row['sku']),
    description: body.item.description ?? null,
    unit: body.unit,
    onHand: body.onHand,
    reserved: body.reserved,
    available: detail.available ?? body.available,
    held: detail.held ?? {},
    excluded: detail.excluded ?? {},
    set: detail.set ?? false,
    quantity: String(row['quantity']),
    sequence: Number(row['sequence']),
    told:
      told === null
        ? null
        : {
            quantity: String(told),
            sequence: Number(row['published_sequence']),
            at: Number(row['published_at']),
          },
    waiting: pending ? { since: Number(row['pending_since']), first: Number(row['urgency']) === 0 } : null,
    refused: row['problem'] === null ? null : String(row['problem']),
    readAt: Number(row['read_at'] ?? row['as_of']),
    silentSince: row['stale_since'] === null ? null : Number(row['stale_since']),
  };
}

function observedRow(row: Row): Observed {
  return {
    sku: String(row['sku']),
    site: String(row['site']),
    part: String(row['part']),
    asOf: Number(row['as_of']),
    available: String(row['available']),
    condition: String(row['condition']),
    expiry: String(row['expiry']),
    body: String(row['body']),
    gone: Number(row['gone']) === 1,
    dirty: Number(row['dirty']) === 1,
  };
}

function unknown(code: string, message: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent' });
}
