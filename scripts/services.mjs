// npm run services [up|down|status]: the real services for the tests, on Debian 12 as root.
// up is idempotent: it installs, unpacks, sets up and starts what is missing, and waits until each answers.
import { existsSync } from 'node:fs';
import { fail, say, since } from './lib/project.mjs';
import {
  cache,
  cloneState,
  isAlive,
  portAnswers,
  prepareUser,
  readState,
  ServiceError,
  writeState,
} from './services/common.mjs';
import { startOdoo, stopOdoo } from './services/odoo.mjs';
import { installPackages, unpackOdoo } from './services/packages.mjs';
import { startPostgres, stopPostgres } from './services/postgres.mjs';
import { startRabbit, stopRabbit } from './services/rabbitmq.mjs';

const binaries = { mosquitto: '/usr/sbin/mosquitto', chromium: '/usr/bin/chromium' };

function checkMachine() {
  if (process.platform !== 'linux' || !existsSync('/usr/bin/apt-get')) {
    throw new ServiceError(
      'npm run services works on Debian 12. Elsewhere start the services yourself and tell the tests by the ' +
        'environment variables that CONTRIBUTING.md lists.',
    );
  }
  if (process.getuid() !== 0)
    throw new ServiceError('npm run services installs Debian packages: run it as root.');
}

async function step(title, action) {
  const start = Date.now();
  say(`${title} ...`);
  const result = await action((detail) => say(`  ${detail} (${since(start)})`));
  say(`  done in ${since(start)}`);
  return result;
}

async function up() {
  const start = Date.now();
  checkMachine();
  await step('Debian packages', async (tell) => tell(`${await installPackages()} installed`));
  const { folder } = await step('Odoo 19 (odoo-19 of Debian sid, unpacked only)', unpackOdoo);
  await prepareUser();
  const state = readState();
  const keep = (part) => writeState(Object.assign(state, part));
  keep({ mosquitto: { bin: binaries.mosquitto }, chromium: { bin: binaries.chromium } });
  keep({ postgres: await step('PostgreSQL', () => startPostgres(state.postgres)) });
  keep({ rabbitmq: await step('RabbitMQ', () => startRabbit(state.rabbitmq)) });
  keep({ odoo: await step('Odoo', (tell) => startOdoo(folder, state.postgres, state.odoo, tell)) });
  say(`The services are up (${since(start)}); npm test finds them in ${cloneState}.`);
}

async function down() {
  checkMachine();
  const state = readState();
  const stopped = [];
  if (state.odoo && (await stopOdoo(state.odoo))) stopped.push('Odoo');
  if (state.rabbitmq && (await stopRabbit(state.rabbitmq))) stopped.push('RabbitMQ');
  if (state.postgres && (await stopPostgres(state.postgres))) stopped.push('PostgreSQL');
  say(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'No service of ours was running.');
}

async function status() {
  const state = readState();
  for (const [name, word] of [
    ['postgres', 'postgres'],
    ['rabbitmq', 'rabbit'],
    ['odoo', 'odoo'],
  ]) {
    const service = state[name];
    const runs = service !== undefined && isAlive(service.pid, word) && (await portAnswers(service.port));
    say(`${name.padEnd(10)} ${runs ? `runs on 127.0.0.1:${service.port}` : 'is not running'}`);
  }
  for (const [name, file] of Object.entries(binaries)) {
    say(`${name.padEnd(10)} ${existsSync(file) ? `is installed (${file})` : 'is not installed'}`);
  }
  say(`Data, logs and downloads: ${cache}`);
}

const commands = { up, down, status };
const name = process.argv[2] ?? 'up';
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) fail('Usage: npm run services -- [up|down|status]');
try {
  await command();
} catch (error) {
  if (error instanceof ServiceError) fail(error.message);
  throw error;
}
