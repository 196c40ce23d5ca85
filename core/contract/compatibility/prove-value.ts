/** Proofs about numbers and texts. */
import type { Branch } from './branch';
import { keyword, numberOf, type Place } from './document';
import { type Failures, type Frame, PROVED } from './failure';
import { isKnownFormat, PLAIN_TEXTS, samplesOf } from './formats';
import type { Prover } from './prove';
import { findText } from './regex/search';
import { numberRules, textRules } from './rules';
import { dividesSafely } from './values';

export function proveNumber(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
): Failures {
  const limit = numberOf(reader, key);
  if (limit === undefined) return PROVED;
  const { min, max, openMin, openMax, whole, multiples } = numberRules(branch);
  const refused = (...candidates: number[]): Failures => [
    prover.failure('RANGE_REFUSED', key, reader, branch, frame, candidates),
  ];
  const just = (outside: number): number[] => [outside, Math.floor(outside), Math.ceil(outside)];
  switch (key) {
    case 'minimum':
      return min >= limit ? PROVED : refused(...just(limit - 1), ...just(limit - 0.5), min, min + 1);
    case 'exclusiveMinimum':
      return min > limit || (min === limit && openMin)
        ? PROVED
        : refused(limit, ...just(limit - 1), min, min + 1);
    case 'maximum':
      return max <= limit ? PROVED : refused(...just(limit + 1), ...just(limit + 0.5), max, max - 1);
    case 'exclusiveMaximum':
      return max < limit || (max === limit && openMax)
        ? PROVED
        : refused(limit, ...just(limit + 1), max, max - 1);
    case 'multipleOf': {
      const steps = whole ? [...multiples, 1] : multiples;
      if (steps.some((step) => dividesSafely(step, limit))) return PROVED;
      const [step = limit / 2] = multiples;
      const start = Number.isFinite(min) ? Math.ceil(min / step) : 1;
      const candidates = Array.from({ length: 24 }, (_, index) => (start + index) * step);
      return [
        prover.failure('MULTIPLE_REFUSED', key, reader, branch, frame, [...candidates, 1, limit * 1.5]),
      ];
    }
    default:
      return PROVED;
  }
}

export function proveText(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
): Failures {
  const rules = textRules(branch);
  const { minLength, maxLength, patterns, avoids, formats } = rules;
  const wish = { matches: patterns, avoids, minLength, maxLength };
  const limit = numberOf(reader, key) ?? 0;
  switch (key) {
    case 'minLength': {
      if (minLength >= limit) return PROVED;
      const found = findText({ ...wish, maxLength: Math.min(maxLength, limit - 1) });
      return found === 'none' ? PROVED : [length(found)];
    }
    case 'maxLength': {
      if (maxLength <= limit) return PROVED;
      const found = findText({ ...wish, minLength: Math.max(minLength, limit + 1) });
      return found === 'none' ? PROVED : [length(found)];
    }
    case 'pattern': {
      const pattern = String(keyword(reader, key));
      if (patterns.includes(pattern)) return PROVED;
      const found = findText({ ...wish, avoids: [...avoids, pattern] });
      if (found === 'none') return PROVED;
      const texts = found === 'unknown' ? [] : [found.text];
      return [prover.failure('PATTERN_REFUSED', key, reader, branch, frame, [...texts, ...PLAIN_TEXTS])];
    }
    case 'format': {
      const format = String(keyword(reader, key));
      if (formats.includes(format) || !isKnownFormat(format)) return PROVED;
      const others = formats.flatMap((format) => samplesOf(format));
      return [prover.failure('FORMAT_REFUSED', key, reader, branch, frame, [...others, ...PLAIN_TEXTS])];
    }
    default:
      return PROVED;
  }

  function length(found: ReturnType<typeof findText>) {
    const wanted = key === 'maxLength' ? Math.max(minLength, limit + 1) : Math.min(maxLength, limit - 1);
    const texts = [
      ...formats.flatMap((format) => samplesOf(format, wanted)),
      ...(typeof found === 'string' ? [] : [found.text]),
    ];
    return prover.failure('LENGTH_REFUSED', key, reader, branch, frame, texts);
  }
}
