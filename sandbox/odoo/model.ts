import type { Row, Value } from './database';
import type { Environment } from './environment';

/** Values of a record as a caller gives them, by the field names of Odoo 19. */
export type Vals = Record<string, unknown>;

/** Computes one field for some records; ids without an entry read as false. */
export type Compute = (
  env: Environment,
  ids: readonly number[],
  rows: ReadonlyMap<number, Row>,
) => Map<number, unknown>;

/** Writes one field for some records, after their columns were written. */
export type Inverse = (env: Environment, ids: readonly number[], value: unknown) => void;

/** A method beyond the ones that every model has. `ids` is empty for model methods. */
export interface Method {
  /** Parameters in order; a default makes one optional. */
  readonly params: readonly { readonly name: string; readonly default?: unknown }[];
  /** Whether it takes no ids (`@api.model`). */
  readonly modelMethod?: boolean;
  /** It asks itself whether the account may, and refuses in its own words. */
  readonly ownRights?: boolean;
  run(env: Environment, ids: readonly number[], args: Readonly<Record<string, unknown>>): unknown;
}

/**
 * What the stand-in implements of one Odoo model. Types, labels, required flags and relations of its fields come from
 * `reality/`; here stands only how they are kept and computed.
 */
export interface Model {
  readonly name: string;
  readonly table: string;
  /** The model's name for people, as it appears in messages. */
  readonly title: string;
  /** Default order as Odoo's `_order`. */
  readonly order: string;
  /** Fields kept in a column of the own table (besides id and the four log fields). */
  readonly columns: readonly string[];
  /** Fields kept in the table of another model that every record has one of (`_inherits`). */
  readonly inherits?: { readonly model: string; readonly via: string; readonly fields: readonly string[] };
  /** One2many fields, read through the inverse column of the related model. */
  readonly one2many?: readonly string[];
  /** Fields that mirror another one, as a path of one many2one and a field. */
  readonly related?: Readonly<Record<string, string>>;
  readonly computed?: Readonly<Record<string, Compute>>;
  /** What writing a field does that is kept elsewhere than in its own column, by field. */
  readonly inverse?: Readonly<Record<string, Inverse>>;
  /** The column that a search by name looks at; '' when that is more than one column, which is not supported. */
  readonly nameColumn: string;
  readonly displayName?: Compute;
  /** Columns that point at this model and forbid its deletion, in the order in which they are checked. */
  readonly restrictedBy?: readonly (readonly [model: string, field: string])[];
  /** Fills in what the caller left out, before the required fields are checked. May refuse. */
  defaults?(env: Environment, vals: Vals): void;
  /** May turn a creation into something else (an existing record); returns its id then. */
  insteadOfCreate?(env: Environment, vals: Vals): number | undefined;
  created?(env: Environment, id: number, vals: Vals): void;
  beforeWrite?(env: Environment, ids: readonly number[], vals: Vals): void;
  written?(env: Environment, ids: readonly number[], vals: Vals): void;
  beforeUnlink?(env: Environment, ids: readonly number[]): void;
  /** After records are gone, with the rows that they had. */
  unlinked?(env: Environment, rows: readonly Row[]): void;
  /** Whether callers may create and delete records of it in the stand-in. */
  readonly creatable?: boolean;
  /** Whether `load` is implemented for it. */
  readonly loadable?: boolean;
  readonly methods?: Readonly<Record<string, Method>>;
}

/** The log columns that every table has. */
export const LOG_COLUMNS = ['create_uid', 'create_date', 'write_uid', 'write_date'] as const;

/** A column's value as a number, 0 for NULL. */
export const num = (value: Value | undefined): number => Number(value ?? 0);

/** A column's value as a string, '' for NULL. */
export const str = (value: Value | undefined): string =>
  value === null || value === undefined ? '' : String(value);

/** The ids in a many2many column. */
export function idList(value: Value | undefined): number[] {
  return typeof value === 'string' && value !== '' ? (JSON.parse(value) as number[]) : [];
}
