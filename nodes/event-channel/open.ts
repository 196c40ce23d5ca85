/** From a channel's configuration to the open channel, one function per kind. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import {
  type AmqpTopologyConfig,
  type AnyChannel,
  openAmqpChannel,
  openLocalChannel,
  openMqttChannel,
} from '../../core/channel';
import type { SharedChannel } from '../shared/channel';
import { choice, number, secret, text } from '../shared/config';
import type { RawConfig, Red, RedNode } from '../shared/red';
import { storeOf } from '../shared/store';
import { tlsOptions } from '../shared/tls';

export interface OpenChannel extends SharedChannel {
  /** Closes the channel, then lets go of what it uses. */
  close(): Promise<void>;
}

/** @throws CrossdockError CONFIG_INVALID, CONFIG_ENV_MISSING, or why the store of a local channel cannot be had */
export async function openChannel(red: Red, config: RawConfig, node: RedNode): Promise<OpenChannel> {
  const kind = choice(config, 'kind', 'Kind', ['mqtt', 'amqp', 'local'], 'mqtt');
  const source = text(config, 'source', 'Source', '/systems/odoo/main');
  if (kind === 'local') return openLocal(red, config, node, source);
  const channel: AnyChannel = kind === 'amqp' ? openAmqp(red, config, node) : openMqtt(red, config, node);
  return { channel, source, close: () => channel.close() };
}

function openMqtt(red: Red, config: RawConfig, node: RedNode) {
  return openMqttChannel({
    ...broker(red, config, node),
    topicPrefix: text(config, 'topicPrefix', 'Topic prefix', 'dist/v1/main'),
    sessionExpiryDays: number(config, 'sessionExpiryDays', 'Keep subscriptions', 7, { min: 1, max: 3650 }),
  });
}

function openAmqp(red: Red, config: RawConfig, node: RedNode) {
  return openAmqpChannel({ ...broker(red, config, node), ...readTopology(config) });
}

/** The settings of an AMQP channel that decide what is declared at the broker. */
export function readTopology(config: Readonly<Record<string, unknown>>): Required<AmqpTopologyConfig> {
  const raw = config as RawConfig;
  const order = choice(raw, 'order', 'Order', ['key', 'none'], 'key');
  const shards = number(raw, 'shards', 'Shards', 1, { min: 1, max: 64 });
  return {
    topicPrefix: text(raw, 'topicPrefix', 'Topic prefix', 'dist/v1/main'),
    exchange: text(raw, 'exchange', 'Exchange', 'crossdock.events'),
    queueType: choice(raw, 'queueType', 'Queue type', ['quorum', 'classic'], 'quorum'),
    deliveryLimit: number(raw, 'deliveryLimit', 'Delivery limit', 20, { min: 1, max: 1_000_000 }),
    order,
    // Shards keep the order per key; without it the dialog does not show them.
    shards: order === 'key' ? shards : 1,
    declare: choice(raw, 'declare', 'Topology', ['apply', 'check'], 'apply'),
  };
}

function broker(red: Red, config: RawConfig, node: RedNode) {
  const user = secret(node.credentials, 'user', 'User');
  const password = secret(node.credentials, 'password', 'Password');
  const tls = tlsOptions(red, text(config, 'tls', 'TLS settings', ''));
  const clientId = text(config, 'clientId', 'Client id', '');
  return {
    url: text(config, 'url', 'Address of the broker'),
    clientId: clientId === '' ? defaultClientId(red, node) : clientId,
    ...(user === '' ? {} : { username: user }),
    ...(password === '' ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/** The store outlives the channel: it is told that its user has closed only when the channel has. */
async function openLocal(red: Red, config: RawConfig, node: RedNode, source: string): Promise<OpenChannel> {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  try {
    const store = await storeOf(red, config)(released);
    const channel = await openLocalChannel({ store, channelId: node.id });
    return { channel, source, close: () => channel.close().finally(release) };
  } catch (thrown) {
    release();
    throw thrown;
  }
}

/**
 * Stable across restarts, or the broker would keep a session for each of them; and different on every gateway, since
 * an imported flow has the same node ids everywhere and two clients with one id throw each other out.
 */
function defaultClientId(red: Red, node: RedNode): string {
  const place = createHash('sha256').update(`${hostname()}\0${red.settings.userDir ?? ''}\0${node.id}`);
  return `crossdock-${place.digest('hex').slice(0, 16)}`;
}
