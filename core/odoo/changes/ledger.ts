/**
 * What is durable of a capture: who reads it, how far it is, and which versions of which records were delivered. Every
 * step is one unit of the store that is fenced by the reader's lease: messages, the versions that they stand for and
 * the position move together or not at all.
 */
import {
  acceptStatement,
  comeAlive,
  crashPoint,
  INBOX_SCHEMA,
  type Incoming,
  lockPartition,
} from '../../delivery';
import { CrossdockError } from '../../errors';
import { type Row, type Statement, StatementExpectationError, type Store } from '../../store';
import {
  ACQUIRE,
  COMPARED,
  DUE,
  FILL,
  FORGET,
  KNOWN_AFTER,
  LOOKUP,
  MOVE,
  NOTE,
  NOTE_OLD,
  RELEASE,
  RENEW,
  SCHEMA,
  SEEN,
  SET_DUE,
} from './schema';

/** A process that is alive and says nothing for so long does not read any more; others know earlier when it is gone. */
const LEASE_MS = 30_000;

/** A record as it was delivered last. */
export interface Known {
  readonly id: number;
  readonly version: string;
  /** Deliveries of this version. */
  readonly n: number;
  /** Of the contents; '' when they were not read, `LEFT` when the record no longer matches. */
  readonly digest: string;
  readonly due: string | undefined;
}

/** The digest of a record that exists and no longer matches the domain. */
export const LEFT = 'left';

export interface Fill {
  /** Which back-fill it is: another one begins anew. */
  readonly key: string | undefined;
  /** When it began (Odoo's time): what was written later is live. */
  readonly until: string | undefined;
  /** The id to go on behind; undefined when it is done. */
  readonly after: number | undefined;
  readonly done: number;
  readonly total: number | undefined;
}

/** How far a capture is. */
export interface Position {
  /** The newest write date that was read; undefined before the first. */
  readonly position: string | undefined;
  /** From here on changes are live; what is older is the back-fill's. */
  readonly liveFrom: string | undefined;
  /** Store clock, ms; undefined before the first comparison was complete. */
  readonly comparedAt: number | undefined;
  readonly fill: Fill;
  /** Store clock, ms, when this was read. */
  readonly now: number;
}

/** Another process reads this capture now. */
export function leaseLost(): CrossdockError {
  return new CrossdockError('Another process reads these changes.', {
    code: 'CHANGES_TAKEN',
    kind: 'transient',
  });
}

export class Ledger {
  #fence = 0;

  private constructor(
    private readonly store: Store,
    private readonly capture: string,
    private readonly source: string,
  ) {}

  static async open(store: Store, capture: string, source: string): Promise<Ledger> {
    await comeAlive(store);
    await store.migrate(INBOX_SCHEMA);
    await store.migrate(SCHEMA);
    return new Ledger(store, capture, source);
  }

  /** Undefined when another living process reads it. An older reader of this process is fenced off. */
  async acquire(): Promise<Position | undefined> {
    const [result] = await this.store.run([
      { sql: ACQUIRE, params: [this.capture, this.store.instanceId, LEASE_MS] },
    ]);
    const row = result?.rows[0];
    if (row === undefined) return undefined;
    this.#fence = Number(row['fence']);
    return {
      position: textOf(row['position']),
      liveFrom: textOf(row['live_from']),
      comparedAt: numberOf(row['compared_at']),
      fill: {
        key: textOf(row['fill_key']),
        until: textOf(row['fill_until']),
        after: numberOf(row['fill_after']),
        done: Number(row['fill_done']),
        total: numberOf(row['fill_total']),
      },
      now: Number(row['now']),
    };
  }

  /** Says that this process still reads. Throws CHANGES_TAKEN when it does not any more. */
  renew(): Promise<void> {
    return this.commit([this.#own(RENEW, [LEASE_MS])]);
  }

  async release(): Promise<void> {
    await this.store.run([{ sql: RELEASE, params: [this.capture, this.#fence] }]);
  }

  /** Which of the records are known. */
  async known(ids: readonly number[]): Promise<Map<number, Known>> {
    const chunks: Statement[] = [];
    for (let at = 0; at < ids.length; at += LOOKUP) {
      const part = ids.slice(at, at + LOOKUP);
      const padded = [...part, ...Array<number>(LOOKUP - part.length).fill(part[0] ?? 0)];
      chunks.push({ sql: SEEN, params: [this.capture, ...padded] });
    }
    if (chunks.length === 0) return new Map();
    const results = await this.store.run(chunks);
    const rows = results.flatMap((result) => result.rows).map(knownOf);
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** A page, by ascending id, of all that is known. */
  async knownAfter(id: number, limit: number): Promise<readonly Known[]> {
    const [result] = await this.store.run([{ sql: KNOWN_AFTER, params: [this.capture, id, limit] }]);
    return (result?.rows ?? []).map(knownOf);
  }

  /** Records that are to be looked at once more by `time`, the most overdue first. */
  async due(time: string, limit: number): Promise<readonly Known[]> {
    const [result] = await this.store.run([{ sql: DUE, params: [this.capture, time, limit] }]);
    return (result?.rows ?? []).map(knownOf);
  }

  note({ id, version, n, digest, due }: Known): Statement {
    return { sql: NOTE, params: [this.capture, id, version, n, digest, due ?? null] };
  }

  /** A record that needs no message of its own. */
  noteOld(id: number, version: string): Statement {
    return { sql: NOTE_OLD, params: [this.capture, id, version, 0, '', null] };
  }

  setDue(id: number, due: string | undefined): Statement {
    return { sql: SET_DUE, params: [due ?? null, this.capture, id] };
  }

  forget(id: number): Statement {
    return { sql: FORGET, params: [this.capture, id] };
  }

  move(position: string, liveFrom: string): Statement {
    return this.#own(MOVE, [LEASE_MS, position, liveFrom]);
  }

  fill({ key, until, after, done, total }: Fill): Statement {
    return this.#own(FILL, [LEASE_MS, key ?? null, until ?? null, after ?? null, done, total ?? null]);
  }

  compared(): Statement {
    return this.#own(COMPARED, [LEASE_MS]);
  }

  /**
   * Commits a step: the messages, and what they mean for the ledger. Unless one of the statements is fenced by itself
   * (`move`, `fill`, `compared`), the lease is renewed along with them.
   * @returns how many messages were new to the inbox
   * @throws CrossdockError CHANGES_TAKEN (transient) when the lease is lost: nothing was written
   */
  async step(incoming: readonly Incoming[], statements: readonly Statement[]): Promise<number> {
    const fenced = statements.some(({ expect }) => expect === 1);
    const keys = [...new Set(incoming.flatMap(({ partitionKey }) => partitionKey ?? []))].sort();
    const locks = this.store.exclusive ? [] : keys.map((key) => lockPartition(this.source, key));
    const accepts = incoming.map((message) => acceptStatement(this.source, message));
    const unit = [...(fenced ? [] : [this.#own(RENEW, [LEASE_MS])]), ...locks, ...accepts, ...statements];
    crashPoint('changes.beforeCommit');
    const results = await this.#run(unit);
    crashPoint('changes.afterCommit');
    const from = unit.length - statements.length - accepts.length;
    return results.slice(from, from + accepts.length).reduce((sum, { changes }) => sum + changes, 0);
  }

  private async commit(statements: readonly Statement[]): Promise<void> {
    await this.#run(statements);
  }

  async #run(statements: readonly Statement[]) {
    try {
      return await this.store.run(statements);
    } catch (thrown) {
      if (thrown instanceof StatementExpectationError) throw leaseLost();
      throw thrown;
    }
  }

  #own(sql: string, params: readonly (string | number | null)[]): Statement {
    return { sql, params: [...params, this.capture, this.#fence], expect: 1 };
  }
}

function knownOf(row: Row): Known {
  return {
    id: Number(row['id']),
    version: String(row['version']),
    n: Number(row['n']),
    digest: String(row['digest']),
    due: textOf(row['due']),
  };
}

function textOf(value: Row[string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: Row[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
