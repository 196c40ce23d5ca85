import assert from 'node:assert/strict';
import { CrossdockError } from '../../core/errors';
import { StatementExpectationError, type Store } from '../../core/store';

/** What every driver of the store must do. The PostgreSQL driver joins with its own `open`. */
export function describeStoreContract(name: string, open: () => Promise<Store>): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
      await store.migrate({
        idea: 'contract',
        steps: [
          [
            'CREATE TABLE crossdock_contract (seq {serial}, k TEXT NOT NULL UNIQUE, n BIGINT, body {blob})',
            'CREATE INDEX crossdock_contract_n ON crossdock_contract (n) WHERE n > 0',
          ],
        ],
      });
    });
    afterEach(() => store.close());

    const insert = (k: string, n = 1) => ({
      sql: 'INSERT INTO crossdock_contract (k, n) VALUES (?, ?)',
      params: [k, n],
    });
    const count = async (): Promise<number> => {
      const [result] = await store.run([{ sql: 'SELECT count(*) AS n FROM crossdock_contract' }]);
      return Number(result?.rows[0]?.['n']);
    };

    it('runs the statements of a unit in order and returns rows and changes', async () => {
      const results = await store.run([
        insert('a'),
        insert('b'),
        { sql: 'UPDATE crossdock_contract SET n = n + 1 WHERE n = ?', params: [1] },
        { sql: 'SELECT k, n FROM crossdock_contract ORDER BY k' },
      ]);
      assert.equal(results[2]?.changes, 2);
      assert.deepEqual(
        results[3]?.rows.map((row) => [row['k'], row['n']]),
        [
          ['a', 2],
          ['b', 2],
        ],
      );
    });

    it('rolls a unit back as a whole when one statement fails, and not its neighbours', async () => {
      const outcomes = await Promise.allSettled([
        store.run([insert('x')]),
        store.run([insert('y'), insert('x')]),
        store.run([insert('z')]),
      ]);
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
      const [result] = await store.run([{ sql: 'SELECT k FROM crossdock_contract ORDER BY k' }]);
      assert.deepEqual(
        result?.rows.map((row) => row['k']),
        ['x', 'z'],
      );
    });

    it('names a constraint violation STORE_SQL, permanent', async () => {
      await store.run([insert('x')]);
      await assert.rejects(store.run([insert('x')]), (error) => {
        assert.ok(error instanceof CrossdockError);
        assert.equal(error.code, 'STORE_SQL');
        assert.equal(error.kind, 'permanent');
        return true;
      });
    });

    it('rolls back a unit whose expectation is not met (a lost lease)', async () => {
      await assert.rejects(
        store.run([
          insert('kept-out'),
          { sql: 'UPDATE crossdock_contract SET n = 5 WHERE k = ?', params: ['absent'], expect: 1 },
        ]),
        (error) => error instanceof StatementExpectationError && error.index === 1 && error.actual === 0,
      );
      assert.equal(await count(), 0);
    });

    it('checks the expectation of a single statement and undoes it', async () => {
      await store.run([insert('a'), insert('b')]);
      await assert.rejects(
        store.run([{ sql: 'UPDATE crossdock_contract SET n = 9', expect: 1 }]),
        StatementExpectationError,
      );
      const [result] = await store.run([{ sql: 'SELECT max(n) AS n FROM crossdock_contract' }]);
      assert.equal(result?.rows[0]?.['n'], 1);
    });

    it('commits the units of one caller in the order of their calls', async () => {
      const order: number[] = [];
      await Promise.all(
        Array.from({ length: 300 }, (_, n) => store.run([insert(`k${n}`, n)]).then(() => order.push(n))),
      );
      assert.deepEqual(
        order,
        Array.from({ length: 300 }, (_, n) => n),
      );
      const [result] = await store.run([{ sql: 'SELECT n FROM crossdock_contract ORDER BY seq' }]);
      assert.deepEqual(
        result?.rows.map((row) => row['n']),
        order,
      );
    });

    it('lets an upsert decide in one statement, with RETURNING', async () => {
      const claim = (owner: number) =>
        store.run([
          {
            sql: `INSERT INTO crossdock_contract (k, n) VALUES (?, ?)
                  ON CONFLICT (k) DO UPDATE SET n = excluded.n WHERE crossdock_contract.n = 0 RETURNING n`,
            params: ['lock', owner],
          },
        ]);
      const results = await Promise.all([claim(7), claim(8), claim(9)]);
      assert.equal(results.filter(([result]) => result?.rows.length === 1).length, 1);
    });

    it('keeps integers up to 2^53 and binary data as they are', async () => {
      const bytes = new Uint8Array([0, 255, 128, 10]);
      await store.run([
        {
          sql: 'INSERT INTO crossdock_contract (k, n, body) VALUES (?, ?, ?)',
          params: ['big', Number.MAX_SAFE_INTEGER, bytes],
        },
      ]);
      const [result] = await store.run([{ sql: 'SELECT n, body FROM crossdock_contract' }]);
      assert.equal(result?.rows[0]?.['n'], Number.MAX_SAFE_INTEGER);
      assert.deepEqual(new Uint8Array(result?.rows[0]?.['body'] as Uint8Array), bytes);
    });

    it('gives its clock in milliseconds', async () => {
      const before = Date.now();
      const [result] = await store.run([{ sql: 'SELECT {now} AS now' }]);
      const now = Number(result?.rows[0]?.['now']);
      assert.ok(now >= before - 1000 && now <= Date.now() + 1000, `clock ${now}`);
    });

    it('brings a schema forward step by step, once', async () => {
      const first = ['CREATE TABLE crossdock_steps (a TEXT)'];
      const second = ['ALTER TABLE crossdock_steps ADD COLUMN b TEXT', "UPDATE crossdock_steps SET b = 'x'"];
      await store.migrate({ idea: 'steps', steps: [first] });
      await store.run([{ sql: "INSERT INTO crossdock_steps (a) VALUES ('old')" }]);
      await Promise.all([
        store.migrate({ idea: 'steps', steps: [first, second] }),
        store.migrate({ idea: 'steps', steps: [first, second] }),
      ]);
      await store.migrate({ idea: 'steps', steps: [first, second] });
      const [rows, ledger] = await store.run([
        { sql: 'SELECT a, b FROM crossdock_steps' },
        { sql: "SELECT count(*) AS n FROM crossdock_schema WHERE idea = 'steps'" },
      ]);
      assert.deepEqual({ ...rows?.rows[0] }, { a: 'old', b: 'x' });
      assert.equal(Number(ledger?.rows[0]?.['n']), 2);
    });

    it('leaves the old version when a step fails, and refuses a store from the future', async () => {
      await assert.rejects(
        store.migrate({ idea: 'broken', steps: [['CREATE TABLE crossdock_broken (a TEXT)', 'NOT SQL']] }),
      );
      await assert.rejects(store.run([{ sql: 'SELECT * FROM crossdock_broken' }]));
      await store.run([
        { sql: "INSERT INTO crossdock_schema (idea, version, applied_at) VALUES ('future', 9, 0)" },
      ]);
      await assert.rejects(store.migrate({ idea: 'future', steps: [] }), /newer Crossdock/);
    });

    it('refuses units after close, as transient, and commits what was queued before', async () => {
      const last = store.run([insert('last')]);
      const closed = store.close();
      await last;
      await closed;
      await assert.rejects(store.run([insert('late')]), (error) => {
        return error instanceof CrossdockError && error.code === 'STORE_CLOSED' && error.retryable;
      });
      assert.equal((await store.health()).state, 'closed');
    });
  });
}
