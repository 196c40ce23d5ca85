/** The HTTP admin API of stock: docs/stock-console.md says what each route does. */
import { CrossdockError } from '../../core/errors';
import {
  noteSnapshot,
  STOCK_LANGUAGES,
  STOCK_VIEWS,
  StockBrowser,
  type StockChannel,
  type StockFilter,
  type StockLanguage,
  stockCsv,
  tellAgain,
} from '../../core/inventory';
import type { Store } from '../../core/store';
import { invalid } from '../shared/admin';
import { pageSize, textOf } from '../shared/console-requests';
import { lettersChanged, stockChanged } from '../shared/desks';
import type { HttpHandler, Red } from '../shared/red';
import { type StoreRequest, sendFile, storeHandler } from '../shared/store-routes';
import { type LiveStock, liveStock } from './live';

const ROOT = '/crossdock/console/:store/stock';
const STATUS: Readonly<Record<string, number>> = {
  STOCK_CHANNEL_UNKNOWN: 404,
  STOCK_ITEM_UNKNOWN: 404,
  STOCK_CHANNEL_NOT_OPEN: 409,
};

interface Asked extends StoreRequest {
  readonly browser: StockBrowser;
  nameOf(channel: string): string;
}

const browsers = new WeakMap<Store, Promise<StockBrowser>>();

/** Adds the routes; once per runtime. */
export function addStockRoutes(red: Red): void {
  const may = (right: string): HttpHandler => red.auth.needsPermission(`crossdock-inventory.${right}`);
  const read = may('read');
  const write = may('write');
  const nameOf = (channel: string): string => red.nodes.getNode(channel)?.name || channel;
  const handler = (answer: (asked: Asked) => Promise<unknown>): HttpHandler =>
    storeHandler(red, STATUS, async (asked) =>
      answer({ ...asked, browser: await browserOf(asked.store), nameOf }),
    );
  const app = red.httpAdmin;
  app.get(`${ROOT}/channels`, read, handler(channels));
  app.get(`${ROOT}/items`, read, handler(items));
  app.get(`${ROOT}/marks`, read, handler(marks));
  app.get(`${ROOT}/items.csv`, read, handler(csv));
  app.get(`${ROOT}/item`, read, handler(item));
  app.post(`${ROOT}/tell-again`, write, handler(again));
  app.post(`${ROOT}/snapshot`, write, handler(snapshot));
}

/** Tables are brought up to date once per opening of a store. */
function browserOf(store: Store): Promise<StockBrowser> {
  let found = browsers.get(store);
  if (found === undefined) {
    found = StockBrowser.open(store);
    browsers.set(store, found);
    // Whoever asks next tries again.
    found.catch(() => browsers.delete(store));
  }
  return found;
}

async function channels({ browser, store, nameOf }: Asked): Promise<unknown> {
  const found = await browser.channels();
  return { channels: found.map((channel) => ({ ...channel, ...doing(store, channel, nameOf) })) };
}

/** What only the running nodes know of a channel. */
function doing(store: Store, { id, waiting }: Pick<StockChannel, 'id' | 'waiting'>, nameOf: Asked['nameOf']) {
  const nodes = liveStock(store, id);
  const [first] = nodes;
  const clears = nodes.flatMap(({ publisher }) => publisher.clearsInMs(waiting) ?? []);
  return {
    name: nameOf(id),
    kind: first?.kind ?? null,
    nodes: nodes.map((node) => ({ id: node.id, name: node.name })),
    connection: first === undefined ? null : connectionOf(first),
    clearsInMs: waiting === 0 || clears.length === 0 ? null : Math.max(...clears),
  };
}

function connectionOf({ state }: LiveStock) {
  const { status, since, message } = state();
  return { status, since, message: message ?? null };
}

async function items({ browser, query }: Asked): Promise<unknown> {
  return browser.items(filterOf(query), pageSize(query), query.get('after') ?? undefined);
}

async function marks({ browser, query }: Asked): Promise<unknown> {
  const filter = filterOf(query);
  const { channel } = filter;
  if (channel === undefined) throw invalid('Say of which channel in "channel".');
  return { marks: await browser.marks({ ...filter, channel }, pageSize(query)) };
}

async function item({ browser, store, query, nameOf }: Asked): Promise<unknown> {
  const sku = query.get('sku');
  if (sku === null || sku === '') throw invalid('Say which item in "sku".');
  const found = await browser.item(sku);
  const ids = [...new Set(found.levels.map((level) => level.channel))];
  return {
    ...found,
    channels: ids.map((id) => ({ id, ...doing(store, { id, waiting: 0 }, nameOf) })),
  };
}

async function csv({ browser, response, query, nameOf }: Asked): Promise<unknown> {
  const filter = filterOf(query);
  // What is wrong with the filter is said before the file begins.
  await browser.items(filter, 1);
  const name = `stock-${new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-')}.csv`;
  const parts = stockCsv(browser.items.bind(browser), filter, languageOf(query), nameOf);
  return sendFile(response, { type: 'text/csv; charset=utf-8', name, parts });
}

async function again({ browser, store, body, who, nameOf }: Asked): Promise<unknown> {
  const { channel, site, sku } = textsOf(await body(), ['channel', 'site', 'sku']);
  const nodes = openOf(store, channel);
  await tellAgain(store, { channel, site, sku, who, channelName: nameOf(channel) });
  const [first] = nodes;
  first?.publisher.hurry(site, sku);
  first?.flush();
  changed(browser, store);
  return { connected: first?.state().status === 'connected' };
}

async function snapshot({ browser, store, body, who, nameOf }: Asked): Promise<unknown> {
  const { channel } = textsOf(await body(), ['channel']);
  const [first] = openOf(store, channel);
  await noteSnapshot(store, who, nameOf(channel));
  const marked = (await first?.publisher.snapshot()) ?? 0;
  first?.flush();
  changed(browser, store);
  return { marked, connected: first?.state().status === 'connected' };
}

function changed(browser: StockBrowser, store: Store): void {
  browser.forget();
  stockChanged(store);
  // The audit has an entry more.
  lettersChanged(store);
}

/** Without a node nothing would ever leave. */
function openOf(store: Store, channel: string): LiveStock[] {
  const nodes = liveStock(store, channel);
  if (nodes.length > 0) return nodes;
  throw new CrossdockError(
    'No inventory publish node of this channel is running here: it was removed or disabled, or has not started yet.',
    { code: 'STOCK_CHANNEL_NOT_OPEN', kind: 'business' },
  );
}

/** Reads a filter; of other fields (paging, language) it takes no notice. */
function filterOf(query: URLSearchParams): StockFilter {
  const asked = query.get('view') ?? '';
  const view = asked === '' ? 'all' : STOCK_VIEWS.find((known) => known === asked);
  if (view === undefined) throw invalid(`The field "view" must be one of: ${STOCK_VIEWS.join(', ')}.`);
  return { view, channel: textOf(query.get('channel'), 'channel'), q: textOf(query.get('q'), 'q') };
}

function languageOf(query: URLSearchParams): StockLanguage {
  const asked = (query.get('lang') ?? '').slice(0, 2).toLowerCase();
  return STOCK_LANGUAGES.find((language) => language === asked) ?? 'en';
}

/** Texts as they are: a SKU may begin or end with a blank. */
function textsOf<const K extends string>(
  body: Readonly<Record<string, unknown>>,
  names: readonly K[],
): Record<K, string> {
  const read = names.map((name) => {
    const value = body[name];
    if (typeof value !== 'string' || value === '' || value.length > 1000) {
      throw invalid(`The field "${name}" must be a text of 1 to 1000 characters.`);
    }
    return [name, value];
  });
  return Object.fromEntries(read) as Record<K, string>;
}
