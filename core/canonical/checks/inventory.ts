/** Checks of inventory levels and adjustments: their quantities must agree with each other. */
import { type DecimalValue, decimal, toPlain } from '../decimal';
import type { InventoryAdjustment, InventoryLevel } from '../generated';
import type { CanonicalProblem } from './problem';

/**
 * The equation of a level. What can be promised at most is
 *   free = max(0, onHand - reserved - unavailable)
 * available never exceeds it, except where stock is only promised (dropship, virtual). Once `unavailable` is given,
 * everything is accounted for, and available is not below free - demand either.
 * The level must be valid by its contract.
 */
export function checkInventoryLevel(level: InventoryLevel): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const wrong = (path: string, message: string) => problems.push({ path, kind: 'quantities', message });
  const { onHand, reserved, unavailable, available, demand, buffer, published, incoming, forecast } = level;
  const sums = decimal(onHand)
    .minus(decimal(reserved))
    .minus(decimal(unavailable ?? '0'));
  const free = atLeastZero(sums);
  const promised = level.location.kind === 'dropship' || level.location.kind === 'virtual';
  const terms = `${onHand} on hand less ${reserved} reserved${unavailable === undefined ? '' : ` less ${unavailable} not sellable`}`;
  if (!promised && decimal(available).gt(free))
    wrong('/available', `${available} are said to be available, but ${terms} leave ${toPlain(free)}`);
  // An oversold item may be told as 0 or with its shortage.
  const least = sums.minus(decimal(demand ?? '0'));
  if (unavailable !== undefined && decimal(available).lt(least)) {
    const open = demand === undefined ? '' : ` less ${demand} of open demand`;
    wrong(
      '/available',
      `only ${available} are said to be available, but ${terms}${open} leave ${toPlain(least)}`,
    );
  }
  if (published !== undefined && buffer !== undefined) {
    const offer = atLeastZero(decimal(available).minus(decimal(buffer)));
    if (!decimal(published).eq(offer))
      wrong(
        '/published',
        `${published} are published, but ${available} available less ${buffer} held back are ${toPlain(offer)}`,
      );
  } else if (published !== undefined && decimal(published).gt(atLeastZero(decimal(available)))) {
    wrong('/published', `${published} are published, but only ${available} are available`);
  }
  if (forecast !== undefined && incoming !== undefined) {
    const most = decimal(onHand).plus(decimal(incoming));
    if (decimal(forecast).gt(most))
      wrong(
        '/forecast',
        `${forecast} are forecast, but ${onHand} on hand and ${incoming} incoming are only ${toPlain(most)}`,
      );
  }
  return problems;
}

function atLeastZero(value: DecimalValue): DecimalValue {
  return value.lt(0) ? decimal('0') : value;
}

/** The adjustment must be valid by its contract. */
export function checkInventoryAdjustment(adjustment: InventoryAdjustment): CanonicalProblem[] {
  const problems: CanonicalProblem[] = [];
  const wrong = (path: string, message: string) => problems.push({ path, kind: 'quantities', message });
  const { mode, quantity, previous, resulting, reason, location, toLocation } = adjustment;
  const amount = decimal(quantity);
  if (mode === 'delta') {
    if (amount.eq(0)) wrong('/quantity', 'a delta of 0 changes nothing');
    if (reason === 'loss' && amount.gt(0)) wrong('/quantity', `a loss takes away, but ${quantity} are added`);
    if (reason === 'found' && amount.lt(0))
      wrong('/quantity', `what was found is added, but ${quantity} are taken away`);
  } else if (amount.lt(0)) {
    wrong('/quantity', `${quantity} cannot be counted; an absolute quantity is 0 or more`);
  }
  if (resulting !== undefined) {
    const after =
      mode === 'absolute' ? amount : previous === undefined ? undefined : decimal(previous).plus(amount);
    if (after !== undefined && !decimal(resulting).eq(after)) {
      const why =
        mode === 'absolute'
          ? `${quantity} were counted`
          : `${previous} and a change of ${quantity} make ${toPlain(after)}`;
      wrong('/resulting', `${resulting} are said to be there after it, but ${why}`);
    }
  }
  if (reason === 'transfer' && toLocation === undefined && mode === 'absolute')
    wrong(
      '/toLocation',
      'a transfer moves a quantity, it does not count one: mode must be delta, or a destination be there',
    );
  if (
    toLocation !== undefined &&
    toLocation.code === location.code &&
    toLocation.odooLocationId === location.odooLocationId
  )
    problems.push({
      path: '/toLocation',
      kind: 'identity',
      message: 'the destination is the location itself',
    });
  return problems;
}
