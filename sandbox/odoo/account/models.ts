import { mayAccess } from '../access';
import type { Environment } from '../environment';
import { accessError, notSupported, userError } from '../errors';
import { type Model, num, str } from '../model';
import { insertRow, updateRow } from '../rows';
import { ACCOUNTS, countSale, linesOf, post, refreshDocument, refreshPayment, settle } from './documents';
import { documentFacts } from './facts';
import { fiscalPositionOf } from './fiscal-position';

const journal: Model = {
  name: 'account.journal',
  table: 'account_journal',
  title: 'Journal',
  order: 'sequence, type, code',
  columns: ['name', 'type', 'code', 'company_id', 'active', 'sequence'],
  nameColumn: 'name',
};

const account: Model = {
  name: 'account.account',
  table: 'account_account',
  title: 'Account',
  order: 'code, placeholder_code',
  columns: ['name', 'code', 'account_type', 'active'],
  nameColumn: 'name',
};

const move: Model = {
  name: 'account.move',
  table: 'account_move',
  title: 'Journal Entry',
  order: 'date desc, name desc, invoice_date desc, id desc',
  columns: [
    ...[
      'name',
      'state',
      'move_type',
      'payment_state',
      'is_move_sent',
      'ref',
      'invoice_origin',
      'payment_reference',
    ],
    ...['date', 'invoice_date', 'invoice_date_due', 'delivery_date', 'auto_post', 'journal_id', 'company_id'],
    ...['currency_id', 'partner_id', 'commercial_partner_id', 'partner_shipping_id', 'partner_bank_id'],
    ...['invoice_payment_term_id', 'invoice_user_id', 'reversed_entry_id', 'amount_untaxed', 'amount_tax'],
    ...['amount_total', 'amount_residual', 'posted_before', 'is_manually_modified'],
    'fiscal_position_id',
  ],
  computed: documentFacts,
  one2many: ['line_ids', 'invoice_line_ids', 'reversal_move_ids'],
  nameColumn: 'name',
  displayName: (_env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id);
        const name = str(row?.name) || `Draft Invoice (* ${id})`;
        return [id, row?.ref ? `${name} (${str(row.ref)})` : name];
      }),
    ),
  creatable: true,
  loadable: true,
  defaults(env, vals) {
    vals.move_type ??= 'entry';
    if (vals.move_type !== 'out_invoice' && vals.move_type !== 'out_refund') {
      throw notSupported(`journal entries of type ${String(vals.move_type)}`);
    }
    const partner = Number(vals.partner_id || 0);
    if (partner > 0) {
      env.requireAll('res.partner', [partner]);
      vals.commercial_partner_id ??= num(env.row('res.partner', partner).commercial_partner_id);
      vals.partner_shipping_id ??= partner;
    }
    const today = env.now.slice(0, 10);
    vals.state = 'draft';
    vals.payment_state = 'not_paid';
    vals.is_move_sent = false;
    vals.auto_post ??= 'no';
    vals.date ??= today;
    vals.journal_id ??= 1;
    vals.company_id ??= 1;
    vals.currency_id ??= num(env.row('res.company', 1).currency_id);
    vals.invoice_user_id ??= env.uid;
    vals.invoice_date_due ??= today;
    vals.fiscal_position_id ??= fiscalPositionOf(env, vals);
  },
  created(env, id) {
    refreshDocument(env, id);
  },
  beforeWrite(env, ids, vals) {
    const plain = [
      'ref',
      'payment_reference',
      'invoice_date',
      'invoice_date_due',
      'partner_bank_id',
      'is_move_sent',
    ];
    const strange = Object.keys(vals).find((name) => !plain.includes(name));
    if (strange !== undefined) throw notSupported(`writing ${strange} of an invoice`);
    env.requireAll('account.move', ids);
    vals.is_manually_modified = true;
  },
  beforeUnlink() {
    throw notSupported('deleting invoices');
  },
  methods: {
    action_post: {
      params: [],
      ownRights: true,
      run(env, ids) {
        env.requireAll('account.move', ids);
        if (!mayAccess(env, 'account.move', 'write')) {
          throw accessError("You don't have the access rights to post an invoice.");
        }
        post(env, ids);
        return false;
      },
    },
    button_draft: { params: [], ownRights: true, run: (env, ids) => each(env, ids, 'draft') },
    // As in the real one, a posted invoice is cancelled too.
    button_cancel: { params: [], ownRights: true, run: (env, ids) => each(env, ids, 'cancel') },
  },
};

/** What the real one says to who may not: it trips over the first field that it needs. */
const NO_PAYMENTS =
  "Failed to read field account.move.payment_ids\nYou are not allowed to access 'Payments' (account.payment) records.\n\nThis operation is allowed for the following groups:\n\t- Accounting/Invoicing\n\t- Show Accounting Features - Readonly\n\nContact your administrator to request access if necessary.";

function each(env: Environment, ids: readonly number[], state: 'draft' | 'cancel'): null {
  env.requireAll('account.move', ids);
  if (!mayAccess(env, 'account.move', 'write')) throw accessError(NO_PAYMENTS);
  for (const id of ids) {
    const row = env.row('account.move', id);
    if (state === 'draft' && row.state === 'draft') {
      throw userError('Only posted/cancelled journal entries can be reset to draft.');
    }
    for (const line of linesOf(env, id, 'payment_term')) unsettle(env, num(line.id));
    updateRow(env, 'account_move', env.row('account.move', id), { state, is_manually_modified: 1 });
    refreshPayment(env, id);
  }
  return null;
}

/** Takes an item out of everything that settles it. */
function unsettle(env: Environment, lineId: number): void {
  const others = env.db.all(
    `SELECT l.move_id FROM account_partial_reconcile r JOIN account_move_line l
       ON l.id IN (r.debit_move_id, r.credit_move_id) WHERE ? IN (r.debit_move_id, r.credit_move_id) AND l.id <> ?`,
    ...[lineId, lineId],
  );
  env.db.run('DELETE FROM account_partial_reconcile WHERE ? IN (debit_move_id, credit_move_id)', lineId);
  for (const other of others) refreshPayment(env, num(other.move_id));
}

const moveLine: Model = {
  name: 'account.move.line',
  table: 'account_move_line',
  title: 'Journal Item',
  order: 'date desc, move_name desc, id',
  columns: [
    ...[
      'move_id',
      'display_type',
      'sequence',
      'name',
      'product_id',
      'product_uom_id',
      'quantity',
      'price_unit',
    ],
    ...[
      'discount',
      'tax_ids',
      'tax_line_id',
      'tax_base_amount',
      'price_subtotal',
      'price_total',
      'amount_currency',
    ],
    ...['balance', 'account_id', 'partner_id', 'currency_id', 'company_id', 'sale_line_ids'],
  ],
  related: { parent_state: 'move_id.state', move_name: 'move_id.name' },
  nameColumn: 'name',
  creatable: true,
  defaults(env, vals) {
    const parent = env.row('account.move', Number(vals.move_id));
    if (parent.state !== 'draft') throw notSupported('adding items to a posted entry');
    vals.display_type ??= 'product';
    if (vals.display_type !== 'product') throw notSupported(`items of type ${String(vals.display_type)}`);
    vals.sequence ??= 10;
    vals.quantity ??= 1;
    vals.discount ??= 0;
    vals.currency_id ??= num(parent.currency_id);
    vals.partner_id ??= num(parent.partner_id) || false;
    vals.company_id ??= 1;
    vals.account_id ??= ACCOUNTS.income;
    for (const name of ['product_id', 'product_uom_id', 'price_unit', 'tax_ids']) {
      if (!(name in vals)) throw notSupported(`an invoice line without ${name}`);
    }
    vals.sale_line_ids ??= [];
  },
  beforeWrite() {
    throw notSupported('writing journal items');
  },
  beforeUnlink() {
    throw notSupported('deleting journal items');
  },
};

const partial: Model = {
  name: 'account.partial.reconcile',
  table: 'account_partial_reconcile',
  title: 'Partial Reconcile',
  order: 'id',
  columns: [
    ...[
      'debit_move_id',
      'credit_move_id',
      'amount',
      'debit_amount_currency',
      'credit_amount_currency',
      'company_id',
    ],
  ],
  nameColumn: '',
};

/** Registers a payment: a journal entry of its own that settles the invoice. Without a bank account it counts at once. */
const paymentDialog: Model = {
  name: 'account.payment.register',
  table: 'account_payment_register',
  title: 'Pay',
  order: 'id',
  columns: ['amount', 'payment_difference_handling', 'company_id', 'currency_id'],
  nameColumn: '',
  creatable: true,
  defaults(env, vals) {
    const [first] = (env.context.active_ids as number[] | undefined) ?? [];
    if (env.context.active_model !== 'account.move' || first === undefined) {
      throw notSupported('payments that are not registered from an invoice');
    }
    vals.amount ??= num(env.row('account.move', first).amount_residual);
    vals.payment_difference_handling ??= 'open';
    vals.company_id ??= 1;
    vals.currency_id ??= num(env.row('account.move', first).currency_id);
  },
  methods: {
    action_create_payments: {
      params: [],
      run(env, ids) {
        const amount = num(env.row('account.payment.register', ids[0] ?? 0).amount);
        const [invoice] = (env.context.active_ids as number[] | undefined) ?? [];
        if (invoice === undefined) throw notSupported('payments that are not registered from an invoice');
        const paid = env.row('account.move', invoice);
        const common = {
          company_id: 1,
          currency_id: paid.currency_id ?? null,
          partner_id: paid.partner_id ?? null,
        };
        const payment = insertRow(env, 'account_move', {
          ...{
            ...common,
            move_type: 'entry',
            state: 'posted',
            payment_state: 'not_paid',
            journal_id: 6,
            auto_post: 'no',
          },
          ...{ date: env.now.slice(0, 10), amount_total: amount, amount_residual: amount },
        });
        insertRow(env, 'account_move_line', {
          ...{ ...common, move_id: payment, display_type: 'payment_term', account_id: ACCOUNTS.receivable },
          ...{ sequence: 10, amount_currency: -amount, balance: -amount, tax_ids: '[]', sale_line_ids: '[]' },
        });
        settle(env, invoice, payment, amount);
        updateRow(env, 'account_move', env.row('account.move', invoice), { is_manually_modified: 1 });
        countSale(env, num(paid.partner_id));
        return { type: 'ir.actions.act_window', res_model: 'account.payment' };
      },
    },
  },
};

const bank: Model = {
  name: 'res.partner.bank',
  table: 'res_partner_bank',
  title: 'Bank Accounts',
  order: 'sequence, id',
  columns: ['acc_number', 'partner_id', 'active', 'sequence'],
  computed: { bank_bic: () => new Map() },
  nameColumn: 'acc_number',
};

export const documentModels: readonly Model[] = [
  journal,
  account,
  move,
  moveLine,
  partial,
  paymentDialog,
  bank,
];
