// npm run bench -- <name> [arguments]: one benchmark of bench/, which prints one JSON line on standard output.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureReady } from './ensure.mjs';
import { fail, projectEnv, projectNode, root } from './lib/project.mjs';
import { findServices } from './lib/services-env.mjs';

const folder = join(root, 'dist', 'bench');
const [name, ...rest] = process.argv.slice(2);

await ensureReady({ build: true });
const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .map((file) => file.slice(0, -3))
      .sort()
  : [];
if (name === undefined || !names.includes(name)) {
  const list = names.length > 0 ? names.join(', ') : 'none yet';
  fail(
    `${name === undefined ? 'Which benchmark?' : `There is no benchmark ${name}.`} npm run bench -- <name>: ${list}`,
  );
}

const { env } = await findServices();
const child = spawn(projectNode, [join(folder, `${name}.js`), ...rest], {
  env: projectEnv(env),
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`The benchmark could not be started: ${error.message}`));
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
