import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../../core/store';
import { describeCrossReferences } from '../core/cross-reference-suite';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describeCrossReferences(
  'PostgreSQL',
  async () => {
    const schema = `test_${randomBytes(6).toString('hex')}`;
    const store = await openPostgresStore({ url, schema });
    return {
      store,
      close: async () => {
        await store.close();
        const admin = new Client({ connectionString: url });
        await admin.connect();
        await admin.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        await admin.end();
      },
    };
  },
  () => url === '',
);
