import { createHash } from 'node:crypto';
import { parseJson } from '../../core/canonical';
import {
  Capture,
  type CaptureOptions,
  ChangePoller,
  changeMessages,
  forgetCapture,
  type OdooClient,
  type PollerState,
  productMessages,
} from '../../core/odoo';
import type { Store } from '../../core/store';
import { type Behaviour, type Context, registerNode } from '../shared/base';
import type { Red } from '../shared/red';
import { openSource, type Source } from '../shared/source';
import type { StatusLine } from '../shared/status';
import { type ChangesConfig, readConfig } from './config';
import { openHints } from './hints';

/** A live state that shows how far behind it is changes with the clock. */
const SHOW_EVERY_MS = 2000;
/** A change with all fields of a large record. */
const MAX_BYTES = 4 * 1024 * 1024;

export = (red: Red): void => {
  registerNode<ChangesConfig>(red, 'crossdock-odoo-changes', {
    credentials: { token: { type: 'password' } },
    normalise: (config, node) => readConfig(red, config, node),
    start: (context) => start(red, context),
  });
};

async function start(red: Red, { node, config, status, closed }: Context<ChangesConfig>): Promise<Behaviour> {
  const store = await config.store(closed);
  const client = await config.server(closed);
  const name = `odoo-changes:${node.id}`;
  let opened: Source | undefined;
  let polling: ChangePoller | undefined;
  const compose = (): void => {
    if (opened !== undefined && polling !== undefined)
      showStatus(status, opened, polling.state, config.pollMs);
  };
  const show = (): void => status.soon(compose);
  const source = await openSource({
    ...config.settings,
    red,
    node,
    status,
    store,
    source: name,
    fill: (message, { body }) => {
      show();
      const change = parseJson(body, { maxBytes: MAX_BYTES }) as { model?: unknown };
      message.topic = change.model;
      message.payload = change;
    },
    changed: () => {
      polling?.poke();
      show();
    },
  });
  opened = source;
  const captures = config.watched.map((watched) => {
    const options: CaptureOptions = {
      ...config.capture,
      store,
      source: name,
      capture: captureName(node.id, client, watched.model),
      watched,
      messages: (found) =>
        config.output === 'products' ? productMessages(client, found) : changeMessages(found),
      arrived: (count) => source.arrived(count),
    };
    return new Capture(client, options);
  });
  const poller = new ChangePoller({
    captures,
    pollMs: config.pollMs,
    fillPerSecond: config.fillPerSecond,
    hasRoom: () => source.problem === undefined && source.depth < config.highWater,
    changed: show,
  });
  polling = poller;
  let closeHints: (() => void) | undefined;
  try {
    closeHints = config.hints && openHints(red, node.id, config.hints, (found) => poller.hint(found));
  } catch (thrown) {
    await source.stop();
    throw thrown;
  }
  poller.start();
  const clock = setInterval(show, SHOW_EVERY_MS);
  clock.unref();
  show();
  return {
    close: async (removed) => {
      clearInterval(clock);
      closeHints?.();
      try {
        await poller.stop();
      } finally {
        await source.stop();
      }
      if (removed) await forgetWhenGone(red, node.id, store, client, config);
    },
  };
}

/** Another database or model is another capture, with a position of its own. */
function captureName(nodeId: string, client: OdooClient, model: string): string {
  const where = createHash('sha256').update(`${client.url} ${client.database}`).digest('hex').slice(0, 12);
  return `${nodeId}:${where}:${model}`;
}

/** A node that is deleted leaves no position behind; one that is only disabled goes on later where it was. */
async function forgetWhenGone(
  red: Red,
  id: string,
  store: Store,
  client: OdooClient,
  { watched }: ChangesConfig,
): Promise<void> {
  let kept = false;
  red.nodes.eachNode((node) => {
    kept ||= node.id === id;
  });
  if (kept) return;
  for (const { model } of watched) await store.run(forgetCapture(captureName(id, client, model)));
}

/** What a person should see to first; then how far behind it is. */
function showStatus(status: StatusLine, source: Source, state: PollerState, pollMs: number): void {
  const { inFlight, depth, paused } = source;
  const problem = source.problem ?? state.problem;
  const ahead = depth > 0 ? `, ${inFlight} in the flow, ${Math.max(0, depth - inFlight)} waiting` : '';
  const { fill, phase, behindSeconds = 0 } = state;
  if (problem !== undefined) status.failed(problem.message);
  else if (paused !== undefined) status.waiting(`${paused}, ${depth} waiting`);
  else if (phase === 'starting') status.busy('starting');
  else if (phase === 'elsewhere') status.ok(`another process reads${ahead}`);
  else if (phase === 'paused') status.waiting(`reading waits${ahead}`);
  else if (fill !== undefined) {
    status.busy(`back-fill ${fill.percent === undefined ? fill.done : `${fill.percent} %`}${ahead}`);
  } else if (behindSeconds * 1000 > 2 * pollMs + 1000) {
    status.waiting(`live, ${behindSeconds} s behind${ahead}`);
  } else if (depth > 0) status.busy(`live${ahead}`);
  else status.ok('live');
}
