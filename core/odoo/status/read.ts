/** Reads the whole state of orders out of Odoo, in a handful of calls however many orders there are. */
import { type DecimalValue, decimal, sum, toPlain } from '../../canonical/index';
import { asCrossdockError } from '../../errors/index';
import { fromFloat } from '../client/decimals';
import { isOutage } from '../client/errors';
import { type FieldMap, fieldMap } from '../client/field-map';
import { idOrZero } from '../client/rows';
import type { OdooClient } from '../client/types';
import { type DocumentFacts, type LineFacts, type OrderAxes, type OrderFacts, orderAxes } from './axes';
import {
  type DocumentRow,
  isReturn,
  type LineRow,
  type MoveRow,
  type PickingRow,
  StatusReader,
} from './reader';
import { isOpen, judgement } from './returns';

/** An order as it stands in Odoo. */
export interface OrderStanding {
  readonly odooId: number;
  /** For example `S00012`. */
  readonly name: string;
  /** Odoo's state: draft, sent, sale, done, cancel. */
  readonly state: string;
  readonly locked: boolean;
  /** The canonical order's business key, where the order came through Crossdock. */
  readonly id?: string;
  /** The buyer's number. */
  readonly orderNumber?: string;
  readonly status: OrderAxes;
  readonly lines: readonly LineStatus[];
}

/** Quantities in the line's unit. */
export interface LineStatus extends LineFacts {
  /** Id of the sale.order.line. */
  readonly odooId: number;
  readonly productId: number;
  readonly invoiced: string;
}

/** Goods leave through these. */
const OUT: ReadonlySet<string> = new Set(['outgoing', 'dropship']);

/**
 * The orders' states, by id. Ids that Odoo does not give back are missing in the result.
 * Rejects as OdooClient.call. What the account may not see (deliveries, invoices) leaves its axis undefined.
 */
export async function readOrderStatus(
  client: OdooClient,
  ids: readonly number[],
): Promise<ReadonlyMap<number, OrderStanding>> {
  if (ids.length === 0) return new Map();
  const fields = fieldMap(await client.version());
  const reader = new StatusReader(client, fields);
  const orders = await reader.orders(ids);
  const lines = await reader.lines(orders.map(({ id }) => id));
  // Without the stock app, or the right to see deliveries or invoices, the rest is still told.
  const pickings = await permitted(() => reader.pickings(orders.map(({ id }) => id)));
  const moves = pickings === undefined ? [] : await reader.moves(lines.map(({ id }) => id));
  const documents = await permitted(() =>
    reader.documents([...new Set(orders.flatMap((order) => order.invoice_ids))]),
  );
  const offsets = (await permitted(() => reader.offsets(documents ?? []))) ?? new Map();
  const ratio = await reader.ratios(lines, moves);
  const judgements =
    (await permitted(() => reader.judgements(moves))) ?? new Map<number, ReadonlySet<string>>();

  return new Map(
    orders.map((order) => {
      const own = lines.filter((line) => idOrZero(line.order_id) === order.id);
      const ownPickings = pickings?.filter((picking) => idOrZero(picking.sale_id) === order.id) ?? [];
      const lineStates = own.map((line) => lineStatus(line, moves, pickings, fields, ratio));
      // Freight, fees and services do not wait for the warehouse, unless there is nothing else.
      const goods = own.map((line) => line.qty_delivered_method === 'stock_move');
      const returnIds = new Set(moves.filter(isReturn).map(({ picking_id }) => idOrZero(picking_id)));
      const deliveries = ownPickings.filter(
        ({ id, picking_type_code }) => OUT.has(picking_type_code) && !returnIds.has(id),
      );
      const ownDocuments = documents?.filter(({ id }) => order.invoice_ids.includes(id));
      const facts: OrderFacts = {
        state: order.state,
        locked: order.locked ?? order.state === 'done',
        lines: goods.includes(true) ? lineStates.filter((_line, index) => goods[index]) : lineStates,
        openDeliveries: deliveries.filter(({ state }) => isOpen(state)).length,
        warehouse: warehouseOf(ownPickings),
        returns: pickings && ownPickings.filter(({ id }) => returnIds.has(id)),
        judged: judgement(new Set(ownPickings.flatMap(({ id }) => [...(judgements.get(id) ?? [])]))),
        documents: ownDocuments?.map(documentFacts),
        offset: toPlain(sum((ownDocuments ?? []).map(({ id }) => offsets.get(id) ?? decimal(0)))),
      };
      return [
        order.id,
        {
          odooId: order.id,
          name: order.name,
          state: order.state,
          locked: facts.locked,
          ...(order.origin === false ? {} : { id: order.origin }),
          ...(order.client_order_ref === false ? {} : { orderNumber: order.client_order_ref }),
          status: orderAxes(facts),
          lines: lineStates,
        },
      ];
    }),
  );
}

function lineStatus(
  line: LineRow,
  moves: readonly MoveRow[],
  pickings: readonly PickingRow[] | undefined,
  fields: FieldMap,
  ratio: (move: MoveRow, line: LineRow) => DecimalValue,
): LineStatus {
  const codes = new Map(pickings?.map(({ id, picking_type_code }) => [id, picking_type_code]));
  const own = moves.filter((move) => idOrZero(move.sale_line_id) === line.id);
  const out = own.filter((move) => !isReturn(move) && OUT.has(codes.get(idOrZero(move.picking_id)) ?? ''));
  const back = own.filter(isReturn);
  const quantity = (rows: readonly MoveRow[], field: string): string =>
    toPlain(
      sum(rows.map((move) => decimal(fromFloat(Number(move[field]))).times(ratio(move, line)))).round(6),
    );
  const done = (rows: readonly MoveRow[]) => rows.filter(({ state }) => state === 'done');
  const open = (rows: readonly MoveRow[]) => rows.filter(({ state }) => isOpen(state));
  const counted = line.qty_delivered_method === 'stock_move' && pickings !== undefined;
  return {
    odooId: line.id,
    productId: idOrZero(line.product_id),
    ordered: fromFloat(line.product_uom_qty),
    shipped: counted ? quantity(done(out), fields.move.done) : fromFloat(line.qty_delivered),
    // Up to 16, a move's done quantity is not what it reserved; an assigned move has all that it wants.
    reserved:
      fields.move.picked === undefined
        ? quantity(
            open(out).filter(({ state }) => state === 'assigned'),
            'product_uom_qty',
          )
        : quantity(open(out), fields.move.done),
    returned: quantity(done(back), fields.move.done),
    returning: quantity(open(back), 'product_uom_qty'),
    invoiced: fromFloat(line.qty_invoiced),
    toInvoice: fromFloat(line.qty_to_invoice),
  };
}

/** Undefined when the account may not, or the app is not there. */
async function permitted<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    // Older transports have no word of their own for a model that is not there.
    if (isOutage(error) || error.retryable) throw error;
    return undefined;
  }
}

/** Goods that leave in several steps: what has been picked or packed and has not left. */
function warehouseOf(pickings: readonly PickingRow[]): 'picking' | undefined {
  return pickings.some(({ picking_type_code, state }) => picking_type_code === 'internal' && state === 'done')
    ? 'picking'
    : undefined;
}

function documentFacts(row: DocumentRow): DocumentFacts {
  return {
    kind: row.move_type === 'out_refund' ? '381' : '380',
    state: row.state,
    paymentState: row.payment_state,
    total: fromFloat(row.amount_total),
    residual: fromFloat(row.amount_residual),
  };
}
