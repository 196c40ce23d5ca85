/**
 * Change capture of one model, from the records' own write dates.
 *
 * A write date is when a transaction began; others see it when it has committed, in any order. So every reading goes
 * back behind the newest date by a window as long as a transaction may take, and what is known from before is passed
 * over. Odoo gives write dates to the second: a version that was read within its own second may be followed by another
 * one with the same date. So each is looked at again when its second is over and when the window is, and its contents
 * (a digest of all stored fields) say whether it is another one.
 *
 * Three more ways lead to the same ledger, so that nothing is delivered twice: hints (read back at once), the
 * comparison of all ids (finds deletions, and what came later than any window), and the back-fill.
 */
import type { Statement } from '../../store';
import { toRfc3339 } from '../call/read-values';
import type { OdooClient } from '../client/types';
import { compareLists, isNew, isOther } from './compare';
import { type Fill, type Known, LEFT, Ledger, type Position } from './ledger';
import { ChangeReader, type Content, type Stamp } from './reader';
import { addSeconds, earlier, later, odooNow } from './times';
import type { CaptureOptions, Found } from './types';

/** Changes that are read and committed together. */
const BITE = 200;
/** A short look covers this much; the whole window is read when it is cheap, and else ten times per window. */
const SHORT_SECONDS = 15;
const CHEAP_ROWS = 500;
/** Odoo's clock and its database's may differ a little. */
const SECOND_OVER = 2;

export class Capture {
  readonly #reader: ChangeReader;
  #ledger: Ledger | undefined;
  #position: Position | undefined;
  /** performance.now() and rows of the last reading of the whole window. */
  #wide = { at: Number.NEGATIVE_INFINITY, rows: 0 };
  /** The id behind which the running comparison goes on. */
  #comparing: number | undefined;
  #comparedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: OdooClient,
    private readonly options: CaptureOptions,
  ) {
    this.#reader = new ChangeReader(client, options.watched);
  }

  get model(): string {
    return this.options.watched.model;
  }

  /** The back-fill as it stands; undefined when none is under way. */
  get filling(): Fill | undefined {
    const fill = this.#position?.fill;
    return fill?.after === undefined ? undefined : fill;
  }

  get comparing(): boolean {
    return this.#comparing !== undefined;
  }

  /** Becomes the reader, unless another process is. Rejects like the store and `OdooClient.call`. */
  async acquire(): Promise<boolean> {
    const { store, capture, source, backfill } = this.options;
    this.#ledger ??= await Ledger.open(store, capture, source);
    const found = await this.#ledger.acquire();
    if (found === undefined) return false;
    // The first answer also brings Odoo's clock.
    await this.#reader.fields();
    if (found.comparedAt !== undefined) this.#comparedAt = performance.now() - (found.now - found.comparedAt);
    this.#position = found;
    const fillKey = backfill === undefined ? undefined : `${backfill.since ?? 'all'} ${backfill.run}`;
    if (found.liveFrom === undefined) {
      const start = addSeconds(odooNow(this.client), -this.options.windowSeconds);
      // With a back-fill, the last minutes before the start are the first look's.
      const position = fillKey === undefined ? await this.#baseline(start) : start;
      await this.#own.step([], [this.#own.move(position, start)]);
      this.#position = { ...found, position, liveFrom: start };
      if (fillKey !== undefined) await this.#beginFill(fillKey, start);
    } else if (fillKey !== undefined && fillKey !== found.fill.key) {
      // The second that runs now is partly past.
      await this.#beginFill(fillKey, addSeconds(later(odooNow(this.client), this.#at.position), 1));
    }
    return true;
  }

  renew(): Promise<void> {
    return this.#own.renew();
  }

  /** Lets another process read; safe when this one does not. */
  async release(): Promise<void> {
    if (this.#position === undefined) return;
    this.#position = undefined;
    await this.#own.release();
  }

  /** Reads what has changed since the last time, and what is due for another look. Returns how many changes there were. */
  async look(): Promise<number> {
    const { windowSeconds, pageSize } = this.options;
    const { position, liveFrom } = this.#at;
    const now = odooNow(this.client);
    // A database's clock that was set back must not leave the position in a future that is long in coming.
    const head = earlier(position, now);
    const wide = this.#isWideDue();
    const back = wide ? this.#reach : Math.min(SHORT_SECONDS, windowSeconds);
    const since = later(liveFrom, addSeconds(head, -back));
    let newest = position;
    let after = 0;
    let rows = 0;
    let changes = 0;
    for (;;) {
      const page = await this.#reader.stamps(since, after, pageSize);
      const last = page.length < pageSize;
      rows += page.length;
      for (const { version } of page) newest = later(newest, version);
      const known = await this.#own.known(page.map(({ id }) => id));
      const fresh = page.filter((stamp) => isNew(stamp, known.get(stamp.id)));
      // The position moves when all pages are in: they come by id, not by date.
      const end = last ? [this.#own.move(newest, liveFrom)] : [];
      changes += await this.#take(fresh, known, end, last && newest !== position);
      after = page.at(-1)?.id ?? after;
      if (last) break;
    }
    this.#position = { ...this.#at, position: newest };
    if (wide) this.#wide = { at: performance.now(), rows };
    return changes + (await this.#lookAgain(now));
  }

  /** Reads single records back: somebody said that they have changed, or are gone. */
  async readBack(ids: readonly number[]): Promise<number> {
    let changes = 0;
    for (let at = 0; at < ids.length; at += BITE) {
      const part = ids.slice(at, at + BITE);
      const known = await this.#own.known(part);
      const contents = await this.#reader.contents(part);
      const { liveFrom } = this.#at;
      const fresh = contents.filter((each) => isOther(each, known.get(each.id)) && each.version >= liveFrom);
      const there = new Set(contents.map(({ id }) => id));
      const missing = part.flatMap((id) => (there.has(id) ? [] : (known.get(id) ?? [])));
      changes += await this.#deliver(fresh, known, []);
      changes += await this.#gone(missing);
    }
    return changes;
  }

  /** Whether it is time to compare all ids. */
  get compareDue(): boolean {
    const { compareMs } = this.options;
    if (compareMs === 0) return false;
    return this.#comparing !== undefined || performance.now() - this.#comparedAt >= compareMs;
  }

  /** Compares one page of all ids, in Odoo and here. Returns how many changes there were. */
  async compare(): Promise<number> {
    const { pageSize } = this.options;
    const after = this.#comparing ?? 0;
    const [there, here] = await Promise.all([
      this.#reader.all(after, pageSize),
      this.#own.knownAfter(after, pageSize),
    ]);
    const { until, stamps, known, absent } = compareLists(there, here, pageSize);
    const first = this.#at.comparedAt === undefined;
    // What is this young is the business of the next look.
    const young = addSeconds(odooNow(this.client), -this.options.windowSeconds);
    const isBaseline = ({ id, version }: Stamp) => first && !known.has(id) && version < this.#at.liveFrom;
    const baseline = stamps.filter(isBaseline);
    const missed = stamps.filter(
      (stamp) => stamp.version < young && isNew(stamp, known.get(stamp.id)) && !isBaseline(stamp),
    );
    let changes = await this.#take(missed, known, [], false);
    changes += await this.#gone(absent);
    if (baseline.length > 0) {
      await this.#own.step(
        [],
        baseline.map(({ id, version }) => this.#own.noteOld(id, version)),
      );
    }
    this.#comparing = until;
    if (until === undefined) {
      await this.#own.step([], [this.#own.compared()]);
      this.#comparedAt = performance.now();
      this.#position = { ...this.#at, comparedAt: Date.now() };
    }
    return changes;
  }

  /** Reads one page of the back-fill. Returns how many records it held. */
  async fill(): Promise<number> {
    const { fill } = this.#at;
    const { key, until, after } = fill;
    if (key === undefined || until === undefined || after === undefined) return 0;
    const { backfill, pageSize, windowSeconds } = this.options;
    const page = await this.#reader.old(backfill?.since, until, after, pageSize);
    // What was written shortly before the beginning is known from the looks; or it will be, when it commits late.
    const young = later(this.#at.liveFrom, addSeconds(until, -windowSeconds));
    const known = await this.#own.known(page.flatMap(({ id, version }) => (version >= young ? [id] : [])));
    const isLive = ({ id, version }: Stamp) => version >= young && known.get(id)?.n !== 0;
    const found = page
      .filter((each) => !isLive(each))
      .map(
        ({ id, version, values }): Found => ({
          change: {
            model: this.model,
            id,
            operation: 'changed',
            values,
            writeDate: toRfc3339(version),
            backfill: true,
          },
          deliveryId: `fill ${key}:${this.model}:${id}:${version}`,
        }),
      );
    const old = this.#keeps ? page.filter(({ version }) => version < young) : [];
    const notes = old.map(({ id, version }) => this.#own.noteOld(id, version));
    const last = page.length < pageSize;
    const next = { ...fill, after: last ? undefined : page.at(-1)?.id, done: fill.done + page.length };
    await this.#commit(found, [...notes, this.#own.fill(next)]);
    this.#position = { ...this.#at, fill: next };
    return page.length;
  }

  get #own(): Ledger {
    if (this.#ledger === undefined) throw new Error('the capture is not open');
    return this.#ledger;
  }

  get #at(): Position & { readonly position: string; readonly liveFrom: string } {
    const { position, liveFrom } = this.#position ?? {};
    if (this.#position === undefined || position === undefined || liveFrom === undefined) {
      throw new Error('the capture is not being read here');
    }
    return { ...this.#position, position, liveFrom };
  }

  /** Whether settled records stay known: only the comparison asks for them. */
  get #keeps(): boolean {
    return this.options.compareMs > 0;
  }

  /** The beginning without a back-fill: what was written before is no news. Returns the newest write date. */
  async #baseline(start: string): Promise<string> {
    let after = 0;
    let newest = start;
    for (;;) {
      const page = await this.#reader.stamps(start, after, BITE);
      const known = (await this.#reader.contents(page.map(({ id }) => id))).map(({ id, version, digest }) => {
        newest = later(newest, version);
        return this.#own.note({ id, version, n: 0, digest, due: addSeconds(version, SECOND_OVER) });
      });
      if (known.length > 0) await this.#own.step([], known);
      after = page.at(-1)?.id ?? after;
      if (page.length < BITE) return newest;
    }
  }

  async #beginFill(key: string, until: string): Promise<void> {
    const total = await this.#reader.countOld(this.options.backfill?.since, until);
    const fill: Fill = { key, until, after: 0, done: 0, total };
    await this.#own.step([], [this.#own.fill(fill)]);
    this.#position = { ...this.#at, fill };
  }

  /** Seconds: the window, and as much as the position may have moved since the last look that covered it all. */
  get #reach(): number {
    return Math.ceil(this.options.windowSeconds * 1.1) + SECOND_OVER;
  }

  #isWideDue(): boolean {
    const tenth = this.options.windowSeconds * 100;
    return this.#wide.rows <= CHEAP_ROWS || performance.now() - this.#wide.at >= tenth;
  }

  /** Reads and delivers what is new, in bites; `end` goes with the last one (or alone, when `always` is set). */
  async #take(
    fresh: readonly Stamp[],
    known: ReadonlyMap<number, Known>,
    end: readonly Statement[],
    always: boolean,
  ): Promise<number> {
    let changes = 0;
    for (let at = 0; at < fresh.length; at += BITE) {
      const part = fresh.slice(at, at + BITE);
      const contents = await this.#reader.contents(part.map(({ id }) => id));
      const last = at + BITE >= fresh.length;
      changes += await this.#deliver(contents, known, last ? end : []);
    }
    if (fresh.length === 0 && always) await this.#own.step([], end);
    return changes;
  }

  /** One unit: the messages of these records, their versions, and `also`. */
  async #deliver(
    contents: readonly Content[],
    known: ReadonlyMap<number, Known>,
    also: readonly Statement[],
  ): Promise<number> {
    const { liveFrom, position } = this.#at;
    // Older ones may have been known, and forgotten since they were settled.
    const recently = later(liveFrom, addSeconds(position, -this.options.windowSeconds));
    const found: Found[] = [];
    const notes: Statement[] = [];
    for (const content of contents) {
      const { id, version, values, digest, createdAt } = content;
      const old = known.get(id);
      const n = old?.version === version ? old.n + 1 : 1;
      notes.push(this.#own.note({ id, version, n, digest, due: addSeconds(version, SECOND_OVER) }));
      const operation = old === undefined && createdAt >= recently ? 'created' : 'changed';
      found.push({
        change: { model: this.model, id, operation, values, writeDate: toRfc3339(version) },
        deliveryId: `${this.model}:${id}:${version}:${n}`,
      });
    }
    if (found.length === 0 && also.length === 0) return 0;
    return this.#commit(found, [...notes, ...also]);
  }

  /** Looks once more at records that may have changed again under the same date. */
  async #lookAgain(now: string): Promise<number> {
    const due = await this.#own.due(now, BITE);
    if (due.length === 0) return 0;
    const contents = new Map(
      (await this.#reader.contents(due.map(({ id }) => id))).map((each) => [each.id, each]),
    );
    const known = new Map(due.map((each) => [each.id, each]));
    const changed: Content[] = [];
    const settled: Statement[] = [];
    const missing: Known[] = [];
    for (const old of due) {
      const content = contents.get(old.id);
      if (content === undefined) missing.push(old);
      else if (content.version !== old.version || (old.digest !== '' && content.digest !== old.digest))
        changed.push(content);
      else settled.push(this.#afterLook(old, now));
    }
    const changes = await this.#deliver(changed, known, settled);
    return changes + (await this.#gone(missing));
  }

  /** Another look when the window is over; then it is settled. */
  #afterLook({ id, version, digest }: Known, now: string): Statement {
    const { windowSeconds } = this.options;
    const end = addSeconds(version, windowSeconds + SECOND_OVER);
    if (now < end && digest !== '') return this.#own.setDue(id, end);
    if (this.#keeps) return this.#own.setDue(id, undefined);
    // As long as looks go back behind it (nothing newer has come), it must stay known.
    const reach = addSeconds(this.#at.position, -this.#reach);
    return version < reach ? this.#own.forget(id) : this.#own.setDue(id, addSeconds(now, windowSeconds));
  }

  /** Records that were known and are not found any more: deleted, or changed so that they do not match. */
  async #gone(missing: readonly Known[]): Promise<number> {
    const left = missing.filter(({ digest }) => digest !== LEFT);
    if (missing.length === 0) return 0;
    const existing = await this.#reader.existing(missing.map(({ id }) => id));
    const found: Found[] = [];
    const notes: Statement[] = [];
    for (const old of left) {
      const { id, version, n } = old;
      const exists = existing.has(id);
      const operation = exists ? 'left' : 'deleted';
      found.push({
        change: { model: this.model, id, operation, writeDate: toRfc3339(version) },
        deliveryId: `${this.model}:${id}:${operation}:${version}:${n + 1}`,
      });
      notes.push(
        exists ? this.#own.note({ ...old, n: n + 1, digest: LEFT, due: undefined }) : this.#own.forget(id),
      );
    }
    for (const { id, digest } of missing) {
      if (digest !== LEFT) continue;
      notes.push(existing.has(id) && this.#keeps ? this.#own.setDue(id, undefined) : this.#own.forget(id));
    }
    return this.#commit(found, notes);
  }

  async #commit(found: readonly Found[], statements: readonly Statement[]): Promise<number> {
    const incoming = await this.options.messages(found, await this.#reader.fields());
    const added = await this.#own.step(incoming, statements);
    if (added > 0) this.options.arrived(added);
    return found.length;
  }
}
