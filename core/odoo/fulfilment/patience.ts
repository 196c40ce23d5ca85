/** How long work on one order goes on while others work on it too. */
import { CrossdockError } from '../../errors/index';
import { jitter, type RetryPolicy } from '../client/retry';
import type { Picking, StockOrder } from './types';

/** So often in a row may a look at the order bring nothing forward. */
const IDLE_ROUNDS = 5;
/** So often may Odoo refuse the same picking for the same reason: others may be writing into it at that moment. */
const REFUSALS = 3;

export class Patience {
  private idle = 0;
  private readonly refusals = new Map<string, number>();
  private readonly validated = new Set<number>();

  constructor(private readonly retry: RetryPolicy) {}

  /** Something was written. */
  progress(): void {
    this.idle = 0;
  }

  /**
   * A picking is about to be validated. Throws SHIPMENT_IN_PROGRESS (transient) when it was before: what Odoo says of it does
   * not hold, and asking on would never end.
   */
  validating(order: StockOrder, picking: Picking): void {
    if (this.validated.has(picking.id)) throw inProgress(order);
    this.validated.add(picking.id);
    this.progress();
  }

  /** The order is not what it was a moment ago. Throws SHIPMENT_IN_PROGRESS (transient) when that goes on. */
  async again(order: StockOrder): Promise<void> {
    this.idle += 1;
    if (this.idle > IDLE_ROUNDS) throw inProgress(order);
    await jitter(this.retry, this.idle);
  }

  /**
   * Odoo did not take what was written. Somebody closed the picking or was faster, and the next look at the order tells; or
   * a value is wrong: then it says so again. Throws ODOO_VALIDATION (business), SHIPMENT_IN_PROGRESS (transient).
   */
  async refused(order: StockOrder, picking: Picking, reason: string): Promise<void> {
    const key = `${picking.id} ${reason}`;
    const count = (this.refusals.get(key) ?? 0) + 1;
    this.refusals.set(key, count);
    if (count < REFUSALS) return this.again(order);
    throw new CrossdockError(`Odoo refused to write into ${picking.name}: ${reason}`, {
      code: 'ODOO_VALIDATION',
      kind: 'business',
      facts: { picking: picking.name },
    });
  }
}

/** What decides where goods can go: while it stays the same, a refusal is no coincidence. */
export function sameOrder(one: StockOrder, other: StockOrder): boolean {
  return fingerprint(one) === fingerprint(other);
}

function fingerprint(order: StockOrder): string {
  return JSON.stringify([
    order.state,
    order.pickings.map(({ id, state, moves }) => [
      id,
      state,
      moves.map((move) => [move.id, move.state, move.demand, move.lines.map((line) => line.id)]),
    ]),
  ]);
}

function inProgress(order: StockOrder): CrossdockError {
  return new CrossdockError(`Order ${order.name} is being worked on in Odoo at the same time.`, {
    code: 'SHIPMENT_IN_PROGRESS',
    kind: 'transient',
    facts: { order: order.name },
  });
}
