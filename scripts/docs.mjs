// npm run docs: writes the generated parts of docs/canonical.md and docs/canonical/*.md. With --check it only says what is stale.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureReady } from './ensure.mjs';
import { axisDiagram, axisTable, fill, objectPage, objectTable, wordsTable } from './lib/canonical-docs.mjs';
import { root } from './lib/project.mjs';

const check = process.argv.includes('--check');
await ensureReady({ build: true });
const require = createRequire(import.meta.url);
const { AXES, CANONICAL_NAMES, KEY_SHAPES, PARTNER_SYSTEMS, wordTables } = require(
  join(root, 'dist', 'core', 'canonical', 'index.js'),
);

const objects = CANONICAL_NAMES.map((name) => ({
  name,
  key: KEY_SHAPES[name],
  schema: JSON.parse(readFileSync(join(root, 'core', 'canonical', `${name}.schema.json`), 'utf8')),
}));
const systems = PARTNER_SYSTEMS.map((system) => ({ system, tables: wordTables(system) }));

const overview = join('docs', 'canonical.md');
let page = fill(readFileSync(join(root, overview), 'utf8'), 'objects', objectTable(objects));
for (const [axis, model] of Object.entries(AXES)) {
  page = fill(page, axis, `\n${axisDiagram(model)}\n\n${axisTable(model)}\n\n${wordsTable(axis, systems)}\n`);
}
const wanted = new Map([[overview, page]]);
for (const { name, schema } of objects)
  wanted.set(join('docs', 'canonical', `${name}.md`), objectPage(name, schema));

const folder = join(root, 'docs', 'canonical');
const extra = (existsSync(folder) ? readdirSync(folder) : [])
  .map((name) => join('docs', 'canonical', name))
  .filter((name) => !wanted.has(name));
const stale = [...wanted].filter(
  ([name, text]) => !existsSync(join(root, name)) || readFileSync(join(root, name), 'utf8') !== text,
);
if (check) {
  for (const name of [...stale.map(([each]) => each), ...extra])
    process.stdout.write(`${name} is not what the contracts say\n`);
  if (stale.length + extra.length > 0) {
    process.stdout.write('Run `npm run docs`.\n');
    process.exitCode = 1;
  }
} else {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(root, name), text);
  for (const name of extra) rmSync(join(root, name));
  process.stdout.write(`${wanted.size} pages, ${stale.length} written, ${extra.length} removed\n`);
}
