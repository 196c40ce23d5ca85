/** What the state of orders is read from, in one call for each kind of record. */
import { type DecimalValue, decimal } from '../../canonical/index';
import { odooRatio } from '../../units/index';
import { fromFloat } from '../client/decimals';
import { externalIds } from '../client/external-ids';
import type { FieldMap } from '../client/field-map';
import { idOrZero, search } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import { readKey } from '../fulfilment/keys';
import { readUnits } from '../units/index';
import type { DocumentFacts } from './axes';

export interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly locked?: boolean;
  readonly origin: string | false;
  readonly client_order_ref: string | false;
  readonly invoice_ids: readonly number[];
}

export interface LineRow {
  readonly id: number;
  readonly order_id: Many2One;
  readonly product_id: Many2One;
  readonly product_uom_qty: number;
  readonly qty_delivered: number;
  readonly qty_delivered_method: string | false;
  readonly qty_invoiced: number;
  readonly qty_to_invoice: number;
  readonly [unit: string]: unknown;
}

export interface MoveRow {
  readonly id: number;
  readonly state: string;
  readonly sale_line_id: Many2One;
  readonly picking_id: Many2One;
  readonly product_uom: Many2One;
  readonly product_uom_qty: number;
  readonly origin_returned_move_id: Many2One;
  readonly [done: string]: unknown;
}

export interface PickingRow {
  readonly id: number;
  readonly state: string;
  readonly sale_id: Many2One;
  readonly picking_type_code: string;
}

export interface DocumentRow {
  readonly id: number;
  readonly move_type: string;
  readonly state: DocumentFacts['state'];
  readonly payment_state: string;
  readonly amount_total: number;
  readonly amount_residual: number;
}

interface PartialRow {
  readonly debit_move_id: Many2One;
  readonly credit_move_id: Many2One;
  readonly debit_amount_currency: number;
}

export class StatusReader {
  constructor(
    private readonly client: OdooClient,
    private readonly fields: FieldMap,
  ) {}

  orders(ids: readonly number[]): Promise<readonly OrderRow[]> {
    const { locked } = this.fields.order;
    return this.search<OrderRow>(
      'sale.order',
      [['id', 'in', ids]],
      [
        ...['name', 'state', 'origin', 'client_order_ref', 'invoice_ids'],
        ...(locked === undefined ? [] : [locked]),
      ],
    );
  }

  /** Without sections and notes. */
  async lines(orderIds: readonly number[]): Promise<readonly LineRow[]> {
    const rows = await this.search<LineRow>(
      'sale.order.line',
      [['order_id', 'in', orderIds]],
      [
        ...[
          'order_id',
          'product_id',
          'product_uom_qty',
          'qty_delivered',
          'qty_delivered_method',
          'qty_invoiced',
        ],
        ...['qty_to_invoice', this.fields.orderLine.unit],
      ],
    );
    return rows.filter(({ product_id }) => product_id !== false);
  }

  pickings(orderIds: readonly number[]): Promise<readonly PickingRow[]> {
    return this.search<PickingRow>(
      'stock.picking',
      [['sale_id', 'in', orderIds]],
      ['state', 'sale_id', 'picking_type_code'],
    );
  }

  moves(lineIds: readonly number[]): Promise<readonly MoveRow[]> {
    return this.search<MoveRow>(
      'stock.move',
      [['sale_line_id', 'in', lineIds]],
      [
        ...[
          'state',
          'sale_line_id',
          'picking_id',
          'product_uom',
          'product_uom_qty',
          'origin_returned_move_id',
        ],
        this.fields.move.done,
      ],
    );
  }

  async documents(ids: readonly number[]): Promise<readonly DocumentRow[]> {
    return this.search<DocumentRow>(
      'account.move',
      [
        ['id', 'in', ids],
        ['move_type', 'in', ['out_invoice', 'out_refund']],
      ],
      ['move_type', 'state', 'payment_state', 'amount_total', 'amount_residual'],
    );
  }

  /** What credit notes settled of each invoice (only documents that are given count), in the document's currency. */
  async offsets(documents: readonly DocumentRow[]): Promise<ReadonlyMap<number, DecimalValue>> {
    const settled = (type: string) =>
      documents
        .filter((row) => row.move_type === type && row.amount_residual !== row.amount_total)
        .map(({ id }) => id);
    const invoices = settled('out_invoice');
    const refunds = settled('out_refund');
    if (invoices.length === 0 || refunds.length === 0) return new Map();
    const partials = await this.search<PartialRow>(
      'account.partial.reconcile',
      [
        ['debit_move_id.move_id', 'in', invoices],
        ['credit_move_id.move_id', 'in', refunds],
      ],
      ['debit_move_id', 'credit_move_id', 'debit_amount_currency'],
    );
    const moveOf = new Map(
      (
        await this.search<{ id: number; move_id: Many2One }>(
          'account.move.line',
          [['id', 'in', [...new Set(partials.map((row) => idOrZero(row.debit_move_id)))]]],
          ['move_id'],
        )
      ).map(({ id, move_id }) => [id, idOrZero(move_id)]),
    );
    const offsets = new Map<number, DecimalValue>();
    for (const row of partials) {
      const invoice = moveOf.get(idOrZero(row.debit_move_id)) ?? 0;
      const amount = decimal(fromFloat(row.debit_amount_currency));
      offsets.set(invoice, (offsets.get(invoice) ?? decimal(0)).plus(amount));
    }
    return offsets;
  }

  /** What was said of goods that came back, by the picking: odoo fulfilment writes it into the keys of the lines. */
  async judgements(moves: readonly MoveRow[]): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
    const done = moves.filter((move) => isReturn(move) && move.state === 'done');
    const lines = await this.search<{ id: number; picking_id: Many2One }>(
      'stock.move.line',
      [['move_id', 'in', done.map(({ id }) => id)]],
      ['picking_id'],
    );
    const names = await externalIds(
      this.client,
      'stock.move.line',
      lines.map(({ id }) => id),
    );
    const tags = new Map<number, Set<string>>();
    for (const { id, picking_id } of lines) {
      for (const name of names.get(id) ?? []) {
        const tag = readKey(name.slice(name.indexOf('.') + 1))?.tag;
        if (tag !== undefined)
          tags.set(idOrZero(picking_id), (tags.get(idOrZero(picking_id)) ?? new Set()).add(tag));
      }
    }
    return tags;
  }

  /** How much of a line's unit one of a move's unit is. Moves are counted in the product's unit, lines in the sold one. */
  async ratios(
    lines: readonly LineRow[],
    moves: readonly MoveRow[],
  ): Promise<(move: MoveRow, line: LineRow) => DecimalValue> {
    const unitOf = (line: LineRow): number => idOrZero(line[this.fields.orderLine.unit] as Many2One);
    const units = new Set([...lines.map(unitOf), ...moves.map((move) => idOrZero(move.product_uom))]);
    if (units.size <= 1) return () => decimal(1);
    const { major } = this.fields;
    const known = await readUnits(this.client, { ids: [...units], named: false });
    return (move, line) => {
      const [from, to] = [known.get(idOrZero(move.product_uom)), known.get(unitOf(line))];
      if (from === undefined || to === undefined || from.id === to.id) return decimal(1);
      return decimal(odooRatio(from, to, major));
    };
  }

  private search<Row>(
    model: string,
    domain: readonly (readonly unknown[])[],
    fields: readonly string[],
  ): Promise<readonly Row[]> {
    return search<Row>(this.client, model, { domain, fields });
  }
}

export function isReturn(move: MoveRow): boolean {
  return move.origin_returned_move_id !== false;
}
