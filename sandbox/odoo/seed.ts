import { catalogue, chargeProducts, type TaxRate, warehouseCode } from '../catalogue';

/** One call in Odoo, whatever the transport: named arguments, as JSON-2 has them. */
export type OdooCaller = (
  model: string,
  method: string,
  call: {
    ids?: readonly number[];
    args?: Readonly<Record<string, unknown>>;
    context?: Readonly<Record<string, unknown>>;
  },
) => Promise<unknown>;

/** Where an Odoo is and how to get in. */
export interface OdooAccess {
  readonly url: string;
  readonly database: string;
  readonly apiKey: string;
}

/** What seeding did; all zero when everything was there. */
export interface SeedReport {
  readonly taxes: number;
  readonly products: number;
  readonly stocked: number;
}

/** Taxes of the demo company: each rate on top of the price, and (but for 0 %) within it. */
const TAXES: readonly { readonly rate: TaxRate; readonly included: boolean; readonly name: string }[] = [
  { rate: '0', included: false, name: 'VAT 0%' },
  { rate: '7', included: false, name: 'VAT 7%' },
  { rate: '19', included: false, name: 'VAT 19%' },
  { rate: '20', included: false, name: 'VAT 20%' },
  { rate: '7', included: true, name: 'VAT 7% incl.' },
  { rate: '19', included: true, name: 'VAT 19% incl.' },
  { rate: '20', included: true, name: 'VAT 20% incl.' },
];

/** Its full name is `WH/Quarantine`, as the example of odoo fulfilment has it. */
const QUARANTINE = 'Quarantine';

/** A caller over JSON-2 (Odoo 19 and later, and the stand-in). Throws the server's own sentence. */
export function json2Caller(access: OdooAccess): OdooCaller {
  return async (model, method, { ids, args, context }) => {
    const response = await fetch(`${access.url}/json/2/${model}/${method}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `bearer ${access.apiKey}`,
        'x-odoo-database': access.database,
      },
      body: JSON.stringify({ ...args, ...(ids && { ids }), ...(context && { context }) }),
      signal: AbortSignal.timeout(120_000),
    });
    const body = (await response.json().catch(() => undefined)) as unknown;
    if (response.ok) return body;
    const message = (body as { message?: unknown } | undefined)?.message;
    throw new Error(
      `Odoo answered ${response.status} to ${model}.${method}: ${String(message ?? 'no message')}`,
    );
  };
}

type Rows = Record<string, unknown>[];

async function searchRead(
  call: OdooCaller,
  model: string,
  domain: unknown[],
  fields: string[],
): Promise<Rows> {
  return (await call(model, 'search_read', { args: { domain, fields } })) as Rows;
}

async function ensureTaxes(call: OdooCaller): Promise<{ ids: Map<TaxRate, number>; created: number }> {
  const names = TAXES.map((tax) => tax.name);
  const domain = [
    ['name', 'in', names],
    ['type_tax_use', '=', 'sale'],
  ];
  const known = new Map(
    (await searchRead(call, 'account.tax', domain, ['name'])).map((tax) => [tax.name, Number(tax.id)]),
  );
  const missing = TAXES.filter((tax) => !known.has(tax.name));
  if (missing.length > 0) {
    const vals_list = missing.map((tax) => ({
      name: tax.name,
      amount: Number(tax.rate),
      amount_type: 'percent',
      type_tax_use: 'sale',
      ...(tax.included && { price_include_override: 'tax_included' }),
    }));
    const created = (await call('account.tax', 'create', { args: { vals_list } })) as number[];
    missing.forEach((tax, at) => {
      known.set(tax.name, Number(created[at]));
    });
  }
  const ids = new Map(
    TAXES.filter((tax) => !tax.included).map((tax) => [tax.rate, Number(known.get(tax.name))]),
  );
  return { ids, created: missing.length };
}

async function ensureProducts(call: OdooCaller, taxIds: ReadonlyMap<TaxRate, number>): Promise<number> {
  const skus = [...catalogue, ...chargeProducts].map((product) => product.sku);
  const domain = [
    ['default_code', 'in', skus],
    ['active', 'in', [true, false]],
  ];
  const known = new Set(
    (await searchRead(call, 'product.product', domain, ['default_code'])).map((row) => row.default_code),
  );
  const goods = catalogue.map((product) => ({
    name: product.name,
    default_code: product.sku,
    barcode: product.barcode,
    list_price: Number(product.price),
    type: 'consu',
    is_storable: true,
    taxes_id: [[6, 0, [taxIds.get(product.taxRate)]]],
  }));
  const services = chargeProducts.map((product) => ({
    name: product.name,
    default_code: product.sku,
    list_price: 0,
    type: 'service',
    taxes_id: [[6, 0, [taxIds.get('19')]]],
  }));
  const vals_list = [...goods, ...services].filter((vals) => !known.has(vals.default_code));
  if (vals_list.length > 0) await call('product.product', 'create', { args: { vals_list } });
  return vals_list.length;
}

/** A place below the warehouse for goods that came back and are not put on the shelf again. */
async function ensureQuarantine(call: OdooCaller): Promise<void> {
  const [warehouse] = await searchRead(
    call,
    'stock.warehouse',
    [['code', '=', warehouseCode]],
    ['view_location_id'],
  );
  // Without the warehouse the stock cannot be counted in either, and that says so.
  if (warehouse === undefined) return;
  const within = Number((warehouse.view_location_id as [number, string])[0]);
  const domain = [
    ['name', '=', QUARANTINE],
    ['location_id', '=', within],
    ['active', 'in', [true, false]],
  ];
  if ((await searchRead(call, 'stock.location', domain, ['name'])).length > 0) return;
  const vals_list = [{ name: QUARANTINE, location_id: within, usage: 'internal' }];
  await call('stock.location', 'create', { args: { vals_list } });
}

/** Counts in what the catalogue says, for products that were never stocked: a running demo's stock is left alone. */
async function ensureStock(call: OdooCaller): Promise<number> {
  const [warehouse] = await searchRead(
    call,
    'stock.warehouse',
    [['code', '=', warehouseCode]],
    ['lot_stock_id'],
  );
  if (warehouse === undefined) throw new Error(`Odoo has no warehouse with the short code ${warehouseCode}.`);
  const location = Number((warehouse.lot_stock_id as [number, string])[0]);
  const skus = catalogue.map((product) => product.sku);
  const products = await searchRead(
    call,
    'product.product',
    [['default_code', 'in', skus]],
    ['default_code'],
  );
  const ids = products.map((product) => Number(product.id));
  const quants = await searchRead(
    call,
    'stock.quant',
    [
      ['product_id', 'in', ids],
      ['location_id', '=', location],
    ],
    ['product_id'],
  );
  const stocked = new Set(quants.map((quant) => Number((quant.product_id as [number, string])[0])));
  const vals_list = products
    .filter((product) => !stocked.has(Number(product.id)))
    .map((product) => ({
      product_id: Number(product.id),
      location_id: location,
      inventory_quantity: catalogue.find((item) => item.sku === product.default_code)?.onHand ?? 0,
    }));
  if (vals_list.length === 0) return 0;
  const context = { inventory_mode: true };
  const counted = (await call('stock.quant', 'create', { args: { vals_list }, context })) as number[];
  await call('stock.quant', 'action_apply_inventory', { ids: counted });
  return vals_list.length;
}

/**
 * Makes the demo company's taxes, products, quarantine and stock in an Odoo 19, real or stand-in, where they are missing
 * (by tax name, `default_code`, name, and whether a product ever had stock). Running it again changes nothing.
 *
 * @param target a caller, or where the Odoo is (JSON-2 is used then)
 */
export async function seedOdoo(target: OdooCaller | OdooAccess): Promise<SeedReport> {
  const call = typeof target === 'function' ? target : json2Caller(target);
  const { ids, created } = await ensureTaxes(call);
  const products = await ensureProducts(call, ids);
  await ensureQuarantine(call);
  const stocked = await ensureStock(call);
  return { taxes: created, products, stocked };
}

/** Seeds a stand-in with the demo company, through its own API. */
export const seedDemoCompany: (standIn: OdooAccess) => Promise<SeedReport> = seedOdoo;
