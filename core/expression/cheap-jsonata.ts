/**
 * JSONata whose cost is bounded by its length and by what it reads, so that it may run on the gateway's own loop: a tree of
 * ways into the message, operators and functions that make nothing longer than what they are given. No lists are gone
 * over by lambdas, nothing is bound, repeated, generated, sorted or matched by a pattern. All else needs a process.
 */
import type { AstNode } from './jsonata-check';
import { isLargerThan } from './measure';

/** Nodes of the tree, counted as often as they are evaluated (`??` repeats its left side). */
const MAX_NODES = 100;
/** Longest text in the expression that a function puts between or around others. */
const MAX_FILLER = 10;
const MAX_PAD = 1000;
/** What the ways of the expression may lead to, in bytes of about its JSON. */
const MAX_READ = 16 * 1024;

/** Functions whose result is no longer than their arguments, or a number, and that go over each at most once. */
const SMALL = new Set([
  ...['number', 'boolean', 'length', 'substring', 'substringBefore', 'substringAfter', 'contains'],
  ...['uppercase', 'lowercase', 'trim', 'not', 'exists', 'type', 'count', 'sum', 'max', 'min', 'average'],
  ...['abs', 'floor', 'ceil', 'round', 'sqrt', 'power', 'env'],
]);
const WITHOUT_ARGUMENTS = new Set(['now', 'millis']);
const OPERATORS = new Set(['&', '+', '-', '*', '/', '%', '=', '!=', '<', '<=', '>', '>=', 'and', 'or', 'in']);

/**
 * Whether an expression is cheap for an input, as a function; undefined for one that never is.
 * @param ast JSONata's tree of an expression
 */
export function cheapJsonata(ast: AstNode): ((input: unknown) => boolean) | undefined {
  const ways: Way[] = [];
  const judge = new Judge(ways);
  if (!judge.result(ast)) return undefined;
  return (input) => {
    const read = ways.map((way) => reached(input, way));
    return !isLargerThan(read, MAX_READ);
  };
}

class Judge {
  #nodes = 0;

  constructor(private readonly ways: Way[]) {}

  /** What may stand where a result is made: lists and objects are made once, and never turned into text again. */
  result(node: AstNode): boolean {
    if (!this.#counts()) return false;
    if (node.type === 'unary' && node.value === '[')
      return list(node['expressions']).every((one) => this.result(one));
    if (node.type === 'unary' && node.value === '{') {
      const pairs = node['lhs'];
      return (
        Array.isArray(pairs) &&
        pairs.every((pair: readonly AstNode[]) =>
          pair.every((one, at) => (at === 0 ? this.scalar(one) : this.result(one))),
        )
      );
    }
    if (node.type === 'block') return this.#only(node['expressions'], (one) => this.result(one));
    if (node.type === 'condition') return this.#branches(node, (one) => this.result(one));
    return this.scalar(node);
  }

  /** What may stand below operators and functions. */
  scalar(node: AstNode): boolean {
    if (!this.#counts()) return false;
    const below = (one: unknown): boolean => isNode(one) && this.scalar(one);
    switch (node.type) {
      case 'string':
      case 'number':
      case 'value':
        return true;
      case 'path':
        return this.#path(node);
      case 'block':
        return this.#only(node['expressions'], below);
      case 'condition':
        return this.#branches(node, below);
      case 'binary':
        return OPERATORS.has(String(node.value)) && below(node['lhs']) && below(node['rhs']);
      case 'unary':
        return node.value === '-' && below(node['expression']);
      case 'function':
        return this.#call(node, below);
      default:
        return false;
    }
  }

  #counts(): boolean {
    this.#nodes += 1;
    return this.#nodes <= MAX_NODES;
  }

  /** A bracket around one expression; several would be statements. */
  #only(expressions: unknown, may: (one: AstNode) => boolean): boolean {
    const all = list(expressions);
    return all.length === 1 && all.every(may);
  }

  #branches(node: AstNode, may: (one: AstNode) => boolean): boolean {
    const {
      condition,
      then,
      else: otherwise,
    } = node as unknown as Record<'condition' | 'then' | 'else', unknown>;
    return (
      isNode(condition) &&
      this.scalar(condition) &&
      isNode(then) &&
      may(then) &&
      (otherwise === undefined || (isNode(otherwise) && may(otherwise)))
    );
  }

  #call(node: AstNode, below: (one: unknown) => boolean): boolean {
    const procedure = node['procedure'];
    const name = isNode(procedure) && procedure.type === 'variable' ? String(procedure.value) : '';
    const given = list(node['arguments']);
    if (!given.every(below)) return false;
    // Without arguments most functions take the whole message.
    if (given.length === 0) return WITHOUT_ARGUMENTS.has(name);
    // The second one asks for indented text, which grows with the depth.
    if (name === 'string') return given.length === 1;
    if (name === 'join') return given.length === 1 || isFiller(given[1]);
    if (name === 'pad') return isPadded(given[1]) && (given.length === 2 || isFiller(given[2]));
    return SMALL.has(name);
  }

  /** Names, each with at most one index: what they lead to is a part of the message, however lists lie on the way. */
  #path(node: AstNode): boolean {
    if (Object.keys(node).some((key) => !['type', 'steps', 'keepSingletonArray'].includes(key))) return false;
    const [first, ...others] = node.steps ?? [];
    if (first === undefined) return false;
    // $ and $$ are the message here, where nothing goes over lists.
    const root = first.type === 'variable' && (first.value === '' || first.value === '$');
    const steps = root ? others : [first, ...others];
    if (!steps.every(isName)) return false;
    this.#nodes += steps.length;
    this.ways.push(steps.map(wayStep));
    return true;
  }
}

function isName(step: AstNode): boolean {
  if (step.type !== 'name') return false;
  if (Object.keys(step).some((key) => !['type', 'value', 'position', 'stages', 'keepArray'].includes(key)))
    return false;
  const stages = step['stages'];
  if (stages === undefined) return true;
  return (
    Array.isArray(stages) &&
    stages.every(
      ({ type, expr }: { type?: string; expr?: AstNode }) => type === 'filter' && expr?.type === 'number',
    )
  );
}

const isNode = (one: unknown): one is AstNode => typeof one === 'object' && one !== null && 'type' in one;

const list = (of: unknown): readonly AstNode[] => (Array.isArray(of) ? (of as readonly AstNode[]) : []);

function isFiller(node: AstNode | undefined): boolean {
  return node?.type === 'string' && String(node.value).length <= MAX_FILLER;
}

function isPadded(node: AstNode | undefined): boolean {
  const width = node?.type === 'unary' ? (node['expression'] as AstNode | undefined) : node;
  return width?.type === 'number' && Number(width.value) <= MAX_PAD;
}

type Way = readonly WayStep[];
interface WayStep {
  readonly name: string;
  /** Of the entry that is taken of a list. */
  readonly index: number | undefined;
}

function wayStep({ value, stages }: AstNode): WayStep {
  const [only, ...more] = (Array.isArray(stages) ? stages : []) as { expr: AstNode }[];
  const index = more.length === 0 ? Number(only?.expr.value) : Number.NaN;
  return { name: String(value), index: Number.isInteger(index) ? index : undefined };
}

/** What a way leads to, or the first list on it: all that lies behind is a part of that. */
function reached(input: unknown, way: Way): unknown {
  let value = input;
  for (const { name, index } of way) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) break;
    value = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (index !== undefined && Array.isArray(value)) value = value.at(index);
  }
  return value;
}
