/**
 * Dead letters: messages that need a person. A parked message has its reason in plain words, its kind and stable
 * code, how often it was tried, where it failed, and the message as it arrived and as it failed.
 *
 * Parking commits in the same unit as the end of the message's scopes (see core/delivery/scope.ts), so a message is
 * either still with its source or here, never in both places and never in none.
 */
import type { SqlValue, Statement, Store } from '../store';
import { causeOf, fingerprint } from './cause';
import { type LetterFilter, whereOf } from './filter';
import { ATTEMPTS_SCHEMA } from './history';
import { bodyOf, type DeadLetter, type LetterBody, letterOf, type Parking, toJson } from './letter';
import {
  COLUMNS,
  GROUPS,
  NEWEST,
  OPEN_GROUP,
  PARK,
  SCHEMA,
  SUMMARY,
  TELL_GROUP,
  UNTOLD_GROUPS,
} from './schema';
import { searchText } from './search-text';

export interface DeadLetterFilter {
  readonly state?: string;
  readonly limit?: number;
  /** Only letters whose id is greater, for paging. */
  readonly after?: string;
}

/** Letters of one cause. */
export interface LetterGroup {
  readonly cause: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Its newest letters, up to three; at least one. */
  readonly newest: readonly DeadLetter[];
}

export interface LetterPage {
  readonly items: readonly DeadLetter[];
  /** The next page's `after`; null at the end. */
  readonly next: string | null;
  readonly total: number;
}

export class DeadLetters {
  private constructor(readonly store: Store) {}

  static async open(store: Store): Promise<DeadLetters> {
    await store.migrate(SCHEMA);
    await store.migrate(ATTEMPTS_SCHEMA);
    return new DeadLetters(store);
  }

  /** The letter's id and the statements that park it, for the unit that ends the message's scopes. */
  park(parking: Parking): { readonly id: string; readonly cause: string; readonly statements: Statement[] } {
    const { error, failedAt, origin, businessKey } = parking;
    const failedAs = toJson(parking.payload);
    // Two deliveries with the same body are two messages: two of the same stock movement are no duplicates.
    const id = fingerprint(
      failedAt.nodeId,
      error.code,
      origin?.source ?? '',
      origin?.deliveryId ?? '',
      origin === undefined ? failedAs : origin.body,
    );
    const cause = causeOf(error, failedAt.nodeId);
    const known = [businessKey, error.code, error.message, origin?.deliveryId, origin?.source];
    const params: SqlValue[] = [
      id,
      cause,
      error.code,
      error.kind,
      error.message,
      JSON.stringify({ problems: error.problems, facts: error.facts }),
      businessKey ?? null,
      origin?.source ?? null,
      origin?.deliveryId ?? null,
      origin?.partitionKey ?? null,
      origin?.priority ?? null,
      failedAt.flowId,
      failedAt.flowName ?? '',
      failedAt.nodeId,
      failedAt.nodeType,
      failedAt.nodeName,
      origin?.attempts ?? 1,
      origin?.receivedAt ?? null,
      Buffer.byteLength(failedAs) + (origin?.body.length ?? 0),
      searchText([...known, failedAt.nodeName], parking.payload),
      JSON.stringify(origin?.headers ?? {}),
      origin?.body ?? null,
      failedAs,
    ];
    return {
      id,
      cause,
      statements: [
        { sql: OPEN_GROUP, params: [cause, parking.parkedBy ?? '', cause] },
        { sql: PARK, params },
      ],
    };
  }

  /** Letters by id, oldest id first; at most `limit` (default 100, at most 1,000). */
  async list(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    const limit = Math.min(1000, Math.max(1, filter.limit ?? 100));
    const [result] = await this.store.run([
      {
        sql: `SELECT ${COLUMNS} FROM crossdock_dead_letter WHERE state = ? AND id > ? ORDER BY id LIMIT ?`,
        params: [filter.state ?? 'parked', filter.after ?? '', limit],
      },
    ]);
    return (result?.rows ?? []).map(letterOf);
  }

  /** Letters that pass the filter, the one that was parked last first. */
  async page(filter: LetterFilter, limit: number, after?: string): Promise<LetterPage> {
    const where = whereOf(filter);
    const from = cursorOf(after);
    const [found, counted] = await this.store.run([
      {
        sql: `SELECT ${COLUMNS} FROM crossdock_dead_letter WHERE ${where.sql}
          ${from === undefined ? '' : 'AND (last_at, id) < (?, ?)'} ORDER BY last_at DESC, id DESC LIMIT ?`,
        params: [...where.params, ...(from ?? []), limit + 1],
      },
      {
        sql: `SELECT count(*) AS n FROM crossdock_dead_letter WHERE ${where.sql}`,
        params: where.params,
      },
    ]);
    const items = (found?.rows ?? []).map(letterOf);
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      items: items.slice(0, limit),
      next: last === undefined ? null : `${last.lastAt}.${last.id}`,
      total: Number(counted?.rows[0]?.['n'] ?? 0),
    };
  }

  async letter(id: string): Promise<DeadLetter | undefined> {
    const sql = `SELECT ${COLUMNS} FROM crossdock_dead_letter WHERE id = ?`;
    const [result] = await this.store.run([{ sql, params: [id] }]);
    const row = result?.rows[0];
    return row === undefined ? undefined : letterOf(row);
  }

  /** At most 500 groups, the one with the newest letter first. */
  async groups(state: string): Promise<readonly LetterGroup[]> {
    const [result] = await this.store.run([{ sql: GROUPS, params: [state] }]);
    const groups = result?.rows ?? [];
    if (groups.length === 0) return [];
    const newest = await this.store.run(
      groups.map((row) => ({ sql: NEWEST, params: [state, String(row['cause']), 3] })),
    );
    return groups.flatMap((row, index) => {
      const letters = (newest[index]?.rows ?? []).map(letterOf);
      // Handled between the two reads.
      if (letters.length === 0) return [];
      return {
        cause: String(row['cause']),
        count: Number(row['letters']),
        firstAt: Number(row['first_at']),
        lastAt: Number(row['last_at']),
        newest: letters,
      };
    });
  }

  /** How many are parked, and of how many causes. */
  async summary(): Promise<{ readonly parked: number; readonly groups: number }> {
    const [result] = await this.store.run([{ sql: SUMMARY }]);
    const row = result?.rows[0];
    return { parked: Number(row?.['parked'] ?? 0), groups: Number(row?.['groups_'] ?? 0) };
  }

  /** How many are parked now. */
  async count(): Promise<number> {
    const [result] = await this.store.run([
      { sql: "SELECT count(*) AS n FROM crossdock_dead_letter WHERE state = 'parked'" },
    ]);
    return Number(result?.rows[0]?.['n'] ?? 0);
  }

  /** The message as it arrived (bytes) and as it failed (JSON text); undefined when there is no such letter. */
  async body(id: string): Promise<LetterBody | undefined> {
    const [result] = await this.store.run([
      { sql: 'SELECT original, headers, failed_as FROM crossdock_dead_letter WHERE id = ?', params: [id] },
    ]);
    const row = result?.rows[0];
    return row === undefined ? undefined : bodyOf(row);
  }

  /**
   * The group of this cause, when it is new and nobody has been told yet; then it counts as told.
   * @returns undefined when it is known already
   */
  async tellGroup(cause: string): Promise<LetterGroup | undefined> {
    const [told] = await this.store.run([{ sql: TELL_GROUP, params: [cause] }]);
    if (told?.changes !== 1) return undefined;
    const [found, counted] = await this.store.run([
      { sql: NEWEST, params: ['parked', cause, 3] },
      {
        sql: `SELECT count(*) AS n, min(first_at) AS first_at FROM crossdock_dead_letter
          WHERE state = 'parked' AND cause = ?`,
        params: [cause],
      },
    ]);
    const newest = (found?.rows ?? []).map(letterOf);
    const row = counted?.rows[0];
    if (newest[0] === undefined) return undefined;
    return {
      cause,
      count: Number(row?.['n'] ?? 0),
      firstAt: Number(row?.['first_at'] ?? 0),
      lastAt: newest[0].lastAt,
      newest,
    };
  }

  /** Causes of groups that this node parked and could not tell before it stopped. */
  async untold(node: string): Promise<readonly string[]> {
    const [result] = await this.store.run([{ sql: UNTOLD_GROUPS, params: [node] }]);
    return (result?.rows ?? []).map((row) => String(row['cause']));
  }
}

/** `<lastAt>.<id>`; anything else begins at the front. */
function cursorOf(after: string | undefined): [number, string] | undefined {
  const found = /^(\d{1,15})\.([0-9a-f]{1,64})$/.exec(after ?? '');
  return found === null ? undefined : [Number(found[1]), found[2] ?? ''];
}
