/** Brokers of a test's own: on their own ports, with files in a temporary folder, to be killed and started again. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort, type TempDir, tempDir, waitFor } from '../../support';

export interface OwnBroker {
  readonly url: string;
  /** Starts it with what it had before. Resolves when it takes connections. */
  start(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Kills it and deletes its files. */
  remove(): Promise<void>;
}

function firstOf(paths: readonly (string | undefined)[]): string | undefined {
  return paths.find((path) => path !== undefined && path !== '' && existsSync(path));
}

export const mosquittoBinary = firstOf([
  process.env['MOSQUITTO_BIN'],
  '/usr/sbin/mosquitto',
  '/usr/bin/mosquitto',
  '/usr/local/sbin/mosquitto',
]);
/** Not the wrapper in /usr/sbin, which becomes another user. */
export const rabbitBinary = firstOf([
  process.env['RABBITMQ_SERVER_BIN'],
  '/usr/lib/rabbitmq/bin/rabbitmq-server',
]);

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

/** The settings that README and the start-up probe ask for. */
const MOSQUITTO = `persistence true
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
max_inflight_messages 0
allow_anonymous true
`;

/** It writes all it holds at each change: for a broker that holds much and is never killed, that would be all that is measured. */
export const SAVED_AT_ITS_END = MOSQUITTO.replace('autosave_on_changes true', 'autosave_on_changes false');

/** Mosquitto with the advised settings, unless told otherwise. */
export async function ownMosquitto(settings = MOSQUITTO): Promise<OwnBroker> {
  const dir = tempDir('crossdock-mosquitto-');
  const port = await freePort();
  // As root, Mosquitto would become the user "mosquitto", who may not write into the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root\n' : '';
  const file = join(dir.path, 'mosquitto.conf');
  writeFileSync(
    file,
    `${user}persistence_location ${dir.path}/\nlog_dest stderr\nlistener ${port} 127.0.0.1\n${settings}`,
  );
  return new BrokerProcess(dir, `mqtt://127.0.0.1:${port}`, port, () =>
    spawn(mosquittoBinary ?? 'mosquitto', ['-c', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    }),
  );
}

/** RabbitMQ as a node with a name, a port mapper and data of its own. */
export async function ownRabbit(): Promise<OwnBroker> {
  const dir = tempDir('crossdock-rabbitmq-');
  const [port, mapper, distribution] = [await freePort(), await freePort(), await freePort()];
  const password = randomBytes(9).toString('hex');
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir.path, name), text, { mode: 0o600 });
    return join(dir.path, name);
  };
  mkdirSync(join(dir.path, 'data'));
  const config = [
    `listeners.tcp.local = 127.0.0.1:${port}`,
    'default_user = faults',
    `default_pass = ${password}`,
    'vm_memory_high_watermark.absolute = 1GB',
    'disk_free_limit.absolute = 100MB',
  ];
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    HOME: dir.path,
    RABBITMQ_NODENAME: `faults${port}@localhost`,
    RABBITMQ_CONF_ENV_FILE: file('rabbitmq-env.conf', ''),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', `${config.join('\n')}\n`),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[].\n'),
    RABBITMQ_MNESIA_BASE: join(dir.path, 'data'),
    RABBITMQ_LOG_BASE: dir.path,
    RABBITMQ_LOGS: '-',
    RABBITMQ_DIST_PORT: String(distribution),
    ERL_EPMD_PORT: String(mapper),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // Erlang's schedulers spin while they wait, which takes the other half of a two-core machine.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
  };
  return new BrokerProcess(
    dir,
    `amqp://faults:${password}@127.0.0.1:${port}`,
    port,
    () =>
      spawn(rabbitBinary ?? 'rabbitmq-server', [], {
        cwd: dir.path,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      }),
    // The port mapper is a daemon that outlives its nodes; this one is ours alone.
    () => void spawnSync('epmd', ['-port', String(mapper), '-kill'], { env }),
  );
}

const running = new Set<BrokerProcess>();
process.on('exit', () => {
  for (const broker of running) broker.killNow();
});

class BrokerProcess implements OwnBroker {
  #child: ChildProcess | undefined;
  #log = '';

  constructor(
    private readonly dir: TempDir,
    readonly url: string,
    private readonly port: number,
    private readonly spawnIt: () => ChildProcess,
    private readonly afterwards?: () => void,
  ) {}

  async start(): Promise<void> {
    const child = this.spawnIt();
    this.#child = child;
    running.add(this);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-4000);
      });
    }
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`The broker ended: ${this.#log}`);
        return listens(this.port);
      },
      { timeoutMs: 180_000, what: 'the broker to listen', intervalMs: 50 },
    );
  }

  killNow(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      // The whole group: RabbitMQ's start script, Erlang and its helpers.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It is gone already.
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    running.delete(this);
    if (child === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    this.killNow();
    await gone;
    this.#child = undefined;
    await waitFor(
      () =>
        listens(this.port).then(
          () => false,
          () => true,
        ),
      { what: 'the end of the broker' },
    );
  }

  async remove(): Promise<void> {
    await this.kill();
    this.afterwards?.();
    this.dir.remove();
  }
}
