// npm run demo:orders -- [options]: a seeded storm of orders against the running demo, and the check of what came of it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureReady } from './ensure.mjs';
import { projectEnv, projectNode, root } from './lib/project.mjs';

await ensureReady({ build: true });
const orders = spawn(
  projectNode,
  [join(root, 'dist', 'sandbox', 'demo', 'orders.js'), ...process.argv.slice(2)],
  {
    env: projectEnv(),
    stdio: 'inherit',
  },
);
orders.on('close', (code) => {
  process.exitCode = code ?? 1;
});
