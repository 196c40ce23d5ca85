/** Running a compiled plan over one message. */
import type { Evaluation, ExpressionEngine } from '../expression';
import { compileFiller } from './fill';
import { Frame, faultOf, type Run, ValueFault } from './frame';
import type { Plan } from './plan';
import type { CrossReferences, ReferenceKey } from './types';

/** Passes over the rows: each may ask for what depends on the answers of the one before. */
const MAX_PASSES = 9;

/** Where answers come from that a pass cannot give itself. */
export interface Outside {
  readonly expression: ExpressionEngine | undefined;
  readonly references: CrossReferences | undefined;
}

export type Start = Pick<Run, 'source' | 'context' | 'mappingVersion'> & { readonly trace?: boolean };

/** What a run made: the document, or the list of them. */
export interface Made extends Pick<Run, 'problems' | 'trace'> {
  readonly value: unknown;
}

/**
 * Translates one message: all rows, all faults.
 *
 * Rows run synchronously. A row that needs something from outside (an expression's result, what was taught about a
 * unit) for the first time asks for it and ends; everything that one pass asks for is fetched in one call, and the
 * rows run again, so that a spec that needs nothing from outside pays nothing.
 */
export function compileRun(plan: Plan, outside: Outside): (start: Start) => Promise<Made> {
  const fill = compileFiller(plan);
  return (start) => passes(plan, fill, start, outside);
}

async function passes(
  { scope }: Plan,
  fill: (frame: Frame) => unknown,
  { source, context, mappingVersion, trace }: Start,
  outside: Outside,
): Promise<Made> {
  const answers: Run['answers'] = new Map();
  for (let pass = 1; ; pass += 1) {
    const run: Run = {
      source,
      context,
      mappingVersion,
      problems: [],
      result: {},
      answers,
      wanted: new Map(),
      trace: trace === true ? [] : undefined,
      references: outside.references !== undefined,
    };
    const value = fill(new Frame(run, undefined, scope, source));
    if (run.wanted.size === 0) return { value, problems: run.problems, trace: run.trace };
    if (pass === MAX_PASSES) {
      const message = `the rows with expressions depend on each other through more than ${MAX_PASSES - 1} steps`;
      return { value, problems: [{ path: '', from: undefined, rule: 0, message }], trace: run.trace };
    }
    await fetchWanted(run, outside);
  }
}

/** Answers everything that a pass asked for: one call for all expressions, one for all codes. */
async function fetchWanted(
  { wanted, answers, context }: Run,
  { expression, references }: Outside,
): Promise<void> {
  const evaluations: [string, Evaluation][] = [];
  const keys: [string, ReferenceKey][] = [];
  for (const [place, want] of wanted) {
    if (want.type === 'expression') evaluations.push([place, want.evaluation]);
    else keys.push([place, want.key]);
  }
  const [outcomes, values] = await Promise.all([
    evaluations.length === 0 ? [] : expression?.evaluate(evaluations.map(([, evaluation]) => evaluation)),
    keys.length === 0
      ? []
      : references?.lookup(
          context.partnerId,
          keys.map(([, key]) => key),
        ),
  ]);
  evaluations.forEach(([place], index) => {
    const outcome = outcomes?.[index];
    if (outcome === undefined) answers.set(place, { fault: new ValueFault('the expression was not run') });
    else if ('error' in outcome) answers.set(place, { fault: faultOf(outcome.error) });
    else answers.set(place, outcome);
  });
  keys.forEach(([place], index) => {
    answers.set(place, { value: values?.[index] });
  });
}
