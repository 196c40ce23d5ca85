/**
 * Who wants a source to pause, and until when. While any of them has time left nothing may be delivered; then one
 * message at a time, until each of them has said that it is over. So whoever waits for a sign of life gets one message
 * to try it with, and not all that has gathered.
 */
import { Alarm } from './alarm';
import type { Pausable } from './scope-types';

interface Pause {
  /** By `performance.now()`. */
  readonly until: number;
  readonly reason: string;
}

export class Pauses implements Pausable {
  readonly #pauses = new Map<string, Pause>();
  readonly #alarm = new Alarm(() => this.#rung());

  /** @param changed the room in the flow may have changed, and the reason */
  constructor(private readonly changed: () => void) {}

  /** Messages that may be in the flow, of `concurrency`. */
  room(concurrency: number): number {
    if (this.#pauses.size === 0) return concurrency;
    return this.#left() > 0 ? 0 : 1;
  }

  /** Why little or nothing is delivered. */
  get reason(): string | undefined {
    for (const { reason } of this.#pauses.values()) return reason;
    return undefined;
  }

  pause(by: string, ms: number, reason: string): void {
    this.#pauses.set(by, { until: performance.now() + ms, reason });
    this.#alarm.in(ms);
    this.changed();
  }

  resume(by: string): void {
    if (this.#pauses.delete(by)) this.changed();
  }

  /** Rings no more. */
  stop(): void {
    this.#alarm.stop();
  }

  #left(): number {
    let until = 0;
    for (const pause of this.#pauses.values()) until = Math.max(until, pause.until);
    return until - performance.now();
  }

  #rung(): void {
    const left = this.#left();
    if (left > 0) this.#alarm.in(left);
    else this.changed();
  }
}
