import { join } from 'node:path';
import { openSqliteStore } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { inboxNewestSuite } from './inbox-newest-suite';

describe('inbox: only the newest per key: SQLite', () => {
  let folder: TempDir;
  beforeEach(() => {
    folder = tempDir('inbox-newest');
  });
  afterEach(() => folder.remove());

  inboxNewestSuite(() => openSqliteStore(join(folder.path, 'store.sqlite')));
});
