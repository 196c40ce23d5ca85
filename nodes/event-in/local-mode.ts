/** A local channel puts its events into this node's inbox itself: there is nothing to receive or to acknowledge. */
import { type LocalChannel, rawContent } from '../../core/channel';
import type { Behaviour } from '../shared/base';
import type { ChosenContract } from '../shared/contracts';
import type { Red } from '../shared/red';
import { openSource, type Source } from '../shared/source';
import { type EventInContext, fill, removeWhenGone, showStatus } from './common';

const COUNT_EVERY_MS = 2000;

export async function startLocalMode(
  red: Red,
  { node, config, status }: EventInContext,
  channel: LocalChannel,
  contract: ChosenContract | undefined,
): Promise<Behaviour> {
  const { filter, newestOnly } = config;
  const name = await channel.declare({ name: config.name, filter, newestOnly });
  let opened: Source | undefined;
  const compose = (): void => {
    if (opened !== undefined) showStatus(status, channel.state, opened, contract);
  };
  const show = (): void => status.soon(compose);
  const source = await openSource({
    red,
    node,
    status,
    ...config,
    store: channel.store,
    source: name,
    fill: (message, delivery) => {
      // One more is in the flow.
      show();
      fill(message, delivery, contract);
    },
    raw: rawContent,
    changed: show,
  });
  opened = source;
  const recount = counter(source, show);
  const deaf = [
    channel.onState(show),
    channel.onPublished((published) => {
      if (published !== name) return;
      source.arrived(1);
      recount();
      show();
    }),
  ];
  show();
  return {
    close: async (removed) => {
      for (const stop of deaf) stop();
      await source.stop();
      await removeWhenGone(red, node.id, removed, () => channel.remove(config.name));
    },
  };
}

/**
 * The channel tells that something came, not how much of it was new; so the count that the status shows is put right
 * now and then, by a look into the store.
 */
function counter(source: Source, show: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      // A store that refuses says so itself.
      source.health().then(show, () => undefined);
    }, COUNT_EVERY_MS);
    timer.unref();
  };
}
