import type { Problem } from '../../errors';

/**
 * What a canonical object does wrong although it keeps its contract.
 * - `identity`: keys and references: an id that is not the business key, a line id twice, a parent that is not there;
 * - `totals`: amounts that do not foot;
 * - `quantities`: quantities that contradict each other;
 * - `times`: an end before its beginning, validities that overlap;
 * - `rule`: another rule of the standard that is named.
 */
export interface CanonicalProblem extends Problem {
  readonly kind: 'identity' | 'totals' | 'quantities' | 'times' | 'rule';
  /** The rule of a standard, for example `BR-CO-10` of EN 16931; its name begins the sentence too. */
  readonly rule?: string;
}
