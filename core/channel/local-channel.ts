/**
 * The channel without a broker: events go straight into the inboxes of the subscriptions, as statements of the
 * publisher's own unit. So an event is there exactly when its cause is settled, and nothing between could lose it.
 */
import { acceptNewest } from '../delivery/inbox-newest';
import { acceptStatement, lockPartition } from '../delivery/inbox-schema';
import { asCrossdockError, CrossdockError } from '../errors';
import type { Statement, Store } from '../store';
import { addressOf, checkedAddress, checkedFilter } from './address';
import { StateHolder } from './channel-state';
import { assertEvent, type CloudEvent } from './cloudevents';
import { LocalRoutes } from './local-routes';
import { incomingEvent } from './received';
import { invalid } from './settings';
import type { ChannelState, LocalChannel, LocalRequest, PublishOptions, StateListener } from './types';

export interface LocalChannelConfig {
  /** Stays open when the channel closes. */
  readonly store: Store;
  /** Parts the channels of one store; an id of letters, digits, dots and hyphens. */
  readonly channelId: string;
  /** Unsettled messages of one subscription from which on publishing into it is refused (CHANNEL_BUSY). Default 100,000. */
  readonly highWater?: number;
}

const CONNECTED: ChannelState = { status: 'connected', protocol: 'local' };
const CLOSED: ChannelState = {
  status: 'closed',
  reason: { code: 'CHANNEL_CLOSED', message: 'The channel was closed.' },
};
/** On a shared store another process may subscribe. */
const SHARED_REFRESH_MS = 2000;
/** While the store fails. */
const PROBE_MS = 1000;
/** A full inbox is counted again this often at most. */
const COUNT_AGAIN_MS = 250;

/** Counts what is not settled, up to a bound, by the inbox's partial indexes. Parameters: source, bound, twice. */
const COUNT = `SELECT
  (SELECT count(*) FROM (SELECT 1 AS one FROM crossdock_inbox WHERE source = ? AND partition_key IS NOT NULL
    AND settled_at IS NULL LIMIT ?) AS a) +
  (SELECT count(*) FROM (SELECT 1 AS one FROM crossdock_inbox WHERE source = ? AND partition_key IS NULL
    AND state = 'ready' LIMIT ?) AS b) AS depth`;

/** What waits at a subscription: counted now and then, guessed upwards in between. */
interface Level {
  counted: number;
  /** Handed out since it was counted; whether they were committed and settled meanwhile is not known. */
  since: number;
  countedAt: number;
  counting: boolean;
}

/**
 * Opens the local channel `channelId` of a store.
 * @throws CrossdockError CONFIG_INVALID (permanent), or what the store rejects with
 */
export async function openLocalChannel(config: LocalChannelConfig): Promise<LocalChannel> {
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(config.channelId)) {
    throw invalid('The id of a local channel consists of letters, digits, dots and hyphens.', 'channelId');
  }
  return new StoreChannel(config, await LocalRoutes.open(config.store, config.channelId));
}

class StoreChannel implements LocalChannel {
  readonly kind = 'local';
  readonly store: Store;
  readonly #state = new StateHolder(CONNECTED);
  readonly #listeners = new Set<(source: string) => void>();
  readonly #levels = new Map<string, Level>();
  readonly #highWater: number;
  readonly #publishing = new Set<Promise<unknown>>();
  /** Where an event went: its address need not be its own. */
  readonly #routed = new WeakMap<CloudEvent, readonly string[]>();
  #refresher: NodeJS.Timeout | undefined;
  #probe: NodeJS.Timeout | undefined;

  constructor(
    config: LocalChannelConfig,
    private readonly routes: LocalRoutes,
  ) {
    this.store = config.store;
    this.#highWater = config.highWater ?? 100_000;
    for (const source of routes.sources) this.#levelOf(source);
    if (this.store.exclusive) return;
    this.#refresher = setInterval(() => this.#watch(this.#lookAround()), SHARED_REFRESH_MS);
    this.#refresher.unref();
  }

  get state(): ChannelState {
    return this.#state.current;
  }

  onState(listener: StateListener): () => void {
    return this.#state.onState(listener);
  }

  onPublished(listener: (source: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws CONFIG_INVALID (permanent) for a name or filter that cannot be. */
  async declare({ name, filter, newestOnly = false }: LocalRequest): Promise<string> {
    if (name === '' || name.length > 200 || /\p{Cc}/u.test(name)) {
      throw invalid('The name of a subscription needs 1 to 200 characters.', 'name');
    }
    await this.routes.declare(name, checkedFilter(filter), newestOnly);
    return this.routes.sourceOf(name);
  }

  async remove(name: string): Promise<void> {
    this.#levels.delete(this.routes.sourceOf(name));
    await this.routes.remove(name);
  }

  routable(event: CloudEvent, address?: string): boolean {
    const found = this.routes.match(addressed(event, address)).length > 0;
    if (!found) this.#watch(this.routes.lookAgain());
    return found;
  }

  /**
   * @throws CrossdockError EVENT_INVALID, CHANNEL_REFUSED (permanent), CHANNEL_UNROUTABLE (nobody is subscribed),
   *   CHANNEL_BUSY (a subscription has too much waiting) or CHANNEL_OFFLINE (closed; all transient)
   */
  statements(
    event: CloudEvent,
    options: Pick<PublishOptions, 'address' | 'written'> = {},
  ): readonly Statement[] {
    if (this.state.status === 'closed') throw offline(CLOSED.reason?.message ?? '', 'CHANNEL_CLOSED');
    const address = addressed(event, options.address);
    const sources = this.routes.match(address);
    if (sources.length === 0) {
      this.#watch(this.routes.lookAgain());
      throw unroutable(address);
    }
    const incoming = incomingEvent(event, address, undefined, options.written);
    for (const source of sources) this.#admit(source);
    this.#routed.set(event, sources);
    const accepts = sources.flatMap((source) =>
      this.routes.newestOnly(source) ? acceptNewest(source, incoming) : [acceptStatement(source, incoming)],
    );
    const { partitionKey } = incoming;
    if (this.store.exclusive || partitionKey === undefined) return accepts;
    return [...sources.map((source) => lockPartition(source, partitionKey)), ...accepts];
  }

  published(events: readonly CloudEvent[]): void {
    this.#works();
    const woken = new Set<string>();
    for (const event of events) {
      for (const source of this.#routed.get(event) ?? this.routes.match(addressOf(event))) woken.add(source);
    }
    for (const source of woken) tell(this.#listeners, source);
  }

  publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    const done = this.#publish(event, options);
    this.#publishing.add(done);
    const over = (): void => {
      this.#publishing.delete(done);
    };
    done.then(over, over);
    return options.timeoutMs === undefined ? done : within(done, options.timeoutMs);
  }

  async #publish(event: CloudEvent, options: PublishOptions): Promise<void> {
    try {
      const address = addressed(event, options.address);
      // Another process may have subscribed just now.
      if (this.routes.match(address).length === 0) await this.routes.refresh();
      await this.store.run(this.statements(event, options));
    } catch (thrown) {
      throw this.#failure(asCrossdockError(thrown));
    }
    this.published([event]);
  }

  /** Waits for what is being published; the store stays open. */
  async close(): Promise<void> {
    clearInterval(this.#refresher);
    clearInterval(this.#probe);
    this.#state.set(CLOSED);
    await Promise.allSettled(this.#publishing);
    this.#listeners.clear();
  }

  /** On a shared store: what other processes did to the subscriptions and their inboxes. */
  async #lookAround(): Promise<void> {
    await this.routes.refresh();
    await this.routes.sweep();
    for (const [source, level] of this.#levels) if (level.since > 0) this.#count(source, level);
  }

  #levelOf(source: string): Level {
    let level = this.#levels.get(source);
    if (level === undefined) {
      level = { counted: 0, since: 0, countedAt: Number.NEGATIVE_INFINITY, counting: false };
      this.#levels.set(source, level);
      // Most likely a new subscription; one that is old and full is found out by this count.
      this.#count(source, level);
    }
    return level;
  }

  /** Throws CHANNEL_BUSY when the subscription's inbox was full at the last count. Only then is it counted again. */
  #admit(source: string): void {
    const level = this.#levelOf(source);
    if (level.counted + level.since >= this.#highWater) this.#count(source, level);
    if (level.counted >= this.#highWater) {
      throw new CrossdockError(
        `${this.#highWater} or more messages wait at a subscription of the channel already.`,
        { code: 'CHANNEL_BUSY', kind: 'transient', retryAfterMs: 1000, facts: { subscription: source } },
      );
    }
    level.since += 1;
  }

  #count(source: string, level: Level): void {
    if (level.counting || performance.now() - level.countedAt < COUNT_AGAIN_MS) return;
    level.counting = true;
    const before = level.since;
    const bound = this.#highWater + 1;
    const counted = this.store
      .run([{ sql: COUNT, params: [source, bound, source, bound] }])
      .then(([result]) => {
        level.counted = Number(result?.rows[0]?.['depth'] ?? 0);
        level.since -= before;
      });
    this.#watch(
      counted.finally(() => {
        level.counting = false;
        level.countedAt = performance.now();
      }),
    );
  }

  /** Work beside the publishing: its failure shows in the state, and nowhere else. */
  #watch(work: Promise<unknown> | undefined): void {
    work?.catch((thrown: unknown) => this.#failure(asCrossdockError(thrown)));
  }

  /** The store's trouble is the channel's: it shows in the state, and publishers get the errors of every channel. */
  #failure(error: CrossdockError): CrossdockError {
    if (error.kind !== 'transient' || !error.code.startsWith('STORE_')) return error;
    if (error.code === 'STORE_OVERLOADED') {
      return new CrossdockError(error.message, {
        code: 'CHANNEL_BUSY',
        kind: 'transient',
        retryAfterMs: error.retryAfterMs ?? 1000,
        cause: error,
      });
    }
    this.#state.set({ status: 'reconnecting', reason: { code: error.code, message: error.message } });
    if (this.#probe === undefined && this.state.status === 'reconnecting') {
      this.#probe = setInterval(() => this.#watch(this.routes.probe().then(() => this.#works())), PROBE_MS);
      this.#probe.unref();
    }
    return offline(error.message, error.code, error);
  }

  /** The store has committed something. */
  #works(): void {
    if (this.#probe === undefined) return;
    clearInterval(this.#probe);
    this.#probe = undefined;
    this.#state.set(CONNECTED);
  }
}

function addressed(event: CloudEvent, address: string | undefined): string {
  if (address !== undefined) return checkedAddress(address);
  try {
    return addressOf(event);
  } catch (thrown) {
    // Most likely it is no event; then that is what is to be said.
    assertEvent(event);
    throw thrown;
  }
}

/** A listener's fault must not break the channel: they show a status or look into an inbox, nothing else. */
function tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) {
    try {
      listener(value);
    } catch {
      // See above.
    }
  }
}

function within(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message =
        'The store did not confirm the event in time. It may have it: publish it again with the same id.';
      reject(new CrossdockError(message, { code: 'CHANNEL_TIMEOUT', kind: 'transient' }));
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function unroutable(address: string): CrossdockError {
  return new CrossdockError(
    `Nobody is subscribed to ${address.slice(0, 200)}. The event waits until someone is.`,
    {
      code: 'CHANNEL_UNROUTABLE',
      kind: 'transient',
      facts: { address: address.slice(0, 200) },
    },
  );
}

function offline(why: string, reason: string, cause?: CrossdockError): CrossdockError {
  return new CrossdockError(`The local channel cannot take events. ${why}`, {
    code: 'CHANNEL_OFFLINE',
    kind: 'transient',
    facts: { reason },
    ...(cause?.retryAfterMs === undefined ? {} : { retryAfterMs: cause.retryAfterMs }),
    ...(cause === undefined ? {} : { cause }),
  });
}
