import type { Migration, Row, Store } from './types';

const LEDGER = `CREATE TABLE IF NOT EXISTS crossdock_schema (
  idea TEXT NOT NULL, version BIGINT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (idea, version))`;

/**
 * Applies the steps of `migration` that the store has not seen. Each step commits together with its ledger row, so a
 * crash leaves either the old or the new version. A second process that applies the same step fails on the ledger's
 * primary key and rolls back, which is why the version is read again before giving up.
 */
export async function applyMigrations(store: Pick<Store, 'run'>, migration: Migration): Promise<void> {
  const versionOf = async (): Promise<number> => {
    const [, found] = await store.run([
      { sql: LEDGER },
      {
        sql: 'SELECT max(version) AS version FROM crossdock_schema WHERE idea = ?',
        params: [migration.idea],
      },
    ]);
    const row: Row | undefined = found?.rows[0];
    return Number(row?.['version'] ?? 0);
  };
  let version = await versionOf();
  if (version > migration.steps.length) {
    throw new Error(
      `The store was written by a newer Crossdock (${migration.idea} version ${version}, this one knows ${migration.steps.length}).`,
    );
  }
  while (version < migration.steps.length) {
    const next = version + 1;
    const step = migration.steps[version] ?? [];
    try {
      await store.run([
        {
          sql: 'INSERT INTO crossdock_schema (idea, version, applied_at) VALUES (?, ?, {now})',
          params: [migration.idea, next],
        },
        ...step.map((sql) => ({ sql })),
      ]);
    } catch (error) {
      const now = await versionOf();
      if (now < next) throw error;
    }
    version = await versionOf();
  }
}
