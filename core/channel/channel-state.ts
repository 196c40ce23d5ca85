/** The state of a channel or a subscription, and who is told when it changes. */
import type { ChannelState, StateListener } from './types';

/** Why there is no connection: a code, a sentence, and whether trying again soon is useless or harmful. */
export interface Reason {
  readonly code: string;
  readonly message: string;
  readonly slow?: true;
}

export class StateHolder {
  readonly #listeners = new Set<StateListener>();
  #current: ChannelState;

  constructor(first: ChannelState) {
    this.#current = first;
  }

  get current(): ChannelState {
    return this.#current;
  }

  /** Calls the listener at every change from now on; returns what ends that. */
  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners unless nothing has changed that anybody could see. After `closed` nothing changes any more. */
  set(next: ChannelState): void {
    const now = this.#current;
    if (now.status === 'closed') return;
    const same =
      now.status === next.status &&
      now.protocol === next.protocol &&
      now.reason?.message === next.reason?.message &&
      now.warning?.message === next.warning?.message;
    if (same) return;
    this.#current = next;
    for (const listener of [...this.#listeners]) {
      try {
        listener(next);
      } catch {
        // A listener's fault must not break the connection; listeners show status, nothing else.
      }
    }
    if (next.status === 'closed') this.#listeners.clear();
  }
}
