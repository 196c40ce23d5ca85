import type { Capability } from './types';

export const order: Capability = {
  name: 'order',
  purpose: 'place and confirm orders',
  calls: {
    'account.tax': ['search_read'],
    'ir.model.data': ['check_object_reference'],
    'product.pricelist': ['search_read'],
    'product.product': ['search_read'],
    'res.company': ['read'],
    'res.country': ['search_read'],
    'res.country.state': ['search_read'],
    'res.partner': ['load', 'read', 'search_read'],
    'sale.order': [
      'load',
      'read',
      'search_read',
      'fields_get',
      'action_confirm',
      'has_access',
      'check_access_rights',
    ],
  },
  access: [
    { model: 'sale.order', operation: 'create' },
    { model: 'res.partner', operation: 'create' },
    { model: 'product.product', operation: 'read' },
  ],
};
