/** What an order needs to know from Odoo before it can be written: company, taxes, price lists. */

import { decimal } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import { Remembered } from '../client/cache';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { Many2One, OdooClient } from '../client/types';

export interface Company {
  readonly id: number;
  readonly name: string;
  /** ISO 4217. */
  readonly currency: string;
}

export interface SalesTax {
  readonly id: number;
  /** Percent. */
  readonly rate: string;
  readonly priceIncluded: boolean;
}

/** Reference data changes rarely, but an analyst who adds a tax or a product and replays should not wait long. */
const REFERENCE_TTL_MS = 60_000;

export class SalesData {
  readonly company: Remembered<Company>;
  private readonly taxes: Remembered<readonly SalesTax[]>;
  private readonly pricelists: Remembered<ReadonlyMap<string, number>>;

  constructor(private readonly client: OdooClient) {
    this.company = new Remembered(() => this.fetchCompany(), REFERENCE_TTL_MS);
    this.taxes = new Remembered(() => this.fetchTaxes(), REFERENCE_TTL_MS);
    this.pricelists = new Remembered(() => this.fetchPricelists(), REFERENCE_TTL_MS);
  }

  /** Forgets taxes and price lists. */
  forgetReference(): void {
    this.taxes.forget();
    this.pricelists.forget();
    this.company.forget();
  }

  /**
   * The company's sales tax of that rate: the one first in Odoo's own order. Undefined for 0 % when Odoo has no such
   * tax (no tax is the same amount).
   *
   * Throws TAX_NOT_FOUND (business).
   */
  async findTax(rate: string, priceIncluded: boolean): Promise<SalesTax | undefined> {
    const wanted = decimal(rate);
    const sameRate = (await this.taxes.get()).filter((tax) => wanted.eq(decimal(tax.rate)));
    if (wanted.eq(0)) return sameRate[0];
    const tax = sameRate.find((candidate) => candidate.priceIncluded === priceIncluded);
    if (tax) return tax;
    const percent = wanted.toFixed();
    const how = priceIncluded ? 'included in the price' : 'not included in the price';
    throw new CrossdockError(
      `Odoo has no sales tax of ${percent} % that is ${how}: create it in Odoo's accounting settings, then send the order again.`,
      { code: 'TAX_NOT_FOUND', kind: 'business', facts: { rate: percent, priceIncluded } },
    );
  }

  /**
   * The price list that makes an order be in that currency: an id, or `none` when no price list is needed since it is
   * the company's currency.
   *
   * Throws CURRENCY_MISMATCH (business) when Odoo has no way to sell in it.
   */
  async findPricelist(currency: string): Promise<number | 'none'> {
    const [company, pricelists] = await Promise.all([this.company.get(), this.pricelists.get()]);
    const id = pricelists.get(currency);
    if (id !== undefined) return id;
    if (company.currency === currency) return 'none';
    throw new CrossdockError(
      `The order is in ${currency}, but Odoo sells in ${company.currency} and has no price list in ${currency}: create one, then send the order again.`,
      { code: 'CURRENCY_MISMATCH', kind: 'business', facts: { currency, odooCurrency: company.currency } },
    );
  }

  private read<T>(model: string, args: Record<string, unknown>): Promise<readonly T[]> {
    return withRetry(CALL_RETRY, () => this.client.call<readonly T[]>(model, 'search_read', { args }));
  }

  private async fetchCompany(): Promise<Company> {
    const call = <T>(
      model: string,
      method: string,
      options: { ids?: number[]; args?: Record<string, unknown> },
    ) => withRetry(CALL_RETRY, () => this.client.call<T>(model, method, options));
    const { uid } = await call<{ uid: number }>('res.users', 'context_get', {});
    const [user] = await call<readonly { company_id: Many2One }[]>('res.users', 'read', {
      ids: [uid],
      args: { fields: ['company_id'] },
    });
    const company = user?.company_id || undefined;
    const id = company?.[0] ?? 0;
    const [row] = await call<readonly { currency_id: Many2One }[]>('res.company', 'read', {
      ids: [id],
      args: { fields: ['currency_id'] },
    });
    return { id, name: company?.[1] ?? '', currency: (row?.currency_id || undefined)?.[1] ?? '' };
  }

  private async fetchTaxes(): Promise<readonly SalesTax[]> {
    const company = await this.company.get();
    const rows = await this.read<{ id: number; amount: number; price_include: boolean }>('account.tax', {
      domain: [
        ['type_tax_use', '=', 'sale'],
        ['amount_type', '=', 'percent'],
        ['company_id', '=', company.id],
      ],
      fields: ['id', 'amount', 'price_include'],
      order: 'sequence, id',
    });
    return rows.map((row) => ({ id: row.id, rate: String(row.amount), priceIncluded: row.price_include }));
  }

  private async fetchPricelists(): Promise<ReadonlyMap<string, number>> {
    const company = await this.company.get();
    const rows = await this.read<{ id: number; currency_id: Many2One }>('product.pricelist', {
      domain: ['|', ['company_id', '=', false], ['company_id', '=', company.id]],
      fields: ['id', 'currency_id'],
      order: 'sequence, id',
    });
    const byCurrency = new Map<string, number>();
    for (const row of rows) {
      const currency = row.currency_id ? row.currency_id[1] : undefined;
      if (currency !== undefined && !byCurrency.has(currency)) byCurrency.set(currency, row.id);
    }
    return byCurrency;
  }
}
