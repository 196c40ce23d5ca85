/**
 * Which sites are silent, and what follows for all their items: a source that has not been heard of for longer than the
 * channel accepts makes its items dirty, so that they are computed with the policy's reduction; so does its return.
 */
import type { Store } from '../store/types';
import type { Policy } from './policy';

/** Items per unit: what else uses the store goes on in between. */
const BITE = 2000;

export class Silences {
  /** Silent sites -> when they were last heard, ms. */
  readonly stale = new Map<string, number>();

  constructor(
    readonly store: Store,
    readonly channel: string,
    readonly policy: Policy,
  ) {}

  async load(): Promise<void> {
    const sql = 'SELECT site, heard_at FROM crossdock_inventory_site WHERE channel = ? AND stale = 1';
    const [result] = await this.store.run([{ sql, params: [this.channel] }]);
    for (const row of result?.rows ?? []) this.stale.set(String(row.site), Number(row.heard_at));
  }

  /** Another policy than the last time: everything is computed anew, whatever it was computed from. */
  async adoptPolicy(policy: string): Promise<void> {
    const known = 'SELECT policy FROM crossdock_inventory_channel WHERE channel = ?';
    const [result] = await this.store.run([{ sql: known, params: [this.channel] }]);
    if (result?.rows[0]?.policy === policy) return;
    await this.#dirtyAll();
    await this.store.run([
      { sql: 'UPDATE crossdock_inventory_level SET basis = 0 WHERE channel = ?', params: [this.channel] },
      {
        sql: `INSERT INTO crossdock_inventory_channel (channel, policy, snapshot_at) VALUES (?, ?, {now})
          ON CONFLICT (channel) DO UPDATE SET policy = excluded.policy`,
        params: [this.channel, policy],
      },
    ]);
  }

  anyOf(sites: Iterable<string>): boolean {
    for (const site of sites) if (this.stale.has(site)) return true;
    return false;
  }

  /** @returns whether some site has become silent, or speaks again; its items are dirty then */
  async check(now: number): Promise<boolean> {
    const { age } = this.policy;
    if (age === undefined && this.stale.size === 0) return false;
    const sql = 'SELECT site, heard_at, stale FROM crossdock_inventory_site WHERE channel = ?';
    const [result] = await this.store.run([{ sql, params: [this.channel] }]);
    let changed = false;
    for (const row of result?.rows ?? []) {
      const site = String(row.site);
      const heardAt = Number(row.heard_at);
      const silent = age !== undefined && now - heardAt > age.limitMs;
      if (silent === (Number(row.stale) === 1)) continue;
      changed = true;
      if (silent) this.stale.set(site, heardAt);
      else this.stale.delete(site);
      await this.#dirtySite(site);
      // Last, so that a crash in between finds the site as it was and does it again.
      await this.store.run([
        {
          sql: 'UPDATE crossdock_inventory_site SET stale = ? WHERE channel = ? AND site = ?',
          params: [silent ? 1 : 0, this.channel, site],
        },
      ]);
    }
    return changed;
  }

  /** What a complete reading of a site, begun at `since`, did not speak of is gone. @returns how many */
  async retire(site: string, since: number): Promise<number> {
    const [result] = await this.store.run([
      {
        sql: `UPDATE crossdock_inventory_observed SET available = '0', gone = 1, revision = revision + 1, dirty = 1
          WHERE channel = ? AND site = ? AND as_of < ? AND available <> '0'`,
        params: [this.channel, site, since],
      },
    ]);
    return result?.changes ?? 0;
  }

  /** Items that are to be computed, by SKU after `after`. */
  async dirty(after: string, limit: number): Promise<string[]> {
    const sql = `SELECT DISTINCT sku FROM crossdock_inventory_observed
      WHERE channel = ? AND dirty = 1 AND sku > ? ORDER BY sku LIMIT ?`;
    const [result] = await this.store.run([{ sql, params: [this.channel, after, limit] }]);
    return (result?.rows ?? []).map((row) => String(row.sku));
  }

  /** Whether the last snapshot is this old, ms; counted from the first start. */
  async snapshotDue(everyMs: number): Promise<boolean> {
    const sql =
      'SELECT 1 AS due FROM crossdock_inventory_channel WHERE channel = ? AND snapshot_at + ? <= {now}';
    const [result] = await this.store.run([{ sql, params: [this.channel, everyMs] }]);
    return (result?.rows.length ?? 0) > 0;
  }

  async snapshotTaken(): Promise<void> {
    const sql = 'UPDATE crossdock_inventory_channel SET snapshot_at = {now} WHERE channel = ?';
    await this.store.run([{ sql, params: [this.channel] }]);
  }

  /** Makes everything that is published pending once more, behind what has changed. @returns how many */
  async markAll(stopped: () => boolean): Promise<number> {
    const sql = `UPDATE crossdock_inventory_level SET pending = 1, urgency = 2, pending_since = {now}
      WHERE channel = ? AND pending = 0 AND sku >= ? AND sku <= ?`;
    return this.#bites('crossdock_inventory_level', 'channel = ?', [this.channel], sql, stopped);
  }

  #dirtyAll(): Promise<number> {
    const sql = `UPDATE crossdock_inventory_observed SET dirty = 1
      WHERE channel = ? AND sku >= ? AND sku <= ? AND dirty = 0`;
    return this.#bites('crossdock_inventory_observed', 'channel = ?', [this.channel], sql);
  }

  #dirtySite(site: string): Promise<number> {
    const sql = `UPDATE crossdock_inventory_observed SET dirty = 1
      WHERE channel = ? AND site = ? AND sku >= ? AND sku <= ? AND dirty = 0`;
    return this.#bites('crossdock_inventory_observed', 'channel = ? AND site = ?', [this.channel, site], sql);
  }

  /** Runs `sql` over ranges of SKUs; its parameters are those of `where`, then the first and last of the range. */
  async #bites(
    table: string,
    where: string,
    params: readonly string[],
    sql: string,
    stopped: () => boolean = () => false,
  ): Promise<number> {
    const range = `SELECT min(sku) AS first, max(sku) AS last FROM
      (SELECT DISTINCT sku FROM ${table} WHERE ${where} AND sku > ? ORDER BY sku LIMIT ?) AS bite`;
    let total = 0;
    for (let after = ''; !stopped(); ) {
      const [found] = await this.store.run([{ sql: range, params: [...params, after, BITE] }]);
      const row = found?.rows[0];
      if (row === undefined || row.last === null) return total;
      const [result] = await this.store.run([
        { sql, params: [...params, String(row.first), String(row.last)] },
      ]);
      total += result?.changes ?? 0;
      after = String(row.last);
    }
    return total;
  }
}
