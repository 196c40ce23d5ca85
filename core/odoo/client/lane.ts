/** The way of every call to one Odoo: a place among those under way, the breaker, the rate limit, the counters. */
import { asCrossdockError } from '../../errors/index';
import { Breaker, type BreakerState } from './breaker';
import type { Clock } from './clock';
import type { NormalConfig } from './config';
import { Counters } from './counters';
import { RateLimit } from './rate-limit';
import { Semaphore } from './semaphore';
import type { ConnectionHealth } from './types';

export class Lane {
  private readonly slots: Semaphore;
  private readonly breaker: Breaker;
  private readonly rate: RateLimit;
  private readonly counters: Counters;
  private lastError: ConnectionHealth['lastError'];

  /** @param refuseClosed throws when the connection is closed; asked again after every wait */
  constructor(
    config: Pick<NormalConfig, 'maxConcurrent' | 'callsPerSecond'>,
    private readonly clock: Clock,
    private readonly refuseClosed: () => void,
    changed: (state: BreakerState) => void,
  ) {
    this.slots = new Semaphore(config.maxConcurrent);
    this.breaker = new Breaker(clock, changed);
    this.rate = new RateLimit(config.callsPerSecond, clock);
    this.counters = new Counters(clock);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return this.slots.run(() => {
      this.refuseClosed();
      return this.breaker.run(async () => {
        await this.rate.take();
        this.refuseClosed();
        return this.counted(work);
      });
    });
  }

  health(): Pick<ConnectionHealth, 'breaker' | 'waitsMs' | 'traffic' | 'lastError'> {
    return {
      breaker: this.breaker.state,
      waitsMs: this.breaker.waitsMs,
      traffic: this.counters.get(),
      lastError: this.lastError,
    };
  }

  /** Resolves when nothing is under way and nothing waits. */
  idle(): Promise<void> {
    return this.slots.idle();
  }

  private async counted<T>(work: () => Promise<T>): Promise<T> {
    const start = this.clock.now();
    try {
      const result = await work();
      this.counters.record(this.clock.now() - start);
      return result;
    } catch (thrown) {
      const { code } = asCrossdockError(thrown);
      const at = this.clock.now();
      this.counters.record(at - start, code);
      this.lastError = { code, at };
      throw thrown;
    }
  }
}
