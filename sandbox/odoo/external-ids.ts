import type { Environment } from './environment';
import { DatabaseError } from './errors';
import { num, str } from './model';

/** A row of ir.model.data as `load` sees it: only what its snapshot shows. */
export interface ExternalId {
  readonly rowId: number;
  readonly model: string;
  readonly recordId: number;
  readonly noupdate: boolean;
}

/** Splits an external id at its first dot, as Odoo does: `a.b.c` is name `b.c` of module `a`. */
export function splitKey(key: string): readonly [module: string, name: string] {
  const at = key.indexOf('.');
  return [key.slice(0, at), key.slice(at + 1)];
}

/** An external id with its module: the import's own where it names none. */
export const fullKey = (env: Environment, id: string): string =>
  id.includes('.') ? id : `${String(env.context.module ?? '__import__')}.${id}`;

/** Looks an external id up in the transaction's snapshot. */
export function lookup(env: Environment, key: string): ExternalId | undefined {
  if (!env.insertedXmlids.has(key) && env.registry.xmlids.isAfter(key, env.snapshot)) return undefined;
  const row = env.db.get('SELECT * FROM ir_model_data WHERE module = ? AND name = ?', ...splitKey(key));
  if (row === undefined) return undefined;
  return {
    rowId: num(row.id),
    model: str(row.model),
    recordId: num(row.res_id),
    noupdate: Boolean(row.noupdate),
  };
}

/**
 * Gives a record its external id.
 * @throws DatabaseError `serialization` when another transaction committed the same one after this one's snapshot
 */
export function insert(env: Environment, key: string, model: string, id: number, noupdate: boolean): void {
  const [module, name] = splitKey(key);
  const rowId = env.db.next('ir_model_data');
  if (name.includes(' ')) {
    throw new DatabaseError(
      'check',
      `new row for relation "ir_model_data" violates check constraint "ir_model_data_name_nospaces"\nDETAIL:  Failing row contains (${rowId}, null, ${env.now}, ${env.now}, null, ${id}, ${noupdate ? 't' : 'f'}, ${name}, ${module}, ${model}).\n`,
    );
  }
  const taken = env.db.get('SELECT 1 FROM ir_model_data WHERE module = ? AND name = ?', module, name);
  if (taken !== undefined) {
    throw new DatabaseError('serialization', 'could not serialize access due to concurrent update\n');
  }
  env.db.run(
    `INSERT INTO ir_model_data (id, module, name, model, res_id, noupdate, create_uid, create_date, write_uid, write_date)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[rowId, module, name, model, id, noupdate ? 1 : 0, env.uid, env.now, env.uid, env.now],
  );
  env.insertedXmlids.add(key);
  // The real server's process remembers it from here on, even when the transaction is rolled back.
  env.registry.xmlids.set(key, model, id);
}
