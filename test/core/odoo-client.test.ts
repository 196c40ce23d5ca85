import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { CrossdockError } from '../../core/errors';
import { createOdooClient, type OdooClient, type OdooConfig } from '../../core/odoo';
import { redact } from '../../core/odoo/client/redact';
import { waitFor } from '../support/wait';
import { CUT, Fault, HANG, raw, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

describe('odoo client', () => {
  let odoo: ScriptedOdoo;
  const clients: OdooClient[] = [];

  beforeEach(async () => {
    odoo = await startScriptedOdoo(() => []);
  });

  afterEach(async () => {
    await odoo.close();
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  function newClient(config: Partial<OdooConfig> = {}): OdooClient {
    const client = createOdooClient({
      url: odoo.url,
      database: 'db',
      login: 'bot',
      apiKey: 'key-secret',
      ...config,
    });
    clients.push(client);
    return client;
  }

  const failure = (work: Promise<unknown>): Promise<CrossdockError> =>
    work.then(
      () => assert.fail('the call succeeded'),
      (error: CrossdockError) => error,
    );

  describe('configuration', () => {
    it('names the environment variable that is not set', () => {
      assert.throws(
        () => newClient({ apiKey: '$' + '{ODOO_API_KEY}' }),
        (error: CrossdockError) => {
          assert.equal(error.code, 'CONFIG_ENV_MISSING');
          assert.match(error.message, /^environment variable ODOO_API_KEY is not set/);
          return true;
        },
      );
    });

    it('takes addresses as people paste them', () => {
      for (const [given, base] of [
        ['https://odoo.example.com/', 'https://odoo.example.com'],
        ['https://odoo.example.com/odoo/sales/12', 'https://odoo.example.com'],
        ['http://host:8069/base//', 'http://host:8069/base'],
        ['https://odoo.example.com/web#action=1', 'https://odoo.example.com'],
      ]) {
        assert.equal(newClient({ url: given ?? '' }).url, base);
      }
    });

    it('refuses what cannot be an address, a database or a key', () => {
      for (const wrong of [
        { url: '' },
        { url: 'odoo' },
        { url: 'ftp://odoo' },
        { url: 'https://me:pw@odoo' },
        { database: ' ' },
        { apiKey: '' },
        { timeoutMs: 0 },
      ]) {
        assert.throws(() => newClient(wrong), { code: 'CONFIG_INVALID' });
      }
    });
  });

  describe('version and transport', () => {
    it('uses JSON-2 from 19 on and JSON-RPC before, asking once', async () => {
      for (const [info, transport] of [
        [[19, 0, 0, 'final', 0, ''], 'json2'],
        [['saas~19', 2, 0, 'final', 0, ''], 'json2'],
        [[18, 0, 0, 'final', 0, ''], 'jsonrpc'],
        [['saas~17', 4, 0, 'final', 0, ''], 'jsonrpc'],
      ] as const) {
        odoo.version = [...info];
        odoo.versionRequests = 0;
        odoo.calls.length = 0;
        odoo.script = ({ model }) => (model === 'common' ? 7 : []);
        const client = newClient();
        await Promise.all([
          client.call('sale.order', 'read', { ids: [1] }),
          client.call('sale.order', 'read', { ids: [2] }),
        ]);
        assert.equal((await client.version()).transport, transport);
        assert.equal(odoo.versionRequests, 1);
        assert.ok(odoo.calls.every((call) => call.transport === transport));
      }
    });

    it('asks again after a failed detection', async () => {
      const client = newClient();
      odoo.version = raw(503, { 'retry-after': '7' }, 'starting');
      const error = await failure(client.version());
      assert.equal(error.code, 'ODOO_UNAVAILABLE');
      assert.equal(error.retryAfterMs, 7000);
      odoo.version = [19, 0];
      assert.equal((await client.version()).major, 19);
    });

    it('sends the same call over both transports', async () => {
      const seen = [];
      for (const transport of ['json2', 'jsonrpc'] as const) {
        odoo.calls.length = 0;
        odoo.script = ({ model }) => (model === 'common' ? 7 : [{ id: 3 }]);
        const rows = await newClient({ transport }).call('sale.order', 'read', {
          ids: [3],
          args: { fields: ['id'] },
          context: { lang: 'de_DE' },
        });
        assert.deepEqual(rows, [{ id: 3 }]);
        const { headers: _headers, transport: used, ...call } = odoo.calls.at(-1) ?? assert.fail();
        assert.equal(used, transport);
        seen.push(call);
      }
      assert.deepEqual(seen[0], seen[1]);
    });

    it('sends key and database in the headers of JSON-2, and logs in once over JSON-RPC', async () => {
      await newClient().call('res.users', 'context_get');
      const { headers } = odoo.calls[0] ?? assert.fail();
      assert.equal(headers.authorization, 'bearer key-secret');
      assert.equal(headers['x-odoo-database'], 'db');
      assert.match(String(headers['user-agent']), /crossdock/);
      odoo.calls.length = 0;
      odoo.script = ({ model }) => (model === 'common' ? 7 : null);
      const client = newClient({ transport: 'jsonrpc' });
      await Promise.all([client.call('res.users', 'context_get'), client.call('res.users', 'context_get')]);
      assert.equal(odoo.calls.filter((call) => call.method === 'authenticate').length, 1);
      assert.equal(await client.call('res.users', 'context_get'), null);
    });

    it('logs in again after the key was refused', async () => {
      const client = newClient({ transport: 'jsonrpc' });
      odoo.script = ({ model }) => (model === 'common' ? false : []);
      assert.equal((await failure(client.call('res.users', 'context_get'))).code, 'ODOO_AUTH');
      odoo.script = ({ model }) => (model === 'common' ? 7 : []);
      await client.call('res.users', 'context_get');
    });
  });

  describe('errors', () => {
    const rows: [number, string, string, string][] = [
      [401, 'werkzeug.exceptions.Unauthorized', 'ODOO_AUTH', 'transient'],
      [403, 'odoo.exceptions.AccessDenied', 'ODOO_AUTH', 'transient'],
      [403, 'odoo.exceptions.AccessError', 'ODOO_ACCESS', 'business'],
      [404, 'odoo.exceptions.MissingError', 'ODOO_MISSING', 'permanent'],
      [404, 'werkzeug.exceptions.NotFound', 'ODOO_NOT_FOUND', 'permanent'],
      [409, 'odoo.exceptions.LockError', 'ODOO_LOCKED', 'transient'],
      [422, 'odoo.exceptions.UserError', 'ODOO_VALIDATION', 'business'],
      [422, 'odoo.exceptions.ValidationError', 'ODOO_VALIDATION', 'business'],
      [422, 'werkzeug.exceptions.UnprocessableEntity', 'ODOO_INVALID_CALL', 'permanent'],
      [500, 'builtins.ValueError', 'ODOO_INVALID_CALL', 'permanent'],
      [500, 'psycopg2.errors.InvalidTextRepresentation', 'ODOO_INVALID_CALL', 'permanent'],
      [500, 'psycopg2.errors.SerializationFailure', 'ODOO_SERIALIZATION', 'transient'],
      [500, 'psycopg2.errors.DeadlockDetected', 'ODOO_SERIALIZATION', 'transient'],
      [500, 'psycopg2.errors.LockNotAvailable', 'ODOO_SERIALIZATION', 'transient'],
      [500, 'psycopg2.OperationalError', 'ODOO_DATABASE', 'transient'],
      [500, 'psycopg2.errors.UniqueViolation', 'ODOO_VALIDATION', 'business'],
      [500, 'odoo.addons.other.Strange', 'ODOO_SERVER', 'transient'],
      // All of Odoo 19's exceptions.py that are not above.
      [422, 'odoo.exceptions.RedirectWarning', 'ODOO_VALIDATION', 'business'],
      [500, 'odoo.exceptions.CacheMiss', 'ODOO_VALIDATION', 'business'],
      [500, 'odoo.exceptions.ConcurrencyError', 'ODOO_LOCKED', 'transient'],
      [403, 'odoo.http.SessionExpiredException', 'ODOO_AUTH', 'transient'],
      [403, 'werkzeug.exceptions.Forbidden', 'ODOO_ACCESS', 'business'],
    ];
    /** Exceptions of add-ons, derived from Odoo's: over JSON-2 the status tells, over JSON-RPC nothing does. */
    const byStatus: [number, string][] = [
      [401, 'ODOO_AUTH'],
      [403, 'ODOO_ACCESS'],
      [404, 'ODOO_NOT_FOUND'],
      [409, 'ODOO_LOCKED'],
      [413, 'ODOO_INVALID_CALL'],
      [422, 'ODOO_VALIDATION'],
      [429, 'ODOO_RATE_LIMITED'],
      [500, 'ODOO_SERVER'],
      [501, 'ODOO_NOT_FOUND'],
      [503, 'ODOO_UNAVAILABLE'],
    ];
    for (const [status, code] of byStatus) {
      it(`an unknown exception with status ${status} is ${code}`, async () => {
        odoo.script = () => new Fault(status, 'odoo.addons.acme.tools.AcmeError', 'No');
        const error = await failure(newClient().call('sale.order', 'action_confirm', { ids: [1] }));
        assert.equal(error.code, code);
        assert.equal(
          error.facts.odooError ?? 'odoo.addons.acme.tools.AcmeError',
          'odoo.addons.acme.tools.AcmeError',
        );
      });
    }

    it('keeps what a JSON answer says of Retry-After', async () => {
      for (const [status, code] of [
        [429, 'ODOO_RATE_LIMITED'],
        [503, 'ODOO_UNAVAILABLE'],
      ] as const) {
        const headers = { 'content-type': 'application/json', 'retry-after': '12' };
        odoo.script = () => raw(status, headers, '{"name":"acme.TooMany","message":"slow down"}');
        const error = await failure(newClient().call('sale.order', 'read', { ids: [1] }));
        assert.deepEqual([error.code, error.retryAfterMs], [code, 12_000]);
        odoo.script = () => raw(status, headers, '{"slow":"down"}');
        assert.equal(
          (await failure(newClient().call('sale.order', 'read', { ids: [1] }))).retryAfterMs,
          12_000,
        );
      }
    });

    for (const [status, name, code, kind] of rows) {
      it(`${name} is ${code} (${kind}) over both transports`, async () => {
        odoo.script = ({ model }) =>
          model === 'common' ? 7 : new Fault(status, name, 'No, jane@example.com');
        for (const transport of ['json2', 'jsonrpc'] as const) {
          const error = await failure(
            newClient({ transport }).call('sale.order', 'action_confirm', { ids: [1] }),
          );
          assert.equal(error.code, code);
          assert.equal(error.kind, kind);
          const shown = JSON.stringify([error.message, error.facts]);
          assert.doesNotMatch(shown, /secret|Traceback|jane@/);
        }
      });
    }

    it('tells a lost answer to a write (ambiguous) from one to a read (transient)', async () => {
      for (const [oddity, code] of [
        [HANG, 'ODOO_TIMEOUT'],
        [CUT, 'ODOO_CONNECTION_LOST'],
        [raw(502, { 'content-type': 'text/html' }, '<h1>Bad gateway</h1>'), 'ODOO_GATEWAY'],
      ] as const) {
        // A client of its own: after five failures in a row one leaves Odoo alone.
        const client = newClient({ timeoutMs: 150 });
        await client.version();
        odoo.script = () => oddity;
        const write = await failure(client.call('sale.order', 'load', { args: {} }));
        assert.deepEqual([write.code, write.kind], [code, 'ambiguous']);
        const read = await failure(client.call('sale.order', 'read', { ids: [1] }));
        assert.deepEqual([read.code, read.kind], [code, 'transient']);
      }
    });

    it('gives up on an answer that trickles for ever', async () => {
      odoo.script = () => ({
        odd: 'raw',
        write: (response: import('node:http').ServerResponse) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          const timer = setInterval(() => response.write(' '), 20);
          response.on('close', () => clearInterval(timer));
        },
      });
      const error = await failure(newClient({ timeoutMs: 200 }).call('sale.order', 'read', { ids: [1] }));
      assert.equal(error.code, 'ODOO_TIMEOUT');
    });

    it('repeats a read once when an idle connection turns out to be dead', async () => {
      const client = newClient();
      await client.call('res.users', 'context_get');
      let cuts = 0;
      odoo.script = () => {
        cuts += 1;
        return cuts === 1 ? CUT : ['second'];
      };
      assert.deepEqual(await client.call('sale.order', 'read', { ids: [1] }), ['second']);
    });

    it('says transient when nothing listens', async () => {
      const listener = createServer().listen(0, '127.0.0.1');
      await once(listener, 'listening');
      const { port } = listener.address() as { port: number };
      listener.close();
      await once(listener, 'close');
      const client = newClient({ url: `http://127.0.0.1:${port}` });
      const error = await failure(client.call('sale.order', 'load', { args: {} }));
      assert.deepEqual([error.code, error.kind], ['ODOO_UNREACHABLE', 'transient']);
    });

    it('follows no redirect, and explains redirects and web pages', async () => {
      for (const oddity of [
        raw(303, { location: '/web/database/selector' }, ''),
        raw(301, { location: 'http://127.0.0.1:1/', 'content-type': 'application/json' }, '{}'),
        raw(200, { 'content-type': 'text/html' }, '<html>login</html>'),
        raw(404, { 'content-type': 'text/html' }, '<html>no database</html>'),
        raw(501, { 'content-type': 'text/html' }, '<html>unsupported method POST</html>'),
      ]) {
        odoo.script = () => oddity;
        const error = await failure(newClient().call('sale.order', 'load', { args: {} }));
        assert.deepEqual([error.code, error.kind], ['ODOO_ADDRESS', 'transient']);
        assert.match(error.message, /address/);
        assert.match(error.message, /"db"/);
      }
    });

    it('refuses an answer above the limit', async () => {
      odoo.script = () => 'x'.repeat(5000);
      const client = newClient({ maxResponseBytes: 2000 });
      assert.equal(
        (await failure(client.call('sale.order', 'read', { ids: [1] }))).code,
        'ODOO_RESPONSE_TOO_LARGE',
      );
    });

    it('calls nothing that is not on the list', async () => {
      const client = newClient();
      for (const [model, method] of [
        ['res.users', 'write'],
        ['sale.order', 'unlink'],
        ['sale.order', '_action_confirm'],
        ['sale.order/../res.users', 'read'],
        ['constructor', 'name'],
      ] as const) {
        assert.equal((await failure(client.call(model, method))).code, 'ODOO_NOT_ALLOWED');
      }
      assert.equal(odoo.calls.length, 0);
    });
  });

  describe('limits and closing', () => {
    it('runs no more calls at once than allowed, in order', async () => {
      let running = 0;
      let most = 0;
      const release: (() => void)[] = [];
      odoo.script = async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return [];
      };
      const client = newClient({ maxConcurrent: 2 });
      const calls = [1, 2, 3, 4, 5].map((id) => client.call('sale.order', 'read', { ids: [id] }));
      for (let done = 0; done < 5; done += 1) {
        await waitFor(() => release.length > 0, { what: 'a call' });
        release.shift()?.();
      }
      await Promise.all(calls);
      assert.equal(most, 2);
      assert.deepEqual(
        odoo.calls.map((call) => call.ids?.[0]),
        [1, 2, 3, 4, 5],
      );
    });

    it('lets a call in flight end when closed, and refuses what comes after', async () => {
      let release: (() => void) | undefined;
      odoo.script = () =>
        new Promise((resolve) => {
          release = () => resolve(['late']);
        });
      const client = newClient({ maxConcurrent: 1 });
      const running = client.call('sale.order', 'read', { ids: [1] });
      const waiting = failure(client.call('sale.order', 'read', { ids: [2] }));
      await waitFor(() => release, { what: 'the call' });
      const closed = client.close();
      assert.equal((await failure(client.call('sale.order', 'read', { ids: [3] }))).code, 'ODOO_CLOSED');
      release?.();
      assert.deepEqual(await running, ['late']);
      assert.equal((await waiting).code, 'ODOO_CLOSED');
      await closed;
      assert.equal(odoo.calls.length, 1);
    });
  });

  it('takes personal values out of texts', () => {
    assert.equal(
      redact('Jane Doe <jane.doe@example.com>\n+49 (40) 123-4567 lives in Elm Street 5', [
        'Jane Doe',
        'Elm Street 5',
      ]),
      '… <…> … lives in …',
    );
    assert.equal(redact('id 999999 is unknown', ['']), 'id 999999 is unknown');
  });
});
