// Rules of the source tree that neither the compiler nor the linter knows.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { root } from '../lib/project.mjs';

function typescriptFiles(folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}

/** Every module that a file names, in whatever form of import. */
function importsOf(text) {
  const pattern = /\bfrom\s+['"]([^'"]+)['"]|\b(?:import|require)\s*\(?\s*['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => match[1] ?? match[2]);
}

const topFolder = (file) => relative(root, file).split(sep)[0];

/** What each part may import of the project; the parts that are not named may import anything. */
const allowed = {
  cli: ['cli', 'core'],
  core: ['core'],
  nodes: ['core', 'nodes'],
  editor: ['core', 'editor'],
};
const escapes = [
  [/@ts-(ignore|nocheck|expect-error)/, 'switches the type check off'],
  [/(:|\bas|<|,)\s*any\b(?!\s*[a-z])/, 'uses the type any'],
  [/biome-ignore[^\n]*noExplicitAny/, 'allows itself the type any'],
];

/** Without its comments, where "any" is a word of English. */
const code = (line) => line.replace(/\/\/.*$/, '').replace(/^\s*(\/\*)?\*.*$/, '');

/** @returns {string[]} one sentence for each breach */
export function checkSources() {
  const problems = [];
  for (const part of ['cli', 'core', 'nodes', 'editor']) {
    for (const file of typescriptFiles(part)) {
      const name = relative(root, file);
      const text = readFileSync(file, 'utf8');
      for (const [index, line] of text.split('\n').entries()) {
        for (const [pattern, what] of escapes) {
          if (
            pattern.test(what.includes('the type any') && !line.includes('biome-ignore') ? code(line) : line)
          ) {
            problems.push(`${name}:${index + 1} ${what}`);
          }
        }
      }
      for (const imported of importsOf(text)) {
        if (part === 'core' && /^(@types\/)?(@node-red(\/|$)|node-red)/.test(imported)) {
          problems.push(`${name} imports ${imported}: nothing in core/ may know Node-RED`);
        }
        if (!imported.startsWith('.')) continue;
        const target = topFolder(resolve(file, '..', imported));
        if (!allowed[part].includes(target))
          problems.push(`${name} imports ${imported}: ${part}/ must not depend on ${target}/`);
      }
    }
  }
  return problems;
}

/** The scorecard's limits for a Node-RED package, and those of this project's own. */
export function checkManifest(manifest) {
  const problems = [];
  const dependencies = Object.keys(manifest.dependencies ?? {});
  if (dependencies.length > 6)
    problems.push(`package.json has ${dependencies.length} dependencies; 6 are the limit`);
  if (!manifest.keywords?.includes('node-red')) problems.push('package.json lacks the keyword node-red');
  if (!manifest['node-red']?.version) problems.push('package.json says no node-red.version');
  if (Object.keys(manifest['node-red']?.nodes ?? {}).length === 0)
    problems.push('package.json lists no node sets');
  return problems;
}
