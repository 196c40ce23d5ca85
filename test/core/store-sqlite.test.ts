import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore } from '../../core/store';
import { waitFor } from '../support';
import { describeStoreContract } from './store-contract';

describe('store: SQLite', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crossdock-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  let opened = 0;
  describeStoreContract('sqlite', (options) => {
    opened += 1;
    return openSqliteStore(join(folder, 'deep', `store-${opened}.sqlite`), options);
  });

  it('opens with WAL and FULL, and allows one process only', async () => {
    const file = join(folder, 'store.sqlite');
    const store = await openSqliteStore(file);
    const [mode, sync, locking] = await store.run([
      { sql: 'PRAGMA journal_mode' },
      { sql: 'PRAGMA synchronous' },
      { sql: 'PRAGMA locking_mode' },
    ]);
    assert.equal(mode?.rows[0]?.['journal_mode'], 'wal');
    assert.equal(sync?.rows[0]?.['synchronous'], 2);
    assert.equal(locking?.rows[0]?.['locking_mode'], 'exclusive');
    await assert.rejects(openSqliteStore(file), (error) => {
      return error instanceof CrossdockError && error.code === 'STORE_BUSY';
    });
    await store.close();
    const again = await openSqliteStore(file);
    await again.close();
  });

  it('says in a sentence that a file is not a store', async () => {
    const file = join(folder, 'store.sqlite');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(file, 'this is not a database, it only looks like a file of some length'.repeat(40));
    await assert.rejects(openSqliteStore(file), (error) => error instanceof CrossdockError);
  });

  it('keeps every acknowledged unit through kill -9, and no half of one', async function () {
    this.timeout(60_000);
    const file = join(folder, 'store.sqlite');
    const acknowledged = new Set<number>();
    for (let round = 0; round < 5; round += 1) {
      const child = fork(join(__dirname, 'store-writer.js'), [file, String(round * 1_000_000)], {
        stdio: 'pipe',
      });
      let seen = 0;
      const enough = 150 + round * 137;
      await new Promise<void>((resolve) => {
        child.on('message', (ids: number[]) => {
          for (const id of ids) acknowledged.add(id);
          seen += ids.length;
          if (seen >= enough) resolve();
        });
      });
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    const db = new DatabaseSync(file);
    const rows = db.prepare('SELECT n, part FROM written').all() as { n: number; part: number }[];
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    db.close();
    const parts = new Map<number, number>();
    for (const { n } of rows) parts.set(n, (parts.get(n) ?? 0) + 1);
    const lost = [...acknowledged].filter((n) => !parts.has(n));
    const torn = [...parts].filter(([, count]) => count !== 2);
    assert.deepEqual({ lost, torn }, { lost: [], torn: [] });
    assert.ok(acknowledged.size > 700);
  });

  it('stops acknowledging when the disk is full, keeps what it had, and goes on when there is room', async () => {
    const file = join(folder, 'store.sqlite');
    const store = await openSqliteStore(file);
    await store.run([{ sql: 'CREATE TABLE t (n BIGINT, body TEXT)' }]);
    const [page] = await store.run([{ sql: 'PRAGMA page_count' }]);
    await store.run([{ sql: `PRAGMA max_page_count = ${Number(page?.rows[0]?.['page_count']) + 40}` }]);
    const body = 'x'.repeat(4000);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 200 }, (_, n) =>
        store.run([{ sql: 'INSERT INTO t (n, body) VALUES (?, ?)', params: [n, body] }]).then(() => n),
      ),
    );
    const kept = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    assert.ok(refused.length > 0);
    for (const reason of refused) {
      assert.ok(reason instanceof CrossdockError);
      assert.equal(reason.code, 'STORE_FULL');
      assert.equal(reason.kind, 'transient');
    }
    const [have] = await store.run([{ sql: 'SELECT n FROM t ORDER BY n' }]);
    assert.deepEqual(
      have?.rows.map((row) => row['n']),
      kept,
    );
    const health = await store.health();
    assert.equal(health.state, 'failing');
    assert.match(health.problem ?? '', /is full: nothing is accepted until there is room again/);
    await store.run([{ sql: 'PRAGMA max_page_count = 1000000' }]);
    await waitFor(async () => (await store.health()).state === 'open', { what: 'the store to open again' });
    await store.run([{ sql: 'INSERT INTO t (n, body) VALUES (?, ?)', params: [999, body] }]);
    await store.close();
    const db = new DatabaseSync(file);
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    assert.equal(db.prepare('SELECT count(*) AS n FROM t').get()?.['n'], kept.length + 1);
    db.close();
  });

  it('accepts nothing after the first refusal, however small, and does not let itself be talked into it', async () => {
    const file = join(folder, 'store.sqlite');
    const store = await openSqliteStore(file);
    const insert = (n: number, size: number) =>
      store.run([{ sql: 'INSERT INTO t (n, body) VALUES (?, ?)', params: [n, 'x'.repeat(size)] }]);
    const limit = async (more: number) => {
      const [page] = await store.run([{ sql: 'PRAGMA page_count' }]);
      await store.run([{ sql: `PRAGMA max_page_count = ${Number(page?.rows[0]?.['page_count']) + more}` }]);
    };
    const full = (error: unknown) => error instanceof CrossdockError && error.code === 'STORE_FULL';
    try {
      await store.run([{ sql: 'CREATE TABLE t (n BIGINT, body TEXT)' }]);
      await limit(8);
      await insert(1, 10);
      // The one behind the big one shares its commit or comes right after it; it must not slip through.
      const [before, big, behind] = await Promise.allSettled([
        insert(2, 10),
        insert(3, 100_000),
        insert(4, 10),
      ]);
      assert.equal(big.status, 'rejected');
      assert.equal(behind.status, 'rejected');
      const kept = before.status === 'fulfilled' ? [1, 2] : [1];
      await assert.rejects(insert(5, 10), full);
      await assert.rejects(store.run([{ sql: 'DELETE FROM t' }]), full);
      const guarded = store.run([{ sql: 'SELECT 1' }, { sql: 'UPDATE t SET n = 9', expect: 1 }]);
      await assert.rejects(guarded, full);
      // Room for what waits, and not enough to be called room: several probes say no.
      await limit(100);
      const until = performance.now() + 2500;
      while (performance.now() < until) await assert.rejects(insert(6, 10), full);
      const [rows] = await store.run([{ sql: 'SELECT n FROM t ORDER BY n' }]);
      assert.deepEqual(
        rows?.rows.map(({ n }) => n),
        kept,
      );
      assert.equal((await store.health()).state, 'failing');

      await limit(1000);
      // Nobody writes: it opens by itself.
      await waitFor(async () => (await store.health()).state === 'open', { what: 'the store to open again' });
      await insert(7, 100_000);
      const [left] = await store.run([{ sql: "SELECT name FROM sqlite_schema WHERE name <> 't'" }]);
      assert.deepEqual(left?.rows, [], 'probes leave nothing behind');
    } finally {
      await store.close();
    }
    assert.deepEqual(readdirSync(folder), ['store.sqlite']);
    const db = new DatabaseSync(file);
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    db.close();
  });

  it('copies itself while it is full', async () => {
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    try {
      await store.run([{ sql: 'CREATE TABLE t (n BIGINT)' }, { sql: 'INSERT INTO t (n) VALUES (1)' }]);
      await store.run([{ sql: 'PRAGMA max_page_count = 1' }]);
      await assert.rejects(
        store.run([{ sql: 'CREATE TABLE u (n BIGINT)' }]),
        (error) => error instanceof CrossdockError && error.code === 'STORE_FULL',
      );
      await store.backup(join(folder, 'copy'));
      const db = new DatabaseSync(join(folder, 'copy'));
      assert.equal(db.prepare('SELECT count(*) AS n FROM t').get()?.['n'], 1);
      db.close();
    } finally {
      await store.close();
    }
  });

  it('copies itself while units go on committing, also one behind the other', async () => {
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    try {
      await store.run([{ sql: 'CREATE TABLE t (n BIGINT, body TEXT)' }]);
      const insert = (n: number, body: string) =>
        store.run([{ sql: 'INSERT INTO t (n, body) VALUES (?, ?)', params: [n, body] }]);
      await Promise.all(Array.from({ length: 8000 }, (_, n) => insert(n, 'x'.repeat(2000))));
      const copies = ['one', 'two'].map((name) => join(folder, name));
      let copied = false;
      const copying = Promise.all(copies.map((copy) => store.backup(copy))).finally(() => {
        copied = true;
      });
      let meanwhile = 0;
      while (!copied) {
        await insert(100_000 + meanwhile, 'y');
        if (!copied) meanwhile += 1;
      }
      await copying;
      // Were it done in one go, no more than the unit before and the one behind it would have got through.
      assert.ok(typeof backup !== 'function' || meanwhile > 5, `${meanwhile} commits during the copies`);
      for (const copy of copies) {
        const db = new DatabaseSync(copy);
        assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
        assert.equal(db.prepare('SELECT count(*) AS n FROM t WHERE n < 8000').get()?.['n'], 8000);
        db.close();
        assert.equal(statSync(copy).mode & 0o077, 0, 'readable for its owner only');
      }
      await assert.rejects(store.backup(copies[0] ?? ''), /EEXIST/);
      assert.equal((await store.run([{ sql: 'SELECT count(*) AS n FROM t' }]))[0]?.rows.length, 1);
    } finally {
      await store.close();
    }
  });

  it('finishes a copy that it has begun before it closes', async () => {
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    await store.run([{ sql: 'CREATE TABLE t (n BIGINT)' }, { sql: 'INSERT INTO t (n) VALUES (1)' }]);
    await Promise.all([store.backup(join(folder, 'copy')), store.close()]);
    const db = new DatabaseSync(join(folder, 'copy'));
    assert.equal(db.prepare('SELECT count(*) AS n FROM t').get()?.['n'], 1);
    db.close();
    await assert.rejects(store.backup(join(folder, 'late')), /is closed/);
  });

  it('rejects a unit that cannot be sent to its thread, and not its neighbours', async () => {
    const store = await openSqliteStore(join(folder, 'store.sqlite'));
    const uncloneable = (() => undefined) as unknown as string;
    const outcomes = await Promise.allSettled([
      store.run([{ sql: 'SELECT 1' }]),
      store.run([{ sql: 'SELECT ?', params: [uncloneable] }]),
      store.run([{ sql: 'SELECT 2' }]),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    await store.close();
  });

  it('never lets a dead worker hang its callers', async () => {
    const child = spawn(process.execPath, [
      '-e',
      `const { openSqliteStore } = require(${JSON.stringify(join(__dirname, '../../core/store'))});
       openSqliteStore(${JSON.stringify(join(folder, 'store.sqlite'))}).then(async (store) => {
         store.worker.terminate();
         await store.run([{ sql: 'SELECT 1' }]).then(() => process.exit(1), (error) => console.log(error.code));
       });`,
    ]);
    let out = '';
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await once(child, 'exit');
    assert.equal(out.trim(), 'STORE_CLOSED');
  });
});
