/** What AMQP brokers and networks say, as codes and sentences. Reply codes: AMQP 0-9-1, clause 1.2. */
import type { Reason } from './channel-state';
import { networkReason } from './network-reasons';

/** A reason that travels as a rejection, for example out of declaring the topology. */
export class ReasonError extends Error {
  constructor(readonly reason: Reason) {
    super(reason.message);
    this.name = 'ReasonError';
  }
}

/** The reply code of an error of amqplib, when the broker gave one. */
export function replyCode(error: unknown): number | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** The text of an error, only for taking facts out of it: what brokers say is not shown as it is. */
export function replyText(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

/**
 * The end of a connection, or an attempt that failed: an error of the socket, of TLS, of amqplib, or of the broker.
 * @param vhost for the sentence about a virtual host that is refused
 */
export function reasonOfConnection(error: unknown, address: string, vhost: string): Reason {
  if (error instanceof ReasonError) return error.reason;
  const text = replyText(error);
  const code = replyCode(error) ?? Number(/terminated by server: (\d+)/.exec(text)?.[1] ?? Number.NaN);
  if (!Number.isNaN(code)) return reasonOfClose(code, address);
  const network = networkReason(error, address);
  if (network !== undefined) return network;
  if (/ETIMEDOUT/.test(text)) {
    return { code: 'CHANNEL_UNREACHABLE', message: `No answer from ${address} in time.` };
  }
  if (/^Heartbeat timeout/.test(text)) return reasonOfSilence(address);
  // The handshake's last step: the broker closes instead of opening, and amqplib keeps the code to itself.
  if (/^Expected ConnectionOpenOk; got <ConnectionClose/.test(text)) {
    return {
      code: 'CHANNEL_VHOST',
      message: `The broker at ${address} does not let us into the virtual host "${vhost}": it does not exist, this user has no rights there, or it allows no more connections.`,
      slow: true,
    };
  }
  if (/SASL mechanism/.test(text)) {
    return {
      code: 'CHANNEL_CREDENTIALS',
      message: `The broker at ${address} does not accept a user name and a password.`,
      slow: true,
    };
  }
  if (/^(Unexpected close|Connection closed)/.test(text)) {
    return { code: 'CHANNEL_UNREACHABLE', message: `The broker at ${address} ended the connection.` };
  }
  if (/^Socket closed abruptly/.test(text)) {
    return {
      code: 'CHANNEL_PROTOCOL',
      message: `${address} hung up during the greeting. Is it an AMQP 0-9-1 broker, and is this its port (5671 with TLS, 5672 without)?`,
    };
  }
  return { code: 'CHANNEL_PROTOCOL', message: `${address} does not answer as an AMQP 0-9-1 broker.` };
}

/** The broker closed the connection with this code. */
function reasonOfClose(code: number, address: string): Reason {
  switch (code) {
    case 320:
      return {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The broker at ${address} is shutting down, or its operator has closed the connection.`,
      };
    case 403:
      return {
        code: 'CHANNEL_CREDENTIALS',
        message: `The broker at ${address} refused the user name or the password.`,
        slow: true,
      };
    case 402:
    case 530:
      return {
        code: 'CHANNEL_CREDENTIALS',
        message: `The broker at ${address} does not allow this user to connect. Check user name, virtual host and rights.`,
        slow: true,
      };
    default:
      return {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The broker at ${address} ended the connection (reply code ${code}).`,
      };
  }
}

export function reasonOfSilence(address: string): Reason {
  return { code: 'CHANNEL_UNREACHABLE', message: `${address} went silent.` };
}

/**
 * The broker closed a channel, or refused to declare something.
 * @param what what it was about, for the sentence, for example `the queue crossdock.events.orders`
 */
export function reasonOfChannel(error: unknown, address: string, what: string): Reason {
  if (error instanceof ReasonError) return error.reason;
  const code = replyCode(error);
  const text = replyText(error);
  switch (code) {
    case 403:
      return {
        code: 'CHANNEL_CREDENTIALS',
        message: `The broker at ${address} does not give this user the right to ${what}. Somebody may grant it, or declare everything beforehand (setting: only check).`,
        slow: true,
      };
    case 404:
      return {
        code: 'CHANNEL_TOPOLOGY',
        message: `The broker at ${address} does not have what is needed to ${what}${quoted(text)}.`,
      };
    case 405:
      return {
        code: 'CHANNEL_LOCKED',
        message: `The broker at ${address} says that another connection holds what is needed to ${what}.`,
        slow: true,
      };
    case 406:
      return preconditionFailed(text, address, what);
    case undefined:
      return {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The connection to ${address} ended before it could ${what}.`,
      };
    default:
      return {
        code: 'CHANNEL_UNAVAILABLE',
        message: `The broker at ${address} cannot ${what} now (reply code ${code}). A new quorum queue, or one whose nodes are away, answers like this for a while.`,
      };
  }
}

/** The thing that a 404 names: `no queue 'x' in vhost …`. */
function quoted(text: string): string {
  const found = /no (queue|exchange) '([^']{1,255})'/.exec(text);
  return found === null ? '' : `: there is no ${found[1]} ${found[2]}`;
}

function preconditionFailed(text: string, address: string, what: string): Reason {
  if (/acknowledgement .*timed out/i.test(text)) {
    return {
      code: 'CHANNEL_ACK_TIMEOUT',
      message: `A message was held for longer than the broker at ${address} allows (consumer_timeout, 30 minutes unless set), so it has taken all of them back and delivers them again.`,
    };
  }
  const differs = /inequivalent arg '([^']+)' for (queue|exchange) '([^']+)'/.exec(text);
  if (differs !== null) {
    const values = /received (.{1,80}?) but current is (.{1,80}?)"?$/.exec(text);
    const how =
      values === null
        ? differs[1]
        : `${differs[1]}: wanted ${plainValue(values[1])}, there is ${plainValue(values[2])}`;
    const choice = differs[2] === 'queue' ? ' (queue type, order, delivery limit)' : '';
    return {
      code: 'CHANNEL_TOPOLOGY',
      message: `The ${differs[2]} ${differs[3]} exists at ${address} with other settings (${how}). RabbitMQ cannot change them: choose the same settings here${choice}, or delete the ${differs[2]} there when it is empty.`,
      slow: true,
    };
  }
  return {
    code: 'CHANNEL_TOPOLOGY',
    message: `The broker at ${address} refused to ${what}, since something there has other settings (reply code 406).`,
    slow: true,
  };
}

/** RabbitMQ writes `the value 'quorum' of type 'longstr'` or `none`. */
function plainValue(text: string | undefined): string {
  return /'([^']*)'/.exec(text ?? '')?.[1] ?? text ?? '';
}
