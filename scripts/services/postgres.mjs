// A PostgreSQL of our own (data folder, port, user), beside any cluster that the machine runs.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  home,
  isAlive,
  logs,
  portAnswers,
  portFrom,
  runAsUser,
  ServiceError,
  startDaemon,
  stopDaemon,
  user,
  waitUntil,
  writeForUser,
} from './common.mjs';

const data = join(home, 'postgres');
const passwordFile = join(home, 'postgres.password');
export const storeDatabase = 'crossdock_store';

function binaries() {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+$/.test(name)) : [];
  versions.sort((a, b) => Number(b) - Number(a));
  const version = versions.find((name) => existsSync(join(folder, name, 'bin', 'initdb')));
  if (version === undefined)
    throw new ServiceError('No PostgreSQL server was found below /usr/lib/postgresql.');
  return join(folder, version, 'bin');
}

/** Runs SQL as the owner, over TCP as the tests do. */
export function psql(postgres, sql, database = 'postgres') {
  const args = [
    '-X',
    '-v',
    'ON_ERROR_STOP=1',
    '-h',
    '127.0.0.1',
    '-p',
    String(postgres.port),
    '-U',
    user,
    '-d',
    database,
  ];
  const env = { PGPASSWORD: postgres.password };
  return runAsUser('A statement in PostgreSQL', join(binaries(), 'psql'), [...args, '-At', '-c', sql], {
    env,
  });
}

export async function databaseExists(postgres, name) {
  return (await psql(postgres, `SELECT 1 FROM pg_database WHERE datname = '${name}'`)).trim() === '1';
}

/** Starts the cluster (made on first use) with the database for the PostgreSQL store's tests. */
export async function startPostgres(known) {
  if (known !== undefined && isAlive(known.pid, 'postgres') && (await portAnswers(known.port))) return known;
  const bin = binaries();
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    await writeForUser(passwordFile, randomBytes(18).toString('base64url'));
    const options = [
      '-U',
      user,
      `--pwfile=${passwordFile}`,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
    ];
    await runAsUser('initdb', join(bin, 'initdb'), ['-D', data, ...options]);
  }
  // A kill leaves the lock file; PostgreSQL itself takes it away unless another process now has that pid.
  const port = await portFrom(known?.port ?? 5469);
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '256MB',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { pid } = await startDaemon('postgres', join(bin, 'postgres'), ['-D', data, ...args]);
  const password = readFileSync(passwordFile, 'utf8').trim();
  const postgres = {
    pid,
    port,
    user,
    password,
    url: `postgres://${user}:${password}@127.0.0.1:${port}/${storeDatabase}`,
  };
  const answers = async () => {
    if (!isAlive(pid, 'postgres')) return false;
    return psql(postgres, 'SELECT 1').then(
      () => true,
      () => false,
    );
  };
  await waitUntil('PostgreSQL', 60_000, answers, join(logs, 'postgres.log'));
  if (!(await databaseExists(postgres, storeDatabase)))
    await psql(postgres, `CREATE DATABASE ${storeDatabase}`);
  return postgres;
}

/** SIGINT is PostgreSQL's fast shutdown: open connections are ended, data is written. */
export function stopPostgres(postgres) {
  return stopDaemon(postgres.pid, 'postgres', 'SIGINT');
}
