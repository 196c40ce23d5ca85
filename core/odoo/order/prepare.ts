/** Everything that an order needs before it is written: its products, units, taxes, terms and partners, found together. */
import type { CanonicalOrder } from '../../canonical/order';
import { asCrossdockError, type CrossdockError } from '../../errors/index';
import { isOutage } from '../client/errors';
import type { OdooClient } from '../client/types';
import type { KeyedLoader } from '../load/keyed-load';
import { Customers, type OrderPartners } from './customers';
import { assertProducts, type DraftLine, draftLines, isIdentified, type Meanings } from './draft';
import { Products, productKeyText } from './products';
import { commitmentOf, type RowLine, rowLines } from './rows';
import { SalesData } from './sales-data';
import { type OrderTerms, Terms } from './terms';
import type { ItemMeaning, OrderWriterOptions } from './types';
import { type LineUnit, LineUnits } from './units';

export interface PreparedOrder {
  readonly order: CanonicalOrder;
  readonly lines: readonly RowLine[];
  readonly partners: OrderPartners;
  readonly terms: OrderTerms;
  /** Odoo's delivery date. */
  readonly commitment: string | undefined;
}

export type Preparation = PreparedOrder | { readonly error: CrossdockError };

interface Draft {
  readonly order: CanonicalOrder;
  readonly lines: readonly DraftLine[];
}

export class Preparer {
  readonly sales: SalesData;
  private readonly products: Products;
  readonly units: LineUnits;
  private readonly terms: Terms;
  private readonly customers: Customers;
  private readonly skus: { readonly chargeSku: string; readonly discountSku: string };

  constructor(
    client: OdooClient,
    loader: KeyedLoader,
    /** Part of the keys of partners. */
    namespace: string,
    private readonly options: OrderWriterOptions,
  ) {
    this.sales = new SalesData(client);
    this.products = new Products(client);
    this.units = new LineUnits(client, this.products, options.units ?? {});
    this.terms = new Terms(client, options.terms ?? {});
    this.skus = {
      chargeSku: options.chargeSku ?? 'SHIPPING',
      discountSku: options.discountSku ?? 'DISCOUNT',
    };
    this.customers = new Customers(client, loader, {
      mode: options.customer ?? 'order',
      ref: options.customerRef ?? '',
      namespace,
      match: options.match ?? ['known'],
      refScheme: options.refScheme ?? 'ref',
      unknown: options.unknownCustomer ?? 'create',
    });
  }

  /**
   * Has one entry per order id. A fault of an order ends that order; customers are created for those without.
   * Rejects when Odoo cannot be used.
   */
  async prepare(orders: readonly CanonicalOrder[]): Promise<ReadonlyMap<string, Preparation>> {
    const outcomes = new Map<string, Preparation>();
    const refuse = (order: CanonicalOrder, thrown: unknown): void => {
      const error = asCrossdockError(thrown);
      if (isOutage(error)) throw error;
      outcomes.set(order.id, { error });
    };
    const lines = await this.linesOf(orders, refuse);
    const terms = new Map<CanonicalOrder, OrderTerms>();
    for (const order of lines.keys()) {
      try {
        await this.sales.findPricelist(order.currency);
        terms.set(order, await this.terms.of(order));
      } catch (thrown) {
        refuse(order, thrown);
      }
    }
    const good = [...terms.keys()];
    const partners = await this.customers.resolve(good);
    for (const order of good) {
      const found = partners.get(order.id);
      if (found === undefined) continue;
      if ('error' in found) outcomes.set(order.id, found);
      else {
        outcomes.set(order.id, {
          order,
          lines: lines.get(order) ?? [],
          partners: found,
          terms: terms.get(order) ?? { ids: new Map(), leftOut: [] },
          commitment: commitmentOf(order, this.options.terms?.deliveryDate),
        });
      }
    }
    return outcomes;
  }

  /** The lines alone, for telling them apart in Odoo; orders whose lines cannot be made have none. */
  async lines(orders: readonly CanonicalOrder[]): Promise<ReadonlyMap<CanonicalOrder, readonly RowLine[]>> {
    return this.linesOf(orders, (_order, thrown) => {
      const error = asCrossdockError(thrown);
      if (isOutage(error)) throw error;
    });
  }

  /** Forgets what may have changed in Odoo: products, units, terms, partners, taxes. */
  forget(orders: readonly PreparedOrder[]): void {
    const keys = orders.flatMap(({ order }) => {
      try {
        return draftLines(order, this.skus).map((line) => line.product);
      } catch {
        // Only partners' codes: what they stand for is not remembered here.
        return [];
      }
    });
    this.products.forget(keys);
    this.units.forget();
    this.terms.forget();
    this.sales.forgetReference();
    this.customers.forget();
  }

  private async linesOf(
    orders: readonly CanonicalOrder[],
    refuse: (order: CanonicalOrder, thrown: unknown) => void,
  ): Promise<ReadonlyMap<CanonicalOrder, readonly RowLine[]>> {
    const drafts = await this.draft(orders, refuse);
    const keys = drafts.flatMap(({ lines }) => lines.map((line) => line.product));
    const products = keys.length === 0 ? new Map() : await this.products.find(keys);
    const result = new Map<CanonicalOrder, readonly RowLine[]>();
    for (const { order, lines } of drafts) {
      try {
        assertProducts(lines, products);
        const units = new Map<DraftLine, LineUnit>();
        for (const line of lines) {
          const product = products.get(productKeyText(line.product));
          if (line.unit === undefined || typeof product !== 'object') continue;
          units.set(line, await this.units.resolve(line.unit, product));
        }
        result.set(order, await rowLines(order, lines, { products, sales: this.sales, units }));
      } catch (thrown) {
        refuse(order, thrown);
      }
    }
    return result;
  }

  private async draft(
    orders: readonly CanonicalOrder[],
    refuse: (order: CanonicalOrder, thrown: unknown) => void,
  ): Promise<Draft[]> {
    const drafts: Draft[] = [];
    for (const order of orders) {
      try {
        drafts.push({ order, lines: draftLines(order, this.skus, await this.meanings(order)) });
      } catch (thrown) {
        refuse(order, thrown);
      }
    }
    return drafts;
  }

  /** What partners' codes stand for, of lines that name nothing that Odoo knows. */
  private async meanings(order: CanonicalOrder): Promise<Meanings> {
    const meanings = new Map<string, ItemMeaning>();
    const { crossReferences } = this.options;
    if (crossReferences === undefined) return meanings;
    for (const line of order.lines) {
      if (isIdentified(line)) continue;
      const keys = line.item.identifiers.map(({ scheme, value }) => ({
        kind: 'item' as const,
        code: value,
        scheme,
      }));
      const found = await crossReferences.lookup(order.provenance.partnerId, keys);
      const meaning = found.find((each) => each !== undefined);
      if (meaning !== undefined) meanings.set(line.lineId, meaning);
    }
    return meanings;
  }
}
