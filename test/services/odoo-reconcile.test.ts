/** A marketplace's orders of one day against a real Odoo, as a plain account: what only Odoo can tell. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createOdooClient, type OdooClient } from '../../core/odoo';
import { type Difference, PRESETS, Reconciler } from '../../core/reconcile';
import { odooPages } from '../../core/reconcile/odoo';
import { openSqliteStore } from '../../core/store';
import {
  adminClient,
  clerkFromEnvironment,
  createOne,
  odooFromEnvironment,
} from '../conformance/sales-fixture';
import { createStockFixture, type StockFixture } from '../conformance/stock-fixture';
import { type TempDir, tempDir } from '../support';

describe('reconcile: orders of one day against a real Odoo', function () {
  this.timeout(60_000);
  let admin: OdooClient;
  let clerk: OdooClient;
  let fixture: StockFixture;
  let dir: TempDir;

  before(async function () {
    const [server, account] = [odooFromEnvironment(), clerkFromEnvironment()];
    if (server === undefined || account === undefined) return this.skip();
    admin = adminClient(server);
    clerk = createOdooClient(account);
    fixture = await createStockFixture(admin);
    dir = tempDir();
  });
  after(async () => {
    await fixture?.close();
    await clerk?.close();
    await admin?.close();
    dir?.remove();
  });

  it('finds the lost one and the changed one, and proposes to send the lost one again', async () => {
    const { id: product } = await fixture.product();
    const partner = await createOne(admin, 'res.partner', { name: `Buyer ${fixture.prefix}` });
    const reference = (n: number): string => `${fixture.prefix}-${n}`;
    const totals = new Map<number, number>();
    for (const n of [1, 2]) {
      const order = await createOne(admin, 'sale.order', {
        partner_id: partner,
        client_order_ref: reference(n),
        origin: `${fixture.prefix}:main:${n}`,
        order_line: [[0, 0, { product_id: product, product_uom_qty: n, price_unit: 10 }]],
      });
      if (n === 1) await admin.call('sale.order', 'action_confirm', { ids: [order] });
      const [row] = await admin.call<{ amount_total: number }[]>('sale.order', 'read', {
        ids: [order],
        args: { fields: ['amount_total'] },
      });
      totals.set(n, row?.amount_total ?? 0);
    }
    const currency = await currencyOf(admin);
    const shopOrder = (n: number, total: number): unknown => ({
      orderNumber: reference(n),
      currency,
      totals: { taxInclusive: total.toFixed(2) },
      status: { order: n === 1 ? 'accepted' : 'received' },
    });
    const lost = shopOrder(3, 99);
    const shop = [shopOrder(1, totals.get(1) ?? 0), shopOrder(2, (totals.get(2) ?? 0) + 5), lost];
    const store = await openSqliteStore(join(dir.path, 'store.sqlite'));
    const reconciler = await Reconciler.open({
      store,
      id: 'orders',
      name: '',
      folder: join(dir.path, 'runs'),
    });
    const preset = PRESETS.orders;
    const run = await reconciler.compare({
      about: 'orders',
      keyLabel: preset.keyLabel,
      key: preset.key,
      fields: preset.fields,
      sources: [
        { kind: 'stream', label: 'Shop', again: true, open: () => [shop] },
        {
          kind: 'stream',
          label: 'Odoo',
          again: true,
          open: () => odooPages(admin, { about: 'orders', days: 1, channel: fixture.prefix }),
        },
      ],
    });
    assert.deepEqual(run.counts.rows, [3, 2]);
    const found = (await reconciler.history.differences(run.runId, { q: fixture.prefix }, 100)).items;
    const facts = ({ key, kind, field, delta, correction }: Difference): unknown => [
      key,
      kind,
      field,
      delta,
      correction.proposal?.type,
      correction.state,
    ];
    assert.deepEqual(found.map(facts), [
      [reference(2), 'value', 'total', '-5', 'redrive', 'proposed'],
      [reference(3), 'missing', '', null, 'redrive', 'proposed'],
    ]);
    assert.deepEqual(found[1]?.correction.proposal?.message, lost);
    await reconciler.close();
    await store.close();
  });

  it('reads stock, orders, shipments and invoices as a plain account', async () => {
    const needed = {
      inventory: ['sku', 'onHand', 'unit'],
      orders: ['name', 'state', 'amount_total'],
      shipments: ['name', 'state'],
    };
    for (const about of ['inventory', 'orders', 'shipments'] as const) {
      for await (const page of odooPages(clerk, { about, days: 2 })) {
        for (const row of page as Record<string, unknown>[]) {
          for (const name of needed[about]) assert.equal(typeof row[name], 'string', `${about}: ${name}`);
        }
      }
    }
    for await (const page of odooPages(admin, { about: 'invoices', days: 2 })) {
      for (const row of page as Record<string, unknown>[]) assert.equal(typeof row['amount_total'], 'string');
    }
  });
});

async function currencyOf(client: OdooClient): Promise<string> {
  for await (const page of odooPages(client, { about: 'orders', days: 1 })) {
    const row = page[0] as { currency?: string } | undefined;
    if (row?.currency !== undefined) return row.currency;
  }
  return 'EUR';
}
