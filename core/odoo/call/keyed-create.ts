/**
 * Creating a record at most once: the key becomes an external id, which Odoo's own database keeps unique, and the
 * values travel as the rows of an import (`load`, see core/odoo/load).
 */
import { CrossdockError } from '../../errors/index';
import type { OdooClient } from '../client/types';
import { KeyedLoader } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import { isObject } from './arguments';
import { Faults, invalidCall } from './faults';
import { type FieldFacts, fieldsOf, isMany } from './fields';
import type { Command } from './lines';
import { toOdooValues } from './write-values';

/** External ids of this node; never the name of an installed app, with which Odoo would delete them. */
const NAMESPACE = 'crossdock_call';
const MAX_KEY = 255;

type Rows = readonly Readonly<Record<string, string>>[];

export class KeyedCreator {
  private readonly loader: KeyedLoader;

  constructor(private readonly client: OdooClient) {
    this.loader = new KeyedLoader(client, { namespace: NAMESPACE });
  }

  /** The id of the one record with this key, created now or before. Rejects with CrossdockError. */
  async create(model: string, key: string, values: Readonly<Record<string, unknown>>): Promise<number> {
    if (key.trim() === '' || key.length > MAX_KEY) {
      throw invalidCall(`The key must have 1 to ${MAX_KEY} characters.`, { model });
    }
    const [converted = {}] = await toOdooValues(this.client, model, [{ values, path: '/values' }]);
    const faults = new Faults(model);
    const rows = await this.rows(model, converted, '/values', faults);
    faults.demandNone();
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const id = hashKey(NAMESPACE, model, key);
    const cells = rows.map((row, index) => [
      index === 0 ? id : '',
      ...columns.map((column) => row[column] ?? ''),
    ]);
    const outcomes = await this.loader.load(model, [{ key: id, columns: ['id', ...columns], rows: cells }]);
    const outcome = outcomes.get(id);
    if (outcome !== undefined && 'id' in outcome) return outcome.id;
    throw (
      outcome?.error ??
      new CrossdockError('Odoo gave no answer to the load.', { code: 'ODOO_SERVER', kind: 'transient' })
    );
  }

  /** The rows of an import: the first holds the record, each further line of it adds one. */
  private async rows(
    model: string,
    values: Readonly<Record<string, unknown>>,
    path: string,
    faults: Faults,
  ): Promise<Rows> {
    const fields = await fieldsOf(this.client, model);
    const own: Record<string, string> = {};
    const lines: Record<string, string>[] = [];
    for (const [name, value] of Object.entries(values)) {
      const facts = fields.get(name);
      if (facts === undefined) continue;
      if (!isMany(facts)) {
        const [column, cell] = cellOf(name, value, facts);
        own[column] = cell;
        continue;
      }
      const commands = value as readonly Command[];
      if (facts.type === 'many2many') {
        const ids = linkedIds(commands);
        if (ids === undefined) faults.add(`${path}/${name}`, 'a record with a key takes ids here.');
        else own[`${name}/.id`] = ids.join(',');
        continue;
      }
      for (const [code, , line] of commands) {
        if (code !== 0 || !isObject(line)) {
          faults.add(`${path}/${name}`, 'a record with a key takes new lines only.');
          continue;
        }
        const inner = await this.rows(facts.relation ?? '', line, `${path}/${name}`, faults);
        for (const row of inner) {
          lines.push(
            Object.fromEntries(Object.entries(row).map(([column, cell]) => [`${name}/${column}`, cell])),
          );
        }
      }
    }
    const [first = {}, ...rest] = lines;
    return [{ ...own, ...first }, ...rest];
  }
}

/** Undefined when the commands do more than to link. */
function linkedIds(commands: readonly Command[]): readonly number[] | undefined {
  const ids = commands.map(([code, id, list]) =>
    code === 6 ? (list as number[]) : code === 4 ? [id] : undefined,
  );
  return ids.includes(undefined) ? undefined : ids.flatMap((each) => each ?? []);
}

function cellOf(name: string, value: unknown, { type }: FieldFacts): readonly [string, string] {
  if (type === 'boolean') return [name, value === true ? '1' : '0'];
  if (value === false || value === null) return [name, ''];
  if (type === 'many2one') return [`${name}/.id`, String(value)];
  return [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
}
