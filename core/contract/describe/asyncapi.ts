/** AsyncAPI 3.0 of the events that a gateway sends and takes in (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
import { Components, exampleOf, key, textOf } from './schemas';
import type { Described, DescribedEvents, DescribedServer } from './types';

type Json = Readonly<Record<string, unknown>>;

/** The description, as JSON. */
export function asyncApi(described: Described): Json {
  const components = new Components();
  const messages: Record<string, Json> = {};
  const channels: Record<string, Json> = {};
  const operations: Record<string, Json> = {};
  const servers = new Map(described.servers.map((server) => [server.id, server]));
  for (const events of [...described.events].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const server = servers.get(events.server);
    const messageKey = key(events.id);
    messages[messageKey] = message(events, components);
    channels[messageKey] = channel(events, server, messageKey);
    operations[messageKey] = operation(events, server, messageKey);
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: described.title,
      version: described.version,
      description:
        'The events of this gateway: CloudEvents 1.0, at least once, in order per subject. An event that comes again has the same source and id.',
    },
    defaultContentType: 'application/json',
    servers: Object.fromEntries(
      described.servers.flatMap((server) =>
        server.protocol === 'local' ? [] : [[key(server.id), serverOf(server)]],
      ),
    ),
    channels,
    operations,
    components: { schemas: components.all, messages },
  };
}

function serverOf({ protocol, host, name, exchange }: DescribedServer): Json {
  return {
    host,
    protocol,
    protocolVersion: protocol.startsWith('mqtt') ? '5' : '0-9-1',
    title: name,
    ...(exchange === undefined ? {} : { description: `Exchange ${exchange}.` }),
  };
}

function channel(events: DescribedEvents, server: DescribedServer | undefined, messageKey: string): Json {
  const levels = [events.prefix, events.address].filter((part) => part !== '').join('/');
  const amqp = server?.protocol.startsWith('amqp') === true;
  const names = [...events.address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  return {
    // AMQP parts the words of a routing key by dots, and calls MQTT's + a star.
    address: amqp ? levels.replaceAll('/', '.').replaceAll('+', '*') : levels,
    title: events.name,
    messages: { [messageKey]: { $ref: `#/components/messages/${messageKey}` } },
    ...(server === undefined || server.protocol === 'local'
      ? {}
      : { servers: [{ $ref: `#/servers/${key(server.id)}` }] }),
    ...(names.length === 0
      ? {}
      : {
          parameters: Object.fromEntries(
            names.map((name) => [name, { description: PARAMETERS[name] ?? name }]),
          ),
        }),
    ...(amqp
      ? {
          bindings: {
            amqp: {
              is: 'routingKey',
              exchange: { name: server?.exchange ?? '', type: 'topic', durable: true, autoDelete: false },
              bindingVersion: '0.3.0',
            },
          },
        }
      : {}),
  };
}

const PARAMETERS: Readonly<Record<string, string>> = {
  site: 'The site of the event; - when it has none.',
  key: 'The subject of the event: its business key.',
};

function operation(events: DescribedEvents, server: DescribedServer | undefined, messageKey: string): Json {
  const mqtt = server?.protocol.startsWith('mqtt') === true;
  return {
    action: events.action,
    title: events.name,
    channel: { $ref: `#/channels/${messageKey}` },
    messages: [{ $ref: `#/channels/${messageKey}/messages/${messageKey}` }],
    ...(mqtt
      ? {
          bindings: {
            mqtt: {
              qos: 1,
              ...(events.action === 'send' ? { retain: events.retained === true } : {}),
              bindingVersion: '0.2.0',
            },
          },
        }
      : {}),
  };
}

function message(events: DescribedEvents, components: Components): Json {
  const { contract, eventType, format } = events;
  const title = contract === undefined ? undefined : textOf(contract.schema, 'title');
  const example = contract === undefined ? undefined : exampleOf(contract.schema);
  return {
    name: eventType ?? events.name,
    title: title ?? events.name,
    contentType: 'application/json',
    ...(format === 'cloudevents' ? { headers: attributes(eventType) } : {}),
    payload: contract === undefined ? {} : components.reference(contract),
    ...(example === undefined ? {} : { examples: [{ name: 'example', payload: example }] }),
  };
}

/** CloudEvents 1.0.2: the attributes that every event of ours has. In binary mode they are properties of the message. */
function attributes(eventType: string | undefined): Json {
  const text = (description: string): Json => ({ type: 'string', description });
  return {
    type: 'object',
    required: ['specversion', 'id', 'source', 'type'],
    properties: {
      specversion: { type: 'string', const: '1.0' },
      id: text('With source: names the event. The same again is the same event.'),
      source: text('Who says so.'),
      type: { type: 'string', ...(eventType === undefined ? {} : { const: eventType }) },
      subject: text('The business key; events of one subject stay in order.'),
      time: { type: 'string', format: 'date-time' },
      dataschema: text('The contract of the data.'),
      partitionkey: text('Events with the same key stay in order.'),
    },
  };
}
