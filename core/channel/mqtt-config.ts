/** Settings of an MQTT channel: checked once, with sentences for what is wrong. */
import { randomBytes } from 'node:crypto';
import type { ConnectionOptions } from 'node:tls';
import type { Backoff } from '../delivery/backoff';
import { CrossdockError } from '../errors';
import { type ContentMode, checkedTopicPrefix } from './mqtt-binding';

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
  /** Events sent and not yet confirmed, at most; the broker's own limit counts too. Default 64. */
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
}

export interface MqttSettings
  extends Required<Omit<MqttChannelConfig, 'username' | 'password' | 'tls' | 'url'>> {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
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

function invalid(message: string, setting: string, code = 'CONFIG_INVALID'): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent', facts: { setting } });
}

/** A `${NAME}` that is still there was not resolved: the environment has no such variable. */
function resolved(value: string, setting: string, label: string): string {
  const name = /\$\{([^}]*)\}/.exec(value)?.[1];
  if (name === undefined) return value;
  throw invalid(
    `The ${label} is taken from the environment variable ${name.slice(0, 60)}, which is not set. Set it, or enter the ${label} itself.`,
    setting,
    'CONFIG_ENV_MISSING',
  );
}

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
    username: credential(config.username, url.username, 'user', 'user name'),
    password: credential(config.password, url.password, 'password', 'password'),
    topicPrefix: checkedTopicPrefix(
      resolved(config.topicPrefix ?? 'dist/v1/main', 'topicPrefix', 'topic prefix'),
    ),
    tls: config.tls,
    contentMode: config.contentMode ?? 'binary',
    maxInFlight: whole(config.maxInFlight, 64, 1, 65_535, 'maxInFlight'),
    maxWaiting: whole(config.maxWaiting, 1000, 1, 1_000_000, 'maxWaiting'),
    publishTimeoutMs: whole(config.publishTimeoutMs, 10_000, 1, 3_600_000, 'publishTimeoutMs'),
    connectTimeoutMs: whole(config.connectTimeoutMs, 10_000, 1, 600_000, 'connectTimeoutMs'),
    keepAliveSeconds: whole(config.keepAliveSeconds, 30, 1, 65_535, 'keepAliveSeconds'),
    backoff: config.backoff ?? { baseMs: 500, capMs: 30_000 },
  };
}

/** 23 letters and digits: what every MQTT 3.1.1 broker must accept. */
function randomClientId(): string {
  return `crossdock${randomBytes(7).toString('hex')}`;
}

function credential(
  entered: string | undefined,
  inUrl: string,
  setting: string,
  label: string,
): string | undefined {
  if (entered !== undefined && entered !== '') return resolved(entered, setting, label);
  if (inUrl === '') return undefined;
  try {
    return decodeURIComponent(inUrl);
  } catch {
    throw invalid(`The ${label} within the broker's address is not percent-encoded correctly.`, 'url');
  }
}

function whole(
  value: number | undefined,
  standard: number,
  min: number,
  max: number,
  setting: string,
): number {
  if (value === undefined) return standard;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalid(`The setting ${setting} must be a whole number from ${min} to ${max}.`, setting);
}
