import { isOperation, mayAccess, type Operation, requireAccess, requireFields } from './access';
import type { Environment } from './environment';
import {
  accessError,
  assertionError,
  missingError,
  notFound,
  notSupported,
  typeError,
  unprocessable,
} from './errors';
import { fieldsGet } from './fields-get';
import { load } from './load';
import { LOG_COLUMNS, type Method, type Model, str, type Vals } from './model';
import { asRecord } from './python';
import { formattedReadGroup } from './read-group';
import { currentMethod, currentModel, methodExists, modelExists } from './reality';
import { read, search, searchCount, unlink } from './records';
import { create, write } from './writing';

const optional = (name: string, value: unknown = null) => ({ name, default: value });

function requireCreatable(model: Model, what: string): void {
  if (!model.creatable) throw notSupported(`${what} on ${model.name}`);
}

function nameSearch(
  env: Environment,
  model: Model,
  args: Readonly<Record<string, unknown>>,
): [number, unknown][] {
  if (model.nameColumn === '') throw notSupported(`name_search on ${model.name}`);
  const domain = Array.isArray(args.domain) ? args.domain : [];
  const byName = args.name === '' ? [] : [[model.nameColumn, args.operator, args.name]];
  const ids = search(env, model, [...byName, ...domain], { limit: args.limit });
  const names = env.displayNames(model.name, ids);
  return ids.map((id) => [id, names.get(id)]);
}

/** Who made and changed records, and by which external ids they are known. */
function metadata(env: Environment, model: Model, ids: readonly number[]): Record<string, unknown>[] {
  return read(env, model, ids, [...LOG_COLUMNS]).map((record) => {
    const xmlids = env.db
      .all(
        'SELECT module, name, noupdate FROM ir_model_data WHERE model = ? AND res_id = ? ORDER BY id',
        ...[model.name, Number(record.id)],
      )
      .map((row) => ({ xmlid: `${str(row.module)}.${str(row.name)}`, noupdate: Boolean(row.noupdate) }));
    const [main] = xmlids;
    return { ...record, xmlid: main?.xmlid ?? false, noupdate: main?.noupdate ?? false, xmlids };
  });
}

/** Methods that every model has. */
function commonMethods(model: Model): Record<string, Method> {
  return {
    search: {
      modelMethod: true,
      params: [{ name: 'domain' }, optional('offset', 0), optional('limit'), optional('order')],
      run: (env, _ids, args) => search(env, model, args.domain, args),
    },
    search_count: {
      modelMethod: true,
      params: [{ name: 'domain' }, optional('limit')],
      run: (env, _ids, args) => searchCount(env, model, args.domain, args.limit),
    },
    search_read: {
      modelMethod: true,
      params: [
        ...[
          optional('domain'),
          optional('fields'),
          optional('offset', 0),
          optional('limit'),
          optional('order'),
        ],
        optional('load', '_classic_read'),
      ],
      run: (env, _ids, args) => {
        // Fields are checked also when nothing is found.
        if (Array.isArray(args.fields)) read(env, model, [0], args.fields);
        return read(env, model, search(env, model, args.domain ?? [], args), args.fields, args.load);
      },
    },
    read: {
      params: [optional('fields'), optional('load', '_classic_read')],
      run: (env, ids, args) => read(env, model, ids, args.fields, args.load),
    },
    create: {
      modelMethod: true,
      params: [{ name: 'vals_list' }],
      run: (env, _ids, { vals_list: given }) => {
        requireCreatable(model, 'create');
        const list = (Array.isArray(given) ? given : [given]) as unknown[];
        return list.map((vals) => {
          const record = asRecord(vals);
          if (record === undefined) throw typeError('create() takes dictionaries');
          return create(env, model, record as Vals);
        });
      },
    },
    write: {
      params: [{ name: 'vals' }],
      run: (env, ids, { vals }) => {
        const record = asRecord(vals);
        if (record === undefined) throw notSupported('write without a dictionary');
        return write(env, model, ids, record as Vals);
      },
    },
    unlink: {
      params: [],
      run: (env, ids) => {
        requireCreatable(model, 'unlink');
        for (const id of ids) if (!env.exists(model.name, id)) throw missingError(model.name, id, env.uid);
        return unlink(env, model, ids);
      },
    },
    fields_get: {
      modelMethod: true,
      params: [optional('allfields'), optional('attributes')],
      run: (env, _ids, args) => fieldsGet(env, model, args.allfields, args.attributes),
    },
    name_search: {
      modelMethod: true,
      params: [
        optional('name', ''),
        optional('domain'),
        optional('operator', 'ilike'),
        optional('limit', 100),
      ],
      run: (env, _ids, args) => nameSearch(env, model, args),
    },
    has_access: {
      params: [{ name: 'operation' }],
      run: (env, _ids, { operation }) => {
        if (isOperation(operation)) return mayAccess(env, model.name, operation);
        throw assertionError('Invalid access mode');
      },
    },
    formatted_read_group: {
      modelMethod: true,
      params: [
        ...[{ name: 'domain' }, optional('groupby'), optional('aggregates'), optional('having')],
        ...[optional('offset', 0), optional('limit'), optional('order')],
      ],
      run: (env, _ids, args) => formattedReadGroup(env, model, args),
    },
    get_metadata: {
      params: [],
      run: (env, ids) => metadata(env, model, ids),
    },
    get_external_id: {
      params: [],
      run: (env, ids) =>
        Object.fromEntries(metadata(env, model, ids).map(({ id, xmlid }) => [String(id), xmlid || ''])),
    },
    load: {
      modelMethod: true,
      params: [{ name: 'fields' }, { name: 'data' }],
      run: (env, _ids, args) => load(env, model, args.fields, args.data),
    },
  };
}

/** A method that may be called from outside, with its model. */
export interface Target {
  readonly model: Model;
  readonly name: string;
  readonly method: Method;
}

/** How a transport says that a model or a method does not exist. */
export interface Unknowns {
  model(name: string): Error;
  method(text: string): Error;
}

/** JSON-2's way: 404 for both. */
export const JSON2_UNKNOWNS: Unknowns = {
  model: (name) => notFound(`the model '${name}' does not exist`),
  method: (text) => notFound(text),
};

/** What the account must be allowed to do for the methods that every model has. */
const NEEDS: Readonly<Record<string, readonly Operation[]>> = {
  search: ['read'],
  search_count: ['read'],
  search_read: ['read'],
  read: ['read'],
  name_search: ['read'],
  formatted_read_group: ['read'],
  get_metadata: ['read'],
  create: ['create'],
  write: ['write'],
  unlink: ['unlink'],
};

/** Other methods that change records. */
const CHANGES = /^(action|button|do|process)_?/;

/** The fields of the model that a call reads, or searches by. */
function namesIn({ fields, domain }: Readonly<Record<string, unknown>>): string[] {
  const searched = (Array.isArray(domain) ? domain : []).flatMap((item) =>
    Array.isArray(item) ? [String(item[0]).split('.')[0] ?? ''] : [],
  );
  return [...(Array.isArray(fields) ? fields.map(String) : []), ...searched];
}

/** What `has_access` was before 18: a method of the model, which may refuse instead of saying no. */
function checkAccessRights(model: string): Method {
  return {
    modelMethod: true,
    params: [{ name: 'operation' }, optional('raise_exception', true)],
    run(env, _ids, { operation, raise_exception: raises }) {
      if (!isOperation(operation)) throw assertionError('Invalid access mode');
      if (raises) requireAccess(env, model, operation);
      return mayAccess(env, model, operation);
    },
  };
}

/** A method that asks first whether the account may do it. */
function guarded(model: Model, name: string, method: Method): Target {
  const usual = NEEDS[name] ?? (CHANGES.test(name) ? (['write'] as const) : []);
  const needs = method.ownRights ? [] : usual;
  return {
    model,
    name,
    method: {
      ...method,
      run(env, ids, args) {
        for (const operation of needs) requireAccess(env, model.name, operation);
        if (name === 'read' || name.startsWith('search')) requireFields(env, model, namesIn(args), 'read');
        else if (name === 'write') requireFields(env, model, Object.keys(asRecord(args.vals) ?? {}), 'write');
        return method.run(env, ids, args);
      },
    },
  };
}

/**
 * Finds the method that a call names.
 * @throws OdooError the real one's refusal, or 501 for what only the real one has
 */
export function findMethod(
  env: Environment,
  modelName: string,
  calledAs: string,
  unknowns: Unknowns,
): Target {
  const { major } = env.registry;
  const currentlyCalled = currentModel(modelName, major);
  if (currentlyCalled === undefined || !modelExists(currentlyCalled)) throw unknowns.model(modelName);
  if (calledAs.startsWith('_')) {
    throw accessError(`Private methods (such as '${modelName}.${calledAs}') cannot be called remotely.`);
  }
  const model = env.model(currentlyCalled);
  const unknown = () => unknowns.method(`The method '${modelName}.${calledAs}' does not exist`);
  const name = currentMethod(currentlyCalled, calledAs, major);
  if (name === undefined || (name === 'has_access' && major < 18)) throw unknown();
  if (name === 'check_access_rights' && major < 18)
    return { model, name, method: checkAccessRights(model.name) };
  const own = model.methods?.[name];
  // A model's own methods speak the names of Odoo 19, whatever version the caller speaks.
  if (own !== undefined)
    return guarded(model, name, {
      ...own,
      run: (caller, ids, args) => own.run(caller.current(), ids, args),
    });
  const method = commonMethods(model)[name];
  if (method !== undefined) return guarded(model, name, method);
  if (methodExists(model.name, name)) throw notSupported(`${modelName}.${name}`);
  throw unknown();
}

/** Binds named arguments the way JSON-2 does. Throws 422 for missing and for unknown ones. */
export function bindNamed(
  { method }: Target,
  named: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const param of method.params) {
    if (param.name in named) args[param.name] = named[param.name];
    else if ('default' in param) args[param.name] = param.default;
    else throw unprocessable(`missing a required argument: '${param.name}'`);
  }
  for (const name of Object.keys(named)) {
    if (!(name in args)) throw unprocessable(`got an unexpected keyword argument '${name}'`);
  }
  return args;
}

/** Binds positional and keyword arguments the way a Python call does. Throws TypeError. */
export function bindPositional(
  { method, name }: Target,
  positional: readonly unknown[],
  keywords: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const label = `BaseModel.${name}()`;
  const names = method.params.map((param) => param.name);
  if (positional.length > names.length) {
    throw typeError(
      `${label} takes ${names.length + 1} positional arguments but ${positional.length + 1} were given`,
    );
  }
  const args: Record<string, unknown> = {};
  positional.forEach((value, at) => {
    args[names[at] ?? ''] = value;
  });
  for (const [key, value] of Object.entries(keywords)) {
    if (!names.includes(key)) throw typeError(`${label} got an unexpected keyword argument '${key}'`);
    if (key in args) throw typeError(`${label} got multiple values for argument '${key}'`);
    args[key] = value;
  }
  const missing = method.params.filter((param) => !(param.name in args) && !('default' in param));
  if (missing.length > 0) {
    const list = missing.map((param) => `'${param.name}'`).join(' and ');
    const plural = missing.length === 1 ? 'argument' : 'arguments';
    throw typeError(`${label} missing ${missing.length} required positional ${plural}: ${list}`);
  }
  for (const param of method.params) if (!(param.name in args)) args[param.name] = param.default;
  return args;
}
