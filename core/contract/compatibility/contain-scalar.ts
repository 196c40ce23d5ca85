/** Texts and numbers: every keyword of the wanted schema against what is sent. */
import type { Comparison } from './contain';
import { keyword, numberOf, type Place } from './document';
import { allTexts, lowerBound, most, numbersOf, type Typed, upperBound } from './facts';
import type { Step } from './finding';
import { instanceOf } from './instance';
import { findText } from './regex/search';
import { keeps } from './validate';
import { dividesSafely } from './values';

/** Formats that keep a wider one too. */
const NARROWER: Readonly<Record<string, readonly string[]>> = {
  uri: ['uri-reference', 'iri', 'iri-reference'],
  email: ['idn-email'],
  hostname: ['idn-hostname'],
  'iso-4217': [],
};

export function checkText(
  comparison: Comparison,
  typed: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  const { branch } = typed;
  const patterns = allTexts(branch, 'pattern');
  const shortest = most(branch, 'minLength', 'max') ?? 0;
  const longest = most(branch, 'maxLength', 'min') ?? Number.POSITIVE_INFINITY;
  if (shortest > longest) return true;
  const text = (minLength: number, maxLength: number, avoids: readonly string[] = []) =>
    findText({ matches: patterns, avoids, minLength: Math.max(0, minLength), maxLength });
  let fine = true;
  const min = numberOf(wanted, 'minLength');
  if (min !== undefined && shortest < min) {
    const found = text(shortest, Math.min(longest, min - 1));
    if (found !== 'none')
      fine = comparison.find('TOO_SHORT', path, wanted, { limit: min, was: shortest }, change(found));
  }
  const max = numberOf(wanted, 'maxLength');
  if (max !== undefined && longest > max) {
    const found = text(Math.max(shortest, max + 1), longest);
    if (found !== 'none') {
      const was = Number.isFinite(longest) ? longest : 'any';
      fine = comparison.find('TOO_LONG', path, wanted, { limit: max, was }, change(found));
    }
  }
  const pattern = keyword(wanted, 'pattern');
  if (typeof pattern === 'string' && !patterns.includes(pattern)) {
    const found = text(shortest, longest, [pattern]);
    if (found === 'unknown')
      fine = comparison.find('NOT_PROVED', path, wanted, {
        why: `the pattern ${pattern} cannot be compared`,
      });
    else if (found !== 'none')
      fine = comparison.find('PATTERN_REFUSED', path, wanted, { pattern }, change(found));
  }
  const format = keyword(wanted, 'format');
  if (typeof format === 'string') {
    const sent = allTexts(branch, 'format');
    const kept = sent.some((known) => known === format || NARROWER[known]?.includes(format) === true);
    if (!kept) {
      const candidates = [instanceOf(branch), 'x', '', '1'].filter((value) => keeps(wanted, value) === false);
      const [first] = candidates;
      fine = comparison.find(
        'FORMAT_REFUSED',
        path,
        wanted,
        { format },
        first === undefined ? undefined : { set: first },
      );
    }
  }
  return fine;
}

function change(found: { readonly text: string } | 'unknown'): { set: unknown } | undefined {
  return found === 'unknown' ? undefined : { set: found.text };
}

export function checkNumber(
  comparison: Comparison,
  typed: Typed,
  wanted: Place,
  path: readonly Step[],
): boolean {
  const { branch, whole } = typed;
  const lower = lowerBound(branch, whole);
  const upper = upperBound(branch, whole);
  const multiples = numbersOf(branch, 'multipleOf').concat(whole ? [1] : []);
  const step = multiples[0] ?? 1;
  let fine = true;
  const low = lowerBound([wanted], whole);
  if (low !== undefined) {
    const kept =
      lower !== undefined &&
      (lower.value > low.value || (lower.value === low.value && (lower.exclusive || !low.exclusive)));
    if (!kept) {
      const value =
        lower === undefined
          ? low.value - step
          : lower.exclusive
            ? nudged(lower.value, low.value, step)
            : lower.value;
      const facts = { limit: low.value, was: lower?.value ?? 'any' };
      fine = comparison.find('TOO_SMALL', path, wanted, facts, { set: onGrid(value, multiples, 'up') });
    }
  }
  const high = upperBound([wanted], whole);
  if (high !== undefined) {
    const kept =
      upper !== undefined &&
      (upper.value < high.value || (upper.value === high.value && (upper.exclusive || !high.exclusive)));
    if (!kept) {
      const value =
        upper === undefined
          ? high.value + step
          : upper.exclusive
            ? nudged(upper.value, high.value, step)
            : upper.value;
      const facts = { limit: high.value, was: upper?.value ?? 'any' };
      fine = comparison.find('TOO_LARGE', path, wanted, facts, { set: onGrid(value, multiples, 'down') });
    }
  }
  const multiple = numberOf(wanted, 'multipleOf');
  if (multiple !== undefined && !multiples.some((known) => dividesSafely(known, multiple))) {
    const start = lower?.value ?? upper?.value ?? 0;
    const candidates = [1, 2, 3, 0.5, 0.1, 0.01, 7].flatMap((more) => [
      start + more * step,
      start - more * step,
    ]);
    const value = candidates.find(
      (candidate) =>
        keeps(wanted, candidate) === false && branch.every((place) => keeps(place, candidate) !== false),
    );
    fine = comparison.find(
      'NOT_A_MULTIPLE',
      path,
      wanted,
      { multiple },
      value === undefined ? undefined : { set: value },
    );
  }
  return fine;
}

/** A value between an exclusive bound of the sender and the bound of the receiver. */
function nudged(exclusive: number, wanted: number, step: number): number {
  const middle = (exclusive + wanted) / 2;
  return middle === exclusive ? exclusive + Math.sign(wanted - exclusive || 1) * step : middle;
}

function onGrid(value: number, multiples: readonly number[], towards: 'up' | 'down'): number {
  const [first] = multiples;
  if (first === undefined || first === 0) return value;
  const count = value / first;
  return (towards === 'up' ? Math.ceil(count) : Math.floor(count)) * first;
}
