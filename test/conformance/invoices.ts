import assert from 'node:assert/strict';
import type { Invoice } from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { CrossdockError } from '../../core/errors';
import {
  createOdooClient,
  Invoices,
  type OdooClient,
  readOrderStatus,
  type TransportKind,
} from '../../core/odoo';
import { createInvoicingFixture, type InvoicingFixture, type PlacedFixture } from './invoicing-fixture';
import { adminClient, type OdooUnderTest } from './sales-fixture';

export interface InvoicesOptions {
  /** Only what a real Odoo alone can tell; the stand-in, which conformance holds to it, has the breadth. */
  readonly few?: boolean;
  /** Whether there is a plain account to try. */
  readonly rights?: boolean;
  /** Default: what the version gives. */
  readonly transport?: TransportKind;
}

export interface InvoicesUnderTest extends OdooUnderTest {
  /** A plain salesperson who is a stock user too. */
  readonly clerk?: { readonly login: string; readonly apiKey: string } | undefined;
}

/** Orders made in one go. */
const POOL = 16;

/** What invoicing promises, on a real Odoo 19 and on the stand-in alike. */
export function describeInvoices(
  name: string,
  getServer: () => Promise<InvoicesUnderTest | undefined>,
  { few = false, rights = false, transport }: InvoicesOptions = {},
): void {
  const broad = few ? (): void => undefined : it;
  describe(`invoices: ${name}`, function () {
    this.timeout(180_000);
    let server: InvoicesUnderTest;
    let admin: OdooClient;
    let client: OdooClient;
    let invoices: Invoices;
    let fixture: InvoicingFixture;
    let number = 0;
    let pool: (PlacedFixture & { picking: number })[];

    const next = () => {
      number += 1;
      return String(number);
    };

    before(async function () {
      const found = await getServer();
      if (found === undefined) return this.skip();
      server = found;
      admin = adminClient(server);
      client = createOdooClient({ ...server, ...(transport === undefined ? {} : { transport }) });
      invoices = new Invoices(client);
      fixture = await createInvoicingFixture(admin);
      pool = await fixture.shippedOrders(POOL, next);
    });
    after(async () => {
      await invoices?.close();
      await client?.close();
      await admin?.close();
    });

    const sku = (index: 0 | 1 | 2 = 0) => fixture.sales.skus[index];
    const read = async <T>(model: string, ids: readonly number[], fields: string[]) =>
      admin.call<readonly T[]>(model, 'read', { ids, args: { fields } });
    const invoiceIds = async (orderId: number) =>
      (await read<{ invoice_ids: number[] }>('sale.order', [orderId], ['invoice_ids']))[0]?.invoice_ids ?? [];
    const axes = async (orderId: number) => (await readOrderStatus(client, [orderId])).get(orderId)?.status;
    const refusal = async (promise: Promise<unknown>): Promise<CrossdockError> => {
      const error = await promise.then(
        () => assert.fail('it was accepted'),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof CrossdockError)) throw error;
      return error;
    };
    /** An order that was shipped whole. Plain ones (five pieces at 10.50) are made in advance, many in one call. */
    const shipped = async (...args: Parameters<InvoicingFixture['order']> | []) => {
      if (args.length === 0) {
        if (pool.length === 0) pool.push(...(await fixture.shippedOrders(POOL, next)));
        const plain = pool.shift() ?? assert.fail('no order left');
        return { ...plain, by: { orders: [{ id: plain.order.id }] } };
      }
      const placed = await fixture.order(args[0] ?? next(), args[1], args[2]);
      const quantities = Object.fromEntries(
        placed.order.lines.map((line) => [
          line.item.identifiers[0]?.value ?? '',
          Number(line.quantity.current),
        ]),
      );
      const picking = await fixture.ship(placed.odooId, quantities);
      return { ...placed, picking, by: { orders: [{ id: placed.order.id }] } };
    };

    describe('from orders', () => {
      it('charges what was delivered, once, as a canonical invoice that foots', async () => {
        const lines = [
          { sku: sku(), quantity: '5' },
          { sku: sku(1), quantity: '2', price: '3.33' },
        ];
        const placed = await fixture.order(next(), lines);
        const by = { orders: [{ id: placed.order.id }] };
        assert.equal((await refusal(invoices.invoice(by))).code, 'NOTHING_TO_INVOICE');
        await fixture.ship(placed.odooId, { [sku()]: 3 });

        const first = await invoices.invoice({ ...by, agreed: placed.order });
        const [draft] = first.invoices;
        assert.equal(first.created, true);
        assert.equal(draft?.state, 'draft');
        assert.equal(draft?.status, 'draft');
        // 3 x 10.50, and 19.37 % of it.
        assert.equal(draft?.amountUntaxed, '31.50');
        assert.equal(draft?.amountTax, '6.10');
        assert.equal(draft?.amountTotal, '37.60');
        assert.deepEqual(draft?.orders, [{ odooId: placed.odooId, name: placed.name, id: placed.order.id }]);

        const again = await invoices.invoice({ orders: [{ odooId: placed.odooId }], post: true });
        assert.equal(again.created, false);
        assert.equal(again.invoices.length, 1);
        assert.equal(again.invoices[0]?.odooId, draft?.odooId);
        assert.equal(again.invoices[0]?.state, 'posted');
        assert.notEqual(again.invoices[0]?.name, '');

        await fixture.ship(placed.odooId, { [sku()]: 2, [sku(1)]: 2 });
        const rest = await invoices.invoice({ orders: [{ name: placed.name }], post: true });
        assert.equal(rest.invoices.length, 1, 'the first one is not told again');
        assert.equal(rest.invoices[0]?.amountUntaxed, '27.66');
        assert.deepEqual((await invoiceIds(placed.odooId)).length, 2);
        assert.equal((await refusal(invoices.creditReturned(by))).code, 'NOTHING_TO_CREDIT');
      });

      broad('is a document that keeps the contract, with numbers, parties, order and tax rows', async () => {
        const placed = await shipped();
        const { documents } = await invoices.invoice({ ...placed.by, post: true });
        const document = documents[0] as Invoice;
        assert.deepEqual(builtinContracts().validate('invoice', '1.0', document), []);
        assert.equal(document.kind, '380');
        assert.equal(document.status, 'posted');
        assert.equal(document.channel, 'shop');
        assert.equal(document.account, fixture.sales.prefix);
        assert.deepEqual(document.orderRefs, [
          { id: placed.order.id, externalId: placed.name, orderNumber: placed.order.orderNumber },
        ]);
        assert.equal(document.buyer.name, `Fixture ${fixture.sales.prefix}`);
        assert.ok(document.seller.identifiers.length > 0);
        assert.ok(document.dueOn);
        assert.deepEqual(document.taxBreakdown, [
          { category: 'S', rate: fixture.rate, taxable: '52.50', tax: '10.17' },
        ]);
        const [line] = document.lines;
        assert.deepEqual(line?.item.identifiers[0], { scheme: 'sku', value: sku() });
        assert.equal(line?.unit, 'C62');
        assert.equal(line?.quantity, '5');
        assert.equal(line?.netAmount, '52.50');
        assert.equal(document.totals.payable, '62.67');
      });

      it('foots with prices that contain tax, and with discounts', async () => {
        const lines = [
          { sku: sku(), quantity: '3', price: '9.99' },
          { sku: sku(1), quantity: '7', price: '0.35' },
        ];
        const included = await shipped(next(), lines, { included: true });
        const gross = await invoices.invoice({ ...included.by, agreed: included.order, post: true });
        // 3 x 9.99 + 7 x 0.35 contain 7.13 %.
        assert.equal(gross.documents[0]?.totals.taxInclusive, '32.42');
        const discounted = await shipped(next(), lines, { discount: 12.5 });
        const { documents } = await invoices.invoice({ ...discounted.by, post: true });
        const [line] = documents[0]?.lines ?? [];
        assert.equal(line?.netAmount, '26.23');
        assert.deepEqual(line?.allowancesCharges, [
          {
            isCharge: false,
            reasonCode: '95',
            reason: 'Discount',
            amount: '3.74',
            baseAmount: '29.97',
            percent: '12.5',
          },
        ]);
      });

      it('makes one for each of several orders, or one for all of a customer', async () => {
        const orders = await Promise.all([shipped(), shipped(), shipped()]);
        const selectors = orders.map(({ odooId }) => ({ odooId }));
        const each = await invoices.invoice({ orders: selectors });
        assert.equal(each.invoices.length, 3);
        assert.ok(each.invoices.every((invoice) => invoice.orders.length === 1));
        const more = [(await shipped()).odooId, (await shipped()).odooId];
        const together = await invoices.invoice({
          orders: more.map((odooId) => ({ odooId })),
          grouping: 'customer',
        });
        assert.equal(together.invoices.length, 1);
        assert.deepEqual(
          together.invoices[0]?.orders.map(({ odooId }) => odooId),
          more,
        );
        assert.deepEqual(builtinContracts().validate('invoice', '1.0', together.documents[0]), []);
        assert.ok(together.documents[0]?.lines.every(({ orderRef }) => orderRef !== undefined));
      });

      broad('lets orders that are sent at once go together, and says of each what it is', async () => {
        const orders = await Promise.all([shipped(), shipped(), fixture.order(next())]);
        const [first, second, third] = await Promise.allSettled(
          orders.map(({ odooId }) => invoices.invoice({ orders: [{ odooId }] })),
        );
        assert.equal(first?.status, 'fulfilled');
        assert.equal(second?.status, 'fulfilled');
        assert.equal(third?.status === 'rejected' && third.reason.code, 'NOTHING_TO_INVOICE');
      });

      broad('names an order that is not there, and one that has several', async () => {
        const twice = await Promise.all([fixture.order(next()), fixture.order(next())]);
        await admin.call('sale.order', 'write', {
          ids: twice.map(({ odooId }) => odooId),
          args: { vals: { client_order_ref: `${fixture.sales.prefix}-twice` } },
        });
        const missing = await refusal(invoices.invoice({ orders: [{ id: 'shop:nobody:1' }] }));
        assert.equal(missing.code, 'ORDER_NOT_IN_ODOO');
        const several = await refusal(
          invoices.invoice({ orders: [{ orderNumber: `${fixture.sales.prefix}-twice` }] }),
        );
        assert.equal(several.code, 'ORDER_AMBIGUOUS');
      });
    });

    describe('against what was expected', () => {
      it('leaves a draft whose prices are not those of the order', async () => {
        const placed = await shipped(next(), [{ sku: sku(), quantity: '5', price: '10.50' }], {
          prices: { [sku()]: 10.75 },
        });
        const request = { ...placed.by, agreed: placed.order, post: true };
        const error = await refusal(invoices.invoice(request));
        assert.equal(error.code, 'INVOICE_DIFFERS');
        assert.match(error.message, /52\.50 .* agreed .* 53\.75/);
        assert.equal(
          (await refusal(invoices.invoice(request))).code,
          'INVOICE_DIFFERS',
          'sent again, the same',
        );
        const [id] = await invoiceIds(placed.odooId);
        const [row] = await read<{ state: string }>('account.move', [id ?? 0], ['state']);
        assert.equal(row?.state, 'draft');
      });

      broad('posts what is as a canonical invoice says, and leaves what is not', async () => {
        const model = (await invoices.invoice({ ...(await shipped()).by })).documents[0] as Invoice;
        const placed = await shipped();
        const right = await invoices.invoice({ ...placed.by, expected: model, post: true });
        assert.equal(right.invoices[0]?.state, 'posted');
        const other = await shipped();
        const expected = { ...model, totals: { ...model.totals, tax: '10.27', taxInclusive: '62.77' } };
        const error = await refusal(invoices.invoice({ ...other.by, expected, post: true }));
        assert.equal(error.code, 'INVOICE_DIFFERS');
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          ['/totals/tax', '/totals/taxInclusive'],
        );
        const tolerant = new Invoices(client, { tolerance: '0.10' });
        assert.equal(
          (await tolerant.invoice({ ...other.by, expected, post: true })).invoices[0]?.state,
          'posted',
        );
      });

      broad('finds among several invoices of an order the one that is meant', async () => {
        const placed = await fixture.order(next());
        const by = { orders: [{ odooId: placed.odooId }] };
        await fixture.ship(placed.odooId, { [sku()]: 3 });
        const one = await invoices.invoice({ ...by, post: true });
        await fixture.ship(placed.odooId, { [sku()]: 2 });
        await invoices.invoice({ ...by, post: true });
        const again = await invoices.invoice({ ...by, expected: one.documents[0] });
        assert.deepEqual(
          again.invoices.map(({ odooId }) => odooId),
          [one.invoices[0]?.odooId],
        );
      });
    });

    describe('credit notes', () => {
      it('credits what came back, once, and says which invoice it is about', async () => {
        const placed = await shipped();
        const charged = await invoices.invoice({ ...placed.by, post: true });
        await fixture.takeBack(placed.picking, { [sku()]: 2 });
        assert.equal((await axes(placed.odooId))?.return, 'received');
        const credit = await invoices.creditReturned({ ...placed.by, post: true });
        const [document] = credit.documents;
        assert.equal(credit.created, true);
        assert.equal(document?.kind, '381');
        assert.equal(document?.lines[0]?.quantity, '2');
        assert.equal(document?.totals.taxExclusive, '21.00');
        assert.equal(document?.precedingInvoices?.[0]?.number, charged.invoices[0]?.name);
        assert.deepEqual(builtinContracts().validate('invoice', '1.0', document), []);
        const again = await invoices.creditReturned({ ...placed.by, post: true });
        assert.equal(again.created, false);
        assert.equal(again.invoices[0]?.odooId, credit.invoices[0]?.odooId);
        assert.equal((await axes(placed.odooId))?.return, 'refunded');
        assert.equal((await invoiceIds(placed.odooId)).length, 2);
      });

      it('credits a whole invoice, once, and settles it', async () => {
        const lines = [
          { sku: sku(), quantity: '3', price: '9.99' },
          { sku: sku(1), quantity: '7', price: '0.35' },
        ];
        const placed = await shipped(next(), lines, { discount: 12.5 });
        const [invoice] = (await invoices.invoice({ ...placed.by })).invoices;
        const selector = { odooId: invoice?.odooId ?? 0 };
        assert.equal((await refusal(invoices.creditWhole(selector))).code, 'INVOICE_NOT_POSTED');
        const [posted] = (await invoices.post([selector])).invoices;
        const credits = await Promise.all(
          [1, 2, 3, 4].map(() =>
            new Invoices(client).creditWhole({ number: posted?.name ?? '' }, { post: true }),
          ),
        );
        assert.equal(new Set(credits.map((credit) => credit.invoices[0]?.odooId)).size, 1);
        const [credit] = credits[0]?.invoices ?? [];
        assert.equal(credit?.kind, '381');
        assert.equal(credit?.amountTotal, posted?.amountTotal);
        assert.equal(credits[0]?.documents[0]?.precedingInvoices?.[0]?.number, posted?.name);
        const [now] = (await invoices.read([selector])).invoices;
        assert.equal(now?.status, 'reversed');
        assert.equal(now?.amountDue, '0.00');
        assert.equal((await axes(placed.odooId))?.payment, 'voided');
        assert.equal((await invoiceIds(placed.odooId)).length, 2);
      });

      broad('does not credit a whole invoice of which a part was credited', async () => {
        const placed = await shipped();
        const [invoice] = (await invoices.invoice({ ...placed.by, post: true })).invoices;
        await fixture.takeBack(placed.picking, { [sku()]: 1 });
        await invoices.creditReturned({ ...placed.by });
        const error = await refusal(invoices.creditWhole({ odooId: invoice?.odooId ?? 0 }));
        assert.equal(error.code, 'INVOICE_PARTLY_CREDITED');
      });
    });

    describe('states', () => {
      it('cancels a draft, never a posted invoice; what was cancelled can be invoiced again', async () => {
        const placed = await shipped();
        const [draft] = (await invoices.invoice({ ...placed.by })).invoices;
        const selector = [{ odooId: draft?.odooId ?? 0 }];
        assert.equal((await invoices.cancel(selector)).invoices[0]?.status, 'cancelled');
        assert.equal((await invoices.cancel(selector)).invoices[0]?.status, 'cancelled', 'twice');
        assert.equal((await refusal(invoices.post(selector))).code, 'INVOICE_CANCELLED');
        const [second] = (await invoices.invoice({ ...placed.by, post: true })).invoices;
        assert.notEqual(second?.odooId, draft?.odooId);
        const refused = await refusal(invoices.cancel([{ odooId: second?.odooId ?? 0 }]));
        assert.equal(refused.code, 'INVOICE_POSTED');
        assert.equal((await invoices.read([{ odooId: second?.odooId ?? 0 }])).invoices[0]?.status, 'posted');
        assert.equal((await refusal(invoices.read([{ number: 'NO/SUCH/1' }]))).code, 'INVOICE_NOT_FOUND');
      });

      broad('posts twice without harm', async () => {
        const placed = await shipped();
        const [draft] = (await invoices.invoice({ ...placed.by })).invoices;
        const selector = [{ odooId: draft?.odooId ?? 0 }];
        const both = await Promise.all([invoices.post(selector), invoices.post(selector)]);
        assert.deepEqual(
          both.map((result) => result.invoices[0]?.state),
          ['posted', 'posted'],
        );
        assert.equal(both[0]?.invoices[0]?.name, both[1]?.invoices[0]?.name);
        assert.equal((await invoices.readOfOrders(placed.by)).invoices.length, 1);
      });

      broad('follows what is paid', async () => {
        const placed = await shipped();
        const [invoice] = (await invoices.invoice({ ...placed.by, post: true })).invoices;
        const selector = [{ odooId: invoice?.odooId ?? 0 }];
        const pay = async (amount: number) => {
          const context = { active_model: 'account.move', active_ids: [invoice?.odooId] };
          const [wizard] = await admin.call<readonly number[]>('account.payment.register', 'create', {
            args: { vals_list: [{ amount, payment_difference_handling: 'open' }] },
            context,
          });
          await admin.call('account.payment.register', 'action_create_payments', {
            ids: [wizard ?? 0],
            context,
          });
        };
        await pay(20);
        const part = await invoices.read(selector);
        assert.equal(part.invoices[0]?.status, 'partiallyPaid');
        assert.equal(part.documents[0]?.totals.prepaid, '20.00');
        assert.equal(part.documents[0]?.totals.payable, '42.67');
        assert.equal((await axes(placed.odooId))?.payment, 'partiallyPaid');
        await pay(42.67);
        const [paid] = (await invoices.read(selector)).invoices;
        // Whether a payment counts before the bank shows it is a setting of the journal.
        assert.ok(['in_payment', 'paid'].includes(paid?.paymentState ?? ''), paid?.paymentState);
        assert.equal(paid?.amountDue, '0.00');
        const status = await axes(placed.odooId);
        assert.equal(status?.payment, paid?.paymentState === 'paid' ? 'paid' : 'authorised');
        assert.equal(status?.order, paid?.paymentState === 'paid' ? 'closed' : 'completed');
      });
    });

    describe('once, whatever happens', () => {
      it('makes one invoice when many ask at once', async () => {
        const placed = await shipped();
        const results = await Promise.all(
          [1, 2, 3, 4, 5, 6].map(() => new Invoices(client).invoice({ ...placed.by, post: true })),
        );
        assert.equal(new Set(results.map((result) => result.invoices[0]?.odooId)).size, 1);
        assert.equal((await invoiceIds(placed.odooId)).length, 1);
      });

      /** A client whose process dies at the nth write: before it is sent, or after it was done. */
      const dying = (nth: number, when: 'before' | 'after'): { client: OdooClient; died: () => boolean } => {
        let writes = 0;
        let dead = false;
        const writing = new Set(['create', 'create_invoices', 'action_post', 'load', 'button_cancel']);
        const call: OdooClient['call'] = async <T>(...args: Parameters<OdooClient['call']>) => {
          const kill = () => {
            dead = true;
            return new CrossdockError('killed', { code: 'KILLED', kind: 'permanent' });
          };
          if (dead) throw kill();
          if (writing.has(args[1])) writes += 1;
          const mine = writing.has(args[1]) && writes === nth;
          if (mine && when === 'before') throw kill();
          const answer = await client.call<T>(...args);
          if (mine) throw kill();
          return answer;
        };
        return { client: { ...client, call }, died: () => dead };
      };

      for (const when of few ? (['after'] as const) : (['before', 'after'] as const)) {
        it(`goes on where a process died ${when} a write`, async () => {
          for (let nth = 1; ; nth += 1) {
            const placed = await shipped();
            const first = dying(nth, when);
            const died = await new Invoices(first.client).invoice({ ...placed.by, post: true }).then(
              () => false,
              () => true,
            );
            assert.equal(died, first.died());
            const { invoices: found } = await invoices.invoice({ ...placed.by, post: true });
            assert.deepEqual(
              found.map(({ state }) => state),
              ['posted'],
              `${when} write ${nth}`,
            );
            assert.equal((await invoiceIds(placed.odooId)).length, 1);

            if (few && !died) break;
            const second = dying(nth, when);
            const selector = { odooId: found[0]?.odooId ?? 0 };
            await new Invoices(second.client).creditWhole(selector, { post: true }).catch(() => undefined);
            const credit = await invoices.creditWhole(selector, { post: true });
            assert.deepEqual(
              credit.invoices.map(({ state }) => state),
              ['posted'],
            );
            assert.equal((await invoiceIds(placed.odooId)).length, 2);
            if (!died) {
              assert.ok(nth > 3, 'create, create_invoices and action_post were among the writes');
              break;
            }
          }
        });
      }
    });

    if (!rights) return;
    describe('rights', () => {
      it('lets a salesperson make drafts and read, and names the right that posting takes', async function () {
        if (server.clerk === undefined) return this.skip();
        const own = createOdooClient({ ...server, ...server.clerk });
        try {
          const clerk = new Invoices(own);
          const placed = await shipped();
          const draft = await clerk.invoice({ ...placed.by });
          assert.equal(draft.invoices[0]?.state, 'draft');
          const selector = { odooId: draft.invoices[0]?.odooId ?? 0 };
          assert.equal((await clerk.read([selector])).documents[0]?.totals.payable, '62.67');
          const named = async (promise: Promise<unknown>, doing: RegExp) => {
            const error = await refusal(promise);
            assert.equal(error.code, 'ODOO_ACCESS');
            assert.equal(error.facts.group, 'account.group_account_invoice');
            assert.match(error.message, doing);
          };
          await named(clerk.post([selector]), /may not post invoices/);
          await named(clerk.cancel([selector]), /may not cancel invoices/);
          await invoices.post([selector]);
          await named(clerk.creditWhole(selector), /may not make credit notes/);
          assert.equal(
            (await readOrderStatus(own, [placed.odooId])).get(placed.odooId)?.status.fulfilment,
            'shipped',
          );
          // Credit notes for returned goods come from the order, so that a salesperson may draft them.
          await fixture.takeBack(placed.picking, { [sku()]: 1 });
          assert.equal((await clerk.creditReturned({ ...placed.by })).documents[0]?.kind, '381');
        } finally {
          await own.close();
        }
      });
    });
  });
}
