/**
 * What keeps a connection from knocking at a closed door: after some failures in a row nothing is sent for a while, and
 * then one call finds out. In memory, since it only saves the time-outs of this process; a circuit that a flow can see,
 * that lasts and that pauses sources is the circuit-breaker node.
 */
import { CrossdockError } from '../../errors/index';
import type { Clock } from './clock';

/** Failures in a row, within `WINDOW_MS`, that open it. */
const FAILURES = 5;
const WINDOW_MS = 30_000;
/** The first wait; doubled after each probe that fails, up to the longest. */
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;
/** A server that says how long it wants to be left alone is believed up to this. */
const LONGEST_ASKED_MS = 5 * 60_000;

/** Failures that say "Odoo cannot answer now", whatever was asked. What a person has to end is told at once anyway. */
const COUNTED = new Set([
  'ODOO_DATABASE',
  'ODOO_GATEWAY',
  'ODOO_TIMEOUT',
  'ODOO_UNAVAILABLE',
  'ODOO_UNREACHABLE',
]);

export type BreakerState = 'closed' | 'open' | 'probing';

export class Breaker {
  private failures: number[] = [];
  private openUntil: number | undefined;
  private waitMs = FIRST_WAIT_MS;
  private probing = false;
  private cause = '';

  /** @param changed called after the state has changed; must not throw */
  constructor(
    private readonly clock: Clock,
    private readonly changed: (state: BreakerState) => void = () => undefined,
  ) {}

  get state(): BreakerState {
    if (this.probing) return 'probing';
    return this.openUntil === undefined ? 'closed' : 'open';
  }

  /** Until the next probe in ms; 0 when calls are made. */
  get waitsMs(): number {
    return this.openUntil === undefined ? 0 : Math.max(0, this.openUntil - this.clock.now());
  }

  /** Runs the work, or throws ODOO_CIRCUIT_OPEN (transient, nothing was sent) while Odoo is left alone. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const probe = this.enter();
    try {
      const result = await work();
      this.answered(probe);
      return result;
    } catch (error) {
      this.failed(error, probe);
      throw error;
    }
  }

  /** Returns whether this call is the probe. */
  private enter(): boolean {
    if (this.openUntil === undefined) return false;
    const waitsMs = this.waitsMs;
    if (waitsMs === 0 && !this.probing) {
      this.probing = true;
      this.changed('probing');
      return true;
    }
    // While the probe is under way nobody knows how long it takes; a second is soon enough to ask again.
    const retryAfterMs = Math.max(waitsMs, 1000);
    throw new CrossdockError(
      `Odoo did not answer (${this.cause}), so it is left alone for a while: the next try is in ${Math.ceil(retryAfterMs / 1000)} s.`,
      { code: 'ODOO_CIRCUIT_OPEN', kind: 'transient', facts: { cause: this.cause }, retryAfterMs },
    );
  }

  /** Odoo answered, and be it with a refusal. */
  private answered(probe: boolean): void {
    this.failures = [];
    // A call that began before it opened proves as much as the probe.
    if (this.openUntil === undefined) return;
    if (probe) this.probing = false;
    this.openUntil = undefined;
    this.waitMs = FIRST_WAIT_MS;
    this.changed('closed');
  }

  private failed(thrown: unknown, probe: boolean): void {
    if (probe) this.probing = false;
    if (!(thrown instanceof CrossdockError)) return;
    const limited = thrown.code === 'ODOO_RATE_LIMITED' && thrown.retryAfterMs !== undefined;
    if (!COUNTED.has(thrown.code) && !limited) {
      // A call that was given up here (closed, too large) says nothing about Odoo; the next one is the probe.
      if (thrown.code.startsWith('ODOO_') && !SILENT.has(thrown.code)) this.answered(probe);
      return;
    }
    const now = this.clock.now();
    this.failures = [...this.failures.filter((at) => at > now - WINDOW_MS), now].slice(-FAILURES);
    if (limited) {
      this.open(thrown.code, Math.min(thrown.retryAfterMs ?? 0, LONGEST_ASKED_MS));
    } else if (probe) {
      this.waitMs = Math.min(this.waitMs * 2, LONGEST_WAIT_MS);
      this.open(thrown.code, this.waitMs);
    } else if (this.openUntil === undefined && this.failures.length >= FAILURES) {
      this.open(thrown.code, this.waitMs);
    }
  }

  private open(cause: string, ms: number): void {
    this.cause = cause;
    this.openUntil = this.clock.now() + ms;
    this.changed('open');
  }
}

/**
 * Codes of calls that never came to an answer of Odoo, and yet are no sign of an outage: a connection that is lost after
 * the call was sent costs no time-out, and the next call shows whether anybody is there.
 */
const SILENT = new Set([
  'ODOO_ADDRESS',
  'ODOO_CLOSED',
  'ODOO_CONNECTION_LOST',
  'ODOO_RESPONSE_TOO_LARGE',
  'ODOO_TLS',
]);
