/** The customer of an order in Odoo, and where it is delivered and invoiced to. */
import type { CanonicalOrder, Party } from '../../canonical/order';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { LruCache, Remembered } from '../client/cache';
import { isOutage } from '../client/errors';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOf } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import type { KeyedLoader, KeyedRecord } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import { Geography } from './geography';
import { matchCustomers, type Wanted } from './matching';
import {
  addressKey,
  addressText,
  type ContactType,
  customerKey,
  fold,
  identityOf,
  isOwnCustomer,
  partnerRecord,
} from './parties';
import type { MatchRule } from './types';

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
  readonly match: readonly MatchRule[];
  readonly refScheme: string;
  /** What becomes of a buyer whom no rule finds. */
  readonly unknown: 'create' | 'hold';
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

/** An address of one order that may need a contact of its own. */
interface Contact {
  readonly order: CanonicalOrder;
  readonly type: ContactType;
  readonly party: Party;
  readonly customer: KnownPartner;
  readonly key: string;
}

type Found = KnownPartner | { readonly error: CrossdockError };

const PARTNER_FIELDS = ['id', 'name', 'street', 'street2', 'zip', 'city', 'country_id'];
/** People move and correct addresses in Odoo; what we know of a partner is asked again after this time. */
const PARTNER_TTL_MS = 5 * 60_000;
const MAX_PARTNERS = 10_000;

export class Customers {
  private readonly partners = new LruCache<KnownPartner>(MAX_PARTNERS, PARTNER_TTL_MS);
  private readonly contacts = new LruCache<number>(MAX_PARTNERS, PARTNER_TTL_MS);
  private readonly geography: Geography;
  private readonly fixed: Remembered<KnownPartner>;

  constructor(
    private readonly client: OdooClient,
    private readonly loader: KeyedLoader,
    private readonly options: CustomerOptions,
  ) {
    this.geography = new Geography(client);
    this.fixed = new Remembered(() => this.fetchFixed(), PARTNER_TTL_MS);
  }

  /**
   * Finds or creates the partners of the orders, in as few calls as possible. The result has one entry per order id.
   * Rejects when Odoo cannot be used, or when the fixed customer does not exist (CUSTOMER_NOT_FOUND, business).
   */
  async resolve(orders: readonly CanonicalOrder[]): Promise<ReadonlyMap<string, PartnersOutcome>> {
    const payers = new Map<string, Party>();
    for (const order of orders) {
      const { buyer, billTo } = order.parties;
      if (this.options.mode === 'fixed' || billTo === undefined) continue;
      if (isOwnCustomer(billTo, buyer, this.options.refScheme)) payers.set(order.id, billTo);
    }
    const customers = await this.resolveCustomers(orders, payers);
    const contacts: Contact[] = [];
    for (const order of orders) {
      const customer = customers.get(this.place(order, order.parties.buyer));
      if (customer === undefined || 'error' in customer) continue;
      for (const [type, party] of this.contactsOf(order, payers.has(order.id))) {
        const address = addressText(party);
        if (address === undefined || address === customer.address) continue;
        const key = hashKey(this.options.namespace, 'contact', String(customer.id), type, address);
        contacts.push({ order, type, party, customer, key });
      }
    }
    const failed = await this.createContacts(contacts);
    return new Map(
      orders.map((order) => [
        order.id,
        this.outcome(order, payers.get(order.id), customers, contacts, failed),
      ]),
    );
  }

  /** Forgets everything that is remembered about partners (one may have been deleted or merged in Odoo). */
  forget(): void {
    this.partners.clear();
    this.contacts.clear();
    this.fixed.forget();
  }

  private outcome(
    order: CanonicalOrder,
    payer: Party | undefined,
    customers: ReadonlyMap<string, Found>,
    contacts: readonly Contact[],
    failed: ReadonlyMap<string, CrossdockError>,
  ): PartnersOutcome {
    const customer = customers.get(this.place(order, order.parties.buyer)) ?? { error: vanished() };
    if ('error' in customer) return customer;
    const paying = payer && (customers.get(this.place(order, payer)) ?? { error: vanished() });
    if (paying && 'error' in paying) return paying;
    const own = contacts.filter((contact) => contact.order === order);
    const error = own.map((contact) => failed.get(contact.key)).find((found) => found !== undefined);
    if (error) return { error };
    const id = (type: ContactType): number => {
      const contact = own.find((candidate) => candidate.type === type);
      return (contact && this.contacts.get(contact.key)) ?? customer.id;
    };
    return {
      customer: customer.id,
      delivery: id('delivery'),
      ...(this.options.mode === 'fixed' ? {} : { invoice: paying?.id ?? id('invoice') }),
    };
  }

  /** A fixed customer is invoiced as Odoo knows it; only the place of delivery comes from the order. */
  private contactsOf(order: CanonicalOrder, otherPays: boolean): [ContactType, Party][] {
    const { shipTo, billTo } = order.parties;
    if (this.options.mode === 'fixed' || billTo === undefined || otherPays) return [['delivery', shipTo]];
    return [
      ['delivery', shipTo],
      ['invoice', billTo],
    ];
  }

  /** Where a party's customer is kept. */
  private place(order: CanonicalOrder, party: Party): string {
    if (this.options.mode === 'fixed') return 'fixed';
    const { name } = party;
    const { ref, vat, gln } = identityOf(party, this.options.refScheme);
    return [customerKey(this.options.namespace, order, party), fold(name), ref, vat, gln].join('\n');
  }

  private async resolveCustomers(
    orders: readonly CanonicalOrder[],
    payers: ReadonlyMap<string, Party>,
  ): Promise<ReadonlyMap<string, Found>> {
    if (this.options.mode === 'fixed') return new Map([['fixed', await this.fixed.get()]]);
    const result = new Map<string, Found>();
    const wanted = new Map<string, Wanted>();
    for (const order of orders) {
      const payer = payers.get(order.id);
      for (const party of payer ? [order.parties.buyer, payer] : [order.parties.buyer]) {
        const place = this.place(order, party);
        const known = this.partners.get(place);
        if (known !== undefined) result.set(place, known);
        else wanted.set(place, { place, key: customerKey(this.options.namespace, order, party), party });
      }
    }
    if (wanted.size === 0) return result;
    const ids = await this.findOrCreate([...wanted.values()], result);
    const places = new Map<number, string[]>();
    for (const [place, id] of ids) places.set(id, [...(places.get(id) ?? []), place]);
    for (const row of await this.readPartners([...places.keys()])) {
      const partner = await this.known(row);
      for (const place of places.get(row.id) ?? []) {
        this.partners.set(place, partner);
        result.set(place, partner);
      }
    }
    return result;
  }

  /** Ids of the wanted customers by place; those that failed are put into `result`. */
  private async findOrCreate(
    wanted: readonly Wanted[],
    result: Map<string, Found>,
  ): Promise<ReadonlyMap<string, number>> {
    const { match, refScheme, unknown } = this.options;
    const ids = new Map<string, number>();
    // The load that creates also finds the known one: alone, that rule needs no question of its own.
    const rules = unknown === 'create' && match.every((rule) => rule === 'known') ? [] : match;
    const matches = await matchCustomers(this.client, this.loader, wanted, rules, refScheme);
    const records = new Map<string, KeyedRecord>();
    const created = new Map<string, string>();
    for (const { place, key, party } of wanted) {
      const found = matches.get(place);
      if (typeof found === 'number') ids.set(place, found);
      else if (found !== undefined) result.set(place, found);
      else if (unknown === 'hold') result.set(place, { error: unknownCustomer() });
      else {
        const record = records.get(key) ?? (await this.record(key, party));
        if ('error' in record) result.set(place, record);
        else {
          records.set(key, record);
          created.set(place, key);
        }
      }
    }
    const outcomes = await this.loader.load('res.partner', [...records.values()]);
    for (const [place, key] of created) {
      const outcome = outcomes.get(key) ?? { error: vanished() };
      if ('error' in outcome) result.set(place, outcome);
      else ids.set(place, outcome.id);
    }
    return ids;
  }

  private async createContacts(wanted: readonly Contact[]): Promise<ReadonlyMap<string, CrossdockError>> {
    const records = new Map<string, KeyedRecord>();
    const failed = new Map<string, CrossdockError>();
    for (const { key, party, type, customer } of wanted) {
      if (this.contacts.get(key) !== undefined || records.has(key)) continue;
      const record = await this.record(key, party, { type, parent: customer.id });
      if ('error' in record) failed.set(key, record.error);
      else records.set(key, record);
    }
    for (const [key, outcome] of await this.loader.load('res.partner', [...records.values()])) {
      if ('error' in outcome) failed.set(key, outcome.error);
      else this.contacts.set(key, outcome.id);
    }
    return failed;
  }

  /** A fault of the party's own ends its orders only. */
  private async record(
    key: string,
    party: Party,
    child?: { type: ContactType; parent: number },
  ): Promise<KeyedRecord | { readonly error: CrossdockError }> {
    try {
      return await partnerRecord(key, party, this.geography, this.options.refScheme, child);
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (isOutage(error)) throw error;
      return { error };
    }
  }

  private async fetchFixed(): Promise<KnownPartner> {
    const { ref } = this.options;
    const facts = { ref };
    const rows = await withRetry(CALL_RETRY, () =>
      this.client.call<readonly PartnerRow[]>('res.partner', 'search_read', {
        args: { domain: [['ref', '=', ref]], fields: PARTNER_FIELDS, limit: 2 },
      }),
    );
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
    const countryCode = await this.geography.codeOf(idOf(row.country_id));
    const street = [row.street || '', row.street2 || ''];
    return {
      id: row.id,
      address: addressKey(row.name || '', street, row.zip || '', row.city || '', countryCode),
    };
  }
}

function unknownCustomer(): CrossdockError {
  return new CrossdockError(
    'Odoo has no customer that this buyer could be: create it (with its reference, VAT number, GLN or e-mail address), then send the order again.',
    { code: 'CUSTOMER_NOT_FOUND', kind: 'business' },
  );
}

function vanished(): CrossdockError {
  return new CrossdockError('The customer disappeared from Odoo while the order was being placed.', {
    code: 'ODOO_MISSING',
    kind: 'transient',
  });
}
