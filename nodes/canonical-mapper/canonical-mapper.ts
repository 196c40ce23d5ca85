import { parseJson } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import { createOrderMapper, type MappingSpec } from '../../core/mapping';
import { registerNode } from '../shared/base';
import { choice, text } from '../shared/config';
import { jsonata } from '../shared/expression';
import { registerMapper } from '../shared/mappers';
import type { RawConfig, Red } from '../shared/red';

const READY = ['shopify-order', 'woocommerce-order'] as const;

export = (red: Red): void => {
  registerNode(red, 'crossdock-canonical-mapper', {
    normalise(config) {
      const mapping = choice(config, 'mapping', 'Mapping', [...READY, 'custom'], 'shopify-order');
      return {
        mapper: createOrderMapper({
          mapping: mapping === 'custom' ? customSpec(config) : mapping,
          expression: (source) => jsonata(red, source),
        }),
        channel: text(config, 'channel', 'Channel', 'shop'),
        account: text(config, 'account', 'Account', 'main'),
        property: text(config, 'property', 'Property', 'payload'),
      };
    },
    async start({ node, config, status }) {
      const { mapper, channel, account, property } = config;
      let mapped = 0;
      const map = (source: unknown, receivedAt: string) =>
        mapper.map(source, { channel, account, partnerId: channel, receivedAt });
      const unregister = registerMapper(node.id, {
        name: node.name ?? '',
        map: (payload, receivedAt) => map(red.util.getMessageProperty({ payload }, property), receivedAt),
      });
      status.ok('ready');
      return {
        async input(message, send) {
          const receivedAt = message.crossdock?.['receivedAt'];
          const order = await map(
            red.util.getMessageProperty(message, property),
            typeof receivedAt === 'string' ? receivedAt : new Date().toISOString(),
          );
          red.util.setMessageProperty(message, property, order, true);
          message.crossdock = { ...message.crossdock, key: order.id };
          mapped += 1;
          status.ok(`${mapped} mapped`);
          send(message);
        },
        close: async () => unregister(),
      };
    },
  });
};

function customSpec(config: RawConfig): MappingSpec {
  const source = text(config, 'spec', 'Mapping specification');
  try {
    return parseJson(source) as MappingSpec;
  } catch (cause) {
    throw new CrossdockError(`The mapping specification is not JSON: ${(cause as Error).message}`, {
      code: 'MAPPING_SPEC_INVALID',
      kind: 'permanent',
      cause,
    });
  }
}
