import { fillAccounts, fillPayable, PAYABLE } from './account/base';
import { countries } from './base/countries';
import { currencies, units } from './base/currencies';
import { states } from './base/states';
import { incoterms, paymentTerms } from './base/terms';
import type { Database, Value } from './database';
import { LOG_COLUMNS, type Model } from './model';
import { fieldsOf } from './reality';
import { fillStock, type Insert, STOCK_INDEXES } from './stock/base';
import { upgradeStock } from './stock/upgrade';

const INTEGERS = ['boolean', 'integer', 'many2one', 'many2one_reference'];
const REALS = ['float', 'monetary'];

function columnType(model: Model, name: string): string {
  const type = fieldsOf(model.name).get(name)?.type;
  if (type === undefined) throw new Error(`${model.name}.${name} is no field of Odoo`);
  return INTEGERS.includes(type) ? 'INTEGER' : REALS.includes(type) ? 'REAL' : 'TEXT';
}

/** Makes the tables and columns that are missing, and in an empty database what a fresh Odoo has. */
export function createSchema(db: Database, models: ReadonlyMap<string, Model>, login: string): void {
  for (const model of models.values()) {
    db.exec(`CREATE TABLE IF NOT EXISTS ${model.table} (id INTEGER PRIMARY KEY)`);
    const present = new Set(
      db.all(`SELECT name FROM pragma_table_info('${model.table}')`).map((row) => row.name),
    );
    for (const name of [...model.columns, ...LOG_COLUMNS]) {
      if (present.has(name)) continue;
      db.exec(`ALTER TABLE ${model.table} ADD COLUMN "${name}" ${columnType(model, name)}`);
    }
  }
  const indexes: (readonly [string, string])[] = [
    ['sale_order_line', 'order_id'],
    ...STOCK_INDEXES,
    ['res_partner', 'parent_id'],
    ['res_partner', 'ref'],
    ['res_partner', 'email'],
    ['product_product', 'default_code'],
    ['sale_order', 'partner_id'],
    ['account_move_line', 'move_id'],
  ];
  for (const [table, columns] of indexes) {
    const names = columns.split(',');
    const quoted = names.map((name) => `"${name}"`).join(', ');
    db.exec(`CREATE INDEX IF NOT EXISTS ${table}_${names.join('_')} ON ${table} (${quoted})`);
  }
  db.exec('CREATE UNIQUE INDEX IF NOT EXISTS ir_model_data_key ON ir_model_data (module, name)');
  db.exec('CREATE INDEX IF NOT EXISTS ir_model_data_target ON ir_model_data (model, res_id)');
  const now = new Date().toISOString().replace('T', ' ').replace('Z', '');
  if (db.get('SELECT 1 FROM res_company') === undefined) fillBase(db, login, now);
  else fillNew(db, inserter(db, now), now);
}

/** Gives a database of an older sandbox what a fresh one has besides. */
function fillNew(db: Database, insert: Insert, now: string): void {
  const lacks = (table: string) => db.get(`SELECT 1 FROM ${table}`) === undefined;
  if (lacks('stock_picking_type')) upgradeStock(db, insert, now);
  if (lacks('account_journal')) fillAccounts(insert);
  if (db.get('SELECT 1 FROM account_account WHERE id = ?', PAYABLE) === undefined) fillPayable(insert);
  if (lacks('account_incoterms')) fillTerms(insert);
}

const lines = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((line) => line.split('|'));

/** Inserts records of a fresh Odoo, under its ids. */
function inserter(db: Database, now: string): Insert {
  const insert: Insert = (table, id, values, xmlid) => {
    const all: Record<string, Value> = {
      id,
      ...values,
      create_uid: 1,
      create_date: now,
      write_uid: 1,
      write_date: now,
    };
    const names = Object.keys(all);
    db.run(
      `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ...Object.values(all),
    );
    db.advance(table, id);
    if (xmlid === undefined) return;
    const [module = '', name = ''] = xmlid.split('.');
    const model = table === 'res_country_state' ? 'res.country.state' : table.replace(/_/g, '.');
    insert('ir_model_data', db.next('ir_model_data'), { module, name, model, res_id: id, noupdate: 1 });
  };
  return insert;
}

/** Records of a new database (company, currencies, countries, units, one warehouse, its tax), with Odoo's own ids. */
function fillBase(db: Database, login: string, now: string): void {
  const insert = inserter(db, now);
  fillAccounts(insert);
  for (const [id, name = '', symbol = '', rounding, position = '', fullName = ''] of lines(currencies)) {
    const digits = Math.max(0, Math.ceil(-Math.log10(Number(rounding)) - 1e-9));
    const values = {
      name,
      symbol,
      rounding: Number(rounding),
      decimal_places: digits,
      position,
      full_name: fullName,
    };
    insert('res_currency', Number(id), { ...values, active: name === 'USD' ? 1 : 0 }, `base.${name}`);
  }
  for (const [id, name = '', code = '', currency] of lines(countries)) {
    const xmlid = code === 'GB' ? 'base.uk' : `base.${code.toLowerCase()}`;
    insert('res_country', Number(id), { name, code, currency_id: currency ? Number(currency) : null }, xmlid);
  }
  for (const [country, first, items = ''] of lines(states)) {
    items.split(';').forEach((item, at) => {
      const split = item.indexOf('=');
      const values = { code: item.slice(0, split), name: item.slice(split + 1), country_id: Number(country) };
      insert('res_country_state', Number(first) + at, values);
    });
  }
  for (const [id, name = '', factor, relative, base, active, sequence, xmlid] of lines(units)) {
    const values = {
      name,
      factor: Number(factor),
      relative_factor: Number(relative),
      sequence: Number(sequence),
    };
    const more = { relative_uom_id: base ? Number(base) : null, active: Number(active) };
    insert('uom_uom', Number(id), { ...values, ...more }, `uom.${xmlid}`);
  }
  const partner = (name: string, isCompany: boolean, values: Record<string, Value>) => ({
    ...{
      name,
      complete_name: name,
      is_company: isCompany ? 1 : 0,
      company_type: isCompany ? 'company' : 'person',
    },
    ...{ type: 'contact', active: 1, lang: 'en_US', ...values },
  });
  const home = { country_id: 233, commercial_partner_id: 1 };
  insert('res_partner', 1, partner('My Company', true, home), 'base.main_partner');
  insert(
    'res_partner',
    3,
    partner('Administrator', false, { company_id: 1, commercial_partner_id: 3 }),
    'base.partner_admin',
  );
  const company = {
    name: 'My Company',
    partner_id: 1,
    currency_id: 1,
    country_id: 233,
    account_sale_tax_id: 1,
  };
  insert('res_company', 1, company, 'base.main_company');
  const admin = { name: 'Administrator', login, partner_id: 3, company_id: 1, company_ids: '[1]', active: 1 };
  insert('res_users', 2, admin, 'base.user_admin');
  const tax = (name: string, amount: number, use: string, group: number): Record<string, Value> => ({
    ...{ name, amount, amount_type: 'percent', type_tax_use: use, company_id: 1, country_id: 233 },
    ...{ tax_group_id: group, active: 1, sequence: 1 },
  });
  insert('account_tax', 1, tax('15%', 15, 'sale', 1), 'account.1_sale_tax_template');
  insert('account_tax', 2, tax('15%', 15, 'purchase', 1), 'account.1_purchase_tax_template');
  insert('account_tax', 3, tax('0% Exports', 0, 'sale', 2), 'account.1_sale_export_tax_template');
  insert('account_tax', 4, tax('0% Imports', 0, 'purchase', 2), 'account.1_purchase_import_tax_template');
  fillStock(insert);
  fillTerms(insert);
}

/** Terms of delivery and of payment. */
function fillTerms(insert: Insert): void {
  for (const [id, code = '', name = ''] of lines(incoterms)) {
    insert('account_incoterms', Number(id), { code, name, active: 1 });
  }
  for (const [id, name = ''] of lines(paymentTerms)) {
    insert('account_payment_term', Number(id), { name, active: 1, sequence: 10 });
  }
}
