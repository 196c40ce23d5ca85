/** What the console reads of stock, on PostgreSQL: the suite that also runs on SQLite. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../../core/store';
import { stockSuite } from '../core/stock-suite';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describe('stock for people: on PostgreSQL', function () {
  this.timeout(60_000);
  let admin: Client;
  const schemas: string[] = [];

  before(async function () {
    if (url === '') this.skip();
    admin = new Client({ connectionString: url });
    await admin.connect();
  });
  after(async () => {
    for (const schema of schemas) await admin?.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await admin?.end();
  });

  stockSuite(async () => {
    const schema = `test_${randomBytes(6).toString('hex')}`;
    schemas.push(schema);
    return openPostgresStore({ url, schema });
  });
});
