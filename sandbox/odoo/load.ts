import { requireAccess } from './access';
import type { Environment } from './environment';
import { DatabaseError, indexError, notSupported, OdooError, validationError, valueError } from './errors';
import { fullKey, insert, lookup } from './external-ids';
import { convertRecord, type RawRecord } from './import-values';
import type { Model, Vals } from './model';
import { parseIntStrict, repr, truthy } from './python';
import { create, missingRequired, write } from './writing';

/** Rows of the data that one record came from. */
interface Span {
  readonly rows: { readonly from: number; readonly to: number };
  readonly record?: number;
}

type Message = Record<string, unknown>;

/** One record to create or update. */
interface Loaded {
  readonly key: string | undefined;
  /** The record to update, where it is named by its database id. */
  readonly id: number | undefined;
  readonly vals: Vals;
  readonly info: Span;
}

/** What `load` answers. */
export interface LoadResult {
  ids: number[] | false;
  messages: Message[];
  nextrow: number;
}

/** `a/b/.id` as ['a', 'b', '.id']; `a.id` and `a:id` mean `a/.id` and `a/id`. */
function columnPath(column: unknown): string[] {
  return String(column)
    .replace(/([^/])\.id/g, '$1/.id')
    .replace(/([^/]):id/g, '$1/id')
    .split('/');
}

const cell = (row: unknown, index: number): unknown => {
  if (!Array.isArray(row) || index >= row.length) throw indexError();
  return row[index];
};

/** Cuts rows into records: a row whose only filled cells belong to one2many columns continues the record above it. */
function extract(
  env: Environment,
  model: Model,
  paths: readonly string[][],
  data: readonly unknown[],
): { record: RawRecord; span: Span }[] {
  const fieldOf = (name: string) =>
    name === '' || name === 'id' || name === '.id' ? undefined : env.field(model, name);
  for (const [name = ''] of paths) {
    if (name !== '' && name !== 'id' && name !== '.id' && fieldOf(name) === undefined) {
      throw valueError(`Invalid field name ${repr(name)}`);
    }
  }
  const isLines = (name: string) => fieldOf(name)?.field.type === 'one2many';
  const isRelation = (name: string) => fieldOf(name)?.field.relation !== undefined;
  const lineColumns = paths.flatMap(([name = ''], index) => (isLines(name) ? [index] : []));
  const otherColumns = paths.flatMap(([name = ''], index) => (isLines(name) ? [] : [index]));
  const filledIn = (row: unknown, columns: readonly number[]) =>
    columns.map((index) => cell(row, index)).some((value) => truthy(value));
  const continues = (row: unknown) => filledIn(row, lineColumns) && !filledIn(row, otherColumns);

  const records: { record: RawRecord; span: Span }[] = [];
  for (let index = 0; index < data.length; ) {
    const record: RawRecord = new Map();
    let end = index + 1;
    while (end < data.length && continues(data[end])) end += 1;
    const rows = data.slice(index, end);
    paths.forEach(([name = ''], column) => {
      // A short row has no value for the plain columns behind its end, and is refused only for relations.
      const [first] = rows;
      if (!isRelation(name) && Array.isArray(first) && column < first.length) record.set(name, first[column]);
    });
    for (const name of new Set(paths.map(([head = '']) => head).filter(isRelation))) {
      const columns = paths.flatMap(([head], column) => (head === name ? [column] : []));
      const subPaths = columns
        .map((column) => paths[column]?.slice(1) ?? [])
        .map((path) => (path.length > 0 ? path : ['']));
      const filled = rows
        .map((row) => columns.map((column) => cell(row, column)))
        .filter((cells) => cells.some((value) => truthy(value)));
      const related = env.model(fieldOf(name)?.field.relation ?? '');
      record.set(
        name,
        extract(env, related, subPaths, filled).map((item) => item.record),
      );
    }
    records.push({ record, span: { rows: { from: index, to: end - 1 } } });
    index = end;
  }
  return records;
}

/** Creates or updates the records, each with its external id, as `_load_records` does. Returns their ids in order. */
function loadRecords(
  env: Environment,
  model: Model,
  batch: readonly Loaded[],
  update: boolean,
  noupdate: boolean,
): number[] {
  const keys = batch.map((item) => item.key);
  if (new Set(keys.filter(Boolean)).size !== keys.filter(Boolean).length) {
    throw new DatabaseError('check', 'ON CONFLICT DO UPDATE command cannot affect row a second time');
  }
  const ids: (number | undefined)[] = [];
  const updates: [number, Vals][] = [];
  for (const { key, id, vals } of batch) {
    if (key === undefined) {
      if (id !== undefined) updates.push([id, vals]);
      else if (update) throw validationError('Cannot update a record without specifying its id or xml_id');
      ids.push(id);
      continue;
    }
    const known = lookup(env, key);
    if (known !== undefined && known.model !== model.name) {
      throw validationError(
        `For external id ${key} when trying to create/update a record of model ${model.name} found record of different model ${known.model} (${known.rowId})`,
      );
    }
    const alive = known !== undefined && env.exists(model.name, known.recordId);
    if (known !== undefined && alive && !(update && known.noupdate)) updates.push([known.recordId, vals]);
    ids.push(alive ? known?.recordId : undefined);
  }
  if (updates.length > 0) requireAccess(env, model.name, 'write');
  for (const [id, vals] of updates) write(env, model, [id], vals);
  const created: [string, number][] = [];
  const result = batch.map(({ key, vals }, at) => {
    const known = ids[at];
    if (known !== undefined) return known;
    requireAccess(env, model.name, 'create');
    const id = create(env, model, vals);
    if (key !== undefined) created.push([key, id]);
    return id;
  });
  for (const [key, id] of created) insert(env, key, model.name, id, noupdate);
  return result;
}

/** What `load` says about a record that could not be saved. */
function failure(model: Model, error: unknown, info: Span): Message {
  if (error instanceof OdooError && error.isUserError)
    return { ...info, type: 'error', message: error.message };
  if (error instanceof DatabaseError) {
    if (error.kind === 'datatype') {
      return { ...info, type: 'error', message: error.message, moreinfo: 'Resolve other errors first' };
    }
    if (error.kind !== 'not-null' || error.field === undefined)
      return { ...info, type: 'error', message: error.message };
    if (error.model === model.name)
      return { ...info, type: 'error', message: error.message, field: error.field };
    // The real one reads the column of a line's table as one of the order's.
    const label = error.field === 'name' ? 'Order Reference' : error.field;
    return { ...info, type: 'error', message: missingRequired('', '', label, error.field) };
  }
  if (error instanceof OdooError && error.pythonName.startsWith('builtins.')) {
    const kind = error.pythonName.slice('builtins.'.length);
    const message = `Unknown error during import: <class '${kind}'>: ${error.message}`;
    return { ...info, type: 'error', message, moreinfo: 'Resolve other errors first' };
  }
  throw error;
}

/** Tries the batch as one, then one by one to learn which records are at fault. */
function flush(env: Environment, model: Model, batch: readonly Loaded[], messages: Message[]): number[] {
  const update = env.context.mode === 'update';
  const noupdate = Boolean(env.context.noupdate);
  const first = batch[0];
  if (first === undefined) return [];
  let general: Message | undefined;
  try {
    return env.db.savepoint(() => ({ value: loadRecords(env, model, batch, update, noupdate), undo: false }));
  } catch (error) {
    env.insertedXmlids.clear();
    if (error instanceof OdooError && error.isUserError) general = failure(model, error, first.info);
    else failure(model, error, first.info);
  }
  const ids: number[] = [];
  let errors = 0;
  for (const [at, item] of batch.entries()) {
    try {
      ids.push(
        ...env.db.savepoint(() => ({
          value: loadRecords(env, model, [item], update, noupdate),
          undo: false,
        })),
      );
    } catch (error) {
      messages.push(failure(model, error, item.info));
      errors += 1;
    }
    if (errors >= 10 && errors >= (at + 1) / 10) {
      messages.push({
        type: 'warning',
        message:
          'Found more than 10 errors and more than one error per 10 records, interrupted to avoid showing too many errors.',
      });
      break;
    }
  }
  const same = (message: Message) => JSON.stringify(message) === JSON.stringify(general);
  // Seen on the real one: a refusal of the whole batch is blamed on the batch's first record.
  if (errors > 0 && general !== undefined && !messages.some(same)) messages.unshift(general);
  return ids;
}

/**
 * `load`: the import that creates a record once per external id. All or nothing: one error undoes the whole call and
 * answers `ids: false` with messages.
 *
 * Context: `module` (namespace of ids without a dot), `mode` ('update' leaves records that are `noupdate` alone),
 * `noupdate` (marks created ones so).
 */
export function load(caller: Environment, model: Model, fields: unknown, data: unknown): LoadResult {
  if (!model.loadable) throw notSupported(`load on ${model.name}`);
  const columns = typeof fields === 'string' ? [...fields] : fields;
  if (!Array.isArray(columns) || !Array.isArray(data))
    throw notSupported('load with something else than lists');
  for (const key of ['_import_limit', 'import_file', 'name_create_enabled_fields', 'tracking_disable']) {
    if (caller.context[key] !== undefined && key !== 'tracking_disable')
      throw notSupported(`load context ${key}`);
  }
  const paths = columns.map(columnPath);
  const messages: Message[] = [];
  // Column names are resolved as the caller knows them, values come out under the names of Odoo 19.
  const batch: Loaded[] = extract(caller, model, paths, data).map(({ record, span }, index) => {
    const vals = convertRecord(caller, model, record, (problem, field) => {
      const message = problem.message.replace('%(field)s', field.label);
      messages.push({
        ...span,
        type: 'error',
        record: index,
        field: field.name,
        message,
        ...problem.extra,
        field_name: field.label,
      });
    });
    const id = record.get('id');
    const key = truthy(id) ? fullKey(caller, String(id)) : undefined;
    const given = truthy(record.get('.id')) ? record.get('.id') : undefined;
    const known = given === undefined ? undefined : parseIntStrict(given);
    if (given !== undefined && (known === undefined || !caller.exists(model.name, known))) {
      const message = `Unknown database identifier '${String(given)}'`;
      messages.push({ ...span, type: 'error', record: index, field: '.id', message });
      return { key, id: undefined, vals, info: { ...span, record: index } };
    }
    return { key, id: known, vals, info: { ...span, record: index } };
  });
  return caller.db.savepoint(() => {
    const importing = caller
      .current()
      .withContext({ _import_current_module: caller.context.module ?? '__import__' });
    const ids = flush(importing, model, batch, messages);
    const failed = messages.some((message) => message.type === 'error');
    if (failed) caller.insertedXmlids.clear();
    return { value: { ids: failed ? false : ids, messages, nextrow: 0 }, undo: failed };
  });
}
