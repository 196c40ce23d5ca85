/**
 * Functions made for one path or one object of a spec. A function that many paths share reads and writes members in the
 * slowest of all ways; one of its own knows the shapes of its objects. Of the spec only names go in, as JSON strings.
 */

/** Names that an object or list has without having been given them: those are looked up with care. */
const INHERITED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Array.prototype),
]);

/** Reads a member of a member ...; only own members, undefined for what is not there. */
export function generateReader(keys: readonly string[]): (value: unknown) => unknown {
  const steps = keys.map((key) => {
    const name = JSON.stringify(key);
    const own = INHERITED.has(key) ? ` || !Object.hasOwn(v, ${name})` : '';
    return `if (typeof v !== 'object' || v === null${own}) return undefined; v = v[${name}];`;
  });
  return new Function('v', `${steps.join('\n')} return v;`) as (value: unknown) => unknown;
}

export interface Generated<Frame> {
  readonly key: string;
  /** What the member is; undefined for nothing. */
  readonly make: (frame: Frame) => unknown;
  /** It is a list, which is there also when it is empty, but then does not count. */
  readonly list: boolean;
}

/** Fills an object's members, and says whether there was something to fill in. */
export function generateFiller<Frame>(
  members: readonly Generated<Frame>[],
): (result: Record<string, unknown>, frame: Frame) => boolean {
  const lines = members.map(({ key, list }, index) => {
    const name = JSON.stringify(key);
    return list
      ? `v = m${index}(frame); result[${name}] = v; if (v.length > 0) filled = true;`
      : `v = m${index}(frame); if (v !== undefined) { result[${name}] = v; filled = true; }`;
  });
  const names = members.map((_, index) => `m${index}`);
  const body = `return (result, frame) => { let v; let filled = false;\n${lines.join('\n')}\nreturn filled; };`;
  const make = new Function(...names, body) as (
    ...makes: readonly ((frame: Frame) => unknown)[]
  ) => (result: Record<string, unknown>, frame: Frame) => boolean;
  return make(...members.map((member) => member.make));
}
