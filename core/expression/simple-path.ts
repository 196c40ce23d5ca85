/**
 * JSONata that is only a way into the message (`a.b[0].c`), read here without a process. Where JSONata would begin to
 * go over lists, it is left to it: what is read here is the same by construction, and by test.
 */
import type { AstNode } from './jsonata-check';

/** Says that the engine must do it. */
export const ELSEWHERE: unique symbol = Symbol('elsewhere');

/** There is no value. (A reader's undefined would not be told from one that it did not find.) */
export const NOTHING: unique symbol = Symbol('nothing');

/** The value, NOTHING, or ELSEWHERE. */
export type SimpleReader = (input: unknown) => unknown;

interface NameStep {
  readonly name: string;
  readonly index: number | undefined;
}

/** The reader of a syntax tree that is a path of names, each with at most one index; undefined for any other. */
export function simplePath(ast: AstNode): SimpleReader | undefined {
  if (ast.type !== 'path' || ast.steps === undefined || ast['keepSingletonArray'] === true) return undefined;
  if (Object.keys(ast).some((key) => key !== 'type' && key !== 'steps')) return undefined;
  const steps: NameStep[] = [];
  for (const step of ast.steps) {
    const simple = nameStep(step);
    if (simple === undefined) return undefined;
    steps.push(simple);
  }
  return (input) => read(input, steps);
}

function nameStep(step: AstNode): NameStep | undefined {
  const known = new Set(['type', 'value', 'position', 'stages']);
  if (step.type !== 'name' || typeof step.value !== 'string') return undefined;
  if (Object.keys(step).some((key) => !known.has(key))) return undefined;
  const stages = step['stages'];
  if (stages === undefined) return { name: step.value, index: undefined };
  if (!Array.isArray(stages) || stages.length !== 1) return undefined;
  const { type, expr } = stages[0] as { type?: string; expr?: AstNode };
  const index = expr?.type === 'number' ? expr.value : undefined;
  if (type !== 'filter' || typeof index !== 'number' || !Number.isInteger(index) || index < 0)
    return undefined;
  return { name: step.value, index };
}

function read(input: unknown, steps: readonly NameStep[]): unknown {
  let value = input;
  for (let at = 0; at < steps.length; at += 1) {
    const { name, index } = steps[at] as NameStep;
    if (typeof value !== 'object' || value === null) return NOTHING;
    if (Array.isArray(value)) return ELSEWHERE;
    // JSONata also reads inherited members (toString); what they give is its business.
    if (!Object.hasOwn(value, name)) return name in value ? ELSEWHERE : NOTHING;
    value = (value as Record<string, unknown>)[name];
    if (index === undefined || value === undefined) continue;
    if (!Array.isArray(value)) return ELSEWHERE;
    value = value[index] as unknown;
    if (Array.isArray(value)) return ELSEWHERE;
  }
  if (value === undefined) return NOTHING;
  // What JSONata does to lists of one stays with it.
  return typeof value === 'object' && value !== null ? ELSEWHERE : value;
}
