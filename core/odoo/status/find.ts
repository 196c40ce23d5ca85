/** Which order in Odoo is meant: what canonical objects, results of other nodes and people name an order by. */
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { hashKey } from '../load/keys';

/** One order, named by the first of these that is there. */
export interface OrderSelector {
  readonly odooId?: number | undefined;
  /** The canonical order's business key `<channel>:<account>:<externalId>`. */
  readonly id?: string | undefined;
  /** Odoo's own number, for example `S00012`. */
  readonly name?: string | undefined;
  /** The buyer's number, `client_order_ref` in Odoo: good only where it names one order. */
  readonly orderNumber?: string | undefined;
}

export interface FindOptions {
  /** Module part of the external ids that odoo order writes. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** Part of the key, for several tenants in one database. Default ''. */
  readonly tenant?: string | undefined;
}

interface Row {
  readonly id: number;
  readonly name: string;
  readonly origin: string | false;
  readonly client_order_ref: string | false;
}

/** The most orders that one message may name. */
const MAX_ORDERS = 500;

/**
 * The ids of the orders, in the order of the selectors, each once.
 *
 * Rejects with ORDER_UNNAMED (permanent) for a selector without a name, ORDER_NOT_IN_ODOO and ORDER_AMBIGUOUS
 * (business), and as OdooClient.call.
 */
export async function findOrders(
  client: OdooClient,
  selectors: readonly OrderSelector[],
  options: FindOptions = {},
): Promise<number[]> {
  if (selectors.length === 0 || selectors.length > MAX_ORDERS) {
    throw new CrossdockError(
      `The message must name 1 to ${MAX_ORDERS} orders, and names ${selectors.length}.`,
      {
        code: 'ORDER_UNNAMED',
        kind: 'permanent',
      },
    );
  }
  const rows = await search(client, selectors);
  const ids: number[] = [];
  for (const selector of selectors) ids.push(await pick(client, selector, rows, options));
  return [...new Set(ids)];
}

async function search(client: OdooClient, selectors: readonly OrderSelector[]): Promise<readonly Row[]> {
  const conditions = (
    [
      ['id', selectors.map(({ odooId }) => odooId)],
      ['origin', selectors.map(({ odooId, id }) => (odooId === undefined ? id : undefined))],
      [
        'name',
        selectors.map(({ odooId, id, name }) =>
          odooId === undefined && id === undefined ? name : undefined,
        ),
      ],
      [
        'client_order_ref',
        selectors.map((selector) => (byNumber(selector) ? selector.orderNumber : undefined)),
      ],
    ] as const
  )
    .map(([field, values]) => [field, 'in', values.filter((value) => value !== undefined)] as const)
    .filter(([, , values]) => values.length > 0);
  if (conditions.length === 0) return [];
  return withRetry(CALL_RETRY, () =>
    client.call<readonly Row[]>('sale.order', 'search_read', {
      args: {
        domain: [...conditions.slice(1).map(() => '|'), ...conditions],
        fields: ['id', 'name', 'origin', 'client_order_ref'],
        order: 'id',
      },
    }),
  );
}

function byNumber({ odooId, id, name }: OrderSelector): boolean {
  return odooId === undefined && id === undefined && name === undefined;
}

async function pick(
  client: OdooClient,
  selector: OrderSelector,
  rows: readonly Row[],
  options: FindOptions,
): Promise<number> {
  const { odooId, id, name, orderNumber } = selector;
  if (odooId !== undefined)
    return one(
      rows.filter((row) => row.id === odooId),
      `with the id ${odooId}`,
    );
  if (id !== undefined) {
    const found = rows.filter((row) => row.origin === id);
    if (found.length === 1) return (found[0] as Row).id;
    // The origin is a field that people may edit; the external id is not.
    return (await byKey(client, id, options)) ?? one(found, id);
  }
  if (name !== undefined)
    return one(
      rows.filter((row) => row.name === name),
      name,
    );
  if (orderNumber !== undefined) {
    return one(
      rows.filter((row) => row.client_order_ref === orderNumber),
      `with the customer's number ${orderNumber}`,
    );
  }
  throw new CrossdockError('The message names no order: neither by its id nor by its number.', {
    code: 'ORDER_UNNAMED',
    kind: 'permanent',
  });
}

function one(found: readonly Row[], what: string): number {
  const [first] = found;
  if (first !== undefined && found.length === 1) return first.id;
  if (first === undefined) {
    throw new CrossdockError(`Odoo has no order ${what} that the API key's user may see.`, {
      code: 'ORDER_NOT_IN_ODOO',
      kind: 'business',
      facts: { order: what },
    });
  }
  throw new CrossdockError(
    `Odoo has ${found.length} orders ${what}: name the order by its id or by Odoo's number.`,
    {
      code: 'ORDER_AMBIGUOUS',
      kind: 'business',
      facts: { order: what },
    },
  );
}

/** The order that odoo order placed for a business key. */
async function byKey(client: OdooClient, id: string, options: FindOptions): Promise<number | undefined> {
  const { namespace = 'crossdock', tenant = '' } = options;
  try {
    const [model, odooId] = await withRetry(CALL_RETRY, () =>
      client.call<readonly [string, number | false]>('ir.model.data', 'check_object_reference', {
        args: { module: namespace, xml_id: hashKey('crossdock', tenant, id) },
      }),
    );
    return model === 'sale.order' && typeof odooId === 'number' ? odooId : undefined;
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // Odoo says "not found" by a ValueError.
    if (error.code === 'ODOO_INVALID_CALL' || error.code === 'ODOO_ACCESS') return undefined;
    throw error;
  }
}
