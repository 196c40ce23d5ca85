/** Declares a topology, or looks whether it is there. */
import type { Channel, ChannelModel } from 'amqplib';
import { CrossdockError } from '../errors';
import { type AmqpChannelConfig, type AmqpSettings, amqpSettings } from './amqp-config';
import { closeModel, connectOnce } from './amqp-connection';
import { ReasonError, reasonOfChannel, reasonOfConnection, replyCode } from './amqp-reasons';
import {
  type ExchangeItem,
  planTopology,
  type TopologyItem,
  type TopologySubscription,
} from './amqp-topology';
import type { Reason } from './channel-state';

/**
 * A short-lived channel: brokers close a channel with every refusal.
 * @returns what `action` returns
 */
export async function withChannel<T>(
  model: ChannelModel,
  action: (channel: Channel) => Promise<T>,
): Promise<T> {
  const channel = await model.createChannel();
  // The refusal reaches us as the rejection of what was asked; unheard, this event would end the process.
  channel.on('error', () => undefined);
  try {
    return await action(channel);
  } finally {
    await close(channel);
  }
}

async function close(channel: Channel): Promise<void> {
  try {
    await channel.close();
  } catch {
    // It is closed already.
  }
}

/**
 * Makes sure that everything is there: by declaring it, or (`declare: 'check'`) by looking. Bindings cannot be looked
 * at over AMQP 0-9-1.
 * @returns what an operator should know although it works
 * @throws ReasonError with the first thing that is not as it should be
 */
export async function ensureTopology(
  model: ChannelModel,
  settings: AmqpSettings,
  items: readonly TopologyItem[],
): Promise<Reason | undefined> {
  let warning: Reason | undefined;
  for (const item of items) {
    if (settings.declare === 'check') {
      await withChannel(model, (channel) => look(channel, item)).catch((error: unknown) => {
        throw new ReasonError(reasonOfChannel(error, settings.shownAddress, verb(item)));
      });
    } else if (item.kind === 'exchange' && item.type === 'x-consistent-hash') {
      warning = await declareHash(settings, item);
    }
  }
  if (settings.declare === 'check') return undefined;
  await withChannel(model, async (channel) => {
    for (const item of items) {
      if (item.kind === 'exchange' && item.type === 'x-consistent-hash') continue;
      await declare(channel, item).catch((error: unknown) => {
        throw new ReasonError(reasonOfChannel(error, settings.shownAddress, verb(item)));
      });
    }
  });
  return warning;
}

/**
 * Binds what should be bound; bindings go when somebody deletes an exchange and another process declares it again.
 * @throws errors of amqplib: something that is bound is not there
 */
export async function rebind(
  model: ChannelModel,
  settings: AmqpSettings,
  items: readonly TopologyItem[],
): Promise<void> {
  if (settings.declare === 'check') return;
  await withChannel(model, async (channel) => {
    for (const item of items) if (item.kind === 'binding') await declare(channel, item);
  });
}

function verb(item: TopologyItem): string {
  if (item.kind === 'exchange') return `declare the exchange ${item.name}`;
  if (item.kind === 'queue') return `declare the queue ${item.name}`;
  return item.kind === 'binding' ? `bind ${item.name}` : `unbind ${item.name}`;
}

async function declare(channel: Channel, item: TopologyItem): Promise<void> {
  switch (item.kind) {
    case 'exchange':
      await channel.assertExchange(item.name, item.type, { durable: true, arguments: item.arguments });
      return;
    case 'queue':
      await channel.assertQueue(item.name, { durable: true, arguments: item.arguments });
      return;
    case 'binding':
      if (item.to === 'queue') await channel.bindQueue(item.destination, item.source, item.key);
      else await channel.bindExchange(item.destination, item.source, item.key);
      return;
    case 'unbinding':
      // To RabbitMQ a binding that is not there counts as taken away.
      if (item.to === 'queue') await channel.unbindQueue(item.destination, item.source, item.key);
      else await channel.unbindExchange(item.destination, item.source, item.key);
      return;
  }
}

async function look(channel: Channel, item: TopologyItem): Promise<void> {
  if (item.kind === 'exchange') await channel.checkExchange(item.name);
  if (item.kind === 'queue') await channel.checkQueue(item.name);
}

/**
 * Hash exchanges come with plugins (RabbitMQ 4.3 has x-modulus-hash built in). A type that is unknown ends the whole
 * connection (503), so each attempt has a connection of its own.
 */
async function declareHash(settings: AmqpSettings, item: ExchangeItem): Promise<Reason | undefined> {
  if (await declaredAs(settings, item, 'x-consistent-hash')) return undefined;
  if (await declaredAs(settings, { ...item, arguments: {} }, 'x-modulus-hash')) {
    return {
      code: 'ORDER_PER_ADDRESS',
      message: `The broker at ${settings.shownAddress} divides messages among the shards by their address, not by their partition key (x-modulus-hash). Enable rabbitmq_consistent_hash_exchange to keep the order per key.`,
    };
  }
  throw new ReasonError({
    code: 'CHANNEL_TOPOLOGY',
    message: `The broker at ${settings.shownAddress} cannot divide messages among ${settings.shards} shards. Enable its plugin (rabbitmq-plugins enable rabbitmq_consistent_hash_exchange), or set the shards to 1.`,
    slow: true,
  });
}

/** False: the broker does not know the type, or the exchange exists as another one. */
async function declaredAs(settings: AmqpSettings, item: ExchangeItem, type: string): Promise<boolean> {
  let model: ChannelModel | undefined;
  try {
    model = await connectOnce(settings, 'topology');
    const { name } = item;
    const options = { durable: true, arguments: item.arguments };
    await withChannel(model, (channel) => channel.assertExchange(name, type, options));
    return true;
  } catch (error) {
    // Some versions close the channel (406 also when it exists as another type), others the connection, and then
    // the pending call is rejected without a code.
    const code = replyCode(error);
    if (code === 403) {
      throw new ReasonError(reasonOfChannel(error, settings.shownAddress, verb(item)));
    }
    if (model === undefined) {
      throw new ReasonError(reasonOfConnection(error, settings.shownAddress, settings.vhost));
    }
    return false;
  } finally {
    if (model !== undefined) await closeModel(model);
  }
}

export interface TopologyCheck {
  readonly item: TopologyItem;
  /** `unknown`: bindings cannot be looked at over AMQP 0-9-1, nor settings without the right to declare. */
  readonly state: 'present' | 'missing' | 'different' | 'unknown';
  /** What is different, or why it is not known: a sentence. */
  readonly message?: string;
}

/**
 * Compares what these subscriptions need with what the broker has; declares nothing new.
 * @throws CrossdockError CONFIG_INVALID or CONFIG_ENV_MISSING (permanent), or the reason why there is no connection
 *   (CHANNEL_UNREACHABLE, CHANNEL_CREDENTIALS, …; transient)
 */
export async function checkTopology(
  config: AmqpChannelConfig,
  subscriptions: readonly TopologySubscription[],
): Promise<TopologyCheck[]> {
  const settings = amqpSettings(config);
  const items = planTopology(config, subscriptions);
  let model: ChannelModel;
  try {
    model = await connectOnce(settings, 'check');
  } catch (error) {
    const { code, message } = reasonOfConnection(error, settings.shownAddress, settings.vhost);
    throw new CrossdockError(message, { code, kind: 'transient', cause: error });
  }
  try {
    const checks: TopologyCheck[] = [];
    for (const item of items) checks.push(await check(model, settings, item));
    return checks;
  } finally {
    await closeModel(model);
  }
}

async function check(
  model: ChannelModel,
  settings: AmqpSettings,
  item: TopologyItem,
): Promise<TopologyCheck> {
  if (item.kind === 'binding' || item.kind === 'unbinding') {
    return { item, state: 'unknown', message: 'Bindings cannot be looked at over AMQP.' };
  }
  try {
    await withChannel(model, (channel) => look(channel, item));
  } catch (error) {
    if (replyCode(error) === 404) return { item, state: 'missing' };
    return {
      item,
      state: 'unknown',
      message: reasonOfChannel(error, settings.shownAddress, verb(item)).message,
    };
  }
  // The exchange of a type that may be unknown is left alone: asking would end the connection.
  if (item.kind === 'exchange' && item.type === 'x-consistent-hash') return { item, state: 'present' };
  try {
    // It exists, so to declare it only compares.
    await withChannel(model, (channel) => declare(channel, item));
    return { item, state: 'present' };
  } catch (error) {
    const { message } = reasonOfChannel(error, settings.shownAddress, verb(item));
    return { item, state: replyCode(error) === 406 ? 'different' : 'unknown', message };
  }
}
