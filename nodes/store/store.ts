import { asCrossdockError } from '../../core/errors';
import { registerShared } from '../shared/config-node';
import type { Red } from '../shared/red';
import { type OpenStore, openStore } from './open';
import { addRoutes, type OpenStores } from './routes';

export = (red: Red): void => {
  const stores: OpenStores = new WeakMap();
  registerShared<OpenStore>(red, 'crossdock-store', {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
    async create(config, node) {
      try {
        const opened = await openStore(red, config, node);
        stores.set(node, { opened });
        return opened;
      } catch (thrown) {
        stores.set(node, { problem: asCrossdockError(thrown) });
        throw thrown;
      }
    },
    close: (opened) => opened.close(),
  });
  addRoutes(red, stores);
};
