/** What a change does beside validity: fields that come, go or look renamed, and data classes that are lowered. */
import { asSchema } from '../schema-tree';
import { branchesOf } from './branch';
import { keyword, type Place, same } from './document';
import type { Step } from './finding';
import { listRules, objectRules } from './rules';

const CLASSES = ['public', 'internal', 'confidential', 'pii'];
const MAX_DEPTH = 12;

export interface Renamed {
  readonly from: string;
  readonly to: string;
  readonly path: readonly Step[];
}

export interface Annotated {
  /** Places whose data class protects less than before. */
  readonly lowered: readonly { path: readonly Step[]; from: string; to: string }[];
  readonly added: readonly (readonly Step[])[];
  readonly removed: readonly (readonly Step[])[];
  readonly renamed: readonly Renamed[];
}

export function annotationsOf(before: Place, after: Place): Annotated {
  const found = { lowered: [], added: [], removed: [], renamed: [] } as {
    lowered: { path: Step[]; from: string; to: string }[];
    added: Step[][];
    removed: Step[][];
    renamed: Renamed[];
  };
  const seen = new Set<string>();
  const walk = (old: readonly Place[], now: readonly Place[], path: Step[]): void => {
    const key = [old, now].map((places) => places.map(({ id }) => id).join()).join(' ');
    if (path.length > MAX_DEPTH || seen.has(key)) return;
    seen.add(key);
    const [oldBranch, newBranch] = [factsOf(old), factsOf(now)];
    const [from, to] = [classOf(oldBranch), classOf(newBranch)];
    if (from !== undefined && to !== undefined && CLASSES.indexOf(to) < CLASSES.indexOf(from))
      found.lowered.push({ path, from, to });
    const [oldNames, newNames] = [namesOf(oldBranch), namesOf(newBranch)];
    const gone = [...oldNames].filter((name) => !newNames.has(name));
    const come = [...newNames].filter((name) => !oldNames.has(name));
    for (const name of gone) found.removed.push([...path, { field: name }]);
    for (const name of come) found.added.push([...path, { field: name }]);
    for (const name of gone) {
      const twins = come.filter((other) => alike(fieldOf(oldBranch, name), fieldOf(newBranch, other)));
      const [twin] = twins;
      if (twins.length === 1 && twin !== undefined) found.renamed.push({ from: name, to: twin, path });
    }
    for (const name of oldNames) {
      if (newNames.has(name))
        walk(fieldOf(oldBranch, name), fieldOf(newBranch, name), [...path, { field: name }]);
    }
    const [oldEntry, newEntry] = [entryOf(oldBranch), entryOf(newBranch)];
    if (oldEntry.length > 0 && newEntry.length > 0) walk(oldEntry, newEntry, [...path, { entry: 0 }]);
  };
  walk([before], [after], []);
  return found;
}

function classOf(branch: readonly Place[]): string | undefined {
  for (const place of branch) {
    const value = keyword(place, 'x-class');
    if (typeof value === 'string' && CLASSES.includes(value)) return value;
  }
  return undefined;
}

/** What holds of a field of the first kind of value that is described. */
function fieldOf(branch: readonly Place[], name: string): readonly Place[] {
  return objectRules({ type: 'object', facts: branch, denied: [] }).member(name);
}

function namesOf(branch: readonly Place[]): ReadonlySet<string> {
  return objectRules({ type: 'object', facts: branch, denied: [] }).declared;
}

/** What holds of entries behind those with schemas of their own. */
function entryOf(branch: readonly Place[]): readonly Place[] {
  const rules = listRules({ type: 'array', facts: branch, denied: [] });
  return rules.at(rules.prefix);
}

/** The first kind of value that has parts, or else the first. */
function factsOf(places: readonly Place[]): readonly Place[] {
  const branches = branchesOf(places);
  const found = branches.find(({ type }) => type === 'object' || type === 'array') ?? branches[0];
  return found?.facts ?? [];
}

/** The same rules, and no schema that allows everything. */
function alike(old: readonly Place[], now: readonly Place[]): boolean {
  const [left] = old;
  const [right] = now;
  if (left === undefined || right === undefined || old.length !== 1 || now.length !== 1) return false;
  const schema = asSchema(left.schema);
  return schema !== undefined && Object.keys(schema).length > 0 && same(left, right);
}
