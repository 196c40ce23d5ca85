// Generated from the contracts by `npm run types`. Change the schema, not this file.
export type * from './common';
export type * from './inventory-adjustment';
export type * from './inventory-level';
export type * from './invoice';
export type * from './order';
export type * from './order-response';
export type * from './party';
export type * from './product-cross-reference';
export type * from './return';
export type * from './shipment';
