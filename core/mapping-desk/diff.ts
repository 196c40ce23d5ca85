/** The difference of two specs, by target and in words. */
import { canonicalJson } from '../canonical';
import type { MappingSpec, Rule } from '../mapping';
import type { DiffAnswer, RowChange } from './api';
import { originOf, quoted, ruleInWords, transformsInWords } from './words';

/** @param a the older one */
export function diffSpecs(a: MappingSpec, b: MappingSpec): DiffAnswer {
  const [before, after] = [indexed(a), indexed(b)];
  const pairs = pair(before, after);
  const kept = longestRun(
    pairs.filter(({ old, now }) => old.text === now.text).map(({ old, now }) => [old.index, now.index]),
  );
  const rows: RowChange[] = [];
  for (const { old, now } of pairs) {
    const place = { target: now.rule.target, before: old.index, after: now.index };
    if (old.text !== now.text)
      rows.push({ change: 'changed', ...place, text: changedText(old.rule, now.rule) });
    else if (!kept.has(now.index) && orderCounts(now.rule, b))
      rows.push({
        change: 'moved',
        ...place,
        text: `Row moved: ${now.rule.target} from place ${old.index + 1} to ${now.index + 1}.`,
      });
  }
  const pairedOld = new Set(pairs.map(({ old }) => old.index));
  const pairedNow = new Set(pairs.map(({ now }) => now.index));
  for (const { rule, index } of after) {
    if (pairedNow.has(index)) continue;
    rows.push({
      change: 'added',
      target: rule.target,
      before: null,
      after: index,
      text: `New row: ${ruleInWords(rule)}.`,
    });
  }
  for (const { rule, index } of before) {
    if (pairedOld.has(index)) continue;
    rows.push({
      change: 'removed',
      target: rule.target,
      before: index,
      after: null,
      text: `Row removed: ${ruleInWords(rule)}.`,
    });
  }
  rows.sort(
    (x, y) => (x.after ?? x.before ?? 0) - (y.after ?? y.before ?? 0) || (x.before ?? 0) - (y.before ?? 0),
  );
  const count = (change: RowChange['change']): number => rows.filter((row) => row.change === change).length;
  return {
    head: headChanges(a, b),
    rows,
    summary: {
      added: count('added'),
      removed: count('removed'),
      changed: count('changed'),
      moved: count('moved'),
    },
  };
}

/** What is no row yet (a spec that is being written) has no target. */
function indexed({ rules }: MappingSpec): Indexed[] {
  return rules.map((given, index) => {
    const rule = typeof given?.target === 'string' ? given : { target: '' };
    return { rule, index, text: canonicalJson(rule) };
  });
}

interface Indexed {
  readonly rule: Rule;
  readonly index: number;
  readonly text: string;
}

/** Rows that belong together: the same ones first, then those of one target in their order. */
function pair(before: readonly Indexed[], after: readonly Indexed[]): { old: Indexed; now: Indexed }[] {
  const pairs: { old: Indexed; now: Indexed }[] = [];
  const left = new Set(before);
  const open: Indexed[] = [];
  const take = (now: Indexed, fits: (old: Indexed) => boolean): boolean => {
    for (const old of left) {
      if (!fits(old)) continue;
      left.delete(old);
      pairs.push({ old, now });
      return true;
    }
    return false;
  };
  for (const now of after) if (!take(now, (old) => old.text === now.text)) open.push(now);
  for (const now of open) take(now, (old) => old.rule.target === now.rule.target);
  return pairs;
}

/** Indexes (of b) of the longest run of rows whose order is the same in both. */
function longestRun(pairs: readonly (readonly [number, number])[]): Set<number> {
  const sorted = [...pairs].sort((x, y) => x[1] - y[1]);
  const length: number[] = [];
  const previous: number[] = [];
  let best = -1;
  for (let index = 0; index < sorted.length; index += 1) {
    length[index] = 1;
    previous[index] = -1;
    for (let earlier = 0; earlier < index; earlier += 1) {
      const longer = (length[earlier] ?? 0) + 1;
      if ((sorted[earlier]?.[0] ?? 0) < (sorted[index]?.[0] ?? 0) && longer > (length[index] ?? 0)) {
        length[index] = longer;
        previous[index] = earlier;
      }
    }
    if (best < 0 || (length[index] ?? 0) > (length[best] ?? 0)) best = index;
  }
  const kept = new Set<number>();
  for (let at = best; at >= 0; at = previous[at] ?? -1) kept.add(sorted[at]?.[1] ?? -1);
  return kept;
}

/** Of rows with one target the first that gives a value counts; a variable must be set before it is read. */
function orderCounts(rule: Rule, spec: MappingSpec): boolean {
  if (rule.target.includes('$') || rule.result !== undefined) return true;
  return spec.rules.filter((other) => other?.target === rule.target).length > 1;
}

function changedText(old: Rule, now: Rule): string {
  const clauses: string[] = [];
  if (originOf(old) !== originOf(now))
    clauses.push(`now comes from ${originOf(now)} instead of ${originOf(old)}`);
  const same = (name: keyof Rule): boolean =>
    canonicalJson(old[name] ?? null) === canonicalJson(now[name] ?? null);
  if (!same('transforms'))
    clauses.push(`goes through ${transformsInWords(now)} instead of ${transformsInWords(old)}`);
  if (!same('each') && now.each !== undefined && old.each !== undefined)
    clauses.push(`repeats over ${quoted(now.each)} instead of ${quoted(old.each)}`);
  if (!same('groupBy')) clauses.push('brings rows together by other fields');
  if (!same('where'))
    clauses.push(
      now.where === undefined
        ? 'has no condition any more'
        : old.where === undefined
          ? 'has a condition now'
          : 'has another condition',
    );
  if (!same('default'))
    clauses.push(
      now.default === undefined ? 'has no default any more' : `has the default ${quoted(now.default)}`,
    );
  if (!same('required')) clauses.push(now.required === true ? 'is required now' : 'is not required any more');
  if (clauses.length === 0) clauses.push('has another note');
  return `${now.target} ${clauses.join('; it ')}.`;
}

function headChanges(a: MappingSpec, b: MappingSpec): string[] {
  const changes: string[] = [];
  const told = (what: string, before: unknown, after: unknown): void => {
    if (canonicalJson(before ?? null) === canonicalJson(after ?? null)) return;
    changes.push(`The ${what} changes from ${shown(before)} to ${shown(after)}.`);
  };
  told('name', a.name, b.name);
  told('version', a.version, b.version);
  told('title', a.title, b.title);
  told(
    'source contract',
    a.from && `${a.from.contract} ${a.from.version}`,
    b.from && `${b.from.contract} ${b.from.version}`,
  );
  told(
    'target contract',
    a.to && `${a.to.contract} ${a.to.version}`,
    b.to && `${b.to.contract} ${b.to.version}`,
  );
  told('root key', a.unwrap, b.unwrap);
  if ((a.description ?? '') !== (b.description ?? '')) changes.push('The description changes.');
  for (const name of new Set([...Object.keys(a.tables ?? {}), ...Object.keys(b.tables ?? {})])) {
    const old = a.tables?.[name];
    const now = b.tables?.[name];
    if (old === undefined) changes.push(`The table ${quoted(name)} is new.`);
    else if (now === undefined) changes.push(`The table ${quoted(name)} is removed.`);
    else changes.push(...tableChanges(name, old, now));
  }
  return changes;
}

function tableChanges(
  name: string,
  old: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): string[] {
  const changes: string[] = [];
  for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (old[key] === now[key]) continue;
    const before = Object.hasOwn(old, key) ? quoted(old[key]) : 'nothing';
    const after = Object.hasOwn(now, key) ? quoted(now[key]) : 'nothing';
    changes.push(`Table ${quoted(name)}: ${quoted(key)} becomes ${after} instead of ${before}.`);
  }
  return changes;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : 'nothing';
}
