/**
 * What the tests and the benchmark of the order writer need in an Odoo: own products, an own customer, own taxes (all
 * under a random prefix), and canonical orders over them.
 */
import { randomBytes } from 'node:crypto';
import type { CanonicalOrder, OrderLine } from '../../core/canonical/order';
import { createOdooClient, type OdooClient, type OdooConfig, type TransportKind } from '../../core/odoo';

/** How to reach an Odoo under test. */
export interface OdooUnderTest {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
  /** Who sets up and looks after, where the account under test may not. */
  readonly admin?: { readonly login: string; readonly apiKey: string } | undefined;
}

/** The real Odoo named by ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN and ODOO_TEST_API_KEY, when it is. */
export function odooFromEnvironment(): OdooUnderTest | undefined {
  const { ODOO_TEST_URL: url, ODOO_TEST_DB: database, ODOO_TEST_API_KEY: apiKey } = process.env;
  if (!url || !database || !apiKey) return undefined;
  return { url, database, apiKey, login: process.env.ODOO_TEST_LOGIN || 'admin' };
}

/** The same server with its plain account (salesperson and stock user) as the account under test. */
export function clerkFromEnvironment(): OdooUnderTest | undefined {
  const server = odooFromEnvironment();
  const { ODOO_TEST_CLERK_LOGIN: login, ODOO_TEST_CLERK_API_KEY: apiKey } = process.env;
  if (server === undefined || !login || !apiKey) return undefined;
  return { ...server, login, apiKey, admin: { login: server.login, apiKey: server.apiKey } };
}

export function newPrefix(): string {
  return `zz${randomBytes(5).toString('hex')}`;
}

/** A client that may call everything, for setting up and looking after. */
export function adminClient(server: OdooUnderTest, transport?: TransportKind): OdooClient {
  const config: OdooConfig = { ...server, allow: { '*': ['*'] }, ...(transport ? { transport } : {}) };
  return createOdooClient(config);
}

export interface SalesFixture {
  readonly prefix: string;
  /** ISO 4217 of the company. */
  readonly currency: string;
  /** Internal references of three products that sell. */
  readonly skus: readonly [string, string, string];
  readonly chargeSku: string;
  readonly discountSku: string;
  /** Reference of the customer. */
  readonly customerRef: string;
  readonly productIds: readonly number[];
  readonly customerId: number;
}

export async function createOne(client: OdooClient, model: string, values: object): Promise<number> {
  const [id] = await client.call<readonly number[]>(model, 'create', { args: { vals_list: [values] } });
  if (id === undefined) throw new Error(`${model} was not created`);
  return id;
}

/** Creates products and a customer. */
export async function createSalesFixture(client: OdooClient, prefix = newPrefix()): Promise<SalesFixture> {
  const product = (sku: string, storable: boolean) =>
    createOne(client, 'product.product', {
      name: `Fixture ${sku}`,
      default_code: sku,
      list_price: 10,
      type: storable ? 'consu' : 'service',
      is_storable: storable,
    });
  const skus = [`${prefix}-A`, `${prefix}-B`, `${prefix}-C`] as const;
  const chargeSku = `${prefix}-SHIPPING`;
  const discountSku = `${prefix}-DISCOUNT`;
  const customerRef = `${prefix}-customer`;
  const productIds = [
    await product(skus[0], true),
    await product(skus[1], true),
    await product(skus[2], false),
    await product(chargeSku, false),
    await product(discountSku, false),
  ];
  const customerId = await createOne(client, 'res.partner', { name: `Fixture ${prefix}`, ref: customerRef });
  const { uid } = await client.call<{ uid: number }>('res.users', 'context_get');
  const [user] = await client.call<readonly { company_id: readonly [number, string] }[]>(
    'res.users',
    'read',
    {
      ids: [uid],
      args: { fields: ['company_id'] },
    },
  );
  const [company] = await client.call<readonly { currency_id: readonly [number, string] }[]>(
    'res.company',
    'read',
    {
      ids: [user?.company_id[0] ?? 0],
      args: { fields: ['currency_id'] },
    },
  );
  const currency = company?.currency_id[1] ?? '';
  return { prefix, currency, skus, chargeSku, discountSku, customerRef, productIds, customerId };
}

export interface LineSpec {
  readonly sku: string;
  readonly quantity?: string;
  readonly price?: string;
  readonly rate?: string;
}

/** A valid canonical order over the fixture; `changes` replaces members. Totals are those of the lines. */
export function makeOrder(
  fixture: Pick<SalesFixture, 'prefix' | 'currency' | 'skus'>,
  externalId: string,
  specs: readonly LineSpec[] = fixture.skus.map((sku) => ({ sku })),
  changes: Partial<CanonicalOrder> = {},
): CanonicalOrder {
  let net = 0;
  let tax = 0;
  const lines = specs.map((spec, index): OrderLine => {
    const { sku, quantity = '2', price = '10.50', rate } = spec;
    const amount = Math.round(Number(quantity) * Number(price) * 100);
    const taxAmount = Math.round((amount * Number(rate ?? 0)) / 100);
    net += amount;
    tax += taxAmount;
    return {
      lineId: String(index + 1),
      item: { identifiers: [{ scheme: 'sku', value: sku }], description: `Item ${sku}` },
      unit: 'C62',
      quantity: { original: quantity, current: quantity },
      unitPrice: { amount: price, baseQuantity: '1' },
      allowancesCharges: [],
      taxes: rate === undefined ? [] : [{ category: 'S', rate, amount: cents(taxAmount) }],
    };
  });
  const buyer = {
    name: `Buyer ${fixture.prefix}`,
    identifiers: [],
    email: `${fixture.prefix}@example.com`,
    address: { line1: 'Hafenstraße 1', city: 'Hamburg', postalCode: '20457', countryCode: 'DE' },
  };
  return {
    id: `shop:${fixture.prefix}:${externalId}`,
    schemaVersion: '1.0',
    kind: '220',
    channel: 'shop',
    account: fixture.prefix,
    externalId,
    orderNumber: `#${externalId}`,
    issuedAt: '2026-11-20T22:30:05Z',
    currency: fixture.currency,
    pricesIncludeTax: false,
    parties: { buyer, shipTo: buyer },
    lines,
    allowancesCharges: [],
    totals: {
      lineExtension: cents(net),
      allowance: '0.00',
      charge: '0.00',
      taxExclusive: cents(net),
      tax: cents(tax),
      taxInclusive: cents(net + tax),
      prepaid: '0.00',
      payable: cents(net + tax),
    },
    notes: [],
    status: { order: 'received', fulfilment: 'none', payment: 'unpaid', return: 'none' },
    provenance: {
      system: 'test',
      partnerId: fixture.prefix,
      externalId,
      receivedAt: '2026-11-20T22:30:06Z',
      mappingVersion: '1',
    },
    ...changes,
  };
}

function cents(value: number): string {
  return (value / 100).toFixed(2);
}
