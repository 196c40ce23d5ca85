/** What brokers and networks say, as codes and sentences. */
import { CrossdockError } from '../errors';

export interface Reason {
  readonly code: string;
  readonly message: string;
  /** The broker does not speak the protocol version that was offered. */
  readonly version?: true;
  /** Trying again soon is useless or harmful: wait longer. */
  readonly slow?: true;
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

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens at',
  ENOTFOUND: 'There is no host with the name in',
  EAI_AGAIN: 'The host name cannot be looked up now:',
  ETIMEDOUT: 'No answer from',
  EHOSTUNREACH: 'There is no way through the network to',
  ENETUNREACH: 'There is no way through the network to',
  ECONNRESET: 'The connection was cut by the other side or the network:',
  EPIPE: 'The connection was cut by the other side or the network:',
};

/** An error of the socket, of TLS or of mqtt.js. */
export function reasonOfError(error: unknown, address: string): Reason {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return reasonOfCode(code, address);
  const text = error instanceof Error ? error.message : '';
  if (typeof code === 'string') {
    const network = NETWORK[code];
    if (network !== undefined) {
      const cut = code === 'ECONNRESET' || code === 'EPIPE';
      return {
        code: 'CHANNEL_UNREACHABLE',
        message: `${network} ${address} (${code}).`,
        ...(cut ? { wordless: true as const } : {}),
      };
    }
    if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code.startsWith('ERR_SSL_')) {
      return {
        code: 'CHANNEL_TLS',
        message: `No encrypted connection to ${address}: that port does not answer with TLS, or asks for a client certificate (${code}).`,
      };
    }
    if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(code)) {
      return {
        code: 'CHANNEL_TLS',
        message: `The certificate of ${address} is not trusted (${code}). Add its issuer under TLS.`,
      };
    }
    return { code: 'CHANNEL_UNREACHABLE', message: `No connection to ${address} (${code}).` };
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
