/**
 * The credit gate: an order beyond its customer's limit is not confirmed. Odoo itself only warns, on the screen.
 *
 *   exposure = what the customer owes + what is confirmed and not invoiced + this order, in the company's currency
 *
 * of the commercial partner of whoever gets the invoice. What is confirmed and not invoiced is summed over its orders:
 * Odoo's own figure (`credit_to_invoice`) leaves out what is invoiced on delivery until it is delivered.
 *
 * Orders of one customer pass one after the other within this process. Another process, or a person, may confirm at the
 * same moment: the limit is looked at again after the confirmation, and what went too far is taken back.
 */
import { decimal } from '../../canonical/decimal';
import { asCrossdockError, CrossdockError } from '../../errors/index';
import { LruCache } from '../client/cache';
import { currencyDigits } from '../client/decimals';
import { isOutage } from '../client/errors';
import { CALL_RETRY, jitter, type RetryPolicy, withRetry } from '../client/retry';
import { idOf, idOrZero } from '../client/rows';
import type { Many2One, OdooClient } from '../client/types';
import type { ConfirmOutcome } from './confirm';
import type { OrderState } from './read';
import type { SalesData } from './sales-data';
import { Turns } from './turns';
import type { CreditOptions } from './types';

type Confirm = (ids: readonly number[]) => Promise<ReadonlyMap<number, ConfirmOutcome>>;

/** A customer's account. Amounts in company currency. */
interface Account {
  /** Owed and confirmed. */
  readonly exposure: number;
  /** Undefined: no limit. */
  readonly limit: number | undefined;
}

/** How often orders that were taken back try in all; after that they are held. */
const MOST_PASSES = 5;

/** How long apart, after a pass of `ms`: several passes long, or two that collided once collide again. */
function apart(ms: number): RetryPolicy {
  return { attempts: MOST_PASSES, baseMs: Math.max(500, 3 * ms), maxMs: 20_000 };
}

const MAX_PARTNERS = 10_000;
const TTL_MS = 60_000;

/** Customers whose orders pass just now, per connection. */
const turns = new WeakMap<OdooClient, Turns>();

export class CreditGate {
  private readonly turns: Turns;
  /** Who stands behind an address. */
  private readonly commercial = new LruCache<number>(MAX_PARTNERS, TTL_MS);

  constructor(
    private readonly client: OdooClient,
    private readonly sales: SalesData,
    private readonly options: CreditOptions,
  ) {
    const own = turns.get(client) ?? new Turns();
    turns.set(client, own);
    this.turns = own;
  }

  /**
   * Confirms those of the quotations that the customers' limits allow; the others come out with CREDIT_HOLD, or
   * CREDIT_UNREADABLE (both business, the order is left as a quotation).
   */
  async confirm(
    states: readonly OrderState[],
    confirm: Confirm,
  ): Promise<ReadonlyMap<number, ConfirmOutcome>> {
    if (this.options.gate === 'off') return confirm(states.map(({ id }) => id));
    const customers = await this.customersOf(states);
    const keys = [...new Set(customers.values())].map(String);
    return this.turns.take(keys, async () => {
      const outcomes = new Map<number, ConfirmOutcome>();
      let open = states;
      for (let attempt = 1; open.length > 0; attempt += 1) {
        const begun = performance.now();
        const back = await this.pass(open, customers, confirm, outcomes);
        if (attempt >= MOST_PASSES) break;
        // Two processes may have taken theirs back for each other's sake: one of them goes first now.
        open = open.filter(({ id }) => back.includes(id));
        if (open.length > 0) await jitter(apart(performance.now() - begun), attempt);
      }
      return outcomes;
    });
  }

  /** Ids of those that were confirmed and taken back. */
  private async pass(
    states: readonly OrderState[],
    customers: ReadonlyMap<number, number>,
    confirm: Confirm,
    outcomes: Map<number, ConfirmOutcome>,
  ): Promise<readonly number[]> {
    const accounts = await this.accounts([...new Set(customers.values())]);
    if (accounts instanceof CrossdockError) {
      if (this.options.unreadable === 'pass') {
        for (const [id, outcome] of await confirm(states.map(({ id }) => id))) outcomes.set(id, outcome);
      } else {
        for (const state of states) outcomes.set(state.id, { error: unreadable(state, accounts) });
      }
      return [];
    }
    const currency = (await this.sales.company.get()).currency;
    const used = new Map<number, number>();
    const allowed: OrderState[] = [];
    for (const state of states.toSorted((a, b) => a.id - b.id)) {
      const customer = customers.get(state.id) ?? 0;
      const account = accounts.get(customer);
      const before = (account?.exposure ?? 0) + (used.get(customer) ?? 0);
      const amount = amountOf(state);
      if (account?.limit !== undefined && before + amount > account.limit + HALF_CENT) {
        outcomes.set(state.id, { error: hold(state, { ...account, exposure: before }, amount, currency) });
        continue;
      }
      used.set(customer, (used.get(customer) ?? 0) + amount);
      allowed.push(state);
    }
    for (const [id, outcome] of await confirm(allowed.map(({ id }) => id))) outcomes.set(id, outcome);
    const limited = allowed.filter(({ id }) => accounts.get(customers.get(id) ?? 0)?.limit !== undefined);
    return this.lookAgain(limited, customers, outcomes, currency);
  }

  /** Takes back what, together with what others confirmed meanwhile, went beyond the limit: the latest first. */
  private async lookAgain(
    allowed: readonly OrderState[],
    customers: ReadonlyMap<number, number>,
    outcomes: Map<number, ConfirmOutcome>,
    currency: string,
  ): Promise<readonly number[]> {
    const confirmed = allowed.filter(({ id }) => 'state' in (outcomes.get(id) ?? {}));
    const limited = [...new Set(confirmed.map(({ id }) => customers.get(id) ?? 0))];
    if (limited.length === 0) return [];
    const accounts = await this.accounts(limited);
    if (accounts instanceof CrossdockError) return [];
    const back: number[] = [];
    for (const customer of limited) {
      const account = accounts.get(customer);
      if (account?.limit === undefined) continue;
      let { exposure } = account;
      const own = confirmed
        .filter(({ id }) => customers.get(id) === customer)
        .toSorted((a, b) => b.id - a.id);
      for (const state of own) {
        if (exposure <= account.limit + HALF_CENT) break;
        const amount = amountOf(state);
        exposure -= amount;
        back.push(state.id);
        outcomes.set(state.id, { error: hold(state, { ...account, exposure }, amount, currency) });
      }
    }
    if (back.length > 0) await this.takeBack(back);
    return back;
  }

  private async takeBack(ids: readonly number[]): Promise<void> {
    const context = { tracking_disable: true };
    for (const method of ['action_cancel', 'action_draft']) {
      await withRetry(CALL_RETRY, () => this.client.call('sale.order', method, { ids, context }));
    }
  }

  /** The commercial partner who pays, by order. */
  private async customersOf(states: readonly OrderState[]): Promise<ReadonlyMap<number, number>> {
    const commercial = await this.commercialOf(states.map(({ invoicePartner }) => invoicePartner));
    return new Map(states.map((state) => [state.id, commercial.get(state.invoicePartner) ?? 0]));
  }

  private async commercialOf(partners: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const found = new Map<number, number>();
    const missing = new Set<number>();
    for (const id of partners) {
      const known = this.commercial.get(String(id));
      if (known === undefined) missing.add(id);
      else found.set(id, known);
    }
    if (missing.size === 0) return found;
    type Row = { readonly id: number; readonly commercial_partner_id: Many2One };
    for (const row of await this.read<Row>('res.partner', [...missing], ['commercial_partner_id'])) {
      const customer = idOf(row.commercial_partner_id) ?? row.id;
      this.commercial.set(String(row.id), customer);
      found.set(row.id, customer);
    }
    return found;
  }

  private async limitsInUse(): Promise<boolean> {
    const { id } = await this.sales.company.get();
    type Row = { readonly account_use_credit_limit: boolean };
    const [company] = await this.read<Row>('res.company', [id], ['account_use_credit_limit']);
    return company?.account_use_credit_limit === true;
  }

  /** The accounts, or why they cannot be known. */
  private async accounts(
    customers: readonly number[],
  ): Promise<ReadonlyMap<number, Account> | CrossdockError> {
    try {
      const own = this.options.defaultLimit !== undefined;
      if (!own && !(await this.limitsInUse())) {
        return new CrossdockError('Credit limits are switched off in Odoo (Accounting, Settings).', {
          code: 'CREDIT_UNREADABLE',
          kind: 'business',
        });
      }
      type Row = {
        readonly id: number;
        readonly credit: number;
        readonly credit_limit: number;
        readonly use_partner_credit_limit: boolean;
      };
      const fields = ['credit', 'credit_limit', 'use_partner_credit_limit'];
      const [rows, open] = await Promise.all([
        this.read<Row>('res.partner', customers, fields),
        this.openOrders(customers),
      ]);
      return new Map(
        rows.map((row) => [
          row.id,
          { exposure: row.credit + (open.get(row.id) ?? 0), limit: this.limitOf(row) },
        ]),
      );
    } catch (thrown) {
      const error = asCrossdockError(thrown);
      if (isOutage(error) || error.retryable) throw error;
      return error;
    }
  }

  /** As in Odoo, a limit of 0 is none. */
  private limitOf(row: {
    readonly credit_limit: number;
    readonly use_partner_credit_limit: boolean;
  }): number | undefined {
    const fallback =
      this.options.defaultLimit === undefined ? row.credit_limit : Number(this.options.defaultLimit);
    const limit = row.use_partner_credit_limit ? row.credit_limit : fallback;
    return limit === 0 ? undefined : limit;
  }

  /** What is confirmed and not invoiced, by commercial partner. */
  private async openOrders(customers: readonly number[]): Promise<ReadonlyMap<number, number>> {
    const { major } = await this.client.version();
    // Before 17 Odoo does not say how much of an order is left to invoice: all of it counts, which is never too little.
    const amount = major >= 17 ? 'amount_to_invoice' : 'amount_total';
    type Row = {
      readonly partner_invoice_id: Many2One;
      readonly currency_rate: number;
      [field: string]: unknown;
    };
    const args = {
      domain: [
        ['partner_invoice_id.commercial_partner_id', 'in', customers],
        ['state', 'in', ['sale', 'done']],
        ['invoice_status', '!=', 'invoiced'],
      ],
      fields: ['partner_invoice_id', 'currency_rate', amount],
    };
    const rows = await withRetry(CALL_RETRY, () =>
      this.client.call<readonly Row[]>('sale.order', 'search_read', { args }),
    );
    const payers = rows.flatMap((row) => (row.partner_invoice_id ? [row.partner_invoice_id[0]] : []));
    const own = new Set(customers);
    const parents = await this.commercialOf(payers.filter((id) => !own.has(id)));
    const sums = new Map<number, number>();
    for (const row of rows) {
      const payer = idOrZero(row.partner_invoice_id);
      const customer = parents.get(payer) ?? payer;
      sums.set(customer, (sums.get(customer) ?? 0) + Number(row[amount]) / (row.currency_rate || 1));
    }
    return sums;
  }

  private read<T>(model: string, ids: readonly number[], fields: readonly string[]): Promise<readonly T[]> {
    return withRetry(CALL_RETRY, () =>
      this.client.call<readonly T[]>(model, 'read', { ids, args: { fields } }),
    );
  }
}

/** What lies between two amounts that are the same to the cent. */
const HALF_CENT = 0.005;

/** An order's total in company currency. */
function amountOf(state: OrderState): number {
  return state.amountTotal / state.currencyRate;
}

function hold(state: OrderState, account: Account, amount: number, currency: string): CrossdockError {
  const text = (value: number): string => decimal(value).toFixed(currencyDigits(currency));
  const exposure = account.exposure + amount;
  return new CrossdockError(
    `Order ${state.name} is left as a quotation: with it the customer would owe ${text(exposure)} ${currency}, and the credit limit is ${text(account.limit ?? 0)} ${currency}.`,
    {
      code: 'CREDIT_HOLD',
      kind: 'business',
      facts: {
        odooId: state.id,
        name: state.name,
        limit: text(account.limit ?? 0),
        exposure: text(exposure),
        amount: text(amount),
        currency,
      },
    },
  );
}

function unreadable(state: OrderState, cause: CrossdockError): CrossdockError {
  const why =
    cause.code === 'ODOO_ACCESS'
      ? "the API key's user may not see what customers owe (it needs Odoo's group Accounting / Invoicing or Accounting read-only)"
      : cause.message.replace(/\.$/, '');
  return new CrossdockError(
    `Order ${state.name} is left as a quotation, since its customer's credit could not be checked: ${why}.`,
    { code: 'CREDIT_UNREADABLE', kind: 'business', facts: { odooId: state.id, name: state.name }, cause },
  );
}
