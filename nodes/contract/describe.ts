/** What the deployed flows offer and take, read from their configurations: what the descriptions are written from. */

import { contracts } from '../../core/contract';
import type {
  Described,
  DescribedContract,
  DescribedEndpoint,
  DescribedEvents,
  DescribedServer,
} from '../../core/contract/describe';
import { INVENTORY_EVENT_TYPE } from '../../core/inventory';
import type { RawConfig, Red } from '../shared/red';

/** Every node of the flows that is not disabled, by id. */
function deployed(red: Red): Map<string, RawConfig> {
  const all = new Map<string, RawConfig>();
  red.nodes.eachNode((config) => all.set(config.id, config));
  for (const [id, config] of all) {
    const tab = typeof config['z'] === 'string' ? all.get(config['z']) : undefined;
    if (config['d'] === true || tab?.['disabled'] === true) all.delete(id);
  }
  return all;
}

/** @param version of the description: the package's */
export function describeFlows(red: Red, title: string, version: string): Described {
  const nodes = deployed(red);
  const endpoints: DescribedEndpoint[] = [];
  const events: DescribedEvents[] = [];
  const servers: DescribedServer[] = [];
  for (const node of nodes.values()) {
    if (node.type === 'crossdock-webhook-in') endpoints.push(endpoint(red, node, nodes));
    else if (node.type === 'crossdock-event-channel') servers.push(server(node));
    else if (EVENTS[node.type] !== undefined) events.push(...(EVENTS[node.type]?.(node, nodes) ?? []));
  }
  const used = new Set(events.map((entry) => entry.server));
  return { title, version, endpoints, servers: servers.filter(({ id }) => used.has(id)), events };
}

function endpoint(red: Red, node: RawConfig, nodes: ReadonlyMap<string, RawConfig>): DescribedEndpoint {
  const { httpNodeRoot } = red.settings;
  const root = typeof httpNodeRoot === 'string' ? httpNodeRoot : '';
  const signature = word(node, 'signature', 'none');
  const contract = contractOf(node, nodes);
  return {
    id: node.id,
    name: word(node, 'name', '') || word(node, 'source', 'webhook'),
    path: `/${root}/${word(node, 'path', '')}`.replace(/\/{2,}/g, '/'),
    signature: signature === 'shopify' || signature === 'woocommerce' ? signature : 'none',
    maxBytes: Number(node['maxBodyKb'] ?? 1024) * 1024,
    refuses: contract !== undefined && node['broken'] === 'refuse',
    ...(contract === undefined ? {} : { contract }),
  };
}

type EventsOf = (node: RawConfig, nodes: ReadonlyMap<string, RawConfig>) => DescribedEvents[];

const EVENTS: Readonly<Record<string, EventsOf>> = {
  'crossdock-event-out': (node, nodes) => {
    const type = word(node, 'eventType', 'com.crossdock.order.order.placed.v1');
    const fixed = word(node, 'eventTypeType', 'str') === 'str';
    const address = word(node, 'address', '') || (fixed ? addressOfType(type) : '{address}');
    return withChannel(node, nodes, {
      action: 'send',
      address,
      ...(fixed ? { eventType: type } : {}),
      retained: node['retain'] === true,
      format: 'cloudevents',
    });
  },
  'crossdock-event-in': (node, nodes) =>
    withChannel(node, nodes, {
      action: 'receive',
      address: word(node, 'filter', '#'),
      format: word(node, 'format', 'cloudevents') === 'plain' ? 'plain' : 'cloudevents',
    }),
  'crossdock-inventory-publish': (node, nodes) =>
    withChannel(node, nodes, {
      action: 'send',
      address: addressOfType(INVENTORY_EVENT_TYPE),
      eventType: INVENTORY_EVENT_TYPE,
      retained: true,
      format: 'cloudevents',
      contract: builtIn('inventory-level', '1.0'),
    }),
};

function withChannel(
  node: RawConfig,
  nodes: ReadonlyMap<string, RawConfig>,
  {
    contract: fixed,
    ...rest
  }: Omit<DescribedEvents, 'id' | 'name' | 'server' | 'prefix' | 'contract'> & {
    contract?: DescribedContract | undefined;
  },
): DescribedEvents[] {
  const channel = nodes.get(word(node, 'channel', ''));
  if (channel === undefined) return [];
  const contract = fixed ?? contractOf(node, nodes);
  const kind = word(channel, 'kind', 'mqtt');
  return [
    {
      ...rest,
      id: node.id,
      name: word(node, 'name', '') || `${node.type.replace('crossdock-', '').replace('-', ' ')} ${node.id}`,
      server: channel.id,
      prefix: kind === 'local' ? '' : word(channel, 'topicPrefix', 'dist/v1/main'),
      ...(contract === undefined ? {} : { contract }),
    },
  ];
}

/** The address of events of a type (core/channel/address.ts), with what differs per event as parameters. */
function addressOfType(type: string): string {
  const words = type.split('.');
  if (/^v\d+$/.test(words.at(-1) ?? '')) words.pop();
  const [name = '', entity = '', ...domain] = words.reverse();
  return [domain.reverse().slice(2).join('.') || '-', entity || '-', name || '-', '{site}', '{key}'].join(
    '/',
  );
}

function server(channel: RawConfig): DescribedServer {
  const kind = word(channel, 'kind', 'mqtt');
  const name = word(channel, 'name', '') || 'event channel';
  if (kind === 'local') return { id: channel.id, name, protocol: 'local', host: '' };
  const { protocol, host } = addressOf(word(channel, 'url', ''), kind === 'amqp' ? 'amqp' : 'mqtt');
  const exchange = kind === 'amqp' ? { exchange: word(channel, 'exchange', 'crossdock.events') } : {};
  return { id: channel.id, name, protocol, host, ...exchange };
}

/** Host and port only: an address may hold a password. */
function addressOf(
  url: string,
  kind: 'mqtt' | 'amqp',
): { protocol: DescribedServer['protocol']; host: string } {
  const variable = /^\$\{([^}]+)\}$/.exec(url)?.[1];
  const value = variable === undefined ? url : process.env[variable];
  try {
    const { protocol, host } = new URL(value ?? '');
    const secure = protocol === 'mqtts:' || protocol === 'amqps:' || protocol === 'wss:';
    return { protocol: secure ? `${kind}s` : kind, host };
  } catch {
    return { protocol: kind, host: `{${variable ?? 'host'}}` };
  }
}

/** The contract that a node names, built in or own; undefined when it names none, or one that is not there. */
export function contractOf(
  node: RawConfig,
  nodes: ReadonlyMap<string, RawConfig>,
): DescribedContract | undefined {
  const choice = word(node, 'contract', '');
  if (choice === 'own') {
    const own = nodes.get(word(node, 'ownContract', ''));
    return own === undefined ? undefined : builtIn(word(own, 'contract', ''), word(own, 'version', ''));
  }
  const [name = '', version = ''] = choice.split('@');
  return builtIn(name, version);
}

function builtIn(contract: string, version: string): DescribedContract | undefined {
  const registry = contracts();
  if (!registry.has(contract, version)) return undefined;
  return {
    contract,
    version,
    schema: registry.schema(contract, version),
    life: registry.life(contract, version),
  };
}

function word(node: RawConfig, field: string, fallback: string): string {
  const value = node[field];
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** Which nodes work with which contract: `name version` -> their ids. */
export function usersOf(red: Red): Map<string, { id: string; type: string; name: string }[]> {
  const nodes = deployed(red);
  const users = new Map<string, { id: string; type: string; name: string }[]>();
  for (const node of nodes.values()) {
    if (node.type === 'crossdock-contract') continue;
    const named = contractOf(node, nodes);
    const keys = new Set(named === undefined ? [] : [`${named.contract} ${named.version}`]);
    for (const ref of mappedRefs(node)) keys.add(ref);
    for (const key of keys) {
      const list = users.get(key) ?? [];
      list.push({ id: node.id, type: node.type, name: word(node, 'name', '') });
      users.set(key, list);
    }
  }
  return users;
}

/** The contracts on both sides of an own mapping. */
function mappedRefs(node: RawConfig): string[] {
  const { spec } = node;
  if (node.type !== 'crossdock-canonical-mapper' || typeof spec !== 'object' || spec === null) return [];
  const { from, to } = spec as { from?: unknown; to?: unknown };
  return [from, to].flatMap((side) => {
    const { contract, version } = (side ?? {}) as { contract?: unknown; version?: unknown };
    return typeof contract === 'string' && typeof version === 'string' ? [`${contract} ${version}`] : [];
  });
}
