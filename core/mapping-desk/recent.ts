/**
 * The last messages that reached a mapper, so that a changed mapping can be tried on them. The inbox forgets a message's
 * body when it is done, so the mapper keeps its own: a ring of slots per node in the store. Written in the background
 * and thinned out under load: samples, not a journal. What is not written yet when the process dies is lost.
 */
import { asCrossdockError, type CrossdockError } from '../errors';
import type { Migration, Statement, Store } from '../store';

export const MAX_RECENT = 200;
/** Ms between two messages that are kept: a mapper at work is not held up by its samples. */
const EVERY_MS = 50;
/** Ms between two units of writing. */
const FLUSH_MS = 2000;
const MAX_BYTES = 256 * 1024;
const KEPT_MS = 30 * 86_400_000;

const SCHEMA: Migration = {
  idea: 'mapper-message',
  steps: [
    [
      `CREATE TABLE crossdock_mapper_message (
        node TEXT NOT NULL,
        slot BIGINT NOT NULL,
        at BIGINT NOT NULL,
        id TEXT NOT NULL,
        received_at TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (node, slot))`,
      'CREATE INDEX crossdock_mapper_message_at ON crossdock_mapper_message (node, at)',
      'CREATE INDEX crossdock_mapper_message_age ON crossdock_mapper_message (at)',
    ],
  ],
};

const PUT = `INSERT INTO crossdock_mapper_message (node, slot, at, id, received_at, body) VALUES (?, ?, {now}, ?, ?, ?)
  ON CONFLICT (node, slot) DO UPDATE SET
    at = excluded.at, id = excluded.id, received_at = excluded.received_at, body = excluded.body`;
const NEWEST = 'SELECT slot FROM crossdock_mapper_message WHERE node = ? ORDER BY at DESC, slot DESC LIMIT 1';
const LAST =
  'SELECT at, id, received_at, body FROM crossdock_mapper_message WHERE node = ? ORDER BY at DESC, slot DESC LIMIT ?';
const FORGET_OLD = `DELETE FROM crossdock_mapper_message WHERE at < {now} - ${KEPT_MS}`;
const FORGET = 'DELETE FROM crossdock_mapper_message WHERE node = ?';

export interface RecentMessage {
  /** The message's key or delivery id; '' when it had none. */
  readonly id: string;
  /** RFC 3339. */
  readonly receivedAt: string;
  /** Store clock, ms. */
  readonly at: number;
  readonly payload: unknown;
}

interface Kept {
  readonly id: string;
  readonly receivedAt: string;
  readonly body: string;
}

export class RecentMessages {
  #slot = 0;
  #last = 0;
  #waiting: Kept[] = [];
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: Store,
    private readonly node: string,
    private readonly onProblem: (error: CrossdockError) => void,
  ) {}

  /** @param onProblem told when samples could not be written; nothing else depends on them */
  static async open(
    store: Store,
    node: string,
    onProblem: (error: CrossdockError) => void = () => undefined,
  ): Promise<RecentMessages> {
    await store.migrate(SCHEMA);
    const [, newest] = await store.run([{ sql: FORGET_OLD }, { sql: NEWEST, params: [node] }]);
    const recent = new RecentMessages(store, node, onProblem);
    const slot = newest?.rows[0]?.['slot'];
    recent.#slot = slot === undefined || slot === null ? 0 : (Number(slot) + 1) % MAX_RECENT;
    return recent;
  }

  /** Notes a message as it came, before it is mapped. Never throws. */
  note(payload: unknown, receivedAt: string, id: string): void {
    const now = performance.now();
    if (this.#last !== 0 && now - this.#last < EVERY_MS) return;
    const body = jsonOf(payload);
    if (body === undefined || body.length > MAX_BYTES) return;
    this.#last = now;
    this.#waiting.push({ id: id.slice(0, 400), receivedAt, body });
    if (this.#waiting.length > MAX_RECENT) this.#waiting.shift();
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => void this.flush(), FLUSH_MS);
    this.#timer.unref();
  }

  /** Writes what waits; resolves also when that failed. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kept = this.#waiting;
    this.#waiting = [];
    if (kept.length === 0) return this.#flushing;
    const statements = kept.map(({ id, receivedAt, body }): Statement => {
      const slot = this.#slot;
      this.#slot = (slot + 1) % MAX_RECENT;
      return { sql: PUT, params: [this.node, slot, id, receivedAt, body] };
    });
    this.#flushing = this.#flushing
      .then(() => this.store.run(statements))
      .then(
        () => undefined,
        (thrown: unknown) => this.onProblem(asCrossdockError(thrown)),
      );
    return this.#flushing;
  }

  /** @param removed the node is gone for good: its messages go, too */
  async close(removed: boolean): Promise<void> {
    await this.flush();
    if (!removed) return;
    await this.store
      .run([{ sql: FORGET, params: [this.node] }])
      .catch((thrown: unknown) => this.onProblem(asCrossdockError(thrown)));
  }

  /** The newest first. */
  async last(limit: number): Promise<RecentMessage[]> {
    await this.flush();
    const [found] = await this.store.run([{ sql: LAST, params: [this.node, Math.min(limit, MAX_RECENT)] }]);
    return (found?.rows ?? []).map((row) => ({
      id: String(row['id']),
      receivedAt: String(row['received_at']),
      at: Number(row['at']),
      payload: JSON.parse(String(row['body'])) as unknown,
    }));
  }
}

function jsonOf(payload: unknown): string | undefined {
  try {
    return typeof payload === 'object' && payload !== null ? JSON.stringify(payload) : undefined;
  } catch {
    return undefined;
  }
}
