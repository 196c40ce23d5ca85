/**
 * A durable subscription at an MQTT broker: a connection of its own with a session of its own (client id
 * `<clientId>-<hash of the name>`, QoS 1), so that what is published while we are away waits at the broker, and one
 * slow subscription does not hold up another or the publishing side.
 *
 * MQTT knows no "not now": what is unacknowledged comes again only on the next connection [MQTT-4.4.0-1]. So after
 * `requeue` the subscription connects anew, with the channel's backoff: it takes nothing more, waits a moment for
 * what is still open, and goes.
 */
import { createHash } from 'node:crypto';
import { backoffDelay } from '../delivery/backoff';
import { CrossdockError } from '../errors';
import { checkedFilter } from './address';
import type { MqttSettings } from './mqtt-config';
import type { ConnectionIdentity, IncomingPacket, MqttConnection } from './mqtt-connection';
import { MqttInflow } from './mqtt-inflow';
import { MqttLink, type Up } from './mqtt-link';
import { type BrokerCheck, sessionWarning, WARNINGS, type Warning } from './mqtt-probe';
import { reasonOfSilence, reasonOfSuback } from './mqtt-reasons';
import type {
  ChannelState,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';

/** Ms for which a connection that is to be made anew waits for what is still open. */
const DRAIN_MS = 5000;
/** Ms that `remove` gives the broker. */
const REMOVE_MS = 3000;
const REMOVED = { code: 'CHANNEL_CLOSED', message: 'The subscription was ended.' };
const CLOSED = { code: 'CHANNEL_CLOSED', message: 'The subscription was closed.' };
const REDELIVERY = {
  code: 'CHANNEL_REDELIVERY',
  message: 'Connects anew, so that the broker delivers again what could not be taken.',
};

/**
 * Checks what is asked for. Throws CONFIG_INVALID (permanent): a bad filter, a window that is not 1 to 65,535, or a
 * channel without a client id of its own.
 */
export function checkedRequest(settings: MqttSettings, request: SubscriptionRequest): SubscriptionRequest {
  const invalid = (message: string, setting: string) =>
    new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { setting } });
  if (!settings.clientIdGiven) {
    throw invalid(
      'The channel needs a client id of its own, by which the broker knows its subscriptions again after a restart.',
      'clientId',
    );
  }
  if (!(Number.isInteger(request.window) && request.window >= 1 && request.window <= 0xffff)) {
    throw invalid('The number of messages at once must be a whole number from 1 to 65,535.', 'window');
  }
  const { previousFilter } = request;
  return {
    ...request,
    filter: checkedFilter(request.filter),
    ...(previousFilter === undefined ? {} : { previousFilter: checkedFilter(previousFilter) }),
  };
}

export class MqttSubscription implements Subscription {
  staleAcknowledgements = 0;
  readonly #settings: MqttSettings;
  readonly #request: SubscriptionRequest;
  readonly #onMessage: (message: ReceivedMessage) => void;
  readonly #check: BrokerCheck;
  readonly #identity: ConnectionIdentity;
  readonly #filter: string;
  readonly #link: MqttLink;
  #inflow: MqttInflow | undefined;
  #answerTimer: NodeJS.Timeout | undefined;
  #redeliveryTimer: NodeJS.Timeout | undefined;
  #draining = false;
  #requeues = 0;
  #requeuedAt = Number.NEGATIVE_INFINITY;
  /** The QoS that the broker has granted last, to this process. */
  #granted: number | undefined;
  #previousFilter: string | undefined;
  /** Connected anew only to see whether the broker keeps the session. */
  #probing = false;
  /** What the last connection showed about the session. */
  #sessionWarning: Warning | undefined;
  #closed: Promise<void> | undefined;

  /** @param request as `checkedRequest` returned it */
  constructor(
    settings: MqttSettings,
    request: SubscriptionRequest,
    check: BrokerCheck,
    onMessage: (message: ReceivedMessage) => void,
  ) {
    this.#settings = settings;
    this.#request = request;
    this.#check = check;
    this.#onMessage = onMessage;
    this.#filter = `${settings.topicPrefix}/${request.filter}`;
    this.#previousFilter = request.previousFilter === request.filter ? undefined : request.previousFilter;
    this.#identity = {
      clientId: `${settings.clientId}-${createHash('sha256').update(request.name).digest('hex').slice(0, 8)}`,
      session: {
        expirySeconds: settings.sessionExpiryDays * 86_400,
        receiveMaximum: request.window,
      },
    };
    this.#link = new MqttLink(settings, this.#identity, {
      opening: (connection) => this.#opening(connection),
      message: (packet) => this.#message(packet),
      up: (up) => this.#up(up),
      down: () => this.#down(),
    });
    this.#link.start();
  }

  get state(): ChannelState {
    return this.#link.state;
  }

  onState(listener: StateListener): () => void {
    return this.#link.onState(listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close(CLOSED);
    return this.#closed;
  }

  /**
   * Ends the session at the broker: a clean start under the same client id does so in MQTT 5 and 3.1.1 alike. When
   * the broker cannot be reached in 3 s, the session ends there by itself after `sessionExpiryDays`.
   */
  async remove(): Promise<void> {
    this.#closed ??= this.#close(REMOVED);
    await this.#closed;
    let accepted: () => void = () => undefined;
    const up = new Promise<void>((done) => {
      accepted = done;
    });
    const identity = { clientId: this.#identity.clientId };
    const link = new MqttLink(this.#settings, identity, { up: () => accepted(), down: () => undefined });
    const timer = setTimeout(accepted, REMOVE_MS);
    link.start();
    await up;
    clearTimeout(timer);
    link.stop(REMOVED);
    await link.close();
  }

  async #close(reason: NonNullable<ChannelState['reason']>): Promise<void> {
    clearTimeout(this.#redeliveryTimer);
    clearTimeout(this.#answerTimer);
    this.#inflow?.finish();
    this.#link.stop(reason);
    await this.#link.close();
  }

  #opening(connection: MqttConnection): void {
    const inflow = new MqttInflow(connection, {
      window: this.#request.window,
      topicPrefix: this.#settings.topicPrefix,
      onMessage: this.#onMessage,
      onRequeue: () => this.#requeued(),
      onProgress: () => this.#link.progressed(),
      onIdle: () => {
        if (this.#draining && this.#inflow === inflow) this.#connectAnew(inflow);
      },
      onStale: () => {
        this.staleAcknowledgements += 1;
      },
    });
    this.#inflow = inflow;
  }

  #message(packet: IncomingPacket): boolean {
    // MQTT 3.1.1 cannot ask the broker to leave them out.
    if (packet.retained && this.#settings.retainHandling === 2) {
      this.#inflow?.skip(packet);
      return true;
    }
    return this.#inflow?.arrived(packet) ?? true;
  }

  #up({ connection, limits, version }: Up): void {
    const isNew = !limits.sessionPresent && this.#granted === undefined;
    this.#sessionWarning = limits.sessionPresent || isNew ? undefined : this.#lostSession();
    this.#probing = false;
    if (isNew && this.#settings.probe) this.#inflow?.mute();
    this.#answerTimer = setTimeout(
      () => connection.drop(reasonOfSilence(this.#settings.shownAddress)),
      this.#settings.connectTimeoutMs,
    );
    const granted = (code: number): void => {
      this.#granted = code;
      this.#forgetPrevious(connection, () => this.#subscribed(connection, limits, code, isNew));
    };
    // Without retain handling (3.1.1) every SUBSCRIBE brings all retained messages again.
    if (version === 4 && limits.sessionPresent && this.#granted !== undefined) {
      granted(this.#granted);
      return;
    }
    connection.subscribe(this.#filter, 1, this.#settings.retainHandling, (code) => {
      if (code >= 0x80) {
        connection.drop(reasonOfSuback(code, this.#request.filter, this.#settings.shownAddress));
      } else granted(code);
    });
  }

  /** After the new filter is in force, so that nothing falls between them. */
  #forgetPrevious(connection: MqttConnection, done: () => void): void {
    const previous = this.#previousFilter;
    if (previous === undefined) {
      done();
      return;
    }
    connection.unsubscribe(`${this.#settings.topicPrefix}/${previous}`, () => {
      this.#previousFilter = undefined;
      done();
    });
  }

  #lostSession(): Warning {
    const never = this.#probing || this.#sessionWarning?.code === 'BROKER_VOLATILE';
    return WARNINGS[never ? 'noSessions' : 'sessionLost'](this.#settings.shownAddress);
  }

  #subscribed(connection: MqttConnection, limits: Up['limits'], qos: number, isNew: boolean): void {
    clearTimeout(this.#answerTimer);
    if (isNew && this.#settings.probe) {
      // The inflow is muted: what came so far comes again, if the broker is as good as it should be.
      this.#probing = true;
      this.#link.restart();
      return;
    }
    const asked = this.#identity.session?.expirySeconds ?? 0;
    const seen = this.#sessionWarning ?? sessionWarning(limits, qos, asked, this.#settings.shownAddress);
    this.#link.ready(seen);
    if (seen !== undefined || !this.#settings.probe) return;
    void this.#check(this.#link.current?.version ?? 5).then((warning) => {
      if (warning !== undefined && this.#link.current?.connection === connection) this.#link.ready(warning);
    });
  }

  #down(): void {
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#redeliveryTimer);
    this.#redeliveryTimer = undefined;
    this.#draining = false;
    this.#inflow?.end();
    this.#inflow = undefined;
  }

  #requeued(): void {
    if (this.#redeliveryTimer !== undefined || this.#draining) return;
    const { backoff } = this.#settings;
    const now = performance.now();
    if (now - this.#requeuedAt > 2 * backoff.capMs) this.#requeues = 0;
    this.#requeues += 1;
    this.#requeuedAt = now;
    this.#redeliveryTimer = setTimeout(
      () => this.#drain(),
      backoffDelay(backoff, this.#requeues, Math.min(backoff.baseMs, backoff.capMs)),
    );
  }

  #drain(): void {
    const inflow = this.#inflow;
    if (inflow === undefined) return;
    this.#draining = true;
    inflow.mute();
    if (inflow.open === 0) this.#connectAnew(inflow);
    else this.#redeliveryTimer = setTimeout(() => this.#connectAnew(inflow), DRAIN_MS);
  }

  #connectAnew(inflow: MqttInflow): void {
    clearTimeout(this.#redeliveryTimer);
    this.#draining = false;
    inflow.finish();
    this.#link.restart(REDELIVERY);
  }
}
