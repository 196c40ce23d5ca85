/**
 * Dead letters: messages that need a person. A parked message has its reason in plain words, its kind and stable
 * code, how often it was tried, where it failed, and the message as it arrived and as it failed.
 *
 * Parking commits in the same unit as the end of the message's scopes (see core/delivery/scope.ts), so a message is
 * either still with its source or here, never in both places and never in none.
 */
import { createHash } from 'node:crypto';
import type { Origin } from '../delivery';
import type { CrossdockError, ErrorKind, Problem } from '../errors';
import type { Migration, Row, SqlValue, Statement, Store } from '../store';

const SCHEMA: Migration = {
  idea: 'dead-letter',
  steps: [
    [
      `CREATE TABLE crossdock_dead_letter (
        id TEXT PRIMARY KEY,
        cause TEXT NOT NULL,
        code TEXT NOT NULL,
        kind TEXT NOT NULL,
        reason TEXT NOT NULL,
        details TEXT NOT NULL,
        business_key TEXT,
        source TEXT,
        delivery_id TEXT,
        flow_id TEXT NOT NULL,
        node_id TEXT NOT NULL,
        node_type TEXT NOT NULL,
        node_name TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        occurrences BIGINT NOT NULL,
        received_at BIGINT,
        first_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('parked', 'replayed', 'discarded')),
        original {blob},
        failed_as TEXT)`,
      'CREATE INDEX crossdock_dead_letter_cause ON crossdock_dead_letter (state, cause, last_at)',
      'CREATE INDEX crossdock_dead_letter_key ON crossdock_dead_letter (business_key)',
    ],
  ],
};

// The same message that fails again for the same cause is one letter with a count, not a heap of letters. One that
// was replayed or discarded and fails anew is parked anew.
const PARK = `INSERT INTO crossdock_dead_letter
    (id, cause, code, kind, reason, details, business_key, source, delivery_id, flow_id, node_id, node_type,
     node_name, attempts, occurrences, received_at, first_at, last_at, state, original, failed_as)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, {now}, {now}, 'parked', ?, ?)
  ON CONFLICT (id) DO UPDATE SET
    occurrences = crossdock_dead_letter.occurrences + 1, last_at = excluded.last_at, state = 'parked',
    attempts = crossdock_dead_letter.attempts + excluded.attempts, reason = excluded.reason,
    details = excluded.details, failed_as = excluded.failed_as, delivery_id = excluded.delivery_id`;
const COLUMNS = `id, cause, code, kind, reason, details, business_key, source, delivery_id, flow_id, node_id,
  node_type, node_name, attempts, occurrences, received_at, first_at, last_at, state`;

/** The node at which the message failed. */
export interface DeadLetterSource {
  readonly flowId: string;
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
}

/** A parked message as it is shown. The bodies are read one by one (`body`), they may be large and personal. */
export interface DeadLetter {
  readonly id: string;
  /** Letters with the same cause belong together: code, node and facts without values that differ per message. */
  readonly cause: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly problems: readonly Problem[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly businessKey: string | null;
  readonly source: string | null;
  readonly deliveryId: string | null;
  readonly failedAt: DeadLetterSource;
  readonly attempts: number;
  readonly occurrences: number;
  /** Store clock, ms. */
  readonly receivedAt: number | null;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly state: string;
}

export interface DeadLetterFilter {
  readonly state?: string;
  readonly limit?: number;
  /** Only letters whose id is greater, for paging. */
  readonly after?: string;
}

export class DeadLetters {
  private constructor(readonly store: Store) {}

  static async open(store: Store): Promise<DeadLetters> {
    await store.migrate(SCHEMA);
    return new DeadLetters(store);
  }

  /** The letter's id and the statements that park it, for the unit that ends the message's scopes. */
  park(parking: Parking): { readonly id: string; readonly statements: readonly Statement[] } {
    const { error, failedAt, origin, businessKey } = parking;
    const failedAs = toJson(parking.payload);
    const id = hash(
      failedAt.nodeId,
      error.code,
      origin?.source ?? '',
      origin === undefined ? failedAs : origin.body,
    );
    const params: SqlValue[] = [
      id,
      hash(error.code, failedAt.nodeId),
      error.code,
      error.kind,
      error.message,
      JSON.stringify({ problems: error.problems, facts: error.facts }),
      businessKey ?? null,
      origin?.source ?? null,
      origin?.deliveryId ?? null,
      failedAt.flowId,
      failedAt.nodeId,
      failedAt.nodeType,
      failedAt.nodeName,
      origin?.attempts ?? 1,
      origin?.receivedAt ?? null,
      origin?.body ?? null,
      failedAs,
    ];
    return { id, statements: [{ sql: PARK, params }] };
  }

  /** Letters by id, oldest id first; at most `limit` (default 100, at most 1,000). */
  async list(filter: DeadLetterFilter = {}): Promise<readonly DeadLetter[]> {
    const limit = Math.min(1000, Math.max(1, filter.limit ?? 100));
    const [result] = await this.store.run([
      {
        sql: `SELECT ${COLUMNS} FROM crossdock_dead_letter WHERE state = ? AND id > ? ORDER BY id LIMIT ?`,
        params: [filter.state ?? 'parked', filter.after ?? '', limit],
      },
    ]);
    return (result?.rows ?? []).map(letterOf);
  }

  /** How many are parked now. */
  async count(): Promise<number> {
    const [result] = await this.store.run([
      { sql: "SELECT count(*) AS n FROM crossdock_dead_letter WHERE state = 'parked'" },
    ]);
    return Number(result?.rows[0]?.['n'] ?? 0);
  }

  /** The message as it arrived (bytes) and as it failed (JSON text); undefined when there is no such letter. */
  async body(id: string): Promise<{ original: Uint8Array | undefined; failedAs: string } | undefined> {
    const [result] = await this.store.run([
      { sql: 'SELECT original, failed_as FROM crossdock_dead_letter WHERE id = ?', params: [id] },
    ]);
    const row = result?.rows[0];
    if (row === undefined) return undefined;
    const original = row['original'];
    return {
      original: original instanceof Uint8Array ? original : undefined,
      failedAs: String(row['failed_as']),
    };
  }
}

function letterOf(row: Row): DeadLetter {
  const details = JSON.parse(String(row['details'])) as {
    problems: Problem[];
    facts: Record<string, unknown>;
  };
  const text = (column: string): string | null => (row[column] === null ? null : String(row[column]));
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
    failedAt: {
      flowId: String(row['flow_id']),
      nodeId: String(row['node_id']),
      nodeType: String(row['node_type']),
      nodeName: String(row['node_name']),
    },
    attempts: Number(row['attempts']),
    occurrences: Number(row['occurrences']),
    receivedAt: row['received_at'] === null ? null : Number(row['received_at']),
    firstAt: Number(row['first_at']),
    lastAt: Number(row['last_at']),
    state: String(row['state']),
  };
}

function hash(...parts: (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex').slice(0, 32);
}

/** JSON of whatever a flow put into the payload: cycles and BigInts do not keep a message from being parked. */
function toJson(value: unknown): string {
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
