/**
 * What the order writer must do with an Odoo, real or stand-in: the same tests over both, and over both transports.
 */
import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical/order';
import { CrossdockError } from '../../core/errors';
import {
  checkConnection,
  createOdooClient,
  type OdooClient,
  OrderWriter,
  type OrderWriterOptions,
  readAvailability,
  type TransportKind,
} from '../../core/odoo';
import { startTcpProxy } from '../support';
import {
  adminClient,
  createOne,
  createSalesFixture,
  makeOrder,
  newPrefix,
  type OdooUnderTest,
  type SalesFixture,
} from './sales-fixture';

/** `getServer` answers undefined when there is no such Odoo here; the tests are skipped then. */
export function describeOrderWriter(name: string, getServer: () => Promise<OdooUnderTest | undefined>): void {
  describe(`order writer on ${name}`, function () {
    this.timeout(180_000);
    let server: OdooUnderTest;
    let admin: OdooClient;
    let fixture: SalesFixture;
    /** Percent of a sales tax that only this run has. */
    const rate = `${20 + Math.floor(Math.random() * 60)}.${10 + Math.floor(Math.random() * 90)}`;
    const clients: OdooClient[] = [];

    before(async function () {
      const found = await getServer();
      if (found === undefined) return this.skip();
      server = found;
      admin = adminClient(server);
      fixture = await createSalesFixture(admin);
      await createOne(admin, 'account.tax', {
        name: `Fixture ${fixture.prefix}`,
        amount: Number(rate),
        amount_type: 'percent',
        type_tax_use: 'sale',
        price_include_override: 'tax_excluded',
      });
    });

    afterEach(async () => {
      await Promise.all(clients.splice(0).map((client) => client.close()));
    });

    after(async () => {
      if (admin === undefined) return;
      const own = { domain: [['origin', '=like', `shop:${fixture.prefix}:%`]] };
      const ids = await admin.call<number[]>('sale.order', 'search', { args: own });
      const confirmed = await admin.call<number[]>('sale.order', 'search', {
        args: { domain: [...own.domain, ['state', '=', 'sale']] },
      });
      if (confirmed.length > 0) await admin.call('sale.order', 'action_cancel', { ids: confirmed });
      if (ids.length > 0) await admin.call('sale.order', 'unlink', { ids });
      const taxes = await admin.call<number[]>('account.tax', 'search', {
        args: { domain: [['name', '=', `Fixture ${fixture.prefix}`]] },
      });
      await admin.call('account.tax', 'write', { ids: taxes, args: { vals: { active: false } } });
      await admin.close();
    });

    function newWriter(
      options: OrderWriterOptions & { transport?: TransportKind; url?: string; timeoutMs?: number } = {},
    ): OrderWriter {
      const { transport, url, timeoutMs, ...rest } = options;
      const client = createOdooClient({
        ...server,
        ...(url ? { url } : {}),
        ...(transport ? { transport } : {}),
        ...(timeoutMs ? { timeoutMs } : {}),
      });
      clients.push(client);
      return new OrderWriter(client, {
        customer: 'fixed',
        customerRef: fixture.customerRef,
        confirm: false,
        chargeSku: fixture.chargeSku,
        discountSku: fixture.discountSku,
        ...rest,
      });
    }

    /** An order to the fixed customer's own address (none), so that no delivery contact is made. */
    function plainOrder(
      ...args: Parameters<typeof makeOrder> extends [unknown, ...infer Rest] ? Rest : never
    ) {
      const [externalId, specs, changes] = args;
      const buyer = { name: 'Buyer', identifiers: [] };
      return makeOrder(fixture, externalId, specs, { parties: { buyer, shipTo: buyer }, ...changes });
    }

    function ordersInOdoo(origin: string): Promise<readonly OdooOrder[]> {
      return admin.call('sale.order', 'search_read', {
        args: {
          domain: [['origin', '=like', origin]],
          fields: [
            'id',
            'origin',
            'state',
            'amount_total',
            'amount_tax',
            'client_order_ref',
            'date_order',
            'order_line',
            'partner_id',
            'partner_shipping_id',
          ],
        },
      });
    }

    it('places 60 orders exactly once, with a bad one in the middle', async () => {
      const writer = newWriter();
      const orders = Array.from({ length: 60 }, (_, index) =>
        plainOrder(`sixty-${index}`, index === 30 ? [{ sku: `${fixture.prefix}-NONE` }] : undefined),
      );
      const results = await Promise.allSettled(orders.map((order) => writer.submit(order)));
      const bad = results[30];
      assert.equal(bad?.status, 'rejected');
      assert.equal(codeOf(bad.reason), 'UNKNOWN_SKU');
      assert.match(String(bad.reason), new RegExp(`${fixture.prefix}-NONE`));
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 59);
      const found = await ordersInOdoo(`shop:${fixture.prefix}:sixty-%`);
      assert.equal(found.length, 59);
      assert.equal(new Set(found.map((order) => order.origin)).size, 59);
      for (const order of found) {
        assert.equal(order.amount_total, 63);
        assert.equal(order.order_line.length, 3);
        assert.equal(order.state, 'draft');
        assert.equal(order.date_order, '2026-11-20 22:30:05');
      }
    });

    it('keeps an order that Odoo refuses from hurting its neighbours', async () => {
      const writer = newWriter();
      // Odoo's own limit: the load of this order alone fails inside Odoo, in the conversion of the quantity.
      const orders = Array.from({ length: 8 }, (_, index) =>
        plainOrder(`refused-${index}`, undefined, index === 3 ? { orderNumber: 'broken \u0000 number' } : {}),
      );
      const results = await Promise.allSettled(orders.map((order) => writer.submit(order)));
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 7);
      assert.equal(results[3]?.status, 'rejected');
      assert.equal((await ordersInOdoo(`shop:${fixture.prefix}:refused-%`)).length, 7);
    });

    it('gives the same order to two writers that race for the same keys', async () => {
      const left = newWriter({ transport: 'json2' });
      const right = newWriter({ transport: 'jsonrpc', batchSize: 7 });
      const orders = Array.from({ length: 20 }, (_, index) => plainOrder(`race-${index}`));
      const [first, second] = await Promise.all([
        Promise.all(orders.map((order) => left.submit(order))),
        Promise.all(orders.map((order) => right.submit(order))),
      ]);
      assert.deepEqual(
        first.map((placed) => placed.odooId),
        second.map((placed) => placed.odooId),
      );
      const found = await ordersInOdoo(`shop:${fixture.prefix}:race-%`);
      assert.equal(found.length, 20);
      for (const order of found) assert.equal(order.order_line.length, 3);
    });

    it('settles an order whose reply was cut off after Odoo had it', async () => {
      const proxy = await startTcpProxy({ target: server.url });
      try {
        const client = createOdooClient({ ...server, url: proxy.url });
        clients.push(client);
        let cuts = 0;
        // Cut the answer of the first load: the request has been carried out by then.
        const cutting: OdooClient = {
          ...client,
          call(model, method, options) {
            if (model === 'sale.order' && method === 'load' && cuts === 0) {
              cuts += 1;
              proxy.cutReplyAfter(0);
            }
            return client.call(model, method, options);
          },
        };
        const writer = new OrderWriter(cutting, {
          customer: 'fixed',
          customerRef: fixture.customerRef,
          confirm: false,
        });
        const placed = await Promise.all([0, 1, 2].map((index) => writer.submit(plainOrder(`cut-${index}`))));
        assert.equal(cuts, 1);
        const found = await ordersInOdoo(`shop:${fixture.prefix}:cut-%`);
        assert.equal(found.length, 3);
        assert.deepEqual(
          placed.map((order) => order.odooId).sort((a, b) => a - b),
          found.map((order) => order.id).sort((a, b) => a - b),
        );
        for (const order of found) assert.equal(order.order_line.length, 3);
      } finally {
        await proxy.close();
      }
    });

    for (const transport of ['json2', 'jsonrpc'] as const) {
      it(`writes taxes, allowances, charges and the customer over ${transport}`, async () => {
        const writer = newWriter({ customer: 'order', transport, confirm: true });
        const order = fullOrder(
          makeOrder(fixture, `full-${transport}`, [
            { sku: fixture.skus[0], quantity: '3', price: '100.00', rate },
          ]),
        );
        const placed = await writer.submit(order);
        assert.equal(placed.state, 'sale');
        assert.equal(placed.amountTotal, order.totals.taxInclusive);
        assert.equal(placed.lines, 3);
        assert.equal(placed.created, true);
        assert.match(placed.url, /^http.*\/odoo\/sale\.order\/\d+$/);
        const [found] = await ordersInOdoo(order.id);
        assert.equal(found?.client_order_ref, order.orderNumber);
        assert.notEqual(found?.partner_shipping_id[0], found?.partner_id[0]);
        const [contact] = await admin.call<readonly Contact[]>('res.partner', 'read', {
          ids: [found?.partner_shipping_id[0] ?? 0],
          args: { fields: ['name', 'street', 'zip', 'city', 'type', 'parent_id'] },
        });
        assert.deepEqual(
          { ...contact, parent_id: contact?.parent_id[0] },
          {
            id: contact?.id,
            name: 'Receiver',
            street: 'Lagerweg 2',
            zip: '28195',
            city: 'Bremen',
            type: 'delivery',
            parent_id: found?.partner_id[0],
          },
        );
        // Again, by a writer that remembers nothing: the same order, not created, no second contact.
        const again = await newWriter({ customer: 'order', transport, confirm: true }).submit(order);
        assert.equal(again.odooId, placed.odooId);
        assert.equal(again.state, 'sale');
        const children = await admin.call<number[]>('res.partner', 'search', {
          args: { domain: [['parent_id', '=', found?.partner_id[0]]] },
        });
        assert.equal(children.length, 1);
      });
    }

    it('makes one customer of one buyer, and sends nothing personal in keys', async () => {
      const writer = newWriter({ customer: 'order' });
      const email = `${newPrefix()}@example.com`;
      const orders = ['a', 'b', 'c'].map((suffix) => {
        const order = makeOrder(fixture, `buyer-${suffix}`);
        const buyer = { ...order.parties.buyer, email };
        return { ...order, parties: { buyer, shipTo: buyer } };
      });
      await Promise.all(orders.map((order) => writer.submit(order)));
      const partners = await admin.call<number[]>('res.partner', 'search', {
        args: { domain: [['email', '=', email]] },
      });
      assert.equal(partners.length, 1);
      const names = await admin.call<readonly { name: string }[]>('ir.model.data', 'search_read', {
        args: {
          domain: [
            ['model', '=', 'res.partner'],
            ['res_id', 'in', partners],
          ],
          fields: ['name'],
        },
      });
      assert.match(names[0]?.name ?? '', /^[0-9a-f]{64}$/);
    });

    it('writes no taxes on lines without taxes, whatever the product has', async () => {
      const placed = await newWriter().submit(plainOrder('untaxed'));
      const [found] = await ordersInOdoo(`shop:${fixture.prefix}:untaxed`);
      assert.equal(found?.amount_tax, 0);
      assert.equal(placed.amountTotal, '63.00');
    });

    it('confirms, and accepts an order that is confirmed already', async () => {
      const first = await newWriter({ confirm: true }).submit(plainOrder('confirmed'));
      assert.equal(first.state, 'sale');
      const second = await newWriter({ confirm: true }).submit(plainOrder('confirmed'));
      assert.equal(second.state, 'sale');
      assert.equal(second.odooId, first.odooId);
    });

    it('leaves an order as a quotation when the totals differ, and takes it once a person has confirmed it', async () => {
      const order = plainOrder('mismatch');
      const wrong = { ...order, totals: { ...order.totals, taxInclusive: '62.00', payable: '62.00' } };
      await assert.rejects(newWriter({ confirm: true }).submit(wrong), (error: CrossdockError) => {
        assert.equal(error.code, 'ODOO_TOTAL_MISMATCH');
        assert.equal(error.kind, 'business');
        assert.equal(error.facts.expected, '62.00');
        assert.equal(error.facts.actual, '63.00');
        return true;
      });
      const [held] = await ordersInOdoo(order.id);
      assert.equal(held?.state, 'draft');
      await admin.call('sale.order', 'action_confirm', { ids: [held?.id ?? 0] });
      const placed = await newWriter({ confirm: true }).submit(wrong);
      assert.equal(placed.odooId, held?.id);
      assert.equal(placed.state, 'sale');
    });

    it('refuses what Odoo cannot take, each with its own code', async () => {
      const writer = newWriter();
      const broken = async (order: CanonicalOrder): Promise<string> =>
        writer.submit(order).then(
          () => 'placed',
          (error: unknown) => codeOf(error),
        );
      const first = fixture.skus[0];
      const carton = plainOrder('carton', [{ sku: first }]);
      const [line] = carton.lines;
      assert.ok(line);
      const foreign = fixture.currency === 'SEK' ? 'NOK' : 'SEK';
      assert.deepEqual(
        await Promise.all([
          broken(plainOrder('no-tax', [{ sku: first, rate: '97.31' }])),
          broken(plainOrder('foreign', undefined, { currency: foreign })),
          broken({ ...carton, lines: [{ ...line, unit: 'XCT' }] }),
          broken({
            ...carton,
            id: `${carton.id}0`,
            lines: [{ ...line, quantity: { original: '1', current: '0' } }],
          }),
          broken({ ...carton, id: `${carton.id}1`, lines: [{ ...line, item: { identifiers: [] } }] }),
        ]),
        ['TAX_NOT_FOUND', 'CURRENCY_MISMATCH', 'UNIT_UNSUPPORTED', 'ORDER_EMPTY', 'ITEM_UNIDENTIFIED'],
      );
      assert.equal((await ordersInOdoo(`shop:${fixture.prefix}:carton%`)).length, 0);
    });

    it('says who it is and what it may do', async () => {
      for (const transport of ['json2', 'jsonrpc'] as const) {
        const client = createOdooClient({ ...server, transport });
        clients.push(client);
        const report = await checkConnection(client);
        assert.equal(report.transport, transport);
        assert.equal(report.canCreateOrders, true);
        assert.equal(report.user, server.login);
      }
    });

    it('reads availability page by page', async () => {
      const client = createOdooClient(server);
      clients.push(client);
      const found = [];
      for await (const page of readAvailability(client, { skus: fixture.skus, pageSize: 1 }))
        found.push(...page);
      // The third product is a service.
      assert.deepEqual(
        found.map((row) => row.sku),
        [fixture.skus[0], fixture.skus[1]],
      );
      for (const row of found) {
        assert.equal(row.onHand, '0');
        assert.equal(row.available, '0');
      }
    });

    it('answers a wrong key and a wrong database with sentences', async () => {
      for (const transport of ['json2', 'jsonrpc'] as const) {
        const client = createOdooClient({ ...server, transport, apiKey: 'wrong' });
        clients.push(client);
        await assert.rejects(client.call('res.users', 'context_get'), {
          code: 'ODOO_AUTH',
          kind: 'transient',
        });
      }
      const client = createOdooClient({ ...server, transport: 'json2', database: 'no-such-database' });
      clients.push(client);
      await assert.rejects(client.call('res.users', 'context_get'), (error: CrossdockError) => {
        assert.equal(error.kind, 'transient');
        assert.match(error.message, /no-such-database/);
        return true;
      });
    });

    /** One taxed line plus an order discount and freight, to another address than the buyer's. */
    function fullOrder(order: CanonicalOrder): CanonicalOrder {
      const percent = Number(rate) / 100;
      const cents = (value: number) => (Math.round(value * 100) / 100).toFixed(2);
      const net = 300;
      const taxes = (base: number) => [{ category: 'S' as const, rate, amount: cents(base * percent) }];
      const tax = [300, -100, 100].reduce((total, base) => total + Number(cents(base * percent)), 0);
      return {
        ...order,
        parties: {
          buyer: order.parties.buyer,
          shipTo: {
            name: 'Receiver',
            identifiers: [],
            address: { line1: 'Lagerweg 2', city: 'Bremen', postalCode: '28195', countryCode: 'DE' },
          },
        },
        allowancesCharges: [
          { isCharge: false, reasonCode: '95', reason: 'Coupon', amount: '100.00', taxes: taxes(100) },
          { isCharge: true, reasonCode: 'FC', reason: 'Freight', amount: '100.00', taxes: taxes(100) },
        ],
        notes: ['Please <ring> & wait'],
        totals: {
          lineExtension: '300.00',
          allowance: '100.00',
          charge: '100.00',
          taxExclusive: cents(net),
          tax: cents(tax),
          taxInclusive: cents(net + tax),
          prepaid: '0.00',
          payable: cents(net + tax),
        },
      };
    }
  });
}

interface OdooOrder {
  readonly id: number;
  readonly origin: string;
  readonly state: string;
  readonly amount_total: number;
  readonly amount_tax: number;
  readonly client_order_ref: string;
  readonly date_order: string;
  readonly order_line: readonly number[];
  readonly partner_id: readonly [number, string];
  readonly partner_shipping_id: readonly [number, string];
}

interface Contact {
  readonly id: number;
  readonly parent_id: readonly [number, string];
}

function codeOf(error: unknown): string {
  return error instanceof CrossdockError ? error.code : String(error);
}
