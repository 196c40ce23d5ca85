import type { Row, Value } from './database';
import type { Environment } from './environment';

/** Inserts a row as the ORM does: with the next id and the log fields. Returns the id. */
export function insertRow(env: Environment, table: string, values: Readonly<Record<string, Value>>): number {
  const id = env.db.next(table);
  const all: Record<string, Value> = {
    id,
    create_uid: env.uid,
    create_date: env.now,
    write_uid: env.uid,
    write_date: env.now,
    ...values,
  };
  const names = Object.keys(all);
  env.db.run(
    `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
    ...Object.values(all),
  );
  return id;
}

/**
 * Sets columns as the ORM does with fields that it computes and keeps: nothing is written when nothing changes, and the
 * log fields move when something does. Returns whether something changed.
 */
export function updateRow(
  env: Environment,
  table: string,
  row: Row,
  values: Readonly<Record<string, Value>>,
): boolean {
  const changed = Object.entries(values).filter(([name, value]) => (row[name] ?? null) !== value);
  if (changed.length === 0) return false;
  const set = [...changed, ['write_uid', env.uid] as const, ['write_date', env.now] as const];
  env.db.run(
    `UPDATE ${table} SET ${set.map(([name]) => `"${name}" = ?`).join(', ')} WHERE id = ?`,
    ...set.map(([, value]) => value),
    row.id ?? null,
  );
  return true;
}
