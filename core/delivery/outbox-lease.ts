/** Who is a channel's relay: a lease with a fence, which each unit of the relay checks. */
import type { Statement, Store } from '../store';
import { ACQUIRE, HOLD, RELEASE, REPLACE } from './outbox-schema';

const LEASE_MS = 15_000;
/** Part of the lease in which it is trusted without asking. */
const SURE = 0.8;

export class RelayLease {
  #fence: number | undefined;
  #sureUntil = 0;

  constructor(
    private readonly store: Store,
    private readonly channelId: string,
  ) {}

  /** While it is held. */
  get fence(): number | undefined {
    return this.#fence;
  }

  get held(): boolean {
    return this.#fence !== undefined;
  }

  /** No other process can have it by now. On a store of one process there is none. */
  get sure(): boolean {
    return this.held && (this.store.exclusive || performance.now() < this.#sureUntil);
  }

  /** Takes it, unless another process that is alive has it. */
  async acquire(): Promise<boolean> {
    const { exclusive, instanceId } = this.store;
    const began = performance.now();
    const sql = exclusive ? REPLACE : ACQUIRE;
    const [result] = await this.store.run([{ sql, params: [this.channelId, instanceId, LEASE_MS] }]);
    const fence = result?.rows[0]?.['fence'];
    if (fence === undefined) return false;
    this.#fence = Number(fence);
    this.prolonged(began);
    return true;
  }

  /** First in each unit: prolongs it, or fails the unit when it was lost. */
  hold(): Statement {
    return { sql: HOLD, params: [LEASE_MS, this.channelId, this.#fence ?? 0], expect: 1 };
  }

  /** A unit that held it has committed. @param began performance.now() before the unit */
  prolonged(began: number): void {
    this.#sureUntil = began + LEASE_MS * SURE;
  }

  /** Forgets it. @returns what gives it back, for a unit behind `hold` */
  drop(): { readonly hold: Statement; readonly release: Statement } {
    const hold = this.hold();
    const release = { sql: RELEASE, params: [this.channelId, this.#fence ?? 0] };
    this.#fence = undefined;
    return { hold, release };
  }
}
