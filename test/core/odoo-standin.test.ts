import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createOdooClient } from '../../core/odoo';
import { catalogue } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { describeOdooConformance } from '../conformance/odoo';
import { Api, loadOrder, ONCE, raw, rpc } from '../conformance/odoo-server';

describe('Odoo stand-in', () => {
  const running: OdooStandIn[] = [];
  const start = async (options: Parameters<typeof startOdooStandIn>[0] = {}) => {
    const standIn = await startOdooStandIn(options);
    running.push(standIn);
    return standIn;
  };

  after(async () => {
    for (const standIn of running) await standIn.close();
  });

  describeOdooConformance('stand-in', () => start());

  it('says of what only the real one can do that it is not supported, with status 501', async () => {
    const api = new Api(await start(), 'JSON-2');
    const calls: [string, string, object][] = [
      ['account.payment', 'search', { args: { domain: [] } }],
      ['sale.order', 'action_quotation_send', { ids: [1] }],
      ['sale.order', 'read', { ids: [1], args: { fields: ['tax_totals'] } }],
      ['sale.order', 'read', { ids: [1] }],
      ['res.partner', 'search', { args: { domain: [['parent_id', 'any', []]] } }],
      ['stock.picking', 'action_split_transfer', { ids: [1] }],
    ];
    for (const [model, method, call] of calls) {
      const { status, fault } = await api.call(model, method, call);
      assert.equal(status, 501, `${model}.${method}`);
      assert.equal(fault?.name, 'sandbox.NotSupported');
      assert.match(fault?.message ?? '', /^sandbox: not supported: /);
    }
  });

  it('is not taken for an Odoo that is down because of what it cannot do', async () => {
    const { url, database, login, apiKey } = await start();
    for (const transport of ['json2', 'jsonrpc'] as const) {
      const client = createOdooClient({ url, database, login, apiKey, transport });
      try {
        for (let count = 0; count < 6; count += 1) {
          await assert.rejects(client.call('sale.order', 'read', { ids: [1] }), {
            code: 'ODOO_NOT_FOUND',
            kind: 'permanent',
          });
        }
        assert.equal(client.health().breaker, 'closed');
      } finally {
        await client.close();
      }
    }
  });

  it('keeps its state, its key and its sequences over a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'odoo-standin-'));
    try {
      const file = join(folder, 'odoo.sqlite');
      const first = await startOdooStandIn({ file });
      const before = new Api(first, 'JSON-2');
      const partner = await before.create('res.partner', { name: 'Kept' });
      const row = ['key', String(partner), 'R', '', '', '', ''];
      const order = await loadOrder(before, [row]);
      const deleted = await loadOrder(before, [['gone', String(partner), 'R', '', '', '', '']]);
      await before.get('sale.order', 'unlink', { ids: [deleted] });
      await first.close();
      const second = await startOdooStandIn({ file });
      const after = new Api(second, 'JSON-2');
      assert.equal(second.apiKey, first.apiKey);
      assert.equal(await loadOrder(after, [row]), order);
      assert.equal((await after.read('res.partner', partner, ['name'])).name, 'Kept');
      assert.ok(
        (await loadOrder(after, [['new', String(partner), 'R', '', '', '', '']])) > deleted,
        'no id twice',
      );
      await second.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes on with a database of before moves had lines: what was reserved is shipped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'odoo-standin-'));
    try {
      const file = join(folder, 'odoo.sqlite');
      const first = await startOdooStandIn({ file });
      const before = new Api(first, 'JSON-2');
      const goods = await before.create('product.product', { name: 'G', type: 'consu', is_storable: true });
      const count = { product_id: goods, location_id: 5, inventory_quantity: 5 };
      const quant = await before.create('stock.quant', count, { inventory_mode: true });
      await before.get('stock.quant', 'action_apply_inventory', { ids: [quant] });
      const order = await before.create('sale.order', {
        partner_id: 1,
        order_line: [[0, 0, { product_id: goods, product_uom_qty: 7 }]],
      });
      await before.get('sale.order', 'action_confirm', { ids: [order] });
      await first.close();
      const db = new DatabaseSync(file);
      db.exec(`DELETE FROM stock_move_line; DELETE FROM stock_picking_type; DELETE FROM delivery_carrier;
        DELETE FROM account_journal; DELETE FROM account_account; DELETE FROM account_incoterms; DELETE FROM account_payment_term;
        DELETE FROM ir_model_data WHERE model LIKE 'stock.picking%' OR model LIKE 'account.%' OR model LIKE 'delivery.%';
        UPDATE stock_move SET picking_type_id = NULL; UPDATE sale_order SET delivery_status = NULL;`);
      db.close();
      const second = await startOdooStandIn({ file });
      const after = new Api(second, 'JSON-2');
      const { picking_ids: ids, delivery_status: status } = await after.read('sale.order', order, [
        ...['picking_ids', 'delivery_status'],
      ]);
      assert.equal(status, 'pending');
      const validate = { ids: ids as number[], context: { skip_backorder: true } };
      assert.equal(await after.get('stock.picking', 'button_validate', validate), true);
      const levels = await after.read('product.product', goods, [
        'qty_available',
        'free_qty',
        'outgoing_qty',
      ]);
      assert.deepEqual([levels.qty_available, levels.free_qty, levels.outgoing_qty], [0, 0, 2]);
      await second.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('goes on with a database of before it kept all that odoo changes reads', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'odoo-standin-'));
    try {
      const file = join(folder, 'odoo.sqlite');
      const first = await startOdooStandIn({ file });
      const partner = await new Api(first, 'JSON-2').create('res.partner', { name: 'Kept' });
      await first.close();
      const db = new DatabaseSync(file);
      db.exec(`DELETE FROM account_account WHERE id = 15;
        ALTER TABLE res_partner DROP COLUMN customer_rank; ALTER TABLE stock_move DROP COLUMN value;`);
      db.close();
      const second = await startOdooStandIn({ file });
      const names = ['customer_rank', 'property_account_payable_id'];
      const kept = await new Api(second, 'JSON-2').read('res.partner', partner, names);
      assert.deepEqual(kept, {
        id: partner,
        customer_rank: 0,
        property_account_payable_id: [15, 'Account Payable'],
      });
      await second.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('remembers keys of a batch that was rolled back, as the real one does: a false id, and the key is free', async () => {
    const api = new Api(await start(), 'JSON-2');
    const row = (key: string, partner: string) => [key, partner, 'R', '', '', '', ''];
    const load = (data: string[][]) =>
      api.get<{ ids: number[] | false }>('sale.order', 'load', {
        args: {
          fields: [
            'id',
            'partner_id/.id',
            'client_order_ref',
            'order_line/product_id/.id',
            'order_line/product_uom_qty',
            'order_line/price_unit',
            'order_line/tax_ids/.id',
          ],
          data,
        },
        context: ONCE,
      });
    assert.equal((await load([row('good', '1'), row('bad', '')])).ids, false);
    const args = { module: ONCE.module, xml_id: 'good' };
    assert.deepEqual(await api.get('ir.model.data', 'check_object_reference', { args }), [
      'sale.order',
      false,
    ]);
    const { ids } = await load([row('good', '1')]);
    assert.ok(Array.isArray(ids));
    assert.deepEqual(await api.get('ir.model.data', 'check_object_reference', { args }), [
      'sale.order',
      ids[0],
    ]);
  });

  it('answers as an Odoo 18 where asked to: no JSON-2, and the older names of fields', async () => {
    const standIn = await start({ serverVersion: '18.0' });
    const version = (await rpc(standIn, 'common', 'version', [])).value as { server_serie: string };
    assert.equal(version.server_serie, '18.0');
    const headers = { 'content-type': 'application/json', authorization: `bearer ${standIn.apiKey}` };
    const json2 = await raw(standIn, '/json/2/res.partner/search', {
      method: 'POST',
      headers,
      body: '{"domain":[]}',
    });
    assert.equal(json2.status, 404);
    const api = new Api(standIn, 'JSON-RPC');
    const product = await api.create('product.product', { name: 'P', type: 'service', list_price: 3 });
    const load = (column: string) =>
      api.call('sale.order', 'load', {
        args: {
          fields: ['id', 'partner_id/.id', 'order_line/product_id/.id', column],
          data: [['k', '1', String(product), '1']],
        },
        context: ONCE,
      });
    assert.equal((await load('order_line/tax_ids/.id')).fault?.message, "Invalid field name 'tax_ids'");
    const { ids } = (await load('order_line/tax_id/.id')).value as { ids: number[] };
    const lines = await api.searchRead(
      'sale.order.line',
      [['order_id', '=', ids[0]]],
      ['tax_id', 'product_uom', 'price_total'],
    );
    assert.deepEqual(lines[0], {
      id: lines[0]?.id,
      tax_id: [1],
      product_uom: [1, 'Units'],
      price_total: 3.45,
    });
  });

  it('answers as an Odoo 17: packages, rights, products and returns under the names of then', async () => {
    const standIn = await start({ serverVersion: '17.0' });
    const api = new Api(standIn, 'JSON-RPC');
    const describe = async (model: string, fields: string[]) =>
      Object.keys(
        await api.get<object>(model, 'fields_get', { args: { allfields: fields, attributes: ['type'] } }),
      );
    assert.deepEqual(await describe('product.product', ['is_storable', 'detailed_type']), ['detailed_type']);
    assert.deepEqual(await describe('res.users', ['group_ids', 'groups_id']), ['groups_id']);
    assert.deepEqual(await describe('uom.uom', ['parent_path', 'category_id']), ['category_id']);
    const line = await api.get<Record<string, { relation: string }>>('stock.move.line', 'fields_get', {
      args: { allfields: ['result_package_id'], attributes: ['relation'] },
    });
    assert.equal(line.result_package_id?.relation, 'stock.quant.package');
    const unknown = await api.call('stock.package', 'search', { args: { domain: [] } });
    assert.equal(unknown.fault?.message, "Object stock.package doesn't exist");
    const goods = await api.create('product.product', { name: 'G', detailed_type: 'product' });
    assert.equal((await api.read('product.product', goods, ['detailed_type'])).detailed_type, 'product');
    const stored = await api.searchRead('product.product', [['detailed_type', '=', 'product']], ['name']);
    assert.deepEqual(stored, [{ id: goods, name: 'G' }]);
    const [dozen] = await api.searchRead(
      'uom.uom',
      [
        ['name', '=', 'Dozens'],
        ['active', '=', false],
      ],
      ['factor', 'category_id'],
    );
    assert.equal(Math.round(1 / Number(dozen?.factor)), 12);
    const may = { operation: 'create', raise_exception: false };
    assert.equal(await api.get('sale.order', 'check_access_rights', { args: may }), true);
    assert.match(
      (await api.call('sale.order', 'has_access', { ids: [], args: may })).fault?.message ?? '',
      /does not exist$/,
    );
    const pack = await api.create('stock.quant.package', { name: 'P1' });
    const order = await api.create('sale.order', {
      partner_id: 1,
      order_line: [[0, 0, { product_id: goods, product_uom_qty: 2, product_uom: 1 }]],
    });
    await api.get('sale.order', 'action_confirm', { ids: [order] });
    const [picking] = await api.searchRead('stock.picking', [['sale_id', '=', order]], ['move_ids']);
    const ids = [Number(picking?.id)];
    const moves = picking?.move_ids as number[];
    await api.get('stock.move', 'write', { ids: moves, args: { vals: { quantity: 2, picked: true } } });
    const [done] = await api.searchRead('stock.move.line', [['picking_id', '=', ids[0]]], ['quantity']);
    await api.get('stock.move.line', 'write', {
      ids: [Number(done?.id)],
      args: { vals: { result_package_id: pack } },
    });
    assert.equal(await api.get('stock.picking', 'button_validate', { ids }), true);
    const wizard = await api.create('stock.return.picking', {
      picking_id: ids[0],
      product_return_moves: [[0, 0, { product_id: goods, move_id: moves[0], quantity: 1 }]],
    });
    const made = await api.get<{ res_model: string }>('stock.return.picking', 'create_returns', {
      ids: [wizard],
    });
    assert.equal(made.res_model, 'stock.picking');
  });

  it('is seeded with the demo company once', async () => {
    const standIn = await start();
    const first = await seedDemoCompany(standIn);
    assert.equal(first.products, catalogue.length + 2);
    assert.equal(first.stocked, catalogue.length);
    const api = new Api(standIn, 'JSON-2');
    const sku = catalogue[0]?.sku;
    const read = () =>
      api.searchRead(
        'product.product',
        [['default_code', '=', sku]],
        ['qty_available', 'list_price', 'barcode'],
      );
    const [product] = await read();
    assert.equal(product?.qty_available, catalogue[0]?.onHand);
    assert.equal(product?.list_price, Number(catalogue[0]?.price));
    assert.deepEqual(await seedDemoCompany(standIn), { taxes: 0, products: 0, stocked: 0 });
    assert.equal(new Set(catalogue.map((item) => item.sku)).size, catalogue.length);
    assert.deepEqual(await read(), [product]);
  });
});
