import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type TempDir, tempDir, waitFor } from '../support';

const BIN = '/usr/lib/rabbitmq/bin';

/** A RabbitMQ of a test's own, to be killed and restarted: own ports, own node name, own port mapper, own folder. */
export class OwnRabbit {
  readonly #dir: TempDir = tempDir('crossdock-rabbit-');
  readonly #password = randomBytes(12).toString('hex');
  readonly #plugins: readonly string[];
  port = 0;
  #environment: Record<string, string> = {};
  #process: ChildProcess | undefined;

  /** Whether Debian's package is here; its own service is neither used nor touched. */
  static get available(): boolean {
    return existsSync(join(BIN, 'rabbitmq-server'));
  }

  constructor(plugins: readonly string[] = []) {
    this.#plugins = plugins;
  }

  get url(): string {
    return `amqp://test:${this.#password}@127.0.0.1:${this.port}`;
  }

  /** Starts it, with the data that it had. */
  async start(): Promise<void> {
    const { path } = this.#dir;
    if (this.port === 0) await this.#prepare();
    const child = spawn(join(BIN, 'rabbitmq-server'), [], {
      cwd: path,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-3000);
      });
    }
    this.#process = child;
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`RabbitMQ ended: ${log}`);
        const socket = connect(this.port, '127.0.0.1');
        try {
          await once(socket, 'connect');
          return true;
        } finally {
          socket.destroy();
        }
      },
      { what: 'RabbitMQ to listen', timeoutMs: 120_000, intervalMs: 100 },
    );
  }

  async #prepare(): Promise<void> {
    const { path } = this.#dir;
    this.port = await freePort();
    const [mapper, distribution] = [await freePort(), await freePort()];
    const write = (name: string, content: string): string => {
      writeFileSync(join(path, name), content, { mode: 0o600 });
      return join(path, name);
    };
    this.#environment = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      HOME: path,
      // Then the script becomes the broker instead of being its parent, and the signals reach it.
      RUNNING_UNDER_SYSTEMD: 'yes',
      RABBITMQ_NODENAME: `crossdock-${process.pid}-${this.port}@localhost`,
      RABBITMQ_CONF_ENV_FILE: write('rabbitmq-env.conf', ''),
      RABBITMQ_CONFIG_FILE: write(
        'rabbitmq.conf',
        [
          `listeners.tcp.local = 127.0.0.1:${this.port}`,
          'default_user = test',
          `default_pass = ${this.#password}`,
          'vm_memory_high_watermark.absolute = 1GB',
        ].join('\n'),
      ),
      RABBITMQ_ENABLED_PLUGINS_FILE: write('enabled_plugins', `[${this.#plugins.join(',')}].\n`),
      RABBITMQ_MNESIA_BASE: join(path, 'data'),
      RABBITMQ_LOG_BASE: join(path, 'log'),
      RABBITMQ_LOGS: '-',
      RABBITMQ_PID_FILE: join(path, 'pid'),
      RABBITMQ_DIST_PORT: String(distribution),
      ERL_EPMD_PORT: String(mapper),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      // Erlang's schedulers spin while they wait, which takes the other half of a two-core machine.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    };
  }

  /** Runs rabbitmqctl against it. */
  async control(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(join(BIN, 'rabbitmqctl'), args, { env: this.#environment });
    return stdout;
  }

  /**
   * Has the broker write where its quorum queues are. RabbitMQ 3.10 keeps the newest of that in memory for up to three
   * seconds; killed before, it comes back with queues that have no leader, for minutes (rabbitmq-server#10070).
   */
  async quorumOnDisk(): Promise<void> {
    const answer = await this.control('eval', 'lists:all(fun(T) -> dets:sync(T) =:= ok end, dets:all()).');
    if (answer.trim() !== 'true') throw new Error(`RabbitMQ did not write its tables: ${answer}`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    if (this.port !== 0) {
      // The port mapper stays behind its node; it lets itself be ended once it has noticed that the node is gone.
      const kill = () => promisify(execFile)('epmd', ['-kill'], { env: this.#environment });
      await waitFor(async () => (await kill()).stdout.includes('Killed'), { timeoutMs: 5000 }).catch(
        () => undefined,
      );
    }
    this.#dir.remove();
  }
}
