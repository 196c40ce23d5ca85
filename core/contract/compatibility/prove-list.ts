/** Proofs about lists. */
import type { Branch } from './branch';
import { below, keyword, listBelow, numberOf, type Place, sameKeyword } from './document';
import { type Failures, type Frame, PROVED } from './failure';
import type { Prover } from './prove';
import { heedsContains, listRules } from './rules';

/** First entries beyond this are not looked at one by one. */
const MAX_PREFIX = 60;

export function proveList(
  prover: Prover,
  branch: Branch,
  reader: Place,
  key: string,
  frame: Frame | undefined,
): Failures {
  const rules = listRules(branch);
  const limit = numberOf(reader, key) ?? 0;
  const entry = (index: number, place: Place): Failures =>
    index >= rules.max
      ? PROVED
      : prover.proveBelow(branch, { kind: 'entry', index }, rules.at(index), place, frame);
  switch (key) {
    case 'minItems':
      return rules.min >= limit ? PROVED : [prover.failure('ITEM_COUNT_REFUSED', key, reader, branch, frame)];
    case 'maxItems':
      return rules.max <= limit ? PROVED : [prover.failure('ITEM_COUNT_REFUSED', key, reader, branch, frame)];
    case 'uniqueItems':
      if (keyword(reader, key) !== true || rules.unique || rules.max <= 1) return PROVED;
      return [prover.failure('DUPLICATES_REFUSED', key, reader, branch, frame)];
    case 'prefixItems':
      return listBelow(reader, key).flatMap((place, index) => entry(index, place));
    case 'items': {
      // Older drafts list the first entries here.
      if (Array.isArray(keyword(reader, key)))
        return [prover.failure('NOT_DECIDED', key, reader, branch, frame)];
      const own = listBelow(reader, 'prefixItems').length;
      const items = below(reader, key);
      if (rules.prefix - own > MAX_PREFIX) return [prover.failure('NOT_DECIDED', key, reader, branch, frame)];
      const failures = [];
      for (let index = own; index < rules.prefix; index += 1) failures.push(...entry(index, items));
      return [...failures, ...entry(Math.max(own, rules.prefix), items)];
    }
    case 'contains':
      return proveContains(prover, branch, reader, frame);
    default:
      return PROVED;
  }
}

function proveContains(prover: Prover, branch: Branch, reader: Place, frame: Frame | undefined): Failures {
  const min = numberOf(reader, 'minContains') ?? 1;
  const max = numberOf(reader, 'maxContains') ?? Number.POSITIVE_INFINITY;
  const wanted = below(reader, 'contains');
  const rules = listRules(branch);
  const every = Array.from({ length: rules.prefix + 1 }, (_, index) => rules.at(index));
  const enough =
    min === 0 ||
    branch.facts.some(
      (place) =>
        heedsContains(place) &&
        (numberOf(place, 'minContains') ?? 1) >= min &&
        prover.prove([below(place, 'contains')], wanted, undefined).length === 0,
    ) ||
    (rules.min >= min && every.every((facts) => prover.prove(facts, wanted, undefined).length === 0));
  const few =
    max === Number.POSITIVE_INFINITY ||
    rules.max <= max ||
    branch.facts.some(
      (place) =>
        sameKeyword(place, reader, 'contains') &&
        (numberOf(place, 'maxContains') ?? Number.POSITIVE_INFINITY) <= max &&
        keyword(place, 'contains') !== undefined,
    ) ||
    every.every((facts) => prover.isImpossible([...facts, wanted]));
  return enough && few ? PROVED : [prover.failure('CONTENT_MISSING', 'contains', reader, branch, frame)];
}
