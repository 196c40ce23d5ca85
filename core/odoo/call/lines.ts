/**
 * Lines and links (one2many, many2many) as people write them, made into Odoo's commands.
 *
 * A list says what to do with each entry: `{ id: 7, qty: 2 }` changes record 7, an object without `id` makes a new
 * one, `{ id: 7, remove: true }` takes it away. A list of numbers is the whole set. An object names the steps:
 * `{ set: [...], add: [...], update: [...], remove: [ids], unlink: [ids], delete: [ids], clear: true }`.
 * Taking a line (one2many) away deletes it, as in Odoo's form; taking a link (many2many) away keeps the other record.
 * Odoo's own commands (`[[0, 0, {...}], [6, 0, [1, 2]]]`) are passed on, their values looked through like all others.
 */
import type { Faults } from './faults';

export type Command = readonly [number, number, unknown];

/** Reads the values of one record of the related model. */
export type ReadValues = (values: Readonly<Record<string, unknown>>, path: string) => Record<string, unknown>;

interface Place {
  readonly path: string;
  readonly type: 'one2many' | 'many2many';
  readonly faults: Faults;
  readonly values: ReadValues;
}

const FLAGS = ['remove', 'unlink', 'delete'] as const;
const STEPS = new Set(['set', 'add', 'update', 'remove', 'unlink', 'delete', 'clear']);

/** The commands for a value of a one2many or many2many field; what cannot be read is added to the faults. */
export function toCommands(value: unknown, place: Place): Command[] {
  if (value === null || value === false) return [[5, 0, 0]];
  if (Array.isArray(value)) return listToCommands(value, place);
  if (isObject(value)) return stepsToCommands(value, place);
  place.faults.add(place.path, 'must be a list of records, or an object such as { "add": [...] }.');
  return [];
}

function listToCommands(list: readonly unknown[], place: Place): Command[] {
  if (list.length > 0 && list.every(isId)) return [[6, 0, list]];
  return list.flatMap((entry, index) => {
    const at = { ...place, path: `${place.path}/${index}` };
    if (Array.isArray(entry)) return command(entry, at);
    if (isObject(entry)) return entryToCommands(entry, at);
    return refuse(at, 'must be an object with the values of a record (or all entries must be ids).');
  });
}

function entryToCommands(entry: Readonly<Record<string, unknown>>, place: Place): Command[] {
  const { id, ...rest } = entry;
  const flag = FLAGS.find((name) => rest[name] === true);
  if (id === undefined || id === null || id === false) {
    if (flag !== undefined) return refuse(place, `"${flag}" needs the id of the record.`);
    return [[0, 0, place.values(rest, place.path)]];
  }
  if (!isId(id)) return refuse({ ...place, path: `${place.path}/id` }, 'must be the number of a record.');
  if (flag !== undefined) return [away(flag, id, place)];
  if (Object.keys(rest).length === 0) return [[4, id, 0]];
  return [[1, id, place.values(rest, place.path)]];
}

function stepsToCommands(steps: Readonly<Record<string, unknown>>, place: Place): Command[] {
  const unknown = Object.keys(steps).find((name) => !STEPS.has(name));
  if (unknown !== undefined) {
    return refuse(
      { ...place, path: `${place.path}/${unknown}` },
      `is no step: use ${[...STEPS].join(', ')}, or a list of records.`,
    );
  }
  const commands: Command[] = [];
  if (steps['clear'] === true) commands.push([5, 0, 0]);
  if (steps['set'] !== undefined) commands.push(...setToCommands(steps['set'], at(place, 'set')));
  for (const flag of FLAGS) {
    for (const [index, id] of entries(steps[flag], at(place, flag))) {
      const where = at(place, `${flag}/${index}`);
      if (isId(id)) commands.push(away(flag, id, place));
      else refuse(where, 'must be the number of a record.');
    }
  }
  for (const name of ['update', 'add'] as const) {
    for (const [index, entry] of entries(steps[name], at(place, name))) {
      const where = at(place, `${name}/${index}`);
      if (isId(entry)) commands.push([4, entry, 0]);
      else if (!isObject(entry)) refuse(where, 'must be an object with the values of a record, or an id.');
      else if (name === 'update' && !isId(entry['id'])) refuse(where, 'needs the id of the record.');
      else commands.push(...entryToCommands(entry, where));
    }
  }
  return commands;
}

/** Exactly these: those that are listed by id stay (and are changed), all others go, those without id come. */
function setToCommands(value: unknown, place: Place): Command[] {
  const listed = entries(value, place);
  const kept = listed
    .map(([, entry]) => (isObject(entry) ? entry['id'] : entry))
    .filter((id): id is number => isId(id));
  const changes = listed.flatMap(([index, entry]) => {
    if (isId(entry)) return [];
    if (!isObject(entry)) return refuse(at(place, String(index)), 'must be an object or an id.');
    // Listed by its id only: it stays as it is.
    return entryToCommands(entry, at(place, String(index))).filter(([code]) => code !== 4);
  });
  return [kept.length === 0 ? [5, 0, 0] : [6, 0, kept], ...changes];
}

function away(flag: (typeof FLAGS)[number], id: number, { type }: Place): Command {
  const deletes = flag === 'delete' || (flag === 'remove' && type === 'one2many');
  return [deletes ? 2 : 3, id, 0];
}

/** One of Odoo's own commands. */
function command(entry: readonly unknown[], place: Place): Command[] {
  const [code, id = 0, values = 0] = entry;
  if (code === 0 || code === 1) {
    if (!isObject(values)) return refuse(at(place, '2'), 'must be an object with the values of a record.');
    if (code === 1 && !isId(id)) return refuse(at(place, '1'), 'must be the number of a record.');
    return [[code, Number(id) || 0, place.values(values, at(place, '2').path)]];
  }
  if (code === 2 || code === 3 || code === 4) {
    return isId(id) ? [[code, id, 0]] : refuse(at(place, '1'), 'must be the number of a record.');
  }
  if (code === 5) return [[5, 0, 0]];
  if (code === 6 && Array.isArray(values) && values.every(isId)) return [[6, 0, values]];
  return refuse(place, 'is none of Odoo’s commands 0 to 6.');
}

function entries(value: unknown, place: Place): readonly (readonly [number, unknown])[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.map((entry: unknown, index) => [index, entry] as const);
  refuse(place, 'must be a list.');
  return [];
}

function at(place: Place, step: string): Place {
  return { ...place, path: `${place.path}/${step}` };
}

function refuse(place: Place, message: string): Command[] {
  place.faults.add(place.path, message);
  return [];
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
