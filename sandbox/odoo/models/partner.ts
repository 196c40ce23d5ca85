import type { Row } from '../database';
import type { Environment } from '../environment';
import { DatabaseError, notSupported } from '../errors';
import { type Compute, type Model, num, str, type Vals } from '../model';
import { fieldsOf } from '../reality';
import { updateRow } from '../rows';
import { write } from '../writing';
import { peppolOf } from './peppol';

const NUMBERS = ['vat', 'company_registry'] as const;
const ADDRESS = ['street', 'street2', 'zip', 'city', 'state_id', 'country_id'] as const;

function completeName(env: Environment, row: Row): string {
  let name = str(row.name);
  const parent = num(row.parent_id);
  if (parent > 0) {
    if (name === '' && ['invoice', 'delivery', 'other'].includes(str(row.type))) {
      name =
        fieldsOf('res.partner')
          .get('type')
          ?.selection?.find(([key]) => key === row.type)?.[1] ?? '';
    }
    if (!row.is_company) name = `${str(env.row('res.partner', parent).name)}, ${name}`;
  }
  return name.trim();
}

function commercialPartner(env: Environment, row: Row): number {
  const parent = num(row.parent_id);
  if (row.is_company || parent === 0) return num(row.id);
  return num(env.row('res.partner', parent).commercial_partner_id);
}

function refresh(env: Environment, id: number): void {
  const row = env.row('res.partner', id);
  env.db.run(
    'UPDATE res_partner SET complete_name = ?, commercial_partner_id = ? WHERE id = ?',
    completeName(env, row),
    commercialPartner(env, row),
    id,
  );
  for (const child of env.db.all('SELECT id FROM res_partner WHERE parent_id = ?', id))
    refresh(env, num(child.id));
}

/** Contacts (type "contact") below a parent share its address: a set parent's wins, else theirs becomes the parent's. */
function shareAddress(env: Environment, id: number, vals: Vals): void {
  const row = env.row('res.partner', id);
  const parentId = num(row.parent_id);
  if (parentId === 0 || row.type !== 'contact') {
    pushAddressDown(env, id, vals);
    return;
  }
  const parent = env.row('res.partner', parentId);
  const moved = Boolean(vals.parent_id) || vals.type === 'contact';
  if (moved && ADDRESS.some((field) => parent[field])) {
    copyAddress(env, parent, id);
  } else if (
    (moved || ADDRESS.some((field) => field in vals)) &&
    ADDRESS.some((field) => row[field] !== parent[field])
  ) {
    write(
      env,
      env.model('res.partner'),
      [parentId],
      Object.fromEntries(ADDRESS.map((field) => [field, row[field]])),
    );
  }
}

function copyAddress(env: Environment, from: Row, to: number): void {
  const set = ADDRESS.map((field) => `"${field}" = ?`).join(', ');
  env.db.run(
    `UPDATE res_partner SET ${set} WHERE id = ?`,
    ...ADDRESS.map((field) => from[field] ?? null),
    to,
  );
}

function pushAddressDown(env: Environment, id: number, vals: Vals): void {
  if (!ADDRESS.some((field) => field in vals)) return;
  const row = env.row('res.partner', id);
  for (const child of env.db.all("SELECT id FROM res_partner WHERE parent_id = ? AND type = 'contact'", id)) {
    copyAddress(env, row, num(child.id));
  }
}

/** Taxes are the company's business: its contacts have its numbers. */
function shareNumbers(env: Environment, id: number, vals: Vals): void {
  const row = env.row('res.partner', id);
  const company = num(row.commercial_partner_id);
  if (company !== id) {
    if ('parent_id' in vals || 'is_company' in vals) copyNumbers(env, company, [row]);
  } else if (NUMBERS.some((field) => field in vals)) {
    const contacts = env.db.all(
      'SELECT * FROM res_partner WHERE commercial_partner_id = ? AND id <> ?',
      id,
      id,
    );
    copyNumbers(env, id, contacts);
  }
}

function copyNumbers(env: Environment, company: number, contacts: readonly Row[]): void {
  const from = env.row('res.partner', company);
  const values = Object.fromEntries(NUMBERS.map((field) => [field, from[field] ?? null]));
  for (const contact of contacts) updateRow(env, 'res_partner', contact, values);
}

function checkName(row: Row): void {
  if (row.type === 'contact' && !row.name)
    throw new DatabaseError('check', 'Contacts require a name', 'res.partner');
}

/** company_type is a face of is_company: whatever a caller sets there lands in is_company. */
function fromCompanyType(vals: Vals): void {
  if ('company_type' in vals) vals.is_company = vals.company_type === 'company';
}

function normaliseEmail(env: Environment, id: number): void {
  const email = str(env.row('res.partner', id).email).trim().toLowerCase();
  const normal = /^[^\s@<>]+@[^\s@<>]+$/.test(email) ? email : null;
  env.db.run('UPDATE res_partner SET email_normalized = ? WHERE id = ?', normal, id);
}

const of =
  (pick: (row: Row, env: Environment) => unknown): Compute =>
  (env, ids, rows) =>
    new Map(ids.map((id) => [id, pick(rows.get(id) ?? {}, env)]));

/** What Odoo keeps of a partner beside what it was given. */
const facts: Readonly<Record<string, Compute>> = {
  commercial_company_name: of((row, env) => {
    const company = env.row('res.partner', num(row.commercial_partner_id));
    return company.is_company ? company.name : null;
  }),
  // As an Odoo without the library `phonenumbers` has it.
  phone_sanitized: of((row) => row.phone),
  partner_share: of((row, env) => !env.db.get('SELECT 1 FROM res_users WHERE partner_id = ?', num(row.id))),
  peppol_eas: of((row, env) => peppolOf(env, row).scheme),
  peppol_endpoint: of((row, env) => peppolOf(env, row).address),
};

export const partner: Model = {
  name: 'res.partner',
  table: 'res_partner',
  title: 'Contact',
  order: 'complete_name ASC, id DESC',
  columns: [
    ...[
      'name',
      'complete_name',
      'email',
      'phone',
      'street',
      'street2',
      'zip',
      'city',
      'state_id',
      'country_id',
    ],
    ...[
      'ref',
      'vat',
      'type',
      'parent_id',
      'commercial_partner_id',
      'is_company',
      'company_id',
      'active',
      'lang',
    ],
    ...['company_type', 'email_normalized', 'global_location_number', 'credit_limit'],
    ...['company_registry', 'customer_rank'],
  ],
  computed: {
    ...facts,
    // Without invoices nobody owes anything.
    credit: (_env, ids) => new Map(ids.map((id) => [id, 0])),
    use_partner_credit_limit: (_env, ids, rows) =>
      new Map(ids.map((id) => [id, num(rows.get(id)?.credit_limit) > 0])),
  },
  one2many: ['child_ids'],
  related: { country_code: 'country_id.code' },
  nameColumn: 'complete_name',
  loadable: true,
  creatable: true,
  restrictedBy: [
    ['sale.order', 'partner_id'],
    ['sale.order', 'partner_invoice_id'],
    ['sale.order', 'partner_shipping_id'],
    ['res.users', 'partner_id'],
    ['res.company', 'partner_id'],
  ],
  defaults(_env, vals) {
    fromCompanyType(vals);
    vals.type ??= 'contact';
    vals.active ??= true;
    vals.lang ??= 'en_US';
    vals.company_type = vals.is_company ? 'company' : 'person';
  },
  created(env, id, vals) {
    normaliseEmail(env, id);
    refresh(env, id);
    checkName(env.row('res.partner', id));
    shareNumbers(env, id, vals);
    shareAddress(env, id, vals);
  },
  beforeWrite(_env, _ids, vals) {
    fromCompanyType(vals);
    if ('is_company' in vals) vals.company_type = vals.is_company ? 'company' : 'person';
  },
  written(env, ids, vals) {
    for (const id of ids) {
      checkName(env.row('res.partner', id));
      if ('email' in vals) normaliseEmail(env, id);
      if (['name', 'parent_id', 'type', 'is_company'].some((field) => field in vals)) refresh(env, id);
      shareNumbers(env, id, vals);
      shareAddress(env, id, vals);
    }
  },
  beforeUnlink(env, ids) {
    for (const id of ids) {
      // The real one keeps children of a deleted parent in some cases and refuses in others.
      if (env.db.get('SELECT 1 FROM res_partner WHERE parent_id = ?', id))
        throw notSupported('deleting a parent contact');
    }
  },
};

/**
 * `res.partner.address_get`: which contact of a company serves for invoices and deliveries. Looks through the partner
 * and its contacts, then upwards; falls back to the contact address or the partner itself.
 */
export function addressGet<K extends string>(
  env: Environment,
  id: number,
  kinds: readonly K[],
): Record<K, number> {
  const wanted = [...kinds, 'contact'];
  const found: Record<string, number> = {};
  const visited = new Set<number>();
  let current: Row | undefined = env.row('res.partner', id);
  while (current !== undefined && wanted.some((kind) => found[kind] === undefined)) {
    const toScan: Row[] = [current];
    for (let row = toScan.shift(); row !== undefined; row = toScan.shift()) {
      visited.add(num(row.id));
      const type = str(row.type);
      if (wanted.includes(type)) found[type] ??= num(row.id);
      const children = env.db.all(
        'SELECT * FROM res_partner WHERE parent_id = ? AND COALESCE(is_company, 0) = 0 AND active = 1 ORDER BY complete_name, id DESC',
        num(row.id),
      );
      toScan.unshift(...children.filter((child) => !visited.has(num(child.id))));
    }
    if (current.is_company || !current.parent_id) break;
    current = env.row('res.partner', num(current.parent_id));
  }
  const fallback = found.contact ?? id;
  return Object.fromEntries(kinds.map((kind) => [kind, found[kind] ?? fallback])) as Record<K, number>;
}
