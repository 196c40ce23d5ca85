/**
 * An Odoo process of a test's own, to be killed and started again: a second server on the database of the shared one
 * (scripts/services), started with the command line that the shared one runs with, on another port. The shared server
 * and what other tests have in the database stay untouched.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { type OdooUnderTest, odooFromEnvironment } from '../../conformance/sales-fixture';
import { freePort, waitFor } from '../../support';

export interface OwnOdoo extends OdooUnderTest {
  /** Resolves when it answers calls. */
  start(): Promise<void>;
  /** SIGKILL. Resolves when it is gone. Worker processes would stay a while: `stop` those. */
  kill(): Promise<void>;
  /** SIGTERM: in good order, with its worker processes. */
  stop(): Promise<void>;
}

interface Running {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
}

/** The process that listens at the shared Odoo's port, as /proc shows it; undefined elsewhere than on its machine. */
function sharedProcess(server: OdooUnderTest): Running | undefined {
  let pids: string[];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return undefined;
  }
  for (const pid of pids) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
      const script = command[1] ?? '';
      if (!/\/odoo$/.test(script) || command.at(-1) !== server.database) continue;
      const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').slice(0, -1);
      const env = Object.fromEntries(
        entries.map((entry) => {
          const at = entry.indexOf('=');
          return [entry.slice(0, at), entry.slice(at + 1)];
        }),
      );
      const { uid, gid } = statSync(`/proc/${pid}`);
      return { command, env, uid, gid };
    } catch {
      // It has ended meanwhile, or is not ours to look at.
    }
  }
  return undefined;
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/**
 * Undefined where there is no Odoo that a second one could be started beside.
 * @param more arguments for its command line
 */
export async function ownOdoo(more: readonly string[] = []): Promise<OwnOdoo | undefined> {
  const server = odooFromEnvironment();
  const shared = server && sharedProcess(server);
  if (server === undefined || shared === undefined) return undefined;
  const port = await freePort();
  const [program = '', ...args] = shared.command;
  let child: ChildProcess | undefined;
  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    running.kill(signal);
    await once(running, 'exit');
  }
  const own: OwnOdoo = {
    ...server,
    url: `http://127.0.0.1:${port}`,
    async start() {
      const { env, uid, gid } = shared;
      const options = { cwd: env['HOME'] ?? '/', env, uid, gid, stdio: 'ignore' as const };
      const started = spawn(program, [...args, '--http-port', String(port), ...more], options);
      child = started;
      children.add(started);
      started.on('exit', () => children.delete(started));
      await waitFor(async () => started.exitCode === null && (await answers(own)), {
        what: "the test's own Odoo",
        timeoutMs: 300_000,
        intervalMs: 250,
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
  return own;
}

/** The port alone is open before the database is loaded. */
async function answers({ url, apiKey, database }: OdooUnderTest): Promise<boolean> {
  try {
    const response = await fetch(`${url}/json/2/res.users/context_get`, {
      method: 'POST',
      headers: {
        authorization: `bearer ${apiKey}`,
        'content-type': 'application/json',
        'x-odoo-database': database,
      },
      body: '{}',
      signal: AbortSignal.timeout(30_000),
    });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
