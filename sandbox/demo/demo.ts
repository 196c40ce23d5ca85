/**
 * The demo as a whole: Odoo or its stand-in, a broker, a warehouse, shops, and a supervised Node-RED with the demo's
 * flows between them. Each part can be the real one instead.
 */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createOdooClient } from '../../core/odoo';
import { startBroker } from '../broker';
import { catalogue } from '../catalogue';
import { startMarketplace } from '../marketplace/marketplace';
import { type MiraklOrder, ordersOfDay } from '../marketplace/orders';
import { planStream } from '../storefront/plan';
import { createRng } from '../storefront/rng';
import { PATHS } from '../storefront/senders';
import { streamOrders } from '../storefront/simulator';
import { startWarehouse } from '../warehouse/warehouse';
import { countNowAndThen, readCurrency, readOnHand, STOCK_ALLOW } from './activity';
import { type Home, prepareUserDir } from './home';
import { type SupervisedNodeRed, superviseNodeRed } from './node-red';
import { type OdooAccess, openOdoo } from './odoo';
import { removeRunFile, writeRunFile } from './run-file';

export interface DemoOptions {
  readonly home: Home;
  /** Port of the editor and of the shops' addresses. */
  readonly port: number;
  /** A real Odoo; the embedded stand-in when left out. */
  readonly odoo?: OdooAccess | undefined;
  /** A real broker; an embedded one when left out. */
  readonly mqttUrl?: string | undefined;
  /** Ports of the embedded parts; the next free one when taken. 0: the system chooses. */
  readonly ports?: { readonly odoo: number; readonly mqtt: number } | undefined;
  /** Ms between two orders and two stock counts; nothing is simulated when left out. */
  readonly simulate?: { readonly ordersMs: number; readonly countsMs: number } | undefined;
  /** Whether to create missing products and stock in a real Odoo. The stand-in is always seeded. */
  readonly seedRealOdoo?: boolean | undefined;
  /** Where the lines for people go. */
  readonly say: (line: string) => void;
}

export interface Demo {
  readonly editorUrl: string;
  readonly mqttUrl: string;
  readonly warehouseUrl: string;
  readonly odoo: OdooAccess & { readonly standIn: boolean };
  /** What Odoo sells in, ISO 4217. */
  readonly currency: string;
  readonly nodeRed: SupervisedNodeRed;
  /** Whether the shops' addresses answer; false when the flows have been changed so that they do not. */
  readonly ordersWelcome: boolean;
  /** Stops everything in its order, each part within a bound. Safe to call twice. */
  stop(): Promise<void>;
}

/** A reason not to start that a person can do something about; shown without a stack. */
export class DemoError extends Error {}

const DAY_MS = 86_400_000;
/** A day. */
const MARKETPLACE_ORDERS = 12;
const DEFAULT_PORTS = { odoo: 8918, mqtt: 1883 };
/** The warehouse is the same one at every start: it differs at the same products. */
const WAREHOUSE_SEED = 'warehouse';
/** Order numbers count the seconds from here, so that those of one start of the demo are not those of another. */
const NUMBERS_SINCE = Date.UTC(2026, 0, 1);

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { say } = options;
  await refuseBusyPort(options.port);
  const parts: (() => Promise<void>)[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      // Last started, first stopped; one that fails to stop must not keep the others running.
      for (const part of parts.reverse()) await part().catch((error: unknown) => say(`  ${text(error)}`));
    })();
    return stopping;
  };
  try {
    return await start(options, parts, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: DemoOptions,
  parts: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Demo> {
  const { home, say } = options;
  const ports = options.ports ?? DEFAULT_PORTS;
  const settingsFile = prepareUserDir(home, { port: options.port });

  const startMqtt = async (): Promise<string> => {
    if (options.mqttUrl !== undefined) return options.mqttUrl;
    const broker = await onFreePort(ports.mqtt, (port) => startBroker({ port }));
    parts.push(() => broker.close());
    return broker.url;
  };
  const startOdoo = async (): Promise<Demo['odoo']> => {
    const odoo = await openOdoo({
      real: options.odoo,
      file: home.odooFile,
      seedReal: options.seedRealOdoo === true,
      start: (work) => onFreePort(ports.odoo, work),
      say,
    });
    parts.push(() => odoo.close());
    return odoo.access;
  };
  const [mqttUrl, odoo] = await both(startMqtt(), startOdoo());

  const client = createOdooClient({ ...odoo, allow: STOCK_ALLOW });
  parts.push(() => client.close());
  const skus = catalogue.map((product) => product.sku);
  const [stock, currency] = await Promise.all([readOnHand(client, skus), readCurrency(client)]);
  const warehouse = await startWarehouse({ stock, rng: createRng(WAREHOUSE_SEED) });
  parts.push(() => warehouse.close());
  const marketplace = await startMarketplace({ orders: () => marketplaceOrders(currency) });
  parts.push(() => marketplace.close());

  const editorUrl = `http://127.0.0.1:${options.port}`;
  const startedAt = new Date().toISOString();
  const { apiKey, ...shown } = odoo;
  const tell = (nodeRedPid: number | undefined): void =>
    writeRunFile(home.runFile, {
      pid: process.pid,
      nodeRedPid,
      startedAt,
      editorUrl,
      mqttUrl: withoutSecrets(mqttUrl),
      warehouseUrl: warehouse.url,
      odoo: { ...shown, apiKey: odoo.standIn ? apiKey : undefined },
    });
  parts.push(async () => removeRunFile(home.runFile));
  const nodeRed = await superviseNodeRed({
    userDir: home.userDir,
    settingsFile,
    logFile: home.logFile,
    port: options.port,
    env: {
      ODOO_URL: odoo.url,
      ODOO_DB: odoo.database,
      ODOO_LOGIN: odoo.login,
      ODOO_API_KEY: odoo.apiKey,
      MQTT_URL: mqttUrl,
      WAREHOUSE_URL: warehouse.url,
      // The reference flow of stock brings a shop of its own.
      STOREFRONT_URL: `${editorUrl}/example/storefront`,
      STOCK_FILE: join(home.folder, '3pl-stock.csv'),
      MARKETPLACE_URL: marketplace.url,
      MARKETPLACE_KEY: 'demo',
    },
    say,
    onRunning: tell,
  });
  parts.push(() => nodeRed.stop());
  const ordersWelcome = await answers(new URL(PATHS.shopify, editorUrl));

  if (options.simulate !== undefined) {
    const { ordersMs, countsMs } = options.simulate;
    const simulation = new AbortController();
    const { signal } = simulation;
    const seed = new Date().toISOString();
    const next = planStream({
      seed,
      run: seed,
      catalogue,
      currency,
      duplicates: 0.25,
      malformed: 0.04,
      unknownSku: 0.04,
      firstNumber: Math.floor((Date.now() - NUMBERS_SINCE) / 1000),
    });
    const random = createRng(`${seed}:pauses`);
    const shops = ordersWelcome
      ? streamOrders({ target: editorUrl, next, everyMs: ordersMs, random: () => random.next(), signal })
      : Promise.resolve();
    const counts = countNowAndThen({
      odoo: client,
      warehouse,
      rng: createRng(`${seed}:counts`),
      everyMs: countsMs,
      signal,
      say,
    });
    parts.push(async () => {
      simulation.abort();
      await Promise.all([shops, counts]);
    });
  }
  return {
    editorUrl,
    mqttUrl: withoutSecrets(mqttUrl),
    warehouseUrl: warehouse.url,
    odoo,
    currency,
    nodeRed,
    ordersWelcome,
    stop,
  };
}

/** What the marketplace sold yesterday and today, as far as it has come. */
function marketplaceOrders(currency: string): MiraklOrder[] {
  const now = Date.now();
  return [DAY_MS, 0].flatMap((ago) => {
    const day = new Date(now - ago).toISOString().slice(0, 10);
    const from = new Date(`${day}T00:00:00Z`);
    const to = new Date(from.getTime() + DAY_MS);
    return ordersOfDay(
      createRng(`marketplace:${day}`),
      { from, to, count: MARKETPLACE_ORDERS },
      { catalogue, currency },
    ).filter(({ created_date: at }) => Date.parse(at) <= now);
  });
}

/** Waits for both even when one fails, so that what the other has started is known and can be stopped. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

async function refuseBusyPort(port: number): Promise<void> {
  if (await isFree(port)) return;
  throw new DemoError(
    `Port ${port} on 127.0.0.1 is in use, perhaps by a Node-RED or a demo that already runs. Stop it, or choose another port: PORT=1881 npm start`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Starts something on a port, or on one of the next when it is taken. */
async function onFreePort<T>(wanted: number, begin: (port: number) => Promise<T>): Promise<T> {
  for (let port = wanted; ; port += 1) {
    try {
      return await begin(port);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || port >= wanted + 20) throw error;
    }
  }
}

/** Whether something other than "not found" comes from an address within a few seconds. */
async function answers(url: URL): Promise<boolean> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const status = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 404,
    );
    if (status !== 404) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

function withoutSecrets(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
