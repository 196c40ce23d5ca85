/** How fields that only versions before 19 have come about from what is kept, and what they mean in a search or a write. */
import type { Environment } from './environment';
import { notSupported } from './errors';
import { type Compute, num, type Vals } from './model';
import { repr } from './python';

/** The unit that a unit is counted in at last. */
function rootUnit(env: Environment, id: number): number {
  const base = num(env.row('uom.uom', id).relative_uom_id);
  return base > 0 ? rootUnit(env, base) : id;
}

const kindOf = (type: unknown, storable: unknown) => (type === 'consu' && storable ? 'product' : type);

/** Compute of fields of older versions, as `model.field`. */
export const OLDER_COMPUTES: Readonly<Record<string, Compute>> = {
  'product.product.detailed_type': (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const template = env.row('product.template', num(rows.get(id)?.product_tmpl_id));
        return [id, kindOf(template.type, template.is_storable)];
      }),
    ),
  'product.template.detailed_type': (_env, ids, rows) =>
    new Map(ids.map((id) => [id, kindOf(rows.get(id)?.type, rows.get(id)?.is_storable)])),
  'uom.uom.category_id': (env, ids) => new Map(ids.map((id) => [id, rootUnit(env, id)])),
  // Before 19: how many of this unit the reference unit is.
  'uom.uom.factor': (_env, ids, rows) => new Map(ids.map((id) => [id, 1 / num(rows.get(id)?.factor)])),
};

/** A condition on a field of an older version, as a domain of Odoo 19. */
export function olderCondition(name: string, operator: string, value: unknown): unknown[] {
  const values = operator === '=' ? [value] : operator === 'in' && Array.isArray(value) ? value : [];
  if (name !== 'detailed_type' || values.length !== 1)
    throw notSupported(`${name} ${operator} ${repr(value)}`);
  if (values[0] === 'product') return [['is_storable', '=', true]];
  return [
    ['type', '=', values[0]],
    ['is_storable', '=', false],
  ];
}

/** Values of fields of an older version, as those of Odoo 19. */
export function olderValues(name: string, value: unknown): Vals {
  if (name !== 'detailed_type') throw notSupported(`writing ${name}`);
  return value === 'product' ? { type: 'consu', is_storable: true } : { type: value };
}
