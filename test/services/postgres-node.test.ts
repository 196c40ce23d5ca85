/** The store node on a real PostgreSQL, with its routes. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { crossdock, STORE } from '../nodes/fixtures';
import { observers, useFlows } from '../nodes/harness';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describe('store node on PostgreSQL', function () {
  this.timeout(60_000);
  before(function () {
    if (url === '') this.skip();
  });
  const flows = useFlows();
  const schema = `test_${randomBytes(6).toString('hex')}`;
  after(async () => {
    if (url === '') return;
    const admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await admin.end();
  });

  it('signs in with its credentials, keeps letters, tells its health, and leaves backups to pg_dump', async () => {
    const address = new URL(url);
    const user = decodeURIComponent(address.username);
    const password = decodeURIComponent(address.password);
    address.username = '';
    address.password = '';
    const run = await flows.load(
      [
        ...observers('n'),
        { ...STORE, kind: 'postgres', url: address.href, schema },
        crossdock('dead-letter', 'n', {}, [['parked'], []]),
        { id: 'parked', type: 'helper', z: 'tab', wires: [] },
      ],
      { credentials: { store: { user, password } } },
    );
    run.send('n', { payload: { id: 1 }, error: { message: 'no', source: { id: 'x', type: 'function' } } });
    await run.nth('parked');
    const base = `${await run.http('admin')}/crossdock/store/store`;
    const ask = async (method: string, what: string) => {
      const response = await fetch(`${base}/${what}`, { method });
      const text = await response.text();
      assert.ok(!text.includes(password), 'the password');
      return { status: response.status, body: JSON.parse(text) as Record<string, unknown> };
    };
    const { body: tested } = await ask('POST', 'test');
    assert.equal(tested['ok'], true, String(tested['message']));
    const { body } = await ask('GET', 'health');
    assert.deepEqual([body['ok'], body['kind'], body['state']], [true, 'postgres', 'open']);
    assert.match(String(body['engine']), /^PostgreSQL \d+/);
    assert.ok(Number(body['bytes']) > 0);
    const refused = await ask('POST', 'backup');
    assert.equal(refused.status, 409);
    assert.match(String(refused.body['message']), /pg_dump/);
    await run.redeploy([...observers()]);
  });
});
