/** Over a broker: what it delivers is committed to the store and then acknowledged; the flow gets it from there. */
import {
  type EventChannel,
  incomingOf,
  rawContent,
  type Subscription,
  subscriptionMemory,
} from '../../core/channel';
import { crashPoint, Intake } from '../../core/delivery';
import type { CrossdockError } from '../../core/errors';
import type { Behaviour } from '../shared/base';
import type { ChosenContract } from '../shared/contracts';
import type { Red } from '../shared/red';
import { openSource, type Source } from '../shared/source';
import { type EventInContext, fill, follow, removeWhenGone, requestOf, showStatus } from './common';

/** How long a node that stops waits for what is being committed. */
const COMMIT_GRACE_MS = 2000;

export async function startInboxMode(
  red: Red,
  { node, config, status, closed }: EventInContext,
  channel: EventChannel,
  contract: ChosenContract | undefined,
): Promise<Behaviour> {
  const store = await config.store(closed);
  const memory = await subscriptionMemory(store, config.channelId, config.name);
  let opened: Source | undefined;
  let subscribed: Subscription | undefined;
  let refused: CrossdockError | undefined;
  const compose = (): void => {
    const { inFlight = 0, depth = 0, superseded = 0, problem } = opened ?? {};
    const state = subscribed?.state ?? channel.state;
    showStatus(status, state, { inFlight, depth, superseded, problem: refused ?? problem }, contract);
  };
  const show = (): void => status.soon(compose);
  const source = await openSource({
    red,
    node,
    status,
    ...config,
    store,
    source: `event-in:${config.name}`,
    fill: (message, delivery) => {
      // One more is in the flow.
      show();
      fill(message, delivery, contract);
    },
    raw: rawContent,
    changed: show,
  });
  opened = source;
  const intake = new Intake({
    accept: source.accept,
    onProblem: (problem) => {
      refused = problem;
      show();
    },
  });
  let subscription: Subscription;
  try {
    subscription = channel.subscribe(requestOf(config, memory, config.window), (message) => {
      intake.take(incomingOf(message, config), () => {
        crashPoint('broker.beforeAck');
        message.acknowledge();
      });
    });
  } catch (thrown) {
    await source.stop();
    throw thrown;
  }
  subscribed = subscription;
  const deaf = follow(subscription, config.filter, memory, show);
  return {
    close: async (removed) => {
      deaf();
      try {
        // What is committed is acknowledged before the connection ends, so that it does not come twice.
        await intake.stop(COMMIT_GRACE_MS);
        await subscription.close();
      } finally {
        await source.stop();
      }
      await removeWhenGone(red, node.id, removed, async () => {
        await subscription.remove();
        await memory.forget();
      });
    },
  };
}
