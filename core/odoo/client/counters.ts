/** What a connection did in the last minutes: bounded counters, however many calls there are. */
import type { Clock } from './clock';

const BUCKET_MS = 10_000;
const BUCKETS = 30;

interface Bucket {
  readonly start: number;
  calls: number;
  totalMs: number;
  longestMs: number;
  /** By error code; the codes are Crossdock's own, so there are few. */
  readonly errors: Map<string, number>;
}

export interface Traffic {
  /** What the counts cover. */
  readonly minutes: number;
  readonly calls: number;
  readonly errors: number;
  readonly meanMs: number;
  readonly longestMs: number;
  readonly byCode: Readonly<Record<string, number>>;
}

export class Counters {
  private buckets: Bucket[] = [];

  constructor(private readonly clock: Clock) {}

  /** @param code of the error it ended with */
  record(ms: number, code?: string): void {
    const bucket = this.current();
    bucket.calls += 1;
    bucket.totalMs += ms;
    bucket.longestMs = Math.max(bucket.longestMs, ms);
    if (code !== undefined) bucket.errors.set(code, (bucket.errors.get(code) ?? 0) + 1);
  }

  get(): Traffic {
    this.forget();
    const byCode: Record<string, number> = {};
    let [calls, errors, totalMs, longestMs] = [0, 0, 0, 0];
    for (const bucket of this.buckets) {
      calls += bucket.calls;
      totalMs += bucket.totalMs;
      longestMs = Math.max(longestMs, bucket.longestMs);
      for (const [code, count] of bucket.errors) {
        byCode[code] = (byCode[code] ?? 0) + count;
        errors += count;
      }
    }
    return {
      minutes: (BUCKETS * BUCKET_MS) / 60_000,
      calls,
      errors,
      meanMs: calls === 0 ? 0 : Math.round(totalMs / calls),
      longestMs: Math.round(longestMs),
      byCode,
    };
  }

  private current(): Bucket {
    const start = Math.floor(this.clock.now() / BUCKET_MS) * BUCKET_MS;
    const last = this.buckets.at(-1);
    if (last?.start === start) return last;
    this.forget();
    const bucket = { start, calls: 0, totalMs: 0, longestMs: 0, errors: new Map<string, number>() };
    this.buckets.push(bucket);
    return bucket;
  }

  private forget(): void {
    const oldest = this.clock.now() - BUCKETS * BUCKET_MS;
    this.buckets = this.buckets.filter(({ start }) => start > oldest).slice(-BUCKETS);
  }
}
