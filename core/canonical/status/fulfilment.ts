/** Fulfilment is derived from line quantities, never set by hand. */
import { decimal } from '../decimal';
import type { FulfilmentStatus, LineQuantity } from '../generated';

export interface WarehouseFacts {
  /** What the warehouse says of goods that have not left; quantities do not tell. */
  readonly warehouse?: 'backordered' | 'picking' | 'packed';
  /** Nothing more will leave: what is short stays short. */
  readonly noMoreFollows?: boolean;
}

/**
 * The fulfilment of one line.
 *   cancelled         current = 0
 *   delivered         delivered >= current
 *   partiallyDelivered  all has left, and some has arrived
 *   shipped           shipped >= current
 *   partiallyShipped  0 < shipped < current; shortShipped when nothing more follows
 *   allocated         nothing has left, allocated >= current
 *   backordered       nothing has left, only a part is allocated
 *   none              else
 * @param quantity valid by the contract
 */
export function lineFulfilment(
  quantity: Pick<LineQuantity, 'current' | 'allocated' | 'shipped' | 'delivered'>,
  facts: WarehouseFacts = {},
): FulfilmentStatus {
  const current = decimal(quantity.current);
  if (current.lte(0)) return 'cancelled';
  const delivered = decimal(quantity.delivered ?? '0');
  // What has arrived has left, whether or not somebody said so.
  const said = decimal(quantity.shipped ?? '0');
  const shipped = said.gt(delivered) ? said : delivered;
  if (delivered.gte(current)) return 'delivered';
  if (shipped.gte(current)) return delivered.gt(0) ? 'partiallyDelivered' : 'shipped';
  if (shipped.gt(0)) return facts.noMoreFollows === true ? 'shortShipped' : 'partiallyShipped';
  if (facts.warehouse !== undefined) return facts.warehouse;
  const allocated = decimal(quantity.allocated ?? '0');
  if (allocated.gte(current)) return 'allocated';
  return allocated.gt(0) ? 'backordered' : 'none';
}

/**
 * The fulfilment of an order from its lines; lines that are no longer wanted do not count.
 * @param lines with quantities that are valid by the contract
 */
export function orderFulfilment(
  lines: readonly { readonly quantity: Parameters<typeof lineFulfilment>[0] }[],
  facts: WarehouseFacts = {},
): FulfilmentStatus {
  const states = lines
    .map(({ quantity }) => lineFulfilment(quantity, facts))
    .filter((state) => state !== 'cancelled');
  if (states.length === 0) return 'cancelled';
  const every = (...wanted: FulfilmentStatus[]) => states.every((state) => wanted.includes(state));
  const some = (...wanted: FulfilmentStatus[]) => states.some((state) => wanted.includes(state));
  if (every('delivered')) return 'delivered';
  if (every('delivered', 'partiallyDelivered', 'shipped')) {
    return some('delivered', 'partiallyDelivered') ? 'partiallyDelivered' : 'shipped';
  }
  if (some('delivered', 'partiallyDelivered', 'shipped', 'partiallyShipped', 'shortShipped'))
    return facts.noMoreFollows === true ? 'shortShipped' : 'partiallyShipped';
  if (facts.warehouse !== undefined) return facts.warehouse;
  if (every('allocated')) return 'allocated';
  return some('backordered', 'allocated') ? 'backordered' : 'none';
}
