/**
 * What a relay has in memory: the events of one key in a chain, of which only the first is under way; the chains that
 * can go in lanes, by priority. Keys keep their order within a priority.
 */
import type { CloudEvent, WrittenEvent } from '../channel/cloudevents';
import { CrossdockError } from '../errors';

/** An event that was taken from the store. */
export interface TakenEvent {
  readonly seq: number;
  readonly partitionKey: string | undefined;
  readonly priority: number;
  /** A CloudEvent, structured JSON. */
  readonly event: string;
  readonly address: string | undefined;
  readonly retain: boolean;
  /** Failed tries so far. */
  readonly attempts: number;
  /** Of one that came by hand (outbox-relay.ts): what need not be read again. */
  readonly written?: WrittenEvent | undefined;
}

export interface Chain {
  /** Undefined: a single event without order. */
  readonly id: string | undefined;
  readonly partitionKey: string | undefined;
  readonly priority: number;
  /** By age; the first is under way or the next to go. */
  readonly events: TakenEvent[];
  /** More of its key may be queued in the store. */
  more: boolean;
  /** In a lane, or its first one is under way. */
  active: boolean;
}

/** Events of one key in memory, at most: one slow key must not take the room of all others. */
export const MAX_CHAIN = 64;

interface Lane {
  readonly priority: number;
  chains: Chain[];
  /** Index of the first: shifting a long array would move all of it. */
  head: number;
}

export class Lanes {
  /** What is taken and not yet written off in the store: the length of each event, by seq. */
  readonly held = new Map<number, number>();
  /** Sum of the lengths in `held`, in characters. */
  size = 0;
  /** Chains that have nothing left in memory and want more from the store. */
  readonly hungry = new Set<Chain>();
  readonly #chains = new Map<string, Chain>();
  readonly #lanes: Lane[] = [];

  /**
   * @param id its chain's (`chainId`)
   * @param more older or younger ones of its key may be queued in the store
   */
  add(event: TakenEvent, id: string | undefined, more: boolean): void {
    this.#hold(event);
    const chain = this.#chainOf(event, id);
    chain.more ||= more;
    this.#insert(chain, event);
    this.hungry.delete(chain);
    this.#list(chain);
  }

  /** A hungry chain gets what there was in the store, by `add`; `more` says whether there may be still more. */
  feed(chain: Chain, more: boolean): void {
    this.hungry.delete(chain);
    chain.more = more;
  }

  /** It got nothing: it ends. */
  fed(chain: Chain): void {
    if (chain.events.length === 0) this.#end(chain);
  }

  /** Whether so many of its key are in memory that this one should leave the room to others. @param id its chain's */
  isLong(id: string | undefined): boolean {
    return id !== undefined && (this.#chains.get(id)?.events.length ?? 0) >= MAX_CHAIN;
  }

  /** This event goes back to the store, behind others of its key. @param id its chain's */
  leaveBehind(event: TakenEvent, id: string | undefined): void {
    this.#hold(event);
    const chain = id === undefined ? undefined : this.#chains.get(id);
    if (chain !== undefined) chain.more = true;
  }

  /** These are written off in the store. */
  release(seqs: readonly number[]): void {
    for (const seq of seqs) {
      this.size -= this.held.get(seq) ?? 0;
      this.held.delete(seq);
    }
  }

  /** The next chain whose first event is to be published, by priority. */
  next(): Chain | undefined {
    for (const lane of this.#lanes) {
      const chain = lane.chains[lane.head];
      if (chain === undefined) continue;
      lane.head += 1;
      if (lane.head === lane.chains.length || lane.head === 1024) {
        lane.chains = lane.chains.slice(lane.head);
        lane.head = 0;
      }
      return chain;
    }
    return undefined;
  }

  /** The first event of the chain is done with: its key goes on. */
  advance(chain: Chain): void {
    chain.events.shift();
    chain.active = false;
    if (chain.events.length > 0) this.#list(chain);
    else if (chain.more) this.hungry.add(chain);
    else this.#end(chain);
  }

  /** The first event of the chain could not go just now; the same again. */
  again(chain: Chain): void {
    chain.active = false;
    this.#list(chain);
  }

  /** The first event waits from now on: its key ends here. @returns what stood behind it */
  break(chain: Chain): readonly TakenEvent[] {
    this.#end(chain);
    return chain.events.slice(1);
  }

  #hold({ seq, event }: TakenEvent): void {
    this.held.set(seq, event.length);
    this.size += event.length;
  }

  #chainOf(event: TakenEvent, id: string | undefined): Chain {
    const known = id === undefined ? undefined : this.#chains.get(id);
    if (known !== undefined) return known;
    const { partitionKey, priority } = event;
    const chain: Chain = { id, partitionKey, priority, events: [], more: false, active: false };
    if (id !== undefined) this.#chains.set(id, chain);
    return chain;
  }

  #insert({ events, active }: Chain, event: TakenEvent): void {
    let at = events.length;
    // The one that is under way stays the first.
    const first = active ? 1 : 0;
    while (at > first && (events[at - 1]?.seq ?? 0) > event.seq) at -= 1;
    if (at === events.length) events.push(event);
    else events.splice(at, 0, event);
  }

  #list(chain: Chain): void {
    if (chain.active) return;
    chain.active = true;
    let lane = this.#lanes.find(({ priority }) => priority === chain.priority);
    if (lane === undefined) {
      lane = { priority: chain.priority, chains: [], head: 0 };
      this.#lanes.push(lane);
      this.#lanes.sort((a, b) => a.priority - b.priority);
    }
    lane.chains.push(chain);
  }

  #end(chain: Chain): void {
    if (chain.id !== undefined) this.#chains.delete(chain.id);
  }
}

/** What tells the chain of an event; undefined when it is alone. */
export function chainId({
  partitionKey,
  priority,
}: Pick<TakenEvent, 'partitionKey' | 'priority'>): string | undefined {
  return partitionKey === undefined ? undefined : `${priority} ${partitionKey}`;
}

/**
 * The event as a channel takes it; it was checked when it was added. Bytes lie as base64 within the row.
 * Throws EVENT_INVALID (permanent) for a row that cannot be read.
 */
export function writtenOf({ event: text, written }: TakenEvent): WrittenEvent {
  if (written !== undefined) return written;
  let event: CloudEvent & { data_base64?: unknown };
  try {
    event = JSON.parse(text) as typeof event;
  } catch (cause) {
    throw new CrossdockError('The event in the outbox is not JSON.', {
      code: 'EVENT_INVALID',
      kind: 'permanent',
      cause,
    });
  }
  const { data_base64: base64, ...rest } = event;
  if (typeof base64 !== 'string') return { event, text, dataAt: undefined };
  return { event: { ...rest, data: Buffer.from(base64, 'base64') }, text, dataAt: undefined };
}
