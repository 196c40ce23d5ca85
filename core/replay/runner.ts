/**
 * Works through the baskets of one store, in bites: tries those that are to be tried, sends the running ones at their
 * rate, and follows what was sent until its flow is done with it. All of its state is in the store, so a process that
 * dies in the middle leaves nothing to repair: the next one reads what is pending and goes on.
 *
 * One runner per store: on a shared store a lease says which process it is. The lease only saves work; that nothing is
 * sent twice is in each sending's own unit.
 */
import { PARK_AGAIN } from '../dead-letter';
import { comeAlive, ownerIsGone } from '../delivery';
import { asCrossdockError } from '../errors';
import { type Row, StatementExpectationError, type Store } from '../store';
import { auditStatement } from './audit';
import { type FindMapping, tryItems } from './dry-run';
import {
  COUNT_SENT,
  FAILED,
  FINISH,
  KNOWN_SOURCE,
  MARK_DONE,
  MARK_FAILED,
  MARK_SUPERSEDED,
  moveTo,
  TO_SEND,
  WITH_SENT,
  WORKING,
} from './schema';
import { replaySource, type Sending, sending, skipped } from './send';

/** What the runner needs to know of the process it works in. */
export interface ReplayTargets {
  /** Whether a node here takes this source's messages. */
  open(source: string): boolean;
  /** New messages are in this source's inbox. */
  arrived(source: string, count: number): void;
  readonly findMapping: FindMapping;
}

export interface RunnerOptions {
  readonly targets: ReplayTargets;
  /** Something that people look at has changed. */
  readonly changed: () => void;
  /** The store does not work now. */
  readonly onProblem?: (error: Error) => void;
}

export const DEFAULT_RATE = 50;
export const MAX_RATE = 1000;
/** A bite of sending, and the pause between two. */
const TURN_MS = 100;
/** Nothing to send, but something is still in a flow. */
const FOLLOW_MS = 1000;
/** On a shared store another process may have started a basket. */
const SHARED_LOOK_MS = 3000;
const RETRY_MS = 2000;
/** Of one basket in its flows at once: a flow that fails or stands still is not buried under the rest. */
const MAX_OUTSTANDING = 1000;
const MAX_BITE = 200;
const TRIALS = 20;
const LEASE_MS = 15_000;

const ACQUIRE = `INSERT INTO crossdock_replay_runner (id, owner, until) VALUES (1, ?, {now} + ?)
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, until = excluded.until
  WHERE crossdock_replay_runner.owner = excluded.owner OR crossdock_replay_runner.until < {now}
    OR ${ownerIsGone('crossdock_replay_runner.owner')}`;
const SET_PROBLEM = 'UPDATE crossdock_basket SET problem = ? WHERE id = ?';

export class ReplayRunner {
  #timer: NodeJS.Timeout | undefined;
  #turning: Promise<void> | undefined;
  #again = false;
  #stopped = false;
  /** What each basket may send now, and since when it has been counted. */
  readonly #allowance = new Map<string, { tokens: number; at: number }>();
  /** Up to where a basket was tried. */
  readonly #tried = new Map<string, number>();
  #followedAt = 0;

  constructor(
    private readonly store: Store,
    private readonly options: RunnerOptions,
  ) {}

  async start(): Promise<void> {
    await comeAlive(this.store);
    this.poke();
  }

  /** There may be something to do. */
  poke(): void {
    if (this.#stopped) return;
    if (this.#turning !== undefined) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let wait: number | undefined;
    this.#turning = this.#turn()
      .then(
        (next) => {
          wait = next;
        },
        (thrown: unknown) => {
          wait = RETRY_MS;
          this.options.onProblem?.(asCrossdockError(thrown));
        },
      )
      .finally(() => {
        this.#turning = undefined;
        if (this.#stopped) return;
        if (this.#again) {
          this.#again = false;
          wait = 0;
        }
        if (wait === undefined) return;
        this.#timer = setTimeout(() => this.poke(), wait);
        this.#timer.unref();
      });
  }

  /** Ends after the bite that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#turning;
  }

  /** @returns ms until the next turn; undefined: when somebody pokes */
  async #turn(): Promise<number | undefined> {
    const idle = this.store.exclusive ? undefined : SHARED_LOOK_MS;
    if (!this.store.exclusive && !(await this.#acquire())) return idle;
    const [found, sent] = await this.store.run([{ sql: WORKING }, { sql: WITH_SENT }]);
    const following = (sent?.rows ?? []).map((row) => String(row['basket_id']));
    const working = found?.rows ?? [];
    if (working.length === 0 && following.length === 0) return idle;
    let next = FOLLOW_MS;
    const now = performance.now();
    if (now - this.#followedAt >= FOLLOW_MS) {
      this.#followedAt = now;
      for (const basket of following) await this.#follow(basket);
    }
    for (const row of working) {
      if (this.#stopped) return undefined;
      const basket = String(row['id']);
      if (row['state'] === 'dry-run') await this.#try(basket);
      else if (!(await this.#send(basket, row))) continue;
      next = TURN_MS;
    }
    return next;
  }

  async #acquire(): Promise<boolean> {
    const [result] = await this.store.run([{ sql: ACQUIRE, params: [this.store.instanceId, LEASE_MS] }]);
    return result?.changes === 1;
  }

  async #try(basket: string): Promise<void> {
    const { findMapping } = this.options.targets;
    const after = this.#tried.get(basket) ?? 0;
    const last = await tryItems(this.store, basket, findMapping, after, TRIALS);
    this.#tried.set(basket, last);
    // Behind the last one it begins anew: an item that was edited meanwhile is tried again.
    if (last === 0 && after === 0)
      await this.store.run([{ sql: moveTo('draft', ['dry-run']), params: [basket] }]);
    this.options.changed();
  }

  /** Sends what the rate allows. @returns whether there is more to send soon */
  async #send(basket: string, row: Row): Promise<boolean> {
    const [counted] = await this.store.run([{ sql: COUNT_SENT, params: [basket] }]);
    const outstanding = Number(counted?.rows[0]?.['n'] ?? 0);
    const room = Math.min(this.#allowed(basket, Number(row['rate'] ?? DEFAULT_RATE)), MAX_BITE);
    const limit = Math.min(room, MAX_OUTSTANDING - outstanding);
    if (limit <= 0) return room <= 0;
    const [found] = await this.store.run([{ sql: TO_SEND, params: [basket, limit] }]);
    const rows = found?.rows ?? [];
    if (rows.length === 0) {
      await this.#finish(basket);
      return false;
    }
    const gone = rows.flatMap((item) => skipped(basket, item) ?? []);
    if (gone.length > 0) await this.store.run(gone);
    const into = row['into_node'] === null ? undefined : String(row['into_node']);
    const sources = await this.#sources(rows, into);
    const sendings: Sending[] = [];
    let waiting: string | undefined;
    for (const item of rows) {
      if (item['letter_state'] !== 'parked') continue;
      const target = sources.get(item['source'] === null ? '' : String(item['source']));
      if (target === undefined) waiting ??= String(item['source'] ?? '');
      else sendings.push(sending(this.store, row, item, target));
    }
    await this.#problem(row, waiting === undefined ? null : waitingFor(waiting));
    await this.#sendAll(basket, sendings);
    if (gone.length + sendings.length > 0) this.options.changed();
    return gone.length + sendings.length > 0;
  }

  /** Each in its own unit: one that was sent meanwhile does not hold up its neighbours. */
  async #sendAll(basket: string, sendings: readonly Sending[]): Promise<void> {
    const results = await Promise.allSettled(sendings.map(({ statements }) => this.store.run(statements)));
    const arrived = new Map<string, number>();
    let refused: unknown;
    for (const [index, result] of results.entries()) {
      const source = sendings[index]?.source ?? '';
      if (result.status === 'fulfilled') arrived.set(source, (arrived.get(source) ?? 0) + 1);
      // Paused, cancelled, handled or sent by somebody else meanwhile: the next turn reads what is true now.
      else if (!(result.reason instanceof StatementExpectationError)) refused ??= result.reason;
    }
    let sent = 0;
    for (const [source, count] of arrived) {
      sent += count;
      this.options.targets.arrived(source, count);
    }
    const allowance = this.#allowance.get(basket);
    if (allowance !== undefined) allowance.tokens -= sent;
    if (refused !== undefined) throw refused;
  }

  /** What the rate lets go now; what was not used in a second is gone. */
  #allowed(basket: string, rate: number): number {
    const now = performance.now();
    const known = this.#allowance.get(basket) ?? { tokens: 1, at: now };
    const tokens = Math.min(known.tokens + ((now - known.at) * rate) / 1000, Math.max(1, rate));
    this.#allowance.set(basket, { tokens, at: now });
    return Math.floor(tokens);
  }

  /** The inbox for each source of these letters that has one now. */
  async #sources(rows: readonly Row[], into: string | undefined): Promise<Map<string, string>> {
    const sources = [...new Set(rows.map((row) => (row['source'] === null ? '' : String(row['source']))))];
    const known = this.store.exclusive
      ? []
      : await this.store.run(sources.map((source) => ({ sql: KNOWN_SOURCE, params: [source] })));
    const targets = new Map<string, string>();
    for (const [index, source] of sources.entries()) {
      const used = (known[index]?.rows.length ?? 0) > 0;
      const target = inboxOf(this.store, this.options.targets, source, used, into);
      if (target !== undefined) targets.set(source, target);
    }
    return targets;
  }

  async #problem(basket: Row, problem: string | null): Promise<void> {
    if (basket['problem'] === problem) return;
    await this.store.run([{ sql: SET_PROBLEM, params: [problem, String(basket['id'])] }]);
    this.options.changed();
  }

  async #finish(basket: string): Promise<void> {
    try {
      await this.store.run([
        { sql: FINISH, params: [basket, basket], expect: 1 },
        auditStatement('crossdock', 'basket.finished', { basket }),
      ]);
    } catch (thrown) {
      // Paused, or something is still under way.
      if (thrown instanceof StatementExpectationError) return;
      throw thrown;
    }
    this.#allowance.delete(basket);
    this.options.changed();
  }

  /** Looks what became of what was sent. */
  async #follow(basket: string): Promise<void> {
    const note = 'Not needed: a newer message of its key has taken its place.';
    const [superseded, done, failed] = await this.store.run([
      { sql: MARK_SUPERSEDED, params: [note, basket] },
      { sql: MARK_DONE, params: [basket] },
      { sql: FAILED, params: [basket, 500] },
    ]);
    const rows = failed?.rows ?? [];
    const statements = rows.flatMap((row) => [
      { sql: MARK_FAILED, params: [noteOf(row['error']), basket, Number(row['item'])] },
      // No dead letter node has it now, so this one is the letter again: nothing may be out of sight.
      ...(row['state'] === 'dead' ? [{ sql: PARK_AGAIN, params: [String(row['letter_id'])] }] : []),
    ]);
    if (statements.length > 0) await this.store.run(statements);
    const ended = (superseded?.changes ?? 0) + (done?.changes ?? 0) + statements.length;
    if (ended > 0) this.options.changed();
    await this.#finish(basket);
  }
}

/**
 * The inbox that a letter of this source goes to; undefined when there is none.
 * @param known some process has had an inbox of this name on the store
 */
export function inboxOf(
  store: Store,
  targets: Pick<ReplayTargets, 'open'>,
  source: string,
  known: boolean,
  into: string | undefined,
): string | undefined {
  if (source !== '' && (targets.open(source) || (known && !store.exclusive))) return source;
  if (into === undefined) return undefined;
  const replay = replaySource(into);
  return targets.open(replay) || !store.exclusive ? replay : undefined;
}

function waitingFor(source: string): string {
  return source === ''
    ? 'Waiting for the replay node that is to take these messages.'
    : `Waiting for a node that takes messages of ${source}.`;
}

/** The sentence of an inbox's error. */
function noteOf(error: unknown): string {
  try {
    const { code, message } = JSON.parse(String(error)) as { code?: string; message?: string };
    return `${code ?? 'FAILED'}: ${message ?? ''}`.slice(0, 1000);
  } catch {
    return 'It failed again.';
  }
}
