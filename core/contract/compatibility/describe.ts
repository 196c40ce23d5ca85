/** From where a proof got stuck to a finding: its code, its place, and the words and numbers that the sentence names. */
import { keyword, textsOf } from './document';
import type { Failure, Frame } from './failure';
import type { Code, RawFinding, Step } from './finding';
import { listRules, numberRules, textRules } from './rules';
import type { Witness } from './witness';
import { whatOf } from './words';

type Facts = Record<string, string | number>;

const MAX_VALUES = 5;
const MAX_QUOTE = 60;

/** A finding for a failure; what no message shows is told as not proved. */
export function describe(failure: Failure, witness: Witness | undefined): RawFinding {
  const [code, facts] = codeOf(failure);
  const path = pathOf(failure.frame);
  const { pointer } = failure.place;
  if (failure.name !== undefined && NAMED.has(failure.code) && failure.without !== undefined) {
    path.push({ field: failure.name });
  }
  if (witness === undefined) {
    const why = code === 'NOT_PROVED' ? facts.why : whatOf(code, facts);
    return { code: 'NOT_PROVED', path, facts: { why: why ?? '' }, pointer };
  }
  const example = { message: witness.message };
  const unnamed = unnamedAt(failure);
  if (unnamed !== undefined) {
    return { code: 'UNNAMED_FIELD', path: unnamed, facts: { why: whatOf(code, facts) }, pointer, example };
  }
  return { code, path, facts, pointer, example };
}

const NAMED = new Set(['FIELD_REQUIRED', 'DEPENDENT_FIELD_REQUIRED']);

function pathOf(frame: Frame | undefined): Step[] {
  const path: Step[] = [];
  for (let at = frame; at !== undefined; at = at.parent) {
    if (at.step.kind === 'member') path.unshift({ field: at.step.name });
    else if (at.step.kind === 'entry') path.unshift({ entry: at.step.index });
  }
  return path;
}

/** The first field on the way that the sending side does not name but leaves open. */
function unnamedAt({ code, frame }: Failure): Step[] | undefined {
  if (code === 'EXTRA_FIELDS_REFUSED') return undefined;
  let found: Frame | undefined;
  for (let at = frame; at !== undefined; at = at.parent) {
    if (at.step.kind === 'member' && !at.step.declared) found = at;
  }
  return found === undefined ? undefined : pathOf(found);
}

function codeOf(failure: Failure): [Code, Facts] {
  const { code, keyword: key, place, branch, name = '', frame } = failure;
  const limit = keyword(place, key);
  const bound = typeof limit === 'number' ? limit : String(limit);
  const was = (value: number): string | number => (Number.isFinite(value) ? value : 'any');
  const either = (low: Code, high: Code, least: number, most: number): [Code, Facts] =>
    key.toLowerCase().includes('min')
      ? [low, { limit: bound, was: was(least) }]
      : [high, { limit: bound, was: was(most) }];
  switch (code) {
    case 'TYPE_REFUSED': {
      const wanted = textsOf(place, 'type') ?? [];
      if (branch.type === 'number' && wanted.includes('integer')) return ['NOT_WHOLE', {}];
      return ['TYPE_REFUSED', { type: branch.type, wanted: wanted.join(' or ') }];
    }
    case 'VALUE_REFUSED':
      return ['VALUE_REFUSED', { value: quoted(branch.values) }];
    case 'FIELD_REQUIRED':
      return ['FIELD_REQUIRED', { field: name }];
    case 'DEPENDENT_FIELD_REQUIRED':
      return ['FIELD_REQUIRED', { field: name, with: failure.trigger ?? '' }];
    case 'FIELD_REFUSED':
      return frame?.step.kind === 'member'
        ? ['FIELD_REFUSED', { field: frame.step.name }]
        : ['NOTHING_ALLOWED', {}];
    case 'EXTRA_FIELDS_REFUSED':
      return ['OTHER_FIELDS_REFUSED', {}];
    case 'LENGTH_REFUSED': {
      const { minLength, maxLength } = textRules(branch);
      return either('TOO_SHORT', 'TOO_LONG', minLength, maxLength);
    }
    case 'RANGE_REFUSED': {
      const { min, max } = numberRules(branch);
      return either('TOO_SMALL', 'TOO_LARGE', min, max);
    }
    case 'MULTIPLE_REFUSED':
      return ['NOT_A_MULTIPLE', { multiple: bound }];
    case 'PATTERN_REFUSED':
      return ['PATTERN_REFUSED', { pattern: bound }];
    case 'FORMAT_REFUSED':
      return ['FORMAT_REFUSED', { format: bound }];
    case 'ITEM_COUNT_REFUSED': {
      const { min, max } = listRules(branch);
      return either('TOO_FEW_ENTRIES', 'TOO_MANY_ENTRIES', min, max);
    }
    case 'FIELD_COUNT_REFUSED':
      return either('TOO_FEW_FIELDS', 'TOO_MANY_FIELDS', 0, 0);
    case 'DUPLICATES_REFUSED':
      return ['ENTRIES_REPEAT', {}];
    case 'CONTENT_MISSING':
      return ['ENTRY_WANTED', {}];
    case 'FIELD_NAME_REFUSED':
      return ['FIELD_NAME_REFUSED', { field: name }];
    case 'NO_ALTERNATIVE_FITS':
      return ['NO_ALTERNATIVE', {}];
    case 'SEVERAL_ALTERNATIVES_FIT':
      return ['SEVERAL_ALTERNATIVES', {}];
    case 'FORBIDDEN_CONTENT':
      return ['FORBIDDEN', {}];
    case 'RULE_REFUSED':
      return ['RULE_REFUSED', { rule: key }];
    case 'NOT_DECIDED':
      return decidable(key)
        ? ['RULE_REFUSED', { rule: key }]
        : ['NOT_PROVED', { why: undecided(key, limit) }];
  }
}

/** Rules that are tried with messages although they cannot be compared. */
function decidable(key: string): boolean {
  return key !== 'limit' && key !== '$ref';
}

function undecided(key: string, value: unknown): string {
  if (key === 'limit') return 'the alternatives multiply beyond what is looked at';
  return typeof value === 'string'
    ? `${value} is not in this schema, or leads round in circles`
    : 'it is nested too deeply';
}

function quoted(values: readonly unknown[] | undefined): string {
  if (values === undefined) return 'any other';
  const shown = values.slice(0, MAX_VALUES).map((value) => {
    const text = JSON.stringify(value);
    return text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}...` : text;
  });
  return shown.join(', ') + (values.length > MAX_VALUES ? ', ...' : '');
}
