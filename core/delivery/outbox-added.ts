/** Events that this process has added as taken, committed, and not yet put among those that the relay has in memory. */
import type { Lanes, TakenEvent } from './outbox-lanes';
import type { Sender } from './outbox-sender';
import type { Found } from './outbox-turn';

/** Events in memory from which on, and so many characters, all go by way of the store: bursts up to here do not. */
const MAX_HELD = 10_000;
const MAX_HELD_SIZE = 8_000_000;

export function isFull({ held, size }: Lanes): boolean {
  return held.size >= MAX_HELD || size >= MAX_HELD_SIZE;
}

export class AddedEvents {
  /** By seq, in the order of their commits. */
  #events = new Map<number, TakenEvent>();

  push(event: TakenEvent): void {
    this.#events.set(event.seq, event);
  }

  has(seq: number): boolean {
    return this.#events.has(seq);
  }

  /**
   * Puts them into memory as far as there is room; the others, and all that come behind them, go back to the store, to be
   * taken in their turn. None is left here.
   * @param elsewhere something in the store may have to go before them: all go back
   * @returns whether any went back: the store is to be looked into
   */
  handOver(sender: Sender, elsewhere: boolean): boolean {
    let back = elsewhere && this.#events.size > 0;
    for (const event of this.#events.values()) {
      back ||= isFull(sender.lanes);
      if (back) sender.written.back.push(event.seq);
      else sender.add(event, false, false);
    }
    this.#events.clear();
    return back;
  }

  /** They are in the store, and that is all that counts now. */
  forget(): void {
    this.#events.clear();
  }

  /**
   * Those that are older than what was just taken from the store with their priority, which is taken by age: so what is
   * older than they are is taken too, and now they have to go before what is younger. None of them is left here.
   */
  takeOvertaken(taken: readonly TakenEvent[]): readonly TakenEvent[] {
    if (this.#events.size === 0 || taken.length === 0) return NONE;
    const youngest = new Map<number, number>();
    for (const { priority, seq } of taken) youngest.set(priority, Math.max(seq, youngest.get(priority) ?? 0));
    const found: TakenEvent[] = [];
    for (const event of this.#events.values()) {
      if (event.seq < (youngest.get(event.priority) ?? 0)) found.push(event);
    }
    for (const { seq } of found) this.#events.delete(seq);
    return found;
  }
}

const NONE: readonly TakenEvent[] = [];

/**
 * What a turn has found, with what was added meanwhile and is older: by age, since of one key there may be some of each,
 * and once one is in memory no other goes before it. `more`: others of its key may be queued in the store.
 */
export function inOrder(
  found: Found,
  added: AddedEvents,
  held: ReadonlyMap<number, unknown>,
): readonly { readonly event: TakenEvent; readonly more: boolean }[] {
  const again = found.resynced.filter(({ seq }) => !held.has(seq) && !added.has(seq));
  const more = [...again, ...found.due, ...added.takeOvertaken(found.taken)];
  const fed = found.fed.flatMap(({ events }) => events);
  return [
    ...more.map((event) => ({ event, more: true })),
    ...[...fed, ...found.taken].map((event) => ({ event, more: false })),
  ].sort((a, b) => a.event.seq - b.event.seq);
}
