import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readRunFile } from '../../sandbox/demo/run-file';
import { freePort, projectFolders, type TempDir, tempDir, waitFor } from '../support';

/** `npm start` as its user and a service manager see it: one process that has others, and ends with all of them. */
describe('the process of the demo', () => {
  let temp: TempDir;
  const children: ChildProcess[] = [];

  beforeEach(() => {
    temp = tempDir('crossdock-demo-');
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    temp.remove();
  });

  interface Started {
    readonly child: ChildProcess;
    readonly lines: string[];
    readonly closed: Promise<number | null>;
    /** Waits for a line that matches. */
    line(pattern: RegExp): Promise<string>;
    /** Waits until it runs; its own process and Node-RED's. */
    running(): Promise<{ pid: number; nodeRedPid: number; editorUrl: string }>;
  }

  function start(port: number, env: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [join(projectFolders().dist, 'sandbox', 'demo', 'start.js')], {
      cwd: temp.path,
      env: {
        ...process.env,
        ODOO_URL: '',
        MQTT_URL: '',
        CROSSDOCK_HOME: join(temp.path, 'home'),
        CROSSDOCK_SIMULATE: '0',
        PORT: String(port),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream
        ?.setEncoding('utf8')
        .on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
    }
    const closed = once(child, 'close').then(([code]) => code as number | null);
    const line = (pattern: RegExp): Promise<string> =>
      waitFor(
        () => {
          const found = lines.find((text) => pattern.test(text));
          if (found === undefined && child.exitCode !== null) throw new Error(`ended: ${lines.join('\n')}`);
          return found;
        },
        { timeoutMs: 180_000, what: `the line ${pattern}` },
      );
    return {
      child,
      lines,
      closed,
      line,
      async running() {
        await line(/^Crossdock is running/);
        const run = readRunFile(join(temp.path, 'home', 'run.json'));
        assert.ok(run?.nodeRedPid);
        return { pid: run.pid, nodeRedPid: run.nodeRedPid, editorUrl: run.editorUrl };
      },
    };
  }

  const alive = (pid: number): boolean => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const gone = (pid: number): Promise<boolean> =>
    waitFor(() => !alive(pid), { timeoutMs: 60_000, what: `the end of process ${pid}` });
  const answers = async (url: string): Promise<boolean> => (await fetch(url)).ok;

  it('says in one line where everything is, and stops with all its processes on SIGTERM', async () => {
    const demo = start(await freePort());
    const { nodeRedPid, editorUrl } = await demo.running();
    const line = await demo.line(/^Crossdock is running/);
    for (const part of [
      `editor ${editorUrl}`,
      `${editorUrl}/storefront/shopify`,
      'stand-in',
      'MQTT mqtt://',
      'Ctrl-C',
    ]) {
      assert.ok(line.includes(part), `${part} in: ${line}`);
    }
    assert.equal(await answers(editorUrl), true);
    demo.child.kill('SIGTERM');
    assert.equal(await demo.closed, 0);
    assert.equal(alive(nodeRedPid), false);
  });

  it('takes the two signals of one Ctrl-C under npm start as one', async () => {
    const demo = start(await freePort());
    const { nodeRedPid } = await demo.running();
    demo.child.kill('SIGINT');
    demo.child.kill('SIGTERM');
    assert.equal(await demo.closed, 0);
    assert.equal(alive(nodeRedPid), false);
  });

  it('starts Node-RED again after kill -9', async () => {
    const demo = start(await freePort());
    const { nodeRedPid, editorUrl } = await demo.running();
    process.kill(nodeRedPid, 'SIGKILL');
    await demo.line(/SIGKILL; it is started again/);
    await waitFor(() => answers(editorUrl), { timeoutMs: 90_000, what: 'the editor' });
    demo.child.kill('SIGTERM');
    assert.equal(await demo.closed, 0);
  });

  it('leaves no Node-RED behind when it is itself killed with kill -9', async () => {
    const demo = start(await freePort());
    const { nodeRedPid } = await demo.running();
    demo.child.kill('SIGKILL');
    await demo.closed;
    await gone(nodeRedPid);
    // The next start is not kept back by what the killed one has left.
    const again = start(await freePort());
    await again.running();
    again.child.kill('SIGTERM');
    assert.equal(await again.closed, 0);
  });

  it('ends when somebody stops Node-RED in an orderly way', async () => {
    const demo = start(await freePort());
    const { nodeRedPid } = await demo.running();
    process.kill(nodeRedPid, 'SIGTERM');
    assert.equal(await demo.closed, 0);
    await demo.line(/stopped from outside/);
  });

  it('says what to do when its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const demo = start(port);
      assert.equal(await demo.closed, 1);
      assert.match(demo.lines.join('\n'), new RegExp(`^Port ${port} .* in use.*PORT=`));
      assert.equal(demo.lines.length, 1, 'one sentence, no stack');
    } finally {
      server.close();
    }
  });

  it('does not start twice on the same state', async () => {
    const first = start(await freePort());
    await first.running();
    const second = start(await freePort());
    assert.equal(await second.closed, 1);
    assert.match(second.lines.join('\n'), /running already/);
    first.child.kill('SIGTERM');
    assert.equal(await first.closed, 0);
  });

  it('names what is missing of a real Odoo', async () => {
    const demo = start(await freePort(), { ODOO_URL: 'http://127.0.0.1:1', ODOO_DB: '', ODOO_API_KEY: '' });
    assert.equal(await demo.closed, 1);
    assert.deepEqual(demo.lines, ['ODOO_URL is set, but ODOO_DB and ODOO_API_KEY not.']);
  });
});
