/** What the benchmarks of orders share: customers, orders, the side that logs in message by message, cleaning up. */
import { randomBytes } from 'node:crypto';
import axios from 'axios';
import type { CanonicalOrder } from '../../core/canonical/order';
import type { OdooClient, OrderWriterOptions } from '../../core/odoo';
import {
  createOne,
  makeOrder,
  type OdooUnderTest,
  type SalesFixture,
} from '../../test/conformance/sales-fixture';

/** Customers who order in turn: known to Odoo by their reference. */
const CUSTOMERS = 150;

/** All that the odoo order node can do while it places. The limit is one that nobody reaches. */
export const EVERYTHING: OrderWriterOptions = {
  customer: 'order',
  match: ['known', 'ref', 'vat', 'email'],
  unknownCustomer: 'hold',
  credit: { gate: 'hold', defaultLimit: '1000000000' },
  terms: {
    tags: ['{channel} {account}'],
    unknown: 'hold',
    carriers: { express: 'Standard delivery' },
    warehouses: { main: 'WH' },
  },
};

export interface BenchFixture extends SalesFixture {
  readonly customerIds: readonly number[];
}

/** The customers, and the tag that orders get. */
export async function withCustomers(client: OdooClient, fixture: SalesFixture): Promise<BenchFixture> {
  const vals = Array.from({ length: CUSTOMERS }, (_, index) => {
    const ref = `${fixture.prefix}-c${index}`;
    return { name: `Bench ${ref}`, ref, is_company: true };
  });
  const customerIds = await client.call<readonly number[]>('res.partner', 'create', {
    args: { vals_list: vals },
  });
  await createOne(client, 'crm.tag', { name: `shop ${fixture.prefix}` });
  return { ...fixture, customerIds };
}

/** An order of one of the customers, with terms, dates and a note. */
export function richOrder(fixture: BenchFixture, run: string, index: number): CanonicalOrder {
  const customer = index % CUSTOMERS;
  const buyer = {
    name: `Bench ${fixture.prefix}-c${customer}`,
    identifiers: [{ scheme: 'ref', value: `${fixture.prefix}-c${customer}` }],
  };
  return makeOrder(fixture, `${run}-${index}`, undefined, {
    parties: { buyer, shipTo: buyer },
    paymentTerms: { netDays: 30 },
    shipping: { service: 'Express' },
    warehouseHint: 'main',
    incoterm: 'DAP',
    requestedDelivery: { to: '2026-12-03T12:00:00Z' },
    notes: ['Please ring twice'],
  });
}

/** Orders per second when each message logs in and creates its order, and confirms it when wanted. */
export async function runLoginCreate(
  server: OdooUnderTest,
  fixture: SalesFixture,
  count: number,
  confirm = false,
): Promise<number> {
  const rpc = async <T>(service: string, method: string, args: unknown[]): Promise<T> => {
    const payload = { jsonrpc: '2.0', method: 'call', id: 1, params: { service, method, args } };
    const reply = await axios.post<{ result: T; error?: unknown }>(`${server.url}/jsonrpc`, payload, {
      proxy: false,
    });
    if (reply.data.error) throw new Error('the call was refused');
    return reply.data.result;
  };
  const { database, login, apiKey } = server;
  const start = performance.now();
  for (let index = 0; index < count; index += 1) {
    const name = randomBytes(8).toString('hex');
    const uid = await rpc<number>('common', 'authenticate', [database, login, apiKey, {}]);
    const values = {
      partner_id: fixture.customerId,
      client_order_ref: `#${name}`,
      origin: `shop:${fixture.prefix}:${name}`,
      date_order: '2026-11-20 22:30:05',
      order_line: fixture.skus.map((sku, line) => [
        0,
        0,
        { product_id: fixture.productIds[line], name: `Item ${sku}`, product_uom_qty: 2, price_unit: 10.5 },
      ]),
    };
    const call = (method: string, args: unknown[]) =>
      rpc<number>('object', 'execute_kw', [database, uid, apiKey, 'sale.order', method, args]);
    const id = await call('create', [values]);
    if (confirm) await call('action_confirm', [[id]]);
  }
  return count / ((performance.now() - start) / 1000);
}

/** Cancels and deletes the orders of the fixture. */
export async function clean(admin: OdooClient, fixture: SalesFixture): Promise<void> {
  const rows = await admin.call<readonly { id: number; state: string }[]>('sale.order', 'search_read', {
    args: { domain: [['origin', '=like', `shop:${fixture.prefix}:%`]], fields: ['state'] },
  });
  const context = { tracking_disable: true };
  for (let from = 0; from < rows.length; from += 50) {
    const some = rows.slice(from, from + 50);
    const confirmed = some.filter(({ state }) => state === 'sale').map(({ id }) => id);
    if (confirmed.length > 0) await admin.call('sale.order', 'action_cancel', { ids: confirmed, context });
    await admin.call('sale.order', 'unlink', { ids: some.map(({ id }) => id) });
  }
}
