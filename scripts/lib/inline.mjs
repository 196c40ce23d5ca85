// Puts what a page of the editor is written in (modules, styles) into the page itself, since a script that the editor
// has to fetch may be missing one day, and a missing one keeps the editor from loading.
//
// A line of the html that reads `/* inline: x.css */` or `// inline: x.mjs` becomes that file. A module brings what it
// imports with it, each once and before those who use it.
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Script } from 'node:vm';

const importLine = /^import \{([^}]+)\} from '(\.[^']+)';$/gm;
const exported = /^export (?:async )?(?:function|class|const|let) (\w+)/gm;

/** The modules that `entry` needs, by file, itself last. */
function inOrder(entry, found = new Map(), open = new Set()) {
  if (found.has(entry)) return found;
  if (open.has(entry)) throw new Error(`${entry} imports itself in a circle`);
  open.add(entry);
  const text = readFileSync(entry, 'utf8');
  for (const [, , path] of text.matchAll(importLine)) inOrder(resolve(dirname(entry), path), found, open);
  return found.set(entry, text);
}

const variable = (file) => `m_${basename(file, '.mjs').replaceAll(/\W/g, '_')}`;

/** A module as a function of its own, which gives its exports. */
function wrapped(file, text) {
  const exports = [...text.matchAll(exported)].map(([, name]) => name).join(', ');
  const body = text
    .replaceAll(importLine, (_, names, path) => `const {${names}} = ${variable(path)};`)
    .replaceAll(/^export (?=async |function |class |const |let )/gm, '');
  if (/^(import|export)\b/m.test(body)) throw new Error(`${file} has an import or export of an unknown form`);
  if (body.includes('</script')) throw new Error(`${file} would end the script element`);
  return `const ${variable(file)} = (() => {\n${body.trim()}\nreturn { ${exports} };\n})();`;
}

/** One script with everything that the module and its imports say. */
export function bundle(entry) {
  const parts = [...inOrder(entry)].map(([file, text]) => wrapped(file, text));
  const script = `(() => {\n'use strict';\n${parts.join('\n')}\n})();`;
  // Nobody compiles this before a browser does, and there a slip would only make the console silently absent.
  new Script(script, { filename: entry });
  return script;
}

/** The html with its inline lines replaced. */
export function inline(htmlFile) {
  const at = (path) => resolve(dirname(htmlFile), path);
  return readFileSync(htmlFile, 'utf8')
    .replaceAll(/^ *\/\* inline: (\S+\.css) \*\/$/gm, (_, path) => readFileSync(at(path), 'utf8').trim())
    .replaceAll(/^ *\/\/ inline: (\S+\.mjs)$/gm, (_, path) => bundle(at(path)));
}
