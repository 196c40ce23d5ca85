/**
 * How shops post their webhooks: what Shopify and WooCommerce put into the headers, and how they go on until they get
 * a 2xx.
 */
import { createHash, createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export type Shop = 'shopify' | 'woocommerce';

/** Where each kind of shop posts, below the gateway's address. */
export const PATHS: Readonly<Record<Shop, string>> = {
  shopify: '/storefront/shopify',
  woocommerce: '/storefront/woocommerce',
};
/** The header that tells deliveries apart; the gateway keeps `<header>:<value>`. */
const ID_HEADERS: Readonly<Record<Shop, string>> = {
  shopify: 'x-shopify-webhook-id',
  woocommerce: 'x-wc-webhook-delivery-id',
};
/** Signs the simulator's posts, as shops always do; the demo's flows do not ask for signatures. */
const DEMO_SECRET = 'crossdock-demo';

/** One webhook: retries of it are the same, a second webhook for the same order has another `id`. */
export interface Webhook {
  readonly shop: Shop;
  readonly id: string;
  /** What happened in the shop; webhooks for the same happening share it. */
  readonly eventId: string;
  readonly triggeredAt: string;
  readonly body: string;
}

/** The delivery id as the gateway's dead letters show it. */
export function deliveryId(webhook: Pick<Webhook, 'shop' | 'id'>): string {
  return `${ID_HEADERS[webhook.shop]}:${webhook.id}`;
}

/** A webhook id as the shop would make it (a UUID; 32 hex digits), always the same for the same text. */
export function webhookId(shop: Shop, text: string): string {
  const hex = createHash('sha256').update(text).digest('hex').slice(0, 32);
  if (shop === 'woocommerce') return hex;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The headers of a delivery, as the shop sends them. */
export function headersOf(webhook: Webhook): Record<string, string> {
  const signature = createHmac('sha256', DEMO_SECRET).update(webhook.body).digest('base64');
  if (webhook.shop === 'shopify') {
    return {
      'content-type': 'application/json',
      'user-agent': 'Shopify-Captain-Hook',
      'x-shopify-topic': 'orders/create',
      'x-shopify-shop-domain': 'crossdock-demo.myshopify.com',
      'x-shopify-api-version': '2026-07',
      'x-shopify-hmac-sha256': signature,
      'x-shopify-webhook-id': webhook.id,
      'x-shopify-event-id': webhook.eventId,
      'x-shopify-triggered-at': webhook.triggeredAt,
    };
  }
  return {
    'content-type': 'application/json',
    'user-agent': 'WooCommerce/10.3.0 Hookshot (WordPress/6.9)',
    'x-wc-webhook-source': 'https://shop.example.com/',
    'x-wc-webhook-topic': 'order.created',
    'x-wc-webhook-resource': 'order',
    'x-wc-webhook-event': 'created',
    'x-wc-webhook-signature': signature,
    'x-wc-webhook-id': '7',
    'x-wc-webhook-delivery-id': webhook.id,
  };
}

export interface SendOptions {
  /** The gateway's address, for example http://127.0.0.1:1880. */
  readonly target: string;
  /** Ms after which one attempt counts as failed. Shopify gives 5 s. */
  readonly attemptMs?: number;
  /** Ms after which the sender gives up. Default 120,000. */
  readonly giveUpMs?: number;
  readonly signal?: AbortSignal;
}

/** What a sender knows in the end. Without an acknowledgement it cannot know whether the order has arrived. */
export interface SendResult {
  readonly acknowledged: boolean;
  readonly attempts: number;
  /** The last HTTP status; undefined when the last attempt got no answer. */
  readonly status: number | undefined;
}

const RETRY = { firstMs: 100, longestMs: 2000 };
/**
 * Answers after which a repetition is pointless: the request itself is refused, not the moment. 404 is none of them:
 * while a gateway starts, its paths are not there yet.
 */
const FINAL = new Set([400, 401, 405, 413, 415]);

/** Posts a webhook again and again, the same bytes each time, until it is acknowledged. Never rejects. */
export async function send(webhook: Webhook, options: SendOptions): Promise<SendResult> {
  const url = new URL(PATHS[webhook.shop], options.target);
  const headers = headersOf(webhook);
  const until = Date.now() + (options.giveUpMs ?? 120_000);
  let status: number | undefined;
  for (let attempt = 1; ; attempt += 1) {
    status = await post(url, headers, webhook.body, options);
    if (status !== undefined && status >= 200 && status < 300)
      return { acknowledged: true, attempts: attempt, status };
    const pause = Math.min(RETRY.longestMs, RETRY.firstMs * 2 ** Math.min(10, attempt - 1));
    const hopeless = status !== undefined && FINAL.has(status);
    if (hopeless || options.signal?.aborted || Date.now() + pause > until) {
      return { acknowledged: false, attempts: attempt, status };
    }
    await sleep(pause, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => undefined,
    );
  }
}

/** The status of the answer; undefined when there was none. */
async function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  options: SendOptions,
): Promise<number | undefined> {
  const timeout = AbortSignal.timeout(options.attemptMs ?? 5000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}
