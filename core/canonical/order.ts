/** The types of the canonical order, under the names that everybody uses; `order.schema.json` is the contract. */
export type {
  Address,
  AllowanceCharge,
  CanonicalOrder,
  Decimal,
  FulfilmentStatus,
  Identifier,
  LineQuantity,
  OrderLine,
  OrderTotals,
  Party,
  PaymentStatus,
  Provenance,
  Tax,
} from './generated';
