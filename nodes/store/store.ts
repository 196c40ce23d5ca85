import { isAbsolute, join, normalize } from 'node:path';
import { openSqliteStore, type Store } from '../../core/store';
import { text } from '../shared/config';
import { registerShared } from '../shared/config-node';
import type { Red } from '../shared/red';

/**
 * Store files open in this process. After a redeploy the new config node may open its file while the old one is
 * still closing it; a file can be open once only, so the opening waits for the closing.
 */
const closing = new Map<string, Promise<void>>();

export = (red: Red): void => {
  registerShared<{ store: Store; file: string }>(red, 'crossdock-store', {
    async create(config) {
      const path = text(config, 'path', 'File', 'crossdock.sqlite');
      const file = normalize(isAbsolute(path) ? path : join(red.settings.userDir ?? process.cwd(), path));
      await closing.get(file);
      return { store: await openSqliteStore(file), file };
    },
    async close({ store, file }) {
      const closed = store.close().finally(() => closing.delete(file));
      closing.set(file, closed);
      await closed;
    },
  });
};
