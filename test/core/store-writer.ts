/** Child of the kill -9 tests: writes units of two rows without end and reports what was acknowledged. */
import { openPostgresStore, openSqliteStore, type Store } from '../../core/store';

// A file, or the URL and the schema of a PostgreSQL store.
const [place = '', offset = '0', schema = ''] = process.argv.slice(2);

function open(): Promise<Store> {
  return place.startsWith('postgres') ? openPostgresStore({ url: place, schema }) : openSqliteStore(place);
}

async function main(): Promise<void> {
  const store = await open();
  await store.run([{ sql: 'CREATE TABLE IF NOT EXISTS written (n BIGINT, part BIGINT)' }]);
  for (let n = Number(offset); ; n += 20) {
    const ids = Array.from({ length: 20 }, (_, step) => n + step);
    await Promise.all(
      ids.map((id) =>
        store.run(
          [1, 2].map((part) => ({ sql: 'INSERT INTO written (n, part) VALUES (?, ?)', params: [id, part] })),
        ),
      ),
    );
    process.send?.(ids);
  }
}

void main();
