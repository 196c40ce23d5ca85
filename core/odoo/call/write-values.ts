/**
 * Values of a record as people write them, made into what Odoo takes, field by field by Odoo's own description. What
 * does not fit is told by its place before anything is sent, since Odoo's own answers to it are a Python error at
 * best and a silently wrong value at worst (`bool("false")` is true).
 */
import type { OdooClient } from '../client/types';
import { Faults } from './faults';
import { type FieldFacts, fieldsOf, isMany, type ModelFields } from './fields';
import { toCommands } from './lines';

type Values = Readonly<Record<string, unknown>>;

/** Lines of lines of lines: deeper is a mistake. */
const MAX_DEPTH = 4;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const ODOO_DATETIME = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2}(\.\d+)?)?$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Converts the values of one or more records of `model`.
 * @param path where they stand in the arguments, for the faults
 * @throws CrossdockError ODOO_VALUES (permanent, with a problem per place), or what `OdooClient.call` throws
 */
export async function toOdooValues(
  client: OdooClient,
  model: string,
  records: readonly { readonly values: Values; readonly path: string }[],
): Promise<Record<string, unknown>[]> {
  const models = await modelsOf(client, model, records);
  const faults = new Faults(model);
  const converted = records.map(({ values, path }) => convert(models, faults, model, values, path, 0));
  faults.demandNone();
  return converted;
}

/** The fields of the model, and of every model that the values have lines of. */
async function modelsOf(
  client: OdooClient,
  model: string,
  records: readonly { readonly values: Values }[],
): Promise<Map<string, ModelFields>> {
  const models = new Map<string, ModelFields>();
  let layer: { model: string; values: readonly unknown[] }[] = [
    { model, values: records.map(({ values }) => values) },
  ];
  for (let depth = 0; depth <= MAX_DEPTH && layer.length > 0; depth += 1) {
    const next: { model: string; values: readonly unknown[] }[] = [];
    for (const { model: name, values } of layer) {
      const fields = models.get(name) ?? (await fieldsOf(client, name));
      models.set(name, fields);
      for (const each of values) {
        if (!isObject(each)) continue;
        for (const [field, value] of Object.entries(each)) {
          const facts = fields.get(field);
          if (facts?.relation === undefined || !isMany(facts)) continue;
          const inside = objectsIn(value);
          if (inside.length > 0) next.push({ model: facts.relation, values: inside });
        }
      }
    }
    layer = next;
  }
  return models;
}

/** Whatever in a value of lines may be the values of a record. */
function objectsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value))
    return value.flatMap((entry: unknown) => (Array.isArray(entry) ? entry : [entry])).filter(isObject);
  return isObject(value) ? Object.values(value).flat().filter(isObject) : [];
}

function convert(
  models: ReadonlyMap<string, ModelFields>,
  faults: Faults,
  model: string,
  values: Values,
  path: string,
  depth: number,
): Record<string, unknown> {
  const fields = models.get(model);
  if (depth > MAX_DEPTH || fields === undefined) {
    faults.add(path, 'has lines within lines too deep to be meant.');
    return {};
  }
  const converted: [string, unknown][] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const at = `${path}/${name}`;
    const facts = fields.get(name);
    if (facts === undefined) {
      faults.add(at, `${model} has no field "${name}" that this account may see.`);
    } else if (isMany(facts)) {
      const type = facts.type as 'one2many' | 'many2many';
      const inner = (entry: Values, where: string): Record<string, unknown> =>
        convert(models, faults, facts.relation ?? '', entry, where, depth + 1);
      converted.push([name, toCommands(value, { path: at, type, faults, values: inner })]);
    } else {
      converted.push([name, scalar(value, facts, at, faults)]);
    }
  }
  return Object.fromEntries(converted);
}

function scalar(value: unknown, facts: FieldFacts, path: string, faults: Faults): unknown {
  const wrong = (what: string): unknown => {
    faults.add(path, `${facts.label}: ${what}`);
    return false;
  };
  if (facts.type === 'boolean') {
    if (typeof value === 'boolean') return value;
    return value === null ? false : wrong('must be true or false.');
  }
  if (value === null || value === false) return false;
  switch (facts.type) {
    case 'integer':
      return wholeNumber(value) ?? wrong('must be a whole number.');
    case 'float':
    case 'monetary':
      return decimalNumber(value) ?? wrong('must be a number, such as 12.5 or "12.50".');
    case 'char':
    case 'text':
    case 'html':
      if (typeof value === 'string') return value;
      return typeof value === 'number' ? String(value) : wrong('must be a text.');
    case 'selection':
      if (typeof value !== 'string') return wrong('must be a text.');
      if (facts.selection === undefined || facts.selection.includes(value)) return value;
      return wrong(`"${value.slice(0, 40)}" is none of ${facts.selection.slice(0, 12).join(', ')}.`);
    case 'date':
      return dateOf(value) ?? wrong('must be a date such as 2026-11-27.');
    case 'datetime':
      return datetimeOf(value) ?? wrong('must be a time such as 2026-11-27T10:00:00Z.');
    case 'many2one':
    case 'many2one_reference':
      return linkOf(value) ?? wrong('must be the id of a record, or an object with its id.');
    case 'binary':
      return Buffer.isBuffer(value) ? value.toString('base64') : value;
    default:
      return value;
  }
}

function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function decimalNumber(value: unknown): number | undefined {
  const number =
    typeof value === 'string' && /^-?\d{1,15}(\.\d{1,12})?$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

function dateOf(value: unknown): string | undefined {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString().slice(0, 10);
  if (typeof value !== 'string') return undefined;
  const day = value.trim().slice(0, 10);
  const rest = value.trim().slice(10);
  if (!DATE.test(day) || Number.isNaN(Date.parse(`${day}T00:00:00Z`))) return undefined;
  return rest === '' || ODOO_DATETIME.test(value.trim()) || RFC3339.test(value.trim()) ? day : undefined;
}

/** Odoo keeps times in UTC, without a zone. */
function datetimeOf(value: unknown): string | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : odooTime(value);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (ODOO_DATETIME.test(text)) {
    const at = new Date(`${text.replace(' ', 'T')}Z`);
    return Number.isNaN(at.getTime()) ? undefined : odooTime(at);
  }
  const at = DATE.test(text)
    ? new Date(`${text}T00:00:00Z`)
    : RFC3339.test(text)
      ? new Date(text)
      : undefined;
  return at === undefined || Number.isNaN(at.getTime()) ? undefined : odooTime(at);
}

/** `2026-11-27 10:00:00` */
export function odooTime(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}

function linkOf(value: unknown): number | undefined {
  if (Array.isArray(value)) return wholeNumber(value[0]);
  if (isObject(value)) return wholeNumber(value['id']);
  return wholeNumber(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !Buffer.isBuffer(value)
  );
}
