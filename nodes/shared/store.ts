import type { Store } from '../../core/store';
import { shared } from './config-node';
import type { RawConfig, Red } from './red';

/** The store that the node's field `store` names. */
export function storeOf(red: Red, config: RawConfig): (userClosed: Promise<void>) => Promise<Store> {
  const part = shared<{ store: Store }>(red, config, 'store', 'crossdock-store', 'Store');
  return async (userClosed) => (await part(userClosed)).store;
}
