/** Settings of an AMQP channel: checked once, with sentences for what is wrong. */
import type { ConnectionOptions } from 'node:tls';
import type { Backoff } from '../delivery/backoff';
import { checkedTopicPrefix } from './mqtt-binding';
import { credential, invalid, resolved, whole } from './settings';

/** TLS options as Node.js takes them; a Node-RED tls-config node fills such an object with `addTLSOptions`. */
export type AmqpTlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'rejectUnauthorized' | 'servername' | 'ALPNProtocols'
>;

/** What is declared at the broker (`planTopology`). */
export interface AmqpTopologyConfig {
  /** First levels of every address. Default `dist/v1/main`. */
  readonly topicPrefix?: string;
  /** The topic exchange; the other names begin with its name. Default `crossdock.events`. */
  readonly exchange?: string;
  /** `quorum` (default): replicated, counts deliveries. `classic`: durable on one node, without a delivery limit. */
  readonly queueType?: 'quorum' | 'classic';
  /** Deliveries of a message after which a quorum queue gives it to the dead letters. Default 20. */
  readonly deliveryLimit?: number;
  /** `key` (default): order per partition key, by a single active consumer per queue. `none`: all consumers compete. */
  readonly order?: 'key' | 'none';
  /**
   * Queues per subscription among which a hash of the partition key divides the messages, so that several processes
   * share the work without losing the order per key. Default 1.
   */
  readonly shards?: number;
  /** `apply` (default): declared by us. `check`: somebody else does, we only look whether it is there. */
  readonly declare?: 'apply' | 'check';
}

export interface AmqpChannelConfig extends AmqpTopologyConfig {
  /** amqp:// or amqps:// with host, port and virtual host: amqp://broker.example:5672/vhost */
  readonly url: string;
  /** The virtual host, when it is not in the URL. Default `/`. */
  readonly vhost?: string;
  readonly username?: string;
  readonly password?: string;
  /** Name that the broker shows for our connections. Default `crossdock`. */
  readonly clientId?: string;
  /** When given, the connection is encrypted, also when the URL says amqp://. */
  readonly tls?: AmqpTlsOptions;
  /** Events sent and not yet confirmed, at most. Default 256. */
  readonly maxInFlight?: number;
  /** Events that may wait for a connection or a free place, at most. Default 1000. */
  readonly maxWaiting?: number;
  /** Bytes of the largest event. Default 16 MiB, the limit of RabbitMQ 4, which closes the channel beyond it. */
  readonly maxMessageBytes?: number;
  /** Default of `PublishOptions.timeoutMs`: 10,000. */
  readonly publishTimeoutMs?: number;
  /** Ms that the broker has to accept a connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Default 10. A broker that is silent for less than twice that time is given up. */
  readonly heartbeatSeconds?: number;
  /** When to connect again. Default: 0.5 s up to 30 s. */
  readonly backoff?: Backoff;
}

export type TopologySettings = Required<AmqpTopologyConfig>;

export interface AmqpSettings
  extends TopologySettings,
    Required<
      Omit<AmqpChannelConfig, keyof AmqpTopologyConfig | 'username' | 'password' | 'tls' | 'url' | 'vhost'>
    > {
  readonly protocol: 'amqp' | 'amqps';
  readonly host: string;
  readonly port: number;
  readonly vhost: string;
  /** `host:port/vhost`, for sentences; never with a password. */
  readonly shownAddress: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: AmqpTlsOptions | undefined;
}

const PORTS = { amqp: 5672, amqps: 5671 } as const;

/** Checks what the topology depends on. Throws CONFIG_INVALID or CONFIG_ENV_MISSING (permanent). */
export function topologySettings(config: AmqpTopologyConfig): TopologySettings {
  const exchange = resolved(config.exchange?.trim() ?? '', 'exchange', 'exchange') || 'crossdock.events';
  if (!/^[\w.:-]{1,100}$/.test(exchange) || /^amq\./i.test(exchange)) {
    throw invalid(
      "The exchange's name may have up to 100 letters, digits and . : _ - and must not start with amq. (those are the broker's own).",
      'exchange',
    );
  }
  return {
    topicPrefix: checkedTopicPrefix(
      resolved(config.topicPrefix ?? 'dist/v1/main', 'topicPrefix', 'topic prefix'),
    ),
    exchange,
    queueType: oneOf(config.queueType, ['quorum', 'classic'], 'queueType'),
    deliveryLimit: whole(config.deliveryLimit, 20, 1, 1_000_000, 'deliveryLimit'),
    order: oneOf(config.order, ['key', 'none'], 'order'),
    shards: whole(config.shards, 1, 1, 64, 'shards'),
    declare: oneOf(config.declare, ['apply', 'check'], 'declare'),
  };
}

/** Checks the configuration. Throws CONFIG_INVALID or CONFIG_ENV_MISSING (permanent) for what a person must mend. */
export function amqpSettings(config: AmqpChannelConfig): AmqpSettings {
  const text = resolved(config.url.trim(), 'url', "broker's address");
  if (text === '') throw invalid("The broker's address is missing.", 'url');
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("The broker's address must look like amqp://broker.example:5672.", 'url');
  }
  if (!['amqp:', 'amqps:'].includes(url.protocol) || url.hostname === '') {
    throw invalid("The broker's address must start with amqp:// or amqps:// and name a host.", 'url');
  }
  const protocol = url.protocol === 'amqps:' || config.tls !== undefined ? 'amqps' : 'amqp';
  const port = url.port === '' ? PORTS[protocol] : Number(url.port);
  const vhost = vhostOf(config.vhost, url.pathname);
  return {
    ...topologySettings(config),
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    vhost,
    shownAddress: `${url.hostname}:${port}${vhost === '/' ? '' : `/${vhost}`}`,
    clientId: resolved(config.clientId?.trim() ?? '', 'clientId', 'client id') || 'crossdock',
    username: credential(config.username, url.username, 'user', 'user name'),
    password: credential(config.password, url.password, 'password', 'password'),
    tls: config.tls,
    maxInFlight: whole(config.maxInFlight, 256, 1, 65_535, 'maxInFlight'),
    maxWaiting: whole(config.maxWaiting, 1000, 1, 1_000_000, 'maxWaiting'),
    maxMessageBytes: whole(config.maxMessageBytes, 16_777_216, 1, 536_870_912, 'maxMessageBytes'),
    publishTimeoutMs: whole(config.publishTimeoutMs, 10_000, 1, 3_600_000, 'publishTimeoutMs'),
    connectTimeoutMs: whole(config.connectTimeoutMs, 10_000, 1, 600_000, 'connectTimeoutMs'),
    heartbeatSeconds: whole(config.heartbeatSeconds, 10, 1, 600, 'heartbeatSeconds'),
    backoff: config.backoff ?? { baseMs: 500, capMs: 30_000 },
  };
}

/** A path of the URL is percent-encoded; none, or only `/`, is the standard virtual host, which is called `/`. */
function vhostOf(entered: string | undefined, path: string): string {
  const wanted = resolved(entered?.trim() ?? '', 'vhost', 'virtual host');
  if (wanted !== '') return wanted;
  try {
    return decodeURIComponent(path.slice(1)) || '/';
  } catch {
    throw invalid("The virtual host within the broker's address is not percent-encoded correctly.", 'url');
  }
}

function oneOf<T extends string>(value: T | undefined, allowed: readonly [T, ...T[]], setting: string): T {
  if (value === undefined) return allowed[0];
  if (allowed.includes(value)) return value;
  throw invalid(`The setting ${setting} must be one of: ${allowed.join(', ')}.`, setting);
}
