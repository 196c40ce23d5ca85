/** A canonical order with what Odoo knows of it: number, ids, progress of its lines, statuses. */
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { CanonicalOrder, FulfilmentStatus, LineQuantity } from '../../canonical/order';
import { lineFulfilment, orderFulfilment } from '../../canonical/status/index';
import { pairLines } from './pair';
import type { OdooLine, OrderState } from './read';
import type { RowLine } from './rows';

/** What is known of statuses beyond order and lines; undefined: not known, the order's own stays. */
export interface KnownStatus {
  readonly order?: CanonicalOrder['status']['order'] | undefined;
  readonly fulfilment?: FulfilmentStatus | undefined;
  readonly payment?: CanonicalOrder['status']['payment'] | undefined;
  readonly return?: CanonicalOrder['status']['return'] | undefined;
}

/**
 * The order as it stands in Odoo. Ids lie in `extensions.odoo`, which is no part of the order's fingerprint:
 * `sale.order` (id), `state`, and `sale.order.line` (id by line id). Quantities stay in the order's own units.
 * What the buyer wants (`current`) stays; where people changed it in Odoo, see `orderAsChanged`.
 */
export function orderWithProgress(
  found: { readonly order: CanonicalOrder; readonly lines: readonly RowLine[] },
  state: OrderState,
  lines: readonly OdooLine[],
  known: KnownStatus = {},
): CanonicalOrder {
  const { order } = found;
  const ids: Record<string, number> = {};
  const own = new Map<string, { readonly wanted: RowLine; readonly line: OdooLine | undefined }>();
  for (const pair of pairLines(found.lines, lines).pairs) {
    const { lineId } = pair.wanted;
    if (lineId === undefined) continue;
    own.set(lineId, pair);
    if (pair.line !== undefined) ids[lineId] = pair.line.id;
  }
  const cancelled = state.state === 'cancel';
  const progressed = order.lines.map((line) => {
    const pair = own.get(line.lineId);
    if (pair === undefined) return line;
    const quantity = quantityOf(line.quantity, pair.wanted, pair.line);
    return { ...line, quantity, status: cancelled ? ('cancelled' as const) : lineFulfilment(quantity) };
  });
  return {
    ...order,
    sellerOrderNumber: state.name,
    lines: progressed,
    status: statusOf(order, state, progressed, known),
    extensions: {
      ...order.extensions,
      odoo: { 'sale.order': state.id, state: state.state, 'sale.order.line': ids },
    },
  };
}

function quantityOf(before: LineQuantity, wanted: RowLine, line: OdooLine | undefined): LineQuantity {
  const inLineUnits = (value: number): string => plain(decimal(value).round(6).div(decimal(wanted.factor)));
  const less = decimal(before.original).minus(decimal(before.current));
  return {
    ...before,
    shipped: inLineUnits(Math.max(0, line?.delivered ?? 0)),
    invoiced: inLineUnits(Math.max(0, line?.invoiced ?? 0)),
    ...(less.gt(0) ? { cancelled: plain(less) } : {}),
  };
}

/** A contract's quantity has ten places at most. */
export function plain(value: DecimalValue): string {
  return toPlain(value.round(10));
}

/**
 * The order's four axes. Odoo knows confirmed and cancelled; how far a confirmed order is follows from its lines.
 */
export function statusOf(
  order: CanonicalOrder,
  state: OrderState,
  lines: CanonicalOrder['lines'],
  known: KnownStatus,
): CanonicalOrder['status'] {
  const fulfilment = known.fulfilment ?? orderFulfilment(lines);
  return {
    order: known.order ?? orderAxis(order.status.order, state.state, fulfilment),
    fulfilment: state.state === 'cancel' ? 'cancelled' : fulfilment,
    payment: known.payment ?? order.status.payment,
    return: known.return ?? order.status.return,
  };
}

type OrderStatus = CanonicalOrder['status']['order'];

/** What a quotation's order may be by itself; anything further is Odoo's to say. */
const BEFORE: ReadonlySet<OrderStatus> = new Set(['received', 'validated', 'onHold', 'cancelRequested']);
const LEFT: ReadonlySet<FulfilmentStatus> = new Set(['shipped', 'partiallyDelivered', 'delivered']);

function orderAxis(own: OrderStatus, state: string, fulfilment: FulfilmentStatus): OrderStatus {
  if (state === 'cancel') return 'cancelled';
  if (state !== 'sale' && state !== 'done') return BEFORE.has(own) ? own : 'validated';
  if (own === 'closed') return own;
  if (LEFT.has(fulfilment)) return 'completed';
  return fulfilment === 'partiallyShipped' || fulfilment === 'shortShipped' ? 'inFulfilment' : 'accepted';
}
