/** An order's business key and fingerprint: what makes two messages the same order, and the same content. */
import { createHash } from 'node:crypto';
import type { Problem } from '../errors';
import type { CanonicalOrder } from './order';

/**
 * The business key `<channel>:<account>:<externalId>`. A `:` or `%` inside channel or account is written as `%3A`,
 * `%25`, so that two different orders never share a key.
 */
export function orderId(channel: string, account: string, externalId: string): string {
  return `${keyPart(channel)}:${keyPart(account)}:${externalId}`;
}

/** One part of a business key, with its separator escaped. */
export function keyPart(part: string): string {
  return part.replaceAll('%', '%25').replaceAll(':', '%3A');
}

/**
 * JSON with sorted keys and no white space: equal values give equal text (the idea of RFC 8785; our amounts are text,
 * so that its number rules do not matter). Absent and undefined members are the same.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const record = value as Record<string, unknown>;
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key])}`);
  return `{${members.join(',')}}`;
}

/**
 * sha256 (hex) of what an order says, whenever and by whichever mapping version it arrived: without
 * `provenance.receivedAt`, `provenance.mappingVersion` and `extensions`, and without the sender's revision marks
 * (`externalRevision`, `provenance.externalVersion`): a shop touches `updated_at` for reasons that change nothing here.
 */
export function fingerprint(order: CanonicalOrder): string {
  const { extensions: _extensions, externalRevision: _revision, provenance, ...content } = order;
  const {
    receivedAt: _receivedAt,
    mappingVersion: _mappingVersion,
    externalVersion: _version,
    ...origin
  } = provenance;
  return createHash('sha256')
    .update(canonicalJson({ ...content, provenance: origin }))
    .digest('hex');
}

/**
 * Checks what a JSON Schema cannot say: the id is the business key, and line ids are unique.
 * The order must be valid by its contract.
 */
export function checkIdentity(order: CanonicalOrder): Problem[] {
  const problems: Problem[] = [];
  const expected = orderId(order.channel, order.account, order.externalId);
  if (order.id !== expected) problems.push({ path: '/id', message: `the order's id must be ${expected}` });
  const seen = new Map<string, number>();
  order.lines.forEach((line, index) => {
    const first = seen.get(line.lineId);
    if (first === undefined) seen.set(line.lineId, index);
    else {
      problems.push({
        path: `/lines/${index}/lineId`,
        message: `lines ${first + 1} and ${index + 1} have the same line id; it must be unique in the order`,
      });
    }
  });
  return problems;
}
