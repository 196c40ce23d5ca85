/** Free calls on a real Odoo: what is written as people write it arrives as it is meant, over both transports. */
import assert from 'node:assert/strict';
import { type OdooCall, OdooCaller, type OdooClient, readPages } from '../../core/odoo';
import {
  adminClient,
  createSalesFixture,
  odooFromEnvironment,
  type SalesFixture,
} from '../conformance/sales-fixture';

interface Line {
  readonly id: number;
  readonly product_id: { readonly id: number };
  readonly product_uom_qty: string;
}

for (const transport of ['json2', 'jsonrpc'] as const) {
  describe(`odoo call on a real Odoo over ${transport}`, () => {
    let client: OdooClient;
    let fixture: SalesFixture;
    let caller: OdooCaller;
    const made: number[] = [];

    before(async function () {
      const server = odooFromEnvironment();
      if (server === undefined) return this.skip();
      client = adminClient(server, transport);
      fixture = await createSalesFixture(client);
      caller = new OdooCaller(client, {
        shape: 'plain',
        maxRows: 1000,
        maxBytes: 1_000_000,
        repeatable: false,
      });
    });
    after(async () => {
      if (made.length > 0) await client.call('sale.order', 'unlink', { ids: made });
      await client?.close();
    });

    const call = async (request: Partial<OdooCall>): Promise<unknown> =>
      (await caller.call({ model: 'sale.order', method: 'read', args: {}, ...request })).value;
    const lines = async (order: number): Promise<string[]> => {
      const found = (await call({
        model: 'sale.order.line',
        method: 'search_read',
        args: {
          domain: [['order_id', '=', order]],
          fields: ['product_id', 'product_uom_qty'],
          order: 'id',
        },
      })) as Line[];
      return found.map(
        (line) => `${fixture.productIds.indexOf(line.product_id.id)} x ${line.product_uom_qty}`,
      );
    };

    it('an order with lines: created, its lines added, changed, taken away, set', async () => {
      const [a, b, c] = fixture.productIds;
      const order = (await call({
        method: 'create',
        args: {
          values: {
            partner_id: { id: fixture.customerId },
            date_order: '2026-11-27T10:00:00+02:00',
            validity_date: '2026-12-24',
            order_line: [
              { product_id: a, product_uom_qty: '2', price_unit: '18.75' },
              { product_id: b, product_uom_qty: 1 },
            ],
          },
        },
      })) as number;
      made.push(order);
      assert.deepEqual(await lines(order), ['0 x 2', '1 x 1']);
      const [read] = (await call({
        ids: [order],
        args: { fields: ['date_order', 'validity_date', 'origin', 'partner_id', 'order_line'] },
      })) as [Record<string, unknown> & { order_line: number[] }];
      assert.deepEqual(
        [
          read['date_order'],
          read['validity_date'],
          read['origin'],
          (read['partner_id'] as { id: number }).id,
        ],
        ['2026-11-27T08:00:00Z', '2026-12-24', null, fixture.customerId],
      );
      const [first, second] = read.order_line;
      const write = (order_line: unknown) =>
        call({ method: 'write', ids: [order], args: { values: { order_line } } });
      await write([{ id: first, product_uom_qty: '5' }, { id: second, remove: true }, { product_id: c }]);
      assert.deepEqual(await lines(order), ['0 x 5', '2 x 1']);
      await write({
        set: [
          { id: first, product_uom_qty: 7 },
          { product_id: b, product_uom_qty: 3 },
        ],
      });
      assert.deepEqual(await lines(order), ['0 x 7', '1 x 3']);
      await write({ set: [] });
      assert.deepEqual(await lines(order), []);
    });

    it('created with a key: once, with all lines once, however often', async () => {
      const request = {
        method: 'create',
        key: `${fixture.prefix}-1`,
        args: {
          values: {
            partner_id: fixture.customerId,
            client_order_ref: `${fixture.prefix}-keyed`,
            order_line: fixture.productIds
              .slice(0, 3)
              .map((product_id, n) => ({ product_id, product_uom_qty: n + 1 })),
          },
        },
      };
      const ids = await Promise.all([call(request), call(request), call(request)]);
      assert.equal(new Set(ids).size, 1);
      made.push(ids[0] as number);
      const domain = [['client_order_ref', '=', `${fixture.prefix}-keyed`]];
      assert.equal(await call({ method: 'search_count', args: { domain } }), 1);
      assert.deepEqual(await lines(ids[0] as number), ['0 x 1', '1 x 2', '2 x 3']);
    });

    it('pages bring every record once, also when others come and go meanwhile', async () => {
      const ref = `${fixture.prefix}-page`;
      const create = (names: readonly string[]) =>
        client.call<number[]>('res.partner', 'create', {
          args: { vals_list: names.map((name) => ({ name, ref })) },
        });
      const ids = await create(Array.from({ length: 23 }, (_, n) => `p${n}`));
      const seen: number[] = [];
      let later: number[] = [];
      const pages = readPages(client, {
        model: 'res.partner',
        domain: [['ref', '=', ref]],
        fields: ['name'],
        pageSize: 10,
        after: 0,
        shape: 'plain',
        maxRows: 100,
        maxBytes: 1_000_000,
      });
      for await (const { rows, index } of pages) {
        seen.push(...rows.map(({ id }) => Number(id)));
        if (index > 0) continue;
        await client.call('res.partner', 'unlink', { ids: ids.slice(3, 5) });
        later = await create(['late']);
      }
      assert.deepEqual(seen, [...ids, ...later]);
      await client.call('res.partner', 'unlink', { ids: [...ids.slice(0, 3), ...ids.slice(5), ...later] });
    });

    it('what Odoo refuses is told in its words', async () => {
      await assert.rejects(call({ method: 'create', args: { values: { origin: 'x' } } }), {
        code: 'ODOO_VALIDATION',
        kind: 'business',
      });
      await assert.rejects(call({ method: 'action_nonsense', ids: [1] }), { kind: 'permanent' });
      await assert.rejects(
        call({ method: 'create', args: { values: { order_line: [{ product_uom_qty: 'two' }] } } }),
        {
          code: 'ODOO_VALUES',
          problems: [
            {
              path: '/vals_list/order_line/0/product_uom_qty',
              message: 'Quantity: must be a number, such as 12.5 or "12.50".',
            },
          ],
        },
      );
    });
  });
}
