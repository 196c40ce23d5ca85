/**
 * Writes canonical orders into Odoo, each exactly once per key, in batches that form by themselves.
 *
 * Orders that arrive while a batch is under way gather and go together in the next `load` (measured on 2 cores: one
 * order per call makes 15-18 orders/s, 25-100 per call 60-80/s). Two batches are under way at most: while one is in
 * Odoo's load, the other does its look-ups, read-back and confirmation.
 */

import type { CanonicalOrder, Decimal } from '../../canonical/order';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { money } from '../client/decimals';
import { isOutage } from '../client/errors';
import { type FieldMap, fieldMap } from '../client/field-map';
import type { RetryPolicy } from '../client/retry';
import type { OdooClient } from '../client/types';
import { KeyedLoader, type KeyedRecord, type LoadOutcome } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import { compareOrder } from './compare';
import { confirmOrders } from './confirm';
import { Customers } from './customers';
import { createdSince, type OrderState, readOrders } from './read';
import { assertProducts, type DraftLine, draftLines, orderRecord } from './rows';
import { SalesData } from './sales-data';

export interface OrderWriterOptions {
  /** `order` (default): the buyer becomes a customer in Odoo, created once. `fixed`: all orders for one customer. */
  readonly customer?: 'order' | 'fixed' | undefined;
  /** Reference of the fixed customer. */
  readonly customerRef?: string | undefined;
  /** Confirm the order after its total was found right. Default true. */
  readonly confirm?: boolean | undefined;
  /** Internal reference of the product for charges. Default `SHIPPING`. */
  readonly chargeSku?: string | undefined;
  /** Internal reference of the product for discounts. Default `DISCOUNT`. */
  readonly discountSku?: string | undefined;
  /** Orders per load, 1 to 100. Default 50. */
  readonly batchSize?: number | undefined;
  /** How far Odoo's total may be from the order's, in the order's currency. Default `0.01`. */
  readonly tolerance?: Decimal | undefined;
  /** Module part of the external ids; never change it for a running shop. Default `crossdock`. */
  readonly namespace?: string | undefined;
  /** Part of the key, for several tenants in one database. Default ''. */
  readonly tenant?: string | undefined;
  /** Batches under way at once. Default 2. */
  readonly lanes?: number | undefined;
  /** For tests: how fast lost races and failed calls are repeated. */
  readonly raceRetry?: RetryPolicy | undefined;
  readonly callRetry?: RetryPolicy | undefined;
}

/** An order as it stands in Odoo. */
export interface PlacedOrder {
  readonly odooId: number;
  /** For example `S00012`. */
  readonly name: string;
  /** Odoo's state: draft, sent, sale, done, cancel. */
  readonly state: string;
  readonly amountTotal: Decimal;
  /** False when the order was in Odoo before; left out when Odoo's clock is not known. */
  readonly created?: boolean;
  /** Number of order lines in Odoo. */
  readonly lines: number;
  /** Where a person opens the order. */
  readonly url: string;
}

interface Entry {
  readonly order: CanonicalOrder;
  readonly key: string;
  readonly promise: Promise<PlacedOrder>;
  readonly resolve: (placed: PlacedOrder) => void;
  readonly reject: (error: CrossdockError) => void;
}

/** An order on its way through one batch, with what was found for it so far. */
interface Prepared {
  readonly entry: Entry;
  readonly lines: readonly DraftLine[];
}

type Outcomes = ReadonlyMap<string, LoadOutcome>;

const MAX_BATCH = 100;

export class OrderWriter {
  private readonly batchSize: number;
  private readonly confirm: boolean;
  private readonly tolerance: Decimal;
  private readonly namespace: string;
  private readonly lanes: number;
  private readonly skus: { chargeSku: string; discountSku: string };
  private readonly loader: KeyedLoader;
  private readonly sales: SalesData;
  private readonly customers: Customers;
  private readonly queue: Entry[] = [];
  /** Every order that is queued or under way, by key. */
  private readonly pending = new Map<string, Entry>();
  private active = 0;
  private scheduled = false;
  private closed = false;
  /** Orders per load now: halved after a time-out, so that a slow Odoo gets done what it can, then grown again. */
  private window: number;

  constructor(
    private readonly client: OdooClient,
    private readonly options: OrderWriterOptions = {},
  ) {
    this.batchSize = Math.min(MAX_BATCH, Math.max(1, Math.floor(options.batchSize ?? 50)));
    this.window = this.batchSize;
    this.confirm = options.confirm ?? true;
    this.tolerance = options.tolerance ?? '0.01';
    this.namespace = options.namespace ?? 'crossdock';
    this.lanes = Math.max(1, options.lanes ?? 2);
    this.skus = {
      chargeSku: options.chargeSku ?? 'SHIPPING',
      discountSku: options.discountSku ?? 'DISCOUNT',
    };
    this.loader = new KeyedLoader(client, {
      namespace: this.namespace,
      ...(options.raceRetry ? { raceRetry: options.raceRetry } : {}),
      ...(options.callRetry ? { callRetry: options.callRetry } : {}),
    });
    this.sales = new SalesData(client);
    this.customers = new Customers(client, this.loader, {
      mode: options.customer ?? 'order',
      ref: options.customerRef ?? '',
      namespace: this.key('scope'),
    });
  }

  /**
   * Places the order, or finds it when it was placed before (by whomever, whatever became of it since). Submitting
   * the same order id again before the first is settled gives the same result.
   *
   * Rejects with CrossdockError. Business (nothing was ordered): UNKNOWN_SKU, SKU_AMBIGUOUS, ITEM_UNIDENTIFIED,
   * UNIT_UNSUPPORTED, ORDER_EMPTY, TAX_NOT_FOUND, CURRENCY_MISMATCH, CUSTOMER_NOT_FOUND, CUSTOMER_AMBIGUOUS,
   * COUNTRY_UNKNOWN, ODOO_VALIDATION. Business, with the order left as a quotation: ODOO_TOTAL_MISMATCH,
   * ODOO_CONFIRM_REFUSED. Transient or ambiguous: as OdooClient.call; submitting again settles it.
   */
  submit(order: CanonicalOrder): Promise<PlacedOrder> {
    if (this.closed) return Promise.reject(closedError());
    const key = this.key(order.id);
    const same = this.pending.get(key);
    if (same) return same.promise;
    let resolve!: Entry['resolve'];
    let reject!: Entry['reject'];
    const promise = new Promise<PlacedOrder>((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    const entry = { order, key, promise, resolve, reject };
    this.pending.set(key, entry);
    this.queue.push(entry);
    this.schedule();
    return promise;
  }

  /** Rejects what is still queued (ODOO_CLOSED, transient) and resolves when what is under way has been settled. */
  async close(): Promise<void> {
    this.closed = true;
    for (const entry of this.queue.splice(0)) this.fail(entry, closedError());
    await Promise.allSettled([...this.pending.values()].map((entry) => entry.promise));
  }

  private key(id: string): string {
    return hashKey('crossdock', this.options.tenant ?? '', id);
  }

  /** Starts batches after the current turn of the event loop, so that orders submitted together go together. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      while (this.active < this.lanes && this.queue.length > 0) {
        const entries = this.queue.splice(0, this.window);
        this.active += 1;
        this.runBatch(entries)
          .catch((thrown: unknown) => {
            for (const entry of entries) this.fail(entry, asCrossdockError(thrown));
          })
          .finally(() => {
            this.active -= 1;
            if (this.queue.length > 0) this.schedule();
          });
      }
    });
  }

  private async runBatch(entries: readonly Entry[]): Promise<void> {
    const startedAt = Date.now();
    const fields = fieldMap(await this.client.version());
    const prepared = this.draft(entries);
    const { settled, late } = await this.place(prepared, fields);
    // The lane is free for the next batch while refused orders are still being tried again.
    this.settleLate(prepared, late, fields, startedAt).catch((thrown: unknown) => {
      for (const { entry } of prepared)
        if (!settled.has(entry.key)) this.fail(entry, asCrossdockError(thrown));
    });
    await this.conclude(prepared, settled, startedAt);
  }

  private async settleLate(
    prepared: readonly Prepared[],
    late: Promise<Outcomes>,
    fields: FieldMap,
    startedAt: number,
  ): Promise<void> {
    const outcomes = new Map(await late);
    const stale = prepared.filter(({ entry }) => {
      const outcome = outcomes.get(entry.key);
      return outcome !== undefined && 'error' in outcome && outcome.error.facts.field !== undefined;
    });
    if (stale.length > 0) {
      // What we remembered (a product, a partner, a tax) may have been deleted since: look once more, then believe.
      this.forget(stale);
      const second = await this.place(stale, fields);
      for (const [key, outcome] of [...second.settled, ...(await second.late)]) outcomes.set(key, outcome);
    }
    await this.conclude(prepared, outcomes, startedAt);
  }

  /** Ends the orders that have an outcome: with its error, or after read-back and confirmation. */
  private async conclude(
    prepared: readonly Prepared[],
    outcomes: Outcomes,
    startedAt: number,
  ): Promise<void> {
    const loaded = new Map<number, Entry>();
    let timedOut = false;
    for (const { entry } of prepared) {
      const outcome = outcomes.get(entry.key);
      if (outcome === undefined) continue;
      if ('id' in outcome) loaded.set(outcome.id, entry);
      else {
        timedOut ||= outcome.error.code === 'ODOO_TIMEOUT';
        this.fail(entry, outcome.error);
      }
    }
    if (timedOut) this.window = Math.max(1, this.window >> 1);
    else if (loaded.size > 0) this.window = Math.min(this.batchSize, this.window * 2);
    if (loaded.size === 0) return;
    try {
      await this.finish(loaded, startedAt);
    } catch (thrown) {
      for (const entry of loaded.values()) this.fail(entry, asCrossdockError(thrown));
    }
  }

  /** Finds what is wrong with an order by itself. */
  private draft(entries: readonly Entry[]): Prepared[] {
    return entries.flatMap((entry) => {
      try {
        return [{ entry, lines: draftLines(entry.order, this.skus) }];
      } catch (thrown) {
        this.fail(entry, asCrossdockError(thrown));
        return [];
      }
    });
  }

  /** Look-ups, then the load. Settles the orders that fail a look-up; the result has an outcome for all others. */
  private async place(prepared: readonly Prepared[], fields: FieldMap) {
    const products = await this.sales.findProducts(
      prepared.flatMap(({ lines }) => lines.map((line) => line.product)),
    );
    const checked: Prepared[] = [];
    for (const candidate of prepared) {
      try {
        assertProducts(candidate.lines, products);
        // Before the customer is created: taxes and currency are the order's own fault too.
        await this.checkMoney(candidate);
        checked.push(candidate);
      } catch (thrown) {
        this.failOrThrow(candidate.entry, thrown);
      }
    }
    const partners = await this.customers.resolve(checked.map(({ entry }) => entry.order));
    const records: KeyedRecord[] = [];
    for (const { entry, lines } of checked) {
      const found = partners.get(entry.order.id);
      if (found === undefined) continue;
      if ('error' in found) {
        this.fail(entry, found.error);
        continue;
      }
      try {
        const context = { key: entry.key, partners: found, products, sales: this.sales, fields };
        records.push(await orderRecord(entry.order, lines, context));
      } catch (thrown) {
        this.failOrThrow(entry, thrown);
      }
    }
    return this.loader.loadFirst('sale.order', records);
  }

  private async checkMoney({ entry, lines }: Prepared): Promise<void> {
    const { order } = entry;
    await this.sales.findPricelist(order.currency);
    for (const line of lines) {
      for (const tax of line.taxes) await this.sales.findTax(tax.rate, order.pricesIncludeTax);
    }
  }

  private forget(prepared: readonly Prepared[]): void {
    this.sales.forgetProducts(prepared.flatMap(({ lines }) => lines.map((line) => line.product)));
    this.sales.forgetReference();
    this.customers.forget();
  }

  /** Reads back, holds what does not add up, confirms the rest. */
  private async finish(loaded: ReadonlyMap<number, Entry>, startedAt: number): Promise<void> {
    const states = await readOrders(this.client, [...loaded.keys()]);
    const toConfirm: number[] = [];
    for (const [id, entry] of loaded) {
      const state = states.get(id);
      if (state === undefined) {
        this.fail(entry, goneError(id));
        continue;
      }
      // An order that is confirmed or cancelled was judged before, or by a person: it is what it is.
      const open = state.state === 'draft' || state.state === 'sent';
      const fault = open ? compareOrder(entry.order, state, this.tolerance) : undefined;
      if (fault) this.fail(entry, fault);
      else if (open && this.confirm) toConfirm.push(id);
      else this.settle(entry, state, startedAt);
    }
    if (toConfirm.length === 0) return;
    const confirmed = await confirmOrders(this.client, toConfirm);
    for (const [id, outcome] of confirmed) {
      const entry = loaded.get(id) as Entry;
      if ('error' in outcome) this.fail(entry, outcome.error);
      // The total that was compared, with the state after the confirmation.
      else this.settle(entry, outcome.state, startedAt);
    }
  }

  private settle(entry: Entry, state: OrderState, startedAt: number): void {
    this.release(entry);
    const created = createdSince(state, startedAt, this.client.clockOffsetMs());
    entry.resolve({
      odooId: state.id,
      name: state.name,
      state: state.state,
      amountTotal: money(state.amountTotal, state.currency),
      lines: state.lines,
      url: `${this.client.url}/odoo/sale.order/${state.id}`,
      ...(created === undefined ? {} : { created }),
    });
  }

  private fail(entry: Entry, error: CrossdockError): void {
    this.release(entry);
    entry.reject(error);
  }

  private release(entry: Entry): void {
    if (this.pending.get(entry.key) === entry) this.pending.delete(entry.key);
  }

  /** A fault of the order ends the order; when Odoo cannot be used, the whole batch ends. */
  private failOrThrow(entry: Entry, thrown: unknown): void {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    this.fail(entry, error);
  }
}

function closedError(): CrossdockError {
  return new CrossdockError('The order was not sent: the flow was stopped or deployed anew.', {
    code: 'ODOO_CLOSED',
    kind: 'transient',
  });
}

function goneError(id: number): CrossdockError {
  return new CrossdockError(
    `Order ${id} cannot be read back from Odoo: deleted, or not visible to the API key's user.`,
    {
      code: 'ODOO_MISSING',
      kind: 'permanent',
      facts: { odooId: id },
    },
  );
}
