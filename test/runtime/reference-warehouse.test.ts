/** The reference flow "warehouse stock against Odoo" as it is shipped, with the sandbox's Odoo and warehouse. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOdooClient, type OdooClient } from '../../core/odoo';
import { catalogue } from '../../sandbox/catalogue';
import { readOnHand, STOCK_ALLOW } from '../../sandbox/demo/activity';
import { type OdooStandIn, seedOdoo, startOdooStandIn } from '../../sandbox/odoo';
import { createRng } from '../../sandbox/storefront/rng';
import { startWarehouse, type Warehouse } from '../../sandbox/warehouse/warehouse';
import { type TempDir, tempDir, waitFor } from '../support';
import { type ReferenceFlow, startReferenceFlow } from '../support/reference-flow';

describe('reference flow: warehouse stock against Odoo', function () {
  this.timeout(120_000);
  let standIn: OdooStandIn;
  let odoo: OdooClient;
  let warehouse: Warehouse;
  let flow: ReferenceFlow;
  let dir: TempDir;
  let file: string;

  before(async () => {
    dir = tempDir();
    file = join(dir.path, 'in', 'stock.csv');
    standIn = await startOdooStandIn();
    await seedOdoo(standIn);
    odoo = createOdooClient({ ...standIn, allow: STOCK_ALLOW });
    const stock = await readOnHand(
      odoo,
      catalogue.map(({ sku }) => sku),
    );
    // 2,5 pages.
    const perPage = Math.ceil(stock.length / 2.5);
    warehouse = await startWarehouse({ stock, rng: createRng('reference'), differing: 3, perPage });
    flow = await startReferenceFlow('warehouse stock against Odoo', {
      env: {
        ODOO_URL: standIn.url,
        ODOO_DB: standIn.database,
        ODOO_LOGIN: standIn.login,
        ODOO_API_KEY: standIn.apiKey,
        WAREHOUSE_URL: warehouse.url,
        STOCK_FILE: file,
        STOCK_FOLDER: join(dir.path, 'none'),
      },
    });
  });
  after(async () => {
    await flow?.red.remove();
    await odoo?.close();
    await warehouse?.close();
    await standIn?.close();
    dir?.remove();
  });

  const onHand = async (sku: string): Promise<number | undefined> =>
    (await readOnHand(odoo, [sku]))[0]?.onHand;
  const post = async (body: Uint8Array): Promise<number> => {
    const response = await fetch(`${flow.red.url}/3pl/stock`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', connection: 'close' },
      body: Buffer.from(body),
    });
    await response.arrayBuffer();
    return response.status;
  };

  it("fetches the 3PL's file, finds exactly what differs, and books what is approved, once", async () => {
    await flow.press('Every night at 05:00');
    await waitFor(() => readFileSync(file).length > 0, { what: 'the file' });
    const since = Date.now();
    await flow.press('Compare now');
    const run = await flow.run('3PL against Odoo', since);
    const found = await flow.differences(run);
    assert.deepEqual(
      found.map(({ key, kind, delta }) => [key, kind, Number(delta)]),
      [...warehouse.differences]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([sku, by]) => [sku, 'quantity', by]),
    );
    assert.deepEqual([run.counts.keys, run.counts.matched], [catalogue.length, catalogue.length - 3]);
    const [first, second] = found;
    assert.ok(first && second);
    const before = await onHand(first.key);
    assert.equal(await flow.approve(run, [first.number]), 200);
    await waitFor(async () => (await onHand(first.key)) === (before ?? 0) + Number(first.delta), {
      what: 'the correction in Odoo',
    });
    assert.equal(await flow.approve(run, [first.number]), 409, 'what was approved waits no more');
    assert.equal(await onHand(second.key), catalogue.find(({ sku }) => sku === second.key)?.onHand);
  });

  it('tells a file that is cut off, empty or missing, and proposes nothing', async () => {
    const whole = readFileSync(file);
    const refused = async (content: Uint8Array, code: string): Promise<void> => {
      assert.equal(await post(content), 204);
      const since = Date.now();
      await flow.press('Compare now');
      const run = await flow.run('3PL against Odoo', since);
      assert.deepEqual([run.state, run.proposed, run.counts.different], ['failed', 0, 0]);
      const text = await flow.seen<string>('tell somebody', (said) => said.includes(`(${code})`));
      assert.match(text, /^3PL .* Nothing was compared\./);
    };
    const rowsEnd = whole.indexOf('\n', whole.length * 0.7) + 1;
    await refused(whole.subarray(0, rowsEnd + 6), 'RECONCILE_SOURCE_CUT');
    await refused(whole.subarray(0, rowsEnd), 'RECONCILE_SOURCE_SHRUNK');
    await refused(whole.subarray(0, whole.indexOf('\n') + 1), 'RECONCILE_SOURCE_EMPTY');
    await flow.press('or at 05:00 from a folder');
    await flow.seen<string>('tell somebody', (said) =>
      /^There is no file .+stock_\d{8}\.csv\. Has/.test(said),
    );
    assert.equal(await post(whole), 204);
    const since = Date.now();
    await flow.press('Compare now');
    assert.equal((await flow.run('3PL against Odoo', since)).counts.different, 2);
  });

  it('reads all pages of the WMS, and says so when it is away', async () => {
    const since = Date.now();
    await flow.press('Every night at 05:30');
    const run = await flow.run('WMS against Odoo', since);
    assert.deepEqual([run.counts.rows[1], run.counts.different, run.proposed], [catalogue.length, 2, 2]);
    const [one] = await flow.differences(run);
    assert.ok(one);
    const before = await onHand(one.key);
    assert.equal(await flow.approve(run, [one.number]), 200);
    await waitFor(async () => (await onHand(one.key)) === (before ?? 0) + Number(one.delta), {
      what: 'the correction in Odoo',
    });
  });
});
