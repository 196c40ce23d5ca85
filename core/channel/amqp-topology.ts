/**
 * What a channel needs at the broker: a topic exchange, and per subscription a queue with its dead letter queue.
 * Pure: `planTopology` says what would be declared, for the dialog and for `amqp-declare`.
 */
import { checkedFilter } from './address';
import { bindingKeyOf, PARTITION_HEADER, prefixKeyOf } from './amqp-binding';
import { type AmqpTopologyConfig, type TopologySettings, topologySettings } from './amqp-config';
import { invalid } from './settings';
import type { SubscriptionRequest } from './types';

/** Ms without any process after which the queue that counts them goes by itself. */
const MEMBERS_EXPIRE_MS = 3_600_000;

type Arguments = Readonly<Record<string, string | number | boolean>>;

export interface ExchangeItem {
  readonly kind: 'exchange';
  readonly name: string;
  /** `x-consistent-hash` becomes `x-modulus-hash` where the broker has only that. */
  readonly type: 'topic' | 'direct' | 'x-consistent-hash';
  readonly arguments: Arguments;
  /** What it is for, for an analyst. */
  readonly sentence: string;
}

export interface QueueItem {
  readonly kind: 'queue';
  readonly name: string;
  readonly type: 'quorum' | 'classic';
  readonly arguments: Arguments;
  readonly sentence: string;
}

/** `unbinding`: a binding that may be there from earlier settings and is taken away. */
export interface BindingItem {
  readonly kind: 'binding' | 'unbinding';
  /** `source → destination`. */
  readonly name: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly key: string;
  readonly arguments: Arguments;
  readonly sentence: string;
}

export type TopologyItem = ExchangeItem | QueueItem | BindingItem;

/** What of a subscription the topology depends on. */
export type TopologySubscription = Pick<SubscriptionRequest, 'name' | 'filter' | 'previousFilter'>;

/** The names that belong to a subscription at the broker. */
export interface SubscriptionNames {
  /** One, or one per shard; the first has the same name in both cases, so that nothing waits in a forgotten queue. */
  readonly queues: readonly string[];
  readonly dead: string;
  readonly hash: string;
  /** An empty queue that every process consumes: how many share the shards. */
  readonly members: string;
}

/** Throws CONFIG_INVALID (permanent) for a name that cannot be. */
export function subscriptionNames(
  settings: Pick<TopologySettings, 'exchange' | 'shards'>,
  name: string,
): SubscriptionNames {
  const base = `${settings.exchange}.${name}`;
  if (name.trim() === '' || /[\p{Cc}\p{Cs}]/u.test(name) || Buffer.byteLength(base) > 240) {
    throw invalid(
      'The subscription needs a name without control characters that is, with the name of the exchange, at most 240 bytes long.',
      'name',
    );
  }
  return {
    queues: Array.from({ length: settings.shards }, (_, index) =>
      index === 0 ? base : `${base}.${index + 1}`,
    ),
    dead: `${base}.dead`,
    hash: `${base}.hash`,
    members: `${base}.members`,
  };
}

/**
 * Everything that the channel declares for these subscriptions, in the order in which it is declared.
 * Throws CONFIG_INVALID or CONFIG_ENV_MISSING (permanent).
 */
export function planTopology(
  config: AmqpTopologyConfig,
  subscriptions: readonly TopologySubscription[],
): TopologyItem[] {
  const settings = topologySettings(config);
  const items: TopologyItem[] = [
    {
      kind: 'exchange',
      name: settings.exchange,
      type: 'topic',
      arguments: {},
      sentence: 'Takes every event that is published and routes it by its address.',
    },
  ];
  if (subscriptions.length > 0) {
    items.push({
      kind: 'exchange',
      name: deadLetterExchange(settings),
      type: 'direct',
      arguments: {},
      sentence: 'Takes messages that were discarded or delivered too often to the dead letter queues.',
    });
  }
  for (const subscription of subscriptions) items.push(...subscriptionItems(settings, subscription));
  return items;
}

/** The items of one subscription, without the exchanges that all share. */
function subscriptionItems(settings: TopologySettings, subscription: TopologySubscription): TopologyItem[] {
  const names = subscriptionNames(settings, subscription.name);
  const [first = ''] = names.queues;
  const prefixKey = prefixKeyOf(settings.topicPrefix);
  const key = bindingKeyOf(checkedFilter(subscription.filter), prefixKey);
  const sharded = settings.shards > 1;
  const { exchange } = settings;
  const items: TopologyItem[] = [
    {
      kind: 'queue',
      name: names.dead,
      type: settings.queueType,
      arguments: { 'x-queue-type': settings.queueType },
      sentence: `Keeps the messages of "${subscription.name}" that were discarded or delivered too often, until a person has seen them.`,
    },
    binding(deadLetterExchange(settings), names.dead, 'queue', first, 'Brings these messages there.'),
  ];
  if (sharded) {
    items.push({
      kind: 'exchange',
      name: names.hash,
      type: 'x-consistent-hash',
      arguments: { 'hash-header': PARTITION_HEADER },
      sentence: `Divides the messages of "${subscription.name}" among ${settings.shards} queues by their partition key; needs the broker's plugin rabbitmq_consistent_hash_exchange.`,
    });
  }
  for (const name of names.queues) {
    items.push({
      kind: 'queue',
      name,
      type: settings.queueType,
      arguments: queueArguments(settings, first),
      sentence: queueSentence(settings, subscription.name, sharded),
    });
    // The routing key of such a binding is its weight.
    if (sharded) items.push(binding(names.hash, name, 'queue', '1', 'Gives this queue its share.'));
  }
  if (sharded && settings.order === 'key') {
    items.push({
      kind: 'queue',
      name: names.members,
      type: 'classic',
      // For single active consumers, quorum queues count only the active one.
      arguments: { 'x-queue-type': 'classic', 'x-expires': MEMBERS_EXPIRE_MS },
      sentence: 'Stays empty: its consumers are the processes that share the shards.',
    });
  }
  const entry = { to: sharded ? 'exchange' : 'queue', name: sharded ? names.hash : first } as const;
  items.push(
    binding(exchange, entry.name, entry.to, key, `Brings what matches ${subscription.filter.trim()}.`),
  );
  for (const old of sharded ? names.queues.slice(0, 1) : []) {
    items.push({
      ...binding(exchange, old, 'queue', key, 'Is taken away if it is there from before there were shards.'),
      kind: 'unbinding',
    });
  }
  const { previousFilter } = subscription;
  if (previousFilter !== undefined && previousFilter.trim() !== subscription.filter.trim()) {
    const oldKey = bindingKeyOf(checkedFilter(previousFilter), prefixKey);
    items.push({
      ...binding(exchange, entry.name, entry.to, oldKey, `Is taken away: the filter was ${previousFilter}.`),
      kind: 'unbinding',
    });
  }
  return items;
}

function deadLetterExchange(settings: Pick<TopologySettings, 'exchange'>): string {
  return `${settings.exchange}.dlx`;
}

function binding(
  source: string,
  destination: string,
  to: 'queue' | 'exchange',
  key: string,
  sentence: string,
): BindingItem {
  const name = `${source} → ${destination}`;
  return { kind: 'binding', name, source, destination, to, key, arguments: {}, sentence };
}

function queueArguments(settings: TopologySettings, deadLetterKey: string): Arguments {
  const quorum = settings.queueType === 'quorum';
  return {
    'x-queue-type': settings.queueType,
    'x-dead-letter-exchange': deadLetterExchange(settings),
    'x-dead-letter-routing-key': deadLetterKey,
    ...(settings.order === 'key' ? { 'x-single-active-consumer': true } : {}),
    // Dead-lettering is "not guaranteed to be safe" unless all three are set (rabbitmq.com/docs/quorum-queues).
    ...(quorum
      ? {
          'x-delivery-limit': settings.deliveryLimit,
          'x-dead-letter-strategy': 'at-least-once',
          'x-overflow': 'reject-publish',
        }
      : {}),
  };
}

function queueSentence(settings: TopologySettings, name: string, sharded: boolean): string {
  const what = sharded ? `Keeps a share of the messages of "${name}"` : `Keeps the messages of "${name}"`;
  const order =
    settings.order === 'key'
      ? 'one process receives at a time, so their order is kept'
      : 'all processes receive at once, so their order is not kept';
  const limit =
    settings.queueType === 'quorum'
      ? `after ${settings.deliveryLimit} deliveries a message goes to the dead letters`
      : 'it does not count deliveries';
  return `${what} until they are acknowledged; ${order}; ${limit}.`;
}
