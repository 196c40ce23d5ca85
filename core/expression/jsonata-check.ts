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
/** What Node-RED adds to JSONata, and `$eval`: a mapping needs nothing but its message. */
const FORBIDDEN_VARIABLES = new Set(['eval', 'env', 'flowContext', 'globalContext', 'moment', 'clone']);

/**
 * Parses an expression and refuses what a mapping must not use.
 * @throws CrossdockError EXPRESSION_INVALID
 */
export function checkedAst(parse: JsonataParser, source: string): AstNode {
  let ast: AstNode;
  try {
    ast = parse(source).ast();
  } catch (fault) {
    const { message, position } = fault as { message?: unknown; position?: unknown };
    const why = typeof message === 'string' && message !== '' ? message : 'it is not JSONata';
    const place = typeof position === 'number' ? ` (at character ${position})` : '';
    throw invalid(`The JSONata expression is faulty: ${why.replace(/\.$/, '')}${place}.`);
  }
  refuse(ast);
  return ast;
}

export function invalid(sentence: string): CrossdockError {
  return new CrossdockError(sentence, { code: 'EXPRESSION_INVALID', kind: 'permanent' });
}

function refuse(ast: AstNode): void {
  const open: unknown[] = [ast];
  const seen = new Set<object>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || next === null || seen.has(next) || next instanceof RegExp) continue;
    seen.add(next);
    const { type, value } = next as Partial<AstNode>;
    if (type === 'name' && FORBIDDEN_NAMES.has(String(value)))
      throw invalid(
        `"${String(value)}" must not be used in an expression: it reaches into how objects are made.`,
      );
    if (type === 'variable' && FORBIDDEN_VARIABLES.has(String(value)))
      throw invalid(`$${String(value)} is not available here: an expression gets nothing but its message.`);
    for (const member of Object.values(next)) if (typeof member === 'object') open.push(member);
  }
}
