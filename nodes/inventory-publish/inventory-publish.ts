import type { ObservedInventoryLevel } from '../../core/canonical';
import type { ChannelState } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { levelFromOdoo, openInventoryPublisher } from '../../core/inventory';
import { type OdooClient, readAvailability } from '../../core/odoo';
import { type Context, registerNode } from '../shared/base';
import type { SharedChannel } from '../shared/channel';
import { choice, decimal, text } from '../shared/config';
import { shared } from '../shared/config-node';
import type { Message, Red } from '../shared/red';
import { storeOf } from '../shared/store';

interface Config {
  readonly store: ReturnType<typeof storeOf>;
  readonly channelId: string;
  readonly channel: (userClosed: Promise<void>) => Promise<SharedChannel>;
  readonly server: ((userClosed: Promise<void>) => Promise<OdooClient>) | undefined;
  readonly property: string;
  readonly warehouse: string;
  readonly location: string;
  readonly buffer: string;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-inventory-publish', {
    normalise(config) {
      const from = choice(config, 'from', 'Stock from', ['odoo', 'msg'], 'odoo');
      return {
        store: storeOf(red, config),
        channel: shared(red, config, 'channel', 'crossdock-event-channel', 'Event channel'),
        // The published state belongs to the channel as configured: another channel starts from nothing published.
        channelId: String(config['channel']),
        server:
          from === 'odoo' ? shared(red, config, 'server', 'crossdock-odoo-server', 'Odoo server') : undefined,
        property: text(config, 'property', 'Property', 'payload'),
        warehouse: text(config, 'warehouse', 'Warehouse', ''),
        location: text(config, 'location', 'Location', 'main'),
        buffer: decimal(config, 'buffer', 'Safety buffer', '0'),
      };
    },
    start: (context) => start(red, context),
  });
};

async function start(red: Red, { node, config, status, closed }: Context<Config>) {
  const { channel, source } = await config.channel(closed);
  const client = await config.server?.(closed);
  const publisher = await openInventoryPublisher({
    store: await config.store(closed),
    channel,
    channelId: config.channelId,
    source,
    buffer: config.buffer,
  });

  const flush = async () => {
    const result = await publisher.flush();
    if (result.pending === 0)
      status.ok(result.published === 0 ? 'up to date' : `${result.published} published`);
    else status.waiting(`${result.pending} held: ${result.problem?.message ?? 'waiting for the channel'}`);
    return result;
  };
  /** What was held while the channel was away leaves as soon as it is back, without a message. */
  const onState = ({ status: now, reason }: ChannelState): void => {
    if (now !== 'connected') {
      if (reason !== undefined) status.waiting(reason.message);
      return;
    }
    flush().catch((thrown: unknown) => node.warn((thrown as Error).message));
  };
  const stopListening = channel.onState(onState);

  async function acceptFromOdoo(odoo: OdooClient) {
    const site = { code: config.location, authority: `odoo:${odoo.database}` };
    const total = { changed: 0, unchanged: 0, stale: 0, invalid: 0 };
    for await (const page of readAvailability(odoo, { warehouse: config.warehouse })) {
      add(total, await publisher.accept(page.map((found) => levelFromOdoo(found, site))));
    }
    return total;
  }

  async function acceptFromMessage(message: Message) {
    const found = red.util.getMessageProperty(message, config.property);
    const levels = (Array.isArray(found) ? found : [found]) as ObservedInventoryLevel[];
    const total = { changed: 0, unchanged: 0, stale: 0, invalid: 0 };
    const accepted = await publisher.accept(levels);
    add(total, accepted);
    if (accepted.invalid.length === levels.length && levels.length > 0) {
      const problems = accepted.invalid.flatMap((row) => row.problems);
      throw new CrossdockError(
        `No inventory level can be read from the message: ${problems[0]?.message ?? 'it is empty'}`,
        { code: 'INVENTORY_LEVEL_INVALID', kind: 'permanent', problems: problems.slice(0, 20) },
      );
    }
    return total;
  }

  let running: Promise<unknown> | undefined;
  status.ok('ready');
  // The channel may have connected before we listened; what an earlier run left behind must not wait for a message.
  onState(channel.state);
  return {
    async input(message: Message, send: (message: Message) => void) {
      // A trigger that comes while a pass over Odoo still runs joins it: the pass reads the newest state anyway.
      if (client !== undefined && running !== undefined) {
        await running;
        return;
      }
      const pass = (async () => {
        const accepted = await (client === undefined ? acceptFromMessage(message) : acceptFromOdoo(client));
        return { ...accepted, ...(await flush()) };
      })();
      running = pass;
      try {
        const { problem, ...report } = await pass;
        message.payload = problem === undefined ? report : { ...report, problem: problem.message };
        send(message);
      } finally {
        if (running === pass) running = undefined;
      }
    },
    close: async () => {
      stopListening();
      await publisher.close();
    },
  };
}

function add(
  total: { changed: number; unchanged: number; stale: number; invalid: number },
  part: { changed: number; unchanged: number; stale: number; invalid: readonly unknown[] },
): void {
  total.changed += part.changed;
  total.unchanged += part.unchanged;
  total.stale += part.stale;
  total.invalid += part.invalid.length;
}
