/**
 * How durable is the broker? What can be seen from outside, cheaply, once, and without ever holding up work:
 *
 * - Does it keep a session? A subscription that is new at the broker says goodbye after its SUBACK and connects
 *   again: the session must be there. (This needs no client id, topic or right beyond those of the subscription.)
 *   One that was there already has shown it. -> BROKER_VOLATILE; lost later -> BROKER_SESSION_LOST
 * - Does it grant QoS 1? -> BROKER_VOLATILE (a broker that allows only QoS 0 at all is refused: CHANNEL_PROTOCOL)
 * - Does it keep the session as long as asked (CONNACK)? -> BROKER_SESSION_SHORT
 * - Is it Mosquitto ($SYS/broker/version, on a throw-away connection, since some brokers hang up on who asks)? Its
 *   standard settings lose on a crash what it has acknowledged, and nothing shows from outside whether they were
 *   changed. -> BROKER_CHECK_PERSISTENCE, which is no fault but a question to the administrator.
 *
 * Not asked: whether the broker keeps latest states. A publish that needs it is refused with that sentence.
 * Not seen: brokers that keep all of it in memory only (aedes).
 */
import { randomBytes } from 'node:crypto';
import type { MqttSettings } from './mqtt-config';
import { type BrokerLimits, MqttConnection, type MqttVersion } from './mqtt-connection';
import type { ChannelState } from './types';

export type Warning = NonNullable<ChannelState['warning']>;

/** Asks once, with this version; always the same answer afterwards. Never rejects. */
export type BrokerCheck = (version: MqttVersion) => Promise<Warning | undefined>;

/** Ms that the question for the broker's name may take. */
const ASK_MS = 3000;
const VERSION_TOPIC = '$SYS/broker/version';

export const WARNINGS = {
  noSessions: (address: string): Warning => ({
    code: 'BROKER_VOLATILE',
    message: `The broker at ${address} keeps no sessions: what is published while this gateway is away is lost.`,
  }),
  onlyQos0: (address: string): Warning => ({
    code: 'BROKER_VOLATILE',
    message: `The broker at ${address} delivers to this user without confirmation (QoS 0): messages can be lost.`,
  }),
  sessionLost: (address: string): Warning => ({
    code: 'BROKER_SESSION_LOST',
    message: `The broker at ${address} had forgotten this subscription: what it held for it is lost. Check its persistence settings.`,
  }),
  sessionShort: (address: string, seconds: number): Warning => ({
    code: 'BROKER_SESSION_SHORT',
    message: `The broker at ${address} keeps a subscription only ${span(seconds)} while this gateway is away; what is published after that is lost.`,
  }),
  mosquitto: (address: string, version: string): Warning => ({
    code: 'BROKER_CHECK_PERSISTENCE',
    message: `The broker at ${address} is Mosquitto ${version}. With its standard settings it loses confirmed messages in a crash: see that it has persistence true, autosave_interval 1, autosave_on_changes true and max_queued_messages 0.`,
  }),
} as const;

function span(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

/** What CONNACK and SUBACK say against what was asked. */
export function sessionWarning(
  limits: BrokerLimits,
  grantedQos: number,
  askedSeconds: number,
  address: string,
): Warning | undefined {
  if (grantedQos === 0) return WARNINGS.onlyQos0(address);
  const kept = limits.sessionExpirySeconds;
  return kept !== undefined && kept < askedSeconds ? WARNINGS.sessionShort(address, kept) : undefined;
}

/** A check for all subscriptions of a channel; `signal` ends it. */
export function brokerCheck(settings: MqttSettings, signal: AbortSignal): BrokerCheck {
  let asked: Promise<Warning | undefined> | undefined;
  return (version) => {
    asked ??= askVersion(settings, version, signal);
    return asked;
  };
}

async function askVersion(
  settings: MqttSettings,
  version: MqttVersion,
  signal: AbortSignal,
): Promise<Warning | undefined> {
  if (signal.aborted) return undefined;
  let close: () => Promise<void> = async () => undefined;
  const text = await new Promise<string>((answer) => {
    const giveUp = (): void => answer('');
    const timer = setTimeout(giveUp, ASK_MS);
    signal.addEventListener('abort', giveUp, { once: true });
    const connection = new MqttConnection(
      settings,
      version,
      { clientId: `${settings.clientId}-probe-${randomBytes(3).toString('hex')}` },
      {
        connected: () => {
          connection.subscribe(VERSION_TOPIC, 0, 0, (code) => {
            if (code >= 0x80) giveUp();
          });
        },
        message: ({ topic, payload }) => {
          if (topic === VERSION_TOPIC) answer(payload.subarray(0, 200).toString('utf8'));
          return true;
        },
        ended: giveUp,
      },
    );
    close = async () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      await connection.close();
      // Also when it never came up.
      connection.drop({ code: 'CHANNEL_CLOSED', message: '' });
    };
  });
  await close();
  const found = /^mosquitto version ([\w.-]{1,20})/.exec(text)?.[1];
  return found === undefined ? undefined : WARNINGS.mosquitto(settings.shownAddress, found);
}
