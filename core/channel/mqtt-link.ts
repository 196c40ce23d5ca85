/**
 * A link to a broker: one connection after the other, for as long as it is not stopped. It knows when to try again,
 * which version to offer and what to say about it; what travels over a connection is its peer's business (the
 * publishing side of a channel, or a subscription).
 */
import { backoffDelay } from '../delivery/backoff';
import { StateHolder } from './channel-state';
import type { MqttSettings } from './mqtt-config';
import {
  type BrokerLimits,
  type ConnectionIdentity,
  type IncomingPacket,
  MqttConnection,
  type MqttVersion,
} from './mqtt-connection';
import { type Reason, reasonOfDrops } from './mqtt-reasons';
import type { ChannelState, StateListener } from './types';

/** Silent hang-ups in a row after which MQTT 3.1.1 is tried: some old brokers refuse version 5 without a word. */
const SILENT_LIMIT = 3;
/** Ms at least before the next attempt when the broker refused us: brokers ban those who insist. */
const SLOW_MS = 5000;
/** Ms after which a connection counts as good, so that its end starts the backoff anew. */
const STABLE_MS = 10_000;
/** Ms within which the broker hangs up twice in a row for us to suspect another client with our client id. */
const DROPPED_MS = 60_000;

/** An established connection. */
export interface Up {
  readonly connection: MqttConnection;
  readonly limits: BrokerLimits;
  readonly version: MqttVersion;
}

/** What the link tells its owner. None of these may throw. */
export interface LinkPeer {
  /** A new connection begins; messages of a session may come before `up`. */
  opening?(connection: MqttConnection): void;
  /** See ConnectionEvents.message. */
  message?(packet: IncomingPacket): boolean;
  /** See ConnectionEvents.acknowledged. */
  acknowledged?(): void;
  /** The broker accepted us. When all is as it should be, the owner calls `ready`. */
  up(up: Up): void;
  /** The connection is gone, for whatever reason; called for each connection, also for one that never came up. */
  down(): void;
}

export class MqttLink {
  readonly #settings: MqttSettings;
  readonly #identity: ConnectionIdentity;
  readonly #peer: LinkPeer;
  readonly #state = new StateHolder({ status: 'connecting' });
  #connection: MqttConnection | undefined;
  #up: Up | undefined;
  #upAt = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #silent = 0;
  #dropped = 0;
  #version: MqttVersion = 5;
  /** The broker has accepted version 5 before: when it hangs up without a word, that is not the reason. */
  #speaks5 = false;
  /** It accepted 3.1.1 after silence: whether it is silent about version 5 even now shows what it speaks. */
  #proving = false;
  #stopped = false;
  /** The connection is being closed by `restart`, with what is to be said about it. */
  #restarting: { readonly reason: ChannelState['reason'] } | undefined;

  constructor(settings: MqttSettings, identity: ConnectionIdentity, peer: LinkPeer) {
    this.#settings = settings;
    this.#identity = identity;
    this.#peer = peer;
  }

  get state(): ChannelState {
    return this.#state.current;
  }

  /** The connection, once the broker has accepted it. */
  get current(): Up | undefined {
    return this.#up;
  }

  onState(listener: StateListener): () => void {
    return this.#state.onState(listener);
  }

  start(): void {
    if (!this.#stopped && this.#connection === undefined) this.#connect(this.#version);
  }

  /** The owner can work: the state becomes `connected`, with what is to be warned of. */
  ready(warning?: ChannelState['warning']): void {
    if (this.#up === undefined || this.#stopped) return;
    this.#state.set({
      status: 'connected',
      protocol: this.#up.version === 5 ? 'MQTT 5' : 'MQTT 3.1.1',
      ...(warning === undefined ? {} : { warning }),
    });
  }

  /** The connection has been of use: the next failure is the first one. */
  progressed(): void {
    this.#failures = 0;
  }

  /** Cuts the connection for this reason and tries again by the schedule. */
  drop(reason: Reason): void {
    this.#connection?.drop(reason);
  }

  /** Says goodbye and connects again at once. The reason is shown meanwhile. */
  restart(reason?: ChannelState['reason']): void {
    if (this.#stopped || this.#connection === undefined || this.#restarting !== undefined) return;
    this.#restarting = { reason };
    void this.#connection.close();
  }

  /** No further attempts; the state is `closed`. An established connection stays until `close`. */
  stop(reason: NonNullable<ChannelState['reason']>): void {
    if (this.#stopped) return;
    clearTimeout(this.#retryTimer);
    this.#state.set({ status: 'closed', reason });
    this.#stopped = true;
    // One that has not come up is of no use any more.
    if (this.#up === undefined) void this.#connection?.close();
  }

  /** Ends the connection, after `stop`. */
  async close(): Promise<void> {
    await this.#connection?.close();
  }

  #connect(version: MqttVersion): void {
    // A network that is cut hangs up without a word too. Over 3.1.1 the events of others come without what MQTT 5 says
    // beside them, and nobody could read them: so it is used only for a broker that knows nothing better.
    const unproven = version !== this.#version;
    const connection = new MqttConnection(this.#settings, version, this.#identity, {
      connected: (limits) => {
        if (this.#connection !== connection) return;
        if (unproven) {
          this.#proving = true;
          void connection.close();
          return;
        }
        this.#proving = false;
        if (version === 5) this.#speaks5 = true;
        this.#up = { connection, limits, version };
        this.#upAt = performance.now();
        this.#silent = 0;
        if (!this.#stopped) this.#peer.up(this.#up);
      },
      // Not acknowledged, it comes again.
      message: (packet) => unproven || (this.#peer.message?.(packet) ?? true),
      acknowledged: () => this.#peer.acknowledged?.(),
      ended: (reason, silent) => {
        if (this.#connection === connection) this.#lost(reason, silent, version);
      },
    });
    this.#connection = connection;
    this.#peer.opening?.(connection);
  }

  #lost(why: Reason, silent: boolean, version: MqttVersion): void {
    const wasUp = this.#up !== undefined;
    const restarting = this.#restarting;
    this.#connection = undefined;
    this.#up = undefined;
    this.#restarting = undefined;
    this.#peer.down();
    if (this.#stopped) return;
    if (restarting !== undefined) {
      this.#state.set({
        status: this.#state.current.status === 'connecting' ? 'connecting' : 'reconnecting',
        ...(restarting.reason === undefined ? {} : { reason: restarting.reason }),
      });
      this.#retry(0, version);
      return;
    }
    if (this.#proving) {
      if (version === 4) {
        this.#retry(0, 5);
        return;
      }
      this.#proving = false;
      if (silent) {
        this.#version = 4;
        this.#retry(0, 4);
        return;
      }
    }
    const lived = wasUp ? performance.now() - this.#upAt : 0;
    // Before MQTT 5 (and in old brokers that speak it) a takeover of the client id is a hang-up without a word.
    this.#dropped = wasUp && why.wordless === true && lived < DROPPED_MS ? this.#dropped + 1 : 0;
    const reason = this.#dropped < 2 ? why : reasonOfDrops(this.#settings.shownAddress);
    if (lived > STABLE_MS) this.#failures = 0;
    this.#failures += 1;
    this.#silent = silent ? this.#silent + 1 : 0;
    const status = this.#state.current.status === 'connecting' && !wasUp ? 'connecting' : 'reconnecting';
    if (reason.version === true && version === 5) {
      this.#version = 4;
      this.#state.set({ status });
      this.#retry(0, 4);
      return;
    }
    // Refused as 3.1.1 as well: the next attempt starts from the top.
    if (reason.version === true) this.#version = 5;
    this.#state.set({ status, reason: { code: reason.code, message: reason.message } });
    const { backoff } = this.#settings;
    const floor = Math.min(backoff.capMs, reason.slow ? SLOW_MS : backoff.baseMs / 2);
    const older = !this.#speaks5 && this.#silent >= SILENT_LIMIT && this.#silent % 2 === 1;
    this.#retry(backoffDelay(backoff, this.#failures, floor), older ? 4 : this.#version);
  }

  #retry(delayMs: number, version: MqttVersion): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(version), delayMs);
  }
}
