// What `npm pack` would publish: nothing that does not belong, and all that each node needs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { machineNpm, root, tail } from '../lib/project.mjs';
import { referenceFlows } from '../lib/reference-flows.mjs';

const languages = ['en-US', 'de'];
// Some 1.2 MB of it are tables and schemas (units, contracts, mappings) that a gateway reads when it needs them.
const unpackedLimitKb = 5000;
const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'ARCHITECTURE.md', 'LIFECYCLE.md', 'package.json'];
const required = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'];
const belongs = [
  /^dist\/cli\/.+\.js$/,
  /^dist\/core\/.+\.(js|json)$/,
  /^dist\/nodes\/.+\.(js|json|html|svg)$/,
  /^(examples|flows)\/.+\.json$/,
  /^resources\/.+/,
];
const neverPacked = /(^|\/)(test|tests|sandbox|bench|node_modules)\/|\.map$|\.test\.js$|\.tsbuildinfo$/;

/** @returns {Promise<{files: Set<string>, unpackedKb: number, packedKb: number}>} */
export async function listPacked() {
  const result = await machineNpm(['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error']);
  if (result.code !== 0) throw new Error(`${tail(result.output)}\nnpm pack failed.`);
  const [packed] = Object.values(JSON.parse(result.stdout));
  return {
    files: new Set(packed.files.map(({ path }) => path)),
    unpackedKb: Math.round(packed.unpackedSize / 1024),
    packedKb: Math.round(packed.size / 1024),
  };
}

function checkNodeSet(file, packed, problems) {
  const need = (path, why) => {
    if (!packed.has(path)) problems.push(`${path} is missing: ${why}`);
  };
  const folder = dirname(file);
  const name = basename(file, '.js');
  const html = `${folder}/${name}.html`;
  need(file, 'package.json lists it');
  need(html, 'the editor part of the node');
  for (const language of languages) {
    need(`${folder}/locales/${language}/${name}.json`, `its labels (${language})`);
    need(`${folder}/locales/${language}/${name}.html`, `its help (${language})`);
  }
  if (!packed.has(html)) return;
  const text = readFileSync(join(root, html), 'utf8');
  for (const [, icon] of text.matchAll(/\bicon:\s*['"]([^'"]+\.svg)['"]/g))
    need(`${folder}/icons/${icon}`, 'its icon');
  // A script that does not arrive freezes the whole editor at "Loading Nodes".
  for (const [, source] of text.matchAll(/<script[^>]*\bsrc=["']([^"']+)["']/g)) {
    const match = /^\/?resources\/node-red-contrib-crossdock\/(.+)$/.exec(source);
    if (match === null) problems.push(`${html} loads ${source}, which is none of this package's resources`);
    else need(`resources/${match[1]}`, `${html} loads it`);
  }
}

/** A plugin of the editor: its page, whole (nothing to fetch), and its texts. */
function checkPlugin(file, packed, problems) {
  const name = basename(file, '.html');
  const texts = languages.map((language) => `${dirname(file)}/locales/${language}/${name}.json`);
  for (const path of [file, ...texts]) {
    if (!packed.has(path)) problems.push(`${path} is missing: the plugin ${name} needs it`);
  }
  if (!packed.has(file)) return;
  const text = readFileSync(join(root, file), 'utf8');
  if (/<script[^>]*\bsrc=|\binline: browser\//.test(text))
    problems.push(`${file} is not whole: it has something left to fetch`);
}

/** Node types of a set's html that an analyst can drag (config nodes have no example of their own). */
function palettePart(file) {
  const html = join(root, dirname(file), `${basename(file, '.js')}.html`);
  if (!existsSync(html)) return [];
  const text = readFileSync(html, 'utf8');
  if (/category:\s*['"]config['"]/.test(text)) return [];
  return [...text.matchAll(/registerType\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1]);
}

function exampleTypes(packed, problems) {
  const types = new Set();
  for (const path of packed) {
    if (!/^examples\/.+\.json$/.test(path)) continue;
    const flow = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (Array.isArray(flow)) for (const node of flow) types.add(node.type);
    else problems.push(`${path} is no array of nodes: Node-RED cannot import it`);
  }
  return types;
}

/** @returns {string[]} one sentence for each thing too much or missing */
export function checkPacked({ files, unpackedKb }, manifest) {
  const problems = [];
  for (const path of files) {
    if (
      neverPacked.test(path) ||
      !(documents.includes(path) || belongs.some((pattern) => pattern.test(path)))
    ) {
      problems.push(`${path} is packed, and should not be`);
    }
  }
  for (const path of required) if (!files.has(path)) problems.push(`${path} is missing`);
  for (const { offered } of referenceFlows())
    if (!files.has(offered)) problems.push(`${offered} is missing: Import > Examples is to offer it`);
  const sets = Object.entries(manifest['node-red']?.nodes ?? {});
  const plugins = Object.values(manifest['node-red']?.plugins ?? {});
  for (const file of plugins) checkPlugin(file, files, problems);
  const examples = exampleTypes(files, problems);
  for (const [, file] of sets) {
    checkNodeSet(file, files, problems);
    for (const type of palettePart(file)) {
      if (!examples.has(type)) problems.push(`${type} occurs in no example`);
    }
  }
  const listed = new Set(sets.map(([, file]) => basename(dirname(file))));
  for (const name of readdirSync(join(root, 'nodes'))) {
    if (existsSync(join(root, 'nodes', name, `${name}.html`)) && !listed.has(name)) {
      problems.push(`nodes/${name} is not listed in package.json (node-red.nodes)`);
    }
  }
  if (unpackedKb > unpackedLimitKb)
    problems.push(`${unpackedKb} kB unpacked; ${unpackedLimitKb} kB are the limit`);
  return problems;
}
