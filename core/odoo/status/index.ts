export { type OrderAxes, type OrderFacts, orderAxes } from './axes';
export { type FindOptions, findOrders, type OrderSelector } from './find';
export { type LineStatus, type OrderStanding, readOrderStatus } from './read';
