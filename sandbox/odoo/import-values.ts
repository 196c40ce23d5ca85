import type { Environment } from './environment';
import { attributeError, notSupported } from './errors';
import { fullKey, lookup } from './external-ids';
import type { Model, Vals } from './model';
import { parseFloatStrict, parseIntStrict, truthy } from './python';
import type { Field } from './reality';
import { search } from './records';

/** A record as cut out of the rows: raw cells by field; relational fields hold lists of sub-records. */
export type RawRecord = Map<string, unknown>;

/** What `load` says about one cell that it cannot take. */
export class ImportProblem extends Error {
  constructor(
    /** Sentence with `%(field)s` where the field's label goes. */
    message: string,
    readonly extra: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'ImportProblem';
  }
}

const POSSIBLE_VALUES = {
  name: 'Possible Values',
  type: 'ir.actions.act_window',
  target: 'new',
  view_mode: 'list,form',
  views: [
    [false, 'list'],
    [false, 'form'],
  ],
  context: { create: false },
  help: 'See all possible values',
} as const;

const REFERENCES = ['', 'id', '.id'];

/** Finds the record that a cell of a reference column means. Returns false for an empty cell. */
function findReference(env: Environment, field: Field, subfield: string, value: unknown): number | false {
  const relation = field.relation ?? '';
  const byRow = { ...POSSIBLE_VALUES, res_model: 'ir.model.data', domain: [['model', '=', relation]] };
  const missing = (kind: string, moreinfo: unknown) =>
    new ImportProblem(`No matching record found for ${kind} '${String(value)}' in field '%(field)s'`, {
      moreinfo,
    });
  if (subfield === '.id') {
    if (typeof value === 'string' && ['', '0', 'false', 'no'].includes(value.toLowerCase())) return false;
    const id = parseIntStrict(value);
    if (id === undefined) {
      throw new ImportProblem(`Invalid database id '${String(value)}' for the field '%(field)s'`, {
        moreinfo: byRow,
      });
    }
    if (!env.exists(relation, id)) throw missing('database id', byRow);
    return id;
  }
  if (subfield === 'id') {
    const text = String(value);
    if (['', '0', 'false', 'no'].includes(text.toLowerCase())) return false;
    const known = lookup(env, fullKey(env, text));
    if (known?.model !== relation || !env.exists(relation, known.recordId))
      throw missing('external id', byRow);
    return known.recordId;
  }
  if (value === '') return false;
  const related = env.model(relation);
  if (related.nameColumn === '') throw notSupported(`load of ${field.name} by name: use /.id`);
  const found = search(env, related, [[related.nameColumn, '=', String(value)]], { limit: 2 });
  if (found.length > 1)
    throw notSupported(`load of ${field.name} by a name that several records have: use /.id`);
  if (found[0] === undefined) throw missing('name', { ...POSSIBLE_VALUES, res_model: relation });
  return found[0];
}

function referenceOf(field: Field, record: RawRecord): readonly [subfield: string, value: unknown] {
  const [entry, ...others] = [...record];
  if (entry === undefined || others.length > 0) {
    throw new ImportProblem(
      `Ambiguous specification for field '${field.name}', only provide one of name, external id or database id`,
    );
  }
  if (!REFERENCES.includes(entry[0])) {
    throw new ImportProblem('Can not create Many-To-One records indirectly, import the field separately');
  }
  return entry;
}

const textOnly = (value: unknown, method: string): string => {
  if (typeof value !== 'string')
    throw attributeError(`'${pythonType(value)}' object has no attribute '${method}'`);
  return value;
};

const pythonType = (value: unknown) =>
  typeof value === 'boolean'
    ? 'bool'
    : Number.isInteger(value)
      ? 'int'
      : typeof value === 'number'
        ? 'float'
        : 'list';

function toDatetime(text: string, type: 'date' | 'datetime'): string {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d\d):(\d\d))?$/.exec(text);
  const iso = match && `${match[1]}-${match[2]?.padStart(2, '0')}-${match[3]?.padStart(2, '0')}`;
  const time = match?.[4] === undefined ? '00:00:00' : `${match[4].padStart(2, '0')}:${match[5]}:${match[6]}`;
  const parsed = iso ? new Date(`${iso}T${time}Z`) : undefined;
  if (iso && parsed && !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(iso)) {
    return type === 'date' ? iso : `${iso} ${time}`;
  }
  const example = type === 'date' ? '2012-12-31' : '2012-12-31 23:59:59';
  throw new ImportProblem(`'${text}' does not seem to be a valid ${type} for field '%(field)s'`, {
    moreinfo: `Use the format '${example}'`,
  });
}

function convertCell(env: Environment, field: Field, value: unknown): unknown {
  switch (field.type) {
    case 'many2one': {
      const [subfield, cell] = referenceOf(field, (value as RawRecord[])[0] ?? new Map());
      return findReference(env, field, subfield, cell);
    }
    case 'many2many': {
      const [subfield, cell] = referenceOf(field, (value as RawRecord[])[0] ?? new Map());
      const ids = textOnly(cell, 'split')
        .split(',')
        .map((part) => findReference(env, field, subfield, part));
      if (ids.includes(false)) throw notSupported(`an empty entry in the list of ${field.name}`);
      return [[6, 0, ids]];
    }
    case 'one2many':
      return convertLines(env, field, value as RawRecord[]);
    case 'float':
    case 'monetary': {
      const parsed = parseFloatStrict(value);
      if (parsed === undefined) {
        throw new ImportProblem(`'${String(value)}' does not seem to be a number for field '%(field)s'`);
      }
      return parsed;
    }
    case 'integer': {
      const parsed = parseIntStrict(value);
      if (parsed === undefined) {
        throw new ImportProblem(`'${String(value)}' does not seem to be an integer for field '%(field)s'`);
      }
      return parsed;
    }
    case 'boolean': {
      const text = textOnly(value, 'lower').toLowerCase();
      if (['1', 'true', 'yes'].includes(text)) return true;
      if (['', '0', 'false', 'no'].includes(text)) return false;
      throw new ImportProblem(`Unknown value '${String(value)}' for boolean field '%(field)s'`, {
        moreinfo: "Use '1' for yes and '0' for no",
      });
    }
    case 'selection': {
      const text = textOnly(value, 'lower').toLowerCase();
      if (field.selection === undefined) throw notSupported(`load of ${field.name}`);
      const found = field.selection.find(
        ([key, label]) => key.toLowerCase() === text || label.toLowerCase() === text,
      );
      if (found !== undefined) return found[0];
      throw new ImportProblem(`Value '${String(value)}' not found in selection field '%(field)s'`, {
        moreinfo: field.selection.map(([, label]) => label),
      });
    }
    case 'date':
    case 'datetime':
      return toDatetime(String(value), field.type);
    default:
      return value;
  }
}

function convertLines(env: Environment, field: Field, given: readonly RawRecord[]): unknown[] {
  const child = env.model(field.relation ?? '');
  const commands: unknown[] = [];
  const isReference = (name: string) => REFERENCES.includes(name);
  const only = given.length === 1 && [...(given[0]?.keys() ?? [])].every(isReference) ? given[0] : undefined;
  // One row with nothing but a reference names several records, as in a many2many.
  const records =
    only === undefined
      ? given
      : [...only].flatMap(([name, cell]) =>
          textOnly(cell, 'split')
            .split(',')
            .map((part): RawRecord => new Map([[name, part]])),
        );
  for (const record of records) {
    const references = new Map([...record].filter(([name]) => isReference(name)));
    const vals = convertRecord(env, child, record, (problem, childField) => {
      throw new ImportProblem(
        problem.message.replace('%(field)s', `%(field)s/${childField.label}`),
        problem.extra,
      );
    });
    const id = references.size === 0 ? undefined : lineFor(env, field, references, vals);
    if (id === undefined) commands.push([0, 0, vals]);
    else commands.push([4, id], [1, id, vals]);
  }
  return commands;
}

/** The line that a row is about; undefined for one to create, which takes an external id that is free with it. */
function lineFor(env: Environment, field: Field, references: RawRecord, vals: Vals): number | undefined {
  const [subfield, cell] = referenceOf(field, references);
  try {
    return findReference(env, field, subfield, cell) || undefined;
  } catch (error) {
    if (!(error instanceof ImportProblem) || subfield !== 'id') throw error;
    vals.id = cell;
    return undefined;
  }
}

/**
 * Turns the raw cells of a record into values for `create` or `write`. A cell that cannot be taken is reported and its
 * field left out.
 */
export function convertRecord(
  env: Environment,
  model: Model,
  record: RawRecord,
  report: (problem: ImportProblem, field: Field) => void,
): Vals {
  const vals: Vals = {};
  for (const [name, value] of record) {
    if (REFERENCES.includes(name)) continue;
    const field = env.field(model, name)?.field;
    if (field === undefined) continue;
    if (!truthy(value)) {
      vals[field.name] = false;
      continue;
    }
    try {
      vals[field.name] = convertCell(env, field, value);
    } catch (error) {
      if (!(error instanceof ImportProblem)) throw error;
      report(error, field);
    }
  }
  return vals;
}
