import type { Capability } from './types';

export const stock: Capability = {
  name: 'stock',
  purpose: 'read and count stock, and reserve it for orders',
  calls: {
    'ir.model.data': ['check_object_reference'],
    'product.product': ['search_read', 'fields_get'],
    'sale.order': ['search_read'],
    'stock.inventory.adjustment.name': ['fields_get', 'create', 'action_apply'],
    'stock.location': ['search_read'],
    'stock.lot': ['search_read', 'fields_get', 'load'],
    'stock.move': ['search_read', 'fields_get'],
    'stock.picking': ['search_read', 'fields_get', 'action_assign', 'do_unreserve'],
    'stock.production.lot': ['search_read', 'fields_get', 'load'],
    'stock.quant': ['search_read', 'fields_get', 'create', 'action_clear_inventory_quantity'],
    'stock.warehouse': ['search_read'],
    'uom.uom': ['search_read', 'get_external_id'],
  },
  access: [
    { model: 'product.product', operation: 'read' },
    { model: 'stock.warehouse', operation: 'read' },
    { model: 'stock.quant', operation: 'read' },
    { model: 'stock.move', operation: 'read' },
    { model: 'stock.quant', operation: 'create', required: false },
    { model: 'stock.picking', operation: 'write', required: false },
  ],
};
