/**
 * What the sources say, taken in and computed into what the channel is to know: readings in batches, sites that fall
 * silent or speak again, complete readings, snapshots.
 */
import type { ObservedInventoryLevel } from '../canonical/inventory-level';
import type { Problem } from '../errors';
import type { Store } from '../store/types';
import { takeDirect, wholes } from './direct';
import type { Lane } from './lane';
import { HEARD_SQL, observe, type Reading, readingOf } from './observed';
import type { Policy } from './policy';
import { settle } from './settle';
import { Silences } from './silence';

/** Rows per unit of work: bounds how long one unit holds the single writer. */
const ROWS_PER_UNIT = 1024;
/** Items that are computed in one unit. */
const ITEMS_PER_UNIT = 512;

export interface AcceptResult {
  /** Readings after which the channel is to be told something new. */
  readonly changed: number;
  readonly unchanged: number;
  /** Readings that are older than what is known. */
  readonly stale: number;
  /** Readings of sites that the channel does not sell from, or by somebody who is not their system of record. */
  readonly ignored: number;
  /** Readings that cannot be used, by their index. */
  readonly invalid: ReadonlyArray<{ readonly index: number; readonly problems: readonly Problem[] }>;
}

type Call = {
  readonly readings: readonly Reading[];
  readonly resolve: (counts: { changed: number; unchanged: number; stale: number }) => void;
  readonly reject: (error: unknown) => void;
};

export class Intake {
  readonly #store: Store;
  readonly #channelId: string;
  readonly #policy: Policy;
  readonly #now: () => number;
  readonly #silences: Silences;
  readonly #lane: Lane;
  #calls: Call[] = [];
  #accepting: Promise<void> | undefined;
  #closed = false;

  /** @param lane gets what is to be published */
  constructor(store: Store, channelId: string, policy: Policy, now: () => number, lane: Lane) {
    this.#store = store;
    this.#channelId = channelId;
    this.#policy = policy;
    this.#now = now;
    this.#lane = lane;
    this.#silences = new Silences(store, channelId, policy);
  }

  /** Computes what an earlier process observed and did not come to compute, and everything when the policy is another. */
  async recover(policyText: string): Promise<void> {
    await this.#lane.compute(async () => {
      await this.#silences.load();
      await this.#silences.adoptPolicy(policyText);
      await this.#settleDirty();
    });
  }

  /**
   * Takes readings in; durable when it resolves. The sequence of a key moves only when its quantity changes, and an
   * older reading (`asOf`) never overwrites a newer one. Of several readings of one key the newest counts, the others
   * are stale. Calls that come while one is under way are taken in together. Rejects with the store's errors.
   */
  async accept(levels: readonly ObservedInventoryLevel[]): Promise<AcceptResult> {
    const newest = new Map<string, Reading>();
    const invalid: Array<{ index: number; problems: Problem[] }> = [];
    const now = this.#now();
    let ignored = 0;
    let older = 0;
    for (const [index, level] of levels.entries()) {
      const checked = readingOf(level, this.#policy, now);
      if ('problems' in checked) invalid.push({ index, problems: checked.problems });
      else if ('ignored' in checked) ignored += 1;
      else if (!keepNewest(newest, checked.reading)) older += 1;
    }
    const counts = await this.#enqueue([...newest.values()]);
    return { ...counts, stale: counts.stale + older, ignored, invalid };
  }

  /**
   * A source has read all of a site, since `since` (ms): what it did not speak of is no longer there (an archived
   * article), and is published as 0.
   */
  async complete(site: string, since: number): Promise<number> {
    return this.#lane.compute(async () => {
      const gone = await this.#silences.retire(site, since);
      await this.#settleDirty();
      return gone;
    });
  }

  /** The source of a site is alive, though nothing has changed: its stock is as fresh as `asOf` (ms). */
  async heard(site: string, asOf: number = this.#now()): Promise<void> {
    await this.#store.run([{ sql: HEARD_SQL, params: [this.#channelId, site, asOf] }]);
    await this.checkAge();
  }

  /**
   * Finds sites that have been silent for longer than the policy accepts, or that speak again, and computes their items
   * anew. To be called now and then. @returns the sites that are silent
   */
  async checkAge(): Promise<readonly string[]> {
    return this.#lane.compute(async () => {
      if (await this.#silences.check(this.#now())) await this.#settleDirty();
      return [...this.#silences.stale.keys()];
    });
  }

  /** Publishes everything once more, as it stands (same sequence, same event): for a channel that may have missed something. */
  async snapshot(): Promise<number> {
    let marked: number;
    try {
      marked = await this.#silences.markAll(() => this.#closed);
    } finally {
      // Also what was marked until the store failed is found there only.
      this.#lane.stored = true;
    }
    // Last, so that a crash in between begins it again.
    await this.#silences.snapshotTaken();
    return marked;
  }

  /** A snapshot, when the last one is so many ms ago (or the first start). @returns whether one was taken */
  async snapshotWhenDue(everyMs: number): Promise<boolean> {
    if (!(await this.#silences.snapshotDue(everyMs))) return false;
    await this.snapshot();
    return true;
  }

  /** Takes nothing more in and waits for what runs. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#accepting;
    await this.#lane.compute(async () => undefined);
  }

  #enqueue(readings: readonly Reading[]): Promise<{ changed: number; unchanged: number; stale: number }> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ readings, resolve, reject });
      this.#accepting ??= this.#acceptAll().finally(() => {
        this.#accepting = undefined;
      });
    });
  }

  /** While one batch is being taken in, what comes gathers for the next. */
  async #acceptAll(): Promise<void> {
    while (this.#calls.length > 0) {
      const calls = this.#calls;
      this.#calls = [];
      try {
        const newest = new Map<string, Reading>();
        for (const { readings } of calls) for (const reading of readings) keepNewest(newest, reading);
        const { known, moved } = await this.#lane.compute(() => this.#take([...newest.values()]));
        for (const { readings, resolve } of calls) resolve(countsOf(readings, newest, known, moved));
      } catch (error) {
        for (const { reject } of calls) reject(error);
      }
    }
  }

  async #take(readings: readonly Reading[]): Promise<{ known: Set<string>; moved: Set<string> }> {
    const known = new Set<string>();
    const moved = new Set<string>();
    const heard = new Map<string, number>();
    for (const { site, asOf } of readings) heard.set(site, Math.max(asOf, heard.get(site) ?? 0));
    for (let from = 0; from < readings.length; from += ROWS_PER_UNIT) {
      const unit = readings.slice(from, from + ROWS_PER_UNIT);
      const rest = this.#store.exclusive ? await this.#direct(unit, known, moved) : unit;
      if (rest.length > 0) await this.#observe(rest, known, moved);
    }
    if (heard.size > 0) {
      const said = [...heard].map(([site, asOf]) => ({
        sql: HEARD_SQL,
        params: [this.#channelId, site, asOf],
      }));
      await this.#store.run(said);
      // A site that was silent speaks again: its other items are as they were said last.
      if (this.#silences.anyOf(heard.keys()) && (await this.#silences.check(this.#now())))
        await this.#settleDirty();
    }
    return { known, moved };
  }

  /** @returns what has to go the long way */
  async #direct(
    unit: readonly Reading[],
    known: Set<string>,
    moved: Set<string>,
  ): Promise<readonly Reading[]> {
    const { stale } = this.#silences;
    const flying = (key: string) => this.#lane.pass?.flying(key);
    const taken = await takeDirect(
      this.#store,
      this.#channelId,
      this.#policy,
      stale,
      unit,
      this.#now(),
      flying,
    );
    for (const { site, sku, part } of taken.known) known.add(keyOf(site, sku, part));
    for (const { sku } of taken.moved) moved.add(sku);
    this.#lane.offer(taken.moved);
    return taken.rest;
  }

  async #observe(unit: readonly Reading[], known: Set<string>, moved: Set<string>): Promise<void> {
    const whole = this.#store.exclusive
      ? wholes(
          this.#channelId,
          unit.map(({ sku }) => sku),
        )
      : [];
    const results = await this.#store.run([...whole, ...observe(this.#channelId, unit)]);
    const dirty = new Set<string>();
    for (const row of results.slice(whole.length).flatMap((result) => result.rows)) {
      known.add(keyOf(String(row.site), String(row.sku), String(row.part)));
      if (Number(row.dirty) === 1) dirty.add(String(row.sku));
    }
    for (const sku of await this.#settle([...dirty])) moved.add(sku);
  }

  async #settle(skus: readonly string[]): Promise<Set<string>> {
    const moved = new Set<string>();
    for (let from = 0; from < skus.length; from += ITEMS_PER_UNIT) {
      const items = skus.slice(from, from + ITEMS_PER_UNIT);
      const settled = await settle(
        this.#store,
        this.#channelId,
        this.#policy,
        this.#silences,
        items,
        this.#now(),
      );
      for (const { sku } of settled.moved) {
        moved.add(sku);
        for (const part of this.#policy.bundles.get(sku) ?? []) moved.add(part.sku);
      }
      this.#lane.supersede(settled.moved, settled.urgent);
    }
    return moved;
  }

  async #settleDirty(): Promise<void> {
    for (let after = ''; !this.#closed; ) {
      const skus = await this.#silences.dirty(after, ITEMS_PER_UNIT);
      const last = skus.at(-1);
      if (last === undefined) return;
      await this.#settle(skus);
      after = last;
    }
  }
}

const keyOf = (site: string, sku: string, part: string): string =>
  `${site.length}:${site}${sku.length}:${sku}${part}`;

/** @returns false when one of the two is older and so counts for nothing */
function keepNewest(newest: Map<string, Reading>, reading: Reading): boolean {
  const key = keyOf(reading.site, reading.sku, reading.part);
  const other = newest.get(key);
  if (other === undefined || other.asOf <= reading.asOf) newest.set(key, reading);
  return other === undefined;
}

function countsOf(
  readings: readonly Reading[],
  newest: ReadonlyMap<string, Reading>,
  known: ReadonlySet<string>,
  moved: ReadonlySet<string>,
): { changed: number; unchanged: number; stale: number } {
  const counts = { changed: 0, unchanged: 0, stale: 0 };
  for (const reading of readings) {
    const key = keyOf(reading.site, reading.sku, reading.part);
    if (newest.get(key) !== reading || !known.has(key)) counts.stale += 1;
    else if (moved.has(reading.sku)) counts.changed += 1;
    else counts.unchanged += 1;
  }
  return counts;
}
