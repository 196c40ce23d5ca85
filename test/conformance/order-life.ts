import assert from 'node:assert/strict';
import type { CanonicalOrder, Invoice } from '../../core/canonical';
import { checkCanonical } from '../../core/canonical';
import { contracts } from '../../core/contract';
import { type OdooClient, type OrderAxes, type PlacedInvoice, readOrderStatus } from '../../core/odoo';
import { crossdock, odooServer, STORE } from '../nodes/fixtures';
import { observers, sink, useFlows } from '../nodes/harness';
import { adminClient, createOne, makeOrder, type OdooUnderTest } from './sales-fixture';
import { createStockFixture, makeReturn, makeShipment, type StockFixture } from './shipping-fixture';

/** Percent; a rate that only this fixture's tax has. */
const RATE = '19.43';

interface Result {
  readonly created: boolean;
  readonly invoices: readonly PlacedInvoice[];
}

/**
 * The life of one order, from quotation to credit note, through the nodes in a running Node-RED and by canonical
 * messages only. At each step the four axes are what they should be, told by odoo order and read apart.
 */
export function describeOrderLife(
  name: string,
  getServer: () => Promise<OdooUnderTest | undefined>,
  /** Each message comes twice. */
  again = true,
): void {
  describe(`order life on ${name}`, function () {
    this.timeout(120_000);
    const flows = useFlows();
    let server: OdooUnderTest;
    let admin: OdooClient;
    let fixture: StockFixture;

    before(async function () {
      const found = await getServer();
      if (found === undefined) return this.skip();
      server = found;
      admin = adminClient(server);
      fixture = await createStockFixture(admin);
      await admin.call('product.product', 'write', {
        ids: [fixture.products.plain, fixture.products.lotted],
        args: { vals: { invoice_policy: 'delivery' } },
      });
      await createOne(admin, 'account.tax', {
        ...{ name: `${fixture.prefix} ${RATE}`, amount: Number(RATE) },
        ...{ amount_type: 'percent', type_tax_use: 'sale' },
      });
    });
    after(() => admin?.close());

    const open = () =>
      flows.load(
        [
          ...observers('order', 'fulfilment', 'invoice'),
          STORE,
          odooServer(server.url, { database: server.database, login: server.login }),
          crossdock(
            'odoo-order',
            'order',
            {
              operation: 'operation',
              operationType: 'msg',
              confirm: false,
              customer: 'fixed',
              customerRef: fixture.customerRef,
            },
            [['ordered'], []],
          ),
          crossdock('odoo-fulfilment', 'fulfilment', { operation: 'msg' }, [['moved']]),
          crossdock('odoo-invoice', 'invoice', { operation: 'msg', post: true }, [['billed']]),
          sink('ordered'),
          sink('moved'),
          sink('billed'),
        ],
        { credentials: { server: { apiKey: server.apiKey } } },
      );

    it('goes from quotation to credit note, every status right at each step', async () => {
      const run = await open();
      const { plain, lotted, lots } = fixture;
      const buyer = { name: `Buyer ${fixture.prefix}`, identifiers: [] };
      const order: CanonicalOrder = makeOrder(
        fixture,
        'life',
        [
          { sku: lotted, quantity: '5', price: '10.50', rate: RATE },
          { sku: plain, quantity: '2', price: '3.33', rate: RATE },
        ],
        { parties: { buyer, shipTo: buyer } },
      );
      const counts = { ordered: 0, moved: 0, billed: 0 };
      const ends = { order: 'ordered', fulfilment: 'moved', invoice: 'billed' } as const;
      const send = async (node: keyof typeof ends, operation: string, payload: unknown) => {
        const end = ends[node];
        run.send(node, { operation, payload });
        counts[end] += 1;
        const failed = () => {
          const [caught] = run.got('caught');
          if (caught !== undefined)
            assert.fail(`${operation}: ${caught.error?.code}: ${caught.error?.message}`);
        };
        return run.nth(end, counts[end]).catch((thrown: unknown) => {
          failed();
          throw thrown;
        });
      };
      /** Sends a message, and once more as a redelivery would; the second must not change anything. */
      const twice = async (node: keyof typeof ends, operation: string, payload: unknown) => {
        const first = await send(node, operation, payload);
        if (!again) return first;
        const status = await axes();
        await send(node, operation, payload);
        assert.deepEqual(await axes(), status, `${operation}, delivered again`);
        return first;
      };
      let odooId = 0;
      const axes = async (): Promise<OrderAxes | undefined> =>
        (await readOrderStatus(admin, [odooId])).get(odooId)?.status;
      const expectStatus = async (step: string, expected: OrderAxes) => {
        assert.deepEqual(await axes(), expected, step);
        const told = (await send('order', 'status', order)).payload as OrderAxes;
        assert.deepEqual(
          { order: told.order, fulfilment: told.fulfilment, payment: told.payment, return: told.return },
          expected,
          `${step}, as odoo order tells it`,
        );
      };

      const placed = await send('order', 'place', order);
      odooId = (placed.payload as { odooId: number }).odooId;
      await send('order', 'place', order);
      await expectStatus('quotation', {
        order: 'received',
        fulfilment: 'none',
        payment: 'unpaid',
        return: 'none',
      });

      await twice('order', 'confirm', order);
      await expectStatus('confirmed', {
        order: 'released',
        fulfilment: 'allocated',
        payment: 'unpaid',
        return: 'none',
      });

      const first = makeShipment(order, `${fixture.prefix}-1`, [
        { sku: lotted, quantity: '2', lot: lots[0], in: 'P1' },
        { sku: lotted, quantity: '1', lot: lots[1], in: 'P2' },
      ]);
      const shipped = await twice('fulfilment', 'ship', first);
      const [despatch] = shipped['shipments'] as { tracking?: { number: string }[] }[];
      assert.equal(despatch?.tracking?.[0]?.number, first.tracking?.[0]?.number);
      await expectStatus('partly shipped', {
        ...{ order: 'inFulfilment', fulfilment: 'partiallyShipped', payment: 'unpaid', return: 'none' },
      });

      await twice(
        'fulfilment',
        'ship',
        makeShipment(order, `${fixture.prefix}-2`, [
          { sku: lotted, quantity: '2', lot: lots[1], in: 'P3' },
          { sku: plain, quantity: '2', in: 'P3' },
        ]),
      );
      await expectStatus('backorder shipped', {
        ...{ order: 'completed', fulfilment: 'shipped', payment: 'unpaid', return: 'none' },
      });

      const back = (id: string, accepted: string) =>
        makeReturn(order, `${fixture.prefix}-${id}`, [
          {
            sku: lotted,
            requested: '1',
            lot: lots[0],
            ...(accepted === '' ? {} : { received: accepted, accepted }),
          },
        ]);
      await twice('fulfilment', 'authorise', back('R1', ''));
      await expectStatus('return authorised', {
        ...{ order: 'completed', fulfilment: 'shipped', payment: 'unpaid', return: 'authorised' },
      });
      await twice('fulfilment', 'receive', back('R1', '1'));
      await expectStatus('returned in part', {
        ...{ order: 'completed', fulfilment: 'shipped', payment: 'unpaid', return: 'accepted' },
      });

      const billed = await twice('invoice', 'invoice', order);
      const invoice = billed['invoice'] as Invoice;
      assert.equal((billed.payload as Result).created, true);
      assert.equal(invoice.kind, '380');
      // Four that stayed at 10.50, two at 3.33, and 19.43 %.
      assert.equal(invoice.totals.taxExclusive, '48.66');
      assert.equal(invoice.totals.tax, '9.45');
      assertCanonical(invoice);
      await expectStatus('invoiced', {
        ...{ order: 'completed', fulfilment: 'shipped', payment: 'unpaid', return: 'accepted' },
      });

      await twice('fulfilment', 'authorise', back('R2', ''));
      await twice('fulfilment', 'receive', back('R2', '1'));
      const credited = await twice('invoice', 'credit', back('R2', '1'));
      const credit = credited['invoice'] as Invoice;
      assert.equal(credit.kind, '381');
      assert.equal(credit.totals.taxExclusive, '10.50');
      assert.equal(credit.lines[0]?.quantity, '1');
      assert.deepEqual(
        credit.precedingInvoices?.map(({ number }) => number),
        [invoice.number],
      );
      assertCanonical(credit);
      await expectStatus('credited', {
        ...{ order: 'completed', fulfilment: 'shipped', payment: 'unpaid', return: 'refunded' },
      });

      await assertOnce(admin, odooId);
      assert.equal(run.got('caught').length, 0);
    });

    /** Two deliveries, two returns, an invoice and a credit note, however often the messages came. */
    async function assertOnce(client: OdooClient, id: number): Promise<void> {
      const [row] = await client.call<readonly { picking_ids: number[]; invoice_ids: number[] }[]>(
        'sale.order',
        'read',
        {
          ids: [id],
          args: { fields: ['picking_ids', 'invoice_ids'] },
        },
      );
      assert.equal(row?.invoice_ids.length, 2);
      assert.equal(row?.picking_ids.length, 4);
      const lines = await client.call<
        readonly { qty_delivered: number; qty_invoiced: number; qty_to_invoice: number }[]
      >('sale.order.line', 'search_read', {
        args: {
          domain: [['order_id', '=', id]],
          fields: ['qty_delivered', 'qty_invoiced', 'qty_to_invoice'],
          order: 'id',
        },
      });
      assert.deepEqual(
        lines.map((line) => [line.qty_delivered, line.qty_invoiced, line.qty_to_invoice]),
        [
          [3, 3, 0],
          [2, 2, 0],
        ],
      );
    }
  });
}

function assertCanonical(invoice: Invoice): void {
  assert.deepEqual(contracts().validate('invoice', '1.0', invoice), []);
  assert.deepEqual(checkCanonical('invoice', invoice), []);
}
