import assert from 'node:assert/strict';
import type { CloudEvent, EventChannel } from '../../core/channel';
import { CrossdockError } from '../../core/errors';

/** Publishes as a durable caller does: what was rejected is published again, with the same id. */
export class PersistentSender {
  /** Ids of the events that the broker has confirmed. */
  readonly confirmed = new Set<string>();
  #stopped = false;

  constructor(
    private readonly channel: EventChannel,
    private readonly timeoutMs: number,
  ) {}

  /** Resolves once the event is confirmed, or after `stop`. Rejects when it is refused for good. */
  async untilConfirmed(event: CloudEvent): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.channel.publish(event, { timeoutMs: this.timeoutMs });
        this.confirmed.add(event.id);
        return;
      } catch (error) {
        assert.ok(error instanceof CrossdockError && error.kind === 'transient', String(error));
      }
    }
  }

  /**
   * Gives up what is not confirmed. Must be called before the channel is closed: a closed channel rejects at once, and
   * who repeats that lets nothing else run in this process, not even a deadline.
   */
  stop(): void {
    this.#stopped = true;
  }
}
