/** What the ways in which event in works (over a broker, with its flow in the lead, local) have in common. */

import { type ChannelState, contentOf, type Subscription, type SubscriptionMemory } from '../../core/channel';
import { type Delivery, MANY_SUPERSEDED } from '../../core/delivery';
import type { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import type { Context } from '../shared/base';
import type { SharedChannel } from '../shared/channel';
import { type ChosenContract, lifeWords } from '../shared/contracts';
import type { Message, Red } from '../shared/red';
import type { SourceSettings } from '../shared/source';
import type { StatusLine } from '../shared/status';

export interface EventInConfig extends SourceSettings {
  readonly channel: (userClosed: Promise<void>) => Promise<SharedChannel>;
  /** The channel's config node. */
  readonly channelId: string;
  /** A local channel needs none, so whether one is chosen is looked at when it is asked for. */
  readonly store: (userClosed: Promise<void>) => Promise<Store>;
  readonly filter: string;
  /** The subscription's name at the channel. */
  readonly name: string;
  readonly format: 'cloudevents' | 'plain';
  readonly window: number;
  readonly acknowledge: 'inbox' | 'flow';
  readonly newestOnly: boolean;
  readonly contract: (() => Promise<ChosenContract>) | undefined;
}

export type EventInContext = Context<EventInConfig>;

/** What the flow gets of a delivery. Throws a CrossdockError for what is no event, cannot be read or breaks the contract. */
export function fill(
  message: Message,
  delivery: Pick<Delivery, 'body' | 'headers'>,
  contract: ChosenContract | undefined,
): void {
  const { address, payload, event, headers } = contentOf(delivery);
  message.topic = address;
  message.payload = payload;
  if (event !== undefined) message['event'] = event;
  if (headers !== undefined) message['headers'] = headers;
  contract?.demand(payload);
}

/** What there is to do: as much of a Source as the status needs. */
export interface Counts {
  /** Messages in the flow. */
  readonly inFlight: number;
  /** Messages that wait or are in the flow. */
  readonly depth: number;
  /** Messages that newer ones have superseded in the last 24 hours. */
  readonly superseded?: number;
  /** Why the store does not take or give messages now. */
  readonly problem?: CrossdockError | undefined;
  /** Why little or nothing is delivered: a circuit breaker waits for its target. */
  readonly paused?: string | undefined;
}

/** The worst first: the store, the channel, what the broker cannot keep; then what there is to do. */
export function showStatus(
  status: StatusLine,
  channel: ChannelState,
  counts: Counts,
  contract: ChosenContract | undefined,
): void {
  const aged = contract === undefined ? undefined : lifeWords(contract);
  const { inFlight, depth, problem, paused, superseded = 0 } = counts;
  const replaced = superseded === 0 ? '' : `, ${supersededWords(superseded)} in 24 h`;
  if (problem !== undefined) status.failed(problem.message);
  else if (channel.status !== 'connected') status.waiting(channel.reason?.message ?? channel.status);
  else if (channel.warning !== undefined) status.waiting(channel.warning.message);
  else if (paused !== undefined) status.waiting(`${paused}, ${depth} waiting${replaced}`);
  else if (depth > 0)
    status.busy(`${inFlight} in the flow, ${Math.max(0, depth - inFlight)} waiting${replaced}`);
  else if (aged !== undefined) status.waiting(aged);
  else status.ok(`connected${replaced}`);
}

function supersededWords(count: number): string {
  return count < MANY_SUPERSEDED ? `${count} superseded` : `over ${MANY_SUPERSEDED - 1} superseded`;
}

/** What to ask the broker for; it is to forget an earlier filter. */
export function requestOf({ name, filter }: EventInConfig, memory: SubscriptionMemory, window: number) {
  const changed = memory.filter !== undefined && memory.filter !== filter;
  return { name, filter, window, ...(changed ? { previousFilter: memory.filter } : {}) };
}

/** Refreshes the status, and remembers the filter once the broker has it. Returns what ends that. */
export function follow(
  subscription: Subscription,
  filter: string,
  memory: SubscriptionMemory,
  show: () => void,
): () => void {
  let known = memory.filter === filter;
  const look = (): void => {
    show();
    if (known || subscription.state.status !== 'connected') return;
    known = true;
    memory.remember(filter).catch(() => {
      // The store refused: the next connection tries again.
      known = false;
    });
  };
  look();
  return subscription.onState(look);
}

/**
 * Ends the subscription at the broker when the node is really gone. Node-RED says "removed" of disabled nodes too;
 * those are still in the flows, and their subscriptions go on collecting for the day on which they are enabled again.
 */
export async function removeWhenGone(
  red: Red,
  id: string,
  removed: boolean,
  remove: () => Promise<void>,
): Promise<void> {
  let kept = false;
  red.nodes.eachNode((node) => {
    kept ||= node.id === id;
  });
  if (removed && !kept) await remove();
}
