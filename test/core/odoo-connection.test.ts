/** When a connection calls, and what it tells of itself: breaker, rate limit, counters. */
import assert from 'node:assert/strict';
import type { OdooConnection } from '../../core/odoo';
import { parseAllowLines } from '../../core/odoo/client/allow-lines';
import { ConnectionBench, failure, read, type TestClock } from './odoo-connection-bench';
import { CUT, Fault, raw, type ScriptedOdoo } from './odoo-scripted';

const UNAVAILABLE = raw(503, { 'content-type': 'text/plain' }, 'starting');

describe('odoo connection', () => {
  let odoo: ScriptedOdoo;
  let clock: TestClock;
  const bench = new ConnectionBench();
  const { connect } = bench;
  beforeEach(() => {
    ({ odoo, clock } = bench);
  });

  describe('breaker', () => {
    async function fail(client: OdooConnection, times: number): Promise<void> {
      odoo.script = () => UNAVAILABLE;
      for (let count = 0; count < times; count += 1) {
        assert.equal((await failure(read(client))).code, 'ODOO_UNAVAILABLE');
      }
    }

    it('leaves Odoo alone after five failures in a row, and says for how long', async () => {
      const client = connect();
      await client.version();
      await fail(client, 4);
      assert.equal(client.health().breaker, 'closed');
      await fail(client, 1);
      const sent = odoo.calls.length;
      const error = await failure(read(client));
      assert.deepEqual(
        [error.code, error.kind, error.retryAfterMs],
        ['ODOO_CIRCUIT_OPEN', 'transient', 2000],
      );
      assert.match(error.message, /next try is in 2 s/);
      assert.equal(odoo.calls.length, sent);
      assert.deepEqual([client.health().breaker, client.health().waitsMs], ['open', 2000]);
    });

    it('lets one call find out, waits longer each time it fails, and closes when Odoo answers', async () => {
      const client = connect();
      await client.version();
      await fail(client, 5);
      for (const wait of [2000, 4000, 8000, 16_000, 30_000, 30_000]) {
        assert.equal(client.health().waitsMs, wait);
        clock.pass(wait);
        assert.equal((await failure(read(client))).code, 'ODOO_UNAVAILABLE');
      }
      clock.pass(30_000);
      let release: (() => void) | undefined;
      odoo.script = () =>
        new Promise((resolve) => {
          release = () => resolve(['up']);
        });
      const probe = read(client);
      const second = await failure(read(client));
      assert.deepEqual([second.code, second.retryAfterMs], ['ODOO_CIRCUIT_OPEN', 1000]);
      assert.equal(client.health().breaker, 'probing');
      while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
      release();
      assert.deepEqual(await probe, ['up']);
      assert.equal(client.health().breaker, 'closed');
      odoo.script = () => [];
      await read(client);
      await fail(client, 4);
      assert.equal(client.health().breaker, 'closed');
    });

    it('does not open for failures that are far apart, for refusals, or when some calls succeed', async () => {
      const client = connect();
      await client.version();
      for (let round = 0; round < 4; round += 1) {
        await fail(client, 2);
        clock.pass(31_000);
      }
      await fail(client, 4);
      odoo.script = () => [];
      await read(client);
      await fail(client, 4);
      odoo.script = () => new Fault(422, 'odoo.exceptions.UserError', 'no');
      for (let count = 0; count < 8; count += 1) {
        assert.equal((await failure(read(client))).code, 'ODOO_VALIDATION');
      }
      odoo.script = () => new Fault(401, 'werkzeug.exceptions.Unauthorized', 'no');
      for (let count = 0; count < 8; count += 1) {
        assert.equal((await failure(read(client))).code, 'ODOO_AUTH');
      }
      assert.equal(client.health().breaker, 'closed');
    });

    it('does not open for connections that are lost after the call was sent, nor take them for an answer', async () => {
      const client = connect();
      await client.version();
      odoo.script = () => CUT;
      for (let count = 0; count < 8; count += 1) {
        assert.equal((await failure(client.call('sale.order', 'load', { args: {} }))).kind, 'ambiguous');
      }
      assert.equal(client.health().breaker, 'closed');
      await fail(client, 3);
      odoo.script = () => CUT;
      await failure(client.call('sale.order', 'load', { args: {} }));
      await fail(client, 2);
      assert.equal(client.health().breaker, 'open');
    });

    it('waits as long as Odoo asks, for all calls', async () => {
      const client = connect();
      odoo.script = () => raw(429, { 'retry-after': '40', 'content-type': 'application/json' }, '{}');
      assert.equal((await failure(read(client))).code, 'ODOO_RATE_LIMITED');
      assert.equal((await failure(read(client))).retryAfterMs, 40_000);
      assert.equal(odoo.calls.length, 1);
      clock.pass(40_000);
      odoo.script = () => ['again'];
      assert.deepEqual(await read(client), ['again']);
    });

    it('asks for the version again after an outage: Odoo may have been upgraded meanwhile', async () => {
      const client = connect();
      odoo.version = [18, 0];
      odoo.script = ({ model }) => (model === 'common' ? 7 : []);
      await read(client);
      assert.equal(odoo.calls.at(-1)?.transport, 'jsonrpc');
      await fail(client, 5);
      clock.pass(2000);
      odoo.version = [19, 0];
      odoo.script = () => [];
      await read(client);
      await read(client);
      assert.equal(odoo.calls.at(-1)?.transport, 'json2');
      assert.equal(client.health().version?.major, 19);
    });

    it('tells who listens that it opened and closed', async () => {
      const client = connect();
      const seen: string[] = [];
      await client.version();
      const end = client.onHealth(() => seen.push(client.health().breaker));
      await fail(client, 5);
      clock.pass(2000);
      odoo.script = () => [];
      await read(client);
      // The probe asks for the version too.
      assert.deepEqual([...new Set(seen)], ['open', 'probing', 'closed']);
      end();
      const told = seen.length;
      await fail(client, 5);
      assert.equal(seen.length, told);
    });
  });

  describe('rate limit', () => {
    it('keeps to so many calls per second after a short burst, in order', async () => {
      const client = connect({ callsPerSecond: 2, maxConcurrent: 10 });
      await client.version();
      clock.pass(10_000);
      const done: number[] = [];
      const calls = [1, 2, 3, 4, 5].map(async (id) => {
        await client.call('sale.order', 'read', { ids: [id] });
        done.push(id);
      });
      await Promise.all(calls.slice(0, 2));
      assert.deepEqual(done, [1, 2]);
      assert.deepEqual(clock.slept, [500, 1000, 1500]);
      for (const id of [3, 4, 5]) {
        clock.pass(500);
        await calls[id - 1];
      }
      assert.deepEqual(done, [1, 2, 3, 4, 5]);
      assert.deepEqual(
        odoo.calls.map(({ ids }) => ids?.[0]),
        [1, 2, 3, 4, 5],
      );
    });

    it('waits for nothing without a limit, and refuses a limit that is none', async () => {
      const client = connect();
      await Promise.all(Array.from({ length: 50 }, () => read(client)));
      assert.deepEqual(clock.slept, []);
      for (const callsPerSecond of [0, -1, Number.NaN]) {
        assert.throws(() => connect({ callsPerSecond }), { code: 'CONFIG_INVALID' });
      }
    });

    it('does not send what waited when the connection was closed', async () => {
      const client = connect({ callsPerSecond: 1 });
      await client.version();
      const waiting = failure(read(client));
      while (clock.slept.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const closed = client.close();
      clock.pass(5000);
      assert.equal((await waiting).code, 'ODOO_CLOSED');
      await closed;
      assert.equal(odoo.calls.length, 0);
    });
  });

  it('adds to what Crossdock calls itself, and says how when something is missing', async () => {
    const client = connect({ allowAlso: parseAllowLines('x_route: x_close') });
    await client.call('x_route', 'x_close', { ids: [1] });
    await read(client);
    const error = await failure(client.call('x_route', 'unlink', { ids: [1] }));
    assert.equal(error.code, 'ODOO_NOT_ALLOWED');
    assert.match(error.message, /additional calls/);
  });

  it('counts calls, errors and their duration of the last five minutes', async () => {
    const client = connect();
    await client.version();
    odoo.script = async () => {
      clock.pass(40);
      return [];
    };
    await read(client);
    odoo.script = async () => {
      clock.pass(100);
      return new Fault(422, 'odoo.exceptions.UserError', 'no');
    };
    await failure(read(client));
    const { traffic, lastError } = client.health();
    assert.deepEqual(traffic, {
      minutes: 5,
      calls: 3,
      errors: 1,
      meanMs: 47,
      longestMs: 100,
      byCode: { ODOO_VALIDATION: 1 },
    });
    assert.deepEqual(lastError, { code: 'ODOO_VALIDATION', at: clock.now() });
    clock.pass(5 * 60_000 + 10_000);
    assert.equal(client.health().traffic.calls, 0);
  });

  it('shows nothing of what Odoo says beside its sentence, whatever goes wrong', async () => {
    const statuses = [400, 401, 403, 404, 409, 413, 422, 429, 500, 503];
    for (const status of statuses) {
      for (const transport of ['json2', 'jsonrpc'] as const) {
        odoo.script = ({ method }) =>
          method === 'authenticate' ? 7 : new Fault(status, `acme.Error${status}`, 'Bad');
        const client = connect({ transport });
        const error = await failure(client.call('sale.order', 'action_confirm', { ids: [1] }));
        const shown = [error.message, error.stack, error.cause, { ...error }, client.health()];
        assert.doesNotMatch(JSON.stringify(shown), /debug-secret|argument-secret|Traceback|old-secret/);
      }
    }
  });
});
