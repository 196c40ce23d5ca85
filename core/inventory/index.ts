export { type AgainRequest, noteSnapshot, tellAgain } from './again';
export { StockBrowser } from './browse';
export { INVENTORY_EVENT_TYPE, INVENTORY_SCHEMA } from './event';
export { changedSkus, levelFromOdoo, Readings, type Site, type Wanted } from './from-odoo';
export type { AcceptResult } from './intake';
export type { Held } from './offer';
export {
  type AgePolicy,
  type Allocation,
  type Bundle,
  type ChannelPolicy,
  checkedPolicy,
  type ItemPolicy,
  type SitePolicy,
  type Threshold,
} from './policy';
export {
  type Backlog,
  type FlushResult,
  InventoryPublisher,
  type InventoryPublisherOptions,
  openInventoryPublisher,
} from './publisher';
export {
  STOCK_VIEWS,
  type StockChannel,
  type StockDetail,
  type StockExplanation,
  type StockFilter,
  type StockItem,
  type StockPage,
  type StockReading,
  type StockSite,
  type StockStep,
  type StockView,
} from './stock';
export { STOCK_LANGUAGES, type StockLanguage, stockCsv } from './stock-csv';
