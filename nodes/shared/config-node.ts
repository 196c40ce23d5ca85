/**
 * Config nodes hold what several nodes share (a store, a connection). They give it away as a promise, so that nodes
 * start in any order, and each user gets the reason when it could not be opened.
 */
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { usersMs } from './closing';
import type { RawConfig, Red, RedNode } from './red';

export interface SharedNode<T> extends RedNode {
  /**
   * The shared part; rejects with the reason when it cannot be had.
   * @param userClosed resolves when the node that uses it has closed
   */
  open(userClosed: Promise<void>): Promise<T>;
}

export interface SharedDefinition<T> {
  readonly credentials?: Record<string, { type: 'text' | 'password' }>;
  /** Opens the part; called once, at the first use. */
  create(config: RawConfig, node: RedNode): Promise<T>;
  close(part: T): Promise<void>;
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** Registers a config node whose part is opened by the first node that uses it and closed with the config node. */
export function registerShared<T>(red: Red, type: string, definition: SharedDefinition<T>): void {
  red.nodes.registerType(
    type,
    function (this: RedNode, config: RawConfig): void {
      red.nodes.createNode(this, config);
      const node = this as SharedNode<T>;
      let part: Promise<T> | undefined;
      const users = new Set<Promise<void>>();
      node.open = (userClosed) => {
        if (!users.has(userClosed)) {
          users.add(userClosed);
          userClosed.finally(() => users.delete(userClosed));
        }
        if (part === undefined) {
          const opening = definition.create(config, this);
          part = opening;
          // Whoever asked gets the rejection too; the next one to ask tries again.
          opening.catch(() => {
            if (part === opening) part = undefined;
          });
        }
        return part;
      };
      node.on('close', (_removed: boolean, done: () => void) => {
        const opened = part;
        part = undefined;
        if (opened === undefined) {
          done();
          return;
        }
        // Node-RED closes nodes and config nodes at the same time; the part must outlive what still writes to it.
        Promise.race([Promise.allSettled(users), after(usersMs(red))])
          .then(() => opened)
          .then((value) => definition.close(value))
          .catch((thrown: unknown) => node.warn(asCrossdockError(thrown).message))
          .finally(() => done());
      });
    },
    definition.credentials === undefined ? {} : { credentials: definition.credentials },
  );
}

/**
 * The part of the config node that `field` names.
 * @throws CrossdockError CONFIG_INVALID when none is chosen, or it is missing or disabled.
 */
export function shared<T>(
  red: Red,
  config: RawConfig,
  field: string,
  type: string,
  label: string,
): (userClosed: Promise<void>) => Promise<T> {
  const id = config[field];
  if (typeof id !== 'string' || id === '') {
    throw new CrossdockError(`${label} is not chosen.`, {
      code: 'CONFIG_INVALID',
      kind: 'permanent',
      facts: { field },
    });
  }
  return async (userClosed) => {
    const found = red.nodes.getNode(id) as SharedNode<T> | null;
    if (found === null || found.type !== type || typeof found.open !== 'function') {
      throw new CrossdockError(`${label} is missing or disabled.`, {
        code: 'CONFIG_INVALID',
        kind: 'permanent',
        facts: { field },
      });
    }
    return found.open(userClosed);
  };
}
