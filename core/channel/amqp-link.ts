/** A connection that is kept: opened again for as long as nobody closes the link, with its state shown. */
import type { ChannelModel } from 'amqplib';
import { backoffDelay } from '../delivery/backoff';
import type { AmqpSettings } from './amqp-config';
import { AmqpConnection } from './amqp-connection';
import { reasonOfConnection } from './amqp-reasons';
import { type Reason, StateHolder } from './channel-state';

export const PROTOCOL = 'AMQP 0-9-1';
/** Ms at least before the next attempt when the broker refused us. */
const SLOW_MS = 5000;
/** Ms after which a connection counts as good, so that its end starts the backoff anew. */
const STABLE_MS = 10_000;
/** Ms that the preparations on a new connection may take. */
const PREPARE_MS = 30_000;

export interface LinkHooks {
  /** Prepares a new connection; the link is `connected` after that. A rejection ends the connection. */
  prepare?(model: ChannelModel): Promise<void>;
  /** It is `connected` now. */
  ready(model: ChannelModel): void;
  /** The connection has ended, also one that was never ready. */
  lost(reason: Reason): void;
  blocked?(blocked: boolean): void;
}

export class AmqpLink {
  readonly state = new StateHolder({ status: 'connecting' });
  readonly #settings: AmqpSettings;
  readonly #purpose: string;
  readonly #hooks: LinkHooks;
  #connection: AmqpConnection | undefined;
  #model: ChannelModel | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #readyAt: number | undefined;
  #closing = false;

  constructor(settings: AmqpSettings, purpose: string, hooks: LinkHooks) {
    this.#settings = settings;
    this.#purpose = purpose;
    this.#hooks = hooks;
    this.#connect();
  }

  /** While `connected`. */
  get model(): ChannelModel | undefined {
    return this.#model;
  }

  /** Bytes that came from the broker on this connection. */
  get heard(): number {
    return this.#connection?.heard ?? 0;
  }

  /** What was just published leaves as one write. */
  gather(): void {
    this.#connection?.gather();
  }

  /** Ends the connection; the next attempt follows. */
  drop(reason: Reason): void {
    this.#connection?.drop(reason);
  }

  /** The connection's model when there is one within `ms`. */
  async modelWithin(ms: number): Promise<ChannelModel | undefined> {
    if (this.#closing) return undefined;
    if (this.#model !== undefined) return this.#model;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, ms);
      const unlisten = this.state.onState(({ status }) => {
        if (status === 'connected' || status === 'closed') done();
      });
      function done(): void {
        clearTimeout(timer);
        unlisten();
        resolve();
      }
    });
    return this.#model;
  }

  /** Connects no more; what is connected stays until `close`. */
  stop(): void {
    this.#closing = true;
    clearTimeout(this.#retry);
    this.state.set(CLOSED);
  }

  /** Disconnects for good. */
  async close(): Promise<void> {
    this.stop();
    await this.#connection?.close();
  }

  #connect(): void {
    const connection = new AmqpConnection(this.#settings, this.#purpose, {
      connected: (model) => void this.#prepare(connection, model),
      blocked: (blocked) => this.#hooks.blocked?.(blocked),
      ended: (reason) => {
        if (this.#connection === connection) this.#ended(reason);
      },
    });
    this.#connection = connection;
  }

  async #prepare(connection: AmqpConnection, model: ChannelModel): Promise<void> {
    const { shownAddress, vhost } = this.#settings;
    const timer = setTimeout(
      () =>
        connection.drop({
          code: 'CHANNEL_UNAVAILABLE',
          message: `${shownAddress} takes too long to answer.`,
        }),
      PREPARE_MS,
    );
    try {
      await this.#hooks.prepare?.(model);
    } catch (error) {
      connection.drop(reasonOfConnection(error, shownAddress, vhost));
      return;
    } finally {
      clearTimeout(timer);
    }
    if (this.#connection !== connection || this.#closing) return;
    this.#readyAt = performance.now();
    this.#model = model;
    this.state.set({ status: 'connected', protocol: PROTOCOL });
    this.#hooks.ready(model);
  }

  #ended(reason: Reason): void {
    const lived = this.#readyAt === undefined ? undefined : performance.now() - this.#readyAt;
    this.#connection = undefined;
    this.#model = undefined;
    this.#readyAt = undefined;
    this.#hooks.lost(reason);
    if (this.#closing) return;
    if (lived !== undefined && lived > STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    const first = this.state.current.status === 'connecting' && lived === undefined && reason.slow !== true;
    this.state.set({
      status: first ? 'connecting' : 'reconnecting',
      reason: { code: reason.code, message: reason.message },
    });
    this.#retry = setTimeout(() => this.#connect(), retryDelay(this.#settings, this.#failures, reason));
  }
}

export const CLOSED = {
  status: 'closed',
  reason: { code: 'CHANNEL_CLOSED', message: 'The channel was closed.' },
} as const;

/** Ms until the next attempt; longer when the broker refused us, since brokers and operators dislike who insists. */
export function retryDelay(settings: AmqpSettings, failures: number, reason: Reason): number {
  const { backoff } = settings;
  const floor = Math.min(backoff.capMs, reason.slow ? SLOW_MS : backoff.baseMs / 2);
  return backoffDelay(backoff, failures, floor);
}
