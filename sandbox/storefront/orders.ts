/** Orders as shops post them, drawn from a seed: valid, complete, and exact in their totals. */
export type { CatalogueItem, OrderSeed } from './basket';
export { makeShopifyOrder, type ShopifyOrder } from './shopify-orders';
export { makeWooOrder, type WooOrder } from './woo-orders';
