// npm run types: writes core/canonical/generated from the canonical contracts. With --check it only says what is stale.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, projectEnv, root } from './lib/project.mjs';
import { generateTypes } from './lib/schema-types.mjs';

const folder = join(root, 'core', 'canonical');
const target = join(folder, 'generated');

function formatted(name, text) {
  const biome = spawnSync(join(bin, 'biome'), ['format', `--stdin-file-path=${join(target, name)}`], {
    input: text,
    encoding: 'utf8',
    env: projectEnv(),
    cwd: root,
  });
  if (biome.status !== 0) throw new Error(`biome cannot format ${name}: ${biome.stderr || biome.error}`);
  return biome.stdout;
}

const wanted = new Map([...generateTypes(folder)].map(([name, text]) => [name, formatted(name, text)]));
const present = existsSync(target) ? readdirSync(target) : [];
const extra = present.filter((name) => !wanted.has(name));
const stale = [...wanted].filter(
  ([name, text]) => !present.includes(name) || readFileSync(join(target, name), 'utf8') !== text,
);

if (process.argv.includes('--check')) {
  for (const [name] of stale)
    process.stdout.write(`core/canonical/generated/${name} is not what its contract says\n`);
  for (const name of extra) process.stdout.write(`core/canonical/generated/${name} belongs to no contract\n`);
  if (stale.length + extra.length > 0) {
    process.stdout.write('Run `npm run types`.\n');
    process.exitCode = 1;
  }
} else {
  mkdirSync(target, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(target, name), text);
  for (const name of extra) rmSync(join(target, name));
  process.stdout.write(`${wanted.size} files, ${stale.length} written, ${extra.length} removed\n`);
}
