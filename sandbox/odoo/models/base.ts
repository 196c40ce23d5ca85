import type { Environment } from '../environment';
import { notSupported, valueError } from '../errors';
import { type Model, num, str } from '../model';
import { search } from '../records';

const company: Model = {
  name: 'res.company',
  table: 'res_company',
  title: 'Companies',
  order: 'id',
  columns: [
    ...['name', 'partner_id', 'currency_id', 'country_id', 'account_sale_tax_id', 'account_use_credit_limit'],
  ],
  nameColumn: 'name',
};

const country: Model = {
  name: 'res.country',
  table: 'res_country',
  title: 'Country',
  order: 'name, id',
  columns: ['name', 'code', 'currency_id'],
  one2many: ['state_ids'],
  nameColumn: 'name',
};

const countryState: Model = {
  name: 'res.country.state',
  table: 'res_country_state',
  title: 'Country state',
  order: 'code, id',
  columns: ['name', 'code', 'country_id'],
  nameColumn: 'name',
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        return [id, `${str(row?.name)} (${str(env.row('res.country', num(row?.country_id)).code)})`];
      }),
    ),
};

const currency: Model = {
  name: 'res.currency',
  table: 'res_currency',
  title: 'Currency',
  order: 'active desc, name',
  columns: ['name', 'full_name', 'symbol', 'position', 'rounding', 'decimal_places', 'active'],
  // A fresh Odoo has no exchange rates, and answers 1 for every currency then.
  computed: { rate: (_env, ids) => new Map(ids.map((id) => [id, 1])) },
  nameColumn: 'name',
};

const pricelist: Model = {
  name: 'product.pricelist',
  table: 'product_pricelist',
  title: 'Pricelist',
  order: 'sequence, id',
  columns: ['name', 'currency_id', 'company_id', 'active', 'sequence'],
  nameColumn: 'name',
  creatable: true,
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        return [id, `${str(row?.name)} (${str(env.row('res.currency', num(row?.currency_id)).name)})`];
      }),
    ),
  defaults(env, vals) {
    if (!('company_id' in vals)) vals.company_id = 1;
    vals.currency_id ??= num(env.row('res.company', 1).currency_id);
    vals.active ??= true;
    vals.sequence ??= 16;
  },
};

/** The ids from the root unit down to this one. */
function unitPath(env: Environment, id: number): string {
  const parent = num(env.row('uom.uom', id).relative_uom_id);
  return `${parent > 0 ? unitPath(env, parent) : ''}${id}/`;
}

function externalIdOf(env: Environment, model: string, id: number): string {
  const row = env.db.get('SELECT module, name FROM ir_model_data WHERE model = ? AND res_id = ?', model, id);
  return row === undefined ? '' : `${str(row.module)}.${str(row.name)}`;
}

const unit: Model = {
  name: 'uom.uom',
  table: 'uom_uom',
  title: 'Product Unit',
  creatable: true,
  defaults(env, vals) {
    const base = Number(vals.relative_uom_id || 0);
    const relative = Number(vals.relative_factor ?? 1);
    vals.relative_factor = relative;
    vals.factor = relative * (base > 0 ? num(env.row('uom.uom', base).factor) : 1);
    vals.active ??= true;
    vals.sequence ??= 100;
  },
  order: 'sequence, relative_uom_id, id',
  columns: ['name', 'factor', 'relative_factor', 'relative_uom_id', 'active', 'sequence'],
  computed: {
    rounding: (_env, ids) => new Map(ids.map((id) => [id, 0.01])),
    parent_path: (env, ids) => new Map(ids.map((id) => [id, unitPath(env, id)])),
  },
  nameColumn: 'name',
  methods: {
    get_external_id: {
      params: [],
      run: (env, ids) => Object.fromEntries(ids.map((id) => [String(id), externalIdOf(env, 'uom.uom', id)])),
    },
  },
};

const user: Model = {
  name: 'res.users',
  table: 'res_users',
  title: 'User',
  order: 'name, login',
  columns: ['name', 'login', 'partner_id', 'company_id', 'company_ids', 'active', 'group_ids'],
  related: { lang: 'partner_id.lang' },
  computed: { tz: () => new Map() },
  nameColumn: 'name',
  methods: {
    context_get: {
      params: [],
      modelMethod: true,
      run: (env) => ({ lang: 'en_US', tz: false, uid: env.uid }),
    },
  },
};

/** Modules whose external ids the stand-in has a few of; the real one has thousands. */
const REAL_MODULES =
  /^(base|sale|stock|account|product|uom|mail|web|delivery|sales_team|payment|resource)(_\w+)?$/;

/**
 * `ir.model.data.check_object_reference`: what an external id points at.
 *
 * The real server answers from its memory of external ids. A batch that `load` rolled back stays in that memory, and
 * is then answered as [model, false] instead of an error (seen on Odoo 19.0).
 */
function checkObjectReference(
  env: Environment,
  module: string,
  name: string,
): readonly [string, number | false] {
  const key = `${module}.${name}`;
  let found = env.registry.xmlids.get(key);
  if (found === undefined) {
    // Split at the first dot, as the real one does: a name with a dot is looked up in another module.
    const [realModule = '', ...rest] = key.split('.');
    const row = env.db.get(
      'SELECT model, res_id FROM ir_model_data WHERE module = ? AND name = ?',
      realModule,
      rest.join('.'),
    );
    if (row === undefined) {
      if (REAL_MODULES.test(module)) throw notSupported(`external id ${key}`);
      throw valueError(`External ID not found in the system: ${key}`);
    }
    found = [str(row.model), num(row.res_id)];
    env.registry.xmlids.set(key, found[0], found[1]);
  }
  const [model, id] = found;
  const visible = search(env, env.model(model), [['id', '=', id]]).length > 0;
  return [model, visible ? id : false];
}

const externalId: Model = {
  name: 'ir.model.data',
  table: 'ir_model_data',
  title: 'Model Data',
  order: 'module, model, name',
  columns: ['module', 'name', 'model', 'res_id', 'noupdate'],
  computed: {
    complete_name: (_env, ids, rows) =>
      new Map(ids.map((id) => [id, `${str(rows.get(id)?.module)}.${str(rows.get(id)?.name)}`])),
    reference: (_env, ids, rows) =>
      new Map(ids.map((id) => [id, `${str(rows.get(id)?.model)},${num(rows.get(id)?.res_id)}`])),
  },
  nameColumn: 'name',
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        const target = num(row?.res_id);
        const names = env.displayNames(str(row?.model), [target]);
        return [id, names.get(target) ?? `${str(row?.module)}.${str(row?.name)}`];
      }),
    ),
  methods: {
    check_object_reference: {
      params: [{ name: 'module' }, { name: 'xml_id' }, { name: 'raise_on_access_error', default: false }],
      modelMethod: true,
      run: (env, _ids, { module, xml_id }) => checkObjectReference(env, String(module), String(xml_id)),
    },
  },
};

/** Groups are only pointed at: what they allow stands in access.ts. */
const group: Model = {
  name: 'res.groups',
  table: 'res_groups',
  title: 'Access Groups',
  order: 'name',
  columns: ['name'],
  nameColumn: 'name',
};

export const baseModels: readonly Model[] = [
  group,
  company,
  country,
  countryState,
  currency,
  pricelist,
  unit,
  user,
  externalId,
];
