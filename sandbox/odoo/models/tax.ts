import type { Environment } from '../environment';
import { notSupported, validationError } from '../errors';
import { type Model, num, str } from '../model';

function checkUniqueName(env: Environment, id: number): void {
  const row = env.row('account.tax', id);
  const twin = env.db.get(
    'SELECT 1 FROM account_tax WHERE id <> ? AND name = ? AND type_tax_use = ? AND company_id = ?',
    id,
    str(row.name),
    str(row.type_tax_use),
    num(row.company_id),
  );
  if (twin === undefined) return;
  const company = str(env.row('res.company', num(row.company_id)).name);
  throw validationError(`Tax names must be unique!\n- ${str(row.name)} in ${company}`);
}

export const tax: Model = {
  name: 'account.tax',
  table: 'account_tax',
  title: 'Tax',
  order: 'sequence, id',
  columns: [
    ...[
      'name',
      'amount',
      'amount_type',
      'type_tax_use',
      'price_include_override',
      'company_id',
      'country_id',
    ],
    ...['tax_group_id', 'active', 'sequence', 'tax_scope'],
  ],
  computed: {
    price_include: (_env, ids, rows) =>
      new Map(ids.map((id) => [id, rows.get(id)?.price_include_override === 'tax_included' ? 1 : 0])),
    // There are no groups of taxes, and nobody says what they are for electronic invoices.
    children_tax_ids: (_env, ids) => new Map(ids.map((id) => [id, []])),
    ubl_cii_tax_category_code: () => new Map(),
    ubl_cii_tax_exemption_reason_code: () => new Map(),
  },
  nameColumn: 'name',
  creatable: true,
  defaults(env, vals) {
    vals.amount_type ??= 'percent';
    if (vals.amount_type !== 'percent') throw notSupported(`taxes of type ${String(vals.amount_type)}`);
    vals.type_tax_use ??= 'sale';
    vals.company_id ??= 1;
    vals.country_id ??= num(env.row('res.company', 1).country_id);
    vals.tax_group_id ??= 1;
    vals.active ??= true;
    vals.sequence ??= 1;
  },
  created(env, id) {
    checkUniqueName(env, id);
  },
  written(env, ids) {
    for (const id of ids) checkUniqueName(env, id);
  },
};
