/** Everything that is done with orders in Odoo, under one face. */
import type { CanonicalOrder } from '../../canonical/order';
import { CrossdockError } from '../../errors/index';
import type { OdooClient } from '../client/types';
import { amendOrder } from './amend';
import { Batches, type Job } from './batches';
import { canonicalFromOdoo, orderAsChanged } from './build';
import { compareOrder } from './compare';
import { confirmOrders } from './confirm';
import { type KnownStatus, orderWithProgress } from './progress';
import { isOpen, type OrderState, readLines, readOrders } from './read';
import { responseTo } from './response';
import { knownStatus } from './status';
import { findOrder, type OrderTarget } from './target';
import { type CancelOptions, cancelOrder, lockOrder, readState, refused } from './transitions';
import type { OrderResult, OrderWriterOptions } from './types';
import type { LineUnits } from './units';
import { OrderWriter, placedOf } from './writer';

/** A quotation to be confirmed, as it was read. */
type Confirming = Job<OrderState, OrderState>;

/** Confirmations per call. */
const MAX_CONFIRMATIONS = 50;

/**
 * All operations are safe to repeat: what is done already is found and left alone. All reject with CrossdockError;
 * ORDER_NOT_FOUND and ORDER_AMBIGUOUS (business) for a target that is not there.
 */
export class OrderDesk {
  private readonly writer: OrderWriter;
  private readonly confirmations: Batches<OrderState, OrderState>;

  constructor(
    private readonly client: OdooClient,
    private readonly options: OrderWriterOptions = {},
  ) {
    this.writer = new OrderWriter(client, options);
    this.confirmations = new Batches({
      size: Math.min(MAX_CONFIRMATIONS, options.batchSize ?? MAX_CONFIRMATIONS),
      lanes: Math.max(1, options.lanes ?? 2),
      run: (jobs) => this.confirmBatch(jobs),
    });
  }

  /** Creates the order once, and confirms it unless told otherwise: OrderWriter.submit. */
  place(order: CanonicalOrder): Promise<OrderResult> {
    return this.writer.place(order);
  }

  /**
   * Confirms a quotation. With the canonical order its total is compared first. Business errors leave the quotation:
   * ODOO_TOTAL_MISMATCH, CREDIT_HOLD, CREDIT_UNREADABLE, ODOO_CONFIRM_REFUSED; ORDER_CANCELLED of a cancelled order.
   */
  async confirm(target: OrderTarget): Promise<OrderResult> {
    const state = await this.find(target);
    if (state.state === 'cancel') throw refused('ORDER_CANCELLED', state, 'is cancelled in Odoo');
    if (!isOpen(state)) return this.result(target, state);
    const fault =
      'order' in target ? compareOrder(target.order, state, this.options.tolerance ?? '0.01') : undefined;
    if (fault) throw fault;
    return this.result(target, await this.confirmations.submit(String(state.id), state));
  }

  /**
   * Makes the quotation say what this newer revision of the order says. Business: AMEND_REFUSED when it is confirmed,
   * locked or cancelled and differs; ODOO_TOTAL_MISMATCH when Odoo's new total is another; and as `place`.
   */
  async amend(order: CanonicalOrder): Promise<OrderResult> {
    const id = await this.locate({ order });
    const prepared = (await this.writer.preparer.prepare([order])).get(order.id);
    if (prepared === undefined) throw new Error('the order was not prepared');
    if ('error' in prepared) throw prepared.error;
    const { state } = await amendOrder(this.client, id, prepared, this.options.chatter !== false);
    const fault = isOpen(state) ? compareOrder(order, state, this.options.tolerance ?? '0.01') : undefined;
    if (fault) throw fault;
    return this.result({ order }, state, prepared.terms.leftOut);
  }

  /** The canonical order as it stands in Odoo, with quantities as they were changed there, and all statuses. */
  async read(target: OrderTarget): Promise<OrderResult> {
    const state = await this.find(target);
    const status = await knownStatus(this.client, state.id);
    return this.result(target, state, [], status, true);
  }

  /** Business: CANCEL_REFUSED. */
  async cancel(target: OrderTarget, options: CancelOptions = {}): Promise<OrderResult> {
    const id = await this.locate(target);
    const chatter = this.options.chatter !== false;
    return this.result(target, await cancelOrder(this.client, id, { chatter, ...options }));
  }

  /** Business: LOCK_REFUSED. */
  async lock(target: OrderTarget, locked: boolean): Promise<OrderResult> {
    return this.result(target, await lockOrder(this.client, await this.locate(target), locked));
  }

  /** Ends what waits (ODOO_CLOSED, transient) and resolves when what is under way has ended. */
  async close(): Promise<void> {
    await Promise.all([this.writer.close(), this.confirmations.close()]);
  }

  private locate(target: OrderTarget): Promise<number> {
    return findOrder(this.client, this.writer.loader, (id) => this.writer.keyOf(id), target);
  }

  private async find(target: OrderTarget): Promise<OrderState> {
    return readState(this.client, await this.locate(target));
  }

  private async confirmBatch(jobs: readonly Confirming[]): Promise<void> {
    // Some of them may have waited long enough for somebody else to confirm or cancel them.
    const states = await readOrders(
      this.client,
      jobs.map(({ work }) => work.id),
    );
    const open = [...states.values()].filter(isOpen);
    const chatter = this.options.chatter !== false;
    const outcomes =
      open.length === 0
        ? new Map()
        : await this.writer.gate.confirm(open, (ids) => confirmOrders(this.client, ids, chatter));
    for (const job of jobs) {
      const outcome = outcomes.get(job.work.id) ?? { state: states.get(job.work.id) };
      if (outcome.error) job.reject(outcome.error);
      else if (outcome.state) job.resolve(outcome.state);
      else job.reject(vanished(job.work));
    }
  }

  private async result(
    target: OrderTarget,
    state: OrderState,
    leftOut: readonly string[] = [],
    status: KnownStatus = {},
    asChanged = false,
  ): Promise<OrderResult> {
    const lines = (await readLines(this.client, [state])).get(state.id) ?? [];
    const placed = placedOf(this.client, state, { leftOut });
    if ('order' in target) {
      const { order } = target;
      const rows = (await this.writer.preparer.lines([order])).get(order) ?? [];
      const own = { order, lines: rows };
      const found = asChanged ? await orderAsChanged(this.client, this.units, own, state, lines) : own;
      return {
        placed,
        order: orderWithProgress(found, state, lines, status),
        response: responseTo(own, state, lines),
      };
    }
    const built = await canonicalFromOdoo(this.client, this.units, state, lines);
    return {
      placed,
      order: orderWithProgress(built, state, lines, status),
      response: responseTo(built, state, lines),
    };
  }

  private get units(): LineUnits {
    return this.writer.preparer.units;
  }
}

function vanished({ id, name }: OrderState): CrossdockError {
  return new CrossdockError(`Order ${name} was deleted in Odoo while it waited to be confirmed.`, {
    code: 'ODOO_MISSING',
    kind: 'permanent',
    facts: { odooId: id, name },
  });
}
