/** An order's business key and fingerprint: what makes two messages the same order, and the same content. */
import { createHash } from 'node:crypto';
import type { CanonicalProblem } from './checks/problem';
import { checkParents, checkUnique } from './checks/structure';
import type { CanonicalOrder, OrderLine } from './order';

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

/** The id is the business key; lines, holds and adjustments have ids of their own; parents are lines of the order. */
export function checkIdentity(order: CanonicalOrder): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const expected = orderId(order.channel, order.account, order.externalId);
  if (order.id !== expected)
    problems.push({ path: '/id', kind: 'identity', message: `the order's id must be ${expected}` });
  const line = { row: 'line', id: 'line id', within: 'order' };
  problems.push(...checkUnique(order.lines, '/lines', 'lineId', ({ lineId }) => lineId, line));

  const index = new Map(order.lines.map(({ lineId }, at) => [lineId, at]));
  const parent = (row: OrderLine) =>
    row.parentLineId === undefined ? undefined : (index.get(row.parentLineId) ?? -1);
  problems.push(...checkParents(order.lines, '/lines', () => 'parentLineId', parent, line));
  problems.push(
    ...checkUnique(
      order.adjustments ?? [],
      '/adjustments',
      'adjustmentId',
      ({ adjustmentId }) => adjustmentId,
      { row: 'adjustment', id: 'id', within: 'order' },
    ),
  );
  for (const list of ['events', 'adjustments'] as const) {
    order[list]?.forEach((row, at) => {
      row.lines?.forEach((share, place) => {
        if (index.has(share.lineId)) return;
        problems.push({
          path: `/${list}/${at}/lines/${place}/lineId`,
          kind: 'identity',
          message: `${list === 'events' ? 'event' : 'adjustment'} ${at + 1} is about a line that the order does not have`,
        });
      });
    });
  }
  return problems;
}
