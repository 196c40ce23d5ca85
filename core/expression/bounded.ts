/** JSONata of Node-RED's nodes: what may run on the gateway's loop, and what of the message the rest is given. */
import { cheapJsonata } from './cheap-jsonata';
import { type AstNode, checkedAst, invalid, type JsonataParser } from './jsonata-check';
import { environmentRead, fieldsRead } from './reads';
import { ELSEWHERE, NOTHING, simplePath } from './simple-path';

/** An expression that was looked at. */
export interface LookedAt {
  /** The value where the expression is only a way to it, as a list of one; undefined where the engine must find it. */
  read(input: unknown): readonly [unknown] | undefined;
  /** Whether it costs next to nothing for this input, so that it needs no process. */
  isCheap(input: unknown): boolean;
  /** Fields of the input that it may read; 'all' where that cannot be told. */
  readonly fields: ReadonlySet<string> | 'all';
  /** What it asks `$env` for. */
  readonly env: readonly string[];
}

/**
 * Looks at an expression.
 * @throws CrossdockError EXPRESSION_INVALID (permanent)
 */
export function lookAtJsonata(parse: JsonataParser, source: string): LookedAt {
  const ast = checkedAst(parse, source, []);
  const way = simplePath(ast);
  const cheap = cheapJsonata(ast);
  return {
    read: (input) => {
      const value = way === undefined ? ELSEWHERE : way(input);
      if (value === ELSEWHERE) return undefined;
      return [value === NOTHING ? undefined : value];
    },
    isCheap: (input) => cheap?.(input) === true,
    fields: fieldsRead(ast),
    env: environmentOf(ast),
  };
}

function environmentOf(ast: AstNode): readonly string[] {
  const names = environmentRead(ast);
  if (names !== undefined) return names;
  throw invalid('$env needs the name of the variable as a text, such as $env("SHOP").');
}
