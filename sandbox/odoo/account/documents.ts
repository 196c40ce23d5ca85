/** Invoices and credit notes: their items, amounts, numbers and states. */
import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { idList, num, str } from '../model';
import { roundHalfUp } from '../python';
import { insertRow, updateRow } from '../rows';
import { digitsOf, documentAmounts, pricedLine } from './amounts';

/** Accounts of a fresh Odoo with the generic chart: what is sold, what is owed, tax received. */
export const ACCOUNTS = { income: 26, receivable: 5, tax: 21 } as const;

/** +1 for what is charged, -1 for what is credited: the side on which the customer's debt stands. */
const directionOf = (move: Row): number => (move.move_type === 'out_refund' ? -1 : 1);

export const linesOf = (env: Environment, moveId: number, kind: string): Row[] =>
  env.db.all(
    'SELECT * FROM account_move_line WHERE move_id = ? AND display_type = ? ORDER BY sequence, id',
    moveId,
    kind,
  );

/** Computes a document anew from its product lines: what they come to, the tax items, the customer's debt. */
export function refreshDocument(env: Environment, moveId: number): void {
  const move = env.row('account.move', moveId);
  const products = linesOf(env, moveId, 'product');
  const amounts = documentAmounts(
    products.map((line) => pricedLine(env, line)),
    digitsOf(env, move),
  );
  const sign = -directionOf(move);
  products.forEach((line, index) => {
    const own = amounts.lines[index];
    const booked = sign * (amounts.booked[index] ?? 0);
    updateRow(env, 'account_move_line', line, {
      ...{
        price_subtotal: own?.untaxed ?? 0,
        price_total: own?.total ?? 0,
        amount_currency: booked,
        balance: booked,
      },
    });
  });
  const common = {
    ...{
      move_id: moveId,
      currency_id: num(move.currency_id),
      company_id: 1,
      partner_id: move.partner_id ?? null,
    },
    ...{
      quantity: 0,
      price_unit: 0,
      discount: 0,
      price_subtotal: 0,
      price_total: 0,
      tax_ids: '[]',
      sale_line_ids: '[]',
    },
  };
  env.db.run(
    "DELETE FROM account_move_line WHERE move_id = ? AND display_type IN ('tax', 'payment_term')",
    moveId,
  );
  for (const [tax, { amount, base }] of amounts.taxes) {
    if (amount === 0) continue;
    insertRow(env, 'account_move_line', {
      ...common,
      ...{
        display_type: 'tax',
        name: str(env.row('account.tax', tax).name),
        tax_line_id: tax,
        sequence: 10_000,
      },
      ...{
        account_id: ACCOUNTS.tax,
        tax_base_amount: sign * base,
        amount_currency: sign * amount,
        balance: sign * amount,
      },
    });
  }
  insertRow(env, 'account_move_line', {
    ...common,
    ...{ display_type: 'payment_term', name: move.payment_reference ?? null, sequence: 10_000 },
    ...{
      account_id: ACCOUNTS.receivable,
      amount_currency: -sign * amounts.total,
      balance: -sign * amounts.total,
    },
  });
  updateRow(env, 'account_move', move, {
    ...{ amount_untaxed: amounts.untaxed, amount_tax: amounts.tax, amount_total: amounts.total },
  });
  refreshPayment(env, moveId);
}

/** What is left to pay, and so the payment's state. */
export function refreshPayment(env: Environment, moveId: number): void {
  const move = env.row('account.move', moveId);
  const digits = digitsOf(env, move);
  const settled = env.db.all(
    `SELECT p.amount, p.other FROM (
       SELECT r.debit_amount_currency AS amount, c.move_id AS other FROM account_partial_reconcile r
         JOIN account_move_line d ON d.id = r.debit_move_id JOIN account_move_line c ON c.id = r.credit_move_id
         WHERE d.move_id = ?
       UNION ALL
       SELECT r.debit_amount_currency, d.move_id FROM account_partial_reconcile r
         JOIN account_move_line d ON d.id = r.debit_move_id JOIN account_move_line c ON c.id = r.credit_move_id
         WHERE c.move_id = ?) p`,
    ...[moveId, moveId],
  );
  const residual = roundHalfUp(
    num(move.amount_total) - settled.reduce((sum, row) => sum + num(row.amount), 0),
    digits,
  );
  const kinds = settled.map(({ other }) => str(env.row('account.move', num(other)).move_type));
  let state = 'not_paid';
  if (move.state === 'posted' && settled.length > 0) {
    if (residual > 0) state = 'partial';
    else if (move.move_type === 'out_invoice' && kinds.every((kind) => kind === 'out_refund'))
      state = 'reversed';
    else state = 'paid';
  }
  updateRow(env, 'account_move', move, { amount_residual: residual, payment_state: state });
}

/** Counts what a customer was charged, credited and has paid, with the partner and its company. */
export function countSale(env: Environment, partner: number): void {
  if (partner === 0) return;
  const row = env.row('res.partner', partner);
  for (const id of new Set([partner, num(row.commercial_partner_id)])) {
    const known = env.row('res.partner', id);
    updateRow(env, 'res_partner', known, { customer_rank: num(known.customer_rank) + 1 });
  }
}

/** Gives a draft its number, and settles what it reverses. */
export function post(env: Environment, ids: readonly number[]): void {
  for (const id of ids) {
    const move = env.row('account.move', id);
    if (move.state !== 'draft') {
      throw userError(`The entry ${str(move.name)} (id ${id}) must be in draft.`);
    }
    if (linesOf(env, id, 'product').length === 0) throw userError("Even magicians can't post nothing!");
  }
  for (const id of ids) {
    const move = env.row('account.move', id);
    const day = move.invoice_date ?? env.now.slice(0, 10);
    const prefix = `${move.move_type === 'out_refund' ? 'RINV' : 'INV'}/${String(day).slice(0, 4)}/`;
    const name = `${prefix}${String(env.db.next(`number ${prefix}`)).padStart(5, '0')}`;
    updateRow(env, 'account_move', move, {
      ...{ name, state: 'posted', invoice_date: day, invoice_date_due: move.invoice_date_due ?? day },
      ...{ payment_reference: move.payment_reference ?? name },
      posted_before: 1,
    });
    countSale(env, num(move.partner_id));
    const origin = num(move.reversed_entry_id);
    if (origin > 0) settle(env, origin, id);
    refreshPayment(env, id);
  }
}

/** Settles an invoice with a credit note (or with a payment's entry), as far as both go. */
export function settle(
  env: Environment,
  debtId: number,
  creditId: number,
  most = Number.POSITIVE_INFINITY,
): void {
  const [debt] = linesOf(env, debtId, 'payment_term');
  const [credit] = linesOf(env, creditId, 'payment_term');
  if (debt === undefined || credit === undefined) return;
  const open = (id: number) => num(env.row('account.move', id).amount_residual);
  const amount = Math.min(open(debtId), open(creditId), most);
  if (amount <= 0 || env.row('account.move', debtId).state !== 'posted') return;
  insertRow(env, 'account_partial_reconcile', {
    ...{ debit_move_id: num(debt.id), credit_move_id: num(credit.id), amount, debit_amount_currency: amount },
    ...{ credit_amount_currency: amount, company_id: 1 },
  });
  refreshPayment(env, debtId);
  refreshPayment(env, creditId);
}

/** What of an order line is on documents that count: charged less credited, in the line's unit. */
export function invoicedOf(env: Environment, orderLineId: number): number {
  const rows = env.db.all(
    `SELECT l.quantity, m.move_type FROM account_move_line l JOIN account_move m ON m.id = l.move_id
     WHERE m.state <> 'cancel' AND l.display_type = 'product'
       AND EXISTS (SELECT 1 FROM json_each(l.sale_line_ids) WHERE value = ?)`,
    orderLineId,
  );
  return rows.reduce((sum, row) => sum + (row.move_type === 'out_refund' ? -1 : 1) * num(row.quantity), 0);
}

/** The documents of an order, newest first as Odoo orders them. */
export function documentsOf(env: Environment, orderId: number): number[] {
  return env.db
    .all(
      `SELECT DISTINCT l.move_id FROM account_move_line l JOIN sale_order_line s ON s.order_id = ?
       WHERE EXISTS (SELECT 1 FROM json_each(l.sale_line_ids) WHERE value = s.id) ORDER BY l.move_id DESC`,
      orderId,
    )
    .map((row) => num(row.move_id));
}

export const saleLinesOf = (line: Row): number[] => idList(line.sale_line_ids);
