/** Three channels with very many items, told before Node-RED starts, as the nodes would have told them; and their flow. */
import type { ObservedInventoryLevel } from '../../core/canonical';
import type { Publisher } from '../../core/channel';
import { openInventoryPublisher } from '../../core/inventory';
import { openSqliteStore } from '../../core/store';
import { readPolicy } from '../../nodes/inventory-publish/policy';
import type { RawConfig } from '../../nodes/shared/red';
import { flowOfAllNodes } from './flow';

const minute = 60_000;
/** Nothing listens there. */
const nowhere = 'mqtt://127.0.0.1:9';

const policies = {
  shop: { buffer: '2', ageMinutes: 60, ageShow: 'reduced', agePercent: '50' },
  market: {
    percent: '50',
    cap: '20',
    sites: [
      { site: 'vienna', publishAs: 'EU' },
      { site: 'graz', publishAs: 'EU' },
    ],
    bundles: [
      { sku: 'SET-BREAKFAST', part: 'SKU-00001', quantity: '2' },
      { sku: 'SET-BREAKFAST', part: 'SKU-00003', quantity: '1' },
    ],
  },
  b2b: { reserve: '3', ageMinutes: 60, ageShow: 'nothing' },
} as const;

/** Web shop (connected when `url` answers), marketplace (the same), B2B portal (never). */
export function stockFlow(url: string): Record<string, unknown>[] {
  const all = flowOfAllNodes() as Record<string, unknown>[];
  const kept = all.filter(({ id, type }) => type === 'tab' || id === 'n-store' || id === 'n-webhook-in');
  const tab = kept.find(({ type }) => type === 'tab')?.['id'];
  const template = (id: string): Record<string, unknown> => all.find((node) => node['id'] === id) ?? {};
  const channel = (id: string, name: string, at: string): Record<string, unknown> => ({
    ...template('n-event-channel'),
    id,
    name,
    url: at,
    credentials: undefined,
  });
  const publish = (name: keyof typeof policies, y: number): Record<string, unknown> => ({
    ...template('n-inventory-publish'),
    ...policies[name],
    id: `n-publish-${name}`,
    name: `to ${name}`,
    channel: `n-${name}`,
    from: 'msg',
    server: '',
    y,
    wires: [[`n-answer-${name}`]],
  });
  const web = (name: keyof typeof policies, y: number): Record<string, unknown>[] => [
    {
      id: `n-in-${name}`,
      type: 'http in',
      z: tab,
      x: 100,
      y,
      url: `/${name}`,
      method: 'post',
      wires: [[`n-publish-${name}`]],
    },
    publish(name, y),
    { id: `n-answer-${name}`, type: 'http response', z: tab, x: 600, y, wires: [] },
  ];
  return [
    ...kept.map((node) => (node['id'] === 'n-webhook-in' ? { ...node, wires: [[]] } : node)),
    channel('n-shop', 'Web shop', url),
    channel('n-market', 'Marketplace', url),
    channel('n-b2b', 'B2B portal', nowhere),
    ...web('shop', 600),
    ...web('market', 660),
    ...web('b2b', 720),
  ];
}

export function skuOf(n: number): string {
  return `SKU-${String(n).padStart(5, '0')}`;
}

export function stockLevel(n: number, available: number, site: string, ago = 0): ObservedInventoryLevel {
  return {
    schemaVersion: '1.0',
    item: {
      identifiers: [{ scheme: 'sku', value: skuOf(n) }],
      description: n % 7 === 0 ? `Coffee, whole beans, 250 g, roast ${n}` : `Article ${n}`,
    },
    location: { code: site, kind: 'warehouse' },
    asOf: new Date(Date.now() - ago).toISOString(),
    unit: 'C62',
    onHand: String(available + 3),
    reserved: '3',
    available: String(available),
    authority: 'odoo:main',
  };
}

/** @param keys items of the web shop; the others have a tenth */
export async function fillStock(file: string, keys: number): Promise<void> {
  const store = await openSqliteStore(file);
  try {
    for (const name of ['shop', 'market', 'b2b'] as const) {
      let connected = true;
      const shop: Publisher = {
        publish: () => (connected ? Promise.resolve() : Promise.reject(new Error('away'))),
      };
      const publisher = await openInventoryPublisher({
        store,
        channel: shop,
        channelId: `n-${name}`,
        source: '/systems/odoo/main',
        policy: readPolicy(configOf(name)),
      });
      const count = name === 'shop' ? keys : keys / 10;
      const few = Math.ceil(keys / 40);
      const levels = Array.from({ length: count }, (_, n) => stockLevel(n, n % 50, 'vienna', 2 * minute));
      await publisher.publish(levels);
      await publisher.publish(
        Array.from({ length: few }, (_, n) => stockLevel(n, 5 + (n % 9), 'graz', 180 * minute)),
      );
      if (name === 'b2b') {
        connected = false;
        await publisher.accept(
          Array.from({ length: count / 2 }, (_, n) => stockLevel(n, (n + 1) % 50, 'vienna', minute)),
        );
        await store.run([
          {
            sql: `UPDATE crossdock_inventory_level
              SET problem = 'The broker refuses the topic: the user may not publish there.'
              WHERE channel = 'n-b2b' AND sku IN (?, ?)`,
            params: [skuOf(3), skuOf(4)],
          },
        ]);
      }
      await publisher.checkAge();
      if (name !== 'b2b') await publisher.drain();
      await publisher.close();
    }
  } finally {
    await store.close();
  }
}

/** What the node makes of the same settings, so that it finds everything as it would have computed it. */
function configOf(name: keyof typeof policies): RawConfig {
  return { id: name, type: 'crossdock-inventory-publish', buffer: '0', ...policies[name] };
}
