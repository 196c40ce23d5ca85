/** Everything about invoices that Odoo has to be asked for, in a fixed number of calls however many there are. */

import { Remembered } from '../client/cache';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import { idOrZero, search } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import { readUnits } from '../units/index';
import {
  type InvoiceRecords,
  kindOfLine,
  type LineRow,
  type MoveRow,
  type OrderRow,
  type PartnerRow,
  type ProductRow,
  type TaxRow,
} from './rows';

const MOVE_FIELDS = [
  ...['name', 'move_type', 'state', 'payment_state', 'is_move_sent', 'payment_reference', 'invoice_date'],
  ...[
    'invoice_date_due',
    'create_date',
    'create_uid',
    'currency_id',
    'company_id',
    'journal_id',
    'partner_id',
  ],
  ...['commercial_partner_id', 'partner_shipping_id', 'invoice_payment_term_id', 'partner_bank_id'],
  ...[
    'invoice_origin',
    'reversed_entry_id',
    'amount_untaxed',
    'amount_tax',
    'amount_total',
    'amount_residual',
  ],
];

const LINE_FIELDS = [
  ...[
    'move_id',
    'display_type',
    'name',
    'product_id',
    'product_uom_id',
    'account_id',
    'quantity',
    'price_unit',
  ],
  ...[
    'discount',
    'price_subtotal',
    'price_total',
    'amount_currency',
    'tax_ids',
    'tax_line_id',
    'sale_line_ids',
  ],
];

const PARTNER_FIELDS = [
  ...[
    'name',
    'vat',
    'company_registry',
    'ref',
    'email',
    'phone',
    'street',
    'street2',
    'zip',
    'city',
    'state_id',
  ],
  'country_id',
];

/** Fields that an app adds; asked for where they are. */
const OPTIONAL = {
  'account.tax': ['ubl_cii_tax_category_code', 'ubl_cii_tax_exemption_reason_code'],
  'res.partner': ['global_location_number'],
} as const;

/** Which apps are installed changes rarely. */
const OPTIONAL_TTL_MS = 10 * 60_000;

/** Reads of one connection. */
export class InvoiceReader {
  private readonly taxExtras: Remembered<readonly string[]>;
  private readonly partnerExtras: Remembered<readonly string[]>;
  private readonly user: Remembered<number>;

  constructor(
    private readonly client: OdooClient,
    private readonly retry: RetryPolicy = CALL_RETRY,
  ) {
    const extras = (model: keyof typeof OPTIONAL) =>
      new Remembered(async () => {
        const wanted = OPTIONAL[model];
        const args = { allfields: wanted, attributes: ['type'] };
        const found = await this.call<Record<string, unknown>>(model, 'fields_get', { args });
        return wanted.filter((name) => Object.hasOwn(found, name));
      }, OPTIONAL_TTL_MS);
    this.taxExtras = extras('account.tax');
    this.partnerExtras = extras('res.partner');
    this.user = new Remembered(
      async () => (await this.call<{ uid: number }>('res.users', 'context_get', {})).uid,
      OPTIONAL_TTL_MS,
    );
  }

  /** Id of the API key's user. */
  userId(): Promise<number> {
    return this.user.get();
  }

  /** The documents' heads; ids that Odoo does not give back are missing. */
  async moves(ids: readonly number[]): Promise<readonly MoveRow[]> {
    const { deliveredOn } = fieldMap(await this.client.version()).invoice;
    return this.search<MoveRow>(
      'account.move',
      [['id', 'in', ids]],
      [...MOVE_FIELDS, ...(deliveredOn === undefined ? [] : [deliveredOn])],
    );
  }

  /** Everything about the documents. */
  async read(ids: readonly number[]): Promise<InvoiceRecords> {
    const { major } = fieldMap(await this.client.version());
    const moves = await this.moves(ids);
    const lines = await this.lines(ids);
    const [taxes, products, orders, companies] = await Promise.all([
      this.taxes(lines.flatMap(({ tax_ids, tax_line_id }) => [...tax_ids, idOrZero(tax_line_id)])),
      this.search<ProductRow>(
        'product.product',
        [
          ['id', 'in', distinct(lines.map(({ product_id }) => idOrZero(product_id)))],
          ['active', 'in', [true, false]],
        ],
        ['default_code', 'barcode', 'uom_id'],
      ),
      this.orders(lines.flatMap(({ sale_line_ids }) => sale_line_ids)),
      this.companies(moves.map(({ company_id }) => idOrZero(company_id))),
    ]);
    const [partners, units, banks, preceding] = await Promise.all([
      this.partners([
        ...companies.values(),
        ...moves.flatMap((move) =>
          [move.partner_id, move.commercial_partner_id, move.partner_shipping_id].map(idOrZero),
        ),
      ]),
      readUnits(this.client, {
        ids: distinct([
          ...lines.map(({ product_uom_id }) => idOrZero(product_uom_id)),
          ...products.map(({ uom_id }) => idOrZero(uom_id)),
        ]),
        retry: this.retry,
      }),
      this.banks(moves.map(({ partner_bank_id }) => idOrZero(partner_bank_id))),
      this.preceding(moves, lines),
    ]);
    const places = [...partners.values()];
    const [countries, states] = await Promise.all([
      this.codes(
        'res.country',
        places.map(({ country_id }) => idOrZero(country_id)),
      ),
      this.codes(
        'res.country.state',
        places.map(({ state_id }) => idOrZero(state_id)),
      ),
    ]);
    const byMove = new Map<number, LineRow[]>(moves.map(({ id }) => [id, []]));
    for (const line of lines) byMove.get(idOrZero(line.move_id))?.push(line);
    return {
      major,
      moves,
      lines: byMove,
      ...{ taxes, partners, countries, states, companies, units, banks, orders, preceding },
      products: new Map(products.map((row) => [row.id, row])),
    };
  }

  /** Rows of the documents, and their taxes; sections, notes and the receivable are left out. */
  async lines(moveIds: readonly number[]): Promise<readonly LineRow[]> {
    const { hidden: hiddenLine } = fieldMap(await this.client.version()).invoiceLine;
    const rows = await this.search<LineRow>(
      'account.move.line',
      [['move_id', 'in', moveIds]],
      [...LINE_FIELDS, ...(hiddenLine === undefined ? [] : [hiddenLine])],
      'move_id, sequence, id',
    );
    return rows.filter((row) => kindOfLine(row, hiddenLine) !== undefined);
  }

  private async taxes(ids: readonly number[]): Promise<ReadonlyMap<number, TaxRow>> {
    const extras = await this.taxExtras.get();
    const names = ['name', 'amount', 'amount_type', 'price_include', 'children_tax_ids', ...extras];
    const read = (wanted: readonly number[]) =>
      this.search<TaxRow>(
        'account.tax',
        [
          ['id', 'in', distinct(wanted)],
          ['active', 'in', [true, false]],
        ],
        names,
      );
    const rows = await read(ids);
    const children = rows.flatMap(({ children_tax_ids }) => children_tax_ids);
    return new Map([...rows, ...(await read(children))].map((row) => [row.id, row]));
  }

  private async partners(ids: readonly number[]): Promise<ReadonlyMap<number, PartnerRow>> {
    const extras = await this.partnerExtras.get();
    const domain = [
      ['id', 'in', distinct(ids)],
      ['active', 'in', [true, false]],
    ];
    const rows = await this.search<PartnerRow>('res.partner', domain, [...PARTNER_FIELDS, ...extras]);
    return new Map(rows.map((row) => [row.id, row]));
  }

  private async companies(ids: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const rows = await this.call<readonly { id: number; partner_id: Many2One }[]>('res.company', 'read', {
      ids: distinct(ids),
      args: { fields: ['partner_id'] },
    });
    return new Map(rows.map((row) => [row.id, idOrZero(row.partner_id)]));
  }

  private async codes(model: string, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const rows = await this.search<{ id: number; code: string | false }>(
      model,
      [['id', 'in', distinct(ids)]],
      ['code'],
    );
    return new Map(rows.flatMap(({ id, code }) => (code === false ? [] : [[id, code] as const])));
  }

  private async banks(ids: readonly number[]) {
    const rows = await this.search<{ id: number; acc_number: string; bank_bic: string | false }>(
      'res.partner.bank',
      [['id', 'in', distinct(ids)]],
      ['acc_number', 'bank_bic'],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  private async orders(lineIds: readonly number[]): Promise<ReadonlyMap<number, OrderRow>> {
    const lines = await this.search<{ id: number; order_id: Many2One }>(
      'sale.order.line',
      [['id', 'in', distinct(lineIds)]],
      ['order_id'],
    );
    const rows = await this.search<OrderRow>(
      'sale.order',
      [['id', 'in', distinct(lines.map(({ order_id }) => idOrZero(order_id)))]],
      ['name', 'origin', 'client_order_ref'],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    return new Map(
      lines.flatMap(({ id, order_id }) => {
        const order = byId.get(idOrZero(order_id));
        return order === undefined ? [] : [[id, order] as const];
      }),
    );
  }

  /** Odoo names the invoice of a whole credit note; one for returned goods is about the invoices of the same order lines. */
  private async preceding(
    moves: readonly MoveRow[],
    lines: readonly LineRow[],
  ): Promise<InvoiceRecords['preceding']> {
    const refunds = moves.filter(({ move_type }) => move_type === 'out_refund');
    if (refunds.length === 0) return new Map();
    const saleLines = (id: number) =>
      lines.filter(({ move_id }) => idOrZero(move_id) === id).flatMap(({ sale_line_ids }) => sale_line_ids);
    const unnamed = refunds.filter(({ reversed_entry_id }) => reversed_entry_id === false);
    const siblings = await this.search<Pick<LineRow, 'id' | 'move_id' | 'sale_line_ids'>>(
      'account.move.line',
      [
        ['sale_line_ids', 'in', distinct(unnamed.flatMap(({ id }) => saleLines(id)))],
        ['move_id.move_type', '=', 'out_invoice'],
        ['parent_state', '=', 'posted'],
      ],
      ['move_id', 'sale_line_ids'],
    );
    const ids = new Map(
      refunds.map((refund) => {
        if (refund.reversed_entry_id) return [refund.id, [refund.reversed_entry_id[0]]];
        const own = new Set(saleLines(refund.id));
        const found = siblings.filter((row) => row.sale_line_ids.some((line) => own.has(line)));
        return [refund.id, distinct(found.map(({ move_id }) => idOrZero(move_id)))];
      }),
    );
    const rows = await this.search<{ id: number; name: string | false; invoice_date: string | false }>(
      'account.move',
      [['id', 'in', distinct([...ids.values()].flat())]],
      ['name', 'invoice_date'],
    );
    return new Map(
      [...ids].map(([id, invoices]) => [
        id,
        rows
          .filter((row) => invoices.includes(row.id))
          .flatMap(({ name, invoice_date }) => (name ? [{ name, date: invoice_date }] : [])),
      ]),
    );
  }

  private call<T>(model: string, method: string, options: Parameters<OdooClient['call']>[2]): Promise<T> {
    return withRetry(this.retry, () => this.client.call<T>(model, method, options));
  }

  private search<Row>(
    model: string,
    domain: readonly (readonly unknown[])[],
    fields: readonly string[],
    order = 'id',
  ): Promise<readonly Row[]> {
    return search<Row>(this.client, model, { domain, fields, order }, this.retry);
  }
}

function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)].filter((id) => id > 0);
}
