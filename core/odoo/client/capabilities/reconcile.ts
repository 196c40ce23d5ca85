import type { Capability } from './types';

export const reconcile: Capability = {
  name: 'reconcile',
  purpose: 'compare documents',
  calls: {
    'account.move': ['search_read'],
    'sale.order': ['search_read'],
    'stock.picking': ['search_read'],
  },
  access: [
    { model: 'account.move', operation: 'read', required: false },
    { model: 'sale.order', operation: 'read', required: false },
    { model: 'stock.picking', operation: 'read', required: false },
  ],
};
