/**
 * The console's admin API (core/replay/api.ts) played in the browser's network: for what a real store is slow to make or
 * cannot show on demand (refusals, a replay half done, a letter of every kind).
 */
import type { Page, Route } from 'playwright-core';
import { type FakeReconcile, fakeReconcile, type ReconcileOptions } from './console-fake-reconcile';
import { connections, salesperson } from './odoo-report';

export interface FakeOptions extends ReconcileOptions {
  /** How many letters the first group has; 10,000 when left out. */
  readonly letters?: number;
  /** Whether there is no other group. */
  readonly alone?: boolean;
  /** The reason of the first group. */
  readonly reason?: string;
}

export interface FakeConsole {
  /** Every request so far: "GET store-id/groups?state=parked". */
  readonly requests: string[];
  /** Requests whose path matches are answered with this status and sentence. */
  refuse(path: RegExp, status: number, message: string): void;
  /** Takes all refusals back. */
  allow(): void;
  /** Running baskets send `n` more items. */
  advance(n: number): void;
  /** The reconcilers, their runs and differences. */
  readonly reconcile: FakeReconcile;
  /** A group has only `n` letters left. */
  shrink(group: number, n: number): void;
}

type Body = Record<string, unknown>;

const now = Date.now();
const minute = 60_000;
const everyCause = [
  {
    code: 'ODOO_PRODUCT_UNKNOWN',
    kind: 'business',
    reason: 'Odoo has no product with the SKU “KAFFEE-250”.',
    node: 'n-odoo-order',
    type: 'crossdock-odoo-order',
    share: 10_000,
  },
  {
    code: 'ODOO_UNREACHABLE',
    kind: 'transient',
    reason: 'Odoo did not answer within 60 s, ten times in a row. Check that the server is up.',
    node: 'n-odoo-order',
    type: 'crossdock-odoo-order',
    share: 1284,
  },
  {
    code: 'ORDER_TOTAL_DIFFERS',
    kind: 'business',
    reason: 'The order’s total is 118.99, its lines add up to 119.00; the tolerance is 0.00.',
    node: 'n-odoo-order',
    type: 'crossdock-odoo-order',
    share: 57,
  },
  {
    code: 'ODOO_OUTCOME_UNKNOWN',
    kind: 'ambiguous',
    reason: 'The connection to Odoo broke after the order was sent; it may have been created.',
    node: 'n-odoo-order',
    type: 'crossdock-odoo-order',
    share: 9,
  },
  {
    code: 'MAPPING_FAILED',
    kind: 'permanent',
    reason: 'The order has no currency, which the contract “Shopify order” demands.',
    node: 'n-canonical-mapper',
    type: 'crossdock-canonical-mapper',
    share: 1,
  },
];

export async function fakeConsole(page: Page, options: FakeOptions = {}): Promise<FakeConsole> {
  const requests: string[] = [];
  const causes = everyCause
    .slice(0, options.alone ? 1 : undefined)
    .map((cause, at) =>
      at === 0 && options.reason !== undefined ? { ...cause, reason: options.reason } : cause,
    );
  const reconcile = fakeReconcile(options);
  let refusals: { path: RegExp; status: number; message: string }[] = [];
  const baskets = new Map<string, Body & { state: string; sent: number; total: number }>();
  const shares = causes.map((cause, at) => (at === 0 ? (options.letters ?? cause.share) : cause.share));
  const nodeOf = (cause: (typeof everyCause)[number]): Body => ({
    id: cause.node,
    type: cause.type,
    name: '',
    flow: 'tab',
    flowName: 'Crossdock',
  });

  function letter(group: number, at: number): Body {
    const cause = causes[group];
    if (cause === undefined) throw new Error(`There is no cause ${group}.`);
    return {
      id: `letter-${group}-${String(at).padStart(6, '0')}`,
      cause: `cause-${group}`,
      code: cause.code,
      kind: cause.kind,
      reason: cause.reason,
      problems: group === 4 ? [{ path: '/currency', message: 'is missing' }] : [],
      facts: group === 0 ? { sku: 'KAFFEE-250' } : {},
      businessKey: `shop/main/#${24_000 - at}`,
      source: 'storefront',
      deliveryId: `5800${1_000_000 - at}`,
      node: nodeOf(cause),
      attempts: cause.kind === 'transient' ? 10 : 1,
      occurrences: 1,
      receivedAt: now - (at + 3) * minute,
      firstAt: now - (at + 2) * minute,
      lastAt: now - (at + 2) * minute,
      state: 'parked',
      bytes: 1840,
      handled: null,
    };
  }

  const all = (query: URLSearchParams): Body[] => {
    const group = query.get('cause') === null ? undefined : Number(query.get('cause')?.slice(6));
    const q = query.get('q')?.toLowerCase() ?? '';
    const chosen = causes.flatMap((_, at) =>
      group === undefined || group === at
        ? Array.from({ length: shares[at] ?? 0 }, (_unused, index) => letter(at, index))
        : [],
    );
    if (q === '') return chosen;
    return chosen.filter((known) => `${known['businessKey']} ${known['reason']}`.toLowerCase().includes(q));
  };

  function pageOf(items: Body[], query: URLSearchParams): Body {
    const after = Number(query.get('after') ?? 0);
    const limit = Number(query.get('limit') ?? 100);
    const end = after + limit;
    return {
      items: items.slice(after, end),
      next: end < items.length ? String(end) : null,
      total: items.length,
    };
  }

  function document(quantity: unknown): Body {
    return {
      id: 5_800_123,
      name: '#24000',
      email: '[personal]',
      currency: 'EUR',
      customer: { firstName: '[personal]', lastName: '[personal]', city: 'Graz' },
      lines: [
        { sku: 'KAFFEE-250', title: 'Kaffee, 250 g', quantity, price: '7.90' },
        { sku: 'TEE-100', title: 'Tee, 100 g', quantity: 1, price: '5.40' },
      ],
      total: '21.20',
    };
  }

  function detail(id: string): Body {
    const [, group, at] = id.split('-').map(Number);
    const cause = causes[group ?? 0];
    const attempt = (n: number): Body => ({
      attempt: n,
      at: now - (12 - n) * minute,
      code: cause?.code,
      kind: cause?.kind,
      message: cause?.reason,
    });
    return {
      ...letter(group ?? 0, at ?? 0),
      history: cause?.kind === 'transient' ? [8, 9, 10].map(attempt) : [attempt(1)],
      partitionKey: '5800123',
      priority: null,
      headers: { 'content-type': 'application/json', 'x-shopify-topic': 'orders/create' },
      original: { type: 'json', value: document(2), bytes: 900, redacted: 3 },
      failedAs: { type: 'json', value: { ...document('2'), note: null }, bytes: 940, redacted: 3 },
      baskets: [],
    };
  }

  function basketOf(id: string): Body {
    const known = baskets.get(id);
    if (known === undefined) throw new Error(`There is no basket ${id}.`);
    const { total } = known;
    const failedAgain = Math.floor(known.sent / 500);
    const sent = known.state === 'finished' ? 0 : Math.min(12, known.sent);
    return {
      ...known,
      progress: {
        total,
        pending: total - known.sent,
        sent,
        done: known.sent - failedAgain - sent,
        failedAgain,
        skipped: 0,
        discarded: 0,
      },
    };
  }

  function item(id: string, at: number): Body {
    const known = baskets.get(id);
    const tried = known !== undefined && (known['dryRun'] as { checked: number }).checked > 0;
    const trial = {
      result: at % 40 === 7 ? 'error' : 'ok',
      mapper: { id: 'n-canonical-mapper', name: 'canonical mapper' },
      code: null,
      message: at % 40 === 7 ? 'Odoo has no product with the SKU “TEE-100”.' : null,
      problems: [],
      changes: at % 40 === 7 ? [] : [{ path: '/lines/0/quantity', before: '2', after: '2.000' }],
      moreChanges: 0,
    };
    return {
      item: at,
      letter: letter(0, at),
      state: at < Number(baskets.get(id)?.sent) ? 'done' : 'pending',
      note: null,
      edited: false,
      sentAt: null,
      endedAt: null,
      dryRun: tried ? trial : null,
    };
  }

  function act(id: string, action: string, body: Body): Body {
    const known = baskets.get(id);
    if (known === undefined) throw new Error(`There is no basket ${id}.`);
    if (action === 'dry-run') {
      const failing = Math.ceil(known.total / 40);
      known['dryRun'] = { checked: known.total, ok: known.total - failing, failing, unknown: 0 };
    } else {
      known.state =
        { start: 'running', pause: 'paused', resume: 'running', cancel: 'cancelled' }[action] ?? known.state;
      if (action === 'start') known['ratePerSecond'] = body['ratePerSecond'];
    }
    return basketOf(id);
  }

  function answer(method: string, path: string, query: URLSearchParams, body: Body): Body {
    if (path.startsWith('stores/')) {
      return { stores: [{ id: 'n-store', name: 'gateway', kind: 'sqlite', problem: null }] };
    }
    if (path === 'stores') {
      const parked = shares.reduce((sum, share) => sum + share, 0);
      return {
        stores: [
          {
            id: 'n-store',
            name: 'gateway',
            kind: 'sqlite',
            deadLetters: { parked, groups: causes.length },
            replayNodes: [],
          },
        ],
      };
    }
    const [, what, id, action, at] = path.split('/');
    // The tab Stock has a real store in its own tests.
    if (what === 'stock') return { channels: [] };
    if (what === 'groups') {
      const group = (cause: (typeof everyCause)[number], index: number): Body => ({
        ...cause,
        cause: `cause-${index}`,
        count: shares[index],
        firstAt: now - 90 * minute,
        lastAt: now - (index * index * 37 + 2) * minute,
        source: 'storefront',
        node: nodeOf(cause),
        businessKeys: [],
      });
      return {
        groups: query.get('state') === 'parked' ? causes.map(group).filter(({ count }) => count !== 0) : [],
      };
    }
    if (what === 'letters' && id === 'discard') return { discarded: (body['ids'] as unknown[])?.length ?? 0 };
    if (what === 'letters') return id === undefined ? pageOf(all(query), query) : detail(id);
    if (what === 'audit') {
      const entry = { who: 'anna', basket: null, note: '' };
      return pageOf(
        [
          {
            ...entry,
            id: 2,
            at: now - minute,
            action: 'basket.started',
            letters: 10_000,
            note: '50 per second',
          },
          { ...entry, id: 1, at: now - 5 * minute, action: 'letter.shown', letters: 1 },
        ],
        query,
      );
    }
    if (id === undefined && method === 'POST') {
      const made = `basket-${baskets.size + 1}`;
      const total = (body['ids'] as unknown[])?.length ?? shares[0] ?? 0;
      baskets.set(made, {
        id: made,
        name: body['name'],
        state: 'draft',
        filter: body['filter'] ?? null,
        createdAt: now,
        createdBy: 'anna',
        startedAt: null,
        finishedAt: null,
        ratePerSecond: null,
        into: null,
        problem: null,
        dryRun: { checked: 0, ok: 0, failing: 0, unknown: 0 },
        sent: 0,
        total,
      });
      return { id: made, count: total };
    }
    if (id === undefined) return { baskets: [...baskets.keys()].reverse().map(basketOf) };
    if (method === 'POST') return act(id, action ?? '', body);
    if (action === 'items' && at !== undefined) {
      return { ...item(id, Number(at)), body: { type: 'json', value: document(2), bytes: 900, redacted: 3 } };
    }
    if (action === 'items') {
      const total = baskets.get(id)?.total ?? 0;
      return pageOf(
        Array.from({ length: total }, (_, index) => item(id, index)),
        query,
      );
    }
    if (action === 'report') return { basket: basketOf(id), notDone: [], actions: [] };
    return basketOf(id);
  }

  async function handle(route: Route): Promise<void> {
    const url = new URL(route.request().url());
    const path = url.pathname.replace(/^.*\/crossdock\/console\//, '');
    requests.push(`${route.request().method()} ${path}${url.search}`);
    const refusal = refusals.find((known) => known.path.test(path));
    if (refusal !== undefined) {
      const { status, message } = refusal;
      return route.fulfill({ status, json: { code: 'REFUSED', message } });
    }
    const body = (route.request().postDataJSON() ?? {}) as Body;
    const method = route.request().method();
    const played = reconcile.answer(method, path, url.searchParams, body);
    return route.fulfill(played ?? { json: answer(method, path, url.searchParams, body) });
  }

  await page.route('**/crossdock/console/**', (route) => handle(route));
  await page.route('**/crossdock/console/connections', (route) =>
    route.fulfill({ json: { connections: connections() } }),
  );
  await page.route('**/crossdock/odoo-server/*/test', (route) => route.fulfill({ json: salesperson() }));
  return {
    requests,
    reconcile,
    refuse: (path, status, message) => refusals.push({ path, status, message }),
    allow: () => {
      refusals = [];
    },
    shrink(group, n) {
      shares[group] = n;
    },
    advance(n) {
      for (const known of baskets.values()) {
        if (known.state !== 'running') continue;
        known.sent = Math.min(known.total, known.sent + n);
        if (known.sent === known.total) known.state = 'finished';
      }
    },
  };
}
