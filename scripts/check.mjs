// npm run check: types, lint and format, rules of the tree, the packed content, and the packed package in Node-RED.
// Every step runs, whatever the one before says; any finding ends with exit code 1.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPacked, startConsumer } from './check/consumer.mjs';
import { checkPacked, listPacked } from './check/packed.mjs';
import { checkManifest, checkSources } from './check/sources.mjs';
import { ensureReady } from './ensure.mjs';
import { bin, capture, projectEnv, root, since, tail } from './lib/project.mjs';

let failed = 0;

/** Runs one step; its action gives the problems found, and what is worth knowing besides. */
async function step(title, action) {
  const start = Date.now();
  let problems;
  let note = '';
  try {
    ({ problems, note = '' } = await action());
  } catch (error) {
    problems = [error instanceof Error ? error.message : String(error)];
  }
  const ok = problems.length === 0;
  process.stdout.write(`${ok ? '✔' : '✘'} ${title}${note && ` (${note})`}, ${since(start)}\n`);
  for (const problem of problems) process.stdout.write(`    ${problem.trimStart()}\n`);
  if (!ok) failed += 1;
}

async function tool(name, args) {
  const result = await capture(join(bin, name), args, { env: projectEnv() });
  return { problems: result.code === 0 ? [] : [tail(result.output, 80)] };
}

await ensureReady({ build: true });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const [title, script] of [
  ['generated types', 'types.mjs'],
  ['generated docs', 'docs.mjs'],
]) {
  await step(title, async () => {
    const result = await capture(process.execPath, [join(root, 'scripts', script), '--check']);
    return { problems: result.code === 0 ? [] : result.output.trim().split('\n') };
  });
}
await step('types', () => tool('tsc', ['-p', join(root, 'tsconfig.json'), '--noEmit']));
await step('lint and format', () =>
  tool('biome', ['check', '--error-on-warnings', '--max-diagnostics=20', root]),
);
await step('rules of the source tree', () => ({ problems: checkSources() }));
await step('package.json', () => ({ problems: checkManifest(manifest) }));
await step('packed content', async () => {
  const packed = await listPacked();
  const note = `${packed.files.size} files, ${packed.packedKb} kB packed, ${packed.unpackedKb} kB unpacked`;
  return { problems: checkPacked(packed, manifest), note };
});

let consumer;
await step('install of the packed package into an empty userDir', async () => {
  consumer = await installPacked();
  return { problems: [] };
});
if (consumer !== undefined) {
  for (const [title, module] of [
    ['Node-RED 5', 'node-red'],
    ['Node-RED 4.1', 'node-red-4'],
  ]) {
    await step(`${title} with it`, async () => {
      const { problems, sets, examples } = await startConsumer(consumer.folder, module, manifest);
      return { problems, note: `${sets} node sets, ${examples} examples` };
    });
  }
  consumer.remove();
}

process.stdout.write(failed === 0 ? 'All checks passed.\n' : `${failed} of the checks failed.\n`);
process.exitCode = failed === 0 ? 0 : 1;
