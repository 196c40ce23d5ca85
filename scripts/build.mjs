// Builds the package: clean dist, compile with the native TypeScript compiler, copy what tsc leaves out.
// (tsc copies no assets and leaves stale files behind, so dist is made anew each time; a build takes about a second.)
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inline } from './lib/inline.mjs';
import { offeredFolder, referenceFlows } from './lib/reference-flows.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');

/** Copies every file below `from` whose name passes `wanted` to the same place below dist. */
function copyAssets(folder, wanted) {
  const from = join(root, folder);
  if (!existsSync(from)) return;
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    const source = join(from, name);
    if (wanted(name) && statSync(source).isFile()) cpSync(source, join(dist, folder, name));
  }
}

rmSync(dist, { recursive: true, force: true });
const tsc = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', join(root, 'tsconfig.json')], {
  stdio: 'inherit',
  cwd: root,
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
copyAssets('nodes', (name) => /\.(html|json)$/.test(name));
const pages = [
  'console/crossdock-console.html',
  'canonical-mapper/canonical-mapper.html',
  'reconciler/reconciler.html',
];
for (const page of pages) {
  writeFileSync(join(dist, 'nodes', page), inline(join(root, 'nodes', page)));
}
copyAssets('core', (name) => name.endsWith('.json'));
// Contracts and mappings are read by programs only once they are built: without white space they are a third smaller.
for (const name of readdirSync(join(dist, 'core'), { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.json')) continue;
  const file = join(dist, 'core', name);
  writeFileSync(file, JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));
}
// Node-RED serves /icons/<module>/<file> from the folder `icons` beside each node's file.
const icons = join(root, 'icons');
if (existsSync(icons)) {
  for (const node of readdirSync(join(dist, 'nodes'))) {
    const icon = join(icons, `crossdock-${node}.svg`);
    if (existsSync(icon)) cpSync(icon, join(dist, 'nodes', node, 'icons', `crossdock-${node}.svg`));
  }
}
// Node-RED offers under Import > Examples what is below examples/. This copy is the one that is packed.
rmSync(join(root, 'examples', offeredFolder), { recursive: true, force: true });
mkdirSync(join(root, 'examples', offeredFolder));
for (const { file, offered } of referenceFlows()) {
  writeFileSync(
    join(root, offered),
    JSON.stringify(JSON.parse(readFileSync(join(root, 'flows', file), 'utf8'))),
  );
}
