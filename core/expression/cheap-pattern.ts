/** Regular expressions that cannot take long, whatever the text: these need no process of their own. */

export interface PatternCost {
  /** Repetitions without a bound. */
  readonly unbounded: number;
  /** Ways that the bounded parts can be taken in, multiplied. */
  readonly ways: number;
  readonly length: number;
}

/** Steps that the engine may take here: about a millisecond. */
const MAX_STEPS = 200_000;
const MAX_WAYS = 64;

/** One part of a pattern that has no parts of its own. */
const ATOM = /(?:\\[dDwWsSbBtnrf]|\\[^\w]|\[\^?(?:\\[dDwWsStnr]|\\[^\w]|[^\]\\])+\]|[^\\[\](){}*+?|^$])/y;
const QUANTIFIER = /(?:[*+?]|\{(\d{1,3})(,(\d{0,3}))?\})\??/y;

/**
 * What a pattern may cost at worst; undefined for one with parts that are not looked into (repeated or alternative
 * groups, look-around, back references).
 */
export function patternCost(source: string): PatternCost | undefined {
  let unbounded = 0;
  let ways = 1;
  let depth = 0;
  let at = 0;
  while (at < source.length) {
    const char = source.charAt(at);
    if (char === '^' || char === '$') at += 1;
    else if (char === '(') {
      if (source.startsWith('(?', at) && !source.startsWith('(?:', at)) return undefined;
      depth += 1;
      at += source.startsWith('(?:', at) ? 3 : 1;
      continue;
    } else if (char === ')') {
      depth -= 1;
      at += 1;
      // A group that is repeated can be taken in more ways than are counted here.
      if (depth < 0 || /[*+?{]/.test(source.charAt(at))) return undefined;
      continue;
    } else {
      ATOM.lastIndex = at;
      if (!ATOM.test(source)) return undefined;
      at = ATOM.lastIndex;
    }
    QUANTIFIER.lastIndex = at;
    const quantifier = QUANTIFIER.exec(source);
    if (quantifier === null) continue;
    at = QUANTIFIER.lastIndex;
    const [text, least, range, most] = quantifier;
    if (text.startsWith('*') || text.startsWith('+') || (range !== undefined && most === '')) unbounded += 1;
    else if (text.startsWith('?')) ways *= 2;
    else if (range !== undefined) ways *= Number(most) - Number(least) + 1;
    if (least !== undefined && Number(least) > 100) return undefined;
  }
  return depth !== 0 || unbounded > 3 || ways > MAX_WAYS
    ? undefined
    : { unbounded, ways, length: source.length };
}

/** Whether a pattern is through with a text of this length at once, at worst. */
export function isCheapPattern({ unbounded, ways, length }: PatternCost, textLength: number): boolean {
  return (textLength + 1) ** (unbounded + 1) * ways * Math.max(1, length / 8) <= MAX_STEPS;
}
