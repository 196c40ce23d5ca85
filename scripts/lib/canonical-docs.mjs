// The generated parts of docs/canonical.md and of the page per canonical object, for analysts.
const REFERENCES = [
  ['x-ubl', 'UBL'],
  ['x-edi', 'EDI'],
  ['x-odoo', 'Odoo'],
  ['x-standard', ''],
];

const cell = (text) =>
  String(text)
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ');
/** Text that is no Markdown and no HTML: `<channel>` is shown as it is. */
const plain = (text) => text.replaceAll('<', '&lt;');
// A mark at the start or end of a code span needs a space, one within it a longer fence.
const code = (text) => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');

function resolved(root, schema) {
  if (typeof schema.$ref !== 'string') return schema;
  const { $ref, ...beside } = schema;
  return { ...root.$defs[$ref.replace('#/$defs/', '')], ...beside };
}

function typeOf(root, schema) {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema['x-hint'] !== undefined) return schema['x-hint'];
  if (schema.type === 'array') {
    const item = resolved(root, schema.items);
    const many = `list of ${schema.minItems ?? 0} to ${schema.maxItems}`;
    return item.type === 'object' ? many : `${many}: ${typeOf(root, item)}`;
  }
  if (schema.type === 'string') return schema.format ?? `text up to ${schema.maxLength}`;
  if (schema.type === 'integer') return 'whole number';
  return { object: 'group', boolean: 'true or false', number: 'number' }[schema.type] ?? schema.type;
}

function example(schema) {
  const [value] = schema.examples ?? [];
  return value === undefined || typeof value === 'object' ? '' : code(JSON.stringify(value));
}

function references(schema) {
  return REFERENCES.filter(([key]) => schema[key] !== undefined)
    .map(([key, label]) => (label === '' ? schema[key] : `${label} ${schema[key]}`))
    .join('; ');
}

/** Every field with its place: `lines[].quantity.current`. */
function* fields(root, schema, path) {
  const required = new Set(schema.required ?? []);
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const field = resolved(root, raw);
    const place = path === '' ? name : `${path}.${name}`;
    yield { place, field, required: required.has(name) };
    if (field.type === 'array') yield* fields(root, resolved(root, field.items), `${place}[]`);
    else if (field.type === 'object') yield* fields(root, field, place);
  }
}

/** The page of one object. */
export function objectPage(name, schema) {
  const rows = [...fields(schema, schema, '')].map(({ place, field, required }) => [
    `${code(place)}${required ? ' ★' : ''}`,
    plain(field.description),
    typeOf(schema, field),
    example(field),
    field['x-class'],
    references(field),
  ]);
  return `<!-- Written by \`npm run docs\` from core/canonical/${name}.schema.json. Change the schema, not this page. -->
# ${schema.title}

${plain(schema.description)}

Contract \`${name}\` ${schema.$id.split('/').at(-1)} (\`${schema.$id}\`). In the standards: ${references(schema)}. ★ marks what is
required, below a group or list where that is there. [All objects](../canonical.md)

${table(['field', 'meaning', 'type', 'example', 'class', 'in the standards'], rows)}
`;
}

/** The objects with their keys and pages. */
export function objectTable(objects) {
  const rows = objects.map(({ name, schema, key }) => [
    `[${schema.title}](canonical/${name}.md)`,
    schema.description.replace(/ Closed: .*$/, ''),
    code(key),
  ]);
  return table(['object', 'what it is', 'business key'], rows);
}

/**
 * The diagram of one axis. A step that only leaves out others of the usual way is not drawn, or nothing could be seen.
 */
export function axisDiagram({ initial, next, back = {}, way = [] }) {
  const skips = (from, to) => way.includes(from) && way.indexOf(to) > way.indexOf(from) + 1;
  const drawn = Object.entries(next).flatMap(([from, states]) =>
    states.filter((to) => !skips(from, to)).map((to) => `  ${from} --> ${to}`),
  );
  const backward = Object.entries(back).flatMap(([from, states]) =>
    states.map((to) => `  ${from} --> ${to}: declined`),
  );
  const ends = Object.entries(next)
    .filter(([, states]) => states.length === 0)
    .map(([state]) => `  ${state} --> [*]`);
  return [
    '```mermaid',
    'stateDiagram-v2',
    `  [*] --> ${initial}`,
    ...drawn,
    ...backward,
    ...ends,
    '```',
  ].join('\n');
}

/** All legal changes of one axis, in words. */
export function axisTable({ next, back = {} }) {
  const rows = Object.entries(next).map(([from, states]) => [
    code(from),
    [...states.map(code), ...(back[from] ?? []).map((to) => `${code(to)} (back)`)].join(', ') ||
      'nothing: final',
  ]);
  return table(['from', 'to'], rows);
}

/** What the partners call the states of one axis. */
export function wordsTable(axis, systems) {
  const rows = systems.flatMap(({ system, tables }) =>
    tables
      .filter((each) => each.axis === axis)
      .map(({ field, words, note = '' }) => {
        const states = [...new Set(Object.values(words))];
        const meaning = states.map((state) => {
          const found = Object.keys(words).filter((word) => words[word] === state);
          return `${found.map(code).join(', ')} → ${state}`;
        });
        return [system, code(field), meaning.join('; '), note];
      }),
  );
  return table(['system', 'field', 'its words → our state', 'note'], rows);
}

/** Replaces what stands between `<!-- name -->` and `<!-- /name -->`. */
export function fill(page, name, text) {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/canonical.md has no place ${start}`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}
