import { type MqttTlsOptions, openMqttChannel } from '../../core/channel';
import { choice, secret, text } from '../shared/config';
import { registerShared } from '../shared/config-node';
import type { Red, RedNode } from '../shared/red';
import type { SharedChannel } from '../shared/channel';

/** Node-RED's own tls-config node fills connection options. */
type TlsNode = RedNode & { addTLSOptions(options: MqttTlsOptions): MqttTlsOptions };

export = (red: Red): void => {
  registerShared<SharedChannel>(red, 'crossdock-event-channel', {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
    async create(config, node) {
      choice(config, 'kind', 'Kind', ['mqtt'], 'mqtt');
      const user = secret(node.credentials, 'user', 'User');
      const password = secret(node.credentials, 'password', 'Password');
      const tls = typeof config['tls'] === 'string' ? (red.nodes.getNode(config['tls']) as TlsNode | null) : null;
      const clientId = text(config, 'clientId', 'Client id', '');
      const channel = openMqttChannel({
        url: text(config, 'url', 'Address of the broker'),
        topicPrefix: text(config, 'topicPrefix', 'Topic prefix', 'dist/v1/main'),
        // Stable across restarts, or the broker would keep a session for each of them.
        clientId: clientId === '' ? `crossdock-${node.id}` : clientId,
        ...(user === '' ? {} : { username: user }),
        ...(password === '' ? {} : { password }),
        ...(tls === null ? {} : { tls: tls.addTLSOptions({}) }),
      });
      return { channel, source: text(config, 'source', 'Source', '/systems/odoo/main') };
    },
    close: ({ channel }) => channel.close(),
  });
};
