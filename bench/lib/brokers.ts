/** Brokers for the benchmarks: the RabbitMQ of the environment, and a Mosquitto of the benchmark's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { freePort, tempDir, waitFor } from '../../test/support';

/** The broker's address without its login, and the login. Throws when RABBITMQ_TEST_URL is not set. */
export function rabbitmq(): { url: string; plainUrl: string; user: string; password: string } {
  const url = process.env['RABBITMQ_TEST_URL'];
  if (url === undefined || url === '') throw new Error('RABBITMQ_TEST_URL is not set (npm run services)');
  const { host, pathname, username, password } = new URL(url);
  return {
    url,
    plainUrl: `amqp://${host}${pathname}`,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
}

/** The settings that LIFECYCLE.md advises, without which Mosquitto loses what it has acknowledged. */
const ADVISED = `persistence true
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
max_inflight_messages 0
allow_anonymous true
`;

/** For what is about reading: saving each change writes all that is queued, so 20,000 messages take minutes to fill in. */
export const UNSAVED = ADVISED.replace('autosave_on_changes true', 'autosave_on_changes false');

/** Starts a Mosquitto on a free port, with the advised settings unless told otherwise, its files in a temporary folder. */
export async function startMosquitto(settings = ADVISED): Promise<{ url: string; stop(): Promise<void> }> {
  const found = [process.env['MOSQUITTO_BIN'], '/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto'];
  const binary = found.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? 'mosquitto';
  const folder = tempDir('crossdock-bench-mosquitto-');
  const port = await freePort();
  const file = join(folder.path, 'mosquitto.conf');
  // As root, Mosquitto would become the user "mosquitto", who may not write into the temporary folder.
  const user = process.getuid?.() === 0 ? 'user root\n' : '';
  const text = `${user}persistence_location ${folder.path}/\nlog_dest none\nlistener ${port} 127.0.0.1\n${settings}`;
  writeFileSync(file, text);
  const child: ChildProcess = spawn(binary, ['-c', file], { stdio: 'ignore' });
  process.once('exit', () => child.kill('SIGKILL'));
  await waitFor(
    async () => {
      if (child.exitCode !== null) throw new Error('Mosquitto has ended');
      const socket = connectTcp(port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return true;
      } finally {
        socket.destroy();
      }
    },
    { what: 'Mosquitto to listen' },
  );
  return {
    url: `mqtt://127.0.0.1:${port}`,
    stop: async () => {
      if (child.exitCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      folder.remove();
    },
  };
}
