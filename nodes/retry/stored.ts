/** A whole message as bytes, for the time in which only the store has it. */
import type { MessageState } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Message } from '../shared/red';

/** Stands for what JSON has no word for. */
type Tagged = { readonly $crossdock: 'buffer' | 'date'; readonly value: string };

/**
 * The message as JSON. Buffers and dates are kept; the open HTTP request and what belongs to an earlier delivery are
 * not.
 * @throws CrossdockError RETRY_NOT_STORABLE (permanent) for what JSON cannot hold, such as a circle
 */
export function toStored(message: Message): Uint8Array {
  const { req: _req, res: _res, _msgid, crossdock, ...kept } = message;
  const { scopes: _scopes, retry: _retry, failure: _failure, ...state } = crossdock ?? {};
  try {
    return Buffer.from(JSON.stringify({ ...kept, crossdock: state }, tag));
  } catch (cause) {
    throw new CrossdockError(
      'The message cannot be stored to be tried again: it holds something that is no plain data.',
      {
        code: 'RETRY_NOT_STORABLE',
        kind: 'permanent',
        cause,
      },
    );
  }
}

/** The message's properties from its bytes. */
export function fromStored(
  body: Uint8Array,
): Record<string, unknown> & { readonly crossdock?: MessageState } {
  return JSON.parse(Buffer.from(body).toString('utf8'), untag) as Record<string, unknown>;
}

/** `this` holds the value as it was: `value` has been through its own `toJSON`. */
function tag(this: Readonly<Record<string, unknown>>, key: string, value: unknown): unknown {
  const original = this[key];
  if (original instanceof Uint8Array) {
    return { $crossdock: 'buffer', value: Buffer.from(original).toString('base64') } satisfies Tagged;
  }
  if (original instanceof Date) return { $crossdock: 'date', value: String(value) } satisfies Tagged;
  return value;
}

function untag(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('$crossdock' in value)) return value;
  const { $crossdock, value: text } = value as Tagged;
  if ($crossdock === 'buffer') return Buffer.from(text, 'base64');
  return $crossdock === 'date' ? new Date(text) : value;
}
