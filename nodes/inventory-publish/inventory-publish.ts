import type { ObservedInventoryLevel } from '../../core/canonical';
import type { ChannelState } from '../../core/channel';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import {
  type AcceptResult,
  type Backlog,
  type ChannelPolicy,
  changedSkus,
  checkedPolicy,
  type FlushResult,
  levelFromOdoo,
  openInventoryPublisher,
  Readings,
  type Wanted,
} from '../../core/inventory';
import { type OdooClient, readAvailability } from '../../core/odoo';
import { type Context, registerNode } from '../shared/base';
import type { SharedChannel } from '../shared/channel';
import { choice, number, text } from '../shared/config';
import { shared } from '../shared/config-node';
import { stockChanged } from '../shared/desks';
import type { Message, Red } from '../shared/red';
import { storeOf } from '../shared/store';
import { enterLive } from './live';
import { readPolicy } from './policy';
import { addStockRoutes } from './routes';

interface Config {
  readonly store: ReturnType<typeof storeOf>;
  readonly channelId: string;
  readonly channel: (userClosed: Promise<void>) => Promise<SharedChannel>;
  readonly server: ((userClosed: Promise<void>) => Promise<OdooClient>) | undefined;
  readonly property: string;
  readonly warehouse: string;
  readonly location: string;
  readonly policy: ChannelPolicy;
  /** Between two snapshots, ms; 0 for none. */
  readonly snapshotMs: number;
}

const HOUR_MS = 3_600_000;
const TICK_MS = 10_000;
const TOLD_EVERY_MS = 1000;
/** What is published of a site that is silent, in the words of the status. */
const SILENT = { nothing: 'sold out', reduced: 'reduced', all: 'as last heard' } as const;

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-inventory-publish', {
    normalise(config) {
      const policy = readPolicy(config);
      // What cannot be is said at once, and not after the store has opened.
      checkedPolicy(policy);
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
        policy,
        snapshotMs: number(config, 'snapshotHours', 'Snapshot', 0, { min: 0, max: 8760 }) * HOUR_MS,
      };
    },
    start: (context) => start(red, context),
  });
  addStockRoutes(red);
};

async function start(red: Red, { node, config, status, closed }: Context<Config>) {
  const { channel, source } = await config.channel(closed);
  const client = await config.server?.(closed);
  const store = await config.store(closed);
  const publisher = await openInventoryPublisher({
    store,
    channel,
    channelId: config.channelId,
    source,
    policy: config.policy,
  });

  /** Who looks at the stock sees it move, also while a long pass runs. */
  let working = 0;
  const telling = setInterval(() => {
    if (working > 0) stockChanged(store);
  }, TOLD_EVERY_MS);
  telling.unref();
  const seen = async <T>(work: Promise<T>): Promise<T> => {
    working += 1;
    try {
      return await work;
    } finally {
      working -= 1;
      stockChanged(store);
    }
  };

  const show = async ({ pending, published, problem }: FlushResult): Promise<void> => {
    if (pending === 0) status.ok(published === 0 ? 'up to date' : `${published} published`);
    else if (problem === undefined) status.busy(`${pending} to publish`);
    else status.waiting(held(await publisher.backlog(), problem.message));
  };
  const flush = async (): Promise<FlushResult> => {
    const result = await seen(publisher.drain());
    await show(result);
    return result;
  };
  let seenState = { connected: channel.state.status === 'connected', since: Date.now() };
  /** What was held while the channel was away leaves as soon as it is back, without a message. */
  const onState = ({ status: now, reason }: ChannelState): void => {
    const connected = now === 'connected';
    // Each attempt to connect anew is a state, but no news.
    if (connected !== seenState.connected) seenState = { connected, since: Date.now() };
    stockChanged(store);
    if (!connected) {
      if (reason !== undefined) status.waiting(reason.message);
      return;
    }
    flush().catch((thrown: unknown) => node.warn((thrown as Error).message));
  };
  const stopListening = channel.onState(onState);
  let wasSilent = '';
  /** What time alone brings about: a source that is silent for too long, a snapshot that is due. */
  const tick = async (): Promise<void> => {
    const silent = await publisher.checkAge();
    const snapshot = config.snapshotMs > 0 && (await publisher.snapshotWhenDue(config.snapshotMs));
    if ((snapshot || (await publisher.pending()) > 0) && channel.state.status === 'connected') await flush();
    if (silent.join() !== wasSilent) stockChanged(store);
    wasSilent = silent.join();
    if (silent.length > 0)
      status.waiting(`nothing heard of ${silent.join(', ')}: ${SILENT[config.policy.age?.show ?? 'all']}`);
  };
  const ticking = setInterval(() => {
    tick().catch((thrown: unknown) => node.warn(asCrossdockError(thrown).message));
  }, TICK_MS);
  ticking.unref();

  async function publishFromOdoo(odoo: OdooClient, skus: Wanted): Promise<Outcome> {
    const site = { code: config.location, authority: `odoo:${odoo.database}` };
    const since = Date.now();
    const total = none();
    for await (const page of readAvailability(odoo, { warehouse: config.warehouse, skus })) {
      add(total, await publisher.publish(page.map((found) => levelFromOdoo(found, site))));
    }
    // What Odoo no longer has (archived, no longer counted) must not stay on offer. Only a full reading shows it.
    if (skus === undefined) await publisher.complete(config.location, since);
    const last = await publisher.drain();
    const published = total.published + last.published;
    const report = { ...total, published, pending: last.pending, ...problemOf(last) };
    return { report, result: { ...last, published } };
  }

  async function publishFromMessage(message: Message): Promise<Outcome> {
    const found = red.util.getMessageProperty(message, config.property);
    const levels = (Array.isArray(found) ? found : [found]) as ObservedInventoryLevel[];
    const result = await publisher.publish(levels);
    if (result.invalid.length === levels.length && levels.length > 0) {
      const problems = result.invalid.flatMap((row) => row.problems);
      throw new CrossdockError(
        `No inventory level can be read from the message: ${problems[0]?.message ?? 'it is empty'}`,
        { code: 'INVENTORY_LEVEL_INVALID', kind: 'permanent', problems: problems.slice(0, 20) },
      );
    }
    const total = none();
    add(total, result);
    return { report: { ...total, pending: result.pending, ...problemOf(result) }, result };
  }

  const readings = client === undefined ? undefined : new Readings((skus) => publishFromOdoo(client, skus));
  status.ok('ready');
  // The channel may have connected before we listened; what an earlier run left behind must not wait for a message.
  onState(channel.state);
  const leave = enterLive({
    id: node.id,
    name: node.name ?? '',
    channelId: config.channelId,
    kind: channel.kind,
    store,
    publisher,
    state: () => ({
      status: channel.state.status,
      since: seenState.since,
      message: (channel.state.reason ?? channel.state.warning)?.message,
    }),
    flush: () => {
      flush().catch((thrown: unknown) => node.warn(asCrossdockError(thrown).message));
    },
  });
  return {
    async input(message: Message, send: (message: Message) => void) {
      const operation = message['operation'];
      if (operation === 'snapshot' || operation === 'heard') {
        if (operation === 'snapshot') await publisher.snapshot();
        else await publisher.heard(siteOf(message));
        message.payload = await flush();
        send(message);
        return;
      }
      const reading = readings?.ask(changedSkus(message.payload));
      const { result, report } = await seen(reading?.done ?? publishFromMessage(message));
      // Who asked first tells of it.
      if (reading?.joined) return;
      message.payload = report;
      await show(result);
      send(message);
    },
    close: async () => {
      leave();
      stopListening();
      clearInterval(ticking);
      clearInterval(telling);
      await publisher.close();
    },
  };
}

/** The site whose source is alive. */
function siteOf(message: Message): string {
  const site = message['site'];
  if (typeof site === 'string' && site !== '') return site;
  throw new CrossdockError('A sign of life needs the name of the site in msg.site.', {
    code: 'INVENTORY_SITE_MISSING',
    kind: 'permanent',
  });
}

/** What an outage means for the business: how much is held, since when, and how long it takes afterwards. */
function held({ pending, urgent, since, clearsInMs }: Backlog, problem: string): string {
  const from = since === undefined ? '' : ` since ${new Date(since).toISOString().slice(11, 16)} UTC`;
  const first = urgent === 0 ? '' : `, ${urgent} sold out or back first`;
  const clear =
    clearsInMs === undefined ? '' : `, clear ${Math.max(1, Math.ceil(clearsInMs / 1000))} s after`;
  return `${pending} held${from}${first}${clear}: ${problem}`;
}

/** What became of one message: for the message, and for the status. */
interface Outcome {
  readonly report: Report;
  readonly result: FlushResult;
}

/** What the node says about a message. */
interface Report {
  changed: number;
  unchanged: number;
  stale: number;
  ignored: number;
  invalid: number;
  published: number;
  pending: number;
  problem?: string;
}

const none = (): Report => ({
  changed: 0,
  unchanged: 0,
  stale: 0,
  ignored: 0,
  invalid: 0,
  published: 0,
  pending: 0,
});

function add(total: Report, part: AcceptResult & Pick<FlushResult, 'published'>): void {
  total.changed += part.changed;
  total.unchanged += part.unchanged;
  total.stale += part.stale;
  total.ignored += part.ignored;
  total.invalid += part.invalid.length;
  total.published += part.published;
}

function problemOf({ problem }: FlushResult): { problem?: string } {
  return problem === undefined ? {} : { problem: problem.message };
}
