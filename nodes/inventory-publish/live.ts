/** Inventory publish nodes that run now, for the admin routes. */
import type { ChannelState } from '../../core/channel';
import type { InventoryPublisher } from '../../core/inventory';
import type { Store } from '../../core/store';

export interface LiveState {
  readonly status: ChannelState['status'];
  /** Since when, ms; as far as this node has seen. */
  readonly since: number;
  /** Why it is not connected, or less durable than promised. */
  readonly message: string | undefined;
}

export interface LiveStock {
  /** The node's. */
  readonly id: string;
  readonly name: string;
  /** Id of the channel's config node: what is published is kept under it. */
  readonly channelId: string;
  readonly kind: string;
  readonly store: Store;
  readonly publisher: InventoryPublisher;
  readonly state: () => LiveState;
  /** Sends what waits, in the background. */
  flush(): void;
}

const live = new Set<LiveStock>();

export function enterLive(one: LiveStock): () => void {
  live.add(one);
  return () => {
    live.delete(one);
  };
}

/** Several nodes may publish to one channel. */
export function liveStock(store: Store, channelId: string): LiveStock[] {
  return [...live].filter((one) => one.store === store && one.channelId === channelId);
}
