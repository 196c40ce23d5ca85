/** JSONata's parser, used here only to check a source: what it means is found out in a process of its own. */
import { CrossdockError } from '../errors';

/** A node of JSONata's syntax tree; only what we look at. */
export interface AstNode {
  readonly type: string;
  readonly value?: unknown;
  readonly steps?: readonly AstNode[];
  readonly [member: string]: unknown;
}

export type JsonataParser = (source: string) => { ast(): AstNode };

const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);
/** What reaches out of the message: Node-RED's contexts, and `$eval`, which nobody has looked at before it runs. */
const FORBIDDEN_VARIABLES = ['eval', 'flowContext', 'globalContext'] as const;
/** What Node-RED adds to JSONata. */
export const NODE_RED_VARIABLES = ['env', 'moment', 'clone'] as const;

/** Every node of a tree once, parents first. */
export function* nodesOf(ast: AstNode): Generator<AstNode, void, void> {
  const open: unknown[] = [ast];
  const seen = new Set<object>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next) || next instanceof RegExp) continue;
    seen.add(next);
    yield next as AstNode;
    for (const member of Object.values(next)) if (typeof member === 'object') open.push(member);
  }
}

/**
 * Parses an expression and refuses what it must not use.
 * @param more variables that are refused as well
 * @throws CrossdockError EXPRESSION_INVALID
 */
export function checkedAst(
  parse: JsonataParser,
  source: string,
  more: readonly string[] = NODE_RED_VARIABLES,
): AstNode {
  let ast: AstNode;
  try {
    ast = parse(source).ast();
  } catch (fault) {
    const { message, position } = fault as { message?: unknown; position?: unknown };
    const why = typeof message === 'string' && message !== '' ? message : 'it is not JSONata';
    const place = typeof position === 'number' ? ` (at character ${position})` : '';
    throw invalid(`The JSONata expression is faulty: ${why.replace(/\.$/, '')}${place}.`);
  }
  refuse(ast, new Set([...FORBIDDEN_VARIABLES, ...more]));
  return ast;
}

export function invalid(sentence: string): CrossdockError {
  return new CrossdockError(sentence, { code: 'EXPRESSION_INVALID', kind: 'permanent' });
}

function refuse(ast: AstNode, variables: ReadonlySet<string>): void {
  for (const { type, value } of nodesOf(ast)) {
    if (type === 'name' && FORBIDDEN_NAMES.has(String(value)))
      throw invalid(
        `"${String(value)}" must not be used in an expression: it reaches into how objects are made.`,
      );
    if (type === 'variable' && variables.has(String(value)))
      throw invalid(`$${String(value)} is not available here: an expression gets nothing but its message.`);
  }
}
