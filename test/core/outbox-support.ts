/** A channel that does what the test says, and events for it. */
import { type ChannelState, type CloudEvent, makeEvent, type PublishOptions } from '../../core/channel';
import type { Outbox, OutgoingEvent } from '../../core/delivery';
import { CrossdockError, type ErrorKind } from '../../core/errors';
import { waitFor } from '../support';

export interface Published {
  readonly event: CloudEvent;
  readonly options: PublishOptions;
  confirm(): void;
  fail(code: string, kind?: ErrorKind): void;
}

export class ScriptedChannel {
  /** In the order of publishing. */
  readonly published: Published[] = [];
  /** Published and not answered, now and at most. */
  open = 0;
  mostOpen = 0;
  /** Answers each publish; without it the test does. */
  answer: ((published: Published) => void) | undefined;
  state: ChannelState = { status: 'connected', protocol: 'scripted' };
  readonly #listeners = new Set<(state: ChannelState) => void>();

  publish(event: CloudEvent, options: PublishOptions = {}): Promise<void> {
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    return new Promise((resolve, reject) => {
      const over = (): void => {
        this.open -= 1;
      };
      const published: Published = {
        event,
        options,
        confirm: () => {
          over();
          resolve();
        },
        fail: (code, kind = 'transient') => {
          over();
          reject(new CrossdockError(`The broker said ${code}.`, { code, kind }));
        },
      };
      this.published.push(published);
      const { answer } = this;
      if (answer !== undefined) setImmediate(() => answer(published));
    });
  }

  onState(listener: (state: ChannelState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  become(status: ChannelState['status']): void {
    this.state =
      status === 'connected'
        ? { status, protocol: 'scripted' }
        : { status, reason: { code: 'BROKER_UNREACHABLE', message: 'Nothing answers at broker:1883.' } };
    for (const listener of this.#listeners) listener(this.state);
  }

  /** Ids in the order of publishing. */
  get ids(): string[] {
    return this.published.map(({ event }) => event.id);
  }
}

export const confirmAll = (published: Published): void => published.confirm();

/** An event of the channel `events`, with the subject as its key unless another is given. */
export function outgoing(id: string, subject: string, more: Partial<OutgoingEvent> = {}): OutgoingEvent {
  const event = makeEvent({
    id,
    type: 'com.crossdock.order.order.placed.v1',
    source: '/systems/shop',
    subject,
    time: '2026-11-24T08:15:00Z',
    data: { id },
  });
  return { id, channel: 'events', partitionKey: subject, event: JSON.stringify(event), ...more };
}

/** The outbox's relay works, and nothing is in the store that it does not know. */
export async function calm(outbox: Outbox): Promise<void> {
  if (!outbox.store.exclusive) return;
  await waitFor(() => outbox.add(outgoing('probe', 'probe')).statements[0]?.sql.includes("'taken'"), {
    what: 'an outbox that takes events from memory',
  });
}
