/**
 * Whether a changed contract still works for those who have the old one: what breaks, where, for whom, with an example,
 * and how to mend it.
 *
 * The rule is containment: backward compatible means that every message that keeps an old version keeps the new one;
 * forward the reverse; full both. It errs on the side of caution: "compatible" is said only when it was proved.
 */
import { CrossdockError } from '../../errors';
import type { JsonSchema } from '../schema-tree';
import { type Annotated, annotationsOf } from './annotations';
import { describe } from './describe';
import { type Place, SchemaDocument } from './document';
import { prolongEffort, startEffort } from './effort';
import { type Code, placeOf, type RawFinding } from './finding';
import { compile } from './formats';
import { Prover } from './prove';
import { WitnessSearch } from './witness';
import { type Direction, mendOf, messageOf, whomOf } from './words';

export const MODES = ['backward', 'forward', 'full'] as const;
export type Mode = (typeof MODES)[number];

export interface Version {
  readonly version: string;
  readonly schema: JsonSchema;
  /** Partners and nodes that still work with it, as people call them. */
  readonly users?: readonly string[];
}

export interface Finding {
  readonly code: Code | 'CLASS_LOWERED' | 'FIELD_ADDED' | 'FIELD_REMOVED';
  readonly severity: 'breaking' | 'risky' | 'harmless';
  /** `lines[].quantity`; empty for the whole message. */
  readonly place: string;
  /** JSON pointer into the schema of the stricter side. */
  readonly pointer: string;
  readonly message: string;
  /** The older version that it was compared with. */
  readonly against: string;
  readonly direction?: Direction;
  readonly whom?: string;
  readonly mend?: string;
  /** A message that is fine on one side and refused on the other, as JSON. */
  readonly example?: string;
}

export interface Verdict {
  readonly compatible: boolean;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  readonly mode?: Mode;
}

const ORDER = { breaking: 0, risky: 1, harmless: 2 } as const;
/** Most places that are told; nobody reads more. */
const MAX_FAILURES = 200;
/** Longest example, in characters of JSON. */
const MAX_EXAMPLE = 4000;
const MAX_SCHEMA = 4 * 1024 * 1024;

/**
 * Compares a new version with older ones (only the last of them, unless more are given: transitive).
 * @throws CrossdockError CONTRACT_INVALID when a schema is too large
 */
export function checkCompatibility(
  older: readonly Version[],
  newer: Version,
  { mode = 'backward' }: CheckOptions = {},
): Verdict {
  const findings: Finding[] = [];
  for (const old of older) {
    const before = rootOf(old);
    const after = rootOf(newer);
    const annotated = annotationsOf(before, after);
    if (mode !== 'forward') findings.push(...compared('backward', before, after, old, annotated));
    if (mode !== 'backward') findings.push(...compared('forward', after, before, old, annotated));
    findings.push(...harmless(annotated, old.version));
  }
  findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { compatible: !findings.some(({ severity }) => severity === 'breaking'), findings };
}

function rootOf({ version, schema }: Version): Place {
  if (JSON.stringify(schema).length > MAX_SCHEMA) {
    throw new CrossdockError(`The schema of ${version} is too large to compare (4 MB).`, {
      code: 'CONTRACT_INVALID',
      kind: 'permanent',
    });
  }
  return new SchemaDocument(schema).root;
}

function compared(
  direction: Direction,
  sent: Place,
  wanted: Place,
  old: Version,
  annotated: Annotated,
): Finding[] {
  return breaksOf(sent, wanted).map((raw) => {
    const example = raw.example === undefined ? undefined : JSON.stringify(raw.example.message);
    return {
      code: raw.code,
      severity: 'breaking',
      place: placeOf(raw.path),
      pointer: raw.pointer,
      message: messageOf(raw, direction),
      against: old.version,
      direction,
      whom: whomOf(direction, old.version, old.users ?? []),
      mend: renaming(raw, annotated, direction) ?? mendOf(raw, direction),
      ...(example === undefined || example.length > MAX_EXAMPLE ? {} : { example }),
    };
  });
}

/** Where the receiver's schema may refuse what the sender's allows; each place and code once, with an example if any. */
function breaksOf(sent: Place, wanted: Place): RawFinding[] {
  startEffort();
  const failures = new Prover().prove([sent], wanted, undefined);
  if (failures.length === 0) return [];
  prolongEffort();
  const search = new WitnessSearch(compile(sent.schema), compile(wanted.schema));
  const found = new Map<string, RawFinding>();
  for (const failure of failures.slice(0, MAX_FAILURES)) {
    const raw = describe(failure, search.find(failure));
    // Of a field that may hold anything, one finding says it all.
    const key = `${placeOf(raw.path)} ${raw.code === 'UNNAMED_FIELD' ? '' : JSON.stringify([raw.code, raw.facts])}`;
    if (found.get(key)?.example === undefined) found.set(key, raw);
  }
  return [...found.values()];
}

/** A field that went while another of the same shape came was probably renamed: then both are kept for a while. */
function renaming(raw: RawFinding, { renamed }: Annotated, direction: Direction): string | undefined {
  const last = raw.path.at(-1);
  if (last === undefined || !('field' in last)) return undefined;
  const parent = placeOf(raw.path.slice(0, -1));
  const found = renamed.find(
    ({ from, to, path }) => placeOf(path) === parent && (from === last.field || to === last.field),
  );
  if (found === undefined) return undefined;
  const { from, to } = found;
  return direction === 'backward'
    ? `It looks as if "${from}" was renamed to "${to}": take both until everybody sends "${to}".`
    : `It looks as if "${from}" was renamed to "${to}": send both until everybody reads "${to}".`;
}

function harmless({ lowered, added, removed }: Annotated, against: string): Finding[] {
  const finding = (
    code: Finding['code'],
    severity: Finding['severity'],
    place: string,
    message: string,
    mend?: string,
  ): Finding => ({
    code,
    severity,
    place,
    pointer: '',
    message,
    against,
    ...(mend === undefined ? {} : { mend }),
  });
  return [
    ...lowered.map(({ path, from, to }) =>
      finding(
        'CLASS_LOWERED',
        'risky',
        placeOf(path),
        `${placeOf(path) || 'the message'}: the data class goes from ${from} to ${to}, so errors and lists may show its values.`,
        'Keep the stricter class unless whoever answers for data protection agrees.',
      ),
    ),
    ...added.map((path) =>
      finding('FIELD_ADDED', 'harmless', placeOf(path), `${placeOf(path)}: this field is new.`),
    ),
    ...removed.map((path) =>
      finding(
        'FIELD_REMOVED',
        'harmless',
        placeOf(path),
        `${placeOf(path)}: this field is not described any more.`,
      ),
    ),
  ];
}
