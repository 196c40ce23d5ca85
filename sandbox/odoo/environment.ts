import type { Database, Row } from './database';
import { hasDefault } from './defaults';
import { missingError, notSupported, userError } from './errors';
import type { Compute, Model } from './model';
import { OLDER_COMPUTES } from './older';
import { repr } from './python';
import { currentName, type Field, fieldsOf, olderFields } from './reality';

/** How a field of a model is kept; `default`: it is not, and every record has what Odoo has where nothing was set. */
export type Storage = 'column' | 'inherited' | 'one2many' | 'related' | 'computed' | 'default';

/** A field together with how the stand-in keeps it. */
export interface ResolvedField {
  readonly field: Field;
  readonly storage: Storage;
  /** Of a field that only an older version has. */
  readonly older?: Compute;
}

const ALWAYS = ['id', 'create_uid', 'create_date', 'write_uid', 'write_date'];

/** Records of models that the stand-in has no table for, but other records point at. */
const FOREIGN_NAMES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  'account.fiscal.position': { 1: 'Domestic', 2: 'Foreign Trade' },
  'account.tax.group': { 1: 'Tax 15%', 2: 'Tax 0%' },
  'crm.team': { 1: 'Sales' },
  'ir.sequence': { 14: 'Serial Numbers' },
  'uom.category': {},
  'stock.rule': { 2: 'WH: Stock → Customers' },
};

/** External ids as the real server's process remembers them, which a rollback does not undo. */
export class XmlidCache {
  readonly #entries = new Map<string, readonly [model: string, id: number]>();
  /** When an external id was committed, as a count of commits; only those of this process. */
  readonly #committed = new Map<string, number>();

  get(key: string): readonly [string, number] | undefined {
    return this.#entries.get(key);
  }

  set(key: string, model: string, id: number): void {
    this.#entries.set(key, [model, id]);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Remembers that `key` becomes visible with commit number `commit`. */
  committed(key: string, commit: number): void {
    this.#committed.set(key, commit);
    if (this.#committed.size > 20_000) {
      for (const [old, at] of this.#committed) {
        if (at < commit - 10_000) this.#committed.delete(old);
      }
    }
  }

  /** Whether `key` was committed after the snapshot, hence is invisible to it. */
  isAfter(key: string, snapshot: number): boolean {
    return (this.#committed.get(key) ?? 0) > snapshot;
  }
}

/** What a server is, independent of one request. */
export interface Registry {
  readonly db: Database;
  readonly models: ReadonlyMap<string, Model>;
  readonly xmlids: XmlidCache;
  /** Major version that it answers as; 18 and below know some fields under older names. */
  readonly major: number;
}

let lastMicros = 0;

/** The time to the microsecond, as PostgreSQL has it for a transaction. */
function transactionTime(): string {
  lastMicros = Math.max(Date.now() * 1000, lastMicros + 1);
  const millis = new Date(Math.floor(lastMicros / 1000)).toISOString().replace('T', ' ').replace('Z', '');
  return `${millis}${String(lastMicros % 1000).padStart(3, '0')}`;
}

/** One request's view: who calls, with which context, on which snapshot. Time stands still within it. */
export class Environment {
  /** External ids that this transaction inserted; they become visible to others with its commit. */
  readonly insertedXmlids: Set<string>;

  constructor(
    readonly registry: Registry,
    readonly uid: number,
    readonly context: Readonly<Record<string, unknown>>,
    readonly snapshot: number,
    /** Start of the transaction, `YYYY-MM-DD HH:MM:SS.mmmmmm` in UTC; no two are the same. */
    readonly now: string = transactionTime(),
    insertedXmlids?: Set<string>,
  ) {
    this.insertedXmlids = insertedXmlids ?? new Set();
  }

  get db(): Database {
    return this.registry.db;
  }

  withContext(context: Readonly<Record<string, unknown>>): Environment {
    const merged = { ...this.context, ...context };
    const lang = merged.lang;
    if (lang && lang !== 'en_US') throw userError(`Invalid language code: ${String(lang)}`);
    return new Environment(this.registry, this.uid, merged, this.snapshot, this.now, this.insertedXmlids);
  }

  /** The same environment for code that uses the field names of Odoo 19, whatever version is served. */
  current(): Environment {
    if (this.registry.major >= 19) return this;
    const registry = { ...this.registry, major: 19 };
    return new Environment(registry, this.uid, this.context, this.snapshot, this.now, this.insertedXmlids);
  }

  /** A model that the stand-in implements. */
  model(name: string): Model {
    const model = this.registry.models.get(name);
    if (model === undefined) throw notSupported(`model ${name}`);
    return model;
  }

  /**
   * Finds a field by the name the caller used.
   * @returns undefined when the real server has no such field (each caller has its own sentence for that)
   * @throws OdooError 501 when the real server has it and the stand-in does not
   */
  field(model: Model, callersName: string): ResolvedField | undefined {
    const { major } = this.registry;
    const older = major < 19 && olderFields(model.name, major).find(({ name }) => name === callersName);
    if (older) {
      const compute = OLDER_COMPUTES[`${model.name}.${callersName}`];
      if (compute === undefined) throw notSupported(`field ${model.name}.${callersName}`);
      return { field: older, storage: 'computed', older: compute };
    }
    const name = currentName(model.name, callersName, major);
    const field = name === undefined ? undefined : fieldsOf(model.name).get(name);
    if (field === undefined) return undefined;
    const storage = this.#storage(model, field.name);
    if (storage === undefined) throw notSupported(`field ${model.name}.${field.name}`);
    return { field, storage };
  }

  /** The row of one record, or MissingError. */
  row(modelName: string, id: number): Row {
    const model = this.model(modelName);
    const row = this.db.get(`SELECT * FROM ${model.table} WHERE id = ?`, id);
    if (row === undefined) throw missingError(modelName, id, this.uid);
    return row;
  }

  /** The rows of some records by id; records that do not exist are left out. */
  rows(modelName: string, ids: readonly number[]): Map<number, Row> {
    const found = new Map<number, Row>();
    for (const id of new Set(ids)) {
      const row = this.db.get(`SELECT * FROM ${this.model(modelName).table} WHERE id = ?`, id);
      if (row !== undefined) found.set(id, row);
    }
    return found;
  }

  exists(modelName: string, id: number): boolean {
    const model = this.registry.models.get(modelName);
    if (model === undefined) return FOREIGN_NAMES[modelName]?.[id] !== undefined;
    return this.db.get(`SELECT 1 FROM ${model.table} WHERE id = ?`, id) !== undefined;
  }

  /** Refuses with MissingError when one of the records does not exist. */
  requireAll(modelName: string, ids: readonly number[]): void {
    for (const id of ids) {
      if (!this.exists(modelName, id)) throw missingError(modelName, id, this.uid);
    }
  }

  /** display_name of some records of any model. */
  displayNames(modelName: string, ids: readonly number[]): Map<number, unknown> {
    const model = this.registry.models.get(modelName);
    if (ids.length === 0) return new Map();
    if (model === undefined) {
      const names = FOREIGN_NAMES[modelName];
      if (names === undefined) throw notSupported(`model ${modelName}`);
      return new Map(ids.map((id) => [id, names[id] ?? repr(id)]));
    }
    const rows = this.rows(modelName, ids);
    if (model.displayName !== undefined) return model.displayName(this, [...rows.keys()], rows);
    return new Map([...rows].map(([id, row]) => [id, row[model.nameColumn] ?? '']));
  }

  #storage(model: Model, name: string): Storage | undefined {
    if (ALWAYS.includes(name) || model.columns.includes(name)) return 'column';
    if (model.inherits?.fields.includes(name)) return 'inherited';
    if (model.one2many?.includes(name)) return 'one2many';
    if (model.related?.[name] !== undefined) return 'related';
    if (name === 'display_name' || model.computed?.[name] !== undefined) return 'computed';
    return hasDefault(model.name, name) ? 'default' : undefined;
  }
}
