/** The cross-references of one store: read, taught, retired, each change a new version with who did it. */
import { CrossdockError } from '../errors';
import { type SqlValue, type Statement, StatementExpectationError, type Store } from '../store';
import { type Decision, decide, sameMeaning } from './decide';
import { codeKey } from './entry';
import { Lookup } from './lookup';
import { addParams, referenceOf } from './rows';
import * as sql from './schema';
import type {
  Change,
  LookupKey,
  Meaning,
  Reference,
  ReferenceConflict,
  ReferenceEntry,
  ReferenceFilter,
  ReferencePage,
} from './types';

export interface SaveOptions {
  readonly who: string;
  /** Ends what means something else at the same time. Else such an entry is a conflict, and nothing of it is written. */
  readonly replace: boolean;
  /** Nothing is written. */
  readonly dryRun?: boolean;
  /** What commits together with a change, for example the entry in an audit. */
  readonly beside?: (changes: readonly Change[]) => readonly Statement[];
}

/** Entries of one unit. */
const UNIT = 250;
/** Somebody else was faster: how often a unit is decided anew. */
const ATTEMPTS = 5;
const MAX_CONFLICTS = 200;

export class CrossReferenceBook {
  readonly #lookup: Lookup;
  readonly #listeners = new Set<() => void>();

  private constructor(private readonly store: Store) {
    this.#lookup = new Lookup(store);
  }

  /** Prepares the table. Rejects with the store's error. */
  static async open(store: Store): Promise<CrossReferenceBook> {
    await store.migrate(sql.SCHEMA);
    return new CrossReferenceBook(store);
  }

  /** What each key stands for now, in their order; undefined for what nobody has taught, and for what is ambiguous. */
  lookup(partner: string, keys: readonly LookupKey[]): Promise<(Meaning | undefined)[]> {
    return this.#lookup.lookup(partner, keys);
  }

  /** Calls the listener after each change that this process made. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Saves entries, in units of 250. What an entry did (or would do) is in the answer, in their order.
   * @throws CrossdockError CROSS_REFERENCE_BUSY (transient) when others keep changing the same codes
   */
  async save(entries: readonly ReferenceEntry[], options: SaveOptions): Promise<Change[]> {
    const changes: Change[] = [];
    for (const unit of unitsOf(entries)) changes.push(...(await this.#saveUnit(unit, options)));
    return changes;
  }

  /** @throws CrossdockError CROSS_REFERENCE_UNKNOWN, CROSS_REFERENCE_ENDED (business) */
  async retire(
    id: number,
    who: string,
    reason: string,
    beside: readonly Statement[] = [],
  ): Promise<Reference> {
    const before = await this.get(id);
    try {
      await this.store.run([
        { sql: sql.RETIRE, params: [who, reason, reason, id], expect: 1 },
        { sql: sql.COUNT_WRITE },
        ...beside,
      ]);
    } catch (error) {
      if (!(error instanceof StatementExpectationError)) throw error;
      throw new CrossdockError(`The cross-reference of "${before.code}" is no longer active.`, {
        code: 'CROSS_REFERENCE_ENDED',
        kind: 'business',
      });
    }
    this.#changed();
    return this.get(id);
  }

  /** @throws CrossdockError CROSS_REFERENCE_UNKNOWN (business) */
  async get(id: number): Promise<Reference> {
    const [found] = await this.store.run([{ sql: sql.BY_ID, params: [id] }]);
    const row = found?.rows[0];
    if (row !== undefined) return referenceOf(row);
    throw new CrossdockError('There is no such cross-reference.', {
      code: 'CROSS_REFERENCE_UNKNOWN',
      kind: 'business',
    });
  }

  /** All versions of the code of this one, the newest first (at most 200). */
  async history(id: number): Promise<Reference[]> {
    const one = await this.get(id);
    const params = [one.partner, one.kind, codeKey(one), one.scheme, one.item];
    const [found] = await this.store.run([{ sql: sql.HISTORY, params }]);
    return (found?.rows ?? []).map(referenceOf);
  }

  /** The newest first. @param after the `next` of the page before */
  async page(filter: ReferenceFilter, limit: number, after?: string): Promise<ReferencePage> {
    const where = ['state = ?'];
    const params: SqlValue[] = [filter.state ?? 'active'];
    const add = (clause: string, value: SqlValue): void => {
      where.push(clause);
      params.push(value);
    };
    if (filter.partner !== undefined) add('partner = ?', filter.partner);
    if (filter.kind !== undefined) add('kind = ?', filter.kind);
    if (filter.q !== undefined) add("search LIKE ? ESCAPE '\\'", `%${escaped(filter.q.toLowerCase())}%`);
    add('seq < ?', /^\d{1,15}$/.test(after ?? '') ? Number(after) : Number.MAX_SAFE_INTEGER);
    params.push(limit + 1);
    const [found] = await this.store.run([
      {
        sql: `SELECT ${sql.COLUMNS} FROM crossdock_cross_reference WHERE ${where.join(' AND ')} ORDER BY seq DESC LIMIT ?`,
        params,
      },
    ]);
    const all = (found?.rows ?? []).map(referenceOf);
    const items = all.slice(0, limit);
    const last = all.length > limit ? items.at(-1) : undefined;
    return { items, next: last === undefined ? null : String(last.id) };
  }

  /** What a person should look at, at most 200 of each type. */
  async conflicts(): Promise<ReferenceConflict[]> {
    const [many, shared] = await this.store.run([
      { sql: sql.MANY_MEANINGS, params: [MAX_CONFLICTS] },
      { sql: sql.MANY_CODES, params: [MAX_CONFLICTS] },
    ]);
    const codes = await this.#all(
      (many?.rows ?? []).map((row) => ({
        sql: sql.findCodes(1, 1),
        params: [String(row['partner']), String(row['kind']), String(row['code_key'])],
      })),
    );
    const targets = await this.#all(
      (shared?.rows ?? []).map((row) => ({
        sql: sql.OF_TARGET,
        params: [String(row['partner']), String(row['target_scheme']), String(row['target'])],
      })),
    );
    return [
      ...codes.flatMap(ambiguous).map((references) => ({ type: 'ambiguous', references }) as const),
      ...targets.flatMap(alike).map((references) => ({ type: 'shared', references }) as const),
    ];
  }

  async #all(statements: readonly Statement[]): Promise<Reference[][]> {
    if (statements.length === 0) return [];
    return (await this.store.run(statements)).map(({ rows }) => rows.map(referenceOf));
  }

  async #saveUnit(entries: readonly ReferenceEntry[], options: SaveOptions): Promise<Change[]> {
    for (let attempt = 1; ; attempt += 1) {
      const { changes, statements } = await this.#plan(entries, options);
      if (options.dryRun === true || statements.length === 0) return changes;
      try {
        await this.store.run([...statements, { sql: sql.COUNT_WRITE }, ...(options.beside?.(changes) ?? [])]);
        this.#changed();
        return changes;
      } catch (error) {
        if (!(error instanceof StatementExpectationError)) throw error;
        if (attempt === ATTEMPTS) {
          throw new CrossdockError('Others are changing the same cross-references; try again.', {
            code: 'CROSS_REFERENCE_BUSY',
            kind: 'transient',
          });
        }
      }
    }
  }

  /** What the entries do to what is there, and to each other. */
  async #plan(
    entries: readonly ReferenceEntry[],
    { who, replace }: SaveOptions,
  ): Promise<{ changes: Change[]; statements: Statement[] }> {
    const there = await this.#there(entries);
    const changes: Change[] = [];
    const statements: Statement[] = [];
    for (const entry of entries) {
      const place = there.of(entry);
      const decision: Decision = decide(entry, place.active, replace, there.now);
      changes.push(decision.change);
      if (!decision.adds) continue;
      const from = entry.validFrom ?? there.now;
      place.version += 1;
      for (const { reference, validTo, state } of decision.ends) {
        statements.push({ sql: sql.END, params: [validTo, state, who, reference.id], expect: 1 });
      }
      const ended = new Set(decision.ends.map(({ reference }) => reference));
      place.active = place.active.filter((reference) => !ended.has(reference));
      statements.push({ sql: sql.ADD, params: addParams(entry, from, place.version, who), expect: 1 });
    }
    return { changes, statements };
  }

  async #there(entries: readonly ReferenceEntry[]): Promise<There> {
    const groups = new Map<string, { partner: string; kind: string; codes: Set<string> }>();
    for (const entry of entries) {
      const name = `${entry.partner}\n${entry.kind}`;
      const group = groups.get(name) ?? { partner: entry.partner, kind: entry.kind, codes: new Set() };
      groups.set(name, group);
      group.codes.add(codeKey(entry));
    }
    const statements = [...groups.values()].flatMap(({ partner, kind, codes }) => [
      { sql: sql.findCodes(1, codes.size), params: [partner, kind, ...codes] },
      { sql: sql.newestVersions(codes.size), params: [partner, kind, ...codes] },
    ]);
    const results = await this.store.run([{ sql: 'SELECT {now} AS now' }, ...statements]);
    const there = new There(Number(results[0]?.rows[0]?.['now']));
    let index = 1;
    for (const { partner, kind } of groups.values()) {
      for (const row of results[index]?.rows ?? []) there.of(referenceOf(row)).active.push(referenceOf(row));
      for (const row of results[index + 1]?.rows ?? []) {
        const key = [partner, kind, String(row['code_key']), String(row['scheme']), String(row['item'])];
        there.at(key.join('\n')).version = Number(row['version']);
      }
      index += 2;
    }
    return there;
  }

  #changed(): void {
    this.#lookup.forget();
    for (const listener of this.#listeners) listener();
  }
}

/** In units: one says one thing about a code, so that the second entry sees what the first has done. */
function unitsOf(entries: readonly ReferenceEntry[]): ReferenceEntry[][] {
  const units: ReferenceEntry[][] = [];
  let unit: ReferenceEntry[] = [];
  let names = new Set<string>();
  for (const entry of entries) {
    const name = identityOf(entry);
    if (unit.length === UNIT || names.has(name)) {
      units.push(unit);
      unit = [];
      names = new Set();
    }
    unit.push(entry);
    names.add(name);
  }
  return unit.length === 0 ? units : [...units, unit];
}

/** What has versions: the code of a partner in a list, for an item. */
export function identityOf(entry: ReferenceEntry): string {
  return [entry.partner, entry.kind, codeKey(entry), entry.scheme, entry.item].join('\n');
}

interface Place {
  active: Reference[];
  version: number;
}

/** What is there of each code, scheme and item. */
class There {
  readonly #places = new Map<string, Place>();

  constructor(readonly now: number) {}

  of(entry: ReferenceEntry): Place {
    return this.at(identityOf(entry));
  }

  at(name: string): Place {
    const place = this.#places.get(name) ?? { active: [], version: 0 };
    this.#places.set(name, place);
    return place;
  }
}

/** Those that mean different things at the same time and for the same item. */
function ambiguous(references: readonly Reference[]): Reference[][] {
  const found = references.filter((one) =>
    references.some(
      (other) =>
        other !== one &&
        other.item === one.item &&
        overlap(one, other) &&
        !sameMeaning(one, other) &&
        // Lists that differ are told apart by the mapping; an entry for any list is not.
        (one.scheme === '' || other.scheme === '' || one.scheme === other.scheme),
    ),
  );
  return found.length > 1 ? [found] : [];
}

/** Different codes of one list for one item at one pack level. */
function alike(references: readonly Reference[]): Reference[][] {
  const found = references.filter((one) =>
    references.some(
      (other) =>
        other !== one &&
        other.scheme === one.scheme &&
        codeKey(other) !== codeKey(one) &&
        other.packLevel === one.packLevel &&
        other.quantityPerUnit === one.quantityPerUnit &&
        overlap(one, other),
    ),
  );
  return found.length > 1 ? [found] : [];
}

function overlap(a: Reference, b: Reference): boolean {
  const end = (one: Reference): number => one.validTo ?? Number.POSITIVE_INFINITY;
  return a.validFrom < end(b) && b.validFrom < end(a);
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, (wildcard) => `\\${wildcard}`);
}
