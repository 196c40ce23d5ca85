import type { Capability } from './types';

/**
 * Drafts from orders take no more than a salesperson's rights: Odoo's dialog makes them. Posting, cancelling and credit
 * notes for whole invoices take the right Invoicing (group account.group_account_invoice), and nothing above it.
 */
export const invoice: Capability = {
  name: 'invoice',
  purpose: 'make invoices',
  calls: {
    'account.move': [
      ...['read', 'search_read', 'load', 'action_post', 'button_cancel'],
      ...['has_access', 'check_access_rights'],
    ],
    'account.move.line': ['search_read'],
    'account.partial.reconcile': ['search_read'],
    'account.tax': ['search_read', 'fields_get'],
    'ir.model.data': ['check_object_reference'],
    'product.product': ['search_read'],
    'res.company': ['read'],
    'res.country': ['search_read'],
    'res.country.state': ['search_read'],
    'res.partner': ['search_read', 'fields_get'],
    'res.partner.bank': ['search_read'],
    'sale.advance.payment.inv': ['create', 'create_invoices'],
    'sale.order': ['search_read'],
    'sale.order.line': ['search_read'],
    'stock.move': ['search_read'],
    'stock.picking': ['search_read'],
    'uom.uom': ['search_read', 'get_external_id'],
  },
  access: [
    { model: 'sale.advance.payment.inv', operation: 'create' },
    { model: 'account.move', operation: 'read' },
    { model: 'account.move', operation: 'create', required: false },
  ],
};
