import assert from 'node:assert/strict';
import { remarkOf } from '../../nodes/shared/odoo-connections';
import { Fault, type ScriptedOdoo, startScriptedOdoo } from '../core/odoo-scripted';
import { waitFor } from '../support';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const DAY = 86_400_000;

interface Shown {
  readonly id: string;
  readonly open: boolean;
  readonly [property: string]: unknown;
}

describe('odoo server: keys, company, limits', () => {
  const flows = useFlows();
  let odoo: ScriptedOdoo;
  /** Keys that Odoo takes, and when the user's keys end. */
  let valid: Set<string>;
  let ends: (number | false)[];

  beforeEach(async () => {
    valid = new Set(['first-secret']);
    ends = [Date.now() + 5.5 * DAY];
    odoo = await startScriptedOdoo(({ model, method, headers }) => {
      if (!valid.has(String(headers.authorization).replace('bearer ', ''))) {
        return new Fault(401, 'werkzeug.exceptions.Unauthorized', 'Invalid apikey');
      }
      if (method === 'context_get') return { uid: 7 };
      if (method === 'has_access') return true;
      if (model === 'res.users') {
        return [{ id: 7, login: 'bot@acme.example', company_id: [1, 'Acme GmbH'], company_ids: [1, 3] }];
      }
      if (model === 'res.company') {
        return [
          { id: 1, name: 'Acme GmbH' },
          { id: 3, name: 'Acme Ltd' },
        ];
      }
      if (model === 'res.users.apikeys') {
        return ends.map((at) => ({
          scope: false,
          create_date: '2026-01-01 00:00:00',
          expiration_date: at === false ? false : new Date(at).toISOString().slice(0, 19).replace('T', ' '),
        }));
      }
      return [];
    });
  });
  afterEach(() => odoo.close());

  const load = (
    config: Record<string, unknown> = {},
    credentials: Record<string, unknown> = { apiKey: 'first-secret' },
  ): Promise<Running> => {
    const flow: FlowNode[] = [
      ...observers('order'),
      STORE,
      { ...odooServer(odoo.url, config), name: 'main' },
      crossdock('odoo-order', 'order', {}, [['placed']]),
      sink('placed'),
    ];
    return flows.load(flow, { credentials: { server: credentials } });
  };
  const test = async (run: Running): Promise<Record<string, unknown>> => {
    const response = await fetch(`${await run.http('admin')}/crossdock/odoo-server/server/test`, {
      method: 'POST',
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const list = async (run: Running): Promise<readonly Shown[]> => {
    const response = await fetch(`${await run.http('admin')}/crossdock/console/connections`);
    assert.equal(response.status, 200);
    const text = await response.text();
    assert.doesNotMatch(text, /secret/);
    return (JSON.parse(text) as { connections: Shown[] }).connections;
  };

  it('asks nothing on its own, and then says on its nodes when the key ends', async () => {
    const run = await load();
    await run.untilStatus('order', /^ready$/);
    assert.equal(odoo.versionRequests + odoo.calls.length, 0);
    assert.equal((await test(run))['ok'], true);
    const status = await run.untilStatus('order', /^ready, key ends in 5 days$/);
    assert.equal(status.fill, 'yellow');
  });

  it('says it while there is time in the colour of the node, and nothing before', async () => {
    ends = [Date.now() + 12.5 * DAY];
    const run = await load();
    await run.untilStatus('order', /^ready$/);
    await test(run);
    assert.equal((await run.untilStatus('order', /key ends in 12 days/)).fill, 'green');
    const at = Date.UTC(2027, 0, 10);
    const remark = (ms: number): unknown => {
      const key = { state: 'ends', endsAt: new Date(at).toISOString(), exact: true, keys: 1 } as const;
      return remarkOf(key, at - ms);
    };
    assert.equal(remark(40 * DAY), undefined);
    assert.deepEqual(remark(14.2 * DAY), { text: 'key ends in 14 days', urgent: false });
    assert.deepEqual(remark(7.5 * DAY), { text: 'key ends in 7 days', urgent: true });
    assert.deepEqual(remark(1.5 * DAY), { text: 'key ends in 36 h', urgent: true });
    assert.deepEqual(remark(60_000), { text: 'key ends within the hour', urgent: true });
    assert.deepEqual(remark(0), { text: 'key has ended', urgent: true });
    assert.equal(remarkOf({ state: 'endless' }), undefined);
  });

  it('tells a failure without what is said beside it', async () => {
    const run = await load();
    await test(run);
    await run.untilStatus('order', /key ends/);
    run.send('order', { payload: 'no order' });
    const failed = await run.untilStatus('order', 'red');
    assert.doesNotMatch(failed.text ?? '', /key ends/);
  });

  it('uses the next key when it works, and tells so without showing either', async () => {
    valid.add('next-secret');
    ends = [Date.now() + 90 * DAY, Date.now() + 2 * DAY];
    const run = await load({}, { apiKey: 'first-secret', apiKeyNext: 'next-secret' });
    const answer = await test(run);
    assert.deepEqual(answer['keys'], { count: 2, current: 'next', refused: [] });
    assert.doesNotMatch(JSON.stringify(answer), /secret/);
    // Two keys that work: the connection lasts as long as the longer one.
    await run.untilStatus('order', /^ready$/);
    const key = await waitFor(async () => {
      const [shown] = await list(run);
      const found = shown?.['key'] as { state: string; endsAt: string };
      return found.state === 'ends' && found;
    });
    assert.equal(Math.round((Date.parse(key.endsAt) - Date.now()) / DAY), 90);
  });

  const UNSET = '$' + '{NO_SUCH_KEY}';
  it('starts without the environment variable of a next key, as it is set only while keys are exchanged', async () => {
    const run = await load({}, { apiKey: 'first-secret', apiKeyNext: UNSET });
    assert.equal((await test(run))['ok'], true);
  });

  it('does not start without the environment variable of the key', async () => {
    const run = await load({}, { apiKey: UNSET });
    assert.equal((await test(run))['code'], 'CONFIG_ENV_MISSING');
  });

  it('lists the connections, those that nobody uses too, and how they do', async () => {
    const run = await load({ company: 'Acme Ltd' });
    const closed = await list(run);
    assert.deepEqual(
      closed.map(({ id, name, users }) => [id, name, users]),
      [['server', 'main', [{ id: 'order', type: 'crossdock-odoo-order', name: '' }]]],
    );
    await test(run);
    const shown = await waitFor(async () => {
      const [one] = await list(run);
      return one?.['user'] === 'bot@acme.example' && one;
    });
    assert.deepEqual(
      [shown.open, shown['url'], shown['company'], shown['breaker'], shown['waitsMs']],
      [true, odoo.url, 'Acme Ltd', 'closed', 0],
    );
    assert.equal((shown['version'] as { text: string }).text, '19.0');
    const traffic = shown['traffic'] as { calls: number; errors: number };
    assert.ok(traffic.calls > 3 && traffic.errors === 0);
    valid.clear();
    assert.equal((await test(run))['code'], 'ODOO_AUTH');
    const [refused = {} as Shown] = await list(run);
    assert.deepEqual(refused['keys'], { count: 1, current: 'first', refused: ['first'] });
    assert.equal((refused['lastError'] as { code: string }).code, 'ODOO_AUTH');
    await run.redeploy([...observers(), STORE]);
    assert.deepEqual(await list(run), []);
  });

  it('makes calls for its company, and none for one that the user does not have', async () => {
    const run = await load({ company: 'Nobody' });
    const answer = await test(run);
    assert.equal(answer['code'], 'ODOO_COMPANY_UNKNOWN');
    assert.match(String(answer['message']), /Acme GmbH \(1\), Acme Ltd \(3\)/);
  });

  for (const [config, sentence] of [
    [{ allow: 'res.partner: read\nres.partner: _write' }, /line 2: _write is private/],
    [{ callsPerSecond: -1 }, /Calls per second must be a whole number from 0 to 1000/],
    [{ maxConcurrent: 0 }, /Calls at once must be a whole number from 1 to 32/],
    [{ batchWindowMs: 1e9 }, /Gathering time must be a whole number from 0 to 5000/],
    [{ company: '$' + '{NO_COMPANY}' }, /NO_COMPANY is not set/],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(config)}`, async () => {
      const run = await load(config);
      const answer = await test(run);
      assert.equal(answer['ok'], false);
      assert.match(String(answer['message']), sentence);
    });
  }
});
