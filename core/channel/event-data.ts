/** The data of an event in binary mode: bytes beside a content type. */
import { CrossdockError } from '../errors';

/** No content type means JSON (CloudEvents 1.0.2, clause 3.1.1 of the JSON format). */
export function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^[^;]*[/+]json\s*(;|$)/i.test(contentType);
}

/** JSON as a value, text as text, anything else as the bytes. Throws EVENT_INVALID (permanent). */
export function readData(payload: Buffer, contentType: string | undefined): unknown {
  if (!isJson(contentType)) return contentType?.startsWith('text/') ? payload.toString('utf8') : payload;
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch (cause) {
    throw new CrossdockError('The event says that its data is JSON, but it cannot be read as JSON.', {
      code: 'EVENT_INVALID',
      kind: 'permanent',
      cause,
    });
  }
}
