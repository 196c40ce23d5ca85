/** Only the newest message per key on PostgreSQL: the suite that also runs on SQLite, with two gateways where they matter. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../../core/store';
import { inboxNewestSuite } from '../core/inbox-newest-suite';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describe('inbox: only the newest per key: PostgreSQL', function () {
  this.timeout(60_000);
  let admin: Client;
  let schema: string;

  before(async function () {
    if (url === '') this.skip();
    admin = new Client({ connectionString: url });
    await admin.connect();
  });
  beforeEach(() => {
    schema = `test_${randomBytes(6).toString('hex')}`;
  });
  afterEach(async () => {
    await admin?.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  });
  after(() => admin?.end());

  inboxNewestSuite(() => openPostgresStore({ url, schema }));
});
