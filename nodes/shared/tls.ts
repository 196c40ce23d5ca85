import type { ConnectionOptions } from 'node:tls';
import { CrossdockError } from '../../core/errors';
import type { Red, RedNode } from './red';

/** Node-RED's own tls-config node fills connection options. */
type TlsNode = RedNode & { addTLSOptions(options: ConnectionOptions): ConnectionOptions };

/**
 * The options of the chosen TLS settings; undefined when none are chosen. Settings that cannot be had are refused:
 * connecting without them would weaken them.
 */
export function tlsOptions(red: Red, id: string): ConnectionOptions | undefined {
  if (id === '') return undefined;
  const found = red.nodes.getNode(id) as TlsNode | null;
  if (typeof found?.addTLSOptions === 'function') return found.addTLSOptions({});
  throw new CrossdockError('TLS settings are missing or disabled.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { field: 'tls' },
  });
}
