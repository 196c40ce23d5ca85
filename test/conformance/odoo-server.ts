import strict from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

/** Where the Odoo under test is and how to get in. */
export interface OdooServer {
  readonly url: string;
  readonly database: string;
  readonly login: string;
  readonly apiKey: string;
  /** A plain account, where there is one: salesperson of all documents and stock user, nothing more. */
  readonly clerk?: { readonly login: string; readonly apiKey: string } | undefined;
}

/** An error as Odoo reports it, in the body (JSON-2) or in `error.data` (JSON-RPC). */
export interface OdooFault {
  readonly name: string;
  readonly message: string;
  readonly arguments: readonly unknown[];
  readonly context: unknown;
  readonly debug: string;
}

/** The answer to one call: `fault` is undefined when it succeeded. */
export interface Reply {
  readonly status: number;
  readonly value: unknown;
  readonly fault: OdooFault | undefined;
}

export interface Call {
  readonly ids?: readonly number[];
  readonly args?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** What `load` answers. */
export interface LoadAnswer {
  readonly ids: number[] | false;
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  readonly nextrow: number;
}

/** The id in a many2one as `read` returns it. */
export const idOf = (value: unknown): number => (Array.isArray(value) ? Number(value[0]) : Number.NaN);

/** The name in a many2one as `read` returns it. */
export const nameOf = (value: unknown): string => (Array.isArray(value) ? String(value[1]) : '');

export type Transport = 'JSON-2' | 'JSON-RPC';

export const TRANSPORTS: readonly Transport[] = ['JSON-2', 'JSON-RPC'];

/** Assertions that are counted, so that the suite can say how much it compared. */
export class Counter {
  count = 0;

  equal(actual: unknown, expected: unknown, message?: string): void {
    this.count += 1;
    strict.equal(actual, expected, message);
  }

  deepEqual(actual: unknown, expected: unknown, message?: string): void {
    this.count += 1;
    strict.deepEqual(actual, expected, message);
  }

  ok(value: unknown, message?: string): void {
    this.count += 1;
    strict.ok(value, message);
  }

  match(value: string, pattern: RegExp): void {
    this.count += 1;
    strict.match(value, pattern);
  }

  close(actual: unknown, expected: number, message?: string): void {
    this.count += 1;
    strict.ok(
      typeof actual === 'number' && Math.abs(actual - expected) < 1e-9,
      message ?? `${actual} is not ${expected}`,
    );
  }
}

/** Sends a request as it is, for what a proper client would not send. */
export async function raw(
  server: OdooServer,
  path: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<{ status: number; type: string; text: string }> {
  const response = await fetch(server.url + path, { redirect: 'manual', ...init });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

/** One JSON-2 call; headers may be overridden. */
export async function json2(
  server: OdooServer,
  model: string,
  method: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const answer = await raw(server, `/json/2/${model}/${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `bearer ${server.apiKey}`,
      'x-odoo-database': server.database,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const value: unknown = answer.type.startsWith('application/json') ? JSON.parse(answer.text) : answer.text;
  return answer.status < 400
    ? { status: answer.status, value, fault: undefined }
    : { status: answer.status, value: undefined, fault: value as OdooFault };
}

/** One JSON-RPC call of any service. */
export async function rpc(
  server: OdooServer,
  service: string,
  method: string,
  args: unknown,
): Promise<Reply> {
  const answer = await raw(server, '/jsonrpc', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'call', params: { service, method, args } }),
  });
  const body = JSON.parse(answer.text) as { result?: unknown; error?: { data: OdooFault } };
  // Odoo leaves `result` out where a method returns nothing.
  const value = body.error === undefined ? (body.result ?? null) : undefined;
  return { status: answer.status, value, fault: body.error?.data };
}

/** Calls models of one server over one transport. */
export class Api {
  #uid: number | undefined;

  constructor(
    readonly server: OdooServer,
    readonly transport: Transport,
  ) {}

  async call(model: string, method: string, { ids, args = {}, context }: Call = {}): Promise<Reply> {
    if (this.transport === 'JSON-2') {
      return json2(this.server, model, method, { ...args, ...(ids && { ids }), ...(context && { context }) });
    }
    const { database, login, apiKey } = this.server;
    this.#uid ??= (await rpc(this.server, 'common', 'login', [database, login, apiKey])).value as number;
    // `create` reads its first positional argument, so it has to be one over this transport.
    const positional = [...(ids ? [ids] : []), ...(method === 'create' ? Object.values(args) : [])];
    const keywords = { ...(method === 'create' ? {} : args), ...(context && { context }) };
    return rpc(this.server, 'object', 'execute_kw', [
      database,
      this.#uid,
      apiKey,
      model,
      method,
      positional,
      keywords,
    ]);
  }

  /** A call that has to succeed; a fault fails the test with Odoo's own sentence. */
  async get<T>(model: string, method: string, call: Call = {}): Promise<T> {
    const { value, fault } = await this.call(model, method, call);
    if (fault !== undefined) strict.fail(`${model}.${method}: ${fault.name}: ${fault.message}`);
    return value as T;
  }

  async create(
    model: string,
    vals: Record<string, unknown>,
    context?: Record<string, unknown>,
  ): Promise<number> {
    const ids = await this.get<number[]>(model, 'create', {
      args: { vals_list: [vals] },
      ...(context && { context }),
    });
    return ids[0] ?? strict.fail('no id');
  }

  async read(model: string, id: number, fields: string[], context?: Record<string, unknown>) {
    const rows = await this.get<Record<string, unknown>[]>(model, 'read', {
      ids: [id],
      args: { fields },
      ...(context && { context }),
    });
    return rows[0] ?? strict.fail(`${model} ${id} is not there`);
  }

  async searchRead(model: string, domain: unknown[], fields: string[], more: Record<string, unknown> = {}) {
    return this.get<Record<string, unknown>[]>(model, 'search_read', { args: { domain, fields, ...more } });
  }
}

/** Namespace of the suite's external ids; no module has that name. */
export const NAMESPACE = 'crossdock_conformance';

/** The context that makes `load` a create-once. */
export const ONCE = { module: NAMESPACE, mode: 'update', noupdate: true };

/** Records that the suite makes for itself. */
export interface Fixtures {
  /** Prefix of everything that it makes. */
  readonly prefix: string;
  readonly partner: number;
  readonly goods: number;
  readonly otherGoods: number;
  readonly service: number;
  readonly tax19: number;
  readonly tax7: number;
  readonly tax19Included: number;
  readonly warehouse: number;
  readonly stock: number;
}

export async function makeFixtures(api: Api): Promise<Fixtures> {
  const prefix = `CF${randomBytes(5).toString('hex')}`;
  const product = (code: string, more: Record<string, unknown>) =>
    api.create('product.product', {
      name: `${prefix} ${code}`,
      default_code: `${prefix}-${code}`,
      list_price: 10,
      ...more,
    });
  const tax = (name: string, amount: number, more: Record<string, unknown> = {}) =>
    api.create('account.tax', {
      name: `${prefix} ${name}`,
      amount,
      amount_type: 'percent',
      type_tax_use: 'sale',
      ...more,
    });
  const [warehouse] = await api.searchRead('stock.warehouse', [], ['lot_stock_id'], {
    limit: 1,
    order: 'id',
  });
  return {
    prefix,
    partner: await api.create('res.partner', {
      name: `${prefix} Partner`,
      ref: prefix,
      email: `${prefix}@Example.test`,
    }),
    goods: await product('A', { type: 'consu', is_storable: true }),
    otherGoods: await product('B', { type: 'consu', is_storable: true, list_price: 2.5 }),
    service: await product('S', { type: 'service', list_price: 5 }),
    tax19: await tax('19', 19),
    tax7: await tax('7', 7),
    tax19Included: await tax('19i', 19, { price_include_override: 'tax_included' }),
    warehouse: Number(warehouse?.id),
    stock: Number(idOf(warehouse?.lot_stock_id)),
  };
}

/** Takes the suite's records out of sight; orders stay, as they would in a real company. */
export async function hideFixtures(api: Api, fixtures: Fixtures): Promise<void> {
  const hide = { vals: { active: false } };
  await api.call('product.product', 'write', {
    ids: [fixtures.goods, fixtures.otherGoods, fixtures.service],
    args: hide,
  });
  await api.call('account.tax', 'write', {
    ids: [fixtures.tax19, fixtures.tax7, fixtures.tax19Included],
    args: hide,
  });
}

/** What every part of the suite works with. */
export interface Bench {
  readonly check: Counter;
  api(transport: Transport): Api;
  fixtures(): Fixtures;
  server(): OdooServer;
  /** A new external id. */
  key(): string;
}

export const ORDER_COLUMNS = [
  'id',
  'partner_id/.id',
  'client_order_ref',
  'order_line/product_id/.id',
  'order_line/product_uom_qty',
  'order_line/price_unit',
  'order_line/tax_ids/.id',
];

/** Loads orders with ORDER_COLUMNS, create-once unless another context is given. */
export function loadOrders(
  api: Api,
  data: unknown[][],
  context: Record<string, unknown> = ONCE,
  fields: string[] = ORDER_COLUMNS,
): Promise<LoadAnswer> {
  return api.get<LoadAnswer>('sale.order', 'load', { args: { fields, data }, context });
}

/** The id that a successful load of one order gave. */
export async function loadOrder(
  api: Api,
  rows: unknown[][],
  context?: Record<string, unknown>,
): Promise<number> {
  const answer = await loadOrders(api, rows, context);
  if (answer.ids === false) return strict.fail(JSON.stringify(answer.messages));
  return answer.ids[0] ?? strict.fail('no id');
}

export const linesOf = (api: Api, order: number, fields: string[]) =>
  api.searchRead('sale.order.line', [['order_id', '=', order]], fields, { order: 'id' });

/** One row of ORDER_COLUMNS for the suite's partner and goods. */
export function orderRow(
  bench: Bench,
  key: string,
  ref = 'R',
  quantity = '2',
  price = '9.99',
  tax = '',
): string[] {
  const { partner, goods } = bench.fixtures();
  return [key, String(partner), ref, String(goods), quantity, price, tax];
}
