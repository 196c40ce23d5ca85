/** What the mapper sends: one object, one message per object of a list, or the list. */
import { randomUUID } from 'node:crypto';
import type { Translation } from '../../core/mapping';
import type { Message, Red } from '../shared/red';

export type Results = 'each' | 'list';

export interface OutputOptions {
  readonly property: string;
  /** What becomes of several results of one message. */
  readonly results: Results;
}

/** What to hand to `send`. The message that came is changed, or copied for each result. */
export function outputOf(
  red: Red,
  message: Message,
  translation: Translation,
  { property, results }: OutputOptions,
): Message | Message[][] {
  if (translation.list && results === 'each') return [parts(red, message, property, translation)];
  red.util.setMessageProperty(message, property, contentOf(translation), true);
  setKey(message, translation.list ? undefined : translation.results[0]?.key);
  return message;
}

/** The object, or the list of objects. */
export function contentOf({ list, results }: Translation): unknown {
  return list ? results.map(({ value }) => value) : results[0]?.value;
}

/**
 * One message per object, as the split node makes them: `msg.parts` for a join node. All carry the scopes of the one
 * that came, so that it ends when the last of them has.
 */
function parts(red: Red, message: Message, property: string, { results }: Translation): Message[] {
  const id = randomUUID();
  const outer = message['parts'];
  return results.map(({ value, key }, index) => {
    const part = red.util.cloneMessage({ ...message, ...withoutRoot(property) });
    delete part['_msgid'];
    red.util.setMessageProperty(part, property, value, true);
    setKey(part, key);
    part['parts'] = {
      id,
      type: 'array',
      count: results.length,
      len: 1,
      index,
      ...(outer === undefined ? {} : { parts: outer }),
    };
    return part;
  });
}

/** An object of another kind has no use for the key that its message had. */
function setKey(message: Message, key: string | undefined): void {
  const { key: _before, ...state } = message.crossdock ?? {};
  message.crossdock = key === undefined ? state : { ...state, key };
}

/** The whole list need not be copied for each of its entries. */
function withoutRoot(property: string): Record<string, unknown> {
  return /^[A-Za-z_$][\w$]*$/.test(property) ? { [property]: undefined } : {};
}
