/** Which fields of its input an expression may read, so that no more is handed to a process. */
import { type AstNode, nodesOf } from './jsonata-check';

/** Need nothing, so they are no way to the input. */
const FROM_NOTHING = new Set(['now', 'millis', 'random']);

/** Names of fields, far more than are read at times; 'all' where the input itself is used. */
export function fieldsRead(ast: AstNode): ReadonlySet<string> | 'all' {
  const names = new Set<string>();
  for (const node of nodesOf(ast)) {
    const { type, value } = node;
    if (type === 'name') names.add(String(value));
    if (type === 'wildcard' || type === 'descendant' || type === 'parent') return 'all';
    if (type === 'variable' && (value === '' || value === '$')) return 'all';
    if (type === 'function' && takesContext(node)) return 'all';
  }
  return names;
}

/** A function that is called without arguments takes what the expression is applied to. */
function takesContext({ arguments: given, procedure }: AstNode): boolean {
  if (!Array.isArray(given) || given.length > 0) return false;
  return !FROM_NOTHING.has(String((procedure as AstNode | undefined)?.value));
}

/** The names that `$env` is called with; undefined when a call says its name only while it runs. */
export function environmentRead(ast: AstNode): readonly string[] | undefined {
  const names: string[] = [];
  let uses = 0;
  for (const node of nodesOf(ast)) {
    if (node.type === 'variable' && node.value === 'env') uses += 1;
    if (node.type !== 'function' || (node['procedure'] as AstNode | undefined)?.value !== 'env') continue;
    const [name] = node['arguments'] as readonly AstNode[];
    if (name?.type === 'string') names.push(String(name.value));
  }
  return uses === names.length ? names : undefined;
}
