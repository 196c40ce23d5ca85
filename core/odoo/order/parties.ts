/** A party of an order as a partner in Odoo, and what is compared of two of them. */
import type { CanonicalOrder, Party } from '../../canonical/order';
import type { KeyedRecord } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import type { Geography } from './geography';

export type ContactType = 'delivery' | 'invoice';

/** Identifiers that only companies have. */
const COMPANY_SCHEMES: ReadonlySet<string> = new Set(['vat', 'gln', 'duns']);

/** What a person can be matched by; empty texts where the order does not say. */
export interface Identity {
  readonly ref: string;
  readonly vat: string;
  readonly gln: string;
  /** In small letters, as Odoo's email_normalized. */
  readonly email: string;
  readonly name: string;
}

export function identityOf(party: Party, refScheme: string): Identity {
  const of = (scheme: string): string =>
    party.identifiers.find((identifier) => identifier.scheme === scheme)?.value.trim() ?? '';
  return {
    ref: of(refScheme),
    vat: of('vat')
      .replace(/[\s.-]/g, '')
      .toUpperCase(),
    gln: of('gln') || (party.address?.gln ?? ''),
    email: (party.email ?? of('email')).trim().toLowerCase(),
    name: party.name.trim(),
  };
}

/** Whether a party is identified by itself, so that it is no mere address of the buyer. */
export function isOwnCustomer(party: Party, buyer: Party, refScheme: string): boolean {
  const [own, other] = [identityOf(party, refScheme), identityOf(buyer, refScheme)];
  return (['ref', 'vat', 'gln'] as const).some((field) => own[field] !== '' && own[field] !== other[field]);
}

/** One buyer of one shop is one customer; the key shows nothing personal. */
export function customerKey(namespace: string, order: CanonicalOrder, party: Party): string {
  const email = (party.email ?? party.identifiers.find((id) => id.scheme === 'email')?.value ?? '').trim();
  const identifier = party.identifiers.find((id) => id.scheme !== 'email');
  const identity =
    email !== ''
      ? ['email', email.toLowerCase()]
      : identifier
        ? [identifier.scheme, identifier.value]
        : ['name', fold(party.name), fold(party.address?.postalCode ?? '')];
  return hashKey(namespace, 'partner', order.channel, order.account, ...identity);
}

/**
 * The party as a record for `load`.
 * @param child an address below its customer; without it a customer of its own
 * @throws CrossdockError COUNTRY_UNKNOWN (business)
 */
export async function partnerRecord(
  key: string,
  party: Party,
  geography: Geography,
  refScheme: string,
  child?: { readonly type: ContactType; readonly parent: number },
): Promise<KeyedRecord> {
  const address = party.address ?? {};
  const country = await geography.country((address.countryCode ?? '').toUpperCase());
  const state = await geography.state(country, address.region);
  const company = child === undefined && party.identifiers.some(({ scheme }) => COMPANY_SCHEMES.has(scheme));
  const cells: [string, string][] = [
    ['id', key],
    ['name', company ? party.name : nameOf(party)],
    ['email', party.email ?? address.email ?? ''],
    ['phone', party.phone ?? address.phone ?? ''],
    ['street', address.line1 ?? ''],
    ['street2', [address.line2, address.line3].filter(Boolean).join(', ')],
    ['city', address.city ?? ''],
    ['zip', address.postalCode ?? ''],
    ['country_id/.id', country === undefined ? '' : String(country)],
    ['state_id/.id', state === undefined ? '' : String(state)],
  ];
  if (child) cells.push(['parent_id/.id', String(child.parent)], ['type', child.type]);
  else {
    // Only what the order says: an empty cell would be the wish for no value.
    const { ref, vat } = identityOf(party, refScheme);
    if (company) cells.push(['is_company', '1']);
    if (ref !== '') cells.push(['ref', ref]);
    if (vat !== '') cells.push(['vat', vat]);
  }
  return {
    key,
    columns: cells.map(([column]) => column),
    rows: [cells.map(([, value]) => value)],
    personal: personalOf(party),
  };
}

/** Personal values of a party, to be kept out of error texts. */
export function personalOf(party: Party): string[] {
  const { name, line1, line2, line3, city, postalCode, phone, email } = party.address ?? {};
  const own = [party.name, party.email, party.phone, ...party.identifiers.map(({ value }) => value)];
  return [...own, name, line1, line2, line3, city, postalCode, phone, email].filter(
    (value) => value !== undefined,
  );
}

function nameOf(party: Party): string {
  return party.address?.name || party.name || party.email || '–';
}

/** The address in a comparable form; undefined when there is none that a parcel could go to. */
export function addressText(party: Party): string | undefined {
  const { line1, line2, line3, city, postalCode, countryCode } = party.address ?? {};
  if (!line1 && !city && !postalCode) return undefined;
  const street2 = [line2, line3].filter(Boolean).join(', ');
  const country = (countryCode ?? '').toUpperCase();
  return addressKey(nameOf(party), [line1 ?? '', street2], postalCode ?? '', city ?? '', country);
}

export function addressKey(
  name: string,
  street: readonly string[],
  zip: string,
  city: string,
  country: string,
): string {
  return [name, ...street, zip, city, country].map(fold).join('\n');
}

export function fold(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}
