import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';
import { watchStatuses } from './editor-channel';
import type { FlowNode } from './flow';

const { root } = projectFolders();
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  name: string;
  'node-red': { nodes: Record<string, string> };
};
const CONFIG_TYPES = [
  'crossdock-store',
  'crossdock-odoo-server',
  'crossdock-event-channel',
  'crossdock-contract',
];

/** The build puts the reference flows among the examples. */
const isOffered = (folder: string, name: string) => folder === 'flows' && name.startsWith('reference');

const flowFiles = ['flows', 'examples'].flatMap((folder) => {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json') && !isOffered(folder, name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
});

describe('the installed package', () => {
  let red: NodeRed;
  before(async () => {
    red = await spawnNodeRed({
      env: {
        // The other sides are away; what is tested is that the nodes start and say so.
        ODOO_URL: 'http://127.0.0.1:9',
        ODOO_DB: 'nowhere',
        ODOO_API_KEY: 'none',
        ODOO_LOGIN: 'none',
        MQTT_URL: 'mqtt://127.0.0.1:9',
        AMQP_URL: 'amqp://127.0.0.1:9',
        AMQP_USER: 'gateway',
        AMQP_PASSWORD: 'not a real password',
        POSTGRES_URL: 'postgres://127.0.0.1:9/crossdock',
        POSTGRES_USER: 'gateway',
        POSTGRES_PASSWORD: 'not a real password',
        WAREHOUSE_URL: 'http://127.0.0.1:9',
        STOCK_FILE: '/nowhere/stock.csv',
        STOREFRONT_URL: 'http://127.0.0.1:9',
        STOREFRONT_TOKEN: 'none',
      },
    });
  });
  after(() => red.remove());

  it('has every node set loaded and enabled, each with its one type', async () => {
    const all = (await red.admin('/nodes')) as {
      module: string;
      name: string;
      enabled: boolean;
      err?: unknown;
      types: string[];
    }[];
    const ours = all.filter(({ module }) => module === manifest.name);
    assert.deepEqual(
      ours.map(({ name }) => name).toSorted(),
      Object.keys(manifest['node-red'].nodes).toSorted(),
    );
    for (const { name, enabled, err, types } of ours) {
      assert.equal(err, undefined, `${name}: ${String(err)}`);
      assert.equal(enabled, true, name);
      const expected = name.endsWith('editor') ? [] : [name];
      assert.deepEqual(types, expected, name);
    }
  });

  it('has an example for every node that stands on a canvas', () => {
    const used = new Set(
      flowFiles
        .filter((file) => file.startsWith('examples'))
        .flatMap((file) =>
          (JSON.parse(readFileSync(join(root, file), 'utf8')) as FlowNode[]).map(({ type }) => type),
        ),
    );
    const missing = Object.keys(manifest['node-red'].nodes).filter(
      (type) => !CONFIG_TYPES.includes(type) && !type.endsWith('editor') && !used.has(type),
    );
    assert.deepEqual(missing, []);
  });

  for (const file of flowFiles) {
    it(`${file} deploys, and each of its nodes comes to a status`, async () => {
      const flow = JSON.parse(readFileSync(join(root, file), 'utf8')) as FlowNode[];
      assert.ok(Array.isArray(flow));
      const from = red.log.length;
      await red.deploy(flow);
      const nodes = flow.filter(({ type }) => type.startsWith('crossdock-') && !CONFIG_TYPES.includes(type));
      assert.ok(nodes.length > 0);
      const { known, close } = await watchStatuses(red);
      try {
        await waitFor(
          () => {
            const silent = nodes
              .filter(({ id }) => (known.get(id) ?? '') === '')
              .map(({ name, id }) => name ?? id);
            assert.deepEqual(silent, []);
            return true;
          },
          { what: 'a status of every node' },
        );
      } finally {
        close();
      }
      const configuration = red.log
        .slice(from)
        .filter((line) => /\[error\].*(missing|not chosen|must be|cannot be read|is not set)/.test(line));
      assert.deepEqual(configuration, []);
    });
  }

  it('says at each node of a channel which environment variable of its broker is not set', async () => {
    const file = join(root, 'examples', 'event in', '04 - The same flow over AMQP.json');
    const flow = JSON.parse(
      readFileSync(file, 'utf8').replaceAll('AMQP_URL', 'BROKER_OF_NOBODY'),
    ) as FlowNode[];
    await red.deploy(flow);
    const nodes = flow.filter(({ type }) => /^crossdock-event-(in|out)$/.test(type));
    assert.equal(nodes.length, 4);
    const { known, close } = await watchStatuses(red);
    try {
      await waitFor(
        () => {
          for (const { id } of nodes)
            assert.match(known.get(id) ?? '', /^The environment variable BROKER_OF_NOBODY is not set \(/);
          return true;
        },
        { what: 'a status of every node' },
      );
    } finally {
      close();
    }
  });
});
