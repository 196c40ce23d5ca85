/** Settings of an MQTT channel: checked once, with sentences for what is wrong. */
import { randomBytes } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import type { Backoff } from '../delivery/backoff';
import { type ContentMode, checkedTopicPrefix } from './mqtt-binding';
import { credential, invalid, resolved, whole } from './settings';

/** TLS options as Node.js takes them; a Node-RED tls-config node fills such an object with `addTLSOptions`. */
export type MqttTlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'pfx' | 'rejectUnauthorized' | 'servername' | 'ALPNProtocols'
>;

export interface MqttChannelConfig {
  /** mqtt://, mqtts://, ws:// or wss:// with host, port and (for WebSocket) path. */
  readonly url: string;
  /** Name of this client at the broker; unique there. Left out or empty: a random one, kept for this channel's life. */
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  /** First levels of every topic. Default `dist/v1/main`. */
  readonly topicPrefix?: string;
  /** When given, the connection is encrypted, also when the URL says mqtt:// or ws://. */
  readonly tls?: MqttTlsOptions;
  /** How events travel over MQTT 5; over 3.1.1 it is always structured. Default `binary`. */
  readonly contentMode?: ContentMode;
  /** Events sent and not yet confirmed, at most; the broker's own limit counts too. Default 256. */
  readonly maxInFlight?: number;
  /** Events that may wait for a connection or a free place, at most. Default 1000. */
  readonly maxWaiting?: number;
  /** Default of `PublishOptions.timeoutMs`: 10,000. */
  readonly publishTimeoutMs?: number;
  /** Ms that the broker has to accept a connection. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Default 30. */
  readonly keepAliveSeconds?: number;
  /** When to connect again. Default: 0.5 s up to 30 s. */
  readonly backoff?: Backoff;
  /** Days for which the broker is asked to keep a subscription while nobody is connected (MQTT 5). Default 7. */
  readonly sessionExpiryDays?: number;
  /**
   * When a subscription gets the latest states that the broker keeps (MQTT 5, 3.8.3.1): 0 at every connection, 1 when
   * the subscription is new, 2 never. Default 1. MQTT 3.1.1 has no such option: 0 and 1 give them at the first
   * connection after each start, whether the subscription is new or not.
   */
  readonly retainHandling?: 0 | 1 | 2;
  /** Whether subscriptions look at how durable the broker is (mqtt-probe.ts). Default true. */
  readonly probe?: boolean;
}

export interface MqttSettings
  extends Required<Omit<MqttChannelConfig, 'username' | 'password' | 'tls' | 'url'>> {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  /** Whether `clientId` was configured; a random one cannot hold a subscription over a restart. */
  readonly clientIdGiven: boolean;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** `host:port`, for sentences; never with a password. */
  readonly shownAddress: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: MqttTlsOptions | undefined;
}

const SCHEMES: Readonly<Record<string, MqttSettings['protocol']>> = {
  'mqtt:': 'mqtt',
  'tcp:': 'mqtt',
  'mqtts:': 'mqtts',
  'ssl:': 'mqtts',
  'tls:': 'mqtts',
  'ws:': 'ws',
  'wss:': 'wss',
};
const PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;
const ENCRYPTED = { mqtt: 'mqtts', mqtts: 'mqtts', ws: 'wss', wss: 'wss' } as const;

/** Throws `CrossdockError` CONFIG_ENV_MISSING or CONFIG_INVALID (permanent). */
export function mqttSettings(config: MqttChannelConfig): MqttSettings {
  const text = resolved(config.url.trim(), 'url', "broker's address");
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid("The broker's address must look like mqtt://broker.example:1883.", 'url');
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined || url.hostname === '') {
    throw invalid(
      "The broker's address must start with mqtt://, mqtts://, ws:// or wss:// and name a host.",
      'url',
    );
  }
  const protocol = config.tls === undefined ? scheme : ENCRYPTED[scheme];
  const port = url.port === '' ? PORTS[protocol] : Number(url.port);
  const clientId = resolved(config.clientId?.trim() ?? '', 'clientId', 'client id');
  return {
    protocol,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    path: `${url.pathname === '' ? '/' : url.pathname}${url.search}`,
    shownAddress: `${url.hostname}:${port}`,
    clientId: clientId === '' ? randomClientId() : clientId,
    clientIdGiven: clientId !== '',
    username: credential(config.username, url.username, 'user', 'user name'),
    password: credential(config.password, url.password, 'password', 'password'),
    topicPrefix: checkedTopicPrefix(
      resolved(config.topicPrefix ?? 'dist/v1/main', 'topicPrefix', 'topic prefix'),
    ),
    tls: config.tls,
    contentMode: config.contentMode ?? 'binary',
    maxInFlight: whole(config.maxInFlight, 256, 1, 65_535, 'maxInFlight'),
    maxWaiting: whole(config.maxWaiting, 1000, 1, 1_000_000, 'maxWaiting'),
    publishTimeoutMs: whole(config.publishTimeoutMs, 10_000, 1, 3_600_000, 'publishTimeoutMs'),
    connectTimeoutMs: whole(config.connectTimeoutMs, 10_000, 1, 600_000, 'connectTimeoutMs'),
    keepAliveSeconds: whole(config.keepAliveSeconds, 30, 1, 65_535, 'keepAliveSeconds'),
    backoff: config.backoff ?? { baseMs: 500, capMs: 30_000 },
    sessionExpiryDays: whole(config.sessionExpiryDays, 7, 1, 3650, 'sessionExpiryDays'),
    retainHandling: config.retainHandling ?? 1,
    probe: config.probe ?? true,
  };
}

/** 23 letters and digits: what every MQTT 3.1.1 broker must accept. */
function randomClientId(): string {
  return `crossdock${randomBytes(7).toString('hex')}`;
}
