export * from './call';
export * from './changes';
export type { AccessReport, CapabilityReport, Excess, MissingAccess } from './client/access';
export { joinAllowLists, parseAllowLines } from './client/allow-lines';
export { DEFAULT_ALLOW } from './client/allow-list';
export { type ConnectionReport, checkConnection } from './client/check';
export { createOdooClient } from './client/client';
export { type FieldNeeds, type Fields, requireFields } from './client/fields';
export { type KeyState, keyState } from './client/key-state';
export { KeyWatch, timeLeft } from './client/key-watch';
export { idOrZero, type Link } from './client/rows';
export type {
  AllowList,
  CallOptions,
  ConnectionHealth,
  OdooClient,
  OdooConfig,
  OdooConnection,
  OdooVersion,
  TransportKind,
} from './client/types';
export {
  type CancelWish,
  FULFILMENT_OPERATIONS,
  Fulfilment,
  type FulfilmentLine,
  type FulfilmentOperation,
  type FulfilmentOptions,
  type FulfilmentOutcome,
  type OrderAsked,
  type OrderFulfilment,
  type OrderStatus,
  type OrderSummary,
  type PickingSummary,
  type ReturnResult,
  readsFulfilment,
  runFulfilment,
  type ShipResult,
} from './fulfilment';
export * from './invoice/index';
export { KeyedLoader, type KeyedRecord, type LoadOutcome } from './load/keyed-load';
export {
  type CancelOptions,
  type CreditOptions,
  type ItemReferences,
  MATCH_RULES,
  type MatchRule,
  OrderDesk,
  type OrderResult,
  type OrderTarget,
  OrderWriter,
  type OrderWriterOptions,
  type PlacedOrder,
  responseToRefusal,
  type TermOptions,
} from './order/index';
export * from './status/index';
export {
  type AdjusterOptions,
  type AppliedAdjustment,
  type Availability,
  type AvailabilityOptions,
  type LevelOf,
  type LevelPage,
  type Reservation,
  type ReservationOptions,
  type ReservedLine,
  readAvailability,
  readLevels,
  reservation,
  StockAdjuster,
  type StockProblem,
  type StockRequest,
  type WhenMoved,
} from './stock/index';
export { readUnits } from './units/index';
