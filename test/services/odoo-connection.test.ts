import assert from 'node:assert/strict';
import type { CrossdockError } from '../../core/errors';
import {
  type ConnectionReport,
  checkConnection,
  createOdooClient,
  keyState,
  type OdooConfig,
  type OdooConnection,
  requireFields,
} from '../../core/odoo';
import { groupFor } from '../../core/odoo/client/advice';
import { CAPABILITIES } from '../../core/odoo/client/capabilities';
import { adminClient, odooFromEnvironment } from '../conformance/sales-fixture';

const { ODOO_TEST_CLERK_LOGIN: clerkLogin = '', ODOO_TEST_CLERK_API_KEY: clerkKey = '' } = process.env;

describe('odoo connection on a real Odoo', () => {
  const server = odooFromEnvironment();
  const clients: OdooConnection[] = [];

  before(function () {
    if (server === undefined || clerkKey === '') this.skip();
  });
  after(() => Promise.all(clients.map((client) => client.close())));

  function connect(config: Partial<OdooConfig> = {}): OdooConnection {
    const client = createOdooClient({ ...(server ?? assert.fail()), ...config });
    clients.push(client);
    return client;
  }
  const clerk = (config: Partial<OdooConfig> = {}): OdooConnection =>
    connect({ login: clerkLogin, apiKey: clerkKey, ...config });
  const failure = (work: Promise<unknown>): Promise<CrossdockError> =>
    work.then(
      () => assert.fail('it succeeded'),
      (error: CrossdockError) => error,
    );
  const missing = (report: ConnectionReport): string[] =>
    report.capabilities.flatMap(({ name, missing }) =>
      missing.map(
        ({ model, operation, reason, group }) => `${name}: ${model} ${operation} ${reason} ${group}`,
      ),
    );

  for (const transport of ['json2', 'jsonrpc'] as const) {
    it(`tells what a salesperson with stock rights may do and what not, over ${transport}`, async () => {
      const report = await checkConnection(clerk({ transport }));
      assert.deepEqual([report.version, report.transport, report.user], ['19.0', transport, clerkLogin]);
      assert.deepEqual(report.excess, []);
      const all = missing(report);
      // Contacts are for those who may create them; a salesperson may not.
      assert.ok(
        all.includes('order: res.partner create right Contact / Creation'),
        `said to be missing: ${all.join('; ')}`,
      );
      assert.ok(
        all.every((line) => !line.includes('sale.order ')),
        all.join('; '),
      );
      // For customers that exist it places orders all the same.
      assert.equal(report.canCreateOrders, true);
      for (const name of ['stock', 'fulfilment', 'cross-reference']) {
        assert.equal(report.capabilities.find((one) => one.name === name)?.may, true, name);
      }
      for (const { name } of CAPABILITIES.filter(({ calls }) => Object.keys(calls).length > 0)) {
        assert.ok(
          report.capabilities.some((one) => one.name === name),
          name,
        );
      }
    });
  }

  it('finds nothing missing for an administrator, and warns of so much power', async () => {
    const report = await checkConnection(connect());
    assert.deepEqual(
      missing(report).filter((line) => !line.includes(' app ')),
      [],
    );
    assert.equal(report.canCreateOrders, true);
    assert.deepEqual(report.excess, ['administrator']);
  });

  it('does for the salesperson what the report says, and gets a clear error otherwise', async () => {
    const client = clerk({ allowAlso: { 'res.partner': ['create'], 'account.move': ['create'] } });
    const values = { args: { vals_list: [{ name: 'zz never created' }] } };
    const contact = await failure(client.call('res.partner', 'create', values));
    assert.deepEqual([contact.code, contact.kind], ['ODOO_ACCESS', 'business']);
    assert.match(contact.message, /no right for res\.partner \(create\)/);
    const invoice = await failure(
      client.call('account.move', 'create', { args: { vals_list: [{ move_type: 'out_invoice' }] } }),
    );
    assert.equal(invoice.code, 'ODOO_ACCESS');
    assert.doesNotMatch(JSON.stringify([contact.message, invoice.message]), /Traceback|\.py/);
    const rows = await client.call<unknown[]>('sale.order', 'search_read', {
      args: { domain: [['id', '=', 0]], fields: ['name'] },
    });
    assert.deepEqual(rows, []);
  });

  it('recommends groups that Odoo has', async () => {
    const admin = adminClient(server ?? assert.fail());
    try {
      const groups = await admin.call<readonly { full_name: string }[]>('res.groups', 'search_read', {
        args: { domain: [], fields: ['full_name'] },
      });
      const names = new Set(groups.map((group) => group.full_name));
      const operations = ['read', 'create', 'write', 'unlink'] as const;
      const models = new Set(CAPABILITIES.flatMap(({ calls }) => Object.keys(calls)));
      for (const model of [...models, 'stock.picking', 'account.move', 'delivery.carrier', 'account.tax']) {
        for (const operation of operations) {
          const group = groupFor({ model, operation }, 19);
          if (group !== undefined) assert.ok(names.has(group), `${model} ${operation}: ${group}`);
        }
      }
    } finally {
      await admin.close();
    }
  });

  it('reads when the key ends, of its own user only', async () => {
    for (const client of [clerk(), connect(), clerk({ transport: 'jsonrpc' })]) {
      const state = await keyState(client);
      assert.equal(state.state, 'ends');
      if (state.state !== 'ends') return;
      assert.ok(Date.parse(state.endsAt) > Date.now());
      assert.deepEqual([state.exact, state.keys], [true, 1]);
    }
  });

  it('uses the old key as long as the next one is none', async () => {
    for (const transport of ['json2', 'jsonrpc'] as const) {
      const client = clerk({ transport, apiKeyNext: '0123456789abcdef0123456789abcdef01234567' });
      await client.call('res.users', 'context_get');
      assert.deepEqual(client.health().keys, { count: 2, current: 'first', refused: ['next'] });
      const swapped = clerk({ transport, apiKey: '0123456789abcdef', apiKeyNext: clerkKey });
      await swapped.call('res.users', 'context_get');
      assert.equal(swapped.health().keys.current, 'next');
      const neither = clerk({ transport, apiKey: 'abc', apiKeyNext: 'def' });
      assert.equal((await failure(neither.call('res.users', 'context_get'))).code, 'ODOO_AUTH');
    }
  });

  it('works for a company by its name, and for no other one', async () => {
    const { company } = await checkConnection(clerk());
    const client = clerk({ company });
    const [partner] = await client.call<readonly object[]>('product.product', 'search_read', {
      args: { domain: [], fields: ['id'], limit: 1 },
    });
    assert.ok(partner);
    const error = await failure(clerk({ company: 'Nobody Ltd' }).call('sale.order', 'read', { ids: [1] }));
    assert.equal(error.code, 'ODOO_COMPANY_UNKNOWN');
    assert.ok(error.message.includes(company));
    // Odoo itself refuses what the user has no part in, should a caller name it in the context.
    const other = await failure(
      client.call('product.product', 'search_read', {
        args: { domain: [], fields: ['id'], limit: 1 },
        context: { allowed_company_ids: [99_999] },
      }),
    );
    assert.equal(other.code, 'ODOO_ACCESS');
  });

  it('says what is wrong with a database that is not there, and with a model that is not there', async () => {
    const wrong = await failure(clerk({ database: 'nosuch' }).call('res.users', 'context_get'));
    assert.equal(wrong.code, 'ODOO_ADDRESS');
    assert.match(wrong.message, /database name "nosuch"/);
    const rpc = clerk({ database: 'nosuch', transport: 'jsonrpc' });
    assert.equal((await failure(rpc.call('res.users', 'context_get'))).code, 'ODOO_DATABASE');
    for (const transport of ['json2', 'jsonrpc'] as const) {
      const client = clerk({ transport });
      const gone = await failure(requireFields(client, { 'stock.production.lot': ['name'] }));
      assert.equal(gone.code, 'ODOO_MODEL_MISSING');
      const field = await failure(requireFields(client, { orderLine: ['taxes', 'x_none'] }));
      assert.deepEqual([field.code, field.facts['field']], ['ODOO_FIELD_MISSING', 'x_none']);
    }
  });
});
