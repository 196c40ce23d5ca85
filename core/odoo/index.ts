export * from './call';
export * from './changes';
export { DEFAULT_ALLOW } from './client/allow-list';
export { type ConnectionReport, checkConnection } from './client/check';
export { createOdooClient } from './client/client';
export type {
  AllowList,
  CallOptions,
  OdooClient,
  OdooConfig,
  OdooVersion,
  TransportKind,
} from './client/types';
export { KeyedLoader, type KeyedRecord, type LoadOutcome } from './load/keyed-load';
export { OrderWriter, type OrderWriterOptions, type PlacedOrder } from './order/writer';
export { type Availability, type AvailabilityOptions, readAvailability } from './stock/availability';
