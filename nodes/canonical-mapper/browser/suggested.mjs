/** What is suggested for a row: the answer's own, or for a list what its entries' fields are suggested together. */
import { inContract, parentOf } from './paths.mjs';

const of = (suggestions, target) => suggestions.get(target)?.suggestions ?? [];

/** The row that repeats the list, as some suggestion for a field inside it needs it. */
function repeats(list, suggestions) {
  let best;
  for (const { suggestions: found } of suggestions.values()) {
    for (const { also = [], confidence, reasons } of found) {
      const rule = also.find(({ target, each }) => target === list && each !== undefined);
      if (rule === undefined || (best !== undefined && best.confidence >= confidence)) continue;
      const about = reasons.filter(({ kind }) => kind === 'structure');
      best = { rule, also: [], confidence, values: [], reasons: about.length > 0 ? about : reasons };
    }
  }
  return best;
}

/** One entry with all its fields, out of the first suggestion of each. */
function entry(list, suggestions) {
  const found = [...suggestions]
    .filter(([target]) => parentOf(target) === list)
    .flatMap(([, { suggestions: first }]) => first.slice(0, 1));
  const [first] = found;
  if (first === undefined) return undefined;
  const group = parentOf(first.rule.target);
  const together = found.filter(({ rule }) => parentOf(rule.target) === group);
  return {
    rule: first.rule,
    also: [...together.flatMap(({ also = [] }) => also), ...together.slice(1).map(({ rule }) => rule)],
    confidence: Math.min(...together.map(({ confidence }) => confidence)),
    values: first.values,
    reasons: first.reasons,
  };
}

/** @param suggestions by the target that was asked for, as the contract writes it */
export function suggested(row, suggestions) {
  const own = of(suggestions, row.target);
  if (own.length > 0) return own;
  const target = inContract(row.target);
  const general = of(suggestions, target);
  if (general.length > 0) return general;
  if (row.kind !== 'list') return [];
  const list = of(suggestions, target.replace(/\[\]$/, ''));
  if (list.length > 0) return list;
  return [repeats(row.target, suggestions) ?? entry(target, suggestions)].filter(Boolean);
}
