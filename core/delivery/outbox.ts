/**
 * The outbox's contract. Its rows are written in the same unit as the end of the scope that caused them (pass
 * `statements` as `extra` to `scopes.finish` or `scopes.settle`), so an event leaves exactly when its cause is
 * settled; the relay marks a row sent only after the channel confirmed it. State that only the newest value matters
 * for (stock levels) does not go through here but through core/inventory, which keeps the desired and the published
 * value per key.
 */
import type { Statement, Store } from '../store';

export interface OutgoingEvent {
  /** Deterministic id; a second row with it is ignored. */
  readonly id: string;
  readonly channel: string;
  /** Events with the same key leave in order. Undefined: no order is wanted. */
  readonly partitionKey: string | undefined;
  /** A CloudEvent, structured JSON. */
  readonly event: string;
  /** Another address than the event's own, below the channel's prefix. */
  readonly address?: string;
  /** Keep as the latest state for those who subscribe later (MQTT: retained). */
  readonly retain?: boolean;
  /** Lower goes first. Default 5. */
  readonly priority?: number;
}

export interface Outbox {
  readonly store: Store;
  /** The statements that add the events, for a unit that the caller runs. */
  statements(events: readonly OutgoingEvent[]): readonly Statement[];
  /** Tells the relay that a unit with such statements has committed. */
  wake(): void;
}
