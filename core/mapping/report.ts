/** Telling what a row could not do: where in the result, from where in the message, in a sentence. */
import { type Frame, PENDING, sourceIndexes, targetIndexes, ValueFault } from './frame';
import { pathText, type Step } from './path';

/** Most problems that are told of one message: a list of a million faulty entries is as wrong as one of so many. */
const MAX_PROBLEMS = 500;

/**
 * Adds a fault to the run's problems; what is only PENDING is none.
 * @throws whatever is no ValueFault
 */
export function report(
  frame: Frame,
  rule: number,
  target: readonly Step[],
  from: readonly Step[] | undefined,
  fault: unknown,
): void {
  if (fault === PENDING) return;
  if (!(fault instanceof ValueFault)) throw fault;
  if (frame.run.problems.length >= MAX_PROBLEMS) return;
  const filled = pathText(target, targetIndexes(frame));
  const source = from === undefined ? undefined : pathText(from, sourceIndexes(frame, from));
  const place = source === undefined ? filled : `${source} (for ${filled})`;
  frame.run.problems.push({
    path: pointer(target, frame),
    from: source,
    rule,
    message: `${place}: ${fault.message}`,
    ...(fault.because === undefined ? {} : { cause: fault.because }),
  });
}

function pointer(target: readonly Step[], frame: Frame): string {
  const indexes = targetIndexes(frame);
  let used = 0;
  return target
    .map((step) => {
      if (step.kind === 'key') return `/${step.key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const index = indexes[used] ?? 0;
      used += 1;
      return `/${index}`;
    })
    .join('');
}
