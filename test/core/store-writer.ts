/** Child of the kill -9 test: writes units of two rows without end and reports what was acknowledged. */
import { openSqliteStore } from '../../core/store';

const [file = '', offset = '0'] = process.argv.slice(2);

async function main(): Promise<void> {
  const store = await openSqliteStore(file);
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
