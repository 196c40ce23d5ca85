import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical/order';
import type { CrossdockError } from '../../core/errors';
import { createOdooClient, type OdooClient, OrderWriter, type OrderWriterOptions } from '../../core/odoo';
import { hashKey } from '../../core/odoo/load/keys';
import { makeOrder } from '../conformance/sales-fixture';
import { waitFor } from '../support/wait';
import { CUT, Fault, HANG, type ScriptedCall, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

const FAST = { attempts: 3, baseMs: 1, maxMs: 2 };
const fixture = { prefix: 'unit', currency: 'EUR', skus: ['A', 'B', 'C'] as const };

interface FakeOrder {
  readonly id: number;
  readonly key: string;
  readonly cells: Readonly<Record<string, string>>[];
  state: string;
}

/** Just enough of Odoo to follow what the writer does; real behaviour is the conformance suite's matter. */
class Sales {
  readonly orders = new Map<string, FakeOrder>();
  readonly partners = new Map<string, number>();
  readonly products = new Map([
    ['A', [11]],
    ['B', [12]],
    ['C', [13]],
    ['TWICE', [14, 15]],
    ['SHIPPING', [16]],
    ['DISCOUNT', [17]],
  ]);
  taxes = [
    { id: 1, amount: 19, price_include: false },
    { id: 2, amount: 19, price_include: true },
    { id: 3, amount: 7, price_include: false },
  ];
  pricelists: { id: number; currency_id: [number, string] }[] = [];
  /** Fields that this Odoo does not have. */
  without: readonly string[] = [];
  /** Runs before a load of orders; what it returns is the answer. `commit` does the load. */
  onLoad: (keys: readonly string[], commit: () => unknown) => unknown = (_keys, commit) => commit();
  onConfirm: (ids: readonly number[], commit: () => unknown) => unknown = (_ids, commit) => commit();
  total = (order: FakeOrder): number =>
    order.cells.reduce(
      (sum, line) => sum + Number(line['order_line/product_uom_qty']) * Number(line['order_line/price_unit']),
      0,
    );
  readonly loads: number[] = [];

  answer(call: ScriptedCall): unknown {
    const { model, method, args, ids = [] } = call;
    switch (`${model}.${method}`) {
      case 'res.users.context_get':
        return { uid: 2 };
      case 'res.users.read':
        return [{ id: 2, company_id: [1, 'Company'] }];
      case 'res.company.read':
        return [{ id: 1, currency_id: [1, 'EUR'] }];
      case 'account.tax.search_read':
        return this.taxes;
      case 'product.pricelist.search_read':
        return this.pricelists;
      case 'sale.order.fields_get':
      case 'sale.order.line.fields_get': {
        const asked = args.allfields as string[];
        const kept = asked.filter((field) => !this.without.includes(field));
        return Object.fromEntries(kept.map((field) => [field, { type: 'char' }]));
      }
      case 'uom.uom.search_read':
        return [{ id: 1, name: 'Units', factor: 1, parent_path: '1/' }];
      case 'uom.uom.get_external_id':
        return { 1: 'uom.product_uom_unit' };
      case 'res.country.search_read':
        return [{ id: 57, code: 'DE' }];
      case 'product.product.search_read': {
        const wanted = (args.domain as [string, string, string[]][])[0]?.[2] ?? [];
        return wanted.flatMap((sku) =>
          (this.products.get(sku) ?? []).map((id) => ({
            id,
            default_code: sku,
            barcode: false,
            display_name: sku,
          })),
        );
      }
      case 'res.partner.search_read':
        return [
          {
            id: 40,
            name: 'Fixed',
            street: false,
            street2: false,
            zip: false,
            city: false,
            country_id: false,
          },
        ];
      case 'res.partner.read':
        return ids.map((id) => ({
          id,
          name: '',
          street: false,
          street2: false,
          zip: false,
          city: false,
          country_id: false,
        }));
      case 'res.partner.load':
        return this.load(args, (key) => {
          this.partners.set(key, this.partners.get(key) ?? 100 + this.partners.size);
          return this.partners.get(key) as number;
        });
      case 'sale.order.load': {
        assert.deepEqual(call.context, {
          module: 'crossdock',
          mode: 'update',
          noupdate: true,
          tracking_disable: true,
          tz: 'UTC',
        });
        const keys = keysOf(args);
        this.loads.push(keys.length);
        return this.onLoad(keys, () => this.load(args, (key, cells) => this.place(key, cells)));
      }
      case 'account.incoterms.search_read':
        return [{ id: 10, code: 'DAP' }];
      case 'ir.model.data.check_object_reference': {
        const order = this.orders.get(String(args.xml_id));
        return order ? ['sale.order', order.id] : new Fault(500, 'builtins.ValueError', 'not found');
      }
      case 'sale.order.read':
        return [...this.orders.values()]
          .filter((order) => ids.includes(order.id))
          .map((order) => ({
            id: order.id,
            name: `S${order.id}`,
            state: order.state,
            amount_total: this.total(order),
            currency_id: [1, 'EUR'],
            order_line: order.cells.map((_cell, index) => index),
            create_date: new Date().toISOString().slice(0, 19).replace('T', ' '),
          }));
      case 'sale.order.action_confirm':
        return this.onConfirm(ids, () => {
          for (const order of this.orders.values()) if (ids.includes(order.id)) order.state = 'sale';
          return true;
        });
      default:
        return new Fault(404, 'werkzeug.exceptions.NotFound', `${model}.${method}`);
    }
  }

  place(key: string, cells: Readonly<Record<string, string>>[]): number {
    const known = this.orders.get(key);
    if (known) return known.id;
    const order = { id: 1000 + this.orders.size, key, cells, state: 'draft' };
    this.orders.set(key, order);
    return order.id;
  }

  private load(
    args: Readonly<Record<string, unknown>>,
    place: (key: string, cells: Readonly<Record<string, string>>[]) => number,
  ): unknown {
    const fields = args.fields as string[];
    const records: Record<string, string>[][] = [];
    for (const row of args.data as string[][]) {
      assert.ok(row.every((cell) => typeof cell === 'string'));
      const cells = Object.fromEntries(fields.map((field, index) => [field, row[index] ?? '']));
      if (cells.id) records.push([]);
      records.at(-1)?.push(cells);
    }
    return { ids: records.map((record) => place(record[0]?.id ?? '', record)), messages: [], nextrow: 0 };
  }
}

function keysOf(args: Readonly<Record<string, unknown>>): string[] {
  return (args.data as string[][]).map((row) => row[0] ?? '').filter((key) => key !== '');
}

const keyOf = (order: CanonicalOrder): string => hashKey('crossdock', '', order.id);

describe('odoo order writer', () => {
  let sales: Sales;
  let odoo: ScriptedOdoo;
  let writer: OrderWriter;
  const clients: OdooClient[] = [];

  beforeEach(async () => {
    sales = new Sales();
    odoo = await startScriptedOdoo((call) => sales.answer(call));
    writer = newWriter({ batchSize: 10 });
  });

  afterEach(async () => {
    await odoo.close();
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  function newWriter(options: OrderWriterOptions = {}, timeoutMs = 5_000, batchWindowMs = 0): OrderWriter {
    const client = createOdooClient({
      url: odoo.url,
      database: 'db',
      apiKey: 'key',
      timeoutMs,
      batchWindowMs,
    });
    clients.push(client);
    return new OrderWriter(client, {
      customer: 'fixed',
      customerRef: 'WEB',
      confirm: false,
      raceRetry: FAST,
      callRetry: FAST,
      ...options,
    });
  }

  function order(
    id: string,
    ...rest: Parameters<typeof makeOrder> extends [unknown, unknown, ...infer R] ? R : never
  ) {
    const [specs, changes] = rest;
    const buyer = { name: 'Buyer', identifiers: [] };
    return makeOrder(fixture, id, specs, { parties: { buyer, shipTo: buyer }, ...changes });
  }

  const many = (count: number, prefix = 'o') =>
    Array.from({ length: count }, (_, index) => order(`${prefix}${index}`));
  const codes = (results: PromiseSettledResult<unknown>[]) =>
    results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as CrossdockError).code));

  it('sends orders that are submitted together in batches of the given size', async () => {
    const placed = await Promise.all(many(23).map((one) => writer.submit(one)));
    assert.equal(new Set(placed.map((one) => one.odooId)).size, 23);
    assert.deepEqual(sales.loads, [10, 10, 3]);
    assert.equal(odoo.calls.filter((call) => call.model === 'product.product').length <= 2, true);
  });
  it('gathers what arrives while batches are under way', async () => {
    const held: (() => void)[] = [];
    sales.onLoad = async (_keys, commit) => {
      await new Promise<void>((resolve) => held.push(resolve));
      return commit();
    };
    const first = writer.submit(order('first'));
    await waitFor(() => sales.loads.length === 1);
    const second = writer.submit(order('second'));
    await waitFor(() => sales.loads.length === 2);
    const rest = many(6).map((one) => writer.submit(one));
    sales.onLoad = (_keys, commit) => commit();
    for (const release of held) release();
    await Promise.all([first, second, ...rest]);
    assert.deepEqual(sales.loads, [1, 1, 6]);
  });

  it('lets orders wait for others as long as the connection says, and a full batch go at once', async () => {
    const patient = newWriter({ batchSize: 2 }, 5_000, 3_600_000);
    const first = patient.submit(order('first'));
    // Whatever would be sent without waiting has been sent when this writer is done.
    await writer.submit(order('other'));
    assert.deepEqual(sales.loads, [1]);
    await Promise.all([first, patient.submit(order('second'))]);
    assert.deepEqual(sales.loads, [1, 2]);
  });

  it('gives two submissions of one order the same result, in one load', async () => {
    const one = order('twice');
    const [left, right] = await Promise.all([writer.submit(one), writer.submit({ ...one })]);
    assert.deepEqual(left, right);
    assert.deepEqual(sales.loads, [1]);
  });

  it('finds the one bad order by halving when the messages name none', async () => {
    const orders = many(10);
    const bad = keyOf(orders[6] as CanonicalOrder);
    sales.onLoad = (keys, commit) =>
      keys.includes(bad)
        ? { ids: false, messages: [{ type: 'error', message: 'Refused for jane@example.com' }] }
        : commit();
    const results = await Promise.allSettled(orders.map((one) => writer.submit(one)));
    assert.equal(codes(results).filter((code) => code === 'ok').length, 9);
    assert.equal(codes(results)[6], 'ODOO_VALIDATION');
    const { reason } = results[6] as PromiseRejectedResult;
    assert.equal((reason as CrossdockError).kind, 'business');
    assert.doesNotMatch(String(reason), /jane/);
    assert.equal(sales.orders.size, 9);
  });

  it('takes named records apart first, and still finds the bad one when the names are wrong', async () => {
    for (const named of [4, 0]) {
      sales.loads.length = 0;
      const orders = many(10, `named${named}-`);
      const bad = keyOf(orders[4] as CanonicalOrder);
      sales.onLoad = (keys, commit) =>
        keys.includes(bad)
          ? {
              ids: false,
              messages: [
                { type: 'error', record: keys.length === 10 ? named : 0, field: 'order_line', message: 'No' },
              ],
            }
          : commit();
      const results = await Promise.allSettled(orders.map((one) => writer.submit(one)));
      assert.equal(codes(results).filter((code) => code === 'ok').length, 9);
      assert.equal(codes(results)[4], 'ODOO_VALIDATION');
      if (named === 4) assert.deepEqual(sales.loads.slice(0, 3), [10, 9, 1]);
    }
  });

  it('takes a lost race for what it is: the order exists', async () => {
    const one = order('race');
    sales.onLoad = (keys) => {
      // Somebody else's load commits first; ours answers as Odoo does then.
      sales.place(keys[0] as string, [
        { 'order_line/product_uom_qty': '6', 'order_line/price_unit': '10.50' },
      ]);
      return { ids: false, messages: [{ type: 'error', message: 'could not serialize access' }] };
    };
    const placed = await writer.submit(one);
    assert.equal(placed.odooId, sales.orders.get(keyOf(one))?.id);
    assert.deepEqual(sales.loads, [1]);
  });

  it('loads again after a race that nobody won', async () => {
    let tries = 0;
    sales.onLoad = (_keys, commit) => {
      tries += 1;
      return tries < 3
        ? { ids: false, messages: [{ type: 'error', message: 'could not serialize access' }] }
        : commit();
    };
    await writer.submit(order('again'));
    assert.equal(sales.orders.size, 1);
  });

  it('lets the neighbours of a refused order go on while that is tried again', async () => {
    const slow = newWriter({ raceRetry: { attempts: 1, baseMs: 0, maxMs: 0 }, batchSize: 10 });
    const orders = many(3);
    const bad = keyOf(orders[1] as CanonicalOrder);
    let release: (() => void) | undefined;
    sales.onLoad = async (keys, commit) => {
      if (!keys.includes(bad)) return commit();
      if (keys.length === 1 && sales.loads.filter((size) => size === 1).length > 1) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return { ids: false, messages: [{ type: 'error', record: 1, message: 'No' }] };
    };
    const results = orders.map((one) => slow.submit(one));
    const refused = assert.rejects(results[1] as Promise<unknown>, { code: 'ODOO_VALIDATION' });
    await Promise.all([results[0], results[2]]);
    await waitFor(() => release, { what: 'the second look at the refused order' });
    await slow.submit(order('later'));
    release?.();
    await refused;
  });

  for (const [what, oddity] of [
    ['cut', CUT],
    ['late', HANG],
    ['an error page', new Fault(500, 'odoo.addons.strange.Error')],
  ] as const) {
    it(`loads again when the answer to a load that was committed is ${what}`, async () => {
      const patient = newWriter({}, 300);
      let calls = 0;
      sales.onLoad = (_keys, commit) => {
        calls += 1;
        const result = commit();
        return calls === 1 ? oddity : result;
      };
      const placed = await Promise.all(many(4).map((one) => patient.submit(one)));
      assert.equal(sales.orders.size, 4);
      assert.equal(new Set(placed.map((one) => one.odooId)).size, 4);
      assert.deepEqual(sales.loads, [4, 4]);
    });
  }

  it('gives up after a few attempts, as ambiguous, and does not split during an outage', async () => {
    sales.onLoad = () => CUT;
    const results = await Promise.allSettled(many(4).map((one) => writer.submit(one)));
    for (const result of results) {
      const { reason } = result as PromiseRejectedResult;
      assert.deepEqual([reason.code, reason.kind], ['ODOO_CONNECTION_LOST', 'ambiguous']);
    }
    assert.deepEqual(sales.loads, [4, 4, 4]);
  });

  it('stops at once, and keeps the orders retryable, when the key is refused', async () => {
    sales.onLoad = () => new Fault(401, 'werkzeug.exceptions.Unauthorized');
    const results = await Promise.allSettled(many(4).map((one) => writer.submit(one)));
    for (const result of results) {
      const { reason } = result as PromiseRejectedResult;
      assert.deepEqual([reason.code, reason.kind], ['ODOO_AUTH', 'transient']);
    }
    assert.deepEqual(sales.loads, [4]);
  });

  it('separates an order that makes Odoo itself fail', async () => {
    const orders = many(8);
    const bad = keyOf(orders[2] as CanonicalOrder);
    sales.onLoad = (keys, commit) =>
      keys.includes(bad) ? new Fault(500, 'builtins.ValueError', 'broken') : commit();
    const results = await Promise.allSettled(orders.map((one) => writer.submit(one)));
    assert.equal(codes(results).filter((code) => code === 'ok').length, 7);
    assert.equal(codes(results)[2], 'ODOO_INVALID_CALL');
  });

  it('halves its batches after a time-out and grows them again', async () => {
    const impatient = newWriter(
      { batchSize: 8, lanes: 1, callRetry: { attempts: 1, baseMs: 0, maxMs: 0 } },
      250,
    );
    sales.onLoad = (keys, commit) => (keys.length > 4 ? HANG : commit());
    const orders = many(16);
    const first = await Promise.allSettled(orders.map((one) => impatient.submit(one)));
    assert.equal(codes(first).filter((code) => code === 'ODOO_TIMEOUT').length, 8);
    sales.onLoad = (_keys, commit) => commit();
    await Promise.all(many(8, 'grown').map((one) => impatient.submit(one)));
    assert.deepEqual(sales.loads, [8, 4, 4, 8]);
  });

  it('looks again when what it remembers is gone from Odoo', async () => {
    await writer.submit(order('before'));
    sales.products.set('A', [91]);
    sales.onLoad = (_keys, commit) => {
      const data = odoo.calls.at(-1)?.args.data as string[][];
      return data.some((row) => row.includes('11'))
        ? {
            ids: false,
            messages: [{ type: 'error', record: 0, field: 'order_line', message: 'No matching record' }],
          }
        : commit();
    };
    await writer.submit(order('after'));
    const lines = sales.orders.get(keyOf(order('after')))?.cells ?? [];
    assert.equal(lines[0]?.['order_line/product_id/.id'], '91');
  });

  it('does not remember what it did not find', async () => {
    const one = order('new', [{ sku: 'NEW' }]);
    await assert.rejects(writer.submit(one), {
      code: 'UNKNOWN_SKU',
      kind: 'business',
      facts: { sku: 'NEW' },
    });
    sales.products.set('NEW', [99]);
    await writer.submit(one);
  });

  it('names ambiguous products, and the node setting behind a missing charge product', async () => {
    await assert.rejects(writer.submit(order('amb', [{ sku: 'TWICE' }])), { code: 'SKU_AMBIGUOUS' });
    sales.products.delete('SHIPPING');
    const freight = { isCharge: true, reasonCode: 'FC', amount: '5.00', taxes: [] };
    await assert.rejects(
      writer.submit(order('freight', undefined, { allowancesCharges: [freight] })),
      (error: CrossdockError) => {
        assert.equal(error.code, 'UNKNOWN_SKU');
        assert.match(error.message, /SHIPPING.*charges/);
        return true;
      },
    );
  });

  it('writes exact prices, inherited taxes, explicit emptiness and allowances as lines', async () => {
    const one = order('exact', [
      { sku: 'A', quantity: '3', price: '10.00', rate: '19.00' },
      { sku: 'B' },
      { sku: 'C' },
    ]);
    const [first, second, third] = one.lines;
    assert.ok(first && second && third);
    const exact: CanonicalOrder = {
      ...one,
      lines: [
        {
          ...first,
          unitPrice: { amount: '10.00', baseQuantity: '8' },
          allowancesCharges: [{ isCharge: false, reasonCode: '95', amount: '0.30', taxes: [] }],
        },
        second,
        { ...third, quantity: { original: '5', current: '0' } },
      ],
      allowancesCharges: [{ isCharge: true, reasonCode: 'FC', reason: 'Freight', amount: '4.90', taxes: [] }],
      totals: { ...one.totals, taxInclusive: '29.35' },
    };
    await writer.submit(exact);
    const lines = sales.orders.get(keyOf(exact))?.cells ?? [];
    assert.deepEqual(
      lines.map((line) => [
        line['order_line/product_id/.id'],
        line['order_line/product_uom_qty'],
        line['order_line/price_unit'],
        line['order_line/tax_ids/.id'],
        line['order_line/discount'],
      ]),
      [
        ['11', '3', '1.25', '1', '0'],
        ['17', '1', '-0.3', '1', '0'],
        ['12', '2', '10.5', '', '0'],
        ['16', '1', '4.9', '', '0'],
      ],
    );
    assert.equal(lines[0]?.date_order, '2026-11-20 22:30:05');
    assert.equal(lines[0]?.['partner_shipping_id/.id'], '40');
    assert.equal(lines[0]?.['partner_invoice_id/.id'], undefined);
  });

  it('takes the tax with the price kind of the order, and names the one that is missing', async () => {
    const inclusive = order('inclusive', [{ sku: 'A', rate: '19' }], { pricesIncludeTax: true });
    await writer.submit({ ...inclusive, totals: { ...inclusive.totals, taxInclusive: '21.00' } });
    assert.equal(sales.orders.get(keyOf(inclusive))?.cells[0]?.['order_line/tax_ids/.id'], '2');
    await assert.rejects(
      writer.submit(order('seven', [{ sku: 'A', rate: '7' }], { pricesIncludeTax: true })),
      (error: CrossdockError) => error.code === 'TAX_NOT_FOUND' && /7 %/.test(error.message),
    );
  });

  it('takes a price list in the order’s currency, and refuses a currency without one', async () => {
    sales.pricelists = [{ id: 5, currency_id: [1, 'EUR'] }];
    await writer.submit(order('euro'));
    assert.equal(sales.orders.get(keyOf(order('euro')))?.cells[0]?.['pricelist_id/.id'], '5');
    await assert.rejects(writer.submit(order('crown', undefined, { currency: 'SEK' })), {
      code: 'CURRENCY_MISMATCH',
    });
  });

  it('creates a buyer once for several orders, and a delivery contact for another address', async () => {
    const owner = newWriter({ customer: 'order' });
    const buyer = {
      name: 'Jane',
      identifiers: [],
      email: 'Jane@Example.com',
      address: { line1: 'Elm 1', city: 'X', countryCode: 'DE' },
    };
    const shipTo = { ...buyer, address: { ...buyer.address, line1: 'Oak 2' } };
    await Promise.all(
      ['1', '2', '3'].map((id) => owner.submit(order(id, undefined, { parties: { buyer, shipTo } }))),
    );
    assert.equal(sales.partners.size, 2);
    const again = { ...buyer, email: 'jane@example.com ' };
    await owner.submit(order('4', undefined, { parties: { buyer: again, shipTo } }));
    assert.equal(sales.partners.size, 2);
    assert.ok([...sales.partners.keys()].every((key) => /^[0-9a-f]{64}$/.test(key)));
    const nowhere = { ...buyer, address: { line1: 'Elm 1', countryCode: 'QQ' }, email: 'q@example.com' };
    await assert.rejects(owner.submit(order('5', undefined, { parties: { buyer: nowhere, shipTo } })), {
      code: 'COUNTRY_UNKNOWN',
    });
  });

  it('writes nothing when a field that it needs is missing, and says which', async () => {
    sales.without = ['tax_ids'];
    await assert.rejects(writer.submit(order('fields')), (error: CrossdockError) => {
      assert.equal(error.code, 'ODOO_FIELD_MISSING');
      assert.match(error.message, /tax_ids/);
      return true;
    });
    assert.equal(sales.orders.size, 0);
  });

  it('leaves out a term whose field the installed apps do not bring along', async () => {
    sales.without = ['incoterm'];
    const placed = await writer.submit(order('incoterm', undefined, { incoterm: 'DAP' }));
    assert.deepEqual(placed.leftOut, ['incoterm: DAP']);
  });

  it('confirms all in one call, and only those that add up', async () => {
    const confirming = newWriter({ confirm: true });
    const orders = many(5);
    sales.total = (one) => (one.key === keyOf(orders[1] as CanonicalOrder) ? 64 : 63);
    const results = await Promise.allSettled(orders.map((one) => confirming.submit(one)));
    assert.deepEqual(codes(results), ['ok', 'ODOO_TOTAL_MISMATCH', 'ok', 'ok', 'ok']);
    assert.equal(odoo.calls.filter((call) => call.method === 'action_confirm').length, 1);
    assert.deepEqual(
      [...sales.orders.values()].map((one) => one.state),
      ['sale', 'draft', 'sale', 'sale', 'sale'],
    );
  });

  it('finds the order that cannot be confirmed, and accepts one that is confirmed already', async () => {
    const confirming = newWriter({ confirm: true });
    const orders = many(4);
    sales.onConfirm = (ids, commit) => {
      const bad = sales.orders.get(keyOf(orders[2] as CanonicalOrder))?.id ?? 0;
      const raced = sales.orders.get(keyOf(orders[0] as CanonicalOrder));
      if (raced) raced.state = 'sale';
      return ids.includes(bad) || (raced && ids.includes(raced.id))
        ? new Fault(422, 'odoo.exceptions.UserError', 'Not in a state requiring confirmation')
        : commit();
    };
    const results = await Promise.allSettled(orders.map((one) => confirming.submit(one)));
    assert.deepEqual(codes(results), ['ok', 'ok', 'ODOO_CONFIRM_REFUSED', 'ok']);
  });

  it('takes an order that is confirmed or cancelled in Odoo as it is', async () => {
    const confirming = newWriter({ confirm: true });
    for (const state of ['sale', 'done', 'cancel']) {
      const one = order(state);
      sales.place(keyOf(one), [{ 'order_line/product_uom_qty': '1', 'order_line/price_unit': '1' }]);
      const known = sales.orders.get(keyOf(one));
      if (known) known.state = state;
      assert.equal((await confirming.submit(one)).state, state);
    }
    assert.equal(odoo.calls.filter((call) => call.method === 'action_confirm').length, 0);
  });

  it('rejects what is queued when closed, and settles what is under way', async () => {
    let release: (() => void) | undefined;
    sales.onLoad = async (_keys, commit) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return commit();
    };
    const single = newWriter({ lanes: 1, batchSize: 1 });
    const running = single.submit(order('running'));
    await waitFor(() => release, { what: 'the load' });
    const queued = assert.rejects(single.submit(order('queued')), { code: 'ODOO_CLOSED', kind: 'transient' });
    const closed = single.close();
    await queued;
    release?.();
    assert.equal((await running).state, 'draft');
    await closed;
    await assert.rejects(single.submit(order('late')), { code: 'ODOO_CLOSED' });
  });
});
