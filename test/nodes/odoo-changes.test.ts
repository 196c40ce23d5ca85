import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { FakeOdoo } from '../core/changes-odoo';
import { type ScriptedOdoo, startScriptedOdoo } from '../core/odoo-scripted';
import { waitFor } from '../support';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const TOKEN = 'a-token-of-the-test';

describe('odoo changes', () => {
  const flows = useFlows();
  let fake: FakeOdoo;
  let server: ScriptedOdoo;
  beforeEach(async () => {
    fake = new FakeOdoo(new Date().toISOString().slice(0, 19).replace('T', ' '));
    server = await startScriptedOdoo((call) => fake.call(call.model, call.method, { args: call.args }));
  });
  afterEach(() => server.close());

  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('changes'),
    STORE,
    odooServer(server.url),
    crossdock('odoo-changes', 'changes', { pollSeconds: 1, compareMinutes: 0, ...config }, [['out']]),
    sink('out'),
  ];
  const load = (config: Record<string, unknown> = {}): Promise<Running> =>
    flows.load(flow(config), { credentials: { server: { apiKey: 'key' }, changes: { token: TOKEN } } });
  const done = async (run: Running, n: number): Promise<void> => {
    await scopes.settle(await run.nth('out', n), { type: 'completed', result: undefined });
  };

  it('brings a change into the flow, and the next one of the same record when the flow is done with it', async () => {
    const run = await load({ watch: 'own', model: 'res.partner', fields: 'name, state' });
    await run.untilStatus('changes', 'live');
    fake.do((t) => t.create(7, { name: 'new' }));
    const message = await run.nth('out');
    assert.equal(message.topic, 'res.partner');
    const { writeDate, ...payload } = message.payload as Record<string, unknown>;
    assert.match(String(writeDate), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(payload, {
      model: 'res.partner',
      id: 7,
      operation: 'created',
      values: { name: 'new', state: 'draft' },
    });
    fake.tick(1);
    fake.do((t) => t.write(7, { name: 'newer' }));
    fake.do((t) => t.create(8));
    // The other record does not wait; the second version of the first one does.
    assert.equal(((await run.nth('out', 2)).payload as { id: number }).id, 8);
    await done(run, 1);
    const third = (await run.nth('out', 3)).payload as { id: number; values: object };
    assert.deepEqual([third.id, third.values], [7, { name: 'newer', state: 'draft' }]);
    await done(run, 2);
    await done(run, 3);
    await run.untilStatus('changes', 'live');
  });

  it('goes on after a deploy where it stopped', async () => {
    const run = await load();
    await run.untilStatus('changes', 'live');
    const changed = flow({ name: 'changed' });
    fake.do((t) => t.create(1));
    await run.redeploy(changed);
    assert.equal(((await run.nth('out')).payload as { id: number }).id, 1);
    await done(run, 1);
    assert.equal(run.got('out').length, 1);
  });

  it('says what is the matter with Odoo, and is live again when it is back', async () => {
    const run = await load();
    await run.untilStatus('changes', 'live');
    const { script } = server;
    server.script = () => ({
      odd: 'raw',
      write: (response: { writeHead(code: number): { end(): void } }) => response.writeHead(503).end(),
    });
    await run.untilStatus('changes', /not available/);
    server.script = script;
    await run.untilStatus('changes', 'live');
  });

  it('reads no further while as many messages wait as may', async () => {
    const run = await load({ highWater: 1 });
    await run.untilStatus('changes', 'live');
    fake.do((t) => t.create(1));
    await run.nth('out');
    await run.untilStatus('changes', /^reading waits, 1 in the flow/);
    const asked = server.calls.length;
    fake.do((t) => t.create(2));
    await waitFor(() => run.status('changes')?.fill === 'yellow');
    assert.equal(server.calls.length, asked);
    await done(run, 1);
    await run.nth('out', 2);
    await done(run, 2);
  });

  it('a ready-made choice may be narrowed; a filter that is no domain is refused', async () => {
    const run = await load({ domain: '[["state", "=", "sale"]]' });
    await run.untilStatus('changes', 'live');
    fake.do((t) => t.create(1, { state: 'draft' }));
    fake.do((t) => t.create(2, { state: 'sale' }));
    assert.equal(((await run.nth('out')).payload as { id: number }).id, 2);
    await done(run, 1);
    await run.redeploy(flow({ domain: '[["state", "="]]' }));
    await run.untilStatus('changes', /Each term of the domain/);
  });

  it('stock: one message names the products', async () => {
    const run = await load({ watch: 'stock' });
    await run.untilStatus('changes', 'live');
    fake.do((t) => {
      t.create(1, { product_id: [11, 'A'], 'location_id.usage': 'internal', default_code: 'SKU-1' });
      t.create(11, {
        product_id: [11, 'A'],
        'location_id.usage': 'internal',
        default_code: 'SKU-11',
        state: 'draft',
      });
    });
    const { payload } = await run.nth('out');
    assert.deepEqual((payload as { skus: string[]; products: object[] }).skus, ['SKU-11']);
    assert.equal((payload as { model: string }).model, 'stock.quant');
    await done(run, 1);
  });

  describe('hints', () => {
    const post = async (run: Running, path: string, body: string | object = {}, method = 'POST') => {
      const response = await fetch((await run.http('node')) + path, {
        method,
        ...(method === 'POST' ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
      });
      return response.status;
    };
    const hinted = { hints: true, path: '/odoo/changes', pollSeconds: 3600 };

    it('make the node look at once; what they say is not believed', async () => {
      const run = await load(hinted);
      await run.untilStatus('changes', 'live');
      fake.do((t) => t.create(1, { name: 'true' }));
      const hint = { _model: 'sale.order', _id: 1, _action: 'x', name: 'false' };
      assert.equal(await post(run, `/odoo/changes/${TOKEN}`, hint), 202);
      const { payload } = await run.nth('out');
      assert.equal((payload as { values: { name: string } }).values.name, 'true');
      await done(run, 1);
      fake.do((t) => t.unlink(1));
      await waitFor(async () => {
        await post(run, `/odoo/changes/${TOKEN}`, hint);
        return run.got('out').length >= 2;
      });
      const { payload: gone } = await run.nth('out', 2);
      assert.equal((gone as { operation: string }).operation, 'deleted');
      await done(run, 2);
    });

    it('nobody without the token learns that there is something; nonsense does no harm', async () => {
      const run = await load(hinted);
      await run.untilStatus('changes', 'live');
      for (const path of [
        '/odoo/changes',
        '/odoo/changes/',
        `/odoo/changes/${TOKEN}x`,
        `/odoo/changes/x/${TOKEN}`,
      ]) {
        assert.equal(await post(run, path), 404, path);
      }
      assert.equal(await post(run, `/odoo/changes/${TOKEN}`, {}, 'GET'), 404);
      for (const body of [
        '',
        'nonsense',
        '{"__proto__": {"x": 1}}',
        '[1]',
        '{"_model": 7, "_id": "x"}',
        '{"_model": "sale.order", "_id": -1}',
      ]) {
        assert.equal(await post(run, `/odoo/changes/${TOKEN}`, body), 202, body);
      }
      assert.equal(await post(run, `/odoo/changes/${TOKEN}`, 'x'.repeat(70_000)), 413);
      assert.equal(run.got('out').length, 0);
    });

    it('a token that could be guessed is refused', async () => {
      const run = await flows.load(flow(hinted), {
        credentials: { server: { apiKey: 'key' }, changes: { token: 'short' } },
      });
      await run.untilStatus('changes', /at least 16/);
    });

    it('a path that another node has is refused', async () => {
      const run = await flows.load(
        [...flow(hinted), crossdock('webhook-in', 'web', { path: '/odoo/changes' }, [['out']])].reverse(),
        { credentials: { server: { apiKey: 'key' }, changes: { token: TOKEN } } },
      );
      await waitFor(() =>
        [run.status('changes'), run.status('web')].some((status) =>
          /is used by another/.test(status?.text ?? ''),
        ),
      );
    });
  });
});
