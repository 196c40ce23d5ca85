/** Checks what people and files say, and brings it to one form. */
import { readDecimal, toPlain } from '../canonical/decimal';
import { CrossdockError } from '../errors';
import { readGtin } from '../identifiers';
import { currentCode, unitKey, unitName, unitOf } from '../units';
import type { LookupKey, ReferenceEntry } from './types';

const MAX = { partner: 120, scheme: 60, code: 200, item: 200, target: 200, steward: 120, note: 500 } as const;
const SCHEME = /^[A-Za-z0-9][A-Za-z0-9:._-]*$/;

/** Anything that might be an entry: a line of a file, a request. Missing members have their usual value. */
export type EntryInput = { readonly [member in keyof ReferenceEntry]?: unknown };

/**
 * @throws CrossdockError CROSS_REFERENCE_INVALID (permanent), with a problem for each faulty member
 */
export function checkEntry(input: EntryInput): ReferenceEntry {
  const problems: { path: string; message: string }[] = [];
  const wrong = (member: string, message: string): void => {
    problems.push({ path: `/${member}`, message });
  };
  const text = (member: keyof typeof MAX | 'targetScheme', required = false): string => {
    const given = input[member] ?? '';
    // Spreadsheets have lines within a cell.
    const value = member === 'note' && typeof given === 'string' ? given.replace(/\s+/g, ' ') : given;
    const limit = member === 'targetScheme' ? MAX.scheme : MAX[member];
    if (typeof value !== 'string' && typeof value !== 'number') wrong(member, `${member} must be a text`);
    else if (String(value).length > limit) wrong(member, `${member} is longer than ${limit} characters`);
    else if (/\p{Cc}/u.test(String(value))) wrong(member, `${member} contains control characters`);
    else {
      const trimmed = String(value).trim();
      if (required && trimmed === '') wrong(member, `${member} is missing`);
      return trimmed;
    }
    return '';
  };

  const kind = input.kind === 'item' || input.kind === 'unit' ? input.kind : undefined;
  if (kind === undefined) wrong('kind', 'kind must be unit or item');
  const partner = text('partner', true);
  const code = text('code', true);
  const scheme = text('scheme');
  if (scheme !== '' && !SCHEME.test(scheme)) wrong('scheme', `scheme "${scheme}" is no word`);
  const item = text('item');
  if (item !== '' && kind === 'item') wrong('item', 'item is for units only: the code itself names the item');
  const target = text('target', true);
  const targetScheme = text('targetScheme') || (kind === 'unit' ? 'rec20' : 'sku');
  if (kind === 'unit' && targetScheme !== 'rec20') wrong('targetScheme', 'the target of a unit is of rec20');

  const unit = (member: 'packLevel' | 'ofUnit' | 'target', value: string): string => {
    const found = currentCode(unitKey(value));
    if (found === undefined)
      wrong(member, `${member} "${value}" is not a current code of UN/ECE Recommendation 20 or 21`);
    return found ?? value;
  };
  const optionalUnit = (member: 'packLevel' | 'ofUnit'): string | null => {
    const value = input[member];
    if (value === undefined || value === null || value === '') return null;
    if (typeof value === 'string') return unit(member, value);
    wrong(member, `${member} must be a text`);
    return null;
  };
  const packLevel = optionalUnit('packLevel');
  let ofUnit = optionalUnit('ofUnit');
  const quantityPerUnit = quantity(input.quantityPerUnit, wrong);
  let meant = target;
  if (kind === 'unit' && target !== '') {
    meant = unit('target', target);
    if (packLevel !== null) wrong('packLevel', 'packLevel is for items only');
    if (quantityPerUnit !== null && item === '') {
      wrong('item', `how much one ${unitName(meant)} holds depends on the item: name it`);
    }
    if (quantityPerUnit !== null && unitOf(meant)?.factor !== undefined) {
      wrong('quantityPerUnit', `${unitName(meant)} has its size by definition`);
    }
  }
  if (kind === 'item' && targetScheme === 'gtin' && target !== '') {
    const read = readGtin(target);
    if ('fault' in read) wrong('target', read.fault);
    else meant = read.value.gtin;
  }
  if (quantityPerUnit !== null) ofUnit ??= 'EA';
  else if (ofUnit !== null) wrong('quantityPerUnit', 'ofUnit needs quantityPerUnit');
  if (ofUnit !== null && (ofUnit === packLevel || (kind === 'unit' && ofUnit === meant))) {
    wrong('ofUnit', 'a packaging does not contain itself');
  }
  const validFrom = time('validFrom', input.validFrom, wrong);
  const validTo = time('validTo', input.validTo, wrong);
  if (validFrom !== null && validTo !== null && validTo <= validFrom) {
    wrong('validTo', 'validTo must be later than validFrom');
  }
  const steward = text('steward');
  const note = text('note');
  if (problems.length > 0 || kind === undefined) {
    throw new CrossdockError(
      `The cross-reference cannot be taken: ${problems.map(({ message }) => message).join('; ')}.`,
      {
        code: 'CROSS_REFERENCE_INVALID',
        kind: 'permanent',
        problems,
      },
    );
  }
  return {
    ...{ partner, kind, scheme, code, item, targetScheme, target: meant, packLevel, quantityPerUnit, ofUnit },
    ...{ validFrom, validTo, steward, note },
  };
}

function quantity(value: unknown, wrong: (member: string, message: string) => void): string | null {
  if (value === undefined || value === null || value === '') return null;
  const read = readDecimal(typeof value === 'string' ? value.trim() : value);
  if (read?.gt(0) === true) return toPlain(read);
  wrong('quantityPerUnit', 'quantityPerUnit must be a decimal number above 0, written like 24 or 0.5');
  return null;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Ms, or a time with its zone, or a day (from its beginning in UTC). */
function time(
  member: 'validFrom' | 'validTo',
  value: unknown,
  wrong: (member: string, message: string) => void,
): number | null {
  if (value === undefined || value === null || value === '') return null;
  const ms =
    typeof value === 'number'
      ? value
      : typeof value === 'string' &&
          (DAY.test(value.trim()) || /T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(value.trim()))
        ? Date.parse(value.trim())
        : Number.NaN;
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  wrong(member, `${member} must be a day (2027-01-31) or a time with its zone (2027-01-31T08:00:00Z)`);
  return null;
}

/** How a code is compared: units without case, items as they are written; GTINs in 14 digits. */
export function codeKey(key: Pick<LookupKey, 'kind' | 'code' | 'scheme'>): string {
  if (key.kind === 'unit') return unitKey(key.code);
  const code = key.code.trim();
  if (key.scheme === 'gtin' || key.scheme === 'upc' || key.scheme === 'ean') {
    const read = readGtin(code);
    if ('value' in read) return read.value.gtin;
  }
  return code;
}
