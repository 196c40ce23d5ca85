/** Orders in Odoo: placed once, confirmed, amended, read, cancelled, locked. */
export { OrderDesk } from './desk';
export { responseToRefusal } from './response';
export type { OrderTarget } from './target';
export type { CancelOptions } from './transitions';
export {
  type CreditOptions,
  type ItemReferences,
  MATCH_RULES,
  type MatchRule,
  type OrderResult,
  type OrderWriterOptions,
  type PlacedOrder,
  type TermOptions,
} from './types';
export { OrderWriter } from './writer';
