/**
 * Finding a customer that Odoo has already. Every rule compares for equality; whoever is found twice is a question for a
 * person (CUSTOMER_AMBIGUOUS), never a guess.
 */
import type { Party } from '../../canonical/order';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';
import type { KeyedLoader } from '../load/keyed-load';
import { fold, type Identity, identityOf } from './parties';
import type { MatchRule } from './types';

/** A customer to be found: its key in Odoo, and what the order says of it. */
export interface Wanted {
  /** Unique among the wanted; two names at one e-mail address have one key. */
  readonly place: string;
  readonly key: string;
  readonly party: Party;
}

export type Match = number | { readonly error: CrossdockError };

interface Row {
  readonly id: number;
  readonly name: string | false;
  readonly type: string | false;
  readonly commercial_partner_id: Many2One;
  readonly [field: string]: unknown;
}

/** Odoo's field and what it must be equal to, of the rules that ask Odoo by a value. */
const FIELDS = {
  ref: { field: 'ref', of: (identity: Identity) => identity.ref },
  vat: { field: 'vat', of: (identity: Identity) => identity.vat },
  gln: { field: 'global_location_number', of: (identity: Identity) => identity.gln },
  email: { field: 'email_normalized', of: (identity: Identity) => identity.email },
} as const;

const LABELS: Readonly<Record<MatchRule, string>> = {
  known: 'key',
  ref: 'reference',
  vat: 'VAT number',
  gln: 'GLN',
  email: 'e-mail address and name',
};

/**
 * The customers that are found, rule by rule. Those without an entry are new to Odoo.
 * @returns by place
 * @param rules in the order in which they count
 * @throws CrossdockError when Odoo cannot be used
 */
export async function matchCustomers(
  client: OdooClient,
  loader: KeyedLoader,
  wanted: readonly Wanted[],
  rules: readonly MatchRule[],
  refScheme: string,
): Promise<ReadonlyMap<string, Match>> {
  const found = new Map<string, Match>();
  for (const rule of rules) {
    const open = wanted.filter(({ place }) => !found.has(place));
    if (open.length === 0) break;
    if (rule === 'known') await known(loader, open, found);
    else await byField(client, rule, open, refScheme, found);
  }
  return found;
}

async function known(
  loader: KeyedLoader,
  wanted: readonly Wanted[],
  found: Map<string, Match>,
): Promise<void> {
  const ids = await Promise.all(wanted.map(({ key }) => loader.find('res.partner', key)));
  wanted.forEach(({ place }, index) => {
    const id = ids[index];
    if (id !== undefined) found.set(place, id);
  });
}

async function byField(
  client: OdooClient,
  rule: Exclude<MatchRule, 'known'>,
  wanted: readonly Wanted[],
  refScheme: string,
  found: Map<string, Match>,
): Promise<void> {
  const { field, of } = FIELDS[rule];
  const identities = new Map(wanted.map(({ place, party }) => [place, identityOf(party, refScheme)]));
  const values = [...new Set([...identities.values()].map(of))].filter((value) => value !== '');
  if (values.length === 0) return;
  const rows = await search(client, field, values);
  for (const [place, identity] of identities) {
    const value = of(identity);
    if (value === '') continue;
    const same = rows.filter((row) => row[field] === value && belongs(rule, row, identity));
    const [first] = same;
    if (first !== undefined) found.set(place, same.length === 1 ? first.id : { error: ambiguous(rule) });
  }
}

/** Addresses below a customer carry its VAT number, and often its e-mail address: they are not the customer. */
function belongs(rule: MatchRule, row: Row, identity: Identity): boolean {
  if (row.type === 'delivery' || row.type === 'invoice' || row.type === 'other') return false;
  if (rule === 'vat') return row.commercial_partner_id !== false && row.commercial_partner_id[0] === row.id;
  return rule !== 'email' || (row.name !== false && fold(row.name) === fold(identity.name));
}

async function search(client: OdooClient, field: string, values: readonly string[]): Promise<readonly Row[]> {
  const args = {
    domain: [[field, 'in', values]],
    fields: ['id', 'name', 'type', 'commercial_partner_id', field],
  };
  try {
    return await withRetry(CALL_RETRY, () =>
      client.call<readonly Row[]>('res.partner', 'search_read', { args }),
    );
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error) || field !== FIELDS.gln.field || error.code !== 'ODOO_INVALID_CALL') throw error;
    throw new CrossdockError(
      'Odoo keeps no GLN of its contacts: install its module account_add_gln, or take the rule GLN out of the odoo order node.',
      { code: 'GLN_UNSUPPORTED', kind: 'business', cause: error },
    );
  }
}

function ambiguous(rule: MatchRule): CrossdockError {
  return new CrossdockError(
    `Several customers in Odoo have the buyer's ${LABELS[rule]}: merge them, or correct what is wrong, then send the order again.`,
    { code: 'CUSTOMER_AMBIGUOUS', kind: 'business', facts: { rule } },
  );
}
