export { levelFromOdoo, type Site } from './from-odoo';
export {
  type AcceptResult,
  type FlushResult,
  INVENTORY_EVENT_TYPE,
  INVENTORY_SCHEMA,
  InventoryPublisher,
  type InventoryPublisherOptions,
  openInventoryPublisher,
} from './publisher';
export { availableToSell } from './reading';
