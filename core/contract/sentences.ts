/** Validation errors as sentences that an integration analyst understands, without personal data. */
import type { ErrorObject } from 'ajv';
import type { Problem } from '../errors';
import {
  asSchema,
  type JsonSchema,
  nodeAt,
  pointerSegment,
  pointerSegments,
  type SchemaNode,
} from './schema-tree';

/** Longest text that is quoted from a message. */
const MAX_QUOTE = 40;

/**
 * Turns errors of ajv (compiled with `verbose`) into problems: one sentence each, that names the place, what must be
 * there and what is there instead. A value is quoted only where the contract calls the field public or internal.
 */
export function toProblems(root: JsonSchema, errors: readonly ErrorObject[], limit: number): Problem[] {
  const problems = new Map<string, Problem>();
  for (const error of errors) {
    if (problems.size >= limit) break;
    const problem = toProblem(root, error);
    // The first fault of a place explains it; what follows from it (pattern after type) only repeats.
    if (!problems.has(problem.path)) problems.set(problem.path, problem);
  }
  return [...problems.values()];
}

/** Joins problems to one sentence; all beyond the first `shown` are only counted. */
export function problemsToSentence(problems: readonly Problem[], shown = 3): string {
  const head = problems.slice(0, shown).map((problem) => problem.message);
  const rest = problems.length - head.length;
  return rest > 0 ? `${head.join('; ')}; and ${rest} more` : head.join('; ');
}

function toProblem(root: JsonSchema, error: ErrorObject): Problem {
  const segments = pointerSegments(error.instancePath);
  if (error.keyword === 'required') {
    const name = String(error.params.missingProperty);
    const child = [...segments, name];
    const node = nodeAt(root, child);
    const wanted = node === undefined ? 'be there' : `be ${expectation(node.schema)}`;
    return problem(error, name, `${place(segments)}${the(node, name)} must ${wanted}; it is missing`);
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty);
    return problem(error, name, `${place(segments)}the field ${quote(name)} is not known to this contract`);
  }
  const node = nodeAt(root, segments);
  const subject =
    segments.length === 0
      ? 'the message'
      : `${place(segments.slice(0, -1))}${the(node, segments.at(-1) ?? '')}`;
  const wanted = requirement(error, node?.schema ?? asSchema(error.parentSchema) ?? {});
  return { path: error.instancePath, message: `${subject} must ${wanted}; ${found(error.data, node)}` };
}

function problem(error: ErrorObject, name: string, message: string): Problem {
  return { path: `${error.instancePath}/${pointerSegment(name)}`, message };
}

/** What one failed keyword asks for, as it follows "must". */
function requirement(error: ErrorObject, schema: JsonSchema): string {
  const limit = Number(error.params.limit);
  switch (error.keyword) {
    case 'maxLength':
      return `be at most ${limit} characters long`;
    case 'minLength':
      return limit === 1 ? 'not be empty' : `be at least ${limit} characters long`;
    case 'minItems':
      return limit === 1 ? 'have at least one entry' : `have at least ${limit} entries`;
    case 'maxItems':
      return `have at most ${limit} entries`;
    case 'uniqueItems':
      return 'have no entry twice';
    case 'minProperties':
      return `have at least ${limit} field(s)`;
    case 'maxProperties':
      return `have at most ${limit} field(s)`;
    case 'minimum':
      return `be at least ${limit}`;
    case 'exclusiveMinimum':
      return `be more than ${limit}`;
    case 'maximum':
      return `be at most ${limit}`;
    case 'exclusiveMaximum':
      return `be less than ${limit}`;
    default:
      return `be ${expectation(schema)}`;
  }
}

/** What a field must be, as it follows "must be". */
function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) {
    const values = schema.enum.filter((value) => value !== null).map(String);
    return `one of ${values.slice(0, 12).join(', ')}${values.length > 12 ? ', ...' : ''}`;
  }
  const hint = schema['x-hint'];
  const kind =
    typeof hint === 'string'
      ? hint
      : schema.format === 'date-time'
        ? 'a time with zone'
        : typeName(schema.type);
  const example = Array.isArray(schema.examples) ? (schema.examples[0] as unknown) : undefined;
  const shown =
    typeof example === 'string' || typeof example === 'number'
      ? `, for example ${JSON.stringify(example)}`
      : '';
  return `${kind}${shown}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function typeName(type: unknown): string {
  const types = (Array.isArray(type) ? type : [type]).filter((name) => name !== 'null');
  return types.map((name) => TYPE_NAMES[String(name)] ?? 'a value').join(' or ');
}

/** What is there instead; quoted only where the contract allows it. */
function found(value: unknown, node: SchemaNode | undefined): string {
  if (value === undefined) return 'it is missing';
  if (value === null) return 'it is null';
  if (Array.isArray(value))
    return value.length === 0 ? 'it is an empty list' : `it is a list of ${value.length}`;
  if (typeof value === 'object') return 'it is an object';
  if (value === '') return 'it is empty';
  const mayQuote = node !== undefined && (node.dataClass === 'public' || node.dataClass === 'internal');
  if (typeof value === 'string')
    return mayQuote ? `it is ${quote(value)}` : `it is a text of ${value.length} character(s)`;
  if (typeof value === 'number') return mayQuote ? `it is the number ${value}` : 'it is a number';
  return `it is ${String(value)}`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTE ? `${text.slice(0, MAX_QUOTE)}...` : text);
}

/** "lines 2, item: " for ['lines', '1', 'item']. */
function place(segments: readonly string[]): string {
  const words: string[] = [];
  for (const segment of segments) {
    if (/^\d+$/.test(segment) && words.length > 0) words[words.length - 1] += ` ${Number(segment) + 1}`;
    else words.push(plainWords(segment));
  }
  return words.length === 0 ? '' : `${words.join(', ')}: `;
}

function the(node: SchemaNode | undefined, name: string): string {
  const title = node?.schema.title;
  if (typeof title === 'string')
    return `the ${/^[A-Z][a-z]/.test(title) ? title.charAt(0).toLowerCase() + title.slice(1) : title}`;
  return /^\d+$/.test(name) ? `entry ${Number(name) + 1}` : `the field ${quote(name)}`;
}

/** "line items" for line_items, "allowances charges" for allowancesCharges. */
function plainWords(name: string): string {
  const short = name.length > MAX_QUOTE ? `${name.slice(0, MAX_QUOTE)}...` : name;
  return short
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}
