import type { Value } from '../database';

/** Inserts a record of a new database under Odoo's own id. */
type Insert = (table: string, id: number, values: Record<string, Value>) => void;

/** Journals and accounts of a fresh Odoo's generic chart, as far as invoices are booked on them. */
export function fillAccounts(insert: Insert): void {
  const journals = [
    [1, 'Sales', 'sale', 'INV'],
    [6, 'Bank', 'bank', 'BNK1'],
  ] as const;
  for (const [id, name, type, code] of journals) {
    insert('account_journal', id, { name, type, code, company_id: 1, active: 1, sequence: 10 });
  }
  const accounts = [
    [5, 'Account Receivable', '121000', 'asset_receivable'],
    [21, 'Tax Received', '251000', 'liability_current'],
    [26, 'Product Sales', '400000', 'income'],
  ] as const;
  for (const [id, name, code, kind] of accounts) {
    insert('account_account', id, { name, code, account_type: kind, active: 1 });
  }
  fillPayable(insert);
}

/** The account that vendors are paid from. */
export const PAYABLE = 15;

export function fillPayable(insert: Insert): void {
  const values = { name: 'Account Payable', code: '211000', account_type: 'liability_payable', active: 1 };
  insert('account_account', PAYABLE, values);
}
