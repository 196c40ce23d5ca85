/** The PostgreSQL driver against a real PostgreSQL (POSTGRES_TEST_URL), each test in a schema of its own. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { CrossdockError } from '../../core/errors';
import { openPostgresStore, type PostgresOptions, type Store } from '../../core/store';
import { describeSharedStoreContract, describeStoreContract } from '../core/store-contract';
import { startTcpProxy, type TcpProxy, waitFor } from '../support';

const url = process.env['POSTGRES_TEST_URL'] ?? '';
const missing = (): boolean => url === '';

describe('store: PostgreSQL', function () {
  this.timeout(60_000);
  let admin: Client;
  const schemas: string[] = [];
  const stores: Store[] = [];
  const proxies: TcpProxy[] = [];

  before(async function () {
    if (missing()) this.skip();
    admin = new Client({ connectionString: url });
    await admin.connect();
  });
  afterEach(async () => {
    for (const proxy of proxies) proxy.restore();
    for (const store of stores.splice(0)) await store.close();
    for (const proxy of proxies.splice(0)) await proxy.close();
    for (const schema of schemas.splice(0)) await admin.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  });
  after(() => admin?.end());

  function newSchema(): string {
    const schema = `test_${randomBytes(6).toString('hex')}`;
    schemas.push(schema);
    return schema;
  }
  async function open(schema = newSchema(), options: PostgresOptions = {}, at = url): Promise<Store> {
    const store = await openPostgresStore({ url: at, schema }, options);
    stores.push(store);
    return store;
  }
  async function proxied(): Promise<TcpProxy> {
    const proxy = await startTcpProxy({ target: url });
    proxies.push(proxy);
    return proxy;
  }
  const insert = (n: number) => ({ sql: 'INSERT INTO t (n) VALUES (?)', params: [n] });
  const TABLE = { sql: 'CREATE TABLE t (n BIGINT NOT NULL)' };
  async function rowsIn(schema: string): Promise<number[]> {
    const { rows } = await admin.query<{ n: string }>(`SELECT n FROM "${schema}".t ORDER BY n`);
    return rows.map(({ n }) => Number(n));
  }
  const failsWith = (code: string, kind: string) => (error: unknown) => {
    assert.ok(error instanceof CrossdockError, String(error));
    assert.deepEqual([error.code, error.kind], [code, kind]);
    return true;
  };

  describeStoreContract('postgres', (options) => open(newSchema(), options), missing);
  let shared = '';
  describeSharedStoreContract(
    'postgres',
    () => {
      if (!schemas.includes(shared)) shared = newSchema();
      return open(shared);
    },
    missing,
  );

  it('works in its own schema, with commits that are on disk when they are acknowledged', async () => {
    const schema = newSchema();
    const store = await open(schema);
    const [setting] = await store.run([
      {
        sql: "SELECT current_setting('synchronous_commit') AS sync, current_setting('search_path') AS path",
      },
    ]);
    assert.deepEqual({ ...setting?.rows[0] }, { sync: 'on', path: schema });
    await store.run([TABLE, insert(1)]);
    assert.deepEqual(await rowsIn(schema), [1]);
    const role = (await admin.query<{ name: string }>('SELECT current_user AS name')).rows[0]?.name ?? '';
    await admin.query(`ALTER ROLE "${role}" SET synchronous_commit TO off`);
    try {
      const [weak] = await (await open()).run([
        { sql: "SELECT current_setting('synchronous_commit') AS sync" },
      ]);
      assert.equal(weak?.rows[0]?.['sync'], 'on');
    } finally {
      await admin.query(`ALTER ROLE "${role}" RESET synchronous_commit`);
    }
  });

  it('says in a sentence what keeps it from opening, and nothing secret', async () => {
    const wrong = new URL(url);
    wrong.password = 'not-the-password';
    const cases: [string, string][] = [
      [wrong.href, 'STORE_CREDENTIALS'],
      [url.replace(/\/[^/]*$/, '/no_such_database'), 'STORE_IO'],
      ['postgres://me:secret@127.0.0.1:9/none', 'STORE_IO'],
      [`${url}?sslmode=require`, 'STORE_TLS'],
    ];
    for (const [at, code] of cases) {
      await assert.rejects(openPostgresStore({ url: at, schema: newSchema() }), (error) => {
        failsWith(code, 'transient')(error);
        assert.ok(!/secret|not-the-password/.test((error as Error).message));
        assert.ok(!(error as Error).message.includes(decodeURIComponent(new URL(url).password)));
        return true;
      });
    }
  });

  it('cut at the commit: what is rejected may be there, what is acknowledged is', async () => {
    const proxy = await proxied();
    const schema = newSchema();
    const store = await open(schema, {}, proxy.url);
    await store.run([TABLE]);
    const acknowledged: number[] = [];
    const unknown: number[] = [];
    for (let n = 0; n < 40; n += 1) {
      // At every place of the reply: before, within and behind the answer to COMMIT.
      proxy.cutReplyAfter(n * 4);
      await store.run([insert(n)]).then(
        () => acknowledged.push(n),
        (error: unknown) => {
          failsWith('STORE_IO', 'transient')(error);
          unknown.push(n);
        },
      );
      proxy.restore();
    }
    const there = await rowsIn(schema);
    assert.deepEqual(
      acknowledged.filter((n) => !there.includes(n)),
      [],
      'acknowledged and lost',
    );
    assert.equal(new Set(there).size, there.length, 'twice');
    assert.ok(unknown.length > 5, `${unknown.length} cut`);
    assert.ok(
      unknown.some((n) => there.includes(n)),
      'a commit whose answer was lost: never acknowledged, though done',
    );
  });

  it('connections reset again and again under load: nothing acknowledged is lost, nothing is doubled', async () => {
    const proxy = await proxied();
    const schema = newSchema();
    const store = await open(schema, { maxQueued: 100_000 }, proxy.url);
    await store.run([TABLE]);
    const acknowledged = new Set<number>();
    let next = 0;
    let cuts = 0;
    const caller = async (): Promise<void> => {
      while (cuts < 8) {
        const n = next;
        next += 1;
        await store.run([insert(n)]).then(
          () => acknowledged.add(n),
          (error: unknown) => failsWith('STORE_IO', 'transient')(error),
        );
      }
    };
    const callers = Promise.all(Array.from({ length: 32 }, caller));
    for (; cuts < 8; cuts += 1) {
      const goal = acknowledged.size + 200;
      await waitFor(() => acknowledged.size >= goal, { what: `commits after cut ${cuts}` });
      proxy.reset();
    }
    await callers;
    const there = await rowsIn(schema);
    const have = new Set(there);
    assert.equal(have.size, there.length, 'twice');
    assert.deepEqual(
      [...acknowledged].filter((n) => !have.has(n)),
      [],
    );
  });

  it('half-open: what is under way is rejected, the store connects anew and goes on', async () => {
    const proxy = await proxied();
    const schema = newSchema();
    const store = await open(schema, { answerMs: 3000, waitMs: 30_000 }, proxy.url);
    await store.run([TABLE]);
    const accepted = proxy.accepted;
    proxy.holdReplies();
    const stuck = store.run([insert(1)]);
    await assert.rejects(stuck, failsWith('STORE_IO', 'transient'));
    assert.equal((await store.health()).state, 'failing');
    const waits = store.run([insert(2)]);
    proxy.restore();
    await waits;
    assert.ok(proxy.accepted > accepted);
    assert.equal((await store.health()).state, 'open');
    assert.ok((await rowsIn(schema)).includes(2));
  });

  it('away for longer: units wait a little, then go back with a sentence; it heals by itself', async () => {
    const proxy = await proxied();
    const store = await open(newSchema(), { waitMs: 300, maxQueued: 10 }, proxy.url);
    await store.run([TABLE]);
    proxy.cut();
    await waitFor(async () => (await store.health()).state === 'failing');
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, n) => store.run([insert(n)])));
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as CrossdockError).code : 'done',
    );
    assert.deepEqual(codes, [
      ...Array.from({ length: 10 }, () => 'STORE_IO'),
      'STORE_OVERLOADED',
      'STORE_OVERLOADED',
    ]);
    assert.match((await store.health()).problem ?? '', /PostgreSQL at 127\.0\.0\.1:\d+\/\w+ .*(cut|ended)/);
    proxy.restore();
    await waitFor(async () => (await store.health()).state === 'open');
    await store.run([insert(1)]);
  });

  it('a store that is closed while its server is away ends, and rejects what waits', async () => {
    const proxy = await proxied();
    const store = await open(newSchema(), { waitMs: 200 }, proxy.url);
    proxy.cut();
    const waiting = store.run([{ sql: 'SELECT 1' }]);
    await Promise.all([assert.rejects(waiting, failsWith('STORE_IO', 'transient')), store.close()]);
  });

  it('an administrator ends its backend: it goes on', async () => {
    const store = await open();
    const backend = async (): Promise<unknown> => {
      const [result] = await store.run([{ sql: 'SELECT pg_backend_pid() AS pid' }]);
      return result?.rows[0]?.['pid'];
    };
    const before = await backend();
    await admin.query('SELECT pg_terminate_backend($1)', [before]);
    // Its end was asked for, and may be a moment away.
    await waitFor(async () => (await backend()) !== before, { what: 'another backend' });
  });

  it('what a lost connection still had to do is not done later, behind the back of its caller', async () => {
    const proxy = await proxied();
    const schema = newSchema();
    const store = await open(schema, {}, proxy.url);
    await store.run([TABLE]);
    await admin.query(`BEGIN; LOCK TABLE "${schema}".t IN ACCESS EXCLUSIVE MODE`);
    try {
      const unknown = assert.rejects(store.run([insert(1)]), failsWith('STORE_IO', 'transient'));
      await waitFor(
        async () => {
          const { rows } = await admin.query(
            `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = '"${schema}".t'::regclass`,
          );
          return rows.length > 0;
        },
        { what: 'the lock that it waits for' },
      );
      proxy.reset();
      await unknown;
      // Connected anew, and the table is still locked.
      await store.run([{ sql: 'SELECT 1' }]);
    } finally {
      await admin.query('COMMIT');
    }
    await store.run([insert(2)]);
    assert.deepEqual(await rowsIn(schema), [2]);
  });

  it('half-open while an idea is opened whose tables are there: that fails as soon as anything else', async () => {
    const proxy = await proxied();
    const schema = newSchema();
    const idea = { idea: 'kept', steps: [[TABLE.sql]] };
    const store = await open(schema, { answerMs: 3000 }, proxy.url);
    await store.migrate(idea);
    proxy.blackhole();
    await assert.rejects(store.migrate(idea), failsWith('STORE_IO', 'transient'));
    proxy.restore();
    await waitFor(
      () =>
        store
          .migrate(idea)
          .then(() => true)
          .catch(() => false),
      { what: 'the store' },
    );
  });

  it('rows locked for long: the unit is repeated, then rejected as busy; its neighbours commit', async () => {
    const schema = newSchema();
    const store = await open(schema, { answerMs: 20_000 });
    await store.run([TABLE, insert(1)]);
    await admin.query(`BEGIN; SELECT * FROM "${schema}".t FOR UPDATE`);
    const locked = store.run([{ sql: 'UPDATE t SET n = 2' }]);
    const neighbour = store.run([insert(7)]);
    try {
      await assert.rejects(locked, failsWith('STORE_BUSY', 'transient'));
      await neighbour;
    } finally {
      await admin.query('ROLLBACK');
    }
    assert.deepEqual(await rowsIn(schema), [1, 7]);
  });

  it('a statement that takes too long is cancelled by the server', async () => {
    const store = await open(newSchema(), { answerMs: 6000 });
    await assert.rejects(store.run([{ sql: 'SELECT pg_sleep(60)' }]), failsWith('STORE_BUSY', 'transient'));
    await store.run([{ sql: 'SELECT 1' }]);
  });

  it('a value that the driver cannot write: no half of its unit stays, and nobody waits for ever', async () => {
    const schema = newSchema();
    const store = await open(schema);
    await store.run([TABLE]);
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const broken = { sql: 'INSERT INTO t (n) VALUES (?)', params: [circular as unknown as string] };
    for (const expected of [{}, { expect: 1 }]) {
      await assert.rejects(store.run([insert(1), { ...broken, ...expected }, insert(2)]), CrossdockError);
      await store.run([insert(3)]);
    }
    assert.deepEqual(await rowsIn(schema), [3, 3]);
  });

  it('what only the commit refuses is not acknowledged, and its neighbours are', async () => {
    const schema = newSchema();
    const store = await open(schema);
    await store.run([
      { sql: 'CREATE TABLE t (n BIGINT NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED)' },
      insert(1),
    ]);
    for (const expected of [{}, { expect: 1 }]) {
      const base = 'expect' in expected ? 10 : 20;
      const outcomes = await Promise.allSettled(
        [base, 1, base + 1].map((n) => store.run([{ ...insert(n), ...expected }])),
      );
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      const [, refused] = outcomes;
      if (refused?.status === 'rejected') failsWith('STORE_SQL', 'permanent')(refused.reason);
    }
    assert.deepEqual(await rowsIn(schema), [1, 10, 11, 20, 21]);
  });

  it('a table that changes under prepared statements does not stop it', async () => {
    const schema = newSchema();
    const store = await open(schema);
    await store.run([TABLE, insert(1)]);
    const all = { sql: 'SELECT * FROM t' };
    await store.run([all]);
    await admin.query(`ALTER TABLE "${schema}".t ADD COLUMN more TEXT`);
    const [result] = await store.run([all]);
    assert.deepEqual({ ...result?.rows[0] }, { n: 1, more: null });
  });

  it('keeps every acknowledged unit through kill -9 of the process, and no half of one', async () => {
    const schema = newSchema();
    const acknowledged = new Set<number>();
    for (let round = 0; round < 4; round += 1) {
      const child = fork(
        join(__dirname, '../core/store-writer.js'),
        [url, String(round * 1_000_000), schema],
        {
          stdio: 'pipe',
        },
      );
      let seen = 0;
      await new Promise<void>((resolve, reject) => {
        child.on('exit', () => reject(new Error('the writer ended')));
        child.on('message', (ids: number[]) => {
          for (const id of ids) acknowledged.add(id);
          seen += ids.length;
          if (seen >= 150 + round * 137) resolve();
        });
      });
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    const { rows } = await admin.query<{ n: string; parts: string }>(
      `SELECT n, count(*) AS parts FROM "${schema}".written GROUP BY n`,
    );
    const parts = new Map(rows.map((row) => [Number(row.n), Number(row.parts)]));
    const lost = [...acknowledged].filter((n) => !parts.has(n));
    const torn = [...parts].filter(([, count]) => count !== 2);
    assert.deepEqual({ lost, torn }, { lost: [], torn: [] });
    assert.ok(acknowledged.size > 700);
  });
});
