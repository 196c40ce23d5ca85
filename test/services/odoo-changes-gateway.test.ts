/** The node odoo changes in a real Node-RED before a real Odoo: killed in the middle, and hinted by Odoo itself. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OdooClient } from '../../core/odoo';
import {
  adminClient,
  createOne,
  newPrefix,
  type OdooUnderTest,
  odooFromEnvironment,
} from '../conformance/sales-fixture';
import { watchStatuses } from '../runtime/editor-channel';
import { node, record, STORE, TAB } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';

const TOKEN = 'a-token-of-the-test';
const PARTNERS = 12;

interface Line {
  readonly id: number;
  readonly operation: string;
  readonly name: string | null;
  readonly delivery: string;
}

describe('odoo changes: a gateway before a real Odoo', () => {
  let server: OdooUnderTest;
  let admin: OdooClient;
  let red: NodeRed | undefined;
  let prefix: string;

  before(async function () {
    const found = odooFromEnvironment();
    if (found === undefined) return this.skip();
    server = found;
    admin = adminClient(server);
  });
  beforeEach(() => {
    prefix = newPrefix();
  });
  afterEach(async () => {
    await red?.remove();
    red = undefined;
    const ids = await admin.call<number[]>('res.partner', 'search', {
      args: { domain: [['ref', '=like', `${prefix}%`]] },
    });
    if (ids.length > 0) await admin.call('res.partner', 'unlink', { ids });
  });
  after(() => admin?.close());

  const flow = (config: object) => [
    TAB,
    STORE,
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: server.url,
      database: server.database,
      login: server.login,
      credentials: { apiKey: server.apiKey },
    },
    node(
      'crossdock-odoo-changes',
      'changes',
      {
        store: 'store',
        server: 'server',
        watch: 'own',
        model: 'res.partner',
        fields: 'name',
        domain: JSON.stringify([['ref', '=like', `${prefix}%`]]),
        credentials: { token: TOKEN },
        ...config,
      },
      [['line']],
    ),
    ...record(
      'line',
      'changes.jsonl',
      '{"id": payload.id, "operation": payload.operation, "name": payload.values.name, "delivery": crossdock.deliveryId}',
    ),
  ];
  const lines = (): Line[] => {
    const file = join(red?.userDir ?? '', 'changes.jsonl');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  };

  it('killed again and again: nothing is missed, versions come in order, none is stored twice', async function () {
    this.timeout(300_000);
    const partners: number[] = [];
    for (let n = 0; n < PARTNERS; n += 1) {
      partners.push(await createOne(admin, 'res.partner', { name: 'v0', ref: `${prefix}-${n}` }));
    }
    const gateway = await spawnNodeRed({
      flows: flow({ pollSeconds: 1 }),
      env: { CROSSDOCK_CRASH_AT: undefined },
    });
    red = gateway;
    let version = 0;
    /** Two changes of every record, each a transaction of its own. */
    const change = async (): Promise<void> => {
      for (let twice = 0; twice < 2; twice += 1) {
        version += 1;
        await Promise.all(
          partners.map((id) =>
            admin.call('res.partner', 'write', { ids: [id], args: { vals: { name: `v${version}` } } }),
          ),
        );
      }
    };
    // From then on it has its position.
    await waitFor(
      async () => {
        await change();
        return lines().length > 0;
      },
      { timeoutMs: 60_000, intervalMs: 300 },
    );
    for (let kill = 0; kill < 4; kill += 1) {
      const before = lines().length;
      const changing = change();
      // Sometimes in the middle of a step, sometimes between two.
      if (kill % 2 === 0) await waitFor(() => lines().length > before, { timeoutMs: 60_000 });
      await gateway.kill9();
      await changing;
      await change();
      await gateway.restart();
    }
    const newest = (): Map<number, string> => {
      const names = new Map<number, string>();
      for (const { id, name } of lines()) names.set(id, name ?? '');
      return names;
    };
    await waitFor(() => partners.every((id) => newest().get(id) === `v${version}`), {
      what: 'the last version of every record',
      timeoutMs: 60_000,
    });
    for (const id of partners) {
      // The same message may come again after a kill; but no older version after a newer one.
      const versions = lines().flatMap((line) => (line.id === id ? Number((line.name ?? 'v').slice(1)) : []));
      const sorted = [...versions].sort((a, b) => a - b);
      assert.deepEqual(versions, sorted, `record ${id}`);
    }
    const deliveries = new Map<string, string>();
    for (const { id, name, delivery } of lines()) {
      assert.equal(deliveries.get(`${id} ${name}`) ?? delivery, delivery, 'one version has two messages');
      deliveries.set(`${id} ${name}`, delivery);
    }
  });

  it('Odoo’s own webhooks make it look at once: what is created, changed, deleted', async function () {
    this.timeout(300_000);
    const gateway = await spawnNodeRed({
      flows: flow({ pollSeconds: 3600, hints: true, compareMinutes: 0 }),
    });
    red = gateway;
    // What is there before it has its position is nothing that changed.
    const statuses = await watchStatuses(gateway);
    await waitFor(() => /^live/.test(statuses.known.get('changes') ?? ''), {
      what: 'its position',
      timeoutMs: 60_000,
    });
    statuses.close();
    const [model] = await admin.call<number[]>('ir.model', 'search', {
      args: { domain: [['model', '=', 'res.partner']] },
    });
    const [trigger] = await admin.call<number[]>('ir.model.fields', 'search', {
      args: {
        domain: [
          ['model', '=', 'res.partner'],
          ['name', '=', 'name'],
        ],
      },
    });
    const rules: number[] = [];
    try {
      for (const when of ['on_create_or_write', 'on_unlink']) {
        const rule = await createOne(admin, 'base.automation', {
          name: `${prefix} ${when}`,
          model_id: model,
          trigger: when,
          filter_domain: JSON.stringify([['ref', '=like', `${prefix}%`]]),
          ...(when === 'on_unlink' ? {} : { trigger_field_ids: [[6, 0, [trigger]]] }),
        });
        rules.push(rule);
        await createOne(admin, 'ir.actions.server', {
          name: `${prefix} webhook`,
          model_id: model,
          base_automation_id: rule,
          state: 'webhook',
          webhook_url: `${gateway.url}/odoo-changes/${TOKEN}`,
        });
      }
      const partner = await createOne(admin, 'res.partner', { name: 'made', ref: `${prefix}-hinted` });
      await waitFor(() => lines().some(({ operation, name }) => operation === 'created' && name === 'made'), {
        what: 'the creation',
        timeoutMs: 20_000,
      });
      await admin.call('res.partner', 'write', { ids: [partner], args: { vals: { name: 'renamed' } } });
      await waitFor(
        () => lines().some(({ operation, name }) => operation === 'changed' && name === 'renamed'),
        {
          what: 'the change',
          timeoutMs: 30_000,
        },
      );
      await admin.call('res.partner', 'unlink', { ids: [partner] });
      await waitFor(() => lines().some(({ operation }) => operation === 'deleted'), {
        what: 'the deletion',
        timeoutMs: 30_000,
      });
      assert.deepEqual(
        lines().map(({ operation }) => operation),
        ['created', 'changed', 'deleted'],
      );
    } finally {
      if (rules.length > 0) await admin.call('base.automation', 'unlink', { ids: rules });
    }
  });
});
