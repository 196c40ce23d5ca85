/** A process that makes one comparison, tells its verdict and ends. Started by apart.ts. */
import { asCrossdockError } from '../../errors';
import type { Answer, Question } from './apart';
import { checkCompatibility } from './index';

process.once('message', ({ older, newer, mode }: Question) => {
  process.send?.(answer({ older, newer, mode }), () => process.disconnect());
});

function answer({ older, newer, mode }: Question): Answer {
  try {
    return { verdict: checkCompatibility(older, newer, { mode }) };
  } catch (thrown) {
    const { message, code } = asCrossdockError(thrown);
    return { failed: { message, code } };
  }
}
