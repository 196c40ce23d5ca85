import type { Clock } from './clock';

/**
 * A bucket of tokens: `perSecond` are added each second, and one second's worth is kept, so that a short burst does not
 * wait. Callers get their turn in the order of their asking.
 */
export class RateLimit {
  private readonly everyMs: number;
  private readonly burstMs: number;
  /** When the bucket is full again. */
  private fullAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond calls per second, above 0; undefined for no limit */
  constructor(
    perSecond: number | undefined,
    private readonly clock: Clock,
  ) {
    this.everyMs = perSecond === undefined ? 0 : 1000 / perSecond;
    this.burstMs = Math.max(0, 1000 - this.everyMs);
  }

  /** Resolves when the call may be made. */
  async take(): Promise<void> {
    if (this.everyMs === 0) return;
    const now = this.clock.now();
    const fullAt = Math.max(this.fullAt, now);
    this.fullAt = fullAt + this.everyMs;
    const waitMs = fullAt - now - this.burstMs;
    if (waitMs > 0) await this.clock.sleep(waitMs);
  }
}
