export {
  type DeadLetterFilter,
  DeadLetters,
  type LetterGroup,
  type LetterPage,
} from './dead-letters';
export { type LetterFilter, type LetterState, type Where, whereOf } from './filter';
export { ATTEMPTS_SCHEMA, type Attempt, attemptStatements, historyOf, REPLAY_HEADER } from './history';
export { type DeadLetter, type DeadLetterSource, type LetterBody, type Parking, toJson } from './letter';
export { type Contract, contractOf, mayShow, redact, redactText } from './redact';
export { type Kept, keepWithin, type RetentionLimits } from './retention';
export { MARK_REPLAYED, PARK_AGAIN } from './schema';
