/**
 * Must show 4 of issue 4, against a real Odoo: many creators of the same orders at once make each order once and all
 * get the same id; orders whose answer was cut off after Odoo's commit are found again, none doubled.
 * CROSSDOCK_FAULTS=long takes the full numbers.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import type { CanonicalOrder } from '../../core/canonical';
import { Inbox, type ScopedMessage, ScopeRegistry } from '../../core/delivery';
import { asCrossdockError } from '../../core/errors';
import { contentFingerprint, IdempotencyGuard } from '../../core/idempotency';
import { createOdooClient, type OdooClient, OrderWriter, type OrderWriterOptions } from '../../core/odoo';
import { openPostgresStore, openSqliteStore, type Store } from '../../core/store';
import {
  adminClient,
  createSalesFixture,
  makeOrder,
  type OdooUnderTest,
  odooFromEnvironment,
  type SalesFixture,
} from '../conformance/sales-fixture';
import { startTcpProxy, type TcpProxy, type TempDir, tempDir, waitFor } from '../support';

const LONG = process.env['CROSSDOCK_FAULTS'] === 'long';
const CREATORS = 8;
const KEYS = 500;
const TIMEOUTS = LONG ? 1000 : 40;
/** Ways to Odoo through a proxy of their own, so that a proxy knows whose answer it cuts. */
const LANES = 4;
const postgres = process.env['POSTGRES_TEST_URL'] ?? '';

describe('idempotency guard before a real Odoo', function () {
  this.timeout(LONG ? 1_800_000 : 120_000);
  let server: OdooUnderTest;
  let admin: OdooClient;
  let fixture: SalesFixture;
  let folder: TempDir;
  /** What each test opened, closed in reverse. */
  const opened: (() => Promise<unknown>)[] = [];

  before(async function () {
    const found = odooFromEnvironment();
    if (found === undefined) return this.skip();
    server = found;
    admin = adminClient(server);
  });
  beforeEach(async () => {
    folder = tempDir();
    fixture = await createSalesFixture(admin);
  });
  afterEach(async () => {
    for (const close of opened.splice(0).reverse()) await close();
    folder.remove();
    const ids = (await inOdoo()).map(({ id }) => id);
    for (let n = 0; n < ids.length; n += 100)
      await admin.call('sale.order', 'unlink', { ids: ids.slice(n, n + 100) });
  });
  after(() => admin?.close());

  const inOdoo = (): Promise<readonly { id: number; origin: string }[]> =>
    admin.call('sale.order', 'search_read', {
      args: { domain: [['origin', '=like', `shop:${fixture.prefix}:%`]], fields: ['id', 'origin'] },
    });

  /** Odoo's id of each order, after a check that each is there once. */
  async function onceEach(count: number): Promise<Map<string, number>> {
    const found = await inOdoo();
    assert.equal(found.length, count);
    const ids = new Map(found.map(({ id, origin }) => [origin, id]));
    assert.equal(ids.size, count);
    return ids;
  }

  function orders(count: number): CanonicalOrder[] {
    const buyer = { name: 'Buyer', identifiers: [] };
    return Array.from({ length: count }, (_, n) =>
      makeOrder(fixture, String(1000 + n), undefined, { parties: { buyer, shipTo: buyer } }),
    );
  }

  function openWriter(client: OdooClient, more: OrderWriterOptions = {}): OrderWriter {
    const writer = new OrderWriter(client, {
      customer: 'fixed',
      customerRef: fixture.customerRef,
      confirm: false,
      chargeSku: fixture.chargeSku,
      discountSku: fixture.discountSku,
      lanes: 1,
      ...more,
    });
    opened.push(
      () => client.close(),
      () => writer.close(),
    );
    return writer;
  }

  const openGuard = (store: Store): Promise<IdempotencyGuard> =>
    IdempotencyGuard.open(store, {
      scope: 'orders',
      retentionMs: 86_400_000,
      leaseMs: 300_000,
      waitMs: 120_000,
    });

  async function openSqlite(): Promise<Store> {
    const store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    opened.push(() => store.close());
    return store;
  }

  const places: { name: string; needs: string; stores(): Promise<Store[]> }[] = [
    {
      name: 'of one gateway (SQLite)',
      needs: 'sqlite',
      stores: async () => Array<Store>(CREATORS).fill(await openSqlite()),
    },
    {
      name: 'in as many gateways (PostgreSQL)',
      needs: postgres,
      stores: async () => {
        const schema = `test_${randomBytes(6).toString('hex')}`;
        opened.push(async () => {
          const client = new Client({ connectionString: postgres });
          await client.connect();
          await client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
          await client.end();
        });
        return Promise.all(
          Array.from({ length: CREATORS }, async () => {
            const store = await openPostgresStore({ url: postgres, schema });
            opened.push(() => store.close());
            return store;
          }),
        );
      },
    },
  ];
  for (const { name, needs, stores } of places) {
    it(`${CREATORS} creators ${name} x ${KEYS} orders: ${KEYS} in Odoo, and all creators get the same ids`, async function () {
      if (needs === '') return this.skip();
      const scopes = new ScopeRegistry();
      const wanted = orders(KEYS);
      const began = performance.now();
      const creators = await Promise.all(
        (await stores()).map(async (store, n) => {
          const guard = await openGuard(store);
          const writer = openWriter(createOdooClient(server));
          const create = async (order: CanonicalOrder): Promise<[string, number, string]> => {
            const claim = await guard.claim({ key: order.id, fingerprint: contentFingerprint(order) });
            if (claim.type === 'duplicate') return [order.id, Number(claim.result), claim.type];
            assert.equal(claim.type, 'first');
            const message: ScopedMessage = { _msgid: `${n}-${order.id}` };
            if (claim.type === 'first') scopes.open(message, claim.scope, 300_000);
            const { odooId } = await writer.submit(order);
            assert.equal(await scopes.settle(message, { type: 'completed', result: odooId }), 'settled');
            return [order.id, odooId, claim.type];
          };
          // Each creator begins elsewhere, so that they meet at different orders all the time.
          const from = Math.floor((n * KEYS) / CREATORS);
          return Promise.all([...wanted.slice(from), ...wanted.slice(0, from)].map(create));
        }),
      );
      const ids = await onceEach(KEYS);
      const answers = creators.flat();
      assert.equal(answers.length, CREATORS * KEYS);
      for (const [key, odooId] of answers) assert.equal(odooId, ids.get(key), key);
      assert.equal(answers.filter(([, , type]) => type === 'first').length, KEYS);
      report(`${CREATORS} creators ${name}`, KEYS, began);
    });
  }

  it(`${TIMEOUTS} orders whose answer is cut off after the commit: all resolved, none doubled`, async () => {
    const scopes = new ScopeRegistry();
    const store = await openSqlite();
    const guard = await openGuard(store);
    const inbox = await Inbox.open(store, {
      source: 'shop',
      concurrency: LANES * 2,
      maxAttempts: 100,
      holdMs: 120_000,
      backoff: { baseMs: 50, capMs: 500 },
    });
    const cuts = new Map<string, number>();
    const lanes = await Promise.all(
      Array.from({ length: LANES }, async () => {
        const proxy = await startTcpProxy({ target: server.url });
        opened.push(() => proxy.close());
        // One order at a time and no repetition within the writer: each cut ends an attempt.
        return openWriter(cutting(createOdooClient({ ...server, url: proxy.url }), proxy, cuts), {
          batchSize: 1,
          callRetry: { attempts: 1, baseMs: 1, maxMs: 1 },
        });
      }),
    );
    const failures = new Map<string, number>();
    const results = new Map<string, number>();
    const began = performance.now();

    async function place(message: ScopedMessage, order: CanonicalOrder): Promise<void> {
      try {
        const claim = await guard.claim({ key: order.id, fingerprint: contentFingerprint(order) });
        assert.equal(claim.type, 'first', 'a failed attempt must not eat the retry that follows');
        if (claim.type === 'first') scopes.open(message, claim.scope, 120_000);
        const lane = lanes[Number(order.externalId) % LANES] as OrderWriter;
        const { odooId } = await lane.submit(order);
        results.set(order.id, odooId);
        await scopes.settle(message, { type: 'completed', result: odooId });
      } catch (thrown) {
        const error = asCrossdockError(thrown);
        assert.equal(error.kind, 'ambiguous', error.message);
        failures.set(order.id, (failures.get(order.id) ?? 0) + 1);
        await scopes.settle(message, { type: 'failed', error });
      }
    }
    const faults: unknown[] = [];
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      scopes.open(message, delivery.scope, inbox.holdMs);
      place(message, JSON.parse(Buffer.from(delivery.body).toString()) as CanonicalOrder).catch(
        (fault: unknown) => faults.push(fault),
      );
      return async () => undefined;
    });
    opened.push(() => inbox.stop(0));
    const wanted = orders(TIMEOUTS);
    for (const order of wanted)
      await inbox.accept({ id: order.id, partitionKey: undefined, body: Buffer.from(JSON.stringify(order)) });
    await waitFor(() => faults.length > 0 || (results.size === TIMEOUTS && inbox.depth === 0), {
      what: 'all orders',
      timeoutMs: LONG ? 1_200_000 : 100_000,
      intervalMs: 100,
    });
    assert.deepEqual(faults, []);

    const ids = await onceEach(TIMEOUTS);
    for (const order of wanted) {
      assert.ok((cuts.get(order.id) ?? 0) > 0, `${order.id} was never cut`);
      assert.equal(failures.get(order.id), cuts.get(order.id), 'each cut was an ambiguous end');
      assert.equal(results.get(order.id), ids.get(order.id));
      const late = await guard.claim({ key: order.id, fingerprint: contentFingerprint(order) });
      assert.equal(
        late.type === 'duplicate' && late.result,
        ids.get(order.id),
        'a late copy gets the same id',
      );
    }
    const total = [...cuts.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(total >= TIMEOUTS);
    report(`${total} answers cut off`, TIMEOUTS, began);
  });
});

/** The first answer to each order's load is cut off at its first byte, every tenth order's second one too. */
function cutting(client: OdooClient, proxy: TcpProxy, cuts: Map<string, number>): OdooClient {
  return {
    url: client.url,
    database: client.database,
    version: () => client.version(),
    clockOffsetMs: () => client.clockOffsetMs(),
    close: () => client.close(),
    call: <T>(...[model, method, options]: Parameters<OdooClient['call']>) => {
      if (model === 'sale.order' && method === 'load') {
        const { fields = [], data = [] } = (options?.args ?? {}) as { fields?: string[]; data?: string[][] };
        const origin = data[0]?.[fields.indexOf('origin')] ?? '';
        const cut = cuts.get(origin) ?? 0;
        if (cut < (origin.endsWith('0') ? 2 : 1)) {
          cuts.set(origin, cut + 1);
          proxy.cutReplyAfter(0);
        }
      }
      return client.call<T>(model, method, options);
    },
  };
}

/** The figures of the full form are worth to be seen. */
function report(what: string, orders: number, began: number): void {
  if (!LONG) return;
  const taken = (performance.now() - began) / 1000;
  console.log(
    `      ${what}: ${orders} orders in ${taken.toFixed(1)} s (${(orders / taken).toFixed(1)}/s), none doubled`,
  );
}
