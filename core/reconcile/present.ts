/** What the source that a correction would mend says now, in the correction's own shape: for a person who compares the two. */
import { readDecimal, toPlain } from '../canonical/decimal';
import type { Difference } from './types';

/** @returns undefined where that is not known, null where the source has nothing of it */
export function presentOf(difference: Difference): unknown {
  const { proposal } = difference.correction;
  const message = proposal?.message;
  if (!isObject(message)) return undefined;
  if (proposal?.type === 'inventory-adjustment') {
    const { previous } = message;
    if (previous === undefined) return undefined;
    return { ...message, quantity: previous, resulting: previous };
  }
  if (proposal?.type !== 'redrive') return undefined;
  if (difference.field === '') return null;
  const first = proposal.side === 'first';
  const [now, then] = first
    ? [difference.expected, difference.found]
    : [difference.found, difference.expected];
  return then === null ? undefined : replaced(message, lastNames(difference.field), then, now);
}

/** What the ready-made comparisons call a field, and what rows call it. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  total: ['taxinclusive', 'amount_total'],
  status: ['state', 'order', 'payment_state'],
};

/** Names that the field may have in a row: of `order.total|amount_total` these are "total" and "amount_total". */
function lastNames(field: string): Set<string> {
  const names = field.split('|').map((path) => path.split(/[./]/).at(-1)?.toLowerCase() ?? '');
  return new Set([...names, ...names.flatMap((name) => OTHER_NAMES[name] ?? [])]);
}

/** The row with its one member of these names and this value replaced; undefined unless there is exactly one. */
function replaced(
  row: object,
  names: ReadonlySet<string>,
  then: string,
  now: string | null,
): object | undefined {
  let found = 0;
  const walk = (value: unknown, name: string): unknown => {
    if (Array.isArray(value)) return value.map((each) => walk(each, name));
    if (isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, key)]));
    }
    if (!names.has(name.toLowerCase()) || !isSame(value, then)) return value;
    found += 1;
    return typeof value === 'number' && now !== null && Number.isFinite(Number(now)) ? Number(now) : now;
  };
  const copy = walk(row, '') as object;
  return found === 1 ? copy : undefined;
}

function isSame(value: unknown, text: string): boolean {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return false;
  return plain(String(value)) === plain(text);
}

function plain(text: string): string {
  const read = readDecimal(text.trim());
  return read === undefined ? text.trim() : toPlain(read);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
