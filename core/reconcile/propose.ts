/** What would mend a difference. Nothing here is done: a person approves it, in whole or in part. */
import { readDecimal, toPlain } from '../canonical/decimal';
import { codeOf, inUnit } from './engine/compare';
import type { FieldJob, Finding, Job, Side } from './engine/job';
import { SIDES } from './engine/job';
import { pathNames, valueAt } from './engine/paths';
import type { Judged } from './explain';
import type { About, Proposal } from './types';

/** Who is right: the first source, or the ones that are held against it. */
export const LEADS = ['first', 'others'] as const;
export type Lead = (typeof LEADS)[number];

export interface ProposalRules {
  readonly about: About;
  readonly lead: Lead;
  /** Code of the location that stock is at where the row says none. */
  readonly site: string;
  readonly runId: string;
  /** Names of the sources, and the fields. */
  readonly job: Pick<Job, 'sides' | 'fields'>;
  /** RFC 3339 UTC. */
  readonly at: string;
}

/** Kinds that a message cannot mend: somebody has to look at the source. */
const BY_HAND = new Set(['duplicate', 'invalid', 'pending']);

export function propose(rules: ProposalRules, finding: Finding, difference: Judged): Proposal | null {
  if (BY_HAND.has(difference.kind)) return null;
  const side = rules.lead === 'first' ? difference.side : 'first';
  const letter = difference.evidence.find((each) => each.type === 'flight' && each.place === 'deadLetter');
  if (difference.cause === 'DEAD_LETTER' && letter?.type === 'flight') {
    return { type: 'letter', side, message: null, letter: letter.id };
  }
  if (rules.about === 'inventory') return adjustment(rules, finding, difference, side);
  const leader = rules.lead === 'first' ? 0 : SIDES.indexOf(difference.side);
  const seen = finding.seen[leader];
  if (rules.about === 'custom') {
    const { key, kind, insteadOf, field, expected, found, delta } = difference;
    const record = seen?.record ?? null;
    const message = {
      key,
      kind: insteadOf ?? kind,
      field,
      expected,
      found,
      delta,
      source: labelOf(rules, side),
      record,
    };
    return { type: 'correction', side, message };
  }
  // What only the other side has would have to be taken back there: nothing that a message of ours may do by itself.
  if (seen === null || seen === undefined) return { type: 'review', side, message: null };
  return seen.record === null
    ? { type: 'review', side, message: null }
    : { type: 'redrive', side, message: seen.record };
}

function labelOf({ job }: ProposalRules, side: Side): string {
  return job.sides[SIDES.indexOf(side)]?.label ?? side;
}

/** The canonical inventory adjustment that gives the side the leader's quantity. */
function adjustment(rules: ProposalRules, finding: Finding, difference: Judged, side: Side): Proposal | null {
  const fields = rules.job.fields;
  const measured = fields.findIndex(({ type }) => type === 'quantity' || type === 'decimal');
  const field = fields[measured];
  if (field === undefined || (difference.field !== '' && difference.field !== field.label)) return null;
  const other = SIDES.indexOf(difference.side);
  const [leader, follower] = rules.lead === 'first' ? [0, other] : [other, 0];
  const value = (index: number): string | undefined => numberOf(finding.values[index]?.[measured]);
  // A source that does not know the item says that there is none of it.
  const quantity = finding.seen[leader] === null ? '0' : value(leader);
  if (quantity === undefined) return null;
  const [record, theirRecord] = [finding.seen[leader]?.record, finding.seen[follower]?.record];
  const theirs = unitOf(theirRecord, field, follower);
  const unit = finding.seen[leader] === null ? theirs : unitOf(record, field, leader);
  const previous = finding.seen[follower] === null ? '0' : inTheUnit(value(follower), theirs, unit);
  // Nothing of it on either side: there is nothing to book.
  if (previous === quantity) return null;
  const location =
    text(first(record ?? theirRecord, ['location.code', 'location', 'site', 'warehouse'])) ?? rules.site;
  const [sku = ''] = finding.key.split(' / ');
  return {
    type: 'inventory-adjustment',
    side,
    message: {
      schemaVersion: '1.0',
      adjustmentId: `${rules.runId}:${SIDES.indexOf(side)}:${sku}`.slice(0, 120),
      item: { identifiers: [{ scheme: 'sku', value: sku }] },
      location: { code: location.slice(0, 100) },
      unit,
      mode: 'absolute',
      quantity,
      ...(previous === undefined ? {} : { previous, resulting: quantity }),
      reason: 'correction',
      reasonText:
        `Reconciliation: ${labelOf(rules, SIDES[leader] as Side)} against ${labelOf(rules, side)}`.slice(
          0,
          500,
        ),
      documentRef: rules.runId,
      occurredAt: rules.at,
      authority: labelOf(rules, SIDES[leader] as Side).slice(0, 100),
      provenance: {
        system: 'crossdock',
        partnerId: 'reconciler',
        externalId: rules.runId,
        receivedAt: rules.at,
        mappingVersion: 'reconciler@1.0.0',
      },
    },
  };
}

function numberOf(value: string | null | undefined): string | undefined {
  const read = readDecimal((value ?? '').trim());
  return read === undefined ? undefined : toPlain(read);
}

/** The code of the unit that a source counts in: where the comparison has it from, else what rows usually call it. */
function unitOf(record: unknown, field: FieldJob, index: number): string {
  const own = text(first(record, [...(field.unitPaths[index] ?? '').split('|'), 'unit', 'uom']));
  return codeOf(own ?? field.unit) ?? codeOf(field.unit) ?? 'C62';
}

function inTheUnit(value: string | undefined, from: string, to: string): string | undefined {
  const read = value === undefined ? undefined : readDecimal(value);
  const converted = read === undefined ? undefined : inUnit(read, from, to);
  return converted === undefined || typeof converted === 'string' ? undefined : toPlain(converted);
}

function first(record: unknown, paths: readonly string[]): unknown {
  for (const path of paths) {
    const value = valueAt(record, pathNames(path));
    if (typeof value === 'string' || typeof value === 'number') return value;
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  const plain = value === undefined ? '' : String(value).trim();
  return plain === '' ? undefined : plain;
}
