/**
 * What Odoo 17 and 18 call otherwise than 19, or do not have, or have besides: as far as Crossdock reads it. Source: the
 * field map of the client (core/odoo/client/field-map.ts), which a test compares with recorded facts of every version.
 */

/** Fields as [model, name in 19, name before, the version that renamed it]. */
export const RENAMED_FIELDS: readonly (readonly [string, string, string, number])[] = [
  ['res.users', 'group_ids', 'groups_id', 19],
  ['sale.order.line', 'tax_ids', 'tax_id', 19],
  ['sale.order.line', 'product_uom_id', 'product_uom', 19],
];

/** Models as [name in 19, name before, the version that renamed it]. */
const RENAMED_MODELS: readonly (readonly [string, string, number])[] = [
  ['stock.package', 'stock.quant.package', 19],
];

/** Fields that are new, as [model, name, the first version that has it]. */
export const NEW_FIELDS: readonly (readonly [string, string, number])[] = [
  ['product.product', 'is_storable', 18],
  ['product.template', 'is_storable', 18],
  ['uom.uom', 'parent_path', 19],
];

/** Fields that are gone, or mean something else in 19: model, first version without it, its line (see index.ts). */
export const OLD_FIELDS: readonly (readonly [string, number, string])[] = [
  [
    'product.product',
    18,
    'detailed_type|selection|rs|||Product Type|consu=Consumable;service=Service;product=Storable Product',
  ],
  [
    'product.template',
    18,
    'detailed_type|selection|rs|||Product Type|consu=Consumable;service=Service;product=Storable Product',
  ],
  ['uom.uom', 19, 'category_id|many2one|rs|uom.category||Category|'],
  ['uom.uom', 19, 'factor|float|rs|||Ratio|'],
];

/** Methods as [model, name in 19, name before, the version that renamed it]. */
const RENAMED_METHODS: readonly (readonly [string, string, string, number])[] = [
  ['stock.return.picking', 'action_create_returns', 'create_returns', 18],
];

/** The name in Odoo 19 of a model, by the name that a version has for it; undefined when it has none of that name. */
export function currentModel(name: string, major: number): string | undefined {
  for (const [now, before, since] of RENAMED_MODELS) {
    if (major >= since) continue;
    if (name === before) return now;
    if (name === now) return undefined;
  }
  return name;
}

/** The name that a version has for a model. */
export function modelNameIn(major: number, name: string): string {
  const renamed = RENAMED_MODELS.find(([now, , since]) => now === name && major < since);
  return renamed === undefined ? name : renamed[1];
}

/** The name in Odoo 19 of a method, by the name that a version has for it; undefined when it has none of that name. */
export function currentMethod(model: string, name: string, major: number): string | undefined {
  for (const [itsModel, now, before, since] of RENAMED_METHODS) {
    if (major >= since || itsModel !== model) continue;
    if (name === before) return now;
    if (name === now) return undefined;
  }
  return name;
}
