export type { CancelWish } from './change';
export { Fulfilment, type OrderAsked, type OrderStatus } from './fulfilment';
export {
  FULFILMENT_OPERATIONS,
  type FulfilmentOperation,
  type FulfilmentOutcome,
  readsFulfilment,
  runFulfilment,
} from './operations';
export type { FulfilmentLine, OrderFulfilment } from './status';
export type { FulfilmentOptions, OrderSummary, PickingSummary, ReturnResult, ShipResult } from './types';
