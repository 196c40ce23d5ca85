/** Reconciler nodes that run now, by their id, for the admin routes. */
import type { About, Reconciler } from '../../core/reconcile';
import type { Store } from '../../core/store';

export interface LiveReconciler {
  readonly id: string;
  readonly name: string;
  readonly about: About;
  readonly labels: readonly string[];
  readonly store: Store;
  readonly reconciler: Reconciler;
  /** Where approved corrections go. */
  readonly target: string;
  /** It needs no message, so it can be started by hand. */
  readonly byHand: boolean;
  start(): void;
  /** Sends what was approved, in the background. */
  approved(): void;
}

const live = new Map<string, LiveReconciler>();

export function enterLive(one: LiveReconciler): () => void {
  live.set(one.id, one);
  return () => {
    if (live.get(one.id) === one) live.delete(one.id);
  };
}

export function liveReconciler(id: string): LiveReconciler | undefined {
  return live.get(id);
}

/** Whether what is approved for this inbox leaves. */
export function isTarget(store: Store, source: string): boolean {
  return liveReconcilers(store).some(({ target }) => target === source);
}

export function liveReconcilers(store: Store): LiveReconciler[] {
  return [...live.values()].filter((one) => one.store === store);
}
