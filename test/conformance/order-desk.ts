/**
 * What is done with orders beyond placing them, on an Odoo, real or stand-in: amend, confirm, cancel, lock, read; customers
 * matched by rules, units, terms, the credit gate, and lost answers.
 */
import assert from 'node:assert/strict';
import { checkCanonical } from '../../core/canonical';
import type { CanonicalOrder, OrderLine, Party } from '../../core/canonical/order';
import { contracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import {
  createOdooClient,
  type OdooClient,
  OrderDesk,
  type OrderResult,
  type OrderWriterOptions,
  type TransportKind,
} from '../../core/odoo';
import { startTcpProxy, type TcpProxy } from '../support';
import {
  adminClient,
  createOne,
  createSalesFixture,
  type LineSpec,
  makeOrder,
  newPrefix,
  type OdooUnderTest,
  type SalesFixture,
} from './sales-fixture';

export interface DeskUnderTest extends OdooUnderTest {
  /** A salesperson who may not see accounting. */
  readonly clerk?: { readonly login: string; readonly apiKey: string };
}

export function describeOrderDesk(name: string, getServer: () => Promise<DeskUnderTest | undefined>): void {
  describe(`order desk on ${name}`, function () {
    this.timeout(180_000);
    let server: DeskUnderTest;
    let admin: OdooClient;
    let fixture: SalesFixture;
    const clients: OdooClient[] = [];

    before(async function () {
      const found = await getServer();
      if (found === undefined) return this.skip();
      server = found;
      admin = adminClient(server);
      fixture = await createSalesFixture(admin);
    });
    afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));
    after(async () => {
      if (admin === undefined) return;
      const domain = [['origin', '=like', `shop:${fixture.prefix}:%`]];
      const rows = await call<{ id: number; state: string; locked: boolean }[]>('sale.order', 'search_read', {
        args: { domain, fields: ['state', 'locked'] },
      });
      const locked = rows.filter((row) => row.locked).map(({ id }) => id);
      if (locked.length > 0) await call('sale.order', 'action_unlock', { ids: locked });
      const confirmed = rows.filter(({ state }) => state === 'sale').map(({ id }) => id);
      if (confirmed.length > 0) await call('sale.order', 'action_cancel', { ids: confirmed });
      if (rows.length > 0) await call('sale.order', 'unlink', { ids: rows.map(({ id }) => id) });
      await admin.close();
    });

    const call = <T>(...[model, method, options]: Parameters<OdooClient['call']>): Promise<T> =>
      admin.call<T>(model, method, options);

    function connect(more: { transport?: TransportKind; url?: string; clerk?: boolean } = {}): OdooClient {
      const { transport, url, clerk } = more;
      const client = createOdooClient({
        ...server,
        ...(clerk === true ? server.clerk : {}),
        ...(url === undefined ? {} : { url }),
        ...(transport === undefined ? {} : { transport }),
      });
      clients.push(client);
      return client;
    }

    function open(options: OrderWriterOptions = {}, client = connect()): OrderDesk {
      return new OrderDesk(client, {
        customer: 'fixed',
        customerRef: fixture.customerRef,
        confirm: false,
        chargeSku: fixture.chargeSku,
        discountSku: fixture.discountSku,
        callRetry: { attempts: 3, baseMs: 5, maxMs: 20 },
        ...options,
      });
    }

    const buyer = { name: 'Buyer', identifiers: [] };
    const order = (
      id: string,
      specs?: readonly LineSpec[],
      changes: Partial<CanonicalOrder> = {},
    ): CanonicalOrder => makeOrder(fixture, id, specs, { parties: { buyer, shipTo: buyer }, ...changes });

    /** A result whose canonical objects keep their contracts. */
    function valid(result: OrderResult): OrderResult {
      for (const [contract, value] of [
        ['order', result.order],
        ['order-response', result.response],
      ] as const) {
        assert.deepEqual(contracts().validate(contract, '1.0', value), [], contract);
        assert.deepEqual(checkCanonical(contract, value), [], contract);
      }
      return result;
    }

    interface Line {
      readonly id: number;
      readonly product_id: [number, string];
      readonly product_uom_qty: number;
      readonly product_uom_id: [number, string];
      readonly price_unit: number;
      readonly name: string;
    }
    async function linesOf(id: number): Promise<readonly Line[]> {
      return call('sale.order.line', 'search_read', {
        args: {
          domain: [['order_id', '=', id]],
          fields: ['product_id', 'product_uom_qty', 'product_uom_id', 'price_unit', 'name'],
          order: 'id',
        },
      });
    }
    async function head(id: number, ...fields: string[]): Promise<Record<string, unknown>> {
      const [row] = await call<Record<string, unknown>[]>('sale.order', 'read', {
        ids: [id],
        args: { fields },
      });
      assert.ok(row);
      return row;
    }
    const codeOf = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => 'done',
        (error: unknown) => (error instanceof CrossdockError ? error.code : String(error)),
      );

    for (const transport of ['json2', 'jsonrpc'] as const) {
      it(`places, amends, confirms, locks, unlocks, cancels and reads over ${transport}`, async () => {
        const desk = open({}, connect({ transport }));
        const [a, b, c] = fixture.skus;
        const first = order(`life-${transport}`, [
          { sku: a, quantity: '2' },
          { sku: b, quantity: '3' },
        ]);
        const placed = valid(await desk.place(first));
        assert.equal(placed.response.code, 'AB');
        assert.equal(placed.order.sellerOrderNumber, placed.placed.name);
        assert.equal(placed.order.status.order, 'received');
        const { odooId } = placed.placed;
        const odoo = placed.order.extensions?.['odoo'] as {
          'sale.order': number;
          'sale.order.line': Record<string, number>;
        };
        assert.equal(odoo['sale.order'], odooId);
        assert.deepEqual(
          Object.values(odoo['sale.order.line']),
          (await linesOf(odooId)).map(({ id }) => id),
        );

        // More of the first, none of the second, one that is new, another date.
        const second = order(
          `life-${transport}`,
          [
            { sku: a, quantity: '5' },
            { sku: c, quantity: '1', price: '4.20' },
          ],
          { promisedAt: '2026-12-24T10:00:00Z', externalRevision: '2', orderNumber: '#changed' },
        );
        const amended = valid(await desk.amend(second));
        assert.equal(amended.placed.odooId, odooId);
        assert.equal(amended.placed.amountTotal, second.totals.taxInclusive);
        const after = await linesOf(odooId);
        assert.deepEqual(
          after.map((line) => [line.product_id[0], line.product_uom_qty, line.price_unit]),
          [
            [fixture.productIds[0], 5, 10.5],
            [fixture.productIds[2], 1, 4.2],
          ],
        );
        const dated = await head(odooId, 'commitment_date', 'client_order_ref', 'write_date');
        assert.equal(dated['commitment_date'], '2026-12-24 10:00:00');
        assert.equal(dated['client_order_ref'], '#changed');
        // The same revision again changes nothing: not even a line's id.
        await desk.amend(second);
        assert.deepEqual(await linesOf(odooId), after);

        const confirmed = valid(await desk.confirm({ order: second }));
        assert.equal(confirmed.placed.state, 'sale');
        assert.equal(confirmed.response.code, 'AP');
        assert.deepEqual(
          confirmed.response.lines.map(({ code, quantity }) => [code, quantity?.confirmed]),
          [
            ['5', '5'],
            ['5', '1'],
          ],
        );
        assert.equal(valid(await desk.confirm({ name: confirmed.placed.name })).placed.state, 'sale');
        // The revision that is there is accepted also now; another one is refused, with the reason.
        assert.equal((await desk.amend(second)).placed.state, 'sale');
        await assert.rejects(desk.amend(first), (error: CrossdockError) => {
          assert.equal(error.code, 'AMEND_REFUSED');
          assert.match(error.message, /is confirmed/);
          return true;
        });

        assert.equal((await desk.lock({ orderId: second.id }, true)).placed.odooId, odooId);
        assert.equal(await codeOf(desk.cancel({ odooId })), 'CANCEL_REFUSED');
        await assert.rejects(desk.amend(first), /is locked/);
        await desk.lock({ odooId }, true);
        assert.equal((await head(odooId, 'locked'))['locked'], true);
        await desk.lock({ odooId }, false);
        assert.equal((await head(odooId, 'locked'))['locked'], false);

        const read = valid(await desk.read({ odooId }));
        assert.equal(read.order.id, second.id);
        assert.equal(read.order.status.order, 'released');
        assert.deepEqual(
          read.order.lines.map(({ quantity, unit }) => [
            quantity.original,
            quantity.shipped,
            quantity.invoiced,
            unit,
          ]),
          [
            ['5', '0', '0', 'C62'],
            ['1', '0', '0', 'C62'],
          ],
        );
        assert.equal(read.order.totals.taxInclusive, second.totals.taxInclusive);

        await desk.lock({ odooId }, true);
        const reason = 'Buyer <changed> his mind & left';
        const cancelled = valid(await desk.cancel({ orderId: second.id }, { reason, unlock: true }));
        assert.equal(cancelled.placed.state, 'cancel');
        assert.equal(cancelled.response.code, 'RE');
        assert.equal(cancelled.order.status.order, 'cancelled');
        assert.equal(cancelled.order.status.fulfilment, 'cancelled');
        await desk.cancel({ order: second }, { reason, unlock: true });
        const notes = await call<{ body: string }[]>('mail.message', 'search_read', {
          args: {
            domain: [
              ['model', '=', 'sale.order'],
              ['res_id', '=', odooId],
              ['body', 'ilike', 'changed'],
            ],
            fields: ['body'],
          },
        });
        assert.equal(notes.length, 1);
        assert.equal(await codeOf(desk.confirm({ odooId })), 'ORDER_CANCELLED');
        assert.equal(await codeOf(desk.amend(first)), 'AMEND_REFUSED');
      });
    }

    it('says of an order that is not there, or there twice, that it is', async () => {
      const desk = open();
      assert.equal(await codeOf(desk.read({ orderId: `shop:${fixture.prefix}:nowhere` })), 'ORDER_NOT_FOUND');
      assert.equal(await codeOf(desk.cancel({ name: `${fixture.prefix}-none` })), 'ORDER_NOT_FOUND');
      const origin = `shop:${fixture.prefix}:twice`;
      for (let copy = 0; copy < 2; copy += 1) {
        await createOne(admin, 'sale.order', { partner_id: fixture.customerId, origin });
      }
      assert.equal(await codeOf(desk.read({ orderId: origin })), 'ORDER_AMBIGUOUS');
    });

    it('runs a write with new lines only once, however often it comes', async () => {
      // What a lost write that is still at work would do: the same difference, computed before, is written again.
      let write: Parameters<OdooClient['call']> | undefined;
      const client = connect();
      const desk = open(
        {},
        {
          ...client,
          call: (...args) => {
            if (args[1] === 'write') write = args;
            return client.call(...args);
          },
        },
      );
      const [a, b] = fixture.skus;
      const { placed } = await desk.place(order('once', [{ sku: a }]));
      await desk.amend(order('once', [{ sku: a }, { sku: b }]));
      assert.ok(write);
      const [model, method, options] = write;
      assert.equal(await codeOf(client.call(model, method, options)), 'ODOO_MISSING');
      assert.equal((await linesOf(placed.odooId)).length, 2);
    });

    describe('lost answers', () => {
      let proxy: TcpProxy;
      beforeEach(async () => {
        proxy = await startTcpProxy({ target: server.url });
      });
      afterEach(() => proxy.close());

      /** A desk whose connection loses the answer to the first call of `method`, after Odoo has carried it out. */
      function losing(method: string): { desk: OrderDesk; lost: () => number } {
        const client = connect({ url: proxy.url });
        let lost = 0;
        const cutting: OdooClient = {
          ...client,
          call(...args) {
            if (args[1] === method && lost === 0) {
              lost += 1;
              proxy.cutReplyAfter(0);
            }
            return client.call(...args);
          },
        };
        return { desk: open({}, cutting), lost: () => lost };
      }

      it('of a confirmation, an amendment and a cancellation are settled by looking', async () => {
        const [a, b] = fixture.skus;
        for (const [method, act] of [
          ['write', (desk, id) => desk.amend(order(id, [{ sku: a }, { sku: b }]))],
          ['action_confirm', (desk, id) => desk.confirm({ order: order(id, [{ sku: a }]) })],
          ['action_cancel', (desk, id) => desk.cancel({ orderId: order(id).id }, { reason: 'lost' })],
        ] as [string, (desk: OrderDesk, id: string) => Promise<OrderResult>][]) {
          const id = `lost-${method}`;
          const { placed } = await open().place(order(id, [{ sku: a }]));
          const { desk, lost } = losing(method);
          const result = await act(desk, id);
          assert.equal(lost(), 1, method);
          assert.equal(result.placed.odooId, placed.odooId);
          const { state } = await head(placed.odooId, 'state');
          assert.equal(
            state,
            { write: 'draft', action_confirm: 'sale', action_cancel: 'cancel' }[method],
            method,
          );
          assert.equal((await linesOf(placed.odooId)).length, method === 'write' ? 2 : 1, method);
        }
      });
    });

    describe('customers', () => {
      const party = (changes: Partial<Party>): Party => ({
        name: 'Match GmbH',
        identifiers: [],
        address: { line1: 'Weg 1', city: 'Kiel', postalCode: '24103', countryCode: 'DE' },
        ...changes,
      });
      const from = (id: string, by: Party, more: Partial<CanonicalOrder['parties']> = {}): CanonicalOrder =>
        order(id, undefined, { parties: { buyer: by, shipTo: by, ...more } });
      const customer = async (result: OrderResult): Promise<number> => {
        const { partner_id: partner } = await head(result.placed.odooId, 'partner_id');
        return (partner as [number, string])[0];
      };

      it('are found by reference, VAT, GLN, or e-mail address and name, in the order of the rules', async () => {
        const tag = newPrefix();
        const gln = `40${tag.replace(/\D/g, '').padEnd(11, '1').slice(0, 11)}`;
        const byRef = await createOne(admin, 'res.partner', { name: 'R', ref: `${tag}-ref` });
        const byVat = await createOne(admin, 'res.partner', {
          name: 'V',
          vat: `X${tag}`.toUpperCase(),
          is_company: true,
        });
        const byGln = await createOne(admin, 'res.partner', { name: 'G', global_location_number: gln });
        const byMail = await createOne(admin, 'res.partner', {
          name: 'Match GmbH',
          email: `${tag}@Example.com`,
        });
        // An address of that customer, with the same e-mail address and name, is not a second customer.
        await createOne(admin, 'res.partner', {
          name: 'Match GmbH',
          email: `${tag}@example.com`,
          parent_id: byMail,
          type: 'delivery',
        });
        // Below the company of that VAT number: carries it too, and is not the customer.
        await createOne(admin, 'res.partner', {
          name: 'V2',
          parent_id: byVat,
          type: 'delivery',
          vat: `X${tag}`.toUpperCase(),
        });
        const desk = open({
          customer: 'order',
          match: ['known', 'ref', 'vat', 'gln', 'email'],
          refScheme: 'erp',
        });
        const id = (scheme: string, value: string) => ({ scheme, value });
        const found = [];
        for (const [name, by] of [
          ['ref', party({ identifiers: [id('erp', `${tag}-ref`), id('vat', `X${tag}`)] })],
          ['vat', party({ identifiers: [id('vat', `x ${tag}`)] })],
          ['gln', party({ identifiers: [id('gln', gln)] })],
          ['mail', party({ email: `${tag.toUpperCase()}@example.com` })],
        ] as const) {
          found.push(await customer(await desk.place(from(`match-${name}`, by))));
        }
        assert.deepEqual(found, [byRef, byVat, byGln, byMail]);
        // The name differs: somebody else, and new.
        const other = await customer(
          await desk.place(from('match-other', party({ name: 'Other AG', email: `${tag}@example.com` }))),
        );
        assert.ok(!found.includes(other));
        // And is known from now on, whatever else would fit.
        const again = open({ customer: 'order', match: ['known', 'email'] });
        assert.equal(
          await customer(
            await again.place(
              from('match-again', party({ name: 'Match GmbH', email: `${tag}@example.com` })),
            ),
          ),
          other,
        );
      });

      it('who are found twice or not at all hold their orders, and nothing is created', async () => {
        const tag = newPrefix();
        for (let copy = 0; copy < 2; copy += 1) {
          await createOne(admin, 'res.partner', { name: `Twice ${copy}`, ref: `${tag}-two` });
        }
        const desk = open({ customer: 'order', match: ['ref'], unknownCustomer: 'hold' });
        const by = (value: string): Party => party({ name: tag, identifiers: [{ scheme: 'ref', value }] });
        assert.deepEqual(
          await Promise.all(
            [`${tag}-two`, `${tag}-none`].map((value) =>
              codeOf(desk.place(from(`held-${value}`, by(value)))),
            ),
          ),
          ['CUSTOMER_AMBIGUOUS', 'CUSTOMER_NOT_FOUND'],
        );
        const made = await call<number>('res.partner', 'search_count', {
          args: { domain: [['name', '=', tag]] },
        });
        assert.equal(made, 0);
      });

      it('are created as companies with reference, and another payer as a customer of his own', async () => {
        const tag = newPrefix();
        const by = party({
          name: `Company ${tag}`,
          identifiers: [
            { scheme: 'ref', value: `${tag}-r` },
            { scheme: 'duns', value: '123456789' },
          ],
        });
        const payer = party({ name: `Payer ${tag}`, identifiers: [{ scheme: 'ref', value: `${tag}-p` }] });
        const desk = open({ customer: 'order', match: ['known', 'ref'] });
        const [one, two] = await Promise.all(
          ['1', '2'].map((id) => desk.place(from(`company-${tag}-${id}`, by, { billTo: payer }))),
        );
        assert.ok(one && two);
        const both = await Promise.all(
          [one, two].map(({ placed }) => head(placed.odooId, 'partner_id', 'partner_invoice_id')),
        );
        assert.deepEqual(both[0]?.['partner_id'], both[1]?.['partner_id']);
        assert.deepEqual(both[0]?.['partner_invoice_id'], both[1]?.['partner_invoice_id']);
        const rows = await call<Record<string, unknown>[]>('res.partner', 'search_read', {
          args: {
            domain: [['name', 'like', tag]],
            fields: ['name', 'ref', 'is_company', 'parent_id'],
            order: 'ref',
          },
        });
        assert.deepEqual(
          rows.map((row) => [row['name'], row['ref'], row['is_company'], row['parent_id']]),
          [
            [`Payer ${tag}`, `${tag}-p`, false, false],
            [`Company ${tag}`, `${tag}-r`, true, false],
          ],
        );
      });
    });

    describe('units', () => {
      const inUnit = (id: string, line: Partial<OrderLine>, sku = fixture.skus[0]): CanonicalOrder => {
        const plain = order(id, [{ sku, quantity: '2', price: '12' }]);
        return { ...plain, lines: plain.lines.map((each) => ({ ...each, ...line })) };
      };

      it('are those of the order where Odoo has them, else what a packaging holds, else refused', async () => {
        const desk = open({ units: { XRO: 'Pack of 6' } });
        const placed = async (id: string, line: Partial<OrderLine>): Promise<readonly unknown[]> => {
          const result = valid(await desk.place(inUnit(id, line)));
          const [row] = await linesOf(result.placed.odooId);
          assert.equal(result.placed.amountTotal, '24.00');
          assert.equal(result.response.code, 'AB');
          return [row?.product_uom_qty, row?.product_uom_id[1], row?.price_unit];
        };
        assert.deepEqual(await placed('pieces', { unit: 'H87' }), [2, 'Units', 12]);
        assert.deepEqual(await placed('dozens', { unit: 'DZN' }), [2, 'Dozens', 12]);
        assert.deepEqual(await placed('taught', { unit: 'XRO' }), [2, 'Pack of 6', 12]);
        // A case of 24 that Odoo does not know: 48 pieces, at a 24th of the price.
        assert.deepEqual(await placed('cases', { unit: 'XCS', packQuantity: '24' }), [48, 'Units', 0.5]);
        const refused: [string, Partial<OrderLine>][] = [
          ['kilograms', { unit: 'KGM' }],
          ['silent', { unit: 'XCS' }],
        ];
        assert.deepEqual(
          await Promise.all(refused.map(([id, line]) => codeOf(desk.place(inUnit(`no-${id}`, line))))),
          ['UNIT_KINDS_DIFFER', 'UNIT_UNSUPPORTED'],
        );
      });

      it('of packagings are found by what they hold and by their barcode, and pieces are never taken for packs', async () => {
        const tag = newPrefix();
        const [pack] = await call<{ id: number }[]>('uom.uom', 'search_read', {
          args: { domain: [['name', '=', 'Pack of 6']], fields: ['id'] },
        });
        assert.ok(pack);
        const gtin = (head: string): string => `${head}${tag.replace(/\D/g, '').padEnd(9, '7').slice(0, 9)}`;
        const inPacks = await createOne(admin, 'product.product', {
          name: `Packed ${tag}`,
          default_code: `${tag}-P`,
          type: 'service',
          uom_ids: [[6, 0, [pack.id]]],
        });
        await createOne(admin, 'product.uom', {
          uom_id: pack.id,
          product_id: inPacks,
          barcode: gtin('4011'),
        });
        await createOne(admin, 'product.product', {
          name: `Sold in packs ${tag}`,
          default_code: `${tag}-S`,
          type: 'service',
          uom_id: pack.id,
        });
        const desk = open();
        const place = async (
          id: string,
          sku: string,
          line: Partial<OrderLine>,
        ): Promise<readonly unknown[]> => {
          const { placed } = await desk.place(inUnit(id, line, sku));
          const [row] = await linesOf(placed.odooId);
          return [row?.product_uom_qty, row?.product_uom_id[1]];
        };
        const coded = { item: { identifiers: [{ scheme: 'gtin', value: gtin('04011') }] } };
        assert.deepEqual(await place('six', `${tag}-P`, { unit: 'XCT', packQuantity: '6' }), [
          2,
          'Pack of 6',
        ]);
        assert.deepEqual(await place('coded', '', { ...coded, unit: 'XCT' }), [2, 'Pack of 6']);
        // Two pieces of something that Odoo counts in packs of six are two pieces.
        assert.deepEqual(await place('loose', `${tag}-S`, {}), [2, 'Units']);
        assert.equal(await codeOf(place('unclear', '', coded)), 'UNIT_AMBIGUOUS');
        assert.equal(
          await codeOf(place('other', '', { ...coded, unit: 'XCT', packQuantity: '8' })),
          'UNIT_PACKAGING_DIFFERS',
        );
        // Read back from Odoo alone, packs are told in what they hold.
        const { order: read } = valid(await desk.read({ orderId: inUnit('six', {}).id }));
        assert.deepEqual([read.lines[0]?.unit, read.lines[0]?.quantity.original], ['C62', '12']);
      });

      it('come with the partner’s code where that stands for a packaging', async () => {
        const [sku] = fixture.skus;
        const desk = open({
          crossReferences: {
            lookup: async (_partner, keys) =>
              keys.map(({ code }) =>
                code === 'ACME-24'
                  ? { targetScheme: 'sku', target: sku, packLevel: 'XCS', quantityPerUnit: '24' }
                  : undefined,
              ),
          },
        });
        const acme = (value: string) => ({ item: { identifiers: [{ scheme: 'buyerSku', value }] } });
        const { placed } = await desk.place(inUnit('acme', acme('ACME-24')));
        const [row] = await linesOf(placed.odooId);
        assert.deepEqual([row?.product_id[0], row?.product_uom_qty], [fixture.productIds[0], 48]);
        assert.equal(await codeOf(desk.place(inUnit('acme-2', acme('ACME-25')))), 'ITEM_UNIDENTIFIED');
      });
    });

    it('takes terms, dates and tags that Odoo has, and holds or leaves out what it has not', async () => {
      const tag = newPrefix();
      await createOne(admin, 'crm.tag', { name: `${tag} shop` });
      const told = order('terms', undefined, {
        paymentTerms: { text: '30 days' },
        shipping: { carrierCode: 'ACME', service: 'Express' },
        warehouseHint: 'main',
        incoterm: 'DAP',
        requestedDelivery: { from: '2026-12-01T00:00:00Z', to: '2026-12-03T12:00:00Z' },
      });
      const terms = {
        carriers: { 'acme express': 'Standard delivery' },
        warehouses: { main: 'WH' },
        tags: [`${tag} {channel}`],
      };
      const result = valid(await open({ terms: { ...terms, unknown: 'hold' } }).place(told));
      const row = await head(
        result.placed.odooId,
        ...['payment_term_id', 'carrier_id', 'incoterm', 'warehouse_id', 'tag_ids', 'commitment_date'],
      );
      assert.deepEqual(
        [row['payment_term_id'], row['carrier_id'], row['incoterm']].map((value) => (value as string[])[1]),
        ['30 Days', 'Standard delivery', '[DAP] DELIVERED AT PLACE'],
      );
      assert.equal((row['tag_ids'] as number[]).length, 1);
      assert.equal(row['commitment_date'], '2026-12-03 12:00:00');
      assert.equal(result.placed.leftOut, undefined);

      const strange = { ...told, id: `${told.id}2`, externalId: 'terms2', shipping: { service: 'Pigeon' } };
      assert.equal(
        await codeOf(open({ terms: { ...terms, unknown: 'hold' } }).place(strange)),
        'CARRIER_UNKNOWN',
      );
      const without = await open({ terms }).place(strange);
      assert.deepEqual(without.placed.leftOut, ['carrier: Pigeon']);
      const empty = await head(without.placed.odooId, 'carrier_id', 'incoterm');
      assert.equal(empty['carrier_id'], false);
      assert.notEqual(empty['incoterm'], false);
    });

    describe('credit gate', () => {
      const [cost] = ['63.00'];
      let who: number;
      let ref: string;
      beforeEach(async () => {
        ref = newPrefix();
        who = await createOne(admin, 'res.partner', { name: ref, ref, is_company: true, credit_limit: 100 });
      });
      const gated = (client?: OdooClient, credit = {}): OrderDesk =>
        open(
          {
            customerRef: ref,
            confirm: true,
            credit: { gate: 'hold', defaultLimit: '1000', ...credit },
          },
          client,
        );

      it('confirms up to the limit and leaves the rest as quotations, also of orders that come at once', async () => {
        // Two desks on one connection, as two nodes are: neither knows of the other's orders.
        const client = connect();
        const [left, right] = [gated(client), gated(client)];
        const results = await Promise.allSettled([
          left.place(order(`${ref}-1`)),
          left.place(order(`${ref}-2`)),
          right.place(order(`${ref}-3`)),
        ]);
        const held = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
        assert.equal(held.length, 2, `one of ${cost} fits into 100`);
        for (const error of held as CrossdockError[]) {
          assert.equal(error.code, 'CREDIT_HOLD');
          assert.equal(error.kind, 'business');
          assert.deepEqual([error.facts['limit'], error.facts['exposure']], ['100.00', '126.00']);
        }
        const states = await call<{ state: string }[]>('sale.order', 'search_read', {
          args: { domain: [['partner_id', '=', who]], fields: ['state'] },
        });
        assert.deepEqual(states.map(({ state }) => state).sort(), ['draft', 'draft', 'sale']);
        // A person raises the limit; the same order again is confirmed.
        await call('res.partner', 'write', { ids: [who], args: { vals: { credit_limit: 130 } } });
        const again = ['1', '2', '3'].map((id) => order(`${ref}-${id}`));
        const outcomes = await Promise.all(again.map((each) => codeOf(left.confirm({ order: each }))));
        assert.deepEqual(outcomes.sort(), ['CREDIT_HOLD', 'done', 'done']);
      });

      it('never lets two processes go beyond the limit together', async () => {
        // A connection each: nothing but Odoo knows of both.
        const outcomes = await Promise.all(
          ['1', '2', '3'].map((id) => codeOf(gated().place(order(`${ref}-far-${id}`)))),
        );
        const confirmed = await call<number>('sale.order', 'search_count', {
          args: {
            domain: [
              ['partner_id', '=', who],
              ['state', '=', 'sale'],
            ],
          },
        });
        assert.ok(confirmed <= 1);
        assert.equal(outcomes.filter((outcome) => outcome === 'done').length, confirmed);
        assert.ok(outcomes.every((outcome) => outcome === 'done' || outcome === 'CREDIT_HOLD'));
      });

      it('takes back what went too far because somebody else confirmed at the same moment', async () => {
        const client = connect();
        const [other] = await Promise.all([open({ customerRef: ref }).place(order(`${ref}-other`))]);
        let meanwhile = 0;
        const racing: OdooClient = {
          ...client,
          async call(...args) {
            if (args[1] === 'action_confirm' && meanwhile === 0) {
              meanwhile += 1;
              await call('sale.order', 'action_confirm', { ids: [other.placed.odooId] });
            }
            return client.call(...args);
          },
        };
        assert.equal(await codeOf(gated(racing).place(order(`${ref}-mine`))), 'CREDIT_HOLD');
        assert.equal(meanwhile, 1);
        const [mine] = await call<{ state: string }[]>('sale.order', 'search_read', {
          args: { domain: [['origin', '=', order(`${ref}-mine`).id]], fields: ['state'] },
        });
        assert.equal(mine?.state, 'draft');
      });

      it('counts the commercial customer, whichever of its addresses pays', async () => {
        await call('res.partner', 'create', {
          args: { vals_list: [{ name: 'Invoices', parent_id: who, type: 'invoice' }] },
        });
        await gated().place(order(`${ref}-a`));
        assert.equal(await codeOf(gated().place(order(`${ref}-b`))), 'CREDIT_HOLD');
      });

      it('does not open when the account may not see what customers owe, unless it is told to', async function () {
        if (server.clerk === undefined) return this.skip();
        await assert.rejects(
          gated(connect({ clerk: true })).place(order(`${ref}-blind`)),
          (error: CrossdockError) => {
            assert.equal(error.code, 'CREDIT_UNREADABLE');
            assert.match(error.message, /may not see what customers owe/);
            return true;
          },
        );
        const passing = gated(connect({ clerk: true }), { unreadable: 'pass' });
        assert.equal((await passing.place(order(`${ref}-blind`))).placed.state, 'sale');
      });

      it('says that Odoo has its credit limits switched off', async () => {
        const desk = open({ customerRef: ref, confirm: true, credit: { gate: 'hold' } });
        assert.equal(await codeOf(desk.place(order(`${ref}-off`))), 'CREDIT_UNREADABLE');
      });
    });

    it('tells what people changed in Odoo, in the order’s own lines', async () => {
      const desk = open();
      const [a, b, c] = fixture.skus;
      const own = order('changed', [
        { sku: a, quantity: '2' },
        { sku: b, quantity: '3', price: '5' },
      ]);
      const { placed } = await desk.place(own);
      const [first, second] = await linesOf(placed.odooId);
      assert.ok(first && second);
      const product = {
        product_id: fixture.productIds[2],
        product_uom_qty: 1,
        price_unit: 7,
        tax_ids: [[6, 0, []]],
      };
      await call('sale.order', 'write', {
        ids: [placed.odooId],
        args: {
          vals: {
            order_line: [
              [1, first.id, { product_uom_qty: 1, price_unit: 10.5 }],
              [2, second.id, 0],
              [0, 0, product],
            ],
          },
        },
      });
      const { order: read } = valid(await desk.read({ order: own }));
      assert.deepEqual(
        read.lines.map(({ lineId, quantity }) => [lineId === '1', quantity.original, quantity.current]),
        [
          [true, '2', '1'],
          [false, '1', '1'],
        ],
      );
      assert.equal(read.lines[1]?.item.identifiers[0]?.value, c);
      assert.equal(read.totals.taxInclusive, '17.50');
      await desk.confirm({ odooId: placed.odooId });
      const { response } = valid(await desk.read({ order: own }));
      assert.equal(response.code, 'CA');
      assert.deepEqual(
        response.lines.map(({ orderLineId, code, quantity }) => [orderLineId, code, quantity?.confirmed]),
        [
          ['1', '3', '1'],
          ['2', '2', '0'],
        ],
      );
    });

    it('does a salesperson’s work with a salesperson’s account, and says what that may not', async function () {
      if (server.clerk === undefined) return this.skip();
      const client = connect({ clerk: true });
      const [a, b] = fixture.skus;
      const known: Party = { name: 'K', identifiers: [{ scheme: 'ref', value: fixture.customerRef }] };
      const desk = open(
        { customer: 'order', match: ['known', 'ref', 'vat', 'email'], confirm: true },
        client,
      );
      const one = order('clerk', [{ sku: a }], { parties: { buyer: known, shipTo: known } });
      const placed = valid(await desk.place(one));
      assert.equal(placed.placed.state, 'sale');
      const { odooId } = placed.placed;
      const read = valid(await desk.read({ order: one }));
      assert.equal(read.order.status.order, 'released');
      assert.ok(['allocated', 'backordered'].includes(read.order.status.fulfilment));
      await desk.lock({ odooId }, true);
      await desk.lock({ odooId }, false);
      assert.equal((await desk.cancel({ odooId }, { reason: 'test' })).placed.state, 'cancel');
      const quotation = open({ confirm: false }, client);
      await quotation.place(order('clerk-2', [{ sku: a }]));
      assert.equal((await quotation.amend(order('clerk-2', [{ sku: b }]))).placed.lines, 1);
      // Making customers needs Odoo's group Contact / Creation.
      const stranger: Party = { name: `Stranger ${newPrefix()}`, identifiers: [] };
      await assert.rejects(
        desk.place(order('clerk-3', [{ sku: a }], { parties: { buyer: stranger, shipTo: stranger } })),
        (error: CrossdockError) => {
          assert.equal(error.kind, 'business');
          assert.match(error.message, /not allowed to create 'Contact'/);
          return true;
        },
      );
    });
  });
}
