/**
 * Applies one leg once, whoever else delivers it, counts, or sells meanwhile.
 *
 * Odoo gives no call that counts and applies at once to a plain stock user, so it takes two: the count is written on the
 * quant, then applied. The quant holds one count, which applying takes away, and the move that applying makes carries
 * the leg's key, in one transaction. So the order is: write down, look for the key, apply. Whoever applied
 * earlier is seen in the look; whoever applies later (a call of a process that is long dead) takes away
 * what was written down, and our own call then finds nothing to apply. Both are told apart by looking again.
 */
import { type DecimalValue, toPlain } from '../../../canonical/decimal';
import { crashPoint } from '../../../delivery/crash-point';
import { asCrossdockError, CrossdockError } from '../../../errors/index';
import { jitter, type RetryPolicy } from '../../client/retry';
import type { OdooClient } from '../../client/types';
import { applyCount, clearCount, type Done, readDone, readStock, type Stock, setCount } from './quants';
import type { Leg, LegResult, WhenMoved } from './types';

/** How often a leg starts again because stock moved between two calls. */
const AGAIN: RetryPolicy = { attempts: 6, baseMs: 50, maxMs: 1000 };

/** What is to be done now. */
interface Plan {
  /** What is to be written down at the place itself. */
  readonly count: DecimalValue;
  /** What that changes. */
  readonly change: DecimalValue;
}

/**
 * Throws STOCK_CONFLICT, STOCK_NEGATIVE (business), STOCK_COUNT_OPEN (transient: somebody's count waits to be applied),
 * STOCK_BUSY (transient), and what OdooClient.call throws.
 */
export async function applyLeg(
  client: OdooClient,
  userId: number,
  leg: Leg,
  whenMoved: WhenMoved,
): Promise<LegResult> {
  /** What the leg is to have changed in all; unknown until it is planned, and planned anew while nothing has happened. */
  let wanted: DecimalValue | undefined = leg.mode === 'delta' ? leg.quantity : undefined;
  let applied = false;
  /** Odoo may have several for one place until it tidies up; it counts on the one that it names. */
  let quantId: number | undefined;
  for (let attempt = 1; attempt <= AGAIN.attempts; attempt += 1) {
    // In this order: what happens between the two answers shows as done, and then the stock is looked at again.
    const stock = await readStock(client, leg, quantId);
    const done = await readDone(client, leg);
    if (isDone(done, wanted)) return finish(client, userId, stock, done, applied);
    const plan = await planned(client, userId, leg, stock, done, wanted, whenMoved);
    if (plan === undefined) {
      await jitter(AGAIN, attempt);
      continue;
    }
    wanted = done.difference.plus(plan.change);
    try {
      const attempted = await attemptOnce(client, leg, plan, done);
      quantId = attempted.quantId;
      applied = attempted.applied || applied;
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      // What a lost answer has done is seen at the next look.
      if (!error.retryable || attempt === AGAIN.attempts) throw error;
      applied = true;
    }
    const [now, left] = await Promise.all([readDone(client, leg), readStock(client, leg, quantId)]);
    if (isDone(now, wanted)) return finish(client, userId, left, now, applied);
    if (now.moveIds.length === 0 && leg.mode === 'absolute') wanted = undefined;
    await jitter(AGAIN, attempt);
  }
  throw new CrossdockError(
    `The stock of ${leg.sku} at ${leg.place.name} moves faster than it can be counted; it is tried again.`,
    { code: 'STOCK_BUSY', kind: 'transient', facts: factsOf(leg) },
  );
}

/** A count that was applied is done, also when it changed nothing; of a delta, all of it must have arrived. */
function isDone(done: Done, wanted: DecimalValue | undefined): boolean {
  return done.moveIds.length > 0 && (wanted === undefined || done.difference.eq(wanted));
}

interface Attempt {
  readonly quantId: number;
  /** Whether this call applied it. */
  readonly applied: boolean;
}

async function attemptOnce(client: OdooClient, leg: Leg, plan: Plan, before: Done): Promise<Attempt> {
  crashPoint('stock.beforeCount');
  const quantId = await setCount(client, leg, plan.count);
  crashPoint('stock.afterCount');
  let open = true;
  try {
    const [done, { plain }] = await Promise.all([readDone(client, leg), readStock(client, leg, quantId)]);
    if (done.moveIds.length !== before.moveIds.length) return { quantId, applied: false };
    // It moved before the count was written down: the difference would be another one.
    if (plain?.counted === undefined || !plain.difference.eq(plan.change)) return { quantId, applied: false };
    crashPoint('stock.beforeApply');
    const applied = await applyCount(client, leg, quantId);
    crashPoint('stock.afterApply');
    open = !applied;
    return { quantId, applied };
  } finally {
    // Nothing may stay behind that somebody's "Apply all" would book.
    if (open) await clearCount(client, quantId).catch(() => undefined);
  }
}

/** Undefined: there is enough, but spread over several quants of one place until Odoo has tidied them up; look again. */
async function planned(
  client: OdooClient,
  userId: number,
  leg: Leg,
  stock: Stock,
  done: Done,
  wanted: DecimalValue | undefined,
  whenMoved: WhenMoved,
): Promise<Plan | undefined> {
  const { plain, loose } = stock;
  if (plain?.counted !== undefined && plain.countedBy !== userId) throw countOpen(leg, plain.counted);
  try {
    const change = changeOf(leg, stock, done, wanted, whenMoved);
    const count = change.plus(plain?.quantity ?? 0);
    if (count.lt(0) && change.lt(0)) {
      if (loose.plus(change).lt(0)) throw negative(leg, stock, change);
      return undefined;
    }
    return { count, change };
  } catch (error) {
    // What an earlier delivery wrote down must not be booked by somebody else, now that the leg is refused.
    if (plain?.counted !== undefined) await clearCount(client, plain.id).catch(() => undefined);
    throw error;
  }
}

function changeOf(
  leg: Leg,
  { total }: Stock,
  done: Done,
  wanted: DecimalValue | undefined,
  whenMoved: WhenMoved,
): DecimalValue {
  // Begun already: what is missing is known, whatever else has moved.
  if (done.moveIds.length > 0 && wanted !== undefined) return wanted.minus(done.difference);
  const { previous, quantity } = leg;
  const moved = previous !== undefined && !previous.eq(total);
  if (moved && whenMoved === 'refuse') throw conflict(leg, previous, total);
  if (leg.mode === 'delta') return quantity;
  return moved && whenMoved === 'difference' ? quantity.minus(previous) : quantity.minus(total);
}

async function finish(
  client: OdooClient,
  userId: number,
  { total, plain }: Stock,
  done: Done,
  applied: boolean,
): Promise<LegResult> {
  // An earlier delivery that was stopped may have written its count down again.
  if (plain?.counted !== undefined && plain.countedBy === userId) {
    await clearCount(client, plain.id).catch(() => undefined);
  }
  return { applied, difference: done.difference, quantity: total, moveIds: done.moveIds };
}

function conflict(leg: Leg, previous: DecimalValue, now: DecimalValue): CrossdockError {
  const said =
    leg.mode === 'absolute'
      ? `${toPlain(leg.quantity)} were counted`
      : `${toPlain(leg.quantity)} is the change`;
  return new CrossdockError(
    `${leg.sku} at ${leg.place.name}: ${said} when ${toPlain(previous)} were there, but Odoo has ${toPlain(now)} now. Count again, or apply it with another rule.`,
    {
      code: 'STOCK_CONFLICT',
      kind: 'business',
      facts: {
        ...factsOf(leg),
        previous: toPlain(previous),
        now: toPlain(now),
        quantity: toPlain(leg.quantity),
      },
    },
  );
}

function negative(leg: Leg, { total }: Stock, change: DecimalValue): CrossdockError {
  return new CrossdockError(
    `${toPlain(change.times(-1))} of ${leg.sku} cannot be taken from ${leg.place.name}: of the ${toPlain(total)} there, too few lie loose at that location.`,
    { code: 'STOCK_NEGATIVE', kind: 'business', facts: { ...factsOf(leg), now: toPlain(total) } },
  );
}

function countOpen(leg: Leg, counted: DecimalValue): CrossdockError {
  return new CrossdockError(
    `Somebody has counted ${toPlain(counted)} of ${leg.sku} at ${leg.place.name} in Odoo and not applied it yet: apply or clear that count first.`,
    { code: 'STOCK_COUNT_OPEN', kind: 'transient', facts: factsOf(leg), retryAfterMs: 60_000 },
  );
}

function factsOf(leg: Leg): Record<string, string> {
  return { sku: leg.sku, location: leg.place.name };
}
