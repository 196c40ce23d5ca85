export {
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterSource,
  DeadLetters,
  type Parking,
} from './dead-letters';
