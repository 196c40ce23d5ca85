/** A value that keeps some schemas, as plain as possible: what examples are made of. Best effort; whoever uses it checks it. */
import { keyword, type Place } from './document';
import {
  allTexts,
  entryOf,
  expand,
  fieldOf,
  listedValues,
  lowerBound,
  most,
  namesOf,
  numbersOf,
  otherFields,
  requiredOf,
  type Typed,
  typesOf,
  upperBound,
} from './facts';
import { findText } from './regex/search';
import { keeps } from './validate';
import { type JsonType, typeOf } from './values';

export interface InstanceWish {
  /** Of this type, where the schemas allow several. */
  readonly type?: JsonType;
  /** A number that is not whole. */
  readonly fraction?: boolean;
  /** Another value for another number, where there is a choice. */
  readonly variant?: number;
  /** With every field that the schemas name, instead of those that must be there. */
  readonly all?: boolean;
}

const MAX_DEPTH = 12;
const TEXTS: Readonly<Record<string, string>> = {
  'date-time': '2026-11-27T08:00:00Z',
  date: '2026-11-27',
  time: '08:00:00Z',
  duration: 'P1D',
  email: 'someone@example.com',
  'idn-email': 'someone@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  'uri-reference': '/a',
  uuid: '3fa85f64-5717-4562-b3fc-2c963f66afa6',
  regex: 'a',
  'json-pointer': '/a',
  'iso-4217': 'EUR',
};
/** Most wanted first, where a schema allows several types. */
const PREFERRED: readonly JsonType[] = ['object', 'array', 'string', 'number', 'boolean', 'null'];

/** A value; undefined when none could be made. */
export function instanceOf(schemas: readonly Place[], wish: InstanceWish = {}, depth = 0): unknown {
  if (depth > MAX_DEPTH) return undefined;
  let fallback: unknown;
  for (const branch of expand(schemas)) {
    const cases = [...typesOf(branch)]
      .filter(({ type }) => wish.type === undefined || type === wish.type)
      .sort((a, b) => rank(a, schemas) - rank(b, schemas));
    for (const typed of cases) {
      const value = made(typed, wish, depth);
      if (value === undefined) continue;
      fallback ??= value;
      if (schemas.every((place) => keeps(place, value) !== false)) return value;
    }
  }
  return fallback;
}

/** A schema that says nothing about its type gets a text. */
function rank({ type, branch }: Typed, schemas: readonly Place[]): number {
  const named = [...branch, ...schemas].some(
    (place) => keyword(place, 'type') !== undefined || keyword(place, 'properties') !== undefined,
  );
  return named ? PREFERRED.indexOf(type) : type === 'string' ? -1 : PREFERRED.indexOf(type);
}

function made(typed: Typed, wish: InstanceWish, depth: number): unknown {
  const { type, branch } = typed;
  const listed = listedValues(branch)?.filter((value) => typeOf(value) === type);
  if (listed !== undefined) {
    const kept = listed.filter((value) => branch.every((place) => keeps(place, value) !== false));
    return kept[(wish.variant ?? 0) % Math.max(1, kept.length)];
  }
  const example = exampleIn(typed);
  if (example !== undefined && wish.variant === undefined && wish.fraction !== true && wish.all !== true)
    return example;
  switch (type) {
    case 'null':
      return null;
    case 'boolean':
      return (wish.variant ?? 0) % 2 === 1;
    case 'string':
      return textIn(typed, wish);
    case 'number':
      return numberIn(typed, wish);
    case 'array':
      return listIn(typed, depth);
    default:
      return objectIn(typed, wish, depth);
  }
}

/** What the contract itself gives as an example reads best; only if it keeps everything. */
function exampleIn({ type, branch }: Typed): unknown {
  if (type === 'object' || type === 'array') return undefined;
  for (const place of branch) {
    const examples = keyword(place, 'examples');
    if (!Array.isArray(examples)) continue;
    const good = (examples as unknown[]).find(
      (value) => typeOf(value) === type && branch.every((other) => keeps(other, value) !== false),
    );
    if (good !== undefined) return good;
  }
  return undefined;
}

function textIn({ branch }: Typed, { variant = 0 }: InstanceWish): string | undefined {
  const minLength = most(branch, 'minLength', 'max') ?? 0;
  const maxLength = most(branch, 'maxLength', 'min') ?? Number.POSITIVE_INFINITY;
  for (const format of allTexts(branch, 'format')) {
    const text = TEXTS[format];
    if (text !== undefined && branch.every((place) => keeps(place, text) !== false)) return text;
  }
  const matches = allTexts(branch, 'pattern');
  if (matches.length === 0) {
    const text = `text${variant === 0 ? '' : variant}`;
    if (text.length >= minLength && text.length <= maxLength) return text;
  }
  const found = findText({ matches, avoids: [], minLength, maxLength });
  return typeof found === 'object' ? found.text : undefined;
}

function numberIn({ branch, whole }: Typed, { fraction, variant = 0 }: InstanceWish): number {
  const lower = lowerBound(branch);
  const upper = upperBound(branch);
  const step = numbersOf(branch, 'multipleOf')[0] ?? (whole ? 1 : 0);
  const start = lower?.value ?? Math.min(1, upper?.value ?? 1);
  const candidates = fraction === true ? [0.5, 0.25, 0.1, 1.5] : [0, 1, 2, 0.5, 0.01, -1, -0.5];
  const all = candidates.map((more) => {
    const value = start + more + (fraction === true ? 0 : variant);
    return step === 0 ? value : Math.ceil(value / step) * step;
  });
  const fits = (value: number): boolean =>
    branch.every((place) => keeps(place, value) !== false) && (fraction !== true || !Number.isInteger(value));
  return all.find(fits) ?? all[0] ?? start;
}

function listIn({ branch }: Typed, depth: number): unknown[] {
  const length = Math.min(most(branch, 'minItems', 'max') ?? 0, 100);
  return Array.from({ length }, (_, index) =>
    instanceOf(entryOf(branch, index), { variant: index }, depth + 1),
  );
}

function objectIn({ branch }: Typed, wish: InstanceWish, depth: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  const names = requiredOf(branch);
  if (wish.all === true) for (const name of namesOf(branch)) names.add(name);
  for (const name of names) {
    const member = instanceOf(fieldOf(branch, name), {}, depth + 1);
    if (member !== undefined) value[name] = member;
  }
  const least = most(branch, 'minProperties', 'max') ?? 0;
  for (const name of namesOf(branch)) {
    if (Object.keys(value).length >= least) break;
    if (!names.has(name)) value[name] = instanceOf(fieldOf(branch, name), {}, depth + 1);
  }
  for (let extra = 1; Object.keys(value).length < least && extra <= least; extra += 1) {
    const member = instanceOf(otherFields(branch), {}, depth + 1);
    if (member !== undefined) value[`field${extra}`] = member;
  }
  return value;
}
