import type { Capability } from './types';

export const crossReference: Capability = {
  name: 'cross-reference',
  purpose: "import partners' codes",
  calls: {
    'product.customerinfo': ['search_read'],
    'product.packaging': ['search_read'],
    'product.product': ['search_read'],
    'product.supplierinfo': ['search_read'],
    'product.uom': ['search_read'],
    'res.partner': ['read', 'search_read'],
    'uom.uom': ['search_read'],
  },
  access: [{ model: 'product.supplierinfo', operation: 'read' }],
};
