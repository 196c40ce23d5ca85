/** Messages and flow parts that several tests of the nodes need. */
import type { CanonicalOrder, ObservedInventoryLevel } from '../../core/canonical';
import { currency } from '../../sandbox/catalogue';
import { makeOrder } from '../conformance/sales-fixture';
import type { FlowNode } from './harness';

/** A valid canonical order for one product of the demo company (see sandbox/catalogue.ts), without tax. */
export function canonicalOrder(
  externalId: string,
  { sku = 'PAL-EPAL', quantity = 2 }: { sku?: string; quantity?: number } = {},
): CanonicalOrder {
  const shop = { prefix: 'test', currency, skus: [sku, sku, sku] } as const;
  return makeOrder(shop, externalId, [{ sku, quantity: String(quantity), price: '18.75' }]);
}

/** What Odoo (or another system of record) says about one article. */
export function level(
  sku: string,
  available: string,
  asOf = new Date().toISOString(),
): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: { identifiers: [{ scheme: 'sku', value: sku }] },
    location: { code: 'main' },
    asOf,
    unit: 'C62',
    onHand: available,
    reserved: '0',
    available,
    authority: 'test:main',
  };
}

/** The smallest configuration with which each node starts, given the config nodes below. */
export const MINIMAL: Readonly<Record<string, Record<string, unknown>>> = {
  'webhook-in': { store: 'store', path: '/in', source: 'shop' },
  'canonical-mapper': {},
  'contract-check': {},
  'idempotency-guard': { store: 'store' },
  'sequence-guard': { store: 'store' },
  'odoo-order': { server: 'server' },
  'odoo-fulfilment': { server: 'server' },
  'odoo-stock': { server: 'server' },
  'odoo-call': { server: 'server', model: 'sale.order', method: 'search_read' },
  'odoo-changes': { store: 'store', server: 'server' },
  'odoo-invoice': { server: 'server' },
  'dead-letter': { store: 'store' },
  replay: { store: 'store' },
  'inventory-publish': { store: 'store', server: 'server', channel: 'channel' },
  reconciler: { store: 'store', server: 'server' },
  'event-in': { store: 'store', channel: 'channel' },
  settle: {},
  retry: { store: 'store' },
  'circuit-breaker': { store: 'store', target: 'odoo' },
};

/** One of our message nodes on the test tab. */
export function crossdock(
  name: string,
  id: string,
  config: Record<string, unknown> = {},
  wires: string[][] = [],
): FlowNode {
  return { id, type: `crossdock-${name}`, z: 'tab', ...MINIMAL[name], ...config, wires };
}

export const STORE: FlowNode = { id: 'store', type: 'crossdock-store', path: 'test.sqlite' };

/** An Odoo server config node; its API key comes with `credentials: { server: { apiKey } }`. */
export function odooServer(url: string, extra: Record<string, unknown> = {}): FlowNode {
  return { id: 'server', type: 'crossdock-odoo-server', url, database: 'crossdock', login: '', ...extra };
}

export function eventChannel(url: string, extra: Record<string, unknown> = {}): FlowNode {
  return { id: 'channel', type: 'crossdock-event-channel', url, ...extra };
}
