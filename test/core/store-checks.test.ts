import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore } from '../../core/store';
import { type Place, placeOf, refuseNetworkShare, sqliteWarnings } from '../../core/store/checks';
import { readEndpoint } from '../../core/store/postgres/config';
import { translate } from '../../core/store/postgres/dialect';
import { errorOf } from '../../core/store/postgres/errors';

const MB = 1024 * 1024;
const EXT4 = 0xef53;
const place = (type: number, freeMb = 10_000): Place => ({ type, bsize: 4096, bavail: (freeMb * MB) / 4096 });
const codes = (given: Place | undefined, version = '3.53.4'): string[] =>
  sqliteWarnings(given, version).map(({ code }) => code);

describe('store: checks of the place of a SQLite file', () => {
  before(function () {
    // File system numbers are Linux's.
    if (process.platform !== 'linux') this.skip();
  });

  for (const [name, type] of [
    ['NFS', 0x6969],
    ['SMB', 0x517b],
    ['CIFS', 0xff534d42],
    ['CIFS', 0xff534d42 | 0],
    ['SMB2', 0xfe534d42],
  ] as const) {
    it(`refuses ${name} (${type}) with a sentence that names the way out`, () => {
      assert.throws(
        () => refuseNetworkShare('/data/store.sqlite', place(type)),
        (error) =>
          error instanceof CrossdockError &&
          error.code === 'STORE_NETWORK_SHARE' &&
          error.kind === 'permanent' &&
          error.message.includes(name) &&
          /local disk.*PostgreSQL/.test(error.message),
      );
    });
  }

  it('takes local file systems, and a system that does not tell', () => {
    refuseNetworkShare('x', place(EXT4));
    refuseNetworkShare('x', undefined);
    assert.deepEqual(codes(place(EXT4)), []);
    assert.deepEqual(codes(undefined), []);
  });

  it('warns of what may be a share, of a disk that fills up, and of an old SQLite', () => {
    assert.deepEqual(codes(place(0x65735546)), ['STORE_FILESYSTEM_DOUBTFUL']);
    assert.deepEqual(codes(place(0x01021997)), ['STORE_FILESYSTEM_DOUBTFUL']);
    assert.deepEqual(codes(place(EXT4, 199)), ['STORE_DISK_LOW']);
    assert.deepEqual(codes(place(EXT4, 200)), []);
    assert.deepEqual(codes(place(EXT4), '3.47.2'), ['STORE_SQLITE_OLD']);
    assert.deepEqual(codes(place(EXT4), '3.51.3'), []);
    assert.deepEqual(codes(place(EXT4), '4.0.0'), []);
  });

  it('looks at the real place of a store', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crossdock-checks-'));
    try {
      assert.ok(((await placeOf(folder))?.bsize ?? 0) > 0);
      assert.equal(await placeOf(join(folder, 'nowhere')), undefined);
      const store = await openSqliteStore(join(folder, 'store.sqlite'));
      assert.match((await store.health()).engine, /^SQLite \d/);
      await store.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('store: PostgreSQL without a server', () => {
  it('translates words and placeholders, and leaves quoted text alone', () => {
    assert.equal(
      translate(`SELECT '?', "a?", 'it''s {now}', ? FROM t WHERE a = ? {skip_locked} -- ?`),
      `SELECT '?', "a?", 'it''s {now}', $1 FROM t WHERE a = $2 FOR UPDATE SKIP LOCKED -- ?`,
    );
  });

  it('reads addresses: defaults, encoded parts, sockets, TLS', () => {
    const full = readEndpoint({
      url: 'postgres://me:p%40ss@db.example.com:6000/orders%20eu?sslmode=require',
    });
    assert.deepEqual(
      [full.host, full.port, full.database, full.user, full.password, full.schema],
      ['db.example.com', 6000, 'orders eu', 'me', 'p@ss', 'crossdock'],
    );
    assert.deepEqual(full.ssl, {});
    assert.ok(!full.label.includes('me') && !full.label.includes('p@ss'));
    const socket = readEndpoint({ url: 'postgresql:///orders?host=/var/run/postgresql', user: 'own' });
    assert.deepEqual(
      [socket.host, socket.port, socket.user, socket.ssl],
      ['/var/run/postgresql', 5432, 'own', false],
    );
    assert.deepEqual(readEndpoint({ url: 'postgres://h/d', tls: { ca: 'x' } }).ssl, { ca: 'x' });
    assert.deepEqual(readEndpoint({ url: 'postgres://h/d?sslmode=no-verify' }).ssl, {
      rejectUnauthorized: false,
    });
  });

  for (const [what, config] of [
    ['no URL', { url: 'db:secret' }],
    ['another scheme', { url: 'mysql://me:secret@h/d' }],
    ['no database', { url: 'postgres://me:secret@h' }],
    ['no host', { url: 'postgres:///d' }],
    ['a broken code', { url: 'postgres://me:%zzsecret@h/d' }],
    ['an sslmode that decides later', { url: 'postgres://me:secret@h/d?sslmode=prefer' }],
    ['TLS settings and sslmode=disable', { url: 'postgres://me:secret@h/d?sslmode=disable', tls: {} }],
    ['a schema to inject with', { url: 'postgres://me:secret@h/d', schema: 'a"; DROP' }],
    ["PostgreSQL's own schema", { url: 'postgres://me:secret@h/d', schema: 'pg_catalog' }],
    ['an unreadable root certificate', { url: 'postgres://me:secret@h/d?sslmode=require&sslrootcert=/none' }],
  ] as const) {
    it(`refuses ${what}, as permanent, without the secret`, () => {
      assert.throws(
        () => readEndpoint(config),
        (error) =>
          error instanceof CrossdockError &&
          error.code === 'CONFIG_INVALID' &&
          error.kind === 'permanent' &&
          !error.message.includes('secret'),
      );
    });
  }

  const endpoint = readEndpoint({ url: 'postgres://me:secret@h:1/d' });
  const said = (code: string, message = 'words'): string => {
    const error = errorOf(Object.assign(new Error(message), { code }), endpoint);
    return `${error.code} ${error.kind}`;
  };
  for (const [code, expected] of [
    ['53100', 'STORE_FULL transient'],
    ['53300', 'STORE_BUSY transient'],
    ['40P01', 'STORE_BUSY transient'],
    ['40001', 'STORE_BUSY transient'],
    ['55P03', 'STORE_BUSY transient'],
    ['57014', 'STORE_BUSY transient'],
    ['57P01', 'STORE_IO transient'],
    ['08006', 'STORE_IO transient'],
    ['25006', 'STORE_IO transient'],
    ['28P01', 'STORE_CREDENTIALS transient'],
    ['42501', 'STORE_CREDENTIALS transient'],
    ['3D000', 'STORE_IO transient'],
    ['23505', 'STORE_SQL permanent'],
    ['42601', 'STORE_SQL permanent'],
    ['ECONNREFUSED', 'STORE_IO transient'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'STORE_TLS transient'],
    ['', 'STORE_IO transient'],
  ] as const) {
    it(`calls ${code === '' ? 'an error without a code' : code} ${expected}`, () => {
      assert.equal(said(code), expected);
    });
  }

  it('does not repeat values that PostgreSQL quotes', () => {
    const error = Object.assign(new Error('invalid input syntax for type bigint: "Jane Doe"'), {
      code: '22P02',
    });
    assert.ok(!errorOf(error, endpoint).message.includes('Jane'));
  });
});
