// TypeScript types from the canonical contracts. Our own, since json-schema-to-typescript makes an alias of every titled
// property and a second type of every `$ref` that has a description beside it; the subset of our contracts is small.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ENDING = '.schema.json';
const HEAD = '// Generated from the contracts by `npm run types`. Change the schema, not this file.\n';

/** Roots whose plain name means something else: a party on a document, the status of a return. */
const ROOT_NAMES = { order: 'CanonicalOrder', party: 'CanonicalParty', return: 'CanonicalReturn' };

const pascal = (name) => name.replace(/(?:^|-)([a-z])/g, (_all, letter) => letter.toUpperCase());

function doc(schema, indent) {
  const lines = wrap(String(schema.description ?? '').replaceAll('*/', '* /'), 110 - indent.length - 6);
  return lines.length === 1
    ? `${indent}/** ${lines[0]} */\n`
    : `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** The type of a schema, written out; names that it uses are added to `used`. */
function typeOf(schema, used, indent) {
  if (typeof schema.$ref === 'string') {
    const name = pascal(schema.$ref.replace('#/$defs/', ''));
    used.add(name);
    return name;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array': {
      const item = typeOf(schema.items, used, indent);
      return /[|{ ]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      return schema.properties === undefined ? 'Record<string, unknown>' : membersOf(schema, used, indent);
    default:
      throw new Error(`the type generator does not know what ${JSON.stringify(schema).slice(0, 80)} is`);
  }
}

function membersOf(schema, used, indent) {
  const required = new Set(schema.required ?? []);
  const inner = `${indent}  `;
  const members = Object.entries(schema.properties).map(
    ([name, property]) =>
      `${doc(property, inner)}${inner}${name}${required.has(name) ? '' : '?'}: ${typeOf(property, used, inner)};\n`,
  );
  return `{\n${members.join('')}${indent}}`;
}

function declaration(name, schema, used) {
  const body = typeOf(schema, used, '');
  const kind = body.startsWith('{') ? `interface ${name} ${body}` : `type ${name} = ${body};`;
  return `${doc(schema, '')}export ${kind}\n`;
}

/**
 * All files of the generated folder, unformatted: `common.ts` for definitions that several contracts share, one file per
 * contract, `index.ts`.
 * @returns {Map<string, string>} text by file name
 */
export function generateTypes(folder) {
  const schemas = new Map(
    readdirSync(folder)
      .filter((file) => file.endsWith(ENDING))
      .sort()
      .map((file) => [file.slice(0, -ENDING.length), JSON.parse(readFileSync(join(folder, file), 'utf8'))]),
  );
  const owners = new Map();
  for (const [contract, { $defs }] of schemas) {
    for (const [key, definition] of Object.entries($defs ?? {})) {
      const known = owners.get(key) ?? { contracts: [], definition };
      if (JSON.stringify(known.definition) !== JSON.stringify(definition))
        throw new Error(`${contract} and ${known.contracts[0]} define ${key} differently`);
      known.contracts.push(contract);
      owners.set(key, known);
    }
  }
  const shared = new Set(
    [...owners].filter(([, { contracts }]) => contracts.length > 1).map(([key]) => pascal(key)),
  );

  const files = new Map();
  const common = [...owners]
    .filter(([key]) => shared.has(pascal(key)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { definition }]) => declaration(pascal(key), definition, new Set()));
  files.set('common.ts', HEAD + common.map((text) => `\n${text}`).join(''));
  for (const [contract, { $defs, ...root }] of schemas) {
    const used = new Set();
    const own = Object.entries($defs ?? {})
      .filter(([key]) => !shared.has(pascal(key)))
      .map(([key, definition]) => declaration(pascal(key), definition, used));
    own.push(declaration(ROOT_NAMES[contract] ?? pascal(contract), root, used));
    const imported = [...used].filter((name) => shared.has(name)).sort();
    const from = imported.length === 0 ? '' : `import type { ${imported.join(', ')} } from './common';\n`;
    files.set(`${contract}.ts`, HEAD + from + own.map((text) => `\n${text}`).join(''));
  }
  const names = [...files.keys()].map((file) => file.slice(0, -3)).sort();
  files.set('index.ts', HEAD + names.map((name) => `export type * from './${name}';\n`).join(''));
  return files;
}
