/** Events that this process has added as taken, committed, and not yet put among those that the relay has in memory. */
import type { TakenEvent } from './outbox-lanes';
import type { Found } from './outbox-turn';

export class AddedEvents {
  #events: TakenEvent[] = [];

  push(event: TakenEvent): void {
    this.#events.push(event);
  }

  has(seq: number): boolean {
    return this.#events.some((event) => event.seq === seq);
  }

  /** All of them, in the order of their commits; none is left. */
  take(): readonly TakenEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * Those that are older than what was just taken from the store with their priority, which is taken by age: so what is
   * older than they are is taken too, and now they have to go before what is younger. None of them is left here.
   */
  takeOvertaken(taken: readonly TakenEvent[]): readonly TakenEvent[] {
    if (this.#events.length === 0 || taken.length === 0) return [];
    const youngest = new Map<number, number>();
    for (const { priority, seq } of taken) youngest.set(priority, Math.max(seq, youngest.get(priority) ?? 0));
    const overtaken = (event: TakenEvent): boolean => event.seq < (youngest.get(event.priority) ?? 0);
    const found = this.#events.filter(overtaken);
    this.#events = this.#events.filter((event) => !overtaken(event));
    return found;
  }
}

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
