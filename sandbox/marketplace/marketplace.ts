/**
 * A simulated marketplace that answers a seller's questions as Mirakl's Marketplace Platform documents OR11:
 *
 * GET /api/orders?start_date&end_date&order_ids&max&offset -> 200 { orders, total_count }, `Link` with rel="next" while
 * there is more; `start_date` and `end_date` are ISO 8601 and about `created_date`; `max` up to 100, 10 when left out.
 * The key goes in `Authorization`. Too many calls: 429 with `Retry-After` in seconds.
 *
 * No instance of it can be had for tests; what it must be like is held against the partner contract `mirakl-order`.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { MiraklOrder } from './orders';

export interface MarketplaceOptions {
  /** What it has, now and later. */
  orders(): readonly MiraklOrder[];
  /** Default: any key is good. */
  readonly apiKey?: string;
  /** Default 0: the system chooses. */
  readonly port?: number;
}

export interface Marketplace {
  /** http://127.0.0.1:<port>, without a path. */
  readonly url: string;
  /** Queries that were answered with orders, oldest first. */
  readonly asked: readonly string[];
  /** So many of the next calls are too many. */
  limit(calls: number, retryAfterSeconds: number): void;
  /** From now on only this key is good. */
  changeKey(key: string): void;
  /** Ends the server and its connections. Safe to call twice. */
  close(): Promise<void>;
}

const MOST = 100;
const USUAL = 10;

export async function startMarketplace(options: MarketplaceOptions): Promise<Marketplace> {
  const asked: string[] = [];
  let goodKey = options.apiKey;
  let limited = { calls: 0, seconds: 0 };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://marketplace');
    if (url.pathname !== '/api/orders') return answer(response, 404, { message: 'Not found', status: 404 });
    if (request.method !== 'GET')
      return answer(response, 405, { message: 'Method not allowed', status: 405 });
    const key = request.headers.authorization;
    if (goodKey !== undefined && key !== goodKey)
      return answer(response, 401, { message: 'Unauthorized', status: 401 });
    if (limited.calls > 0) {
      limited = { ...limited, calls: limited.calls - 1 };
      response.setHeader('Retry-After', String(limited.seconds));
      return answer(response, 429, { message: 'Too Many Requests', status: 429 });
    }
    const { searchParams: query } = url;
    const from = timeOf(query.get('start_date'), Number.NEGATIVE_INFINITY);
    const to = timeOf(query.get('end_date'), Number.POSITIVE_INFINITY);
    const max = Math.min(MOST, whole(query.get('max'), USUAL));
    const offset = whole(query.get('offset'), 0);
    if ([from, to, max, offset].some(Number.isNaN))
      return answer(response, 400, { message: 'A parameter is not valid', status: 400 });
    const ids = query.get('order_ids')?.split(',');
    const found = options
      .orders()
      .filter(({ created_date: at }) => Date.parse(at) >= from && Date.parse(at) <= to)
      .filter(({ order_id: id }) => ids === undefined || ids.includes(id));
    if (offset + max < found.length) {
      const next = new URL(url);
      next.searchParams.set('offset', String(offset + max));
      next.searchParams.set('max', String(max));
      response.setHeader(
        'Link',
        `<${`http://${request.headers.host ?? ''}`}${next.pathname}${next.search}>; rel="next"`,
      );
    }
    asked.push(url.search);
    return answer(response, 200, { orders: found.slice(offset, offset + max), total_count: found.length });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let closing: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    limit(calls, retryAfterSeconds) {
      limited = { calls, seconds: retryAfterSeconds };
    },
    changeKey(key) {
      goodKey = key;
    },
    close() {
      closing ??= (async () => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      })();
      return closing;
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json;charset=UTF-8');
  response.end(JSON.stringify(body));
}

/** A time with its zone, as ISO 8601 asks for. */
function timeOf(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  return /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}

function whole(text: string | null, fallback: number): number {
  if (text === null) return fallback;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}
