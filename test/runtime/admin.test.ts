import assert from 'node:assert/strict';
import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { node, post, STORE, TAB, webhook } from './flow';

/** bcrypt of PASSWORD, with a low cost. */
const HASH = '$2b$08$qyGRRKX4iukuBBJjhXQ4r.DLceVVu7K6YCk5U124nGpVi8EYfJw1K';
const PASSWORD = 'a test password';
const USERS = { admin: '*', reader: 'read', outsider: 'flows.read', letters: 'crossdock-dead-letters.read' };
type User = keyof typeof USERS;

describe('admin routes', () => {
  let odoo: OdooStandIn;
  let dir: TempDir;
  let red: NodeRed;
  before(async () => {
    odoo = await startOdooStandIn();
    dir = tempDir('crossdock-admin-');
    const flows = [
      TAB,
      STORE,
      {
        id: 'server',
        type: 'crossdock-odoo-server',
        url: odoo.url,
        database: odoo.database,
        login: odoo.login,
        credentials: { apiKey: odoo.apiKey },
      },
      webhook('in', {}, [[]]),
      node('catch', 'catch', { scope: null, uncaught: false }, [['dead']]),
      node('crossdock-dead-letter', 'dead', { store: 'store' }, [[], []]),
    ];
    const open = await spawnNodeRed({ userDir: dir.path, flows });
    await waitFor(async () => (await post(open, '/in', 'no JSON')).status === 202, { what: 'the node' });
    await waitFor(
      async () => ((await open.admin('/crossdock/dead-letters/dead')) as { parked: number }).parked === 1,
      {
        what: 'the letter',
      },
    );
    await open.stop();
    red = await spawnNodeRed({
      userDir: dir.path,
      settings: {
        adminAuth: {
          type: 'credentials',
          users: Object.entries(USERS).map(([username, permissions]) => ({
            username,
            password: HASH,
            permissions,
          })),
        },
      },
    });
  });
  after(async () => {
    await red?.remove();
    await odoo.close();
    dir.remove();
  });

  async function token(username: User): Promise<string> {
    const response = await fetch(`${red.url}/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: 'node-red-admin',
        grant_type: 'password',
        scope: USERS[username],
        username,
        password: PASSWORD,
      }),
    });
    assert.equal(response.status, 200, username);
    return ((await response.json()) as { access_token: string }).access_token;
  }
  async function ask(method: string, path: string, user?: User): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> =
      user === undefined ? {} : { authorization: `Bearer ${await token(user)}` };
    const response = await fetch(red.url + path, { method, headers });
    return { status: response.status, text: await response.text() };
  }

  const letters = '/crossdock/dead-letters/dead';
  const test = '/crossdock/odoo-server/server/test';
  for (const { method, path, user, status } of [
    { method: 'GET', path: letters, user: undefined, status: 401 },
    { method: 'GET', path: letters, user: 'outsider', status: 401 },
    { method: 'GET', path: letters, user: 'letters', status: 200 },
    { method: 'GET', path: letters, user: 'reader', status: 200 },
    { method: 'GET', path: letters, user: 'admin', status: 200 },
    { method: 'POST', path: test, user: undefined, status: 401 },
    { method: 'POST', path: test, user: 'reader', status: 401 },
    { method: 'POST', path: test, user: 'letters', status: 401 },
    { method: 'POST', path: test, user: 'admin', status: 200 },
  ] as const) {
    it(`${method} ${path.split('/')[2]} answers ${status} to ${user ?? 'nobody'}`, async () => {
      const answer = await ask(method, path, user);
      assert.equal(answer.status, status);
      if (status !== 200)
        assert.ok(!answer.text.includes('JSON_INVALID') && !answer.text.includes(odoo.database));
    });
  }

  it('shows what is parked: reason, code, times and counts, no body', async () => {
    const { parked, items } = JSON.parse((await ask('GET', letters, 'letters')).text) as {
      parked: number;
      items: Record<string, unknown>[];
    };
    assert.equal(parked, 1);
    const [letter] = items;
    assert.equal(letter?.['code'], 'JSON_INVALID');
    assert.equal(letter?.['source'], 'in');
    assert.equal(letter?.['original'], undefined);
    assert.equal(letter?.['failedAs'], undefined);
  });

  it('tells an administrator what the tested Odoo is, without the key', async () => {
    const { text } = await ask('POST', test, 'admin');
    const result = JSON.parse(text) as Record<string, unknown>;
    assert.equal(result['ok'], true);
    assert.equal(result['version'], '19.0');
    assert.equal(result['transport'], 'json2');
    assert.ok(!text.includes(odoo.apiKey));
  });
});
