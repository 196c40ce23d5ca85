import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { type NodeRed, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { node, post, STORE, TAB, webhook } from './flow';

/** bcrypt of PASSWORD, with a low cost. */
const HASH = '$2b$08$qyGRRKX4iukuBBJjhXQ4r.DLceVVu7K6YCk5U124nGpVi8EYfJw1K';
const PASSWORD = 'a test password';
const USERS = {
  admin: '*',
  reader: 'read',
  outsider: 'flows.read',
  letters: 'crossdock-dead-letters.read',
  stock: 'crossdock-inventory.read',
  reconciler: 'crossdock-reconciler.read',
};
type User = keyof typeof USERS;
/** Nothing listens there. */
const AMQP_URL = 'amqp://127.0.0.1:9';

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
      {
        id: 'broker',
        type: 'crossdock-event-channel',
        kind: 'amqp',
        url: AMQP_URL,
        credentials: { user: 'gateway', password: 'a stored password' },
      },
      { id: 'inStore', type: 'crossdock-event-channel', kind: 'local', store: 'store' },
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
    // It answers before its store is open.
    await waitFor(async () => (await ask('GET', letters, 'admin')).status === 200, {
      what: 'the dead letters',
    });
    await waitFor(async () => (await ask('GET', groups, 'admin')).status === 200, { what: 'the console' });
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
  async function ask(
    method: string,
    path: string,
    user?: User,
    body?: object,
  ): Promise<{ status: number; text: string }> {
    const headers: Record<string, string> =
      user === undefined ? {} : { authorization: `Bearer ${await token(user)}` };
    const response = await fetch(red.url + path, {
      method,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  const letters = '/crossdock/dead-letters/dead';
  const test = '/crossdock/odoo-server/server/test';
  const connections = '/crossdock/console/connections';
  const localTest = '/crossdock/event-channel/inStore/test';
  const topology = '/crossdock/event-channel/topology';
  const health = '/crossdock/store/store/health';
  const storeTest = '/crossdock/store/store/test';
  const backup = '/crossdock/store/store/backup';
  const stores = '/crossdock/console/stores';
  const storesOf = (family: string): string => `${stores}/crossdock-${family}`;
  const groups = '/crossdock/console/store/groups';
  const audit = '/crossdock/console/store/audit';
  const letter = '/crossdock/console/store/letters/none';
  const personal = '/crossdock/console/store/letters/none?personal=1';
  const discard = '/crossdock/console/store/letters/discard';
  const stock = '/crossdock/console/store/stock/channels';
  const reconcilers = '/crossdock/console/store/reconcilers';
  const tellAgain = '/crossdock/console/store/stock/tell-again';
  const baskets = '/crossdock/console/store/baskets';
  for (const { method, path, user, status } of [
    { method: 'GET', path: letters, user: undefined, status: 401 },
    { method: 'GET', path: letters, user: 'outsider', status: 401 },
    { method: 'GET', path: letters, user: 'letters', status: 200 },
    { method: 'GET', path: letters, user: 'reader', status: 200 },
    { method: 'GET', path: letters, user: 'admin', status: 200 },
    { method: 'GET', path: stores, user: undefined, status: 401 },
    { method: 'GET', path: stores, user: 'outsider', status: 401 },
    { method: 'GET', path: stores, user: 'letters', status: 200 },
    { method: 'GET', path: stores, user: 'stock', status: 401 },
    { method: 'GET', path: storesOf('inventory'), user: undefined, status: 401 },
    { method: 'GET', path: storesOf('inventory'), user: 'outsider', status: 401 },
    { method: 'GET', path: storesOf('inventory'), user: 'letters', status: 401 },
    { method: 'GET', path: storesOf('inventory'), user: 'reconciler', status: 401 },
    { method: 'GET', path: storesOf('inventory'), user: 'stock', status: 200 },
    { method: 'GET', path: storesOf('inventory'), user: 'reader', status: 200 },
    { method: 'GET', path: storesOf('reconciler'), user: 'outsider', status: 401 },
    { method: 'GET', path: storesOf('reconciler'), user: 'stock', status: 401 },
    { method: 'GET', path: storesOf('reconciler'), user: 'reconciler', status: 200 },
    { method: 'GET', path: storesOf('cross-references'), user: 'stock', status: 401 },
    { method: 'GET', path: storesOf('cross-references'), user: 'reader', status: 200 },
    { method: 'GET', path: storesOf('contract'), user: 'reconciler', status: 401 },
    { method: 'GET', path: storesOf('contract'), user: 'reader', status: 200 },
    { method: 'GET', path: storesOf('odoo-server'), user: 'letters', status: 401 },
    { method: 'GET', path: storesOf('odoo-server'), user: 'reader', status: 200 },
    { method: 'GET', path: storesOf('dead-letters'), user: 'admin', status: 404 },
    { method: 'GET', path: groups, user: 'stock', status: 401 },
    { method: 'GET', path: audit, user: 'reconciler', status: 401 },
    { method: 'GET', path: reconcilers, user: undefined, status: 401 },
    { method: 'GET', path: reconcilers, user: 'stock', status: 401 },
    { method: 'GET', path: reconcilers, user: 'reconciler', status: 200 },
    { method: 'GET', path: stock, user: 'stock', status: 200 },
    { method: 'GET', path: stock, user: 'reconciler', status: 401 },
    { method: 'POST', path: tellAgain, user: 'stock', status: 401 },
    { method: 'GET', path: groups, user: 'outsider', status: 401 },
    { method: 'GET', path: groups, user: 'letters', status: 200 },
    { method: 'GET', path: audit, user: 'outsider', status: 401 },
    { method: 'GET', path: audit, user: 'reader', status: 200 },
    { method: 'GET', path: letter, user: 'letters', status: 404 },
    // Whoever may read everything may not read personal data by that.
    { method: 'GET', path: personal, user: 'letters', status: 401 },
    { method: 'GET', path: personal, user: 'reader', status: 401 },
    { method: 'GET', path: personal, user: 'admin', status: 404 },
    { method: 'GET', path: stock, user: undefined, status: 401 },
    { method: 'GET', path: stock, user: 'letters', status: 401 },
    { method: 'GET', path: stock, user: 'reader', status: 200 },
    { method: 'POST', path: tellAgain, user: undefined, status: 401 },
    { method: 'POST', path: tellAgain, user: 'reader', status: 401 },
    { method: 'POST', path: tellAgain, user: 'admin', status: 400 },
    { method: 'POST', path: discard, user: 'letters', status: 401 },
    { method: 'POST', path: discard, user: 'reader', status: 401 },
    { method: 'POST', path: discard, user: 'admin', status: 400 },
    { method: 'POST', path: baskets, user: undefined, status: 401 },
    { method: 'POST', path: baskets, user: 'letters', status: 401 },
    { method: 'POST', path: baskets, user: 'admin', status: 400 },
    { method: 'POST', path: `${baskets}/none/start`, user: 'letters', status: 401 },
    { method: 'POST', path: `${baskets}/none/pause`, user: 'reader', status: 401 },
    { method: 'POST', path: `${baskets}/none/cancel`, user: 'admin', status: 404 },
    { method: 'PUT', path: `${baskets}/none/items/1`, user: 'reader', status: 401 },
    { method: 'POST', path: test, user: undefined, status: 401 },
    { method: 'POST', path: test, user: 'reader', status: 401 },
    { method: 'POST', path: test, user: 'letters', status: 401 },
    { method: 'POST', path: test, user: 'admin', status: 200 },
    { method: 'GET', path: connections, user: undefined, status: 401 },
    { method: 'GET', path: connections, user: 'outsider', status: 401 },
    { method: 'GET', path: connections, user: 'letters', status: 401 },
    { method: 'GET', path: connections, user: 'reader', status: 200 },
    { method: 'GET', path: health, user: undefined, status: 401 },
    { method: 'GET', path: health, user: 'outsider', status: 401 },
    { method: 'GET', path: health, user: 'letters', status: 401 },
    { method: 'GET', path: health, user: 'reader', status: 200 },
    { method: 'GET', path: health, user: 'admin', status: 200 },
    { method: 'POST', path: storeTest, user: undefined, status: 401 },
    { method: 'POST', path: storeTest, user: 'reader', status: 401 },
    { method: 'POST', path: storeTest, user: 'admin', status: 200 },
    { method: 'POST', path: backup, user: undefined, status: 401 },
    { method: 'POST', path: backup, user: 'reader', status: 401 },
    { method: 'POST', path: backup, user: 'admin', status: 200 },
    { method: 'POST', path: localTest, user: undefined, status: 401 },
    { method: 'POST', path: localTest, user: 'reader', status: 401 },
    { method: 'POST', path: localTest, user: 'admin', status: 200 },
    { method: 'POST', path: topology, user: undefined, status: 401 },
    { method: 'POST', path: topology, user: 'reader', status: 401 },
    { method: 'POST', path: topology, user: 'letters', status: 401 },
    { method: 'POST', path: topology, user: 'admin', status: 200 },
  ] as const) {
    it(`${method} ${path.split('/').slice(2).join('/')} answers ${status} to ${user ?? 'nobody'}`, async () => {
      const answer = await ask(method, path, user);
      assert.equal(answer.status, status);
      if (status !== 200)
        assert.ok(!answer.text.includes('JSON_INVALID') && !answer.text.includes(odoo.database));
    });
  }

  it('tells who may only read stock which stores there are, and nothing of the dead letters', async () => {
    const all = JSON.parse((await ask('GET', stores, 'admin')).text) as { stores: Record<string, unknown>[] };
    const few = JSON.parse((await ask('GET', storesOf('inventory'), 'stock')).text) as typeof all;
    const [store] = all.stores;
    assert.deepEqual(store?.['deadLetters'], { parked: 1, groups: 1 });
    assert.deepEqual(few, { stores: [{ id: 'store', name: store['name'], kind: 'sqlite', problem: null }] });
  });

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

  it('tests an event channel: what it is connected to, or why not, in a sentence', async () => {
    const local = JSON.parse((await ask('POST', localTest, 'admin')).text) as Record<string, unknown>;
    assert.deepEqual([local['ok'], local['kind']], [true, 'local']);
    assert.match(String(local['protocol']), /^SQLite \d/);
    const { text } = await ask('POST', '/crossdock/event-channel/broker/test', 'admin');
    const amqp = JSON.parse(text) as Record<string, unknown>;
    assert.equal(amqp['ok'], false);
    assert.match(String(amqp['message']), /127\.0\.0\.1:9/);
    assert.ok(!text.includes('a stored password'));
    const gone = JSON.parse(
      (await ask('POST', '/crossdock/event-channel/gone/test', 'admin')).text,
    ) as object;
    assert.deepEqual(gone, {
      ok: false,
      code: 'NODE_UNKNOWN',
      message: 'Deploy the channel first, then test it.',
    });
  });

  interface Answer {
    ok: boolean;
    code?: string;
    message?: string;
    problem?: string;
    rows?: { role: string; name: string; state: string; details: string[] }[];
  }
  async function showTopology(
    config: Record<string, unknown>,
    credentials: Record<string, unknown> = { user: 'gateway', password: '__PWRD__' },
  ): Promise<Answer> {
    const body = {
      id: 'broker',
      config: { url: AMQP_URL, exchange: 'shop.events', ...config },
      credentials,
      subscriptions: [{ name: 'orders', filter: 'order/#' }],
    };
    const { text } = await ask('POST', topology, 'admin', body);
    assert.ok(!text.includes('a stored password'));
    return JSON.parse(text) as Answer;
  }

  it('shows the topology that the dialog asks for, also when the broker is away', async () => {
    const answer = await showTopology({ deliveryLimit: '7', order: 'none' });
    assert.equal(answer.ok, true, answer.message);
    assert.match(answer.problem ?? '', /127\.0\.0\.1:9/);
    const rows = answer.rows ?? [];
    assert.ok(rows.every(({ state }) => state === 'unknown'));
    assert.deepEqual(
      rows.map(({ role }) => role),
      ['events', 'deadLetters', 'dead', 'binding', 'queue', 'binding'],
    );
    const queue = rows.find(({ role }) => role === 'queue');
    assert.equal(queue?.name, 'shop.events.orders');
    assert.ok(queue.details.includes('x-delivery-limit=7'));
    assert.ok(!queue.details.some((detail) => detail.includes('single-active')));
    assert.deepEqual(await showTopology({ shards: 'many' }), {
      ok: false,
      code: 'CONFIG_INVALID',
      message: 'Shards must be a whole number from 1 to 64.',
    });
  });

  it('sends neither the stored password nor an environment variable to an address that is not deployed', async () => {
    const seen: Buffer[] = [];
    const listener = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data) => seen.push(data));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const { port } = listener.address() as AddressInfo;
    const url = `amqp://127.0.0.1:${port}`;
    const variable = ['$', '{PATH}'].join('');
    for (const credentials of [
      { user: 'gateway', password: '__PWRD__' },
      { user: 'gateway', password: variable },
      { user: variable, password: '' },
    ]) {
      const answer = await showTopology({ url }, credentials);
      assert.match(answer.problem ?? '', /^Deploy first/);
    }
    assert.equal((await showTopology({ url: variable })).code, 'DEPLOY_FIRST');
    assert.equal((await showTopology({ exchange: variable })).code, 'DEPLOY_FIRST');
    assert.equal(seen.length, 0);
    listener.close();
  });
});
