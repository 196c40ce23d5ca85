import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore, type Store } from '../../core/store';
import { describeOdooChanges } from '../core/odoo-changes-suite';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describeOdooChanges(
  'PostgreSQL',
  async () => {
    const schema = `test_${randomBytes(6).toString('hex')}`;
    const opened: Store[] = [];
    const open = async (): Promise<Store> => {
      const store = await openPostgresStore({ url, schema });
      opened.push(store);
      return store;
    };
    return {
      store: await open(),
      another: open,
      close: async () => {
        for (const store of opened) await store.close();
        const admin = new Client({ connectionString: url });
        await admin.connect();
        await admin.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        await admin.end();
      },
    };
  },
  () => url === '',
);
