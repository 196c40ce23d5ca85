import type { Model } from '../model';

export const carrier: Model = {
  name: 'delivery.carrier',
  table: 'delivery_carrier',
  title: 'Shipping Methods',
  order: 'sequence, id',
  columns: [
    ...['name', 'active', 'sequence', 'delivery_type', 'integration_level', 'product_id', 'fixed_price'],
    ...['tracking_url', 'company_id', 'invoice_policy'],
  ],
  nameColumn: 'name',
  creatable: true,
  restrictedBy: [['stock.picking', 'carrier_id']],
  defaults(_env, vals) {
    vals.active ??= true;
    vals.sequence ??= 10;
    vals.delivery_type ??= 'fixed';
    vals.integration_level ??= 'rate_and_ship';
    vals.invoice_policy ??= 'estimated';
    vals.fixed_price ??= 0;
  },
};
