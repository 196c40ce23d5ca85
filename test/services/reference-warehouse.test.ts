/** The reference flow of warehouse stock on a real Odoo: what is found, and that an approved correction is booked once. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { OdooClient } from '../../core/odoo';
import { stockFile } from '../../sandbox/warehouse/exports';
import { adminClient, createOne, newPrefix, odooFromEnvironment } from '../conformance/sales-fixture';
import { startTcpProxy, type TcpProxy, type TempDir, tempDir, waitFor } from '../support';
import { type ReferenceFlow, startReferenceFlow } from '../support/reference-flow';

const ITEMS = 40;

describe('reference flow: warehouse stock against a real Odoo', function () {
  this.timeout(120_000);
  const server = odooFromEnvironment();
  const prefix = newPrefix();
  const code = prefix.slice(-5).toUpperCase();
  const sku = (n: number): string => `${prefix}-${String(n).padStart(2, '0')}`;
  let admin: OdooClient;
  let line: TcpProxy;
  let flow: ReferenceFlow;
  let dir: TempDir;
  let stockId: number;
  let ids: readonly number[];

  before(async function () {
    if (server === undefined) return this.skip();
    admin = adminClient(server);
    dir = tempDir();
    line = await startTcpProxy({ target: server.url });
    const warehouse = await createOne(admin, 'stock.warehouse', { name: `3PL ${prefix}`, code });
    const [row] = await admin.call<{ lot_stock_id: [number, string] }[]>('stock.warehouse', 'read', {
      ids: [warehouse],
      args: { fields: ['lot_stock_id'] },
    });
    stockId = row?.lot_stock_id[0] ?? 0;
    const vals_list = Array.from({ length: ITEMS }, (_, n) => ({
      name: `Fixture ${sku(n)}`,
      default_code: sku(n),
      type: 'consu',
      is_storable: true,
    }));
    ids = await admin.call<number[]>('product.product', 'create', { args: { vals_list } });
    // The last one is not in stock.
    const quants = await admin.call<number[]>('stock.quant', 'create', {
      args: {
        vals_list: ids
          .slice(0, -1)
          .map((id) => ({ product_id: id, location_id: stockId, inventory_quantity: 1500 })),
      },
      context: { inventory_mode: true },
    });
    await admin.call('stock.quant', 'action_apply_inventory', { ids: quants });
    flow = await startReferenceFlow('warehouse stock against Odoo', {
      env: {
        ODOO_URL: server.url,
        ODOO_DB: server.database,
        ODOO_LOGIN: server.login,
        ODOO_API_KEY: server.apiKey,
        WAREHOUSE_URL: 'http://127.0.0.1:9',
        STOCK_FILE: join(dir.path, 'stock.csv'),
      },
      // What an analyst has to say in any case: which warehouse it is.
      set: { '3PL against Odoo': { leftSource: { warehouse: code }, site: code } },
      addresses: { 'Book in Odoo': line.url },
    });
  });
  after(async () => {
    await flow?.red.remove();
    await line?.close();
    if (ids !== undefined)
      await admin.call('product.product', 'write', { ids: [...ids], args: { vals: { active: false } } });
    await admin?.close();
    dir?.remove();
  });

  const compare = async (rows: ReadonlyMap<string, number>, at = new Date()) => {
    const file = stockFile(
      [...rows].map(([name, onHand]) => ({ sku: name, onHand, location: 'A-01-1', countedAt: '' })),
      at,
    );
    const answer = await fetch(`${flow.red.url}/3pl/stock`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', connection: 'close' },
      body: Buffer.from(file),
    });
    assert.equal(answer.status, 204);
    const since = Date.now();
    await flow.press('Compare now');
    return flow.run('3PL against Odoo', since);
  };
  const quantity = async (name: string): Promise<number> => {
    const rows = await admin.call<{ quantity: number }[]>('stock.quant', 'search_read', {
      args: {
        domain: [
          ['product_id.default_code', '=', name],
          ['location_id', '=', stockId],
        ],
        fields: ['quantity'],
      },
    });
    return rows.reduce((sum, row) => sum + row.quantity, 0);
  };
  const moves = (name: string): Promise<number> =>
    admin.call('stock.move', 'search_count', {
      args: {
        domain: [
          ['product_id.default_code', '=', name],
          ['state', '=', 'done'],
        ],
      },
    });

  it('finds what differs, and books an approved correction once, also over a kill -9', async () => {
    const rows = new Map(Array.from({ length: ITEMS - 1 }, (_, n) => [sku(n), 1500]));
    rows.set(sku(1), 1234.5);
    rows.set(sku(2), 2000);
    rows.delete(sku(3));
    rows.set(sku(ITEMS - 1), 7);
    const run = await compare(rows);
    const found = await flow.differences(run);
    assert.deepEqual(
      found.map(({ key, kind, delta, correction }) => [key, kind, delta, correction.type]),
      [
        [sku(1), 'quantity', '-265.5', 'inventory-adjustment'],
        [sku(2), 'quantity', '500', 'inventory-adjustment'],
        [sku(3), 'missing', null, 'inventory-adjustment'],
        // Odoo lists it with zero.
        [sku(ITEMS - 1), 'quantity', '7', 'inventory-adjustment'],
      ],
    );
    // Everything that other warehouses have, and this one not, is no difference.
    assert.equal(run.counts.matched, run.counts.keys - 4);
    const [first, second, third] = found;
    assert.ok(first && second && third);
    const answers = await Promise.all([1, 2].map(() => flow.approve(run, [first.number])));
    assert.ok(answers.includes(200), String(answers));
    await waitFor(async () => (await quantity(sku(1))) === 1234.5, { what: 'the first correction' });
    // Approved, in the inbox, and not in Odoo: then the process goes.
    line.cut();
    assert.equal(await flow.approve(run, [second.number, third.number]), 200);
    await waitFor(async () => (await flow.differences(run, '&correction=approved')).length === 3, {
      what: 'the approval',
    });
    await flow.red.kill9();
    line.restore();
    await flow.red.restart();
    await waitFor(async () => (await quantity(sku(2))) === 2000 && (await quantity(sku(3))) === 0, {
      what: 'the corrections after the restart',
      timeoutMs: 60_000,
    });
    assert.deepEqual(await Promise.all([1, 2, 3].map((n) => moves(sku(n)))), [2, 2, 2]);
    const next = await compare(rows);
    assert.deepEqual(
      (await flow.differences(next)).map(({ key }) => key),
      [sku(ITEMS - 1)],
    );
  });

  it('refuses a correction of stock that has moved since, and a file of yesterday', async () => {
    const rows = new Map(Array.from({ length: ITEMS - 1 }, (_, n) => [sku(n), 1500]));
    rows.set(sku(1), 1234.5);
    rows.set(sku(2), 2000);
    rows.set(sku(3), 0);
    rows.set(sku(4), 1400);
    const run = await compare(rows);
    const [one, more] = await flow.differences(run);
    assert.ok(one !== undefined && more === undefined);
    const [quant] = await admin.call<number[]>('stock.quant', 'search', {
      args: {
        domain: [
          ['product_id.default_code', '=', sku(4)],
          ['location_id', '=', stockId],
        ],
      },
    });
    assert.ok(quant);
    await admin.call('stock.quant', 'write', {
      ids: [quant],
      args: { vals: { inventory_quantity: 900 } },
      context: { inventory_mode: true },
    });
    await admin.call('stock.quant', 'action_apply_inventory', { ids: [quant] });
    assert.equal(await flow.approve(run, [one.number]), 200);
    const letter = await flow.seen<{ code: string; reason: string }>('parked', ({ code: why }) => why !== '');
    assert.equal(letter.code, 'STOCK_CONFLICT');
    await flow.seen<string>('tell somebody', (text) => text === letter.reason);
    assert.equal(await quantity(sku(4)), 900);
    const old = await compare(rows, new Date(Date.now() - 20 * 3_600_000));
    assert.deepEqual([old.state, old.proposed], ['failed', 0]);
    assert.match(old.problem ?? '', /^3PL has its newest row at .* 20 hours ago; it may be 12 hours old\./);
  });
});
