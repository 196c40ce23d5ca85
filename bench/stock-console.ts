/**
 * Bench `stock-console`: the console's stock with 20,000 keys in each of three channels. What a page of 200 items takes there,
 * beside a store whose channels have 200 keys each: asked quietly, in turn. Then, while all keys change and are published
 * again and again: how long pages and the summary take, how late the gateway's event loop is, and in Chromium how even the
 * frames are while somebody scrolls through the list.
 */
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type { StockPage } from '../core/inventory';
import { startMosquitto, UNSAVED } from './lib/brokers';
import { ask, at, startNodeRed } from './lib/feed';
import { median, round, run, sideBySide } from './lib/measure';

const KEYS = Number(process.argv[2] ?? 20_000);
const FEW = 200;
const PAGE = 200;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Time of a page beside that of a store with few keys. */
const TARGET = 1.5;
const BURST_MS = Number(process.env['BENCH_BURST_MS'] ?? 20_000);
const CHANNELS = [1, 2, 3];
const SIZES = ['many', 'few'] as const;
type Size = (typeof SIZES)[number];

run('stock-console', async () => {
  const broker = await startMosquitto(UNSAVED);
  const red = await startNodeRed(flows(broker.url));
  const console = (size: Size, path: string): string => `/crossdock/console/${size}/stock/${path}`;
  const get = async <T>(path: string): Promise<T> => {
    const answer = await ask(red, path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };
  const publish = (size: Size, channel: number, keys: number, n: number): Promise<unknown> =>
    get(`/publish/${size}/${channel}/${keys}/${n}`);
  const lag = (): Promise<{ p50: number; p99: number; max: number }> => get('/lag');
  try {
    for (const channel of CHANNELS) {
      await publish('few', channel, FEW, 0);
      await publish('many', channel, KEYS, 0);
    }
    const cursors = await cursorsOf(get, console('many', `items?channel=many1&limit=${PAGE}`));
    if (cursors.length < KEYS / PAGE - 1) throw new Error(`${cursors.length} pages`);
    let asked = 0;
    const page = async (size: Size): Promise<void> => {
      asked += 1;
      const after = size === 'few' ? '' : (cursors[asked % cursors.length] ?? '');
      const { items } = await get<StockPage>(
        console(size, `items?channel=${size}1&limit=${PAGE}&after=${after}`),
      );
      if (items.length === 0) throw new Error('an empty page');
    };
    const rates = await sideBySide(ROUNDS, async (side) => {
      const size = side === 'ours' ? 'many' : 'few';
      const begun = performance.now();
      for (let n = 0; n < 50; n += 1) await page(size);
      return (50 / (performance.now() - begun)) * 1000;
    });
    const summary = (): Promise<unknown> => get(console('many', 'channels'));
    await lag();
    const quiet = await measured(5000, page, summary);
    const quietLag = await lag();

    let bursting = true;
    let published = 0;
    const burst = Promise.all(
      CHANNELS.map(async (channel) => {
        for (let n = 1; bursting; n += 1) {
          await publish('many', channel, KEYS, n);
          published += KEYS;
        }
      }),
    );
    const begun = performance.now();
    await lag();
    const busy = await measured(BURST_MS, page, summary);
    const busyLag = await lag();
    const frames = await scrolled(red.url);
    bursting = false;
    await burst;
    const took = (performance.now() - begun) / 1000;
    const calm = await scrolled(red.url);
    const [many, few] = [median(rates.ours), median(rates.bare)];
    const ratio = round(few / many, 2);
    return {
      ratio,
      target: TARGET,
      ok: ratio <= TARGET,
      ratios: rates.ours.map((each, index) => round((rates.bare[index] ?? Number.NaN) / each, 2)),
      keys: KEYS,
      channels: CHANNELS.length,
      pageMs: { many: round(1000 / many, 1), few: round(1000 / few, 1) },
      quiet: { ...quiet, lagMs: quietLag },
      burst: { ...busy, lagMs: busyLag, publishedPerSecond: round(published / took) },
      scrolling: { quiet: calm, burst: frames },
    };
  } finally {
    await red.remove();
    await broker.stop();
  }
});

async function cursorsOf(get: (path: string) => Promise<StockPage>, path: string): Promise<string[]> {
  const found: string[] = [];
  for (let after = ''; ; ) {
    const { next } = await get(`${path}&after=${after}`);
    if (next === null) return found;
    found.push(next);
    after = next;
  }
}

/** As somebody who looks at it: pages one after the other, the summary each second. Ms. */
async function measured(
  forMs: number,
  page: (size: Size) => Promise<void>,
  summary: () => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const until = performance.now() + forMs;
  const times = { page: [] as number[], summary: [] as number[] };
  const timed = async (list: number[], work: () => Promise<unknown>, pauseMs: number): Promise<void> => {
    while (performance.now() < until) {
      const begun = performance.now();
      await work();
      list.push(performance.now() - begun);
      await sleep(pauseMs);
    }
  };
  await Promise.all([timed(times.page, () => page('many'), 20), timed(times.summary, summary, 1000)]);
  return { pageMs: percentiles(times.page), summaryMs: percentiles(times.summary) };
}

/** Somebody wheels through the list for some seconds, and then drags its thumb. Ms. */
async function scrolled(url: string): Promise<Record<string, unknown> | string> {
  const executablePath = [process.env['CHROMIUM_BIN'], '/usr/bin/chromium'].find(
    (path) => path !== undefined && existsSync(path),
  );
  if (executablePath === undefined) return 'no Chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1080 } });
    await page.goto(url);
    await page.waitForFunction("window.RED && RED.nodes && RED.nodes.node('many1')", undefined, {
      timeout: 120_000,
    });
    await page.evaluate("RED.actions.invoke('crossdock:show-console')");
    const root = '.crossdock-console';
    await page.selectOption(`${root} .head select`, 'many', { timeout: 60_000 });
    await page.click(`${root} #crossdock-console-tab-stock`, { timeout: 60_000 });
    await page.click(`${root} .channel h3 button`, { timeout: 60_000 });
    await page.waitForSelector(`${root} .stock-item`, { timeout: 60_000 });
    const wheel = (await page.evaluate(watchFrames(8000, 'list.scrollTop += 40;'))) as Watched;
    const drag = (await page.evaluate(
      watchFrames(
        8000,
        'if (frame % 30 === 0) list.scrollTop = (list.scrollHeight * ((frame * 7) % 100)) / 100;',
      ),
    )) as Watched;
    return { wheel: shown(wheel), drag: shown(drag) };
  } finally {
    await browser.close();
  }
}

interface Watched {
  readonly frames: number[];
  readonly tasks: number[];
}

const watchFrames = (ms: number, act: string): string => `new Promise((resolve) => {
  const list = document.querySelector('.crossdock-console .items .list');
  const frames = [], tasks = [];
  const watcher = new PerformanceObserver((seen) => seen.getEntries().forEach((task) => tasks.push(task.duration)));
  watcher.observe({ entryTypes: ['longtask'] });
  const begun = performance.now();
  let last = begun, frame = 0;
  const step = (now) => {
    if (frame > 0) frames.push(now - last);
    last = now;
    frame += 1;
    ${act}
    if (now - begun < ${ms}) requestAnimationFrame(step);
    else { watcher.disconnect(); resolve({ frames, tasks }); }
  };
  requestAnimationFrame(step);
})`;

function shown({ frames, tasks }: Watched): Record<string, unknown> {
  return {
    frameMs: percentiles(frames),
    longTasks: tasks.length,
    longestTaskMs: round(Math.max(0, ...tasks)),
  };
}

function percentiles(values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b);
  const of = (share: number): number => round(sorted[Math.floor((sorted.length - 1) * share)] ?? 0, 1);
  return { p50: of(0.5), p99: of(0.99), max: of(1), count: sorted.length };
}

function flows(url: string): object[] {
  const levels = `
const { size, channel, keys, n } = msg.req.params;
const asOf = new Date().toISOString();
msg.payload = Array.from({ length: Number(keys) }, (_, index) => {
  const available = String((index + Number(n)) % 50);
  return { schemaVersion: '1.0', item: { identifiers: [{ scheme: 'sku', value: 'SKU-' + index }], description: 'Article ' + index },
    location: { code: 'main', kind: 'warehouse' }, asOf, unit: 'C62', onHand: available, reserved: '0', available, authority: 'odoo:main' };
});
const to = (size === 'many' ? 0 : 3) + Number(channel) - 1;
return Array.from({ length: 6 }, (_, index) => (index === to ? msg : null));`;
  const lag = `
const lags = (global.get('lags') || []).sort((a, b) => a - b);
global.set('lags', []);
const of = (share) => lags[Math.floor((lags.length - 1) * share)] || 0;
msg.payload = { p50: of(0.5), p99: of(0.99), max: of(1), count: lags.length };
return msg;`;
  const watch = `
let last = Date.now();
const lags = [];
global.set('lags', lags);
setInterval(() => {
  const now = Date.now();
  (global.get('lags') || []).push(Math.max(0, now - last - 20));
  last = now;
}, 20);`;
  const each = SIZES.flatMap((size) => CHANNELS.map((n) => ({ size, id: `${size}${n}` })));
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    ...SIZES.map((size) => ({
      id: size,
      type: 'crossdock-store',
      name: `${size} keys`,
      path: `${size}.sqlite`,
    })),
    ...each.flatMap(({ size, id }) => [
      {
        id,
        type: 'crossdock-event-channel',
        // No setting is the id of a config node itself: Node-RED would take it for a circle.
        name: `channel ${id}`,
        kind: 'mqtt',
        url,
        topicPrefix: `bench/${id}`,
        clientId: `bench-${id}`,
        source: '/bench',
      },
      {
        id: `publish-${id}`,
        type: 'crossdock-inventory-publish',
        store: size,
        channel: id,
        from: 'msg',
        property: 'payload',
        buffer: '2',
        wires: [['answer']],
        ...at,
      },
    ]),
    {
      id: 'http',
      type: 'http in',
      url: '/publish/:size/:channel/:keys/:n',
      method: 'get',
      wires: [['levels']],
      ...at,
    },
    {
      id: 'levels',
      type: 'function',
      func: levels,
      outputs: each.length,
      wires: each.map(({ id }) => [`publish-${id}`]),
      ...at,
    },
    { id: 'answer', type: 'http response', wires: [], ...at },
    { id: 'lag http', type: 'http in', url: '/lag', method: 'get', wires: [['lag']], ...at },
    { id: 'lag', type: 'function', func: lag, initialize: watch, outputs: 1, wires: [['answer']], ...at },
  ];
}
