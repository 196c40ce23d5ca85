import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { type MqttTlsOptions, openMqttChannel } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import type { SharedChannel } from '../shared/channel';
import { choice, secret, text } from '../shared/config';
import { registerShared } from '../shared/config-node';
import type { Red, RedNode } from '../shared/red';

/** Node-RED's own tls-config node fills connection options. */
type TlsNode = RedNode & { addTLSOptions(options: MqttTlsOptions): MqttTlsOptions };

export = (red: Red): void => {
  registerShared<SharedChannel>(red, 'crossdock-event-channel', {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
    async create(config, node) {
      choice(config, 'kind', 'Kind', ['mqtt'], 'mqtt');
      const user = secret(node.credentials, 'user', 'User');
      const password = secret(node.credentials, 'password', 'Password');
      const tls = tlsNode(red, text(config, 'tls', 'TLS settings', ''));
      const clientId = text(config, 'clientId', 'Client id', '');
      const channel = openMqttChannel({
        url: text(config, 'url', 'Address of the broker'),
        topicPrefix: text(config, 'topicPrefix', 'Topic prefix', 'dist/v1/main'),
        clientId: clientId === '' ? defaultClientId(red, node) : clientId,
        ...(user === '' ? {} : { username: user }),
        ...(password === '' ? {} : { password }),
        ...(tls === undefined ? {} : { tls: tls.addTLSOptions({}) }),
      });
      return { channel, source: text(config, 'source', 'Source', '/systems/odoo/main') };
    },
    close: ({ channel }) => channel.close(),
  });
};

/** The chosen TLS settings. Settings that cannot be had are refused: connecting without them would weaken them. */
function tlsNode(red: Red, id: string): TlsNode | undefined {
  if (id === '') return undefined;
  const found = red.nodes.getNode(id) as TlsNode | null;
  if (typeof found?.addTLSOptions === 'function') return found;
  throw new CrossdockError('TLS settings are missing or disabled.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { field: 'tls' },
  });
}

/**
 * Stable across restarts, or the broker would keep a session for each of them; and different on every gateway, since
 * an imported flow has the same node ids everywhere and two clients with one id throw each other out.
 */
function defaultClientId(red: Red, node: RedNode): string {
  const place = createHash('sha256').update(`${hostname()}\0${red.settings.userDir ?? ''}\0${node.id}`);
  return `crossdock-${place.digest('hex').slice(0, 16)}`;
}
