/** One outbox with its relay per store and channel: all event out nodes of a channel share it. */
import { type AnyChannel, type LocalChannel, writtenEvent } from '../../core/channel';
import { type Backoff, type Outbox, openOutbox } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';

interface Entry {
  readonly channel: AnyChannel;
  readonly outbox: Promise<Outbox>;
  users: number;
  /** Set when its last user has left; resolves when it has stopped. */
  closing: Promise<void> | undefined;
}

export interface SharedOutbox {
  readonly outbox: Outbox;
  /** Lets go of it; the last one to do so stops it. */
  release(): Promise<void>;
}

const entries = new Map<string, Entry>();
/** Longest wait for an earlier deploy's outbox; below Node-RED's own limit for closing nodes. */
const EARLIER_MAY_TAKE_MS = 12_000;
/** A subscription of a local channel is found soon, and looking for it costs nothing. */
const LOCAL_BACKOFF: Backoff = { baseMs: 250, capMs: 2000 };

/**
 * The outbox of a channel, started. A node that opens while the one before it closes waits for its relay to stop, so
 * that nothing is published twice.
 */
export async function useOutbox(store: Store, channelId: string, channel: AnyChannel): Promise<SharedOutbox> {
  const key = `${store.instanceId} ${channelId}`;
  for (let entry = entries.get(key); entry !== undefined; entry = entries.get(key)) {
    if (entry.channel === channel && entry.closing === undefined) return join(key, entry);
    await Promise.race([entry.closing ?? after(EARLIER_MAY_TAKE_MS), after(EARLIER_MAY_TAKE_MS)]);
    // Should it still be there, its fence keeps it from doing harm.
    if (entries.get(key) === entry) entries.delete(key);
  }
  const entry: Entry = { channel, outbox: start(store, channelId, channel), users: 0, closing: undefined };
  entries.set(key, entry);
  return join(key, entry);
}

async function join(key: string, entry: Entry): Promise<SharedOutbox> {
  entry.users += 1;
  const forget = (): void => {
    if (entries.get(key) === entry) entries.delete(key);
  };
  let outbox: Outbox;
  try {
    outbox = await entry.outbox;
  } catch (thrown) {
    forget();
    throw thrown;
  }
  let released = false;
  return {
    outbox,
    release: async () => {
      if (released) return;
      released = true;
      entry.users -= 1;
      if (entry.users > 0) return;
      entry.closing = outbox.stop().finally(forget);
      await entry.closing;
    },
  };
}

async function start(store: Store, channelId: string, channel: AnyChannel): Promise<Outbox> {
  const local = channel.kind === 'local';
  const outbox = await openOutbox({
    store,
    channelId,
    publisher: local ? asked(channel) : channel,
    ...(local ? { backoff: LOCAL_BACKOFF } : {}),
  });
  outbox.start();
  return outbox;
}

/** The local channel, asked before each publish whether anybody is subscribed: that needs no look into the store. */
function asked(channel: LocalChannel): Pick<LocalChannel, 'publish' | 'state' | 'onState'> {
  return {
    get state() {
      return channel.state;
    },
    onState: (listener) => channel.onState(listener),
    publish: async (event, { written, ...options } = {}) => {
      if (!channel.routable(event, options.address)) {
        throw new CrossdockError('Nobody is subscribed to the address. The event waits until someone is.', {
          code: 'CHANNEL_UNROUTABLE',
          kind: 'transient',
        });
      }
      await channel.publish(written === undefined ? event : writtenEvent(written), options);
    },
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
