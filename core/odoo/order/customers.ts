/** The customer of an order in Odoo, and where it is delivered and invoiced to. */
import type { CanonicalOrder, Party } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import { LruCache, Remembered } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';
import type { KeyedLoader, KeyedRecord, LoadOutcome } from '../load/keyed-load';
import { hashKey } from '../load/keys';

/** Ids of res.partner. */
export interface OrderPartners {
  readonly customer: number;
  readonly delivery: number;
  /** Undefined for a fixed customer: Odoo takes the invoice address that it has for that customer. */
  readonly invoice?: number;
}

export type PartnersOutcome = OrderPartners | { readonly error: CrossdockError };

export interface CustomerOptions {
  /** `order`: one customer per buyer, created when new. `fixed`: one customer for all orders. */
  readonly mode: 'order' | 'fixed';
  /** Reference (`res.partner.ref`) of the fixed customer. */
  readonly ref: string;
  readonly namespace: string;
}

/** What is compared to find out whether an address is that of the customer itself. */
interface KnownPartner {
  readonly id: number;
  readonly address: string;
}

interface PartnerRow {
  readonly id: number;
  readonly name: string | false;
  readonly street: string | false;
  readonly street2: string | false;
  readonly zip: string | false;
  readonly city: string | false;
  readonly country_id: Many2One;
}

type ContactType = 'delivery' | 'invoice';

const PARTNER_FIELDS = ['id', 'name', 'street', 'street2', 'zip', 'city', 'country_id'];
/** People move and correct addresses in Odoo; what we know of a partner is asked again after this time. */
const PARTNER_TTL_MS = 5 * 60_000;
const GEO_TTL_MS = 60 * 60_000;
const MAX_PARTNERS = 10_000;

interface Geography {
  /** ISO alpha-2 -> id of res.country. */
  readonly countries: ReadonlyMap<string, number>;
}

export class Customers {
  private readonly partners = new LruCache<KnownPartner>(MAX_PARTNERS, PARTNER_TTL_MS);
  private readonly contacts = new LruCache<number>(MAX_PARTNERS, PARTNER_TTL_MS);
  private readonly states = new LruCache<number | 'none'>(2_000, GEO_TTL_MS);
  private readonly geography: Remembered<Geography>;
  private readonly fixed: Remembered<KnownPartner>;

  constructor(
    private readonly client: OdooClient,
    private readonly loader: KeyedLoader,
    private readonly options: CustomerOptions,
  ) {
    this.geography = new Remembered(() => this.fetchCountries(), GEO_TTL_MS);
    this.fixed = new Remembered(() => this.fetchFixed(), PARTNER_TTL_MS);
  }

  /**
   * Finds or creates the partners of the orders, in as few calls as possible. The result has one entry per order id.
   * Rejects when Odoo cannot be used, or when the fixed customer does not exist (CUSTOMER_NOT_FOUND, business).
   */
  async resolve(orders: readonly CanonicalOrder[]): Promise<ReadonlyMap<string, PartnersOutcome>> {
    const customers = await this.resolveCustomers(orders);
    const wanted: {
      order: CanonicalOrder;
      type: ContactType;
      party: Party;
      customer: KnownPartner;
      key: string;
    }[] = [];
    for (const order of orders) {
      const customer = customers.get(order.id);
      if (customer === undefined || 'error' in customer) continue;
      for (const [type, party] of this.contactsOf(order)) {
        const address = addressText(party);
        if (address === undefined || address === customer.address) continue;
        const key = hashKey(this.options.namespace, 'contact', String(customer.id), type, address);
        wanted.push({ order, type, party, customer, key });
      }
    }
    const failed = await this.createContacts(wanted);
    const outcomes = new Map<string, PartnersOutcome>();
    for (const order of orders) {
      const customer = customers.get(order.id);
      if (customer === undefined) continue;
      if ('error' in customer) {
        outcomes.set(order.id, customer);
        continue;
      }
      const own = wanted.filter((contact) => contact.order === order);
      const error = own.map((contact) => failed.get(contact.key)).find((found) => found !== undefined);
      if (error) {
        outcomes.set(order.id, { error });
        continue;
      }
      const id = (type: ContactType): number => {
        const contact = own.find((candidate) => candidate.type === type);
        return (contact && this.contacts.get(contact.key)) ?? customer.id;
      };
      outcomes.set(order.id, {
        customer: customer.id,
        delivery: id('delivery'),
        ...(this.options.mode === 'fixed' ? {} : { invoice: id('invoice') }),
      });
    }
    return outcomes;
  }

  /** Forgets everything that is remembered about partners (one may have been deleted or merged in Odoo). */
  forget(): void {
    this.partners.clear();
    this.contacts.clear();
    this.fixed.forget();
  }

  /** A fixed customer is invoiced as Odoo knows it; only the place of delivery comes from the order. */
  private contactsOf(order: CanonicalOrder): [ContactType, Party][] {
    const { shipTo, billTo } = order.parties;
    if (this.options.mode === 'fixed' || billTo === undefined) return [['delivery', shipTo]];
    return [
      ['delivery', shipTo],
      ['invoice', billTo],
    ];
  }

  private async resolveCustomers(
    orders: readonly CanonicalOrder[],
  ): Promise<Map<string, KnownPartner | { error: CrossdockError }>> {
    const result = new Map<string, KnownPartner | { error: CrossdockError }>();
    if (this.options.mode === 'fixed') {
      const partner = await this.fixed.get();
      for (const order of orders) result.set(order.id, partner);
      return result;
    }
    const keys = new Map(orders.map((order) => [order.id, this.customerKey(order)]));
    const records = new Map<string, KeyedRecord>();
    const failed = new Map<string, CrossdockError>();
    for (const order of orders) {
      const key = keys.get(order.id) as string;
      if (this.partners.get(key) !== undefined || records.has(key)) continue;
      const record = await this.partnerRecord(key, order.parties.buyer);
      if ('error' in record) failed.set(key, record.error);
      else records.set(key, record);
    }
    const created = await this.loader.load('res.partner', [...records.values()]);
    const ids = new Map<number, string>();
    for (const [key, outcome] of created) {
      if ('error' in outcome) failed.set(key, outcome.error);
      else ids.set(outcome.id, key);
    }
    for (const row of await this.readPartners([...ids.keys()])) {
      this.partners.set(ids.get(row.id) as string, await this.known(row));
    }
    for (const order of orders) {
      const key = keys.get(order.id) as string;
      const partner = this.partners.get(key);
      result.set(order.id, partner ?? { error: failed.get(key) ?? vanished() });
    }
    return result;
  }

  private async createContacts(
    wanted: readonly { party: Party; type: ContactType; customer: KnownPartner; key: string }[],
  ): Promise<ReadonlyMap<string, CrossdockError>> {
    const records = new Map<string, KeyedRecord>();
    const failed = new Map<string, CrossdockError>();
    for (const { key, party, type, customer } of wanted) {
      if (this.contacts.get(key) !== undefined || records.has(key)) continue;
      const record = await this.partnerRecord(key, party, { type, parent: customer.id });
      if ('error' in record) failed.set(key, record.error);
      else records.set(key, record);
    }
    const created: Map<string, LoadOutcome> = await this.loader.load('res.partner', [...records.values()]);
    for (const [key, outcome] of created) {
      if ('error' in outcome) failed.set(key, outcome.error);
      else this.contacts.set(key, outcome.id);
    }
    return failed;
  }

  /** One buyer of one shop is one customer; the key shows nothing personal. */
  private customerKey(order: CanonicalOrder): string {
    const { buyer } = order.parties;
    const email = (buyer.email ?? buyer.identifiers.find((id) => id.scheme === 'email')?.value ?? '').trim();
    const identifier = buyer.identifiers.find((id) => id.scheme !== 'email');
    const identity =
      email !== ''
        ? ['email', email.toLowerCase()]
        : identifier
          ? [identifier.scheme, identifier.value]
          : ['name', fold(buyer.name), fold(buyer.address?.postalCode ?? '')];
    return hashKey(this.options.namespace, 'partner', order.channel, order.account, ...identity);
  }

  private async partnerRecord(
    key: string,
    party: Party,
    child?: { type: ContactType; parent: number },
  ): Promise<KeyedRecord | { error: CrossdockError }> {
    const address = party.address ?? {};
    const code = (address.countryCode ?? '').toUpperCase();
    const country = code === '' ? undefined : (await this.geography.get()).countries.get(code);
    if (code !== '' && country === undefined) {
      return {
        error: new CrossdockError(`Odoo has no country with the code "${code}".`, {
          code: 'COUNTRY_UNKNOWN',
          kind: 'business',
          facts: { country: code },
        }),
      };
    }
    const state = country === undefined ? undefined : await this.findState(country, address.region);
    const name = nameOf(party);
    const street2 = [address.line2, address.line3].filter(Boolean).join(', ');
    const email = party.email ?? address.email ?? '';
    const phone = party.phone ?? address.phone ?? '';
    const cells: [string, string][] = [
      ['id', key],
      ['name', name],
      ['email', email],
      ['phone', phone],
      ['street', address.line1 ?? ''],
      ['street2', street2],
      ['city', address.city ?? ''],
      ['zip', address.postalCode ?? ''],
      ['country_id/.id', country === undefined ? '' : String(country)],
      ['state_id/.id', state === undefined ? '' : String(state)],
    ];
    if (child) cells.push(['parent_id/.id', String(child.parent)], ['type', child.type]);
    return {
      key,
      columns: cells.map(([column]) => column),
      rows: [cells.map(([, value]) => value)],
      personal: personalOf(party),
    };
  }

  private async findState(country: number, region: string | undefined): Promise<number | undefined> {
    if (region === undefined || region === '') return undefined;
    const cacheKey = `${country}:${region}`;
    const cached = this.states.get(cacheKey);
    if (cached !== undefined) return cached === 'none' ? undefined : cached;
    const rows = await this.search<{ id: number }>('res.country.state', {
      domain: [
        ['country_id', '=', country],
        ['code', '=', region],
      ],
      fields: ['id'],
      limit: 1,
    });
    this.states.set(cacheKey, rows[0]?.id ?? 'none');
    return rows[0]?.id;
  }

  private async fetchCountries(): Promise<Geography> {
    const rows = await this.search<{ id: number; code: string | false }>('res.country', {
      domain: [],
      fields: ['id', 'code'],
    });
    return { countries: new Map(rows.flatMap((row) => (row.code ? [[row.code, row.id] as const] : []))) };
  }

  private async fetchFixed(): Promise<KnownPartner> {
    const { ref } = this.options;
    const facts = { ref };
    const rows = await this.search<PartnerRow>('res.partner', {
      domain: [['ref', '=', ref]],
      fields: PARTNER_FIELDS,
      limit: 2,
    });
    const [row] = rows;
    if (row === undefined) {
      throw new CrossdockError(`Odoo has no customer with the reference "${ref}".`, {
        code: 'CUSTOMER_NOT_FOUND',
        kind: 'business',
        facts,
      });
    }
    if (rows.length > 1) {
      throw new CrossdockError(`Several customers in Odoo have the reference "${ref}".`, {
        code: 'CUSTOMER_AMBIGUOUS',
        kind: 'business',
        facts,
      });
    }
    return this.known(row);
  }

  private readPartners(ids: readonly number[]): Promise<readonly PartnerRow[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return withRetry(CALL_RETRY, () =>
      this.client.call<readonly PartnerRow[]>('res.partner', 'read', {
        ids,
        args: { fields: PARTNER_FIELDS },
      }),
    );
  }

  private async known(row: PartnerRow): Promise<KnownPartner> {
    const countryId = row.country_id ? row.country_id[0] : undefined;
    let countryCode = '';
    if (countryId !== undefined) {
      for (const [code, id] of (await this.geography.get()).countries)
        if (id === countryId) countryCode = code;
    }
    const address = addressKey(
      row.name || '',
      [row.street || '', row.street2 || ''],
      row.zip || '',
      row.city || '',
      countryCode,
    );
    return { id: row.id, address };
  }

  private search<T>(model: string, args: Record<string, unknown>): Promise<readonly T[]> {
    return withRetry(CALL_RETRY, () => this.client.call<readonly T[]>(model, 'search_read', { args }));
  }
}

/** Personal values of a party, to be kept out of error texts. */
export function personalOf(party: Party): string[] {
  const { name, line1, line2, line3, city, postalCode, phone, email } = party.address ?? {};
  return [
    party.name,
    party.email,
    party.phone,
    name,
    line1,
    line2,
    line3,
    city,
    postalCode,
    phone,
    email,
  ].filter((value) => value !== undefined);
}

function nameOf(party: Party): string {
  return party.address?.name || party.name || party.email || '–';
}

/** The address in a comparable form; undefined when there is none that a parcel could go to. */
function addressText(party: Party): string | undefined {
  const { line1, line2, line3, city, postalCode, countryCode } = party.address ?? {};
  if (!line1 && !city && !postalCode) return undefined;
  const street2 = [line2, line3].filter(Boolean).join(', ');
  return addressKey(
    nameOf(party),
    [line1 ?? '', street2],
    postalCode ?? '',
    city ?? '',
    (countryCode ?? '').toUpperCase(),
  );
}

function addressKey(name: string, street: string[], zip: string, city: string, country: string): string {
  return [name, ...street, zip, city, country].map(fold).join('\n');
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

function vanished(): CrossdockError {
  return new CrossdockError('The customer disappeared from Odoo while the order was being placed.', {
    code: 'ODOO_MISSING',
    kind: 'transient',
  });
}
