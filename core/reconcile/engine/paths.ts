/** Where a value is in a record: `a.b.0`, or the JSON pointer `/a/b/0`; `identifiers[scheme=sku].value` picks by a member. */

const PICK = /^([^[\]]+)\[([^=\]]+)=([^\]]*)\]$/;

export function pathNames(path: string): readonly string[] {
  if (path.startsWith('/')) {
    return path
      .slice(1)
      .split('/')
      .map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return path.split('.').flatMap((name) => {
    const pick = PICK.exec(name);
    return pick === null ? [name] : [pick[1] ?? '', `[${pick[2]}=${pick[3]}`];
  });
}

/** The value at a path, own properties only; undefined when there is none. */
export function valueAt(record: unknown, names: readonly string[]): unknown {
  let value = record;
  for (const name of names) {
    if (typeof value !== 'object' || value === null) return undefined;
    if (name.startsWith('[')) {
      const [member = '', wanted = ''] = name.slice(1).split('=');
      value = Array.isArray(value)
        ? (value as unknown[]).find((entry) => String(valueAt(entry, [member])) === wanted)
        : undefined;
      continue;
    }
    if (!Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
