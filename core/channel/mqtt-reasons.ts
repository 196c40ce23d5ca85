/** What brokers and networks say, as codes and sentences. */
import { CrossdockError } from '../errors';
import type { Reason as ChannelReason } from './channel-state';
import { networkReason } from './network-reasons';

export interface Reason extends ChannelReason {
  /** The broker does not speak the protocol version that was offered. */
  readonly version?: true;
  /** The other side hung up and said nothing. */
  readonly wordless?: true;
}

/** The broker hung up without a word. */
export function reasonOfHangUp(address: string): Reason {
  return {
    code: 'CHANNEL_UNREACHABLE',
    message: `The broker at ${address} ended the connection.`,
    wordless: true,
  };
}

/** The broker accepts us and hangs up soon after, again and again. */
export function reasonOfDrops(address: string): Reason {
  return {
    code: 'CHANNEL_DROPPED',
    message: `The broker at ${address} accepts the connection and ends it soon after, again and again. Does another client use the same client id?`,
    slow: true,
  };
}

/** A refused connection or a DISCONNECT: codes of MQTT 5 (from 0x80) and of MQTT 3.1.1's CONNACK (1 to 5). */
export function reasonOfCode(code: number, address: string): Reason {
  switch (code) {
    case 1:
    case 0x84:
      return {
        code: 'CHANNEL_PROTOCOL',
        message: `The broker at ${address} speaks neither MQTT 5 nor MQTT 3.1.1.`,
        version: true,
      };
    case 2:
    case 0x85:
      return {
        code: 'CHANNEL_CLIENT_ID',
        message: `The broker at ${address} does not accept the client id.`,
        slow: true,
      };
    case 4:
    case 0x86:
    case 0x8c:
      return {
        code: 'CHANNEL_CREDENTIALS',
        message: `The broker at ${address} refused the user name or the password.`,
        slow: true,
      };
    case 5:
    case 0x87:
    case 0x8a:
      return {
        code: 'CHANNEL_CREDENTIALS',
        message: `The broker at ${address} does not allow this user to connect. Check user name, password and rights.`,
        slow: true,
      };
    case 0x8e:
      return {
        code: 'CHANNEL_TAKEN_OVER',
        message: `Another client connected to the broker at ${address} with the same client id. Give each gateway a client id of its own.`,
        slow: true,
      };
    case 0x95:
      return {
        code: 'CHANNEL_TOO_LARGE',
        message: `The broker at ${address} ended the connection since a message was too large.`,
      };
    default:
      return {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The broker at ${address} is not available now (reason ${code}).`,
      };
  }
}

/** An error of the socket, of TLS or of mqtt.js. */
export function reasonOfError(error: unknown, address: string): Reason {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return reasonOfCode(code, address);
  const text = error instanceof Error ? error.message : '';
  const network = networkReason(error, address);
  if (network !== undefined) {
    return code === 'ECONNRESET' || code === 'EPIPE' ? { ...network, wordless: true } : network;
  }
  if (text === 'connack timeout') {
    return {
      code: 'CHANNEL_PROTOCOL',
      message: `${address} took the connection but did not answer. Is it an MQTT broker?`,
    };
  }
  if (text === 'Keepalive timeout') {
    return { code: 'CHANNEL_UNREACHABLE', message: `${address} went silent.` };
  }
  return { code: 'CHANNEL_PROTOCOL', message: `${address} does not answer as an MQTT broker.` };
}

const SUBSCRIPTION: Readonly<Record<number, string>> = {
  135: 'this user may not read these addresses',
  143: 'it does not accept the filter',
  151: 'this user has too many subscriptions',
  162: 'it does not know + and #',
};

/** A SUBACK with a code from 0x80 (3.1.1 knows only 0x80). It is asked again, slowly: rights change. */
export function reasonOfSuback(code: number, filter: string, address: string): Reason {
  const why = SUBSCRIPTION[code] ?? "check this user's rights";
  return {
    code: 'CHANNEL_SUBSCRIPTION_REFUSED',
    message: `The broker at ${address} refused the subscription to ${filter}: ${why} (reason 0x${code.toString(16)}).`,
    slow: true,
  };
}

/** What was asked on an open connection got no answer. */
export function reasonOfSilence(address: string): Reason {
  return { code: 'CHANNEL_UNREACHABLE', message: `The broker at ${address} does not answer.` };
}

/** PUBACK reason codes that mean "not now"; all others from 0x80 mean "not this message". */
const BUSY = new Set([0x80, 0x83, 0x91, 0x97]);

/** The error of a PUBACK with a reason code from 0x80 (0x10, no matching subscribers, is a success). */
export function errorOfPuback(code: number, address: string): CrossdockError {
  const facts = { reasonCode: code };
  if (BUSY.has(code)) {
    return new CrossdockError(
      `The broker at ${address} could not take the event now (reason 0x${code.toString(16)}).`,
      {
        code: 'CHANNEL_BUSY',
        kind: 'transient',
        facts,
      },
    );
  }
  const why =
    code === 0x87
      ? 'this user may not publish to its topic'
      : code === 0x90
        ? 'it does not accept the topic'
        : `reason 0x${code.toString(16)}`;
  return new CrossdockError(`The broker at ${address} refused the event: ${why}.`, {
    code: 'CHANNEL_REFUSED',
    kind: 'permanent',
    facts,
  });
}
