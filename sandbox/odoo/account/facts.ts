/** What Odoo keeps on a document beside what it was given: signed amounts, the parts of its number, who it is for. */
import type { Row, Value } from '../database';
import type { Environment } from '../environment';
import { type Compute, num, str } from '../model';

const SALES_TEAM = 1;

const of =
  (pick: (row: Row, env: Environment) => Value): Compute =>
  (env, ids, rows) =>
    new Map(ids.map((id) => [id, pick(rows.get(id) ?? {}, env)]));

const isEntry = (row: Row): boolean => row.move_type === 'entry';

/** As it stands in the books: what is credited is negative; an entry has a total only. */
const signed = (column: string): Compute =>
  of((row) => {
    if (isEntry(row)) return column === 'amount_total' ? Math.abs(num(row.amount_total)) : 0;
    return (row.move_type === 'out_refund' ? -1 : 1) * num(row[column]);
  });

/** `INV/2026/00001` is number 1 after `INV/2026/`. */
function numberOf(name: string): { prefix: string; number: number } {
  const [, prefix = '', digits = ''] = /^(.*?)(\d{0,9})\D*$/.exec(name) ?? [];
  return { prefix, number: Number(digits) };
}

export const documentFacts: Readonly<Record<string, Compute>> = {
  amount_untaxed_signed: signed('amount_untaxed'),
  amount_untaxed_in_currency_signed: signed('amount_untaxed'),
  amount_tax_signed: signed('amount_tax'),
  amount_total_signed: signed('amount_total'),
  amount_total_in_currency_signed: signed('amount_total'),
  amount_residual_signed: signed('amount_residual'),
  // A fresh Odoo has no exchange rates.
  invoice_currency_rate: of((row) => (isEntry(row) ? 0 : 1)),
  always_tax_exigible: of((row) => (isEntry(row) ? 1 : 0)),
  checked: of((row) => (row.state === 'posted' ? 1 : 0)),
  team_id: of((row) => (isEntry(row) ? null : SALES_TEAM)),
  sequence_prefix: of((row) => numberOf(str(row.name)).prefix),
  sequence_number: of((row) => numberOf(str(row.name)).number),
  invoice_partner_display_name: of((row, env) => {
    const partner = num(row.partner_id);
    if (partner > 0) return str(env.row('res.partner', partner).complete_name);
    return `#Created by: ${str(env.row('res.users', num(row.create_uid)).name)}`;
  }),
};
