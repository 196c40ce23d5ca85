/**
 * The dead letters of every store that is open, for the admin API: their desk works (and replays) as long as the store
 * does, whoever looks. Editors are told that something has changed, at most once a second; what it is, they ask.
 */
import { type Backoff, backoffDelay } from '../../core/delivery';
import { asCrossdockError } from '../../core/errors';
import { Desk } from '../../core/replay';
import type { Store } from '../../core/store';
import { mappingBehind } from './mappers';
import { openSourceOf } from './open-sources';
import type { Red, RedNode } from './red';

export interface OpenDesk {
  readonly id: string;
  readonly name: string;
  readonly store: Store;
  readonly desk: Desk;
}

interface Entry {
  readonly node: RedNode;
  readonly store: Store;
  readonly publish: Publisher;
  /** Stock changes often: only those who look at it are told. */
  readonly publishStock: Publisher;
  desk: Desk | undefined;
  closed: boolean;
  timer: NodeJS.Timeout | undefined;
}

const TOLD_EVERY_MS = 1000;
const OPEN_BACKOFF: Backoff = { baseMs: 500, capMs: 30_000 };

const entries = new Set<Entry>();

/** Opens the desk of a store, in the background, again and again until it is open. Returns what closes it. */
export function openDesk(red: Red, node: RedNode, store: Store): () => Promise<void> {
  const publish = new Publisher(red, `crossdock/console/${node.id}`);
  const publishStock = new Publisher(red, `crossdock/console/${node.id}/stock`);
  const entry: Entry = {
    node,
    store,
    publish,
    publishStock,
    desk: undefined,
    closed: false,
    timer: undefined,
  };
  entries.add(entry);
  let opening = Promise.resolve();
  const open = (failures: number): void => {
    opening = begin(red, entry).catch((thrown: unknown) => {
      const error = asCrossdockError(thrown);
      if (entry.closed) return;
      // The nodes that use the store say themselves why it does not work.
      if (!error.retryable) node.warn(error.message);
      entry.timer = setTimeout(() => open(failures + 1), backoffDelay(OPEN_BACKOFF, failures + 1));
      entry.timer.unref();
    });
  };
  open(0);
  return async () => {
    entry.closed = true;
    entries.delete(entry);
    clearTimeout(entry.timer);
    publish.close();
    publishStock.close();
    await opening;
    await entry.desk?.close();
  };
}

async function begin(red: Red, entry: Entry): Promise<void> {
  const { store, node } = entry;
  let told = '';
  const desk = await Desk.open(store, {
    targets: {
      open: (source) => openSourceOf(store, source) !== undefined,
      arrived: (source, count) => openSourceOf(store, source)?.arrived(count),
      findMapping: (source) => {
        const open = openSourceOf(store, source);
        return open === undefined ? undefined : mappingBehind(red, open.nodeId);
      },
    },
    changed: () => lettersChanged(store),
    onProblem: (error) => {
      if (entry.closed || told === error.message) return;
      told = error.message;
      node.warn(`The replay waits: ${error.message}`);
    },
  });
  entry.desk = desk;
  if (entry.closed) await desk.close();
}

/** The desks that are open, in the order of their opening. */
export function openDesks(): OpenDesk[] {
  return [...entries].flatMap(({ node, store, desk }) =>
    desk === undefined ? [] : { id: node.id, name: node.name ?? '', store, desk },
  );
}

export function deskOf(id: string): Desk | undefined {
  for (const { node, desk } of entries) if (node.id === id) return desk;
  return undefined;
}

/** Those that show how many letters a store has. */
const listeners = new Map<Store, Set<() => void>>();

/** Calls the listener whenever the dead letters of this store may have changed. Returns what ends that. */
export function onLetters(store: Store, listener: () => void): () => void {
  const known = listeners.get(store) ?? new Set();
  listeners.set(store, known);
  known.add(listener);
  return () => {
    known.delete(listener);
    if (known.size === 0 && listeners.get(store) === known) listeners.delete(store);
  };
}

/** The dead letters of this store have changed. */
export function lettersChanged(store: Store): void {
  for (const entry of entries) if (entry.store === store) entry.publish.changed();
  for (const listener of listeners.get(store) ?? []) listener();
}

/** What channels are told of stock, or whether they can be told, has changed. */
export function stockChanged(store: Store): void {
  for (const entry of entries) if (entry.store === store) entry.publishStock.changed();
}

/** The editor's socket queues without bound, so a burst is told once. */
class Publisher {
  #rev = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly red: Red,
    private readonly topic: string,
  ) {}

  changed(): void {
    this.#rev += 1;
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#last + TOLD_EVERY_MS - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#last = Date.now();
      this.red.comms?.publish(this.topic, { rev: this.#rev });
    }, wait);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
