// A real Odoo 19 on a database of its own: modules installed once into a template, every start on a fresh copy.
import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  folderForUser,
  home,
  ids,
  isAlive,
  portFrom,
  runAsUser,
  ServiceError,
  startDaemon,
  stopDaemon,
  waitUntil,
  writeForUser,
} from './common.mjs';
import { databaseExists, psql } from './postgres.mjs';

const modules = 'sale_management,sale_stock,delivery,base_automation,stock_account';
const template = 'crossdock_template';
const preparing = 'crossdock_preparing';
export const database = 'crossdock_test';
const data = join(home, 'odoo');
const configFile = join(home, 'odoo.conf');
const login = 'admin';
const clerkLogin = 'clerk@crossdock.example';

function command(folder) {
  return {
    python: '/usr/bin/python3',
    script: join(folder, 'usr', 'bin', 'odoo'),
    env: { PYTHONPATH: join(folder, 'usr', 'lib', 'python3', 'dist-packages') },
  };
}

/** Written with every start, for ports and passwords may have changed. */
async function writeConfig(postgres, port) {
  const options = {
    db_host: '127.0.0.1',
    db_port: postgres.port,
    db_user: postgres.user,
    db_password: postgres.password,
    data_dir: data,
    list_db: 'False',
    http_interface: '127.0.0.1',
    http_port: port,
    // Threads, not worker processes: half the memory, and requests still run into each other in the database.
    workers: 0,
    // No cron: nothing changes behind a test's back.
    max_cron_threads: 0,
    limit_time_cpu: 600,
    limit_time_real: 1200,
    log_level: 'warn',
  };
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}`);
  await writeForUser(configFile, `[options]\n${lines.join('\n')}\n`);
  await folderForUser(data);
}

function filestore(name) {
  return join(data, 'filestore', name);
}

async function dropDatabase(postgres, name) {
  await psql(postgres, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  rmSync(filestore(name), { recursive: true, force: true });
}

/** Installs the modules into the template, once; renamed when whole, so that an interrupted run leaves none. */
async function prepareTemplate(folder, postgres) {
  if (await databaseExists(postgres, template)) return false;
  await dropDatabase(postgres, preparing);
  const { python, script, env } = command(folder);
  await psql(postgres, `CREATE DATABASE ${preparing} TEMPLATE template0`);
  const args = [
    script,
    '-c',
    configFile,
    '-d',
    preparing,
    '-i',
    modules,
    '--without-demo=True',
    '--stop-after-init',
  ];
  await runAsUser('Installing the Odoo modules', python, args, { env });
  rmSync(filestore(template), { recursive: true, force: true });
  if (existsSync(filestore(preparing)))
    cpSync(filestore(preparing), filestore(template), { recursive: true });
  await psql(postgres, `ALTER DATABASE ${preparing} RENAME TO ${template}`);
  rmSync(filestore(preparing), { recursive: true, force: true });
  return true;
}

async function copyTemplate(postgres) {
  await dropDatabase(postgres, database);
  await psql(postgres, `CREATE DATABASE ${database} TEMPLATE ${template}`);
  if (!existsSync(filestore(template))) return;
  cpSync(filestore(template), filestore(database), { recursive: true });
  const { uid, gid } = await ids();
  const own = (path) => chownSync(path, uid, gid);
  own(filestore(database));
  for (const name of readdirSync(filestore(database), { recursive: true }))
    own(join(filestore(database), name));
}

/**
 * API keys: of the administrator, since the tests create products and partners as well as orders, and of a plain
 * account as an integration should have it: a salesperson (own documents and others') who is also a stock user.
 * Odoo wants an expiry; three months is what it allows at most.
 */
async function createApiKeys(folder) {
  const { python, script, env } = command(folder);
  const marker = `key-${randomBytes(6).toString('hex')}`;
  const program = [
    'import datetime',
    "Users = env['res.users']",
    'expiry = datetime.datetime.now() + datetime.timedelta(days=80)',
    "groups = ['base.group_user', 'sales_team.group_sale_salesman_all_leads', 'stock.group_stock_user']",
    `clerk = Users.create({'name': 'Integration clerk', 'login': '${clerkLogin}', 'group_ids': [(6, 0, [env.ref(g).id for g in groups])]})`,
    `for who, user in (('admin', Users.search([('login', '=', '${login}')])), ('clerk', clerk)):`,
    `    print('${marker}:' + who + ':' + env['res.users.apikeys'].with_user(user)._generate(None, 'crossdock tests', expiry))`,
    '',
    'env.cr.commit()',
  ];
  const file = join(home, 'api-key.py');
  await writeForUser(file, `${program.join('\n')}\n`);
  const shell = `exec "${python}" "${script}" shell -c "${configFile}" -d ${database} --no-http < "${file}"`;
  const output = await runAsUser('Creating the API keys', 'sh', ['-c', shell], { env });
  rmSync(file, { force: true });
  const key = (who) => output.split(`${marker}:${who}:`)[1]?.split('\n')[0]?.trim();
  const [admin, clerk] = [key('admin'), key('clerk')];
  if (!admin || !clerk) throw new ServiceError('Odoo created no API keys.');
  return { admin, clerk };
}

/** Whether Odoo answers a call with the key: the port alone is open before the database is loaded. */
async function answers(odoo) {
  try {
    const response = await fetch(`${odoo.url}/json/2/res.users/search_count`, {
      method: 'POST',
      headers: {
        authorization: `bearer ${odoo.apiKey}`,
        'content-type': 'application/json',
        'x-odoo-database': odoo.db,
      },
      body: '{"domain":[]}',
      signal: AbortSignal.timeout(60_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}

/** Starts Odoo on a fresh copy of the template, unless the known one runs. */
export async function startOdoo(folder, postgres, known, tell) {
  if (known?.clerk !== undefined && isAlive(known.pid, 'odoo') && (await answers(known))) return known;
  if (known !== undefined) await stopOdoo(known);
  const port = await portFrom(8169);
  await writeConfig(postgres, port);
  if (await prepareTemplate(folder, postgres)) tell('modules installed');
  await copyTemplate(postgres);
  tell('database copied');
  const keys = await createApiKeys(folder);
  tell('API keys created');
  const { python, script, env } = command(folder);
  const { pid, logFile } = await startDaemon('odoo', python, [script, '-c', configFile, '-d', database], env);
  const odoo = {
    pid,
    port,
    url: `http://127.0.0.1:${port}`,
    db: database,
    login,
    apiKey: keys.admin,
    clerk: { login: clerkLogin, apiKey: keys.clerk },
  };
  await waitUntil('Odoo', 180_000, () => isAlive(pid, 'odoo') && answers(odoo), logFile);
  return odoo;
}

export function stopOdoo(odoo) {
  return stopDaemon(odoo.pid, 'odoo');
}
