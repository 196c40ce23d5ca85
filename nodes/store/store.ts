import { asCrossdockError } from '../../core/errors';
import { registerShared } from '../shared/config-node';
import { addConsoleRoutes } from '../shared/console-routes';
import { addCrossReferenceRoutes } from '../shared/cross-reference-routes';
import { openDesk } from '../shared/desks';
import type { Red } from '../shared/red';
import { type OpenStore, openStore } from './open';
import { addRoutes, type OpenStores } from './routes';

export = (red: Red): void => {
  const stores: OpenStores = new WeakMap();
  const closeDesk = new WeakMap<OpenStore, () => Promise<void>>();
  registerShared<OpenStore>(red, 'crossdock-store', {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
    async create(config, node) {
      try {
        const opened = await openStore(red, config, node);
        stores.set(node, { opened });
        closeDesk.set(opened, openDesk(red, node, opened.store));
        return opened;
      } catch (thrown) {
        stores.set(node, { problem: asCrossdockError(thrown) });
        throw thrown;
      }
    },
    async close(opened) {
      await closeDesk.get(opened)?.();
      await opened.close();
    },
  });
  addRoutes(red, stores);
  addConsoleRoutes(red);
  addCrossReferenceRoutes(red);
};
