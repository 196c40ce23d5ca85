import assert from 'node:assert/strict';
import { CrossdockError } from '../../core/errors';
import { StatementExpectationError, type Store, type StoreOptions } from '../../core/store';

/**
 * What every driver of the store must do.
 * @param open opens a new, empty store
 */
export function describeStoreContract(
  name: string,
  open: (options?: StoreOptions) => Promise<Store>,
  skipWithout: () => boolean = () => false,
): void {
  describe(`store contract: ${name}`, () => {
    let store: Store;

    before(function () {
      if (skipWithout()) this.skip();
    });

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
    // Undefined when the suite was skipped.
    afterEach(() => store?.close());

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

    it('goes around many failing units among many, in order', async () => {
      const units = Array.from({ length: 60 }, (_, n) => {
        if (n % 7 === 3) return [insert(`k${n}`, n), insert('k0')];
        if (n % 11 === 5) {
          return [
            insert(`k${n}`, n),
            { sql: 'UPDATE crossdock_contract SET n = 0 WHERE k = ?', params: ['none'], expect: 1 },
          ];
        }
        return [insert(`k${n}`, n)];
      });
      const ended: number[] = [];
      const outcomes = await Promise.allSettled(
        units.map((unit, n) => store.run(unit).finally(() => ended.push(n))),
      );
      const kept = units.flatMap((unit, n) => (unit.length === 1 ? [n] : []));
      assert.deepEqual(
        outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : [])),
        kept,
      );
      const reasons = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
      assert.ok(reasons[3] instanceof CrossdockError && reasons[3].code === 'STORE_SQL', String(reasons[3]));
      assert.ok(reasons[16] instanceof StatementExpectationError, String(reasons[16]));
      assert.deepEqual(
        ended,
        units.map((_, n) => n),
      );
      const [result] = await store.run([{ sql: 'SELECT n FROM crossdock_contract ORDER BY seq' }]);
      assert.deepEqual(
        result?.rows.map((row) => row['n']),
        kept,
      );
    });

    it('lets a unit see what the units before it did, and not what failed', async () => {
      const [, , seen] = await Promise.allSettled([
        store.run([insert('a', 1)]),
        store.run([insert('b', 2), insert('a', 3)]),
        store.run([{ sql: 'SELECT k FROM crossdock_contract ORDER BY k' }]),
      ]);
      assert.ok(seen?.status === 'fulfilled');
      assert.deepEqual(
        seen.value[0]?.rows.map((row) => row['k']),
        ['a'],
      );
    });

    it('refuses nonsense as permanent, and goes on', async () => {
      const permanent = (error: unknown): boolean =>
        error instanceof CrossdockError && error.code === 'STORE_SQL' && error.kind === 'permanent';
      await assert.rejects(store.run([{ sql: 'SELEKT 1' }]), permanent);
      await assert.rejects(store.run([insert('x'), { sql: 'SELECT * FROM crossdock_nowhere' }]), permanent);
      await store.run([insert('y')]);
      assert.equal(await count(), 1);
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

    it('gives numbers for sums, counts and comparisons, null for nothing, and text as it is', async () => {
      const text = 'Grüße, "quotes", \'apostrophes\', 日本語, \u{1F4E6}, ? and {now}';
      await store.run([insert('a', 2), insert('b', Number.MAX_SAFE_INTEGER - 2), insert(text)]);
      const [sums, found, none] = await store.run([
        {
          sql: 'SELECT sum(n) AS total, count(*) AS rows, max(n) > 5 AS large FROM crossdock_contract WHERE n > 1',
        },
        { sql: "SELECT k, '?{now}' AS literal FROM crossdock_contract WHERE k = ?", params: [text] },
        { sql: 'SELECT sum(n) AS total, max(k) AS k FROM crossdock_contract WHERE n < 0' },
      ]);
      assert.deepEqual({ ...sums?.rows[0] }, { total: Number.MAX_SAFE_INTEGER, rows: 2, large: 1 });
      assert.deepEqual({ ...found?.rows[0] }, { k: text, literal: '?{now}' });
      assert.deepEqual({ ...none?.rows[0] }, { total: null, k: null });
    });

    it('takes text with a NUL, and finds it again by the same text', async () => {
      const text = 'SKU "A\0B" is missing';
      await store.run([insert('neighbour'), insert(text, 7)]);
      const [found] = await store.run([
        { sql: 'SELECT n, k FROM crossdock_contract WHERE k = ?', params: [text] },
      ]);
      assert.equal(found?.rows[0]?.['n'], 7);
      assert.match(String(found?.rows[0]?.['k']), /^SKU "A.B" is missing$/s);
    });

    it('binds null, bigints and empty bytes, and counts what a DELETE or an UPDATE touched', async () => {
      await store.run([
        {
          sql: 'INSERT INTO crossdock_contract (k, n, body) VALUES (?, ?, ?), (?, ?, ?)',
          params: ['a', 9007199254740991n, new Uint8Array(), 'b', null, null],
        },
      ]);
      const [rows, changed, gone] = await store.run([
        { sql: 'SELECT n, body FROM crossdock_contract ORDER BY k' },
        { sql: 'UPDATE crossdock_contract SET n = n WHERE n IS NULL' },
        {
          sql: `WITH picked AS MATERIALIZED (SELECT k FROM crossdock_contract ORDER BY k LIMIT 5 {skip_locked})
            DELETE FROM crossdock_contract WHERE k IN (SELECT k FROM picked)`,
        },
      ]);
      assert.equal(rows?.rows[0]?.['n'], Number.MAX_SAFE_INTEGER);
      assert.deepEqual(new Uint8Array(rows?.rows[0]?.['body'] as Uint8Array), new Uint8Array());
      assert.deepEqual({ ...rows?.rows[1] }, { n: null, body: null });
      assert.deepEqual([rows?.changes, changed?.changes, gone?.changes], [2, 1, 2]);
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

    it('bounds what waits, and commits what it has taken', async () => {
      const small = await open({ maxQueued: 5 });
      try {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 8 }, () => small.run([{ sql: 'SELECT 1' }])),
        );
        const refused = outcomes.flatMap((outcome) =>
          outcome.status === 'rejected' ? [outcome.reason] : [],
        );
        assert.equal(refused.length, 3);
        for (const reason of refused) {
          assert.ok(
            reason instanceof CrossdockError && reason.code === 'STORE_OVERLOADED' && reason.retryable,
          );
        }
        await small.run([{ sql: 'SELECT 1' }]);
      } finally {
        await small.close();
      }
    });

    it('tells what it is and how it is', async () => {
      const before = Date.now();
      await store.run([insert('a')]);
      const health = await store.health();
      assert.equal(health.state, 'open');
      assert.match(health.engine, /^(SQLite|PostgreSQL) \d+\.\d+/);
      assert.ok(health.bytes > 0, `${health.bytes} bytes`);
      assert.ok((health.lastCommitAt ?? 0) >= before - 1000, 'last commit');
      assert.deepEqual([health.queued, health.problem], [0, undefined]);
      for (const { code, message } of health.warnings) assert.ok(/^STORE_/.test(code) && message.length > 20);
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

/** What a driver must do whose store several processes share. `open` opens the same store each time. */
export function describeSharedStoreContract(
  name: string,
  open: () => Promise<Store>,
  skipWithout: () => boolean = () => false,
): void {
  describe(`shared store contract: ${name}`, () => {
    let stores: Store[];
    before(function () {
      if (skipWithout()) this.skip();
    });
    beforeEach(async () => {
      stores = await Promise.all(Array.from({ length: 3 }, open));
    });
    afterEach(() => Promise.all((stores ?? []).map((store) => store.close())));

    it('brings the schema forward once when several open at the same time', async () => {
      const steps = [
        ['CREATE TABLE crossdock_race (a BIGINT)', 'INSERT INTO crossdock_race (a) VALUES (1)'],
        ['ALTER TABLE crossdock_race ADD COLUMN b TEXT', 'INSERT INTO crossdock_race (a) VALUES (2)'],
      ];
      await Promise.all(
        stores.flatMap((store) => [
          store.migrate({ idea: 'race', steps }),
          store.migrate({ idea: 'race', steps }),
        ]),
      );
      const [rows] = (await stores[0]?.run([{ sql: 'SELECT a FROM crossdock_race ORDER BY a' }])) ?? [];
      assert.deepEqual(
        rows?.rows.map((row) => row['a']),
        [1, 2],
      );
    });

    it('leases rows to one store each, at most as many as were asked for, while others wait for nothing', async () => {
      const [first] = stores;
      await first?.migrate({
        idea: 'lease',
        steps: [['CREATE TABLE crossdock_lease (seq {serial}, owner BIGINT, fence BIGINT NOT NULL)']],
      });
      await first?.run([
        {
          sql: `INSERT INTO crossdock_lease (fence) VALUES ${Array.from({ length: 500 }, () => '(0)').join(', ')}`,
        },
      ]);
      const taken: number[] = [];
      await Promise.all(
        stores.map(async (store, owner) => {
          for (;;) {
            const [leased] = await store.run([
              {
                sql: `WITH taken AS MATERIALIZED (
                    SELECT seq FROM crossdock_lease WHERE owner IS NULL ORDER BY seq LIMIT ? {skip_locked})
                  UPDATE crossdock_lease SET owner = ?, fence = fence + 1
                  WHERE seq IN (SELECT seq FROM taken) RETURNING seq`,
                params: [7, owner],
              },
            ]);
            const rows = leased?.rows ?? [];
            assert.ok(rows.length <= 7, `${rows.length} rows`);
            if (rows.length === 0) return;
            taken.push(...rows.map((row) => Number(row['seq'])));
          }
        }),
      );
      assert.equal(new Set(taken).size, taken.length, 'no row twice');
      const [left] =
        (await first?.run([
          { sql: 'SELECT count(*) AS n, max(fence) AS fence FROM crossdock_lease WHERE owner IS NOT NULL' },
        ])) ?? [];
      assert.deepEqual({ ...left?.rows[0] }, { n: 500, fence: 1 });
    });

    it('keeps units whole that meet on the same rows in opposite order (deadlocks are repeated)', async () => {
      const [first] = stores;
      await first?.migrate({
        idea: 'account',
        steps: [
          [
            'CREATE TABLE crossdock_account (k TEXT PRIMARY KEY, n BIGINT NOT NULL)',
            "INSERT INTO crossdock_account (k, n) VALUES ('a', 0), ('b', 0)",
          ],
        ],
      });
      const add = (k: string) => ({
        sql: 'UPDATE crossdock_account SET n = n + 1 WHERE k = ?',
        params: [k],
        expect: 1,
      });
      const outcomes = await Promise.allSettled(
        Array.from({ length: 90 }, (_, n) =>
          stores[n % 3]?.run(n % 2 === 0 ? [add('a'), add('b')] : [add('b'), add('a')]),
        ),
      );
      const done = outcomes.filter(({ status }) => status === 'fulfilled').length;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.equal((outcome.reason as CrossdockError).code, 'STORE_BUSY');
      }
      const [rows] = (await first?.run([{ sql: 'SELECT n FROM crossdock_account' }])) ?? [];
      assert.deepEqual(
        rows?.rows.map((row) => row['n']),
        [done, done],
      );
      assert.ok(done > 60, `${done} of 90`);
    });
  });
}
