/**
 * The senders: some lanes that each post one message after the other, again and again with the same id until it is
 * acknowledged, as shops and partners do. What they know is the history that a run is judged by.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../../../sandbox/storefront/rng';
import { waitFor } from '../../support';

export interface Sent {
  readonly id: string;
  readonly lane: string;
  /** Counts up within the lane: the order in which its messages were acknowledged. */
  readonly n: number;
  /** Tries whose answer never came: the message may or may not have been taken. */
  unknown: number;
  /** Tries that were refused (503, or no connection): nothing was taken. */
  refused: number;
  acknowledged: boolean;
  /** An unknown try turned out to have been taken: the answer to the next one was "duplicate". */
  duplicate: boolean;
}

export interface FeederOptions {
  /** Where to post, in turn when there are several (a load balancer). */
  readonly urls: readonly string[];
  readonly rng: Rng;
  /** Part of all ids. */
  readonly prefix: string;
  readonly lanes: number;
  bodyOf(message: { id: string; lane: string; n: number }): unknown;
  /** No more is sent while this says so: bounds what piles up while the other side is down. */
  readonly held?: () => boolean;
  /** Told of every answer, with its time; for what must not be acknowledged any more. */
  readonly onAnswer?: (status: number, message: Sent) => void;
}

export class Feeder {
  readonly history: Sent[] = [];
  acknowledged = 0;
  #stopped = false;
  #aborted = false;
  #next = 0;
  readonly #lanes: Promise<void>[] = [];

  constructor(private readonly options: FeederOptions) {
    for (let lane = 1; lane <= options.lanes; lane += 1) this.#lanes.push(this.#run(`lane${lane}`));
  }

  /** Resolves when `count` more messages are acknowledged. */
  async more(count: number, timeoutMs = 60_000): Promise<void> {
    const goal = this.acknowledged + count;
    await waitFor(() => this.acknowledged >= goal, { timeoutMs, what: `${count} more acknowledgements` });
  }

  /** Sends nothing new; resolves when everything that was begun is acknowledged, so that nothing stays unknown. */
  async finish(timeoutMs = 60_000): Promise<void> {
    this.#stopped = true;
    const all = Promise.all(this.#lanes);
    const timer = sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error('The senders wait for acknowledgements in vain.');
    });
    await Promise.race([all, timer]);
  }

  /** Gives up whatever is under way: the run is over, well or not. */
  abort(): void {
    this.#stopped = true;
    this.#aborted = true;
  }

  /** What was tried and what came of it. */
  counts(): { sent: number; acknowledged: number; unknown: number; resolved: number; refused: number } {
    const sum = (count: (sent: Sent) => number): number =>
      this.history.reduce((total, sent) => total + count(sent), 0);
    return {
      sent: this.history.length,
      acknowledged: this.acknowledged,
      unknown: sum((sent) => sent.unknown),
      resolved: sum((sent) => Number(sent.duplicate)),
      refused: sum((sent) => sent.refused),
    };
  }

  async #run(lane: string): Promise<void> {
    const { prefix, rng } = this.options;
    for (let n = 1; !this.#stopped; n += 1) {
      await sleep(rng.int(1, 20));
      while (this.options.held?.() === true && !this.#stopped) await sleep(20);
      if (this.#stopped) return;
      const sent: Sent = {
        id: `${prefix}-${lane}-${n}`,
        lane,
        n,
        unknown: 0,
        refused: 0,
        acknowledged: false,
        duplicate: false,
      };
      this.history.push(sent);
      await this.#untilTaken(sent);
    }
  }

  async #untilTaken(sent: Sent): Promise<void> {
    const body = JSON.stringify(this.options.bodyOf(sent));
    while (!this.#aborted) {
      const url = this.options.urls[this.#next++ % this.options.urls.length] ?? '';
      const status = await post(url, sent.id, body);
      this.options.onAnswer?.(status ?? 0, sent);
      if (status === 200 || status === 202) {
        sent.acknowledged = true;
        sent.duplicate = status === 200;
        this.acknowledged += 1;
        return;
      }
      if (status === undefined) sent.unknown += 1;
      else sent.refused += 1;
      await sleep(this.options.rng.int(10, 60));
    }
  }
}

/** The status, 0 when nothing was sent, or undefined when there was no answer. */
async function post(url: string, id: string, body: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      // Kept alive while its lane waits, a connection may be closed at the very moment of the next post: no answer then.
      headers: { 'content-type': 'application/json', 'idempotency-key': id, connection: 'close' },
      body,
      signal: AbortSignal.timeout(15_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    // Nobody listened: then nothing was taken either.
    const { code } = (error as { cause?: { code?: string } }).cause ?? {};
    return code === 'ECONNREFUSED' ? 0 : undefined;
  }
}
