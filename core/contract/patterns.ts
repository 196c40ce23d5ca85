/**
 * Patterns of other people's schemas, on the event loop. One that provably cannot take long runs as it is; any other as
 * an automaton, whose time grows in line with the text; one that is neither (look-around, back references) is refused.
 * JavaScript's own engine would try `^(a+)+$` on 40 characters for hours.
 */
import type { RegExpEngine, RegExpLike } from 'ajv/dist/types';
import { CrossdockError } from '../errors';
import { isCheapPattern, patternCost } from '../expression/cheap-pattern';
import { type Automaton, automatonOf } from './compatibility/regex/parse';
import { closure, moved } from './compatibility/regex/search';

/** Longest text that an automaton reads; a longer one counts as no match. */
const MAX_TEXT = 10_000;

/** Makes ajv's patterns. Throws CONTRACT_INVALID for one that might take long. */
export const boundedPattern: RegExpEngine = Object.assign(
  (pattern: string, flags: string): RegExpLike & { toString(): string } => {
    const native = new RegExp(pattern, flags);
    const cost = patternCost(pattern);
    const automaton = automatonOf(pattern);
    const cheap = (text: string): boolean => cost !== undefined && isCheapPattern(cost, text.length);
    if (cost === undefined && automaton === undefined) {
      throw new CrossdockError(
        `The pattern ${pattern.slice(0, 80)} might take very long: write it without look-around, back references and large repetitions.`,
        {
          code: 'CONTRACT_INVALID',
          kind: 'permanent',
          facts: { field: 'schema' },
        },
      );
    }
    return {
      // ajv keeps patterns apart by this.
      toString: () => String(native),
      test: (text) => {
        if (cheap(text)) return native.test(text);
        return automaton !== undefined && text.length <= MAX_TEXT && found(automaton, text);
      },
    };
  },
  // Only for code that is written out, which we do not do.
  { code: 'new RegExp' },
);

/** Whether the pattern is found in the text: all states at once, so each character is read once. */
function found(automaton: Automaton, text: string): boolean {
  const points = [...text];
  let states = closure(automaton, [0], true, points.length === 0);
  for (const [index, character] of points.entries()) {
    if (states.includes(automaton.accept)) return true;
    const next = moved(automaton, states, character.codePointAt(0) ?? 0);
    states = closure(automaton, next, false, index === points.length - 1);
  }
  return states.includes(automaton.accept);
}
