/** The reconciler's history, in-flight knowledge and approvals on PostgreSQL: the suite that also runs on SQLite. */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../../core/store';
import { reconcileCorrectionSuite } from '../core/reconcile-correction-suite';
import { reconcileFlightSuite } from '../core/reconcile-flight-suite';
import { reconcileSuite } from '../core/reconcile-suite';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describe('reconcile: runs on PostgreSQL', function () {
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

  const open = async () => {
    const schema = `test_${randomBytes(6).toString('hex')}`;
    schemas.push(schema);
    return openPostgresStore({ url, schema });
  };
  describe('history', () => reconcileSuite(open));
  describe('what is on its way', () => reconcileFlightSuite(open));
  describe('corrections', () => reconcileCorrectionSuite(open));
});
