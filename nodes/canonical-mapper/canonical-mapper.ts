import { parseJson } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import { createMapper, type MappingSpec, READY_MAPPINGS } from '../../core/mapping';
import { registerNode } from '../shared/base';
import { choice, text } from '../shared/config';
import { referencesIn } from '../shared/cross-references';
import { expressionPool } from '../shared/expression-pool';
import { registerMapper } from '../shared/mappers';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';
import { observe } from './live';
import { contentOf, outputOf } from './outputs';
import { addMapperRoutes } from './routes';

export = (red: Red): void => {
  addMapperRoutes(red);
  registerNode(red, 'crossdock-canonical-mapper', {
    normalise(config) {
      const mapping = choice(config, 'mapping', 'Mapping', [...READY_MAPPINGS, 'custom'], 'shopify-order');
      const channel = text(config, 'channel', 'Channel', 'shop');
      return {
        mapping: mapping === 'custom' ? customSpec(config) : mapping,
        results: choice(config, 'results', 'Several results', ['each', 'list'], 'each'),
        channel,
        partner: text(config, 'partner', 'Partner', '') || channel,
        account: text(config, 'account', 'Account', 'main'),
        property: text(config, 'property', 'Property', 'payload'),
        store: text(config, 'store', 'Store', '') === '' ? undefined : storeOf(red, config),
      };
    },
    async start({ node, config, status, closed }) {
      const { mapping, channel, account, partner, property, results, store } = config;
      const context = { channel, account, partnerId: partner };
      const mapper = createMapper({
        mapping,
        expression: expressionPool(red, closed),
        ...(store === undefined ? {} : { crossReferences: referencesIn(() => store(closed)) }),
      });
      let mapped = 0;
      const translate = (source: unknown, receivedAt: string) =>
        mapper.translate(source, { ...context, receivedAt });
      const unregister = registerMapper(node.id, {
        name: node.name ?? '',
        map: async (payload, receivedAt) =>
          contentOf(await translate(read(red, { payload }, property), receivedAt)),
      });
      const observer = observe({
        red,
        node,
        spec: mapper.spec,
        context,
        property,
        translate,
        store: store === undefined ? undefined : () => store(closed),
      });
      status.ok(`ready: ${mapper.id}`);
      return {
        async input(message, send) {
          const told = message.crossdock?.['receivedAt'];
          const receivedAt = typeof told === 'string' ? told : new Date().toISOString();
          const source = read(red, message, property);
          observer.saw(message, source, receivedAt);
          const translation = await translate(source, receivedAt);
          mapped += translation.results.length;
          status.ok(`${mapped} mapped`);
          send(outputOf(red, message, translation, { property, results }));
        },
        close(removed) {
          unregister();
          return observer.close(removed);
        },
      };
    },
  });
};

/** What is at a property of the message; undefined where it, or what leads to it, is not there. */
function read(red: Red, message: Message, property: string): unknown {
  try {
    return red.util.getMessageProperty(message, property);
  } catch (error) {
    // Node-RED reads on below a property that is missing.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The mapping of the node's own table: an object since version 2 of the configuration, before that its JSON. */
function customSpec(config: RawConfig): MappingSpec {
  const { spec } = config;
  // (createMapper checks it row by row.)
  if (typeof spec === 'object' && spec !== null) return spec as MappingSpec;
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
