/** Invoicing orders in Odoo: make, post, credit, cancel, read. The face of this folder. */
import { CrossdockError } from '../../errors/index';
import { money } from '../client/decimals';
import { CALL_RETRY, withRetry } from '../client/retry';
import { idOrZero } from '../client/rows';
import type { OdooClient } from '../client/types';
import { findOrders } from '../status/index';
import { Batches } from './batches';
import { type Billable, readBillable } from './billable';
import { assertFoots, canonicalInvoice, kindOf, numberOf, ordersOf, statusOf } from './canonical';
import { differences, differs, priceDifferences } from './compare';
import { invoiceOrders } from './from-orders';
import { InvoiceReader } from './records';
import { reverseInvoice } from './reversal';
import type { InvoiceRecords, MoveRow } from './rows';
import { cancelDraft, postInvoices } from './transitions';
import type { BillingRequest, BillingResult, InvoiceSelector, InvoicesOptions, PlacedInvoice } from './types';

/** What a request is after: to charge what was delivered, or to credit what came back. */
type Purpose = 'invoice' | 'credit';

/** The documents of one order before and after. */
interface Outcome {
  readonly before: Billable;
  readonly after: Billable;
}

export class Invoices {
  private readonly reader: InvoiceReader;
  private readonly batches: Batches<Outcome>;
  private readonly tolerance: string;

  constructor(
    private readonly client: OdooClient,
    private readonly options: InvoicesOptions = {},
  ) {
    this.tolerance = options.tolerance ?? '0.01';
    this.reader = new InvoiceReader(client, options.callRetry);
    const size = Math.min(100, Math.max(1, Math.floor(options.batchSize ?? 50)));
    this.batches = new Batches((ids) => this.makeOfEach(ids), size);
  }

  /**
   * Invoices what the orders have delivered and not invoiced yet, less what came back. Sent again, it finds what is
   * there: each delivered quantity is invoiced once.
   *
   * Rejects with CrossdockError. Business: ORDER_NOT_IN_ODOO, ORDER_AMBIGUOUS, NOTHING_TO_INVOICE, INVOICE_REFUSED,
   * ODOO_ACCESS; with the invoice left as a draft: INVOICE_DOES_NOT_FOOT, INVOICE_DIFFERS, INVOICE_TAX_UNSUPPORTED,
   * INVOICE_UNIT_UNKNOWN, INVOICE_POST_REFUSED. Transient or ambiguous: as OdooClient.call; sending again settles it.
   */
  invoice(request: BillingRequest): Promise<BillingResult> {
    return this.bill(request, 'invoice');
  }

  /**
   * Credits what came back to orders that were invoiced before: the returned quantities, at the order's prices. As
   * `invoice`, with NOTHING_TO_CREDIT.
   */
  creditReturned(request: BillingRequest): Promise<BillingResult> {
    return this.bill(request, 'credit');
  }

  /**
   * Credits a whole invoice, once: again, it finds the credit note.
   *
   * Rejects as `invoice`, with INVOICE_NOT_FOUND, INVOICE_NOT_POSTED, INVOICE_PARTLY_CREDITED, INVOICE_CREDIT_REFUSED.
   */
  async creditWhole(
    selector: InvoiceSelector,
    { post = false }: { readonly post?: boolean | undefined } = {},
  ): Promise<BillingResult> {
    const [invoice] = await this.find([selector]);
    const { namespace = 'crossdock', tenant = '', callRetry, raceRetry } = this.options;
    const made = await reverseInvoice(this.client, this.reader, invoice as MoveRow, {
      ...{ namespace, tenant, callRetry, raceRetry },
    });
    const checked = await this.result([made.id], made.created ? [made.id] : []);
    this.assertRight(checked, {});
    return post ? this.posted(checked) : checked;
  }

  /** Posts invoices and credit notes. Rejects with the first one's error: INVOICE_CANCELLED, INVOICE_POST_REFUSED, ... */
  async post(selectors: readonly InvoiceSelector[]): Promise<BillingResult> {
    const moves = await this.find(selectors);
    const checked = await this.result(
      moves.map(({ id }) => id),
      [],
    );
    this.assertRight(checked, {});
    return this.posted(checked);
  }

  /** Cancels drafts. Rejects with INVOICE_POSTED, INVOICE_CANCEL_REFUSED, ODOO_ACCESS (business). */
  async cancel(selectors: readonly InvoiceSelector[]): Promise<BillingResult> {
    const moves = await this.find(selectors);
    for (const move of moves)
      await cancelDraft({ client: this.client, reader: this.reader, retry: this.options.callRetry }, move);
    return this.result(
      moves.map(({ id }) => id),
      [],
    );
  }

  /** Reads invoices as they stand, without judging them. Rejects with INVOICE_NOT_FOUND (business). */
  async read(selectors: readonly InvoiceSelector[]): Promise<BillingResult> {
    const moves = await this.find(selectors);
    return this.result(
      moves.map(({ id }) => id),
      [],
    );
  }

  /** Reads all invoices and credit notes of orders, cancelled ones too. */
  async readOfOrders(request: Pick<BillingRequest, 'orders'>): Promise<BillingResult> {
    const billable = await this.billable(await this.orderIds(request));
    return this.result([...new Set([...billable.values()].flatMap(({ invoiceIds }) => invoiceIds))], []);
  }

  /** Rejects what is queued (ODOO_CLOSED, transient), and resolves when what is under way has been settled. */
  close(): Promise<void> {
    return this.batches.close();
  }

  private async bill(request: BillingRequest, purpose: Purpose): Promise<BillingResult> {
    const ids = await this.orderIds(request);
    const outcomes = await this.make(ids, request, purpose);
    const before = new Set(outcomes.flatMap((outcome) => outcome.before.invoiceIds));
    const after = [...new Set(outcomes.flatMap((outcome) => outcome.after.invoiceIds))];
    const made = after.filter((id) => !before.has(id));
    const kind = purpose === 'invoice' ? '380' : '381';
    const all = (await this.reader.moves(after)).filter(({ state }) => state !== 'cancel');
    // What was made counts whatever it became: Odoo makes a credit note of an invoice that comes to less than nothing.
    const own =
      made.length > 0
        ? all.filter(({ id }) => made.includes(id))
        : all.filter((move) => kindOf(move) === kind);
    if (own.length === 0) throw nothing(outcomes, purpose);
    const result = await this.result(
      own.map(({ id }) => id),
      made,
    );
    const fitting = this.fitting(result, request, made.length > 0);
    return request.post ? this.posted(fitting, made.length === 0) : fitting;
  }

  /** Makes what is to be made. Orders of which nothing is open are left as they are. */
  private async make(
    ids: readonly number[],
    request: BillingRequest,
    purpose: Purpose,
  ): Promise<readonly Outcome[]> {
    const before = await this.billable(ids);
    const open = ids.filter((id) => before.get(id)?.[purpose === 'invoice' ? 'charge' : 'credit']);
    if (open.length > 0 && request.grouping === 'customer') {
      const errors = await invoiceOrders(this.client, open, 'customer', this.options.callRetry);
      for (const [id, error] of errors) throw refused(before.get(id), error);
    } else {
      const settled = await Promise.allSettled(open.map((id) => this.batches.submit(id)));
      // All are settled before one is told, so that nothing of this request is still under way.
      for (const outcome of settled) if (outcome.status === 'rejected') throw outcome.reason;
    }
    const after = open.length > 0 ? await this.billable(ids) : before;
    return ids.flatMap((id) => {
      const [old, now] = [before.get(id), after.get(id)];
      return old && now ? [{ before: old, after: now }] : [];
    });
  }

  /** One batch of orders, an invoice for each. */
  private async makeOfEach(ids: readonly number[]): Promise<ReadonlyMap<number, Outcome | CrossdockError>> {
    const before = await this.billable(ids);
    const errors = await invoiceOrders(this.client, ids, 'order', this.options.callRetry);
    const after = await this.billable(ids);
    return new Map(
      ids.map((id) => {
        const error = errors.get(id);
        if (error !== undefined) return [id, refused(before.get(id), error)];
        const [old, now] = [before.get(id), after.get(id)];
        return [id, old && now ? { before: old, after: now } : gone(id)];
      }),
    );
  }

  /** Of what was found, what the request is about; throws when that is not as it should be. */
  private fitting(result: BillingResult, request: BillingRequest, made: boolean): BillingResult {
    const { expected } = request;
    if (expected === undefined || result.documents.length === 1) {
      this.assertRight(result, request);
      return result;
    }
    const judged = result.documents.map((document) => differences(expected, document, this.tolerance));
    const index = judged.findIndex((problems) => problems.length === 0);
    if (index >= 0) {
      const one = only(result, index);
      this.assertRight(one, request);
      return one;
    }
    // Several that do not fit: the newest is the one that this message is most likely about.
    const last = result.invoices.length - 1;
    const what = made ? 'what was invoiced now' : 'what was invoiced before';
    throw differs(
      `Of ${result.invoices.length} invoices (${what}) the newest`,
      judged[last] ?? [],
      factsOf(result.invoices[last]),
    );
  }

  /** Throws unless the documents add up, and are what was expected. */
  private assertRight(
    result: BillingResult,
    { expected, agreed }: Pick<BillingRequest, 'expected' | 'agreed'>,
  ): void {
    result.documents.forEach((document, index) => {
      const invoice = result.invoices[index];
      const facts = factsOf(invoice);
      assertFoots(document, facts);
      const problems = [
        ...(expected === undefined ? [] : differences(expected, document, this.tolerance)),
        // Several orders on one invoice: only one of them is known.
        ...(agreed === undefined || (invoice?.orders.length ?? 0) > 1
          ? []
          : priceDifferences(agreed, document, this.tolerance)),
      ];
      if (problems.length > 0) throw differs(nameOf(invoice), problems, facts);
    });
  }

  /** @param ownOnly leave drafts alone that somebody else made: the message did not ask for those */
  private async posted(checked: BillingResult, ownOnly = false): Promise<BillingResult> {
    const ids = checked.invoices.map(({ odooId }) => odooId);
    const user = ownOnly ? await this.reader.userId() : undefined;
    const post = (await this.reader.moves(ids)).filter(
      (move) => user === undefined || move.state !== 'draft' || idOrZero(move.create_uid) === user,
    );
    const failed = await postInvoices(
      { client: this.client, reader: this.reader, retry: this.options.callRetry },
      post.map(({ id }) => id),
    );
    for (const error of failed.values()) throw error;
    const made = checked.invoices.filter(({ created }) => created).map(({ odooId }) => odooId);
    return this.result(ids, made);
  }

  private orderIds({ orders }: Pick<BillingRequest, 'orders'>): Promise<number[]> {
    const { namespace, tenant } = this.options;
    return findOrders(this.client, orders, { namespace, tenant });
  }

  private billable(ids: readonly number[]): Promise<ReadonlyMap<number, Billable>> {
    return readBillable(this.client, ids, this.options.callRetry);
  }

  private async find(selectors: readonly InvoiceSelector[]): Promise<readonly MoveRow[]> {
    const ids = await Promise.all(selectors.map((selector) => this.idOf(selector)));
    const moves = new Map((await this.reader.moves(ids)).map((move) => [move.id, move]));
    return ids.map((id) => {
      const move = moves.get(id);
      if (move === undefined || !move.move_type.startsWith('out_')) throw notFound(`with the id ${id}`);
      return move;
    });
  }

  private async idOf(selector: InvoiceSelector): Promise<number> {
    if ('odooId' in selector) return selector.odooId;
    const rows = await withRetry(this.options.callRetry ?? CALL_RETRY, () =>
      this.client.call<readonly { id: number }[]>('account.move', 'search_read', {
        args: {
          domain: [
            ['name', '=', selector.number],
            ['move_type', 'in', ['out_invoice', 'out_refund']],
          ],
          fields: ['id'],
          limit: 2,
        },
      }),
    );
    const [first] = rows;
    if (first === undefined || rows.length > 1) throw notFound(selector.number);
    return first.id;
  }

  /** The documents, newest last, with which of them were made now. */
  private async result(ids: readonly number[], made: readonly number[]): Promise<BillingResult> {
    const records = await this.reader.read(ids);
    const context = { database: this.client.database, at: new Date().toISOString() };
    const moves = [...records.moves].sort((a, b) => a.id - b.id);
    return {
      created: made.length > 0,
      invoices: moves.map((move) => this.placed(move, records, made.includes(move.id))),
      documents: moves.map((move) => canonicalInvoice(move, records, context)),
    };
  }

  private placed(move: MoveRow, records: InvoiceRecords, created: boolean): PlacedInvoice {
    const currency = move.currency_id ? move.currency_id[1] : '';
    return {
      odooId: move.id,
      name: numberOf(move),
      kind: kindOf(move),
      state: move.state,
      paymentState: move.payment_state,
      status: statusOf(move),
      currency,
      amountUntaxed: money(move.amount_untaxed, currency),
      amountTax: money(move.amount_tax, currency),
      amountTotal: money(move.amount_total, currency),
      amountDue: money(move.amount_residual, currency),
      orders: ordersOf(records.lines.get(move.id) ?? [], records).map(({ id, name, origin }) => ({
        odooId: id,
        name,
        ...(origin ? { id: origin } : {}),
      })),
      url: `${this.client.url}/odoo/account.move/${move.id}`,
      created,
    };
  }
}

function only(result: BillingResult, index: number): BillingResult {
  const invoices = result.invoices.slice(index, index + 1);
  return {
    created: invoices.some(({ created }) => created),
    invoices,
    documents: result.documents.slice(index, index + 1),
  };
}

function nameOf(invoice: PlacedInvoice | undefined): string {
  if (invoice === undefined) return 'The invoice';
  const what = invoice.kind === '381' ? 'Credit note' : 'Invoice';
  const orders = invoice.orders.map(({ name }) => name).join(', ');
  return `${what} ${invoice.name || `(draft ${invoice.odooId})`}${orders === '' ? '' : ` of ${orders}`}`;
}

function factsOf(invoice: PlacedInvoice | undefined): Readonly<Record<string, string | number>> {
  return invoice === undefined ? {} : { odooId: invoice.odooId, name: invoice.name };
}

function nothing(outcomes: readonly Outcome[], purpose: Purpose): CrossdockError {
  const names = outcomes.map(({ before }) => before.name).join(', ');
  const unconfirmed = outcomes.filter(({ before }) => before.state === 'draft' || before.state === 'sent');
  const why =
    unconfirmed.length > 0
      ? 'The order is still a quotation.'
      : purpose === 'invoice'
        ? 'Nothing was delivered yet that is not invoiced (or the products are invoiced by another rule).'
        : 'No returned goods were invoiced before.';
  return new CrossdockError(`There is nothing to ${purpose} of ${names}. ${why}`, {
    code: purpose === 'invoice' ? 'NOTHING_TO_INVOICE' : 'NOTHING_TO_CREDIT',
    kind: 'business',
    facts: { order: names.slice(0, 200) },
  });
}

function refused(order: Billable | undefined, error: CrossdockError): CrossdockError {
  if (error.retryable || error.code === 'ODOO_ACCESS') return error;
  return new CrossdockError(`Odoo did not invoice order ${order?.name ?? ''}. ${error.message}`, {
    code: 'INVOICE_REFUSED',
    kind: 'business',
    facts: { order: order?.name ?? '', odooError: error.code },
  });
}

function notFound(what: string): CrossdockError {
  return new CrossdockError(`Odoo has no invoice ${what} that the API key's user may see.`, {
    code: 'INVOICE_NOT_FOUND',
    kind: 'business',
    facts: { invoice: what },
  });
}

function gone(id: number): CrossdockError {
  return new CrossdockError(`Order ${id} cannot be read back from Odoo.`, {
    code: 'ODOO_MISSING',
    kind: 'permanent',
    facts: { odooId: id },
  });
}
