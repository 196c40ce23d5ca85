/** A dead letter as it is kept, read from its row. */
import type { Origin } from '../delivery';
import type { CrossdockError, ErrorKind, Problem } from '../errors';
import type { Row } from '../store';
import type { LetterState } from './filter';

/** The node at which the message failed. */
export interface DeadLetterSource {
  readonly flowId: string;
  /** The tab's label, for people. */
  readonly flowName?: string;
  readonly nodeId: string;
  readonly nodeType: string;
  readonly nodeName: string;
}

/** What is known when a message is parked. */
export interface Parking {
  readonly error: CrossdockError;
  readonly failedAt: DeadLetterSource;
  /** The message as it arrived; undefined when it came from a node that is no Crossdock source. */
  readonly origin: Origin | undefined;
  /** The message's payload as it failed; kept as JSON. */
  readonly payload: unknown;
  readonly businessKey: string | undefined;
  /** The dead letter node that parks it, and tells a new group. */
  readonly parkedBy?: string;
}

/** A parked message as it is shown. The bodies are read one by one (`body`), they may be large and personal. */
export interface DeadLetter {
  readonly id: string;
  /** Letters with the same cause belong together (see cause.ts). */
  readonly cause: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly problems: readonly Problem[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly businessKey: string | null;
  readonly source: string | null;
  readonly deliveryId: string | null;
  readonly partitionKey: string | null;
  readonly priority: number | null;
  readonly failedAt: DeadLetterSource;
  readonly attempts: number;
  readonly occurrences: number;
  /** Store clock, ms. */
  readonly receivedAt: number | null;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly state: LetterState;
  /** Who handled it, when, and why; null while it is parked. */
  readonly handled: { readonly at: number; readonly by: string; readonly note: string } | null;
  /** Of both bodies. */
  readonly bytes: number;
}

/** A letter's message. */
export interface LetterBody {
  /** As it arrived; undefined when it came from no Crossdock source. */
  readonly original: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** As it failed, as JSON. */
  readonly failedAs: string;
}

export function letterOf(row: Row): DeadLetter {
  const details = JSON.parse(String(row['details'])) as {
    problems: Problem[];
    facts: Record<string, unknown>;
  };
  const text = (column: string): string | null => (row[column] === null ? null : String(row[column]));
  const number = (column: string): number | null => (row[column] === null ? null : Number(row[column]));
  const flowName = text('flow_name');
  const handledAt = number('handled_at');
  return {
    id: String(row['id']),
    cause: String(row['cause']),
    code: String(row['code']),
    kind: String(row['kind']) as ErrorKind,
    reason: String(row['reason']),
    problems: details.problems,
    facts: details.facts,
    businessKey: text('business_key'),
    source: text('source'),
    deliveryId: text('delivery_id'),
    partitionKey: text('partition_key'),
    priority: number('priority'),
    failedAt: {
      flowId: String(row['flow_id']),
      ...(flowName === null || flowName === '' ? {} : { flowName }),
      nodeId: String(row['node_id']),
      nodeType: String(row['node_type']),
      nodeName: String(row['node_name']),
    },
    attempts: Number(row['attempts']),
    occurrences: Number(row['occurrences']),
    receivedAt: number('received_at'),
    firstAt: Number(row['first_at']),
    lastAt: Number(row['last_at']),
    state: String(row['state']) as LetterState,
    handled:
      handledAt === null
        ? null
        : { at: handledAt, by: text('handled_by') ?? '', note: text('handled_note') ?? '' },
    bytes: Number(row['bytes']),
  };
}

export function bodyOf(row: Row): LetterBody {
  const original = row['original'];
  return {
    original: original instanceof Uint8Array ? original : undefined,
    headers: JSON.parse(String(row['headers'])) as Record<string, string>,
    failedAs: String(row['failed_as']),
  };
}

/** JSON of whatever a flow put into the payload: cycles and BigInts do not keep a message from being parked. */
export function toJson(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_key, inner: unknown) =>
        typeof inner === 'bigint' ? inner.toString() : inner,
      ) ?? 'null'
    );
  } catch {
    return JSON.stringify({ unreadable: 'the payload has no JSON form (it refers to itself)' });
  }
}
