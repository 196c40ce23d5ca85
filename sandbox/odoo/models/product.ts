import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { type Compute, type Model, num, str } from '../model';
import { quantities } from '../stock/levels';
import { costChanged } from '../stock/valuation';

const TEMPLATE_FIELDS = [
  ...['name', 'list_price', 'type', 'is_storable', 'uom_id', 'taxes_id', 'sale_ok', 'categ_id', 'company_id'],
  ...['description_sale', 'invoice_policy', 'tracking', 'uom_ids'],
] as const;

function code(env: Environment, row: Row): string {
  const name = str(env.row('product.template', num(row.product_tmpl_id)).name);
  return row.default_code ? `[${str(row.default_code)}] ${name}` : name;
}

const level =
  (pick: 'qty_available' | 'free_qty' | 'incoming_qty' | 'outgoing_qty' | 'virtual_available'): Compute =>
  (env, ids) =>
    new Map([...quantities(env, ids)].map(([id, levels]) => [id, levels[pick]]));

const price: Compute = (env, ids, rows) =>
  new Map(ids.map((id) => [id, env.row('product.template', num(rows.get(id)?.product_tmpl_id)).list_price]));

/** A template shows what its only variant has. */
const ofVariant =
  (field: 'default_code' | 'weight'): Compute =>
  (env, ids) =>
    new Map(
      ids.map((id) => {
        const [variant, other] = env.db.all('SELECT * FROM product_product WHERE product_tmpl_id = ?', id);
        return [id, other === undefined ? variant?.[field] : null];
      }),
    );

/** Odoo measures in kilograms unless it is told to use pounds. */
const weightUnit: Compute = (_env, ids) => new Map(ids.map((id) => [id, 'kg']));

export const product: Model = {
  name: 'product.product',
  table: 'product_product',
  title: 'Product Variant',
  order: 'default_code, name, id',
  columns: ['product_tmpl_id', 'default_code', 'barcode', 'active', 'standard_price', 'weight'],
  inherits: { model: 'product.template', via: 'product_tmpl_id', fields: TEMPLATE_FIELDS },
  computed: {
    lst_price: price,
    weight_uom_name: weightUnit,
    qty_available: level('qty_available'),
    free_qty: level('free_qty'),
    incoming_qty: level('incoming_qty'),
    outgoing_qty: level('outgoing_qty'),
    virtual_available: level('virtual_available'),
  },
  nameColumn: '',
  creatable: true,
  displayName: (env, ids, rows) => new Map(ids.map((id) => [id, code(env, rows.get(id) ?? {})])),
  restrictedBy: [
    ['stock.move', 'product_id'],
    ['stock.quant', 'product_id'],
    ['sale.order.line', 'product_id'],
  ],
  defaults(_env, vals) {
    vals.active ??= true;
  },
  created(env, _id, vals) {
    const barcode = vals.barcode;
    if (
      typeof barcode === 'string' &&
      env.db.all('SELECT 1 FROM product_product WHERE barcode = ?', barcode).length > 1
    ) {
      throw notSupported('two products with one barcode');
    }
    env.registry.xmlids.clear();
  },
  written(env, ids, vals) {
    if ('standard_price' in vals) for (const id of ids) costChanged(env, id);
  },
  beforeUnlink(env, ids) {
    for (const id of ids) {
      if (env.db.get('SELECT 1 FROM stock_quant WHERE product_id = ?', id))
        throw notSupported('deleting a stocked product');
    }
  },
};

export const productTemplate: Model = {
  name: 'product.template',
  table: 'product_template',
  title: 'Product',
  // Odoo's own order starts with the user's favourites, which the stand-in has none of.
  order: 'name',
  columns: TEMPLATE_FIELDS,
  one2many: ['product_variant_ids'],
  computed: {
    weight_uom_name: weightUnit,
    default_code: ofVariant('default_code'),
    weight: ofVariant('weight'),
    responsible_id: (_env, ids, rows) => new Map(ids.map((id) => [id, rows.get(id)?.create_uid])),
  },
  nameColumn: 'name',
  displayName: (env, ids) =>
    new Map(
      ids.map((id) => {
        const variant = env.db.get('SELECT * FROM product_product WHERE product_tmpl_id = ?', id);
        return [id, variant === undefined ? str(env.row('product.template', id).name) : code(env, variant)];
      }),
    ),
  defaults(env, vals) {
    vals.type ??= 'consu';
    vals.sale_ok ??= true;
    vals.uom_id ??= 1;
    vals.list_price ??= 1;
    vals.invoice_policy ??= 'order';
    vals.tracking ??= 'none';
    const companyTax = num(env.row('res.company', 1).account_sale_tax_id);
    vals.taxes_id ??= companyTax > 0 ? [[6, 0, [companyTax]]] : [];
    if (vals.type !== 'consu') vals.is_storable = false;
  },
};
