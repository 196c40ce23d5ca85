/** For whom a connection calls: which of its keys, and which company. */
import assert from 'node:assert/strict';
import { ConnectionBench, failure, read, type TestClock } from './odoo-connection-bench';
import { CUT, Fault, type ScriptedOdoo } from './odoo-scripted';

describe('odoo connection: keys and company', () => {
  let odoo: ScriptedOdoo;
  let clock: TestClock;
  const bench = new ConnectionBench();
  const { connect } = bench;
  beforeEach(() => {
    ({ odoo, clock } = bench);
  });

  describe('two keys', () => {
    /** Odoo takes these. */
    let valid: Set<string>;

    beforeEach(() => {
      valid = new Set(['old-secret']);
      odoo.script = ({ transport, method, headers, args }) => {
        if (transport === 'json2') {
          const key = String(headers.authorization).replace('bearer ', '');
          return valid.has(key)
            ? ['done']
            : new Fault(401, 'werkzeug.exceptions.Unauthorized', 'Invalid apikey');
        }
        if (method === 'authenticate') return valid.has(String((args.args as unknown[])[2])) ? 7 : false;
        return ['done'];
      };
    });

    for (const transport of ['json2', 'jsonrpc'] as const) {
      it(`uses the new key once it works, and the old one until then (${transport})`, async () => {
        const client = connect({ transport, apiKeyNext: 'new-secret' });
        assert.deepEqual(await read(client), ['done']);
        assert.deepEqual(client.health().keys, { count: 2, current: 'first', refused: ['next'] });
        valid.add('new-secret');
        await read(client);
        assert.equal(client.health().keys.current, 'first');
        // A refused key is not tried with every call, but again after a while.
        clock.pass(10 * 60_000);
        await read(client);
        assert.deepEqual(client.health().keys, { count: 2, current: 'next', refused: [] });
        valid.delete('old-secret');
        assert.deepEqual(await read(client), ['done']);
      });
    }

    it('tries the other key at once when the one in use is refused, also for a write', async () => {
      valid.add('new-secret');
      const client = connect({ apiKeyNext: 'new-secret' });
      const told: string[] = [];
      client.onHealth(() => told.push(client.health().keys.current));
      await read(client);
      assert.equal(client.health().keys.current, 'next');
      valid.delete('new-secret');
      assert.deepEqual(await client.call('sale.order', 'load', { args: {} }), ['done']);
      assert.equal(client.health().keys.current, 'first');
      assert.deepEqual(told.slice(-1), ['first']);
    });

    it('fails as one refused key does when both are, and recovers with either', async () => {
      valid.clear();
      const client = connect({ apiKeyNext: 'new-secret' });
      const error = await failure(read(client));
      assert.deepEqual([error.code, error.kind], ['ODOO_AUTH', 'transient']);
      assert.doesNotMatch(JSON.stringify([error.message, error.facts, client.health()]), /secret/);
      assert.deepEqual(client.health().keys.refused, ['first', 'next']);
      valid.add('old-secret');
      assert.deepEqual(await read(client), ['done']);
    });

    it('does not change keys for what is no refusal of the key', async () => {
      const client = connect({ apiKeyNext: 'new-secret' });
      valid.add('new-secret');
      odoo.script = () => CUT;
      await failure(client.call('sale.order', 'load', { args: {} }));
      odoo.script = () => new Fault(403, 'odoo.exceptions.AccessError', 'no');
      assert.equal((await failure(read(client))).code, 'ODOO_ACCESS');
      assert.deepEqual(client.health().keys, { count: 2, current: 'next', refused: [] });
      assert.ok(odoo.calls.every(({ headers }) => headers.authorization === 'bearer new-secret'));
    });
  });

  describe('company', () => {
    beforeEach(() => {
      odoo.script = ({ model, method }) => {
        if (method === 'context_get') return { uid: 7 };
        if (model === 'res.users') return [{ id: 7, company_ids: [1, 3, 4, 5] }];
        if (model === 'res.company')
          return [
            { id: 1, name: 'Acme GmbH' },
            { id: 3, name: 'Acme Ltd' },
            { id: 4, name: 'Twin' },
            { id: 5, name: 'Twin' },
          ];
        return [];
      };
    });
    const companyOf = (): unknown => odoo.calls.at(-1)?.context?.['allowed_company_ids'];

    it('makes every call for the company of the connection, by name or id, asking once', async () => {
      for (const company of ['Acme Ltd', 'acme ltd', '3']) {
        odoo.calls.length = 0;
        const client = connect({ company });
        await client.call('sale.order', 'read', { ids: [1], context: { lang: 'de_DE' } });
        assert.deepEqual(odoo.calls.at(-1)?.context, { lang: 'de_DE', allowed_company_ids: [3] });
        await read(client);
        assert.equal(odoo.calls.length, 5);
      }
    });

    it('takes another one for one call, and leaves a context alone that says it itself', async () => {
      const client = connect({ company: 'Acme Ltd' });
      await client.call('sale.order', 'read', { ids: [1], company: 'Acme GmbH' });
      assert.deepEqual(companyOf(), [1]);
      await client.call('sale.order', 'read', { ids: [1], company: 1 });
      assert.deepEqual(companyOf(), [1]);
      await client.call('sale.order', 'read', { ids: [1], context: { allowed_company_ids: [1, 3] } });
      assert.deepEqual(companyOf(), [1, 3]);
      const none = connect();
      await read(none);
      assert.equal(odoo.calls.at(-1)?.context, undefined);
    });

    it('fails closed for a company that the user does not have, or whose name is not enough', async () => {
      for (const [company, sentence] of [
        ['Other', /has no company "Other"\. It has: Acme GmbH \(1\), Acme Ltd \(3\)/],
        ['99', /has no company "99"/],
        ['Twin', /2 companies named "Twin": give the company's id \(4, 5\)/],
      ] as const) {
        odoo.calls.length = 0;
        const error = await failure(connect({ company }).call('sale.order', 'load', { args: {} }));
        assert.deepEqual([error.code, error.kind], ['ODOO_COMPANY_UNKNOWN', 'transient']);
        assert.match(error.message, sentence);
        assert.ok(odoo.calls.every(({ model }) => model !== 'sale.order'));
      }
    });
  });
});
