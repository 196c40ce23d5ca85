/** Rows of Odoo that invoices are read from. */
import type { Many2One } from '../client/types';
import type { UnitRows } from '../units/index';

export interface MoveRow {
  readonly id: number;
  readonly name: string | false;
  readonly move_type: string;
  readonly state: string;
  readonly payment_state: string;
  readonly is_move_sent: boolean;
  readonly payment_reference: string | false;
  readonly invoice_date: string | false;
  readonly invoice_date_due: string | false;
  readonly create_date: string;
  readonly create_uid: Many2One;
  readonly currency_id: Many2One;
  readonly company_id: Many2One;
  readonly journal_id: Many2One;
  readonly partner_id: Many2One;
  readonly commercial_partner_id: Many2One;
  readonly partner_shipping_id: Many2One;
  readonly invoice_payment_term_id: Many2One;
  readonly partner_bank_id: Many2One;
  readonly invoice_origin: string | false;
  readonly reversed_entry_id: Many2One;
  readonly amount_untaxed: number;
  readonly amount_tax: number;
  readonly amount_total: number;
  readonly amount_residual: number;
  readonly [deliveredOn: string]: unknown;
}

export interface LineRow {
  readonly id: number;
  readonly move_id: Many2One;
  readonly display_type: string | false;
  readonly name: string | false;
  readonly product_id: Many2One;
  readonly product_uom_id: Many2One;
  readonly account_id: Many2One;
  readonly quantity: number;
  readonly price_unit: number;
  readonly discount: number;
  readonly price_subtotal: number;
  readonly price_total: number;
  readonly amount_currency: number;
  readonly tax_ids: readonly number[];
  readonly tax_line_id: Many2One;
  readonly sale_line_ids: readonly number[];
  readonly [hidden: string]: unknown;
}

export interface TaxRow {
  readonly id: number;
  readonly name: string;
  readonly amount: number;
  readonly amount_type: string;
  readonly price_include: boolean;
  readonly children_tax_ids: readonly number[];
  readonly ubl_cii_tax_category_code?: string | false;
  readonly ubl_cii_tax_exemption_reason_code?: string | false;
}

export interface PartnerRow {
  readonly id: number;
  readonly name: string | false;
  readonly vat: string | false;
  readonly company_registry: string | false;
  readonly ref: string | false;
  readonly email: string | false;
  readonly phone: string | false;
  readonly street: string | false;
  readonly street2: string | false;
  readonly zip: string | false;
  readonly city: string | false;
  readonly state_id: Many2One;
  readonly country_id: Many2One;
  readonly global_location_number?: string | false;
}

export interface ProductRow {
  readonly id: number;
  readonly default_code: string | false;
  readonly barcode: string | false;
  readonly uom_id: Many2One;
}

export interface OrderRow {
  readonly id: number;
  readonly name: string;
  readonly origin: string | false;
  readonly client_order_ref: string | false;
}

/** What canonical invoices are built from. */
export interface InvoiceRecords {
  readonly major: number;
  readonly moves: readonly MoveRow[];
  /** What is charged, taxes and cash rounding; by the document's id. */
  readonly lines: ReadonlyMap<number, readonly LineRow[]>;
  readonly taxes: ReadonlyMap<number, TaxRow>;
  readonly partners: ReadonlyMap<number, PartnerRow>;
  /** ISO 3166-1 alpha-2 by the country's id, ISO 3166-2 part by the state's. */
  readonly countries: ReadonlyMap<number, string>;
  readonly states: ReadonlyMap<number, string>;
  readonly companies: ReadonlyMap<number, number>;
  readonly products: ReadonlyMap<number, ProductRow>;
  readonly units: UnitRows;
  readonly banks: ReadonlyMap<number, { readonly acc_number: string; readonly bank_bic: string | false }>;
  /** The order of each order line, by the line's id. */
  readonly orders: ReadonlyMap<number, OrderRow>;
  /** Invoices that credit notes are about: number and date, by the credit note's id. */
  readonly preceding: ReadonlyMap<
    number,
    readonly { readonly name: string; readonly date: string | false }[]
  >;
}

/** What a journal item of an invoice is; undefined for what is no part of its total by itself. */
export function kindOfLine(
  row: Pick<LineRow, 'display_type' | 'tax_line_id'> & Readonly<Record<string, unknown>>,
  hiddenLine: string | undefined,
): 'product' | 'tax' | 'rounding' | undefined {
  if (row.tax_line_id !== false) return 'tax';
  if (hiddenLine !== undefined)
    return row.display_type === false && row[hiddenLine] !== true ? 'product' : undefined;
  return row.display_type === 'product' || row.display_type === 'rounding' ? row.display_type : undefined;
}
