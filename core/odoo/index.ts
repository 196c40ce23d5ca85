export { DEFAULT_ALLOW } from './allow-list';
export { type Availability, type AvailabilityOptions, readAvailability } from './availability';
export { type ConnectionReport, checkConnection } from './check';
export { createOdooClient } from './client';
export { KeyedLoader, type KeyedRecord, type LoadOutcome } from './keyed-load';
export { OrderWriter, type OrderWriterOptions, type PlacedOrder } from './order-writer';
export type { AllowList, CallOptions, OdooClient, OdooConfig, OdooVersion, TransportKind } from './types';
