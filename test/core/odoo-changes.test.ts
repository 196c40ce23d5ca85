import { join } from 'node:path';
import { openSqliteStore } from '../../core/store';
import { tempDir } from '../support';
import { describeOdooChanges } from './odoo-changes-suite';

describeOdooChanges('SQLite', async () => {
  const dir = tempDir('crossdock-changes-');
  const store = await openSqliteStore(join(dir.path, 'store.sqlite'));
  return {
    store,
    close: async () => {
      await store.close();
      dir.remove();
    },
  };
});
