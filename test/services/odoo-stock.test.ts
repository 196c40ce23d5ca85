import assert from 'node:assert/strict';
import { createOdooClient, type OdooClient, readLevels, reservation, StockAdjuster } from '../../core/odoo';
import {
  adminClient,
  clerkFromEnvironment,
  createOne,
  type OdooUnderTest,
  odooFromEnvironment,
} from '../conformance/sales-fixture';
import { describeStockAdjustments } from '../conformance/stock-adjustments';
import { adjustmentOf, createStockFixture, type StockFixture } from '../conformance/stock-fixture';
import { describeStockLevels } from '../conformance/stock-levels';

const connect = async () => {
  const [admin, account] = [odooFromEnvironment(), clerkFromEnvironment()];
  return admin === undefined || account === undefined ? undefined : { admin, account };
};

describeStockAdjustments('a real Odoo, as a plain stock user', connect);
describeStockLevels('a real Odoo, as a plain stock user', connect);

/** The other transport, on the same server: what differs are the forms of arguments and answers. */
describe('odoo stock over JSON-RPC', () => {
  let admin: OdooClient;
  let fixture: StockFixture;
  let server: OdooUnderTest;

  before(async function () {
    const found = await connect();
    if (found === undefined) return this.skip();
    server = found.admin;
    admin = adminClient(server);
    fixture = await createStockFixture(admin);
  });
  after(async () => {
    await fixture?.close();
    await admin?.close();
  });

  it('counts once, reads what was counted, and reserves it', async () => {
    const clerk = clerkFromEnvironment();
    assert.ok(clerk);
    const client = createOdooClient({ ...clerk, transport: 'jsonrpc' });
    try {
      const { id, sku } = await fixture.product();
      const adjuster = new StockAdjuster(client);
      const count = adjustmentOf(sku, fixture.warehouse.code, { quantity: '6', previous: '0' });
      assert.deepEqual(
        [(await adjuster.apply(count)).applied, (await adjuster.apply(count)).applied],
        [true, false],
      );
      const customer = await createOne(admin, 'res.partner', { name: `Customer ${fixture.prefix}` });
      const order = await createOne(admin, 'sale.order', {
        partner_id: customer,
        order_line: [[0, 0, { product_id: id, product_uom_qty: 8, price_unit: 1 }]],
      });
      await admin.call('sale.order', 'action_confirm', { ids: [order] });
      assert.equal((await reservation(client, 'release', order)).lines[0]?.reserved, '0');
      assert.equal((await reservation(client, 'reserve', order)).lines[0]?.short, '2');
      for await (const { levels } of readLevels(client, { levelOf: 'site', skus: [sku] })) {
        const level = levels.find(({ location }) => location.odooWarehouseId === fixture.warehouse.id);
        assert.deepEqual(
          [level?.onHand, level?.reserved, level?.available, level?.published],
          ['6', '6', '-2', '0'],
        );
      }
    } finally {
      await client.close();
    }
  });

  it('an account without the right for stock is told what it may not do, and nothing changes', async () => {
    const login = `${fixture.prefix}@crossdock.example`;
    const [sales] = await admin.call<{ res_id: number }[]>('ir.model.data', 'search_read', {
      args: {
        domain: [
          ['module', '=', 'sales_team'],
          ['name', '=', 'group_sale_salesman'],
        ],
        fields: ['res_id'],
      },
    });
    await createOne(admin, 'res.users', {
      name: login,
      login,
      password: login,
      group_ids: [[4, sales?.res_id ?? 0]],
    });
    const client = createOdooClient({ ...server, login, apiKey: login, transport: 'jsonrpc' });
    try {
      const { sku } = await fixture.product();
      await assert.rejects(new StockAdjuster(client).apply(adjustmentOf(sku, fixture.warehouse.code)), {
        code: 'ODOO_ACCESS',
        kind: 'business',
        message: /stock\.quant \(create\)/,
      });
      const levels: unknown[] = [];
      for await (const page of readLevels(client, { skus: [sku] })) levels.push(...page.levels);
      assert.equal(levels.length, 1, 'a salesperson may still see what there is');
    } finally {
      await client.close();
      await admin.call('res.users', 'write', {
        ids: await admin.call<number[]>('res.users', 'search', { args: { domain: [['login', '=', login]] } }),
        args: { vals: { active: false } },
      });
    }
  });
});
