/** Bodies as people see them. */
import { redact } from '../dead-letter';
import type { Content } from './api';

/** A body of any kind. @param personal whether the reader may see personal data */
export function contentOfBytes(bytes: Uint8Array | undefined, personal: boolean): Content {
  if (bytes === undefined) return { type: 'none', value: null, bytes: 0, redacted: 0 };
  const text = textOf(bytes);
  const size = bytes.length;
  if (text !== undefined) {
    const json = jsonOf(text);
    if (json !== undefined) return shown(json.value, size, personal);
  }
  if (!personal) return { type: 'hidden', value: null, bytes: size, redacted: 0 };
  if (text !== undefined) return { type: 'text', value: text, bytes: size, redacted: 0 };
  return { type: 'binary', value: Buffer.from(bytes).toString('base64'), bytes: size, redacted: 0 };
}

export function contentOfJson(text: string, personal: boolean): Content {
  const bytes = Buffer.byteLength(text);
  const json = jsonOf(text);
  if (json === undefined) return { type: 'none', value: null, bytes: 0, redacted: 0 };
  // A payload that is a text or a number has no field to judge it by.
  if (!personal && typeof json.value !== 'object') {
    return { type: 'hidden', value: null, bytes, redacted: 0 };
  }
  return shown(json.value, bytes, personal);
}

/** The bytes of an edit: a text as it is, anything else as JSON. */
export function bytesOf(body: unknown): Uint8Array {
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function shown(value: unknown, bytes: number, personal: boolean): Content {
  if (personal) return { type: 'json', value, bytes, redacted: 0 };
  return { type: 'json', bytes, ...redact(value) };
}

function jsonOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
