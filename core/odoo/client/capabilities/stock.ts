import type { Capability } from './types';

export const stock: Capability = {
  name: 'stock',
  purpose: 'read stock',
  calls: {
    'product.product': ['search_read', 'fields_get'],
    'stock.warehouse': ['search_read'],
  },
  access: [
    { model: 'product.product', operation: 'read' },
    { model: 'stock.warehouse', operation: 'read' },
  ],
};
