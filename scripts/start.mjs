// npm start: the demo, from a fresh clone to a running editor. Ctrl-C (or SIGTERM) stops it cleanly.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureReady } from './ensure.mjs';
import { projectEnv, projectNode, root, say } from './lib/project.mjs';

let demo;
let stopping = false;

/**
 * Ctrl-C reaches every process of the terminal's group, so the demo has usually got the signal already: what is
 * passed on is one SIGTERM, which the demo's orderly stop takes as the same request.
 */
function stop() {
  if (stopping) return;
  stopping = true;
  if (demo === undefined) process.exit(0);
  demo.kill('SIGTERM');
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

await ensureReady({ build: true });

demo = spawn(projectNode, [join(root, 'dist', 'sandbox', 'demo', 'start.js'), ...process.argv.slice(2)], {
  env: projectEnv(),
  stdio: 'inherit',
});
demo.on('error', (error) => {
  say(`The demo could not be started: ${error.message}`);
  process.exitCode = 1;
});
demo.on('close', (code) => {
  // Stopped on request is success, also when the signal came before the demo could handle it.
  process.exitCode = stopping ? 0 : (code ?? 1);
});
