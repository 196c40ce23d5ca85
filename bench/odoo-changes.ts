/**
 * Change capture on a real Odoo:
 * - latency from a commit in Odoo (its answer to the write is here) to the message in the flow, ms, p50 and p99: with a
 *   look every second, and with a hint for each change, as Odoo's webhook gives it after its commit;
 * - the back-fill, changes per second into the inbox, beside a bare client that reads the same fields in the same pages
 *   and keeps nothing; `ratio` is ours over the bare client's.
 *
 * Needs ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN, ODOO_TEST_API_KEY. Prints one JSON line; its records are deleted.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inbox, type ScopedMessage, ScopeRegistry } from '../core/delivery';
import {
  Capture,
  type CaptureSettings,
  type Change,
  ChangePoller,
  changeMessages,
  createOdooClient,
  type OdooClient,
} from '../core/odoo';
import { openSqliteStore, type Store } from '../core/store';
import { adminClient, createOne, newPrefix, odooFromEnvironment } from '../test/conformance/sales-fixture';
import { tempDir, waitFor } from '../test/support';
import { median, round, run } from './lib/measure';

const POLLED = Number(process.env.BENCH_POLLED ?? 60);
const HINTED = Number(process.env.BENCH_HINTED ?? 200);
const RECORDS = Number(process.env.BENCH_RECORDS ?? 3000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const PAGE = 500;
const FIELDS = ['name', 'ref', 'email', 'phone', 'city', 'country_id', 'active'];
const SETTINGS: CaptureSettings = { windowSeconds: 150, compareMs: 0, backfill: undefined, pageSize: PAGE };

async function main(): Promise<Record<string, unknown>> {
  const server = odooFromEnvironment();
  if (server === undefined) return { error: 'ODOO_TEST_URL, ODOO_TEST_DB and ODOO_TEST_API_KEY are not set' };
  const admin = adminClient(server);
  const client = createOdooClient(server);
  const dir = tempDir();
  const store = await openSqliteStore(join(dir.path, 'bench.sqlite'));
  const prefix = newPrefix();
  try {
    const polled = await latencies({
      admin,
      client,
      store,
      prefix: `${prefix}p`,
      count: POLLED,
      pollMs: 1000,
      hints: false,
    });
    const hinted = await latencies({
      admin,
      client,
      store,
      prefix: `${prefix}h`,
      count: HINTED,
      pollMs: 60_000,
      hints: true,
    });
    return {
      pollMs: 1000,
      polledP50Ms: polled.p50,
      polledP99Ms: polled.p99,
      hintedP50Ms: hinted.p50,
      hintedP99Ms: hinted.p99,
      polled: POLLED,
      hinted: HINTED,
      ...(await backfill(admin, client, store, `${prefix}f`)),
    };
  } finally {
    const ids = await admin.call<number[]>('res.partner', 'search', {
      args: { domain: [['ref', '=like', `${prefix}%`]] },
    });
    for (let at = 0; at < ids.length; at += 500)
      await admin.call('res.partner', 'unlink', { ids: ids.slice(at, at + 500) });
    await client.close();
    await admin.close();
    await store.close();
    dir.remove();
  }
}

interface Trial {
  readonly admin: OdooClient;
  readonly client: OdooClient;
  readonly store: Store;
  readonly prefix: string;
  readonly count: number;
  readonly pollMs: number;
  readonly hints: boolean;
}

/** One change after the other, at no special moment of the interval. */
async function latencies({ admin, client, store, prefix, count, pollMs, hints }: Trial) {
  const partner = await createOne(admin, 'res.partner', { name: 'v0', ref: prefix });
  const inbox = await Inbox.open(store, { source: prefix, concurrency: 64, maxAttempts: 3, holdMs: 60_000 });
  const capture = watch(client, store, prefix, (n) => inbox.arrived(n));
  const poller = new ChangePoller({
    captures: [capture],
    pollMs,
    fillPerSecond: 0,
    hasRoom: () => true,
    changed: () => undefined,
  });
  const registry = new ScopeRegistry();
  const arrived = new Map<string, number>();
  inbox.start((delivery) => {
    const { values } = JSON.parse(Buffer.from(delivery.body).toString()) as Change;
    arrived.set(String(values?.['name']), performance.now());
    const message: ScopedMessage = {};
    const token = registry.open(message, delivery.scope, 60_000);
    registry.settle(message, { type: 'completed', result: undefined }).catch(() => undefined);
    return () => registry.handBack(token);
  });
  poller.start();
  await waitFor(() => poller.state.phase === 'live');
  const taken: number[] = [];
  for (let n = 1; n <= count; n += 1) {
    const name = `v${n}`;
    await admin.call('res.partner', 'write', { ids: [partner], args: { vals: { name } } });
    const committed = performance.now();
    if (hints) poller.hint({ model: 'res.partner', id: partner });
    await waitFor(() => arrived.has(name), { what: name, timeoutMs: 30_000, intervalMs: 1 });
    taken.push((arrived.get(name) ?? Number.NaN) - committed);
    // Each at another point of the interval.
    await sleep(hints ? 20 : (n * 137) % 500);
  }
  await poller.stop();
  await inbox.stop(1000);
  const sorted = taken.sort((a, b) => a - b);
  return {
    p50: round(median(sorted)),
    p99: round(sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN),
  };
}

function watch(
  client: OdooClient,
  store: Store,
  prefix: string,
  arrived: (count: number) => void,
  settings: Partial<CaptureSettings> = {},
): Capture {
  return new Capture(client, {
    ...SETTINGS,
    ...settings,
    store,
    source: prefix,
    capture: `${prefix}${settings.backfill?.run ?? ''}`,
    watched: { model: 'res.partner', domain: [['ref', '=like', `${prefix}%`]], fields: FIELDS },
    messages: (found) => changeMessages(found),
    arrived,
  });
}

async function backfill(admin: OdooClient, client: OdooClient, store: Store, prefix: string) {
  for (let at = 0; at < RECORDS; at += 500) {
    const vals_list = Array.from({ length: Math.min(500, RECORDS - at) }, (_, n) => ({
      name: `Contact ${at + n}`,
      ref: `${prefix}-${at + n}`,
      city: 'Hamburg',
    }));
    await admin.call('res.partner', 'create', { args: { vals_list } });
  }
  // They must be older than the window to be the past.
  await sleep(3000);
  const ours: number[] = [];
  const bare: number[] = [];
  for (let turn = 1; turn <= ROUNDS; turn += 1) {
    const sides = [
      async () => ours.push(await fill(client, store, prefix, turn)),
      async () => bare.push(await read(client, prefix)),
    ];
    // Whoever goes first finds other caches than whoever goes last.
    for (const side of turn % 2 === 0 ? sides : sides.reverse()) await side();
  }
  return {
    ratio: round(median(ours) / median(bare), 2),
    backfillPerSecond: round(median(ours)),
    barePerSecond: round(median(bare)),
    records: RECORDS,
    page: PAGE,
    rounds: ROUNDS,
  };
}

async function fill(client: OdooClient, store: Store, prefix: string, turn: number): Promise<number> {
  const settings = { windowSeconds: 1, backfill: { since: undefined, run: turn } };
  const capture = watch(client, store, prefix, () => undefined, settings);
  await capture.acquire();
  const start = performance.now();
  let records = 0;
  while (capture.filling !== undefined) records += await capture.fill();
  const rate = records / ((performance.now() - start) / 1000);
  await capture.release();
  if (records !== RECORDS) throw new Error(`${records} of ${RECORDS} records were filled`);
  // So that the next round's messages are no duplicates.
  await store.run([{ sql: 'DELETE FROM crossdock_inbox WHERE source = ?', params: [prefix] }]);
  return rate;
}

async function read(client: OdooClient, prefix: string): Promise<number> {
  const start = performance.now();
  let last = 0;
  let records = 0;
  for (;;) {
    const rows = await client.call<{ id: number }[]>('res.partner', 'search_read', {
      args: {
        domain: [
          ['id', '>', last],
          ['ref', '=like', `${prefix}%`],
        ],
        fields: ['id', 'create_date', 'write_date', ...FIELDS],
        order: 'id',
        limit: PAGE,
      },
      context: { active_test: false },
    });
    records += rows.length;
    last = rows.at(-1)?.id ?? last;
    if (rows.length < PAGE) return records / ((performance.now() - start) / 1000);
  }
}

run('odoo-changes', main);
