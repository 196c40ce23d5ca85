import { randomUUID } from 'node:crypto';
import { parseJson } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';
import { createMapper, type MappingSpec, READY_MAPPINGS, type Translation } from '../../core/mapping';
import { registerNode } from '../shared/base';
import { choice, text } from '../shared/config';
import { expressionPool } from '../shared/expression';
import { registerMapper } from '../shared/mappers';
import type { Message, RawConfig, Red } from '../shared/red';
import { storeOf } from '../shared/store';
import { observe } from './live';
import { addMapperRoutes } from './routes';

export = (red: Red): void => {
  addMapperRoutes(red);
  registerNode(red, 'crossdock-canonical-mapper', {
    normalise(config) {
      const mapping = choice(config, 'mapping', 'Mapping', [...READY_MAPPINGS, 'custom'], 'shopify-order');
      return {
        mapping: mapping === 'custom' ? customSpec(config) : mapping,
        results: choice(config, 'results', 'Several results', ['each', 'list'], 'each'),
        channel: text(config, 'channel', 'Channel', 'shop'),
        account: text(config, 'account', 'Account', 'main'),
        property: text(config, 'property', 'Property', 'payload'),
        store: text(config, 'store', 'Store', '') === '' ? undefined : storeOf(red, config),
      };
    },
    async start({ node, config, status, closed }) {
      const { mapping, channel, account, property, results, store } = config;
      const context = { channel, account, partnerId: channel };
      const mapper = createMapper({ mapping, expression: expressionPool(red, closed) });
      let mapped = 0;
      const translate = (source: unknown, receivedAt: string) =>
        mapper.translate(source, { ...context, receivedAt });
      const unregister = registerMapper(node.id, {
        name: node.name ?? '',
        map: async (payload, receivedAt) =>
          contentOf(await translate(red.util.getMessageProperty({ payload }, property), receivedAt)),
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
      status.ok('ready');
      return {
        async input(message, send) {
          const told = message.crossdock?.['receivedAt'];
          const receivedAt = typeof told === 'string' ? told : new Date().toISOString();
          const source = red.util.getMessageProperty(message, property);
          observer.saw(message, source, receivedAt);
          const translation = await translate(source, receivedAt);
          mapped += translation.results.length;
          status.ok(`${mapped} mapped`);
          if (translation.list && results === 'each') send([parts(red, message, property, translation)]);
          else send(whole(red, message, property, translation));
        },
        close(removed) {
          unregister();
          return observer.close(removed);
        },
      };
    },
  });
};

function contentOf({ list, results }: Translation): unknown {
  return list ? results.map(({ value }) => value) : results[0]?.value;
}

/** The message with its one object, or with the list of all. */
function whole(red: Red, message: Message, property: string, translation: Translation): Message {
  red.util.setMessageProperty(message, property, contentOf(translation), true);
  setKey(message, translation.list ? undefined : translation.results[0]?.key);
  return message;
}

/**
 * One message per object, as the split node makes them: `msg.parts` for a join node. All carry the scopes of the one
 * that came, so that it ends when the last of them has.
 */
function parts(red: Red, message: Message, property: string, { results }: Translation): Message[] {
  const id = randomUUID();
  return results.map(({ value, key }, index) => {
    const part = red.util.cloneMessage({ ...message, ...withoutRoot(property) });
    delete part['_msgid'];
    red.util.setMessageProperty(part, property, value, true);
    setKey(part, key);
    const outer = message['parts'];
    part['parts'] = {
      id,
      type: 'array',
      count: results.length,
      len: 1,
      index,
      ...(outer === undefined ? {} : { parts: outer }),
    };
    return part;
  });
}

/** An object of another kind has no use for the key that its message had. */
function setKey(message: Message, key: string | undefined): void {
  const { key: _before, ...state } = message.crossdock ?? {};
  message.crossdock = key === undefined ? state : { ...state, key };
}

/** The whole list need not be copied for each of its entries. */
function withoutRoot(property: string): Record<string, unknown> {
  return /^[A-Za-z_$][\w$]*$/.test(property) ? { [property]: undefined } : {};
}

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
