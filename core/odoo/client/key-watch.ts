/**
 * Knows whose a connection's key is and when it ends: asked once somebody has talked to Odoo, and again from time to
 * time. Until then nothing is sent.
 */
import { accountOf, type ConnectionReport } from './check';
import { type KeyState, keyState } from './key-state';
import type { OdooConnection } from './types';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A key is made or removed by a person; and the words of the countdown change by the hour at the end. */
const ASK_EVERY_MS = 6 * HOUR_MS;
const TELL_EVERY_MS = HOUR_MS;
/** Odoo was not to be asked. */
const ASK_AGAIN_MS = 5 * 60_000;

type Account = Pick<ConnectionReport, 'user' | 'company'>;

export class KeyWatch {
  private known: KeyState = { state: 'unknown' };
  private who: Account | undefined;
  private askedAt = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | undefined;
  private asking: Promise<void> | undefined;
  private closed = false;
  private readonly endListening: () => void;
  private keyInUse = '';

  /** @param changed called when there is something new, and every hour, since time goes on */
  constructor(
    private readonly client: OdooConnection,
    private readonly changed: () => void,
  ) {
    this.endListening = client.onHealth(() => {
      const inUse = this.inUse();
      if (client.health().version === undefined || inUse === this.keyInUse) return;
      this.keyInUse = inUse;
      this.look();
    });
  }

  get state(): KeyState {
    return this.known;
  }

  /** Undefined until Odoo has said it. */
  get account(): Account | undefined {
    return this.who;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.endListening();
  }

  private inUse(): string {
    const { current, refused } = this.client.health().keys;
    return [current, ...refused].join(' ');
  }

  /** Asks Odoo now, unless it is being asked. */
  private look(): void {
    if (this.asking !== undefined || this.closed) return;
    this.asking = Promise.all([keyState(this.client), accountOf(this.client)])
      .then(([state, { user, company }]) => {
        this.known = state;
        this.who = { user, company };
        this.askedAt = Date.now();
        this.again(TELL_EVERY_MS);
      })
      // Why Odoo is not to be asked, the nodes that need it say themselves.
      .catch(() => this.again(ASK_AGAIN_MS))
      .finally(() => {
        this.asking = undefined;
        this.tell();
      });
  }

  private tell(): void {
    if (this.closed) return;
    try {
      this.changed();
    } catch {
      // The next change, or the next hour, tells it again; an error here would end the process.
    }
  }

  private again(ms: number): void {
    clearTimeout(this.timer);
    if (this.closed) return;
    this.timer = setTimeout(() => {
      if (ms === ASK_AGAIN_MS || Date.now() - this.askedAt >= ASK_EVERY_MS) this.look();
      else {
        this.again(TELL_EVERY_MS);
        this.tell();
      }
    }, ms);
    this.timer.unref();
  }
}

/** How long the key still works: whole days, or hours in the last two days. Undefined when nobody knows of an end. */
export function timeLeft(
  state: KeyState,
  now = Date.now(),
): { readonly unit: 'days' | 'hours' | 'over'; readonly count: number } | undefined {
  if (state.state !== 'ends') return undefined;
  const ms = Date.parse(state.endsAt) - now;
  if (ms <= 0) return { unit: 'over', count: 0 };
  if (ms < 2 * DAY_MS) return { unit: 'hours', count: Math.floor(ms / HOUR_MS) };
  return { unit: 'days', count: Math.floor(ms / DAY_MS) };
}
