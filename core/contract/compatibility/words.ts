/** Findings in words: what breaks, for whom, and how to mend it. */
import type { Code, RawFinding } from './finding';
import { placeOf } from './finding';

/** Whose messages meet whose rules. */
export type Direction = 'backward' | 'forward';

type Facts = RawFinding['facts'];
type Sentence = (facts: Facts, where: string) => string;

/** How the stricter side says it; `now` is the word for that side. */
const WHAT: Readonly<Record<Code, Sentence>> = {
  TYPE_REFUSED: ({ type, wanted }) => `a value of the type ${type} is refused, only ${wanted} is taken`,
  VALUE_REFUSED: ({ value }) =>
    value === 'any other' ? 'only listed values are taken' : `the value ${value} is refused`,
  FIELD_REQUIRED: ({ field, with: partner }) =>
    partner === undefined
      ? `the field "${field}" must be there`
      : `the field "${field}" must be there when "${partner}" is`,
  FIELD_REFUSED: ({ field }) => `the field "${field}" is refused`,
  OTHER_FIELDS_REFUSED: () => 'fields that are not listed are refused',
  NOTHING_ALLOWED: () => 'no value at all is taken',
  TOO_SHORT: ({ limit, was }) =>
    `texts shorter than ${limit} characters are refused (${was} on the other side)`,
  TOO_LONG: ({ limit, was }) =>
    `texts longer than ${limit} characters are refused (${was} on the other side)`,
  PATTERN_REFUSED: ({ pattern }) => `texts that do not match ${pattern} are refused`,
  FORMAT_REFUSED: ({ format }) => `texts that are no ${format} are refused`,
  TOO_SMALL: ({ limit, was }) => `numbers below ${limit} are refused (${was} on the other side)`,
  TOO_LARGE: ({ limit, was }) => `numbers above ${limit} are refused (${was} on the other side)`,
  NOT_WHOLE: () => 'numbers with a fraction are refused',
  NOT_A_MULTIPLE: ({ multiple }) => `numbers that are no multiple of ${multiple} are refused`,
  TOO_FEW_ENTRIES: ({ limit, was }) => `lists of fewer than ${limit} are refused (${was} on the other side)`,
  TOO_MANY_ENTRIES: ({ limit, was }) => `lists of more than ${limit} are refused (${was} on the other side)`,
  ENTRIES_REPEAT: () => 'lists with an entry twice are refused',
  TOO_FEW_FIELDS: ({ limit }) => `objects with fewer than ${limit} fields are refused`,
  TOO_MANY_FIELDS: ({ limit }) => `objects with more than ${limit} fields are refused`,
  NO_ALTERNATIVE: () => 'what fits none of the alternatives is refused',
  SEVERAL_ALTERNATIVES: () => 'what fits several alternatives at once is refused',
  ENTRY_WANTED: () => 'lists without certain entries, or with too many of them, are refused',
  FIELD_NAME_REFUSED: ({ field }) => `the name "${field}" is refused`,
  FORBIDDEN: () => 'something is forbidden (not) that may be sent',
  RULE_REFUSED: ({ rule }) => `the rule "${rule}" refuses something that may be sent`,
  UNNAMED_FIELD: ({ why }) =>
    `the sending side does not describe this field, so it may hold anything; ${why}`,
  NOT_PROVED: ({ why }) => `it could not be proved that nothing breaks: ${why}`,
};

const MEND: Readonly<Record<Code, Readonly<Record<Direction, Sentence>>>> = {
  TYPE_REFUSED: pair(
    ({ type }) => `Allow ${type} as well, or give the new form a field of its own.`,
    ({ type }) => `Keep to the old type, or add a new field for values of the type ${type}.`,
  ),
  VALUE_REFUSED: pair(
    ({ value }) =>
      value === 'any other'
        ? 'Leave the list open, or list all values that are in use.'
        : `Keep ${value} in the list for as long as it is sent.`,
    ({ value }) => `Send ${value} only when all readers know it; until then a value of the old list.`,
  ),
  FIELD_REQUIRED: pair(
    ({ field }) => `Leave "${field}" optional and say what a missing one means (default).`,
    ({ field }) => `Keep "${field}" required; stop sending it only in a new major version.`,
  ),
  FIELD_REFUSED: pair(
    ({ field }) => `Keep "${field}" (deprecated) until nobody sends it.`,
    () =>
      'Readers of the old version refuse new fields: let them be open (no "additionalProperties": false) first, or use a new major version.',
  ),
  OTHER_FIELDS_REFUSED: pair(
    () => 'Leave "additionalProperties" open.',
    () => 'Keep "additionalProperties": false, or move readers first.',
  ),
  NOTHING_ALLOWED: pair(
    () => 'Keep the old schema of this field until nobody sends it.',
    () => 'Do not send it before all readers take it.',
  ),
  TOO_SHORT: limit('minLength'),
  TOO_LONG: limit('maxLength'),
  PATTERN_REFUSED: limit('pattern'),
  FORMAT_REFUSED: limit('format'),
  TOO_SMALL: limit('minimum'),
  TOO_LARGE: limit('maximum'),
  NOT_WHOLE: limit('type'),
  NOT_A_MULTIPLE: limit('multipleOf'),
  TOO_FEW_ENTRIES: limit('minItems'),
  TOO_MANY_ENTRIES: limit('maxItems'),
  ENTRIES_REPEAT: limit('uniqueItems'),
  TOO_FEW_FIELDS: limit('minProperties'),
  TOO_MANY_FIELDS: limit('maxProperties'),
  NO_ALTERNATIVE: pair(
    () => 'Keep the alternative that these messages fit.',
    () => 'Send the new alternative only when all readers know it.',
  ),
  SEVERAL_ALTERNATIVES: pair(
    () => 'Give each alternative a field of fixed value (const) that tells them apart, or use anyOf.',
    () => 'Give each alternative a field of fixed value (const) that tells them apart, or use anyOf.',
  ),
  ENTRY_WANTED: limit('contains'),
  FIELD_NAME_REFUSED: limit('propertyNames'),
  FORBIDDEN: limit('not'),
  RULE_REFUSED: pair(
    ({ rule }) => `Leave out the rule "${rule}", or check it in the flow and park what breaks it.`,
    ({ rule }) => `Keep to the rule "${rule}" in what is sent until all readers have the new version.`,
  ),
  UNNAMED_FIELD: pair(
    () => 'If you know that nobody sends it yet, accept this; else take anything there.',
    () => 'If you know that it is not sent in another form, accept this; else describe it as before.',
  ),
  NOT_PROVED: pair(
    () => 'Look at it yourself, or write the rule with simpler keywords.',
    () => 'Look at it yourself, or write the rule with simpler keywords.',
  ),
};

function pair(backward: Sentence, forward: Sentence): Record<Direction, Sentence> {
  return { backward, forward };
}

function limit(keyword: string): Record<Direction, Sentence> {
  return pair(
    () => `Keep the old "${keyword}", or check the stricter rule in the flow and park what breaks it.`,
    () => `Keep the old "${keyword}" for what is sent until all readers have the new version.`,
  );
}

/** What a finding says, without its place. */
export function whatOf(code: Code, facts: Facts): string {
  return WHAT[code](facts, '');
}

/** "lines[].quantity: numbers below 1 are refused (0 on the other side)". */
export function messageOf({ code, facts, path }: RawFinding, direction: Direction): string {
  const where = placeOf(path) || 'the message';
  const side = direction === 'backward' ? 'in the new version' : 'by the old version';
  if (code === 'NOT_PROVED') return `${where}: ${WHAT[code](facts, where)}.`;
  return `${where}: ${WHAT[code](facts, where)} ${side}.`;
}

export function mendOf({ code, facts, path }: RawFinding, direction: Direction): string {
  return MEND[code][direction](facts, placeOf(path));
}

/** Who has to do with a break. @param names partners or nodes on the old version, if they are known */
export function whomOf(direction: Direction, version: string, names: readonly string[]): string {
  const listed =
    names.length === 0 ? '' : `: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}`;
  return direction === 'backward'
    ? `whoever still sends ${version}${listed}`
    : `whoever still reads ${version}${listed}`;
}
