/** Formats as our validator asserts them, and texts that keep them. */

import type { ValidateFunction } from 'ajv';
import Ajv from 'ajv';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { currencyExponent } from '../../canonical/decimal';
import type { JsonSchema } from '../schema-tree';

/** Texts to try where a format is asked for; the first that keeps everything else is taken. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2026-11-23T10:00:00Z', '2026-11-23T10:00:00+01:00', '2026-11-23T10:00:00.123Z'],
  date: ['2026-11-23'],
  time: ['10:00:00Z'],
  duration: ['P1D', 'PT1H'],
  email: ['jane@example.com'],
  hostname: ['example.com'],
  ipv4: ['192.0.2.1'],
  ipv6: ['2001:db8::1'],
  uri: ['https://example.com/a', 'urn:example:a'],
  'uri-reference': ['/a', 'https://example.com/a'],
  uuid: ['6f9619ff-8b86-4d01-b42d-00cf4fc964ff'],
  regex: ['^a$'],
  'json-pointer': ['/a', ''],
  'iso-4217': ['EUR', 'USD', 'JPY'],
};

/** Texts of no special kind: whoever wants a format refuses most of them. */
export const PLAIN_TEXTS: readonly string[] = [
  'text',
  'A-1',
  '1',
  '',
  'x',
  '2026-11-23',
  '12.30',
  'not a format',
];

/** Texts of a format, among them one of just `length` characters where the format can be drawn out. */
export function samplesOf(format: string, length = 0): readonly string[] {
  const samples = SAMPLES[format] ?? [];
  const [before, after] = DRAWN_OUT[format] ?? [];
  const missing = length - (before?.length ?? 0) - (after?.length ?? 0);
  if (before === undefined || after === undefined || missing < 1 || missing > MAX_DRAWN_OUT) return samples;
  return [...samples, before + '1'.repeat(missing) + after];
}

/** Where a text of a format can be as long as one likes. */
const DRAWN_OUT: Readonly<Record<string, readonly [string, string]>> = {
  'date-time': ['2026-11-23T10:00:00.', 'Z'],
  email: ['jane', '@example.com'],
  uri: ['https://example.com/', ''],
  'uri-reference': ['/', ''],
  'json-pointer': ['/', ''],
};
const MAX_DRAWN_OUT = 10_000;

function withFormats<T extends Ajv>(ajv: T): T {
  addFormats(ajv);
  ajv.addFormat('iso-4217', (code: string) => currencyExponent(code) !== undefined);
  return ajv;
}

const OPTIONS = { strict: false, logger: false, allowUnionTypes: true } as const;
let shared: Ajv2020 | undefined;
let older: Ajv | undefined;

function newest(): Ajv2020 {
  shared ??= withFormats(new Ajv2020(OPTIONS));
  return shared;
}

/** The validator of a schema's own draft. */
function ajvOf(schema: JsonSchema): Ajv {
  if (!/draft-0[67]/.test(String(schema.$schema ?? ''))) return newest();
  older ??= withFormats(new Ajv(OPTIONS));
  return older;
}

const checks = new Map<string, ValidateFunction>();

/** Whether a text keeps a format; a format nobody knows is no rule. */
export function keepsFormat(format: string, text: string): boolean {
  let check = checks.get(format);
  if (check === undefined) {
    check = newest().compile({ type: 'string', format });
    checks.set(format, check);
  }
  return check(text);
}

/** Whether the format is a rule for us at all. */
export function isKnownFormat(format: string): boolean {
  return newest().formats[format] !== undefined;
}

const whole = new WeakMap<object, ValidateFunction>();

/** Compiles a whole schema; undefined when it is no usable one. */
export function compile(schema: JsonSchema | boolean): ValidateFunction | undefined {
  if (typeof schema === 'boolean') return newest().compile(schema);
  const known = whole.get(schema);
  if (known !== undefined) return known;
  const ajv = ajvOf(schema);
  try {
    const check = ajv.compile(schema);
    whole.set(schema, check);
    return check;
  } catch {
    return undefined;
  } finally {
    // Several versions may have the same $id; ajv must forget each before the next comes.
    ajv.removeSchema(schema);
  }
}
