import assert from 'node:assert/strict';
import { type Availability, createOdooClient, type OdooClient, readAvailability } from '../../core/odoo';
import { type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

describe('odoo availability', () => {
  let odoo: ScriptedOdoo;
  let client: OdooClient;
  let missing: string | undefined;
  const products = [
    row(1, 'A', 10, 7, 5, 5.0000000001),
    row(2, 'B', 0.30000000000000004, 0.1, 0, 0.3),
    row(3, 'C', 2, 2, 5, -3),
    row(4, 'A', 99, 99, 0, 99),
  ];

  function row(id: number, sku: string, onHand: number, free: number, outgoing: number, forecast: number) {
    return {
      id,
      default_code: sku,
      barcode: false,
      uom_id: [1, 'Units'],
      active: true,
      is_storable: true,
      name: `Product ${sku}`,
      qty_available: onHand,
      free_qty: free,
      incoming_qty: forecast - onHand + outgoing,
      outgoing_qty: outgoing,
    };
  }

  beforeEach(async () => {
    missing = undefined;
    odoo = await startScriptedOdoo(({ model, method, args }) => {
      if (method === 'authenticate') return 7;
      if (method === 'fields_get') {
        const fields = (args.allfields as string[]).filter((field) => field !== missing);
        return Object.fromEntries(fields.map((field) => [field, { type: 'float' }]));
      }
      if (method === 'get_external_id') return { 1: 'uom.product_uom_unit' };
      if (model === 'uom.uom')
        return [{ id: 1, name: 'Units', factor: 1, parent_path: '1/', category_id: [1, 'Unit'] }];
      if (model === 'stock.warehouse')
        return [{ id: 2, code: 'WH2', name: 'Second', view_location_id: 20, lot_stock_id: 21 }];
      const [, , after] = (args.domain as [string, string, number][])[0] ?? [];
      return products.filter((product) => product.id > (after ?? 0)).slice(0, args.limit as number);
    });
    client = createOdooClient({ url: odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
  });

  afterEach(async () => {
    await client.close();
    await odoo.close();
  });

  async function read(options: Parameters<typeof readAvailability>[1] = {}): Promise<Availability[]> {
    const found: Availability[] = [];
    for await (const page of readAvailability(client, options)) found.push(...page);
    return found;
  }

  it('never promises more than is free and not yet to go out, in exact decimals', async () => {
    const [a, b, c] = await read();
    assert.deepEqual(
      [a?.onHand, a?.reserved, a?.free, a?.outgoing, a?.forecast, a?.available],
      ['10', '3', '7', '5', '5', '5'],
    );
    assert.deepEqual([b?.onHand, b?.reserved, b?.available], ['0.3', '0.2', '0.1']);
    assert.deepEqual([c?.forecast, c?.available], ['-3', '0']);
    assert.match(a?.asOf ?? '', /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal(a?.unit, 'C62');
  });

  it('reads page after page by id, and tells of a second product with the same reference', async () => {
    const duplicates: unknown[] = [];
    const found = await read({ pageSize: 1, onDuplicate: (...duplicate) => duplicates.push(duplicate) });
    assert.deepEqual(
      found.map((one) => one.productId),
      [1, 2, 3],
    );
    assert.deepEqual(duplicates, [['A', [1, 4]]]);
    const pages = odoo.calls.filter(
      (call) => call.model === 'product.product' && call.method === 'search_read',
    );
    assert.equal(pages.length, 4);
  });

  it('asks for one warehouse by its code, and refuses an unknown one', async () => {
    await read({ warehouse: 'WH2' });
    assert.equal(odoo.calls.at(-1)?.context?.warehouse_id, 2);
    await assert.rejects(read({ warehouse: 'WH9' }), { code: 'WAREHOUSE_UNKNOWN', kind: 'business' });
  });

  it('fails by the name of the field that is missing, and knows the names of older versions', async () => {
    missing = 'free_qty';
    await assert.rejects(read(), {
      code: 'ODOO_FIELD_MISSING',
      facts: {
        ...{ model: 'product.product', field: 'free_qty' },
        ...{ meaning: 'product.product.free_qty', version: '19.0' },
      },
    });
    missing = undefined;
    for (const [major, condition] of [
      [19, ['is_storable', '=', true]],
      [17, ['detailed_type', '=', 'product']],
    ] as const) {
      odoo.version = [major, 0];
      const other = createOdooClient({ url: odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
      for await (const _page of readAvailability(other)) break;
      await other.close();
      const domain = odoo.calls.at(-1)?.args.domain;
      assert.ok(Array.isArray(domain));
      assert.deepEqual(domain[1], condition);
    }
    odoo.version = [13, 0];
    const old = createOdooClient({ url: odoo.url, database: 'db', login: 'bot', apiKey: 'key' });
    await assert.rejects(readAvailability(old).next(), { code: 'ODOO_VERSION_UNSUPPORTED' });
    await old.close();
  });
});
