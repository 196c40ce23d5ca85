/**
 * Up to two API keys, so that one can be exchanged without a gap: the new one is used as soon as it is there and works,
 * the old one as long as the new one is refused.
 */
import { CrossdockError } from '../../errors/index';
import type { Clock } from './clock';

/** A key that was refused is tried again after this: a key may be made in Odoo after it was entered here. */
const TRY_AGAIN_MS = 10 * 60_000;

export interface ApiKey {
  readonly slot: 'first' | 'next';
  readonly secret: string;
}

export class Keys {
  /** The newest first. */
  private readonly keys: readonly ApiKey[];
  private readonly refusedAt = new Map<ApiKey, number>();
  private lastUsed: ApiKey;

  constructor(
    first: string,
    next: string | undefined,
    private readonly clock: Clock,
  ) {
    const old: ApiKey = { slot: 'first', secret: first };
    this.keys = next === undefined || next === first ? [old] : [{ slot: 'next', secret: next }, old];
    this.lastUsed = this.keys[0] ?? old;
  }

  /** The key that Odoo took last; before the first call, the one that is tried first. */
  get current(): ApiKey['slot'] {
    return this.lastUsed.slot;
  }

  /** Whether Odoo refused this key when it was used last. */
  refused(slot: ApiKey['slot']): boolean {
    return [...this.refusedAt.keys()].some((key) => key.slot === slot);
  }

  get count(): number {
    return this.keys.length;
  }

  /**
   * Makes a call with the best key, and with the other one when Odoo refuses it. A refused key means that nothing has
   * happened, so this is safe for writes.
   */
  async use<T>(call: (key: ApiKey) => Promise<T>): Promise<T> {
    let refusal: unknown;
    for (const key of this.order()) {
      try {
        const result = await call(key);
        this.taken(key);
        return result;
      } catch (error) {
        if (!(error instanceof CrossdockError && error.code === 'ODOO_AUTH')) {
          // Any other answer came after the key was taken; without an answer nobody knows.
          if (error instanceof CrossdockError && ANSWERS.test(error.code)) this.taken(key);
          throw error;
        }
        this.refusedAt.set(key, this.clock.now());
        refusal = error;
      }
    }
    throw refusal;
  }

  private taken(key: ApiKey): void {
    this.refusedAt.delete(key);
    this.lastUsed = key;
  }

  private order(): readonly ApiKey[] {
    const now = this.clock.now();
    const good = this.keys.filter((key) => (this.refusedAt.get(key) ?? -TRY_AGAIN_MS) <= now - TRY_AGAIN_MS);
    const bad = this.keys.filter((key) => !good.includes(key));
    return [...good, ...bad];
  }
}

/** Codes that only a user who is logged in gets to see. */
const ANSWERS = /^ODOO_(ACCESS|INVALID_CALL|LOCKED|MISSING|NOT_FOUND|SERIALIZATION|VALIDATION)$/;
