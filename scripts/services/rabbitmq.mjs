// A RabbitMQ node of our own: its name, ports and data apart from a node that Debian's package may run.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '../lib/project.mjs';
import {
  folderForUser,
  home,
  isAlive,
  logs,
  portAnswers,
  portFrom,
  startDaemon,
  stopDaemon,
  user,
  waitUntil,
  writeForUser,
} from './common.mjs';

const base = join(home, 'rabbitmq');
const node = 'crossdock@localhost';
const pidFile = join(base, 'pid');

function environment(port) {
  return {
    RABBITMQ_NODENAME: node,
    // Debian's own settings are for Debian's node.
    RABBITMQ_CONF_ENV_FILE: join(base, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(base, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(base, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(base, 'data'),
    RABBITMQ_LOG_BASE: logs,
    RABBITMQ_LOGS: '-',
    RABBITMQ_PID_FILE: pidFile,
    RABBITMQ_DIST_PORT: String(port + 20_000),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Erlang's schedulers spin while they wait, which takes the other half of a two-core machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  };
}

/** Starts the node (fresh data when it was not running: tests expect no queues of earlier runs). */
export async function startRabbit(known) {
  if (known !== undefined && isAlive(known.pid, 'rabbit') && (await portAnswers(known.port))) return known;
  if (known !== undefined) await stopRabbit(known);
  rmSync(base, { recursive: true, force: true });
  for (const folder of [base, join(base, 'data')]) await folderForUser(folder);
  const port = await portFrom(5679);
  const password = randomBytes(18).toString('base64url');
  const config = [
    `listeners.tcp.local = 127.0.0.1:${port}`,
    `default_user = ${user}`,
    `default_pass = ${password}`,
    'vm_memory_high_watermark.absolute = 1GB',
  ];
  await writeForUser(join(base, 'rabbitmq.conf'), `${config.join('\n')}\n`);
  await writeForUser(join(base, 'rabbitmq-env.conf'), '');
  await writeForUser(join(base, 'enabled_plugins'), '[].\n');
  const started = await startDaemon(
    'rabbitmq',
    '/usr/lib/rabbitmq/bin/rabbitmq-server',
    [],
    environment(port),
  );
  await waitUntil('RabbitMQ', 120_000, () => existsSync(pidFile) && portAnswers(port), started.logFile);
  return {
    pid: Number(readFileSync(pidFile, 'utf8').trim()),
    port,
    user,
    password,
    url: `amqp://${user}:${password}@127.0.0.1:${port}`,
  };
}

export async function stopRabbit(rabbit) {
  const stopped = await stopDaemon(rabbit.pid, 'rabbit');
  // Erlang's port mapper stays behind its nodes. It refuses this while another node is known to it.
  const mapper = await capture('pgrep', ['-u', user, '-x', 'epmd']);
  if (mapper.code === 0) await capture('epmd', ['-kill']);
  return stopped;
}
