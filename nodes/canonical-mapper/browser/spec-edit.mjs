/** Changes to a mapping spec. Every function gives a new spec and leaves unchanged rules the same objects. */
import { inContract, isBelow, isVariable } from './paths.mjs';

const sources = ['from', 'const', 'context', 'result', 'jsonata'];

/** An empty mapping. */
export function emptySpec(name, from, to) {
  return { spec: 'crossdock-mapping/1', name, version: '1.0.0', from, to, rules: [] };
}

/** The kind of a rule's source: from, const, context, result, jsonata, each, or undefined. */
export function sourceKind(rule) {
  if (rule?.each !== undefined) return 'each';
  return sources.find((kind) => rule?.[kind] !== undefined);
}

/** The rule with another source; what it does with the value stays. */
export function withSource(rule, kind, value) {
  const kept = Object.entries(rule).filter(([key]) => !sources.includes(key) && key !== 'each');
  const { target, ...rest } = Object.fromEntries(kept);
  return tidy(kind === undefined ? { target, ...rest } : { target, [kind]: value, ...rest });
}

/** Without members that say nothing. */
export function tidy(rule) {
  const empty = (value) =>
    value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(
    Object.entries(rule).filter(
      ([key, value]) => key === 'const' || !(empty(value) || (key === 'required' && value === false)),
    ),
  );
}

export function replaceRule(spec, old, rule) {
  return { ...spec, rules: spec.rules.map((each) => (each === old ? tidy(rule) : each)) };
}

/** Without these rules. */
export function removeRules(spec, gone) {
  return { ...spec, rules: spec.rules.filter((rule) => !gone.includes(rule)) };
}

/**
 * With one more rule, where the contract would have it: rows may read what the rows above them have made.
 * @param order `(target) => number`: the place of a target in its contract
 */
export function addRule(spec, rule, order) {
  const rules = [...spec.rules];
  const same = rules.findLastIndex(({ target }) => target === rule.target);
  let at = same + 1;
  if (same < 0) {
    const own = order(rule.target);
    at = 1 + rules.findLastIndex(({ target }) => isVariable(target) || order(target) <= own);
    if (isVariable(rule.target)) at = 1 + rules.findLastIndex(({ target }) => isVariable(target));
  }
  rules.splice(at, 0, tidy(rule));
  return { ...spec, rules };
}

/**
 * Adds all of them. What has a rule already keeps it; several new ones for one target are alternatives, and the same one
 * twice is one.
 */
export function addRules(spec, added, order) {
  const there = new Set(spec.rules.map(({ target }) => target));
  const fresh = new Map(
    added.filter(({ target }) => !there.has(target)).map((rule) => [JSON.stringify(rule), rule]),
  );
  return [...fresh.values()].reduce((next, rule) => addRule(next, rule, order), spec);
}

/** Moves an alternative before or behind its neighbour of the same target. */
export function moveRule(spec, rule, by) {
  const same = spec.rules.filter(({ target }) => target === rule.target);
  const other = same[same.indexOf(rule) + by];
  if (other === undefined) return spec;
  return {
    ...spec,
    rules: spec.rules.map((each) => (each === rule ? other : each === other ? rule : each)),
  };
}

/** The rules at a target and below it. */
export function rulesWithin(spec, path) {
  return spec.rules.filter(({ target }) => target === path || isBelow(target, path));
}

/** Whether two specs do the same, whatever they are called. */
export function sameWork(a, b) {
  const work = ({ from, to, rules, tables, unwrap }) =>
    JSON.stringify([from, to, rules, tables ?? {}, unwrap ?? '']);
  return a !== undefined && b !== undefined && work(a) === work(b);
}

/** The next version: a new or lost target is a minor step, anything else a patch. */
export function nextVersion(base, spec) {
  const [major = 1, minor = 0, patch = 0] = base.version.split('.').map(Number);
  const targets = ({ rules }) => [...new Set(rules.map(({ target }) => target))].sort().join('\n');
  return targets(base) === targets(spec) ? `${major}.${minor}.${patch + 1}` : `${major}.${minor + 1}.0`;
}

/** The order of targets by their contract's fields; variables and unknown ones come first. */
export function orderOf(fields) {
  const places = new Map(fields.map(({ path }, index) => [path, index]));
  return (target) => {
    let path = inContract(target);
    while (path !== '') {
      const place = places.get(path) ?? places.get(path.replace(/\[\]$/, ''));
      if (place !== undefined) return place;
      path = path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0));
    }
    return -1;
  };
}
