import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, useFlows } from './harness';

type Answer = Record<string, unknown> & { warnings?: { code: string }[] };
/** An address at which nothing listens. */
const NOWHERE = 'postgres://127.0.0.1:9/none';
/** What Node-RED leaves in a configuration when the environment variable is not set. */
const UNSET = ['$', '{NOT_SET_HERE}'].join('');
const POSTGRES: FlowNode = { ...STORE, kind: 'postgres', url: NOWHERE };
const DEAD_LETTER = crossdock('dead-letter', 'n');

describe('store node', () => {
  const flows = useFlows();
  const load = (store: FlowNode, credentials: Record<string, object> = {}, ...nodes: FlowNode[]) =>
    flows.load([...observers('n'), store, ...nodes], { credentials });

  async function ask(run: Running, method: 'GET' | 'POST', what: string, id = 'store') {
    const response = await fetch(`${await run.http('admin')}/crossdock/store/${id}/${what}`, { method });
    const body = (await response.json()) as Answer;
    return { status: response.status, body };
  }

  it('shows the health of an open store, and opens none to do so', async () => {
    const run = await load(STORE);
    const before = await ask(run, 'GET', 'health');
    assert.deepEqual([before.status, before.body['code']], [200, 'STORE_NOT_OPEN']);
    assert.equal(existsSync(join(run.userDir, 'test.sqlite')), false);
    const { body: tested } = await ask(run, 'POST', 'test');
    assert.equal(tested['ok'], true, String(tested['message']));
    assert.ok(Number(tested['ms']) > 0);
    const { body } = await ask(run, 'GET', 'health');
    assert.deepEqual([body['ok'], body['kind'], body['state']], [true, 'sqlite', 'open']);
    // The desk of its dead letters may be opening.
    assert.ok(Number.isInteger(body['queued']));
    assert.match(String(body['engine']), /^SQLite \d+\.\d+\.\d+$/);
    assert.ok(Number(body['bytes']) > 0 && Number(body['lastCommitAt']) > 0 && Array.isArray(body.warnings));
  });

  it('keeps the file of flows from before there were kinds', async () => {
    const run = await load(
      { id: 'store', type: 'crossdock-store', path: 'old.sqlite', configVersion: 1 },
      {},
      DEAD_LETTER,
    );
    await run.untilStatus('n', /./);
    assert.equal((await ask(run, 'GET', 'health')).body['kind'], 'sqlite');
    assert.ok(existsSync(join(run.userDir, 'old.sqlite')));
  });

  it('names the store that has the file already, instead of a process that is none', async () => {
    const second: FlowNode = { ...STORE, id: 'second', name: '' };
    const both = [
      { ...STORE, name: 'Orders' },
      second,
      DEAD_LETTER,
      crossdock('dead-letter', 'm', { store: 'second' }),
    ];
    const run = await flows.load([...observers('n', 'm'), ...both]);
    await run.untilStatus('n', 'none parked');
    const refused = await run.untilStatus('m', 'red');
    assert.match(refused.text ?? '', /^The store "Orders" of this Node-RED has the file /);
  });

  it('backs a SQLite store up beside its file, one copy at a time', async () => {
    const run = await load(STORE);
    await ask(run, 'POST', 'test');
    const answers = await Promise.all([ask(run, 'POST', 'backup'), ask(run, 'POST', 'backup')]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
    const done = answers.find(({ status }) => status === 200)?.body;
    const file = String(done?.['file']);
    assert.match(file, /^test\.sqlite\.backup-\d{8}T\d{9}Z$/);
    assert.equal(statSync(join(run.userDir, file)).size, done?.['bytes']);
    assert.equal(readdirSync(run.userDir).filter((name) => name.includes('backup')).length, 1);
    const db = new DatabaseSync(join(run.userDir, file), { readOnly: true });
    assert.equal(db.prepare('SELECT count(*) AS n FROM crossdock_probe').get()?.['n'], 1);
    db.close();
    assert.equal((await ask(run, 'POST', 'backup')).status, 200);
  });

  it('says of a store that is not deployed that it is not', async () => {
    const run = await load(STORE, {}, DEAD_LETTER);
    for (const [method, what] of [
      ['GET', 'health'],
      ['POST', 'test'],
      ['POST', 'backup'],
    ] as const) {
      for (const id of ['gone', 'n']) {
        assert.equal((await ask(run, method, what, id)).body['code'], 'NODE_UNKNOWN', `${what} ${id}`);
      }
    }
  });

  it('tells its users and the health panel why PostgreSQL cannot be had, without the password', async () => {
    const secret = 'a stored password';
    const run = await load(POSTGRES, { store: { user: 'gateway', password: secret } }, DEAD_LETTER);
    await run.untilStatus('n', /^PostgreSQL at 127\.0\.0\.1:9\/none cannot be reached/);
    for (const [method, what] of [
      ['GET', 'health'],
      ['POST', 'test'],
      ['POST', 'backup'],
    ] as const) {
      const { body } = await ask(run, method, what);
      assert.deepEqual([body['ok'], body['code']], [false, 'STORE_IO']);
      assert.ok(!JSON.stringify(body).includes(secret));
    }
  });

  for (const { what, config, says } of [
    { what: 'another kind', config: { kind: 'tape' }, says: /^Kind must be one of: sqlite, postgres/ },
    { what: 'no address', config: { url: '' }, says: /^Address of PostgreSQL is missing/ },
    {
      what: 'an unset address',
      config: { url: UNSET },
      says: /^The environment variable NOT_SET_HERE is not set/,
    },
    {
      what: 'an address that is none',
      config: { url: 'db' },
      says: /^The address of PostgreSQL is not a URL/,
    },
    { what: 'a bad schema', config: { schema: 'A b' }, says: /^The schema must be lower-case letters/ },
    {
      what: 'TLS settings that are gone',
      config: { tls: 'gone' },
      says: /^TLS settings are missing or disabled/,
    },
  ]) {
    it(`a PostgreSQL store with ${what} is refused, not guessed at`, async () => {
      const run = await load({ ...POSTGRES, ...config }, {}, DEAD_LETTER);
      assert.match((await run.untilStatus('n', 'red')).text ?? '', says);
    });
  }
});
