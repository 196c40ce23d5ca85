/** Writes canonical orders into Odoo, each exactly once per key, in batches that form by themselves. */
import type { CanonicalOrder, Decimal } from '../../canonical/order';
import { asCrossdockError } from '../../errors/index';
import { money } from '../client/decimals';
import { fieldMap } from '../client/field-map';
import type { OdooClient } from '../client/types';
import { KeyedLoader, type KeyedRecord, type LoadOutcome } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import { Batches, type Job } from './batches';
import { compareOrder } from './compare';
import { confirmOrders } from './confirm';
import { CreditGate } from './credit';
import { type PreparedOrder, Preparer } from './prepare';
import { orderWithProgress } from './progress';
import {
  createdSince,
  goneError,
  isOpen,
  type OdooLine,
  type OrderState,
  readLines,
  readOrders,
} from './read';
import { responseTo } from './response';
import { orderRecord } from './rows';
import type { OrderResult, OrderWriterOptions, PlacedOrder } from './types';

interface Work {
  readonly order: CanonicalOrder;
  /** Set when somebody wants more than the placed order. */
  detailed: boolean;
}

type Result = { readonly placed: PlacedOrder; readonly details: Omit<OrderResult, 'placed'> | undefined };
type OrderJob = Job<Work, Result>;
type Outcomes = ReadonlyMap<string, LoadOutcome>;

/** A job on its way through one batch, with what was found for it so far. */
interface Prepared {
  readonly job: OrderJob;
  readonly found: PreparedOrder;
}

const MAX_BATCH = 100;

export class OrderWriter {
  private readonly tolerance: Decimal;
  private readonly batches: Batches<Work, Result>;
  readonly loader: KeyedLoader;
  readonly preparer: Preparer;
  readonly gate: CreditGate;

  constructor(
    private readonly client: OdooClient,
    private readonly options: OrderWriterOptions = {},
  ) {
    this.tolerance = options.tolerance ?? '0.01';
    this.loader = new KeyedLoader(client, {
      namespace: options.namespace ?? 'crossdock',
      ...(options.raceRetry ? { raceRetry: options.raceRetry } : {}),
      ...(options.callRetry ? { callRetry: options.callRetry } : {}),
    });
    this.preparer = new Preparer(client, this.loader, this.keyOf('scope'), options);
    this.gate = new CreditGate(client, this.preparer.sales, options.credit ?? { gate: 'off' });
    this.batches = new Batches({
      size: Math.min(MAX_BATCH, Math.max(1, Math.floor(options.batchSize ?? 50))),
      lanes: Math.max(1, options.lanes ?? 2),
      gatherMs: client.batchWindowMs,
      run: (jobs) => this.runBatch(jobs),
    });
  }

  /**
   * Places the order, or finds it when it was placed before (by whomever, whatever became of it since). Submitting
   * the same order id again before the first is settled gives the same result.
   *
   * Rejects with CrossdockError. Business (nothing was ordered): UNKNOWN_SKU, SKU_AMBIGUOUS, ITEM_UNIDENTIFIED,
   * UNIT_UNSUPPORTED and other UNIT_ codes, ORDER_EMPTY, TAX_NOT_FOUND, CURRENCY_MISMATCH, CUSTOMER_NOT_FOUND,
   * CUSTOMER_AMBIGUOUS, COUNTRY_UNKNOWN, PAYMENT_TERM_UNKNOWN and its like, ODOO_VALIDATION. Business, with the order
   * left as a quotation: ODOO_TOTAL_MISMATCH, ODOO_CONFIRM_REFUSED, CREDIT_HOLD, CREDIT_UNREADABLE. Transient or
   * ambiguous: as OdooClient.call; submitting again settles it.
   */
  async submit(order: CanonicalOrder): Promise<PlacedOrder> {
    return (await this.batches.submit(this.keyOf(order.id), { order, detailed: false })).placed;
  }

  /** As `submit`, with the canonical order as it stands in Odoo, and the answer to the partner. */
  async place(order: CanonicalOrder): Promise<OrderResult> {
    const work: Work = { order, detailed: true };
    const { placed, details } = await this.batches.submit(this.keyOf(order.id), work);
    // A `submit` of the same order came first, and nobody read the details for it.
    return { placed, ...(details ?? (await this.detail(placed.odooId, order))) };
  }

  /** Rejects what is still queued (ODOO_CLOSED, transient) and resolves when what is under way has been settled. */
  close(): Promise<void> {
    return this.batches.close();
  }

  /** The external id (without its namespace) of an order by its business key. */
  keyOf(id: string): string {
    return hashKey('crossdock', this.options.tenant ?? '', id);
  }

  private async runBatch(jobs: readonly OrderJob[]): Promise<void> {
    const startedAt = Date.now();
    const prepared = await this.prepare(jobs);
    const { settled, late } = await this.load(prepared);
    // The lane is free for the next batch while refused orders are still being tried again.
    this.settleLate(prepared, late, startedAt).catch((thrown: unknown) => {
      for (const { job } of prepared) if (!settled.has(job.key)) job.reject(asCrossdockError(thrown));
    });
    await this.conclude(prepared, settled, startedAt);
  }

  private async settleLate(
    prepared: readonly Prepared[],
    late: Promise<Outcomes>,
    startedAt: number,
  ): Promise<void> {
    const outcomes = new Map(await late);
    const stale = prepared.filter(({ job }) => {
      const outcome = outcomes.get(job.key);
      return outcome !== undefined && 'error' in outcome && outcome.error.facts.field !== undefined;
    });
    if (stale.length > 0) {
      // What we remembered (a product, a partner, a tax) may have been deleted since: look once more, then believe.
      this.preparer.forget(stale.map(({ found }) => found));
      const again = await this.prepare(stale.map(({ job }) => job));
      const second = await this.load(again);
      for (const [key, outcome] of [...second.settled, ...(await second.late)]) outcomes.set(key, outcome);
    }
    await this.conclude(prepared, outcomes, startedAt);
  }

  /** Finds what the orders need; those with a fault of their own have ended. */
  private async prepare(jobs: readonly OrderJob[]): Promise<Prepared[]> {
    const preparations = await this.preparer.prepare(jobs.map(({ work }) => work.order));
    return jobs.flatMap((job) => {
      const found = preparations.get(job.work.order.id);
      if (found === undefined) return [];
      if (!('error' in found)) return [{ job, found }];
      job.reject(found.error);
      return [];
    });
  }

  private async load(prepared: readonly Prepared[]): Promise<{ settled: Outcomes; late: Promise<Outcomes> }> {
    const fields = fieldMap(await this.client.version());
    const { sales } = this.preparer;
    const records: KeyedRecord[] = [];
    for (const { job, found } of prepared) {
      const { order, lines, partners, terms, commitment } = found;
      const context = { key: job.key, partners, sales, fields, terms, commitment };
      records.push(await orderRecord(order, lines, context));
    }
    return this.loader.loadFirst('sale.order', records);
  }

  /** Ends the orders that have an outcome: with its error, or after read-back and confirmation. */
  private async conclude(
    prepared: readonly Prepared[],
    outcomes: Outcomes,
    startedAt: number,
  ): Promise<void> {
    const loaded = new Map<number, Prepared>();
    let timedOut = false;
    for (const each of prepared) {
      const outcome = outcomes.get(each.job.key);
      if (outcome === undefined) continue;
      if ('id' in outcome) loaded.set(outcome.id, each);
      else {
        timedOut ||= outcome.error.code === 'ODOO_TIMEOUT';
        each.job.reject(outcome.error);
      }
    }
    if (timedOut) this.batches.shrink();
    else if (loaded.size > 0) this.batches.grow();
    if (loaded.size === 0) return;
    try {
      await this.finish(loaded, startedAt);
    } catch (thrown) {
      for (const { job } of loaded.values()) job.reject(asCrossdockError(thrown));
    }
  }

  /** Reads back, holds what does not add up or goes beyond the customer's credit, confirms the rest. */
  private async finish(loaded: ReadonlyMap<number, Prepared>, startedAt: number): Promise<void> {
    const states = await readOrders(this.client, [...loaded.keys()]);
    const ended: OrderState[] = [];
    const toConfirm: OrderState[] = [];
    for (const [id, { job }] of loaded) {
      const state = states.get(id);
      if (state === undefined) {
        job.reject(goneError(id));
        continue;
      }
      // An order that is confirmed or cancelled was judged before, or by a person: it is what it is.
      const open = isOpen(state);
      const fault = open ? compareOrder(job.work.order, state, this.tolerance) : undefined;
      if (fault) job.reject(fault);
      else if (open && this.options.confirm !== false) toConfirm.push(state);
      else ended.push(state);
    }
    if (toConfirm.length > 0) {
      const chatter = this.options.chatter !== false;
      const confirmed = await this.gate.confirm(toConfirm, (ids) => confirmOrders(this.client, ids, chatter));
      for (const [id, outcome] of confirmed) {
        if ('error' in outcome) loaded.get(id)?.job.reject(outcome.error);
        // The total that was compared, with the state after the confirmation.
        else ended.push(outcome.state);
      }
    }
    await this.settle(ended, loaded, startedAt);
  }

  private async settle(
    states: readonly OrderState[],
    loaded: ReadonlyMap<number, Prepared>,
    startedAt: number,
  ): Promise<void> {
    const detailed = states.filter(({ id }) => loaded.get(id)?.job.work.detailed);
    const lines = await readLines(this.client, detailed);
    for (const state of states) {
      const each = loaded.get(state.id);
      if (each === undefined) continue;
      const { job, found } = each;
      const own = job.work.detailed ? (lines.get(state.id) ?? []) : undefined;
      job.resolve({
        placed: placedOf(this.client, state, {
          created: createdSince(state, startedAt, this.client.clockOffsetMs()),
          leftOut: found.terms.leftOut,
        }),
        details: own && detailsOf(found, state, own),
      });
    }
  }

  private async detail(id: number, order: CanonicalOrder): Promise<Omit<OrderResult, 'placed'>> {
    const state = (await readOrders(this.client, [id])).get(id);
    if (state === undefined) throw goneError(id);
    const rows = (await this.preparer.lines([order])).get(order) ?? [];
    return detailsOf({ order, lines: rows }, state, (await readLines(this.client, [state])).get(id) ?? []);
  }
}

export function placedOf(
  client: OdooClient,
  state: OrderState,
  more: { created?: boolean | undefined; leftOut?: readonly string[] } = {},
): PlacedOrder {
  const { created, leftOut = [] } = more;
  return {
    odooId: state.id,
    name: state.name,
    state: state.state,
    amountTotal: money(state.amountTotal, state.currency),
    lines: state.lines,
    url: `${client.url}/odoo/sale.order/${state.id}`,
    ...(created === undefined ? {} : { created }),
    ...(leftOut.length === 0 ? {} : { leftOut }),
  };
}

function detailsOf(
  found: Pick<PreparedOrder, 'order' | 'lines'>,
  state: OrderState,
  lines: readonly OdooLine[],
): Omit<OrderResult, 'placed'> {
  const order = orderWithProgress(found, state, lines);
  return { order, response: responseTo(found, state, lines) };
}
