import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { CUT, type ScriptedCall, type ScriptedOdoo, startScriptedOdoo } from '../core/odoo-scripted';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const FIELDS = {
  name: { type: 'char', string: 'Name' },
  amount_total: { type: 'monetary', string: 'Total' },
};

describe('odoo call', () => {
  const flows = useFlows();
  let odoo: ScriptedOdoo;
  let answer: (call: ScriptedCall) => unknown;
  beforeEach(async () => {
    answer = () => true;
    odoo = await startScriptedOdoo((call) => (call.method === 'fields_get' ? FIELDS : answer(call)));
  });
  afterEach(() => odoo.close());

  /** Without what the connection asks for itself. */
  const asked = (): ScriptedCall[] =>
    odoo.calls.filter(({ method }) => !['fields_get', 'context_get'].includes(method));
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('call'),
    STORE,
    odooServer(odoo.url),
    crossdock('webhook-in', 'web', { end: 'explicit' }, [['call']]),
    crossdock('odoo-call', 'call', config, [['out']]),
    sink('out'),
  ];
  const load = (config: Record<string, unknown> = {}): Promise<Running> =>
    flows.load(flow(config), { credentials: { server: { apiKey: 'key' } } });

  it('takes model, method, records, arguments and context from wherever they are set to come', async () => {
    const run = await load({
      modelType: 'msg',
      model: 'topic',
      methodType: 'jsonata',
      method: '"action_" & payload.do',
      idsType: 'msg',
      ids: 'payload.orders',
      args: [
        { name: 'text', type: 'str', value: 'a' },
        { name: 'number', type: 'num', value: '1.5' },
        { name: 'flag', type: 'bool', value: 'true' },
        { name: 'list', type: 'json', value: '[1, {"a": null}]' },
        { name: 'own', type: 'msg', value: 'payload.own' },
        { name: 'missing', type: 'msg', value: 'payload.no.such' },
        { name: 'sum', type: 'jsonata', value: '$sum(payload.orders.id)' },
      ],
      contextType: 'json',
      context: '{"lang": "de_DE"}',
    });
    run.send('call', {
      topic: 'sale.order',
      payload: { do: 'confirm', orders: [{ id: 4 }, { id: 5 }], own: 'x' },
    });
    const { payload, ...rest } = await run.nth('out');
    assert.equal(payload, true);
    assert.deepEqual(rest['odoo'], { model: 'sale.order', method: 'action_confirm' });
    const [call] = asked();
    assert.deepEqual(
      [call?.model, call?.method, call?.ids, call?.args, call?.context],
      [
        'sale.order',
        'action_confirm',
        [4, 5],
        { text: 'a', number: 1.5, flag: true, list: [1, { a: null }], own: 'x', sum: 9 },
        { lang: 'de_DE' },
      ],
    );
    await run.untilStatus('call', '1 done');
    await run.nth('completed');
  });

  it('a reading gives plain records and leaves the message under way; a write settles it', async () => {
    answer = ({ method }) => (method === 'read' ? [{ id: 4, name: false, amount_total: 12.5 }] : true);
    const post = async (run: Running, body: object) =>
      fetch(`${await run.http('node')}/in`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const config = { methodType: 'msg', method: 'payload.method', idsType: 'json', ids: '[4]' };
    const run = await load(config);
    await run.untilStatus('web', 'ready');
    await post(run, { method: 'read' });
    const read = await run.nth('out');
    assert.deepEqual(read.payload, [{ id: 4, name: null, amount_total: '12.5' }]);
    assert.equal(scopes.isOpen(read), true);
    await scopes.settle(read, { type: 'completed', result: undefined });
    await post(run, { method: 'action_confirm' });
    assert.equal(scopes.isOpen(await run.nth('out', 2)), false);
    await run.untilStatus('web', 'ready');
  });

  it('what is not allowed never reaches Odoo, and says so', async () => {
    const run = await load({ method: 'unlink', idsType: 'num', ids: '4' });
    run.send('call', { payload: 1 });
    const { error } = await run.nth('caught');
    assert.equal(error?.code, 'ODOO_NOT_ALLOWED');
    assert.deepEqual(asked(), []);
  });

  it('a write whose answer is lost fails once, as ambiguous; its message is not delivered again', async () => {
    answer = () => CUT;
    const run = await load({ method: 'action_confirm', idsType: 'num', ids: '4' });
    await run.untilStatus('web', 'ready');
    await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const caught = await run.nth('caught');
    assert.equal(caught.crossdock?.failure?.kind, 'ambiguous');
    assert.equal(caught.crossdock?.retry, undefined, 'nobody says that it comes again');
    assert.match(caught.error?.message ?? '', /look there before the message is sent again/);
    assert.deepEqual(
      asked().map(({ method }) => method),
      ['action_confirm'],
    );
  });

  it('pages are sent as messages that a join node understands', async () => {
    const rows = [1, 2, 3, 4, 5].map((id) => ({ id, name: `n${id}` }));
    answer = ({ args }) => {
      const [[, , after]] = args['domain'] as [[string, string, number]];
      return rows.filter(({ id }) => id > after).slice(0, Number(args['limit']));
    };
    const run = await load({
      operation: 'read',
      pageSize: 2,
      next: 'now',
      afterType: 'msg',
      after: 'payload',
      args: [{ name: 'fields', type: 'str', value: 'name' }],
    });
    run.send('call', { _msgid: 'asked', payload: 1 });
    await run.nth('completed');
    assert.deepEqual(
      run.got('out').map(({ payload, parts, odoo: about }) => [payload, parts, about]),
      [
        [
          rows.slice(1, 3),
          { id: 'asked', type: 'array', index: 0 },
          { model: 'sale.order', page: 0, lastId: 3, last: false },
        ],
        [
          rows.slice(3, 5),
          { id: 'asked', type: 'array', index: 1, count: 2 },
          { model: 'sale.order', page: 1, lastId: 5, last: true },
        ],
      ],
    );
  });

  it('a wrong configuration is told before any message comes', async () => {
    const run = await load();
    for (const [config, told] of [
      [{ model: '' }, /^Model is missing/],
      [{ args: [{ name: '', type: 'str', value: 'x' }] }, /^An argument has no name/],
      [{ args: [{ name: 'a', type: 'json', value: '{' }] }, /^Argument a is no JSON/],
      [
        {
          args: [
            { name: 'a', value: '1' },
            { name: 'a', value: '2' },
          ],
        },
        /^The argument a is given twice/,
      ],
      [{ methodType: 'jsonata', method: '(' }, /^The expression cannot be read/],
      [{ idsType: 'num', ids: 'x' }, /^Records must be a number/],
    ] as const) {
      await run.redeploy(flow(config));
      await run.untilStatus('call', told);
    }
  });

  it('suggests what the connection allows and the fields of a model, also while Odoo is away', async () => {
    const run = await flows.load(
      flow().map((each) =>
        each.id === 'server' ? { ...each, allow: 'crm.lead: create, write\nres.partner: unlink' } : each,
      ),
      { credentials: { server: { apiKey: 'key' } } },
    );
    await run.untilStatus('call', 'ready');
    const admin = await run.http('admin');
    const get = async (query: string) => {
      const response = await fetch(`${admin}/crossdock/odoo-call/${query}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const all = await get('server/suggestions');
    assert.ok((all.body['models'] as string[]).includes('crm.lead'));
    const one = (await get('server/suggestions?model=res.partner')).body;
    assert.ok(
      (one['methods'] as string[]).includes('unlink') && (one['methods'] as string[]).includes('search_read'),
    );
    assert.deepEqual(
      (one['fields'] as { name: string }[]).map(({ name }) => name),
      ['amount_total', 'name'],
    );
    assert.equal((await get('server/suggestions?model=A%20B')).status, 400);
    assert.deepEqual((await get('nothing/suggestions?model=res.partner')).body['fields'], []);
    await odoo.close();
    const away = (await get('server/suggestions?model=sale.order')).body;
    assert.equal((away['problem'] as { code: string }).code, 'ODOO_UNREACHABLE');
    assert.ok((away['methods'] as string[]).length > 0);
    odoo = await startScriptedOdoo(() => true);
  });
});
