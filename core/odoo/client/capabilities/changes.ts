import type { Capability } from './types';

/** The models of the ready-made choices; any other is watched once the connection allows its reading. */
const MODELS = [
  'account.move',
  'product.product',
  'res.partner',
  'sale.order',
  'stock.move',
  'stock.picking',
  'stock.quant',
];

export const changes: Capability = {
  name: 'changes',
  purpose: 'notice changes',
  calls: Object.fromEntries(MODELS.map((model) => [model, ['search_read', 'search_count', 'fields_get']])),
  // Each only where it is watched.
  access: MODELS.map((model) => ({ model, operation: 'read' as const, required: false })),
};
