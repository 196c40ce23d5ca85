/** Where the checker looks: orders in Odoo through its API, dead letters through the gateway's. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OdooClient } from '../../core/odoo';
import type { Evidence, ParkedMessage, PlacedLine, PlacedOrder } from '../storefront/checker';

/** Models and methods that looking at a run's outcome needs. */
export const EVIDENCE_ALLOW = {
  'sale.order': ['search_read'],
  'sale.order.line': ['search_read'],
  'product.product': ['search_read'],
} as const;

const AT_ONCE = 100;
const STARTING_MS = 30_000;

interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly origin: string | false;
  readonly state: string;
  readonly amount_total: number;
  readonly currency_id: readonly [number, string] | false;
}

interface LineRow {
  readonly order_id: readonly [number, string];
  readonly product_id: readonly [number, string] | false;
  readonly product_uom_qty: number;
  readonly price_unit: number;
}

/** @param gateway the gateway's address, for example http://127.0.0.1:1880 */
export function evidenceOf(odoo: OdooClient, gateway: string): Evidence {
  const skus = new Map<number, string>();
  const read = <T>(model: string, domain: unknown[], fields: string[]): Promise<readonly T[]> =>
    odoo.call<readonly T[]>(model, 'search_read', { args: { domain, fields } });

  const learnSkus = async (ids: readonly number[]): Promise<void> => {
    const missing = [...new Set(ids)].filter((id) => !skus.has(id));
    if (missing.length === 0) return;
    // Archived products too: an order may hold one.
    const rows = await odoo.call<readonly { id: number; default_code: string | false }[]>(
      'product.product',
      'search_read',
      {
        args: { domain: [['id', 'in', missing]], fields: ['default_code'] },
        context: { active_test: false },
      },
    );
    for (const row of rows)
      skus.set(row.id, row.default_code === false ? `product ${row.id}` : row.default_code);
  };

  const placedOf = async (origins: readonly string[]): Promise<PlacedOrder[]> => {
    const fields = ['name', 'origin', 'state', 'amount_total', 'currency_id'];
    const orders = await read<OrderRow>('sale.order', [['origin', 'in', origins]], fields);
    if (orders.length === 0) return [];
    const ids = orders.map((order) => order.id);
    const lineFields = ['order_id', 'product_id', 'product_uom_qty', 'price_unit'];
    const lines = await read<LineRow>('sale.order.line', [['order_id', 'in', ids]], lineFields);
    await learnSkus(lines.flatMap((line) => (line.product_id ? [line.product_id[0]] : [])));
    return orders.map((order) => ({
      origin: String(order.origin),
      name: order.name,
      state: order.state,
      currency: order.currency_id ? order.currency_id[1] : '',
      total: String(order.amount_total),
      lines: lines.filter((line) => line.order_id[0] === order.id).map(toLine),
    }));
  };

  const toLine = (line: LineRow): PlacedLine => ({
    sku: line.product_id ? (skus.get(line.product_id[0]) ?? '') : '',
    quantity: String(line.product_uom_qty),
    price: String(line.price_unit),
  });

  let letterNodes: readonly string[] | undefined;
  return {
    async placed(ids) {
      const found: PlacedOrder[] = [];
      for (let start = 0; start < ids.length; start += AT_ONCE) {
        found.push(...(await placedOf(ids.slice(start, start + AT_ONCE))));
      }
      return found;
    },
    async parked() {
      letterNodes ??= await nodesOfType(gateway, 'crossdock-dead-letter');
      const letters: ParkedMessage[] = [];
      for (const node of letterNodes) letters.push(...(await lettersOf(gateway, node)));
      return letters;
    },
  };
}

async function nodesOfType(gateway: string, type: string): Promise<string[]> {
  const flows = (await getJson(new URL('/flows', gateway))) as readonly { id: string; type: string }[];
  return flows.filter((node) => node.type === type).map((node) => node.id);
}

/** All letters of one dead letter node, page by page. */
async function lettersOf(gateway: string, node: string): Promise<ParkedMessage[]> {
  const letters: ParkedMessage[] = [];
  for (let after = ''; ; ) {
    const url = new URL(`/crossdock/dead-letters/${node}`, gateway);
    url.searchParams.set('limit', '1000');
    url.searchParams.set('after', after);
    const { items } = (await getJson(url)) as { items: readonly (ParkedMessage & { id: string })[] };
    letters.push(...items);
    const last = items.at(-1);
    if (last === undefined || items.length < 1000) return letters;
    after = last.id;
  }
}

/** A gateway that has just started says so (503) until its nodes have their store: it is asked again, for half a minute. */
async function getJson(url: URL): Promise<unknown> {
  for (const giveUp = Date.now() + STARTING_MS; ; ) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    if (response.status !== 503 || Date.now() > giveUp) {
      throw new Error(`${url.pathname} answered ${response.status}.`);
    }
    await sleep(200);
  }
}
