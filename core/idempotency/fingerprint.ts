/** What makes two messages with one key the same message, or a conflict. */
import { createHash } from 'node:crypto';
import type { CanonicalOrder } from '../canonical';
import { CrossdockError } from '../errors';

/** Levels of nesting beyond which a payload is taken for one that refers to itself. */
const MAX_DEPTH = 200;

/** Members to leave out, by name; `*` stands for all members or elements of a level. */
type Omitted = Map<string, Omitted | 'all'>;
export type Fingerprint = (payload: unknown) => string;

/** When and by which mapping an order arrived, and the sender's revision marks: none of it changes the order. */
const OF_ORDERS = [
  'extensions',
  'externalRevision',
  'provenance.receivedAt',
  'provenance.mappingVersion',
  'provenance.externalVersion',
];

/**
 * Makes the fingerprint, sha256 (hex), of what a message says. A canonical order's leaves out when and by which
 * mapping it arrived, so that a late copy is the same order; of anything else every member counts.
 * @param ignored further members that may differ, as paths below the payload: `updated_at`, `lines.*.note`
 * @throws CrossdockError IDEMPOTENCY_PAYLOAD_UNREADABLE (permanent) for a payload that refers to itself
 */
export function fingerprintWithout(ignored: readonly string[]): Fingerprint {
  const ofOrders = omittedOf([...OF_ORDERS, ...ignored]);
  const ofOthers = omittedOf(ignored);
  return (payload) => {
    const omitted = isCanonicalOrder(payload) ? ofOrders : ofOthers;
    return createHash('sha256')
      .update(canonicalText(payload, omitted === undefined ? [] : [omitted], 0))
      .digest('hex');
  };
}

/** The fingerprint in which everything counts that can. */
export const contentFingerprint: Fingerprint = fingerprintWithout([]);

function omittedOf(paths: readonly string[]): Omitted | undefined {
  const root: Omitted = new Map();
  for (const path of paths) {
    const names = path.split('.');
    let level = root;
    for (const [at, name] of names.entries()) {
      const below = level.get(name);
      if (below === 'all') break;
      if (at === names.length - 1) level.set(name, 'all');
      else if (below === undefined) {
        const made: Omitted = new Map();
        level.set(name, made);
        level = made;
      } else level = below;
    }
  }
  return root.size === 0 ? undefined : root;
}

/** What is left out below the member `name`: several paths may lead there. Undefined: the member itself is out. */
function below(omitted: readonly Omitted[], name: string): readonly Omitted[] | undefined {
  if (omitted.length === 0) return omitted;
  const found: Omitted[] = [];
  for (const level of omitted) {
    for (const next of [level.get(name), level.get('*')]) {
      if (next === 'all') return undefined;
      if (next !== undefined) found.push(next);
    }
  }
  return found;
}

/** JSON with sorted keys and without white space, as `canonicalJson`; dates as text, bytes by their hash. */
function canonicalText(value: unknown, omitted: readonly Omitted[], depth: number): string {
  if (typeof value === 'bigint') return `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (depth > MAX_DEPTH) {
    throw new CrossdockError(
      'The payload cannot be compared: it refers to itself, or is nested too deeply.',
      {
        code: 'IDEMPOTENCY_PAYLOAD_UNREADABLE',
        kind: 'permanent',
      },
    );
  }
  if (value instanceof Uint8Array) return `"bytes:${createHash('sha256').update(value).digest('hex')}"`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return canonicalText(toJSON.call(value, ''), omitted, depth + 1);
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const inside = below(omitted, String(index));
      if (inside !== undefined) parts.push(canonicalText(element, inside, depth + 1));
    }
    return `[${parts.join(',')}]`;
  }
  const record = value as Record<string, unknown>;
  for (const name of Object.keys(record).sort()) {
    if (record[name] === undefined) continue;
    const inside = below(omitted, name);
    if (inside === undefined) continue;
    parts.push(`${JSON.stringify(name)}:${canonicalText(record[name], inside, depth + 1)}`);
  }
  return `{${parts.join(',')}}`;
}

function isCanonicalOrder(payload: unknown): payload is CanonicalOrder {
  if (typeof payload !== 'object' || payload === null) return false;
  const { schemaVersion, provenance, lines } = payload as Partial<CanonicalOrder>;
  return (
    schemaVersion === '1.0' && typeof provenance === 'object' && provenance !== null && Array.isArray(lines)
  );
}
