/** What is looked at before a message is mapped: its size, and keys that change how programs work. */
import { findUnsafeKey, unsafeKey } from '../canonical/parse-json';
import { CrossdockError } from '../errors';
import { isLargerThan } from '../expression';

/** Deeper than any document of a partner; also where a loop of references ends. */
const DEEP = 100;

interface Look {
  /** Bytes of about its JSON that the message may still have. */
  left: number;
  /** Something that has to be looked at in detail. */
  suspicious: boolean;
}

/**
 * Lets a message in. One quick look is enough for an honest one.
 * @throws CrossdockError (permanent) MESSAGE_TOO_LARGE, JSON_UNSAFE
 */
export function admit(message: unknown, maxBytes: number, mapping: string): void {
  const found: Look = { left: maxBytes, suspicious: false };
  look(message, 0, found);
  if (found.left < 0 || (found.suspicious && isLargerThan(message, maxBytes))) {
    throw new CrossdockError(
      `The message is larger than ${Math.round(maxBytes / 1024 / 1024)} MB. Let the sender split it, or split it before it is mapped.`,
      { code: 'MESSAGE_TOO_LARGE', kind: 'permanent', facts: { mapping, maxBytes } },
    );
  }
  const unsafe = found.suspicious ? findUnsafeKey(message) : undefined;
  if (unsafe !== undefined) throw unsafeKey(unsafe);
}

function look(value: unknown, depth: number, found: Look): void {
  if (typeof value === 'string') {
    found.left -= value.length;
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > DEEP) {
    found.suspicious = true;
    return;
  }
  if (Array.isArray(value)) {
    found.left -= 8 * value.length;
    for (let index = 0; index < value.length && found.left >= 0; index += 1)
      look(value[index], depth + 1, found);
    return;
  }
  if (ArrayBuffer.isView(value)) {
    found.left -= value.byteLength;
    return;
  }
  for (const key in value) {
    found.left -= key.length + 8;
    if (key === '__proto__' || key === 'constructor') found.suspicious = true;
    if (found.left < 0) return;
    look((value as Record<string, unknown>)[key], depth + 1, found);
  }
}
