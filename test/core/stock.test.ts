import { join } from 'node:path';
import { openSqliteStore } from '../../core/store';
import { type TempDir, tempDir } from '../support';
import { stockSuite } from './stock-suite';

describe('stock for people: on SQLite', () => {
  let dir: TempDir;
  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir.remove());

  stockSuite(() => openSqliteStore(join(dir.path, 'store.sqlite')));
});
