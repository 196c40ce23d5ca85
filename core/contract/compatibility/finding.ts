/** What a comparison finds: a place, what is the matter there, and a message that shows it. */

/** A step from a document to a value in it: a field, or an entry of a list. */
export type Step = { readonly field: string } | { readonly entry: number };

export type Code =
  | 'TYPE_REFUSED'
  | 'VALUE_REFUSED'
  | 'FIELD_REQUIRED'
  | 'FIELD_REFUSED'
  | 'OTHER_FIELDS_REFUSED'
  | 'NOTHING_ALLOWED'
  | 'TOO_SHORT'
  | 'TOO_LONG'
  | 'PATTERN_REFUSED'
  | 'FORMAT_REFUSED'
  | 'TOO_SMALL'
  | 'TOO_LARGE'
  | 'NOT_WHOLE'
  | 'NOT_A_MULTIPLE'
  | 'TOO_FEW_ENTRIES'
  | 'TOO_MANY_ENTRIES'
  | 'ENTRIES_REPEAT'
  | 'TOO_FEW_FIELDS'
  | 'TOO_MANY_FIELDS'
  | 'NO_ALTERNATIVE'
  | 'SEVERAL_ALTERNATIVES'
  | 'ENTRY_WANTED'
  | 'FIELD_NAME_REFUSED'
  | 'FORBIDDEN'
  | 'RULE_REFUSED'
  | 'UNNAMED_FIELD'
  | 'NOT_PROVED';

export interface RawFinding {
  readonly code: Code;
  /** The place in a message. */
  readonly path: readonly Step[];
  /** Words and numbers that the sentence names: a field, a limit, a pattern. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** The schema's place on the stricter side, as a JSON pointer. */
  readonly pointer: string;
  /** A message that one side may send and the other refuses; both were tried. */
  readonly example?: { readonly message: unknown };
}

/** The place as people read it: `lines[].quantity`. */
export function placeOf(path: readonly Step[]): string {
  let text = '';
  for (const step of path) {
    if ('entry' in step) text += '[]';
    else text += text === '' ? step.field : `.${step.field}`;
  }
  return text;
}
