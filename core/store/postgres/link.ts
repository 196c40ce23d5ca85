/** The store's one connection, kept for ever: when it is lost, it is made again until that succeeds or we close. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CrossdockError } from '../../errors';
import type { Endpoint } from './config';
import { errorOf } from './errors';
import { type Backend, type ServerFacts, Session } from './session';

const CONNECT_MS = 10_000;
const RECONNECT_CAP_MS = 10_000;
const LOOK_MS = 100;

export interface LinkEvents {
  /** There is a connection (again). */
  up(): void;
  /** Called some times a second while there is none. */
  down(): void;
}

export class Link {
  #session: Session | undefined;
  #facts: ServerFacts = { version: '', pid: 0, clockOffset: 0, warnings: [] };
  /** Of the session that we have, or had last. */
  #backend: Backend | undefined;
  #lostAt = 0;
  #problem: string | undefined;
  readonly #closed = new AbortController();

  constructor(
    private readonly endpoint: Endpoint,
    private readonly answerMs: number,
    private readonly events: LinkEvents,
  ) {}

  /** The connection; undefined while it is being made again. */
  get session(): Session | undefined {
    return this.#session?.alive === true ? this.#session : undefined;
  }

  /** What the server has said about itself when it was connected last. */
  get facts(): ServerFacts {
    return this.#facts;
  }

  /** Our clock, ms, when the connection was lost last. */
  get lostAt(): number {
    return this.#lostAt;
  }

  /** Why there is no connection, in a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The first connection; its failure is the caller's to see. Rejects with a CrossdockError. */
  async open(): Promise<void> {
    try {
      this.#adopt(await this.#connect());
    } catch (error) {
      throw this.#explain(error as Error);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#session?.end();
  }

  #connect(): Promise<Session> {
    const limits = { connectMs: CONNECT_MS, answerMs: this.answerMs };
    return Session.open(this.endpoint, limits, this.#backend);
  }

  #explain(error: Error): CrossdockError {
    return error instanceof CrossdockError ? error : errorOf(error, this.endpoint);
  }

  #adopt(session: Session): void {
    this.#session = session;
    this.#facts = session.facts;
    this.#backend = session.backend;
    this.#problem = undefined;
    void session.lost.then((reason) => {
      this.#session = undefined;
      if (this.#closed.signal.aborted) return;
      this.#lostAt = Date.now();
      this.#problem = this.#explain(reason).message;
      void this.#reconnect();
    });
    this.events.up();
  }

  /** Never rejects. */
  async #reconnect(): Promise<void> {
    const telling = setInterval(() => this.events.down(), LOOK_MS);
    for (let failures = 0; !this.#closed.signal.aborted; ) {
      try {
        const session = await this.#connect();
        if (this.#closed.signal.aborted) await session.end();
        else this.#adopt(session);
        break;
      } catch (error) {
        failures += 1;
        this.#problem = this.#explain(error as Error).message;
        // Half fixed, half drawn: a database that comes back is not met by all its clients at once.
        const pause = Math.min(RECONNECT_CAP_MS, 100 * 2 ** failures) * (0.5 + Math.random() / 2);
        await sleep(pause, undefined, { signal: this.#closed.signal }).catch(() => undefined);
      }
    }
    clearInterval(telling);
  }
}
