/** A sample's fields with what their values look like. */
import type { SourceField } from './api';
import { looksLike } from './looks';

const MAX_FIELDS = 2000;
const MAX_DEPTH = 24;
/** Entries of one list that are looked at. */
const MAX_ENTRIES = 50;
const MAX_EXAMPLES = 3;
/** Examples that are kept to judge a field by. */
const MAX_JUDGED = 20;
const MAX_EXAMPLE = 60;
const MAX_NAME = 100;
/** Members that tell the entries of a list apart. */
const QUALIFIERS =
  /^(?:key|qualifier|qualf|qual|role|partyrole|partytype|partyqualifier|function|functioncode|type|code|name)$/;

export interface SourceFields {
  readonly fields: readonly SourceField[];
  readonly more: boolean;
}

/** A field while it is gathered. */
interface Gathered {
  readonly path: string;
  readonly types: Set<SourceField['type']>;
  readonly values: Set<string>;
  count: number;
  entries: number;
}

/** The fields of a sample in the order of their first appearance, parents before their members. */
export function sourceFields(sample: unknown): SourceFields {
  const found = new Map<string, Gathered>();
  let more = false;
  const at = (path: string): Gathered | undefined => {
    const known = found.get(path);
    if (known !== undefined) return known;
    if (found.size >= MAX_FIELDS) {
      more = true;
      return undefined;
    }
    const fresh: Gathered = { path, types: new Set(), values: new Set(), count: 0, entries: 0 };
    found.set(path, fresh);
    return fresh;
  };
  const walk = (value: unknown, path: string, depth: number): void => {
    if (depth > MAX_DEPTH) return;
    const field = path === '' ? undefined : at(path);
    if (path !== '' && field === undefined) return;
    if (Array.isArray(value)) {
      field?.types.add('list');
      if (field !== undefined) {
        field.count += 1;
        field.entries += value.length;
      }
      for (const entry of value.slice(0, MAX_ENTRIES)) {
        if (typeof entry === 'object' && entry !== null) walkMembers(entry, `${path}[]`, depth + 1);
        else note(at(`${path}[]`), entry);
      }
      for (const [step, entry] of qualified(value)) walkMembers(entry, `${path}[${step}]`, depth + 1);
      return;
    }
    if (typeof value === 'object' && value !== null) {
      field?.types.add('object');
      if (field !== undefined) field.count += 1;
      walkMembers(value, path, depth);
      return;
    }
    note(field, value);
  };
  const walkMembers = (value: object, path: string, depth: number): void => {
    if (Array.isArray(value)) {
      walk(value, path, depth);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      const step = keyStep(name);
      if (step !== undefined)
        walk(member, path === '' || step.startsWith('[') ? path + step : `${path}.${step}`, depth + 1);
    }
  };
  walk(sample, '', 0);
  return { fields: [...found.values()].map(shown), more };
}

function note(field: Gathered | undefined, value: unknown): void {
  if (field === undefined) return;
  if (value === null || value === undefined || value === '') {
    field.types.add('null');
    return;
  }
  field.count += 1;
  field.types.add(typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text');
  if (field.values.size < MAX_JUDGED) field.values.add(String(value).slice(0, 200));
}

function shown(field: Gathered): SourceField {
  const types = [...field.types].filter((type) => type !== 'null');
  const type =
    types.length === 0 ? 'null' : types.length === 1 && types[0] !== undefined ? types[0] : 'mixed';
  const values = [...field.values];
  const looks = looksLike(values.map((text) => text.trim()));
  const examples =
    type === 'list'
      ? [field.entries === 1 ? '1 entry' : `${field.entries} entries`]
      : values
          .slice(0, MAX_EXAMPLES)
          .map((text) => (text.length > MAX_EXAMPLE ? `${text.slice(0, MAX_EXAMPLE)}…` : text));
  return {
    path: field.path,
    type,
    ...(looks === undefined || type === 'boolean' ? {} : { looks }),
    examples,
    count: field.count,
    leaf: type !== 'object' && type !== 'list',
  };
}

/** A field's name as a step of a path; undefined for one that no path can name. */
function keyStep(name: string): string | undefined {
  if (
    name === '__proto__' ||
    name === 'constructor' ||
    name === 'prototype' ||
    name === '' ||
    name.length > MAX_NAME
  )
    return undefined;
  if (/^[A-Za-z_$][A-Za-z0-9_$-]*$/.test(name) && !name.startsWith('$')) return name;
  return name.includes("'") ? undefined : `['${name}']`;
}

/** Entries that a qualifier tells apart: `qualifier=BY` and its entry. */
function qualified(list: readonly unknown[]): [step: string, entry: object][] {
  if (list.length === 0 || list.length > 30) return [];
  const entries = list.filter(
    (entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null,
  );
  if (entries.length !== list.length) return [];
  for (const name of Object.keys(entries[0] ?? {})) {
    const plain = name.replace(/[^a-z]/gi, '').toLowerCase();
    if (!QUALIFIERS.test(plain) || !/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) continue;
    const members = Object.keys(entries[0] ?? {}).length;
    // A name or code tells entries apart where it stands beside one value; lines have names, too.
    if (/^(?:type|code|name)$/.test(plain) && members > 3) continue;
    const values = entries.map((entry) => entry[name]);
    if (!values.every((value) => typeof value === 'string' && /^[^\]']{1,40}$/.test(value))) continue;
    if (new Set(values).size !== values.length) continue;
    return entries.map((entry) => [`${name}=${String(entry[name])}`, entry]);
  }
  return [];
}
