/**
 * `npm start`: the demo until Ctrl-C. What it is made of is decided by the environment:
 * - ODOO_URL, ODOO_DB, ODOO_API_KEY (ODOO_LOGIN below Odoo 19): a real Odoo instead of the stand-in;
 *   CROSSDOCK_SEED=1 creates the demo's products there when they are missing;
 * - MQTT_URL: a real broker instead of the embedded one;
 * - PORT (1880), CROSSDOCK_HOME (.crossdock), CROSSDOCK_SIMULATE=0: no orders and stock counts by themselves.
 */
import { join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import { type Demo, DemoError, startDemo } from './demo';
import { openHome, projectRoot } from './home';
import type { OdooAccess } from './odoo';
import { readRunFile } from './run-file';

const SIMULATION = { ordersMs: 5000, countsMs: 20_000 };

const say = (line: string): void => console.log(line);

async function start(): Promise<Demo> {
  const { env } = process;
  const home = openHome(env['CROSSDOCK_HOME'] || join(projectRoot, '.crossdock'));
  const running = readRunFile(home.runFile);
  if (running !== undefined) {
    throw new DemoError(
      `A demo with the state in ${home.folder} is running already (process ${running.pid}, ${running.editorUrl}). Stop it, or set CROSSDOCK_HOME to another folder.`,
    );
  }
  const demo = await startDemo({
    home,
    port: portOf(env['PORT']),
    odoo: odooOf(env),
    mqttUrl: mqttOf(env['MQTT_URL']),
    simulate: env['CROSSDOCK_SIMULATE'] === '0' ? undefined : SIMULATION,
    seedRealOdoo: env['CROSSDOCK_SEED'] === '1',
    say,
  });
  say(summary(demo));
  return demo;
}

function summary(demo: Demo): string {
  const odoo = demo.odoo.standIn ? `Odoo (stand-in) ${demo.odoo.url}` : `Odoo ${demo.odoo.url}`;
  const orders = demo.ordersWelcome
    ? `orders go to ${demo.editorUrl}/storefront/shopify`
    : 'no orders are taken (the flows have no path /storefront/shopify)';
  return `Crossdock is running: editor ${demo.editorUrl} · ${orders} · ${odoo} · MQTT ${demo.mqttUrl}  (Ctrl-C stops)`;
}

function portOf(value: string | undefined): number {
  if (value === undefined || value === '') return 1880;
  const port = Number(value);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new DemoError(`PORT is ${value}; it must be a number from 1 to 65535.`);
}

function odooOf(env: NodeJS.ProcessEnv): OdooAccess | undefined {
  const { ODOO_URL: url, ODOO_DB: database, ODOO_API_KEY: apiKey, ODOO_LOGIN: login } = env;
  if (!url) return undefined;
  const missing = [...(database ? [] : ['ODOO_DB']), ...(apiKey ? [] : ['ODOO_API_KEY'])];
  if (!database || !apiKey) throw new DemoError(`ODOO_URL is set, but ${missing.join(' and ')} not.`);
  return { url, database, apiKey, login: login || 'admin' };
}

function mqttOf(value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (URL.canParse(value)) return value;
  throw new DemoError('MQTT_URL must be an address such as mqtt://127.0.0.1:1883.');
}

let demo: Promise<Demo> | undefined;
let stopping = false;
const pressed = new Map<string, number>();

/**
 * The first request stops in order. `npm start` passes a Ctrl-C on as SIGTERM, so that one press may arrive as two
 * signals; only the same signal for a second time means "now".
 */
function onSignal(signal: NodeJS.Signals): void {
  const times = (pressed.get(signal) ?? 0) + 1;
  pressed.set(signal, times);
  if (times > 1) {
    say('Stopped at once.');
    // What Node-RED is doing is safe to interrupt; its process ends with this one.
    process.exit(130);
  }
  if (stopping) return;
  stopping = true;
  say('Stopping ...');
  void finish(0);
}

async function finish(code: number): Promise<void> {
  const started = await demo?.catch(() => undefined);
  await started?.stop();
  process.exit(code);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
// A terminal that is gone must not turn an orderly stop into a crash.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

demo = start();
demo.then(
  async ({ nodeRed }) => {
    await nodeRed.ended;
    if (stopping) return;
    stopping = true;
    say('Node-RED was stopped from outside; the rest of the demo stops too.');
    await finish(0);
  },
  (error: unknown) => {
    if (stopping) return;
    const readable = error instanceof DemoError || error instanceof CrossdockError;
    console.error(readable ? error.message : error);
    process.exit(1);
  },
);
