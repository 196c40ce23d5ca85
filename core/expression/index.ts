/** Expressions that people write (JSONata, regular expressions), run so that none can hold up the gateway. */
export { type LookedAt, lookAtJsonata } from './bounded';
export type { JsonataParser } from './jsonata-check';
export { isLargerThan } from './measure';
export { ExpressionPool, type PoolOptions } from './pool';
export type { Evaluation, Expression, ExpressionEngine, Outcome, RegexOptions } from './types';
