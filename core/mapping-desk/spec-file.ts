/** A spec as a file that diffs well: keys in a fixed order, one rule per line. */
import { createHash } from 'node:crypto';
import type { MappingSpec } from '../mapping';

const HEAD = ['spec', 'name', 'version', 'title', 'description', 'from', 'to', 'unwrap', 'tables'];
const RULE = [
  'target',
  'each',
  'groupBy',
  'from',
  'const',
  'context',
  'result',
  'jsonata',
  'where',
  'transforms',
  'default',
  'required',
  'note',
];

/** The file's text; the same spec gives the same text, whatever the order of its keys. */
export function specText(spec: MappingSpec): string {
  const { rules, ...head } = spec as MappingSpec & Record<string, unknown>;
  const lines = ordered(head, HEAD).map(([name, value]) =>
    name === 'tables' ? `  "tables": ${tablesText(value)}` : `  ${JSON.stringify(name)}: ${inline(value)}`,
  );
  const rows = rules.map((rule) => `    {${ordered(rule, RULE).map(member).join(', ')}}`);
  const list = rows.length === 0 ? '[]' : `[\n${rows.join(',\n')}\n  ]`;
  return `{\n${[...lines, `  "rules": ${list}`].join(',\n')}\n}\n`;
}

/** The first 8 hex digits of what the spec says. */
export function specHash(spec: MappingSpec): string {
  return createHash('sha256').update(specText(spec)).digest('hex').slice(0, 8);
}

/** Members in the given order, all others behind them by name. */
function ordered(value: object, names: readonly string[]): [string, unknown][] {
  const rank = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** A table per line. */
function tablesText(tables: unknown): string {
  const lines = Object.entries(tables as object).map(
    ([name, table]) => `    ${JSON.stringify(name)}: ${inline(table)}`,
  );
  return lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
}

/** JSON on one line, with spaces as people write it. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .map(member)
    .join(', ')}}`;
}

function member([name, value]: [string, unknown]): string {
  return `${JSON.stringify(name)}: ${inline(value)}`;
}
