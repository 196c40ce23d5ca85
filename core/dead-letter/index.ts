export {
  type DeadLetter,
  type DeadLetterFilter,
  DeadLetters,
  type DeadLetterSource,
  type Parking,
} from './dead-letters';
