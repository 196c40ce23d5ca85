import { type Bench, json2, type OdooFault, raw, rpc } from './odoo-server';

/** Version detection, authentication, and the shape of everything that goes wrong before a method runs. */
export function describeAccess(bench: Bench): void {
  const { check } = bench;
  const json = { 'content-type': 'application/json' };

  describe('version and access', () => {
    it('tells its version without credentials', async () => {
      const answer = await raw(bench.server(), '/web/webclient/version_info', {
        method: 'POST',
        headers: json,
        body: '{}',
      });
      const { result } = JSON.parse(answer.text) as { result: Record<string, unknown> };
      check.equal(answer.status, 200);
      check.equal(result.server_serie, '19.0');
      check.deepEqual((result.server_version_info as unknown[]).slice(0, 4), [19, 0, 0, 'final']);
      check.equal(result.protocol_version, 1);
      const version = await rpc(bench.server(), 'common', 'version', []);
      check.deepEqual(version.value, result);
      const short = await raw(bench.server(), '/json/version');
      check.equal((JSON.parse(short.text) as { version: unknown }).version, result.server_version);
    });

    it('refuses a version request that is no JSON', async () => {
      const answer = await raw(bench.server(), '/web/webclient/version_info', { method: 'POST', body: '{}' });
      check.equal(answer.status, 415);
      check.match(answer.type, /^text\/html/);
    });

    it('lets in with the API key as password', async () => {
      const { database, login, apiKey } = bench.server();
      const uid = await rpc(bench.server(), 'common', 'login', [database, login, apiKey]);
      check.ok(Number.isInteger(uid.value));
      const again = await rpc(bench.server(), 'common', 'authenticate', [database, login, apiKey, {}]);
      check.equal(again.value, uid.value);
    });

    it('answers false to a wrong password and to an unknown login', async () => {
      const { database, login, apiKey } = bench.server();
      for (const args of [
        [database, login, 'wrong'],
        [database, 'nobody', apiKey],
      ]) {
        const reply = await rpc(bench.server(), 'common', 'login', args);
        check.equal(reply.value, false);
        check.equal(reply.fault, undefined);
      }
      const reply = await rpc(bench.server(), 'common', 'authenticate', [database, login, 'wrong', {}]);
      check.equal(reply.value, false);
    });

    it('refuses a call with a wrong key: 401 over JSON-2, AccessDenied over JSON-RPC', async () => {
      const { database, login, apiKey } = bench.server();
      const wrong = await json2(
        bench.server(),
        'res.partner',
        'search',
        { domain: [] },
        { authorization: 'bearer wrong' },
      );
      check.equal(wrong.status, 401);
      check.equal(wrong.fault?.name, 'werkzeug.exceptions.Unauthorized');
      check.equal(wrong.fault?.message, 'Invalid apikey');
      const none = await json2(
        bench.server(),
        'res.partner',
        'search',
        { domain: [] },
        { authorization: '' },
      );
      check.equal(none.status, 401);
      check.match(none.fault?.message ?? '', /use an API Key/);
      const uid = (await rpc(bench.server(), 'common', 'login', [database, login, apiKey])).value;
      const denied = await rpc(bench.server(), 'object', 'execute_kw', [
        database,
        uid,
        'wrong',
        'res.partner',
        'search',
        [[]],
      ]);
      check.equal(denied.status, 200);
      check.equal(denied.fault?.name, 'odoo.exceptions.AccessDenied');
      const empty = await rpc(bench.server(), 'object', 'execute_kw', [
        database,
        uid,
        '',
        'res.partner',
        'search',
        [[]],
      ]);
      check.equal(empty.fault?.name, 'odoo.exceptions.AccessDenied');
      const stranger = await rpc(bench.server(), 'object', 'execute_kw', [
        database,
        99_999_999,
        apiKey,
        'res.partner',
        'search',
        [[]],
      ]);
      check.equal(stranger.fault?.name, 'odoo.exceptions.MissingError');
    });

    it('refuses an unknown database: 404 page over JSON-2, OperationalError over JSON-RPC', async () => {
      const { login, apiKey } = bench.server();
      const reply = await json2(
        bench.server(),
        'res.partner',
        'search',
        { domain: [] },
        { 'x-odoo-database': 'nope' },
      );
      check.equal(reply.status, 404);
      check.match(String(reply.fault), /No database is selected/);
      const other = await rpc(bench.server(), 'common', 'login', ['nope', login, apiKey]);
      check.equal(other.fault?.name, 'psycopg2.OperationalError');
    });

    it('refuses bodies that are no JSON', async () => {
      const bad = await json2(bench.server(), 'res.partner', 'search', '{');
      check.equal(bad.status, 400);
      check.equal(bad.fault?.name, 'werkzeug.exceptions.BadRequest');
      check.match(bad.fault?.message ?? '', /^could not parse the body as json/);
      const plain = await json2(bench.server(), 'res.partner', 'search', '{}', {
        'content-type': 'text/plain',
      });
      check.equal(plain.status, 415);
      const rpcBad = await raw(bench.server(), '/jsonrpc', { method: 'POST', headers: json, body: '{' });
      check.equal(rpcBad.status, 400);
      check.equal(rpcBad.text, 'Invalid JSON data');
      const list = await raw(bench.server(), '/jsonrpc', { method: 'POST', headers: json, body: '[]' });
      check.equal(list.status, 400);
      check.equal(list.text, 'Invalid JSON-RPC data');
    });

    it('points to the right path when it is wrong', async () => {
      for (const init of [{ method: 'GET' }, { method: 'POST', headers: json, body: '{}' }]) {
        const path = init.method === 'GET' ? '/json/2/res.partner/search' : '/json/2';
        const { apiKey, database } = bench.server();
        const headers = { ...init.headers, authorization: `bearer ${apiKey}`, 'x-odoo-database': database };
        const answer = await raw(bench.server(), path, { ...init, headers });
        check.equal(answer.status, 404);
        check.equal(
          (JSON.parse(answer.text) as OdooFault).message,
          'Did you mean POST /json/2/<model>/<method>?',
        );
      }
    });

    it('leaves the result out of a JSON-RPC answer when there is none', async () => {
      const { database, login, apiKey } = bench.server();
      const uid = (await rpc(bench.server(), 'common', 'login', [database, login, apiKey])).value;
      const order = await bench
        .api('JSON-RPC')
        .create('sale.order', { partner_id: bench.fixtures().partner });
      const params = {
        service: 'object',
        method: 'execute_kw',
        args: [database, uid, apiKey, 'sale.order', 'action_unlock', [[order]]],
      };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'call', params });
      const answer = await raw(bench.server(), '/jsonrpc', { method: 'POST', headers: json, body });
      check.deepEqual(JSON.parse(answer.text), { jsonrpc: '2.0', id: 9 });
    });

    it('reports malformed JSON-RPC calls', async () => {
      const { database } = bench.server();
      const service = await rpc(bench.server(), 'nope', 'execute', []);
      check.equal(service.fault?.name, 'builtins.KeyError');
      const method = await rpc(bench.server(), 'common', 'nope', []);
      check.equal(method.fault?.name, 'builtins.Exception');
      check.equal(method.fault?.message, 'Method not found: nope');
      const short = await rpc(bench.server(), 'object', 'execute_kw', [database, 2, 'x']);
      check.equal(short.fault?.message, 'not enough values to unpack (expected at least 5, got 3)');
    });
  });
}
