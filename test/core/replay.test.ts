import { join } from 'node:path';
import { openSqliteStore } from '../../core/store';
import { tempDir } from '../support';
import { describeReplay } from './replay-suite';

describeReplay('SQLite', async () => {
  const dir = tempDir('crossdock-replay-');
  const store = await openSqliteStore(join(dir.path, 'store.sqlite'));
  return {
    store,
    close: async () => {
      await store.close();
      dir.remove();
    },
  };
});
