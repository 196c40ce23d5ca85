import assert from 'node:assert/strict';
import type { CrossdockError } from '../../core/errors';
import {
  checkConnection,
  createOdooClient,
  KeyWatch,
  keyState,
  type OdooConfig,
  type OdooConnection,
  timeLeft,
} from '../../core/odoo';
import { accessReport } from '../../core/odoo/client/access';
import { groupFor } from '../../core/odoo/client/advice';
import { CAPABILITIES, type Capability } from '../../core/odoo/client/capabilities';
import { fieldMap } from '../../core/odoo/client/field-map';
import { stateOf } from '../../core/odoo/client/key-state';
import { waitFor } from '../support';
import { Fault, raw, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

const DAY = 86_400_000;

/** As Odoo writes a time. */
function odooTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

describe('odoo access', () => {
  let odoo: ScriptedOdoo;
  /** What the account may do, as `model operation`; models that are not there at all. */
  let may: Set<string>;
  let absent: Set<string>;
  let keys: { scope: string | false; create_date: string; expiration_date: string | false }[];
  const clients: OdooConnection[] = [];

  beforeEach(async () => {
    may = new Set();
    absent = new Set();
    keys = [];
    odoo = await startScriptedOdoo(({ model, method, args, transport }) => {
      if (method === 'authenticate') return 7;
      if (method === 'context_get') return { uid: 7 };
      if (model === 'res.users' && method === 'read') {
        return [{ id: 7, login: 'bot@acme.example', company_id: [1, 'Acme GmbH'], company_ids: [1, 3] }];
      }
      if (model === 'res.company')
        return [
          { id: 1, name: 'Acme GmbH' },
          { id: 3, name: 'Acme Ltd' },
        ];
      if (model === 'res.users.apikeys') return keys;
      if (absent.has(model)) {
        return transport === 'json2'
          ? new Fault(404, 'werkzeug.exceptions.NotFound', `the model '${model}' does not exist`)
          : new Fault(200, 'odoo.exceptions.UserError', `Object ${model} doesn't exist`);
      }
      return may.has(`${model} ${args.operation}`);
    });
  });

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await odoo.close();
  });

  function connect(config: Partial<OdooConfig> = {}): OdooConnection {
    const client = createOdooClient({
      url: odoo.url,
      database: 'db',
      login: 'bot',
      apiKey: 'key',
      ...config,
    });
    clients.push(client);
    return client;
  }

  const ship: Capability = {
    name: 'ship',
    purpose: 'ship',
    calls: { 'stock.picking': ['button_validate'] },
    access: [
      { model: 'stock.picking', operation: 'write' },
      { model: 'lot', operation: 'create', required: false },
    ],
  };

  for (const major of [19, 17, 15]) {
    it(`names what is missing and the group that gives it, in Odoo ${major}`, async () => {
      odoo.version = [major, 0];
      const lot = major >= 16 ? 'stock.lot' : 'stock.production.lot';
      const nothing = await accessReport(connect(), [ship]);
      assert.deepEqual(nothing.capabilities, [
        {
          name: 'ship',
          purpose: 'ship',
          may: false,
          missing: [
            {
              model: 'stock.picking',
              operation: 'write',
              required: true,
              reason: 'right',
              group: 'Inventory / User',
            },
            { model: lot, operation: 'create', required: false, reason: 'right', group: 'Inventory / User' },
          ],
        },
      ]);
      may.add('stock.picking write');
      const [enough] = (await accessReport(connect(), [ship])).capabilities;
      assert.equal(enough?.may, true);
      assert.deepEqual(
        enough?.missing.map(({ model }) => model),
        [lot],
      );
      may.add(`${lot} create`);
      assert.deepEqual((await accessReport(connect(), [ship])).capabilities[0]?.missing, []);
      absent.add('stock.picking');
      const [without] = (await accessReport(connect(), [ship])).capabilities;
      assert.deepEqual(without?.missing, [
        { model: 'stock.picking', operation: 'write', required: true, reason: 'app' },
      ]);
    });
  }

  it('asks each model and operation once, however many capabilities need it, and calls nothing else', async () => {
    await accessReport(connect(), [ship, { ...ship, name: 'again' }]);
    const asked = odoo.calls.map(({ model, method, args }) => `${model} ${method} ${String(args.operation)}`);
    assert.equal(new Set(asked).size, asked.length);
    assert.ok(odoo.calls.every(({ method }) => method === 'has_access'));
  });

  it('leaves out what nobody does yet, and has a report for everything else', async () => {
    const empty = { name: 'later', purpose: 'later', calls: {}, access: [] };
    assert.deepEqual((await accessReport(connect(), [empty])).capabilities, []);
    const all = await accessReport(connect());
    const used = CAPABILITIES.filter(({ calls }) => Object.keys(calls).length > 0);
    assert.deepEqual(
      all.capabilities.map(({ name }) => name),
      used.map(({ name }) => name),
    );
  });

  it('knows a group for everything that Crossdock needs', () => {
    for (const { access } of CAPABILITIES) {
      for (const need of access) {
        for (const major of [14, 19]) {
          const model = fieldMap({ major, text: '' }).modelOf(need.model);
          assert.ok(groupFor({ ...need, model }, major), `${model} ${need.operation}`);
        }
      }
    }
  });

  it('warns of an account that may much more than it needs', async () => {
    for (const [rights, excess] of [
      [[], []],
      [['ir.config_parameter write'], ['changesSettings']],
      [
        ['ir.actions.server write', 'res.users write'],
        ['managesUsers', 'runsCode'],
      ],
      [['ir.actions.server write', 'res.users write', 'ir.model.access write'], ['administrator']],
    ] as const) {
      may = new Set(rights);
      assert.deepEqual((await accessReport(connect(), [])).excess, excess);
    }
  });

  it('does not take what Odoo cannot say for a yes, nor an outage for a no', async () => {
    const script = odoo.script;
    odoo.script = (call) =>
      call.method === 'has_access' ? new Fault(500, 'builtins.RuntimeError', 'no idea') : script(call);
    const [report] = (await accessReport(connect(), [ship])).capabilities;
    assert.equal(report?.may, false);
    assert.equal(report?.missing[0]?.reason, 'unknown');
    odoo.script = (call) =>
      call.method === 'has_access' ? raw(503, { 'content-type': 'text/plain' }, 'down') : script(call);
    await assert.rejects(accessReport(connect(), [ship]), { code: 'ODOO_UNAVAILABLE' });
  });

  it('tests a connection: who, where, for which company, until when', async () => {
    may.add('sale.order create').add('res.partner create').add('product.product read');
    keys = [
      { scope: false, create_date: '2026-01-01 00:00:00', expiration_date: odooTime(Date.now() + 3 * DAY) },
    ];
    const report = await checkConnection(connect({ company: 'acme ltd' }));
    assert.deepEqual(
      [report.version, report.transport, report.user, report.company, report.otherCompanies],
      ['19.0', 'json2', 'bot@acme.example', 'Acme Ltd', ['Acme GmbH']],
    );
    assert.equal(report.canCreateOrders, report.capabilities.find(({ name }) => name === 'order')?.may);
    assert.deepEqual([report.key.state, report.keys.current, report.unencrypted], ['ends', 'first', false]);
    assert.equal((await checkConnection(connect())).company, 'Acme GmbH');
    await assert.rejects(checkConnection(connect({ company: 'Nobody' })), { code: 'ODOO_COMPANY_UNKNOWN' });
  });

  describe('end of the key', () => {
    const row = (days: number | undefined, scope: string | false = false) => ({
      scope,
      create_date: '2026-01-01 00:00:00',
      expiration_date: days === undefined ? (false as const) : odooTime(Date.now() + days * DAY),
    });
    const daysLeft = async (client: OdooConnection): Promise<unknown> => {
      const state = await keyState(client);
      if (state.state !== 'ends') return state.state;
      return [Math.round((Date.parse(state.endsAt) - Date.now()) / DAY), state.exact];
    };

    it('reads the own keys of the user, alive and for remote calls', async () => {
      keys = [row(5)];
      assert.deepEqual(await daysLeft(connect()), [5, true]);
      const call = odoo.calls.at(-1);
      assert.deepEqual(call?.args['domain'], [['user_id', '=', 7]]);
      assert.deepEqual(call?.args['fields'], ['scope', 'create_date', 'expiration_date']);
      keys = [row(5), row(-1), row(1, 'odoo.addons.mail')];
      assert.deepEqual(await daysLeft(connect()), [5, true]);
      keys = [row(undefined)];
      assert.equal(await daysLeft(connect()), 'endless');
      keys = [];
      assert.equal(await daysLeft(connect()), 'unknown');
    });

    it('goes by the clock of Odoo', async () => {
      keys = [row(0.02)];
      const script = odoo.script;
      odoo.script = (call) =>
        call.method === 'context_get'
          ? raw(
              200,
              { 'content-type': 'application/json', date: new Date(Date.now() + DAY).toUTCString() },
              '{"uid":7}',
            )
          : script(call);
      const client = connect();
      odoo.script = script;
      await client.call('res.users', 'context_get');
      const before = await keyState(client);
      assert.equal(before.state, 'ends');
    });

    it('knows no end before 18, and does not fail when Odoo does not show it', async () => {
      odoo.version = [17, 0];
      assert.deepEqual(await keyState(connect()), { state: 'endless' });
      odoo.version = [19, 0];
      const script = odoo.script;
      for (const fault of [
        new Fault(403, 'odoo.exceptions.AccessError', 'no'),
        new Fault(500, 'builtins.RuntimeError', 'no'),
      ]) {
        odoo.script = (call) => (call.model === 'res.users.apikeys' ? fault : script(call));
        assert.deepEqual(await keyState(connect()), { state: 'unknown' });
      }
      odoo.script = (call) =>
        call.model === 'res.users.apikeys'
          ? raw(503, { 'content-type': 'text/plain' }, 'down')
          : script(call);
      await assert.rejects(keyState(connect()), (error: CrossdockError) => error.code === 'ODOO_UNAVAILABLE');
    });

    it('is asked once somebody has talked to Odoo, and again when another key is used', async () => {
      keys = [row(5)];
      const client = connect({ apiKeyNext: 'next' });
      let told = 0;
      const watch = new KeyWatch(client, () => {
        told += 1;
        throw new Error('a listener that fails');
      });
      assert.deepEqual([watch.state, watch.account], [{ state: 'unknown' }, undefined]);
      assert.equal(odoo.versionRequests, 0);
      await client.call('res.users', 'context_get');
      await waitFor(() => watch.state.state === 'ends', { what: 'the end of the key' });
      assert.deepEqual(watch.account, { user: 'bot@acme.example', company: 'Acme GmbH' });
      assert.equal(timeLeft(watch.state)?.count, 4);
      keys = [row(undefined)];
      const script = odoo.script;
      odoo.script = (call) =>
        call.headers.authorization === 'bearer next'
          ? new Fault(401, 'werkzeug.exceptions.Unauthorized', 'Invalid apikey')
          : script(call);
      await client.call('res.users', 'context_get');
      await waitFor(() => watch.state.state === 'endless', { what: 'the other key' });
      assert.ok(told >= 2);
      watch.close();
      keys = [row(5)];
      odoo.script = script;
      await client.call('res.users', 'context_get');
      assert.equal(watch.state.state, 'endless');
    });

    it('stays unknown while Odoo is not to be asked, and breaks nothing', async () => {
      const client = connect();
      await client.version();
      odoo.script = () => raw(503, { 'content-type': 'text/plain' }, 'down');
      const told = new Promise<void>((resolve) => {
        const watch = new KeyWatch(client, () => {
          assert.deepEqual(watch.state, { state: 'unknown' });
          watch.close();
          resolve();
        });
      });
      await assert.rejects(client.call('res.users', 'context_get'), { code: 'ODOO_UNAVAILABLE' });
      for (let count = 0; count < 4; count += 1)
        await client.call('res.users', 'read').catch(() => undefined);
      await told;
    });

    it('says which of several keys counts', () => {
      const [soon, later, last] = [1, 2, 3].map((days) => Date.UTC(2030, 0, days));
      assert.ok(soon !== undefined && later !== undefined && last !== undefined);
      const endOf = (...args: Parameters<typeof stateOf>): unknown => {
        const state = stateOf(...args);
        return state.state === 'ends' ? [state.endsAt.slice(8, 10), state.exact] : state.state;
      };
      // One key entered, three in Odoo: nobody knows which; the first to end is what one should know of.
      assert.deepEqual(endOf([last, soon, later], 1, 'first'), ['01', false]);
      // Two keys entered that work, and two in Odoo: the connection lasts as long as the longer one.
      assert.deepEqual(endOf([soon, later], 2, 'next'), ['02', true]);
      // The new key works, the old one was refused: it is the newest.
      assert.deepEqual(endOf([last, soon], 1, 'next'), ['03', true]);
      assert.deepEqual(endOf([Number.POSITIVE_INFINITY], 1, 'first'), 'endless');
    });
  });
});
