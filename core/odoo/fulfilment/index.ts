export { Fulfilment, type OrderAsked, type OrderStatus } from './fulfilment';
export type { FulfilmentLine, OrderFulfilment } from './status';
export type { FulfilmentOptions, PickingSummary, ShipResult } from './types';
