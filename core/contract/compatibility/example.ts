/** A whole message that one side may send and the other refuses, made from a finding; ajv says whether it is one. */
import { keyword, listBelow, type Place } from './document';
import { entryOf, expand, fieldOf } from './facts';
import type { RawFinding, Step } from './finding';
import { instanceOf } from './instance';
import { keeps } from './validate';

/** The message; undefined when none could be shown. */
export function exampleOf(sent: Place, wanted: Place, finding: RawFinding): unknown {
  const { change } = finding;
  if (change === undefined) return undefined;
  for (const base of bases(sent)) {
    const message = structuredClone(base);
    const changed = { value: message };
    if (!apply(changed, finding.path, change, [sent])) continue;
    if (keeps(sent, changed.value) === true && keeps(wanted, changed.value) === false) return changed.value;
  }
  return undefined;
}

/** Messages to start from: the contract's own examples, the smallest one, the fullest one, one of each alternative. */
function* bases(sent: Place): Generator<unknown> {
  const examples = keyword(sent, 'examples');
  if (Array.isArray(examples)) {
    for (const value of (examples as unknown[]).slice(0, 3)) if (keeps(sent, value) === true) yield value;
  }
  yield instanceOf([sent]);
  for (const branch of expand([sent]).slice(0, 12)) yield instanceOf(branch);
  for (const part of [...listBelow(sent, 'anyOf'), ...listBelow(sent, 'oneOf')].slice(0, 8))
    yield instanceOf([sent, part]);
  yield instanceOf([sent], { all: true });
}

type Holder = { value: unknown };

/** Walks to the place, making what is missing on the way, and changes it. */
function apply(
  holder: Holder,
  path: readonly Step[],
  change: NonNullable<RawFinding['change']>,
  schemas: readonly Place[],
): boolean {
  const last = path.at(-1);
  const steps = 'remove' in change ? path.slice(0, -1) : path;
  let at = holder;
  let places = schemas;
  for (const step of steps) {
    const next = enter(at, step, places);
    if (next === undefined) return false;
    [at, places] = next;
  }
  if ('remove' in change) {
    if (last === undefined || typeof at.value !== 'object' || at.value === null) return false;
    delete (at.value as Record<string, unknown>)[change.remove];
    return true;
  }
  if (change.set === undefined) return false;
  at.value = change.set;
  return true;
}

function enter(at: Holder, step: Step, places: readonly Place[]): [Holder, readonly Place[]] | undefined {
  const [next = []] = expand(places);
  const inner = 'field' in step ? fieldOf(next, step.field) : entryOf(next, step.entry);
  if ('field' in step) {
    if (typeof at.value !== 'object' || at.value === null || Array.isArray(at.value)) at.value = {};
    const object = at.value as Record<string, unknown>;
    if (object[step.field] === undefined) object[step.field] = instanceOf(inner) ?? null;
    return [member(object, step.field), inner];
  }
  if (!Array.isArray(at.value)) at.value = [];
  const list = at.value as unknown[];
  for (let index = list.length; index <= step.entry; index += 1) list.push(instanceOf(entryOf(next, index)));
  return [member(list as unknown as Record<string, unknown>, String(step.entry)), inner];
}

function member(object: Record<string, unknown>, name: string): Holder {
  return {
    get value() {
      return object[name];
    },
    set value(value: unknown) {
      Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
    },
  };
}
