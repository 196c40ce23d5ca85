import { Api, type Bench, idOf, loadOrder, ONCE, type Transport } from './odoo-server';

/** What came of an order's dialog. */
interface Action {
  readonly type: string;
  readonly res_id?: number;
  readonly domain?: unknown;
}

const HEAD = ['name', 'state', 'move_type', 'payment_state', 'amount_untaxed', 'amount_tax', 'amount_total'];

/** Invoices from orders, posting, credit notes, payments: everything that odoo invoice relies on. */
export function describeInvoicing(bench: Bench): void {
  const { check } = bench;

  // The transports differ in nothing here; JSON-RPC is there for the answers that are not records.
  for (const transport of ['JSON-2', 'JSON-RPC'] satisfies Transport[]) {
    describe(`invoicing over ${transport}`, () => {
      const api = (): Api => bench.api(transport);
      let product = 0;

      before(async () => {
        const code = `${bench.fixtures().prefix}-${bench.key().slice(-6)}`;
        product = await api().create('product.product', {
          ...{ name: code, default_code: code, type: 'consu', is_storable: true, invoice_policy: 'order' },
          taxes_id: [[6, 0, []]],
        });
      });
      after(async () => {
        await bench
          .api('JSON-2')
          .call('product.product', 'write', { ids: [product], args: { vals: { active: false } } });
      });

      /** A confirmed order; each line has a quantity and a price. */
      const order = async (...lines: [quantity: string, price: string, tax?: number][]) => {
        const { partner, tax19 } = bench.fixtures();
        const head = [bench.key(), String(partner), 'PO-77'];
        const rows = lines.map(([quantity, price, tax = tax19], index) => [
          ...(index === 0 ? head : ['', '', '']),
          ...[String(product), quantity, price, String(tax)],
        ]);
        if (rows.length === 0) rows.push([...head, String(product), '0', '1', '']);
        const id = await loadOrder(api(), rows);
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        return id;
      };
      const dialog = (ids: readonly number[], together = true) =>
        api().create('sale.advance.payment.inv', {
          advance_payment_method: 'delivered',
          sale_order_ids: [[6, 0, ids]],
          consolidated_billing: together,
        });
      const invoice = async (ids: readonly number[], together = true) => {
        const action = await api().get<Action>('sale.advance.payment.inv', 'create_invoices', {
          ids: [await dialog(ids, together)],
          context: { raise_if_nothing_to_invoice: false },
        });
        return action;
      };
      const head = (id: number, more: string[] = []) => api().read('account.move', id, [...HEAD, ...more]);
      const items = (id: number, kind: string, fields: string[]) =>
        api()
          .searchRead('account.move.line', [['move_id', '=', id]], ['display_type', ...fields], {
            order: 'sequence, id',
          })
          .then((rows) => rows.filter((row) => row.display_type === kind));
      const orderState = async (id: number) => {
        const row = await api().read('sale.order', id, ['invoice_status', 'invoice_ids']);
        return [row.invoice_status, row.invoice_ids];
      };
      const lineState = async (id: number) =>
        (
          await api().searchRead(
            'sale.order.line',
            [['order_id', '=', id]],
            ['qty_invoiced', 'qty_to_invoice'],
          )
        ).map((row) => [row.qty_invoiced, row.qty_to_invoice]);

      it('makes a draft of what an order may charge, and then nothing more', async () => {
        const id = await order(['5', '10.50']);
        check.deepEqual(await orderState(id), ['to invoice', []]);
        check.deepEqual(await lineState(id), [[0, 5]]);
        const action = await invoice([id]);
        check.equal(action.type, 'ir.actions.act_window');
        const made = Number(action.res_id);
        check.deepEqual(await orderState(id), ['invoiced', [made]]);
        check.deepEqual(await lineState(id), [[5, 0]]);
        const row = await head(made, [
          ...[
            'ref',
            'invoice_origin',
            'invoice_date',
            'partner_id',
            'journal_id',
            'amount_residual',
            'reversed_entry_id',
          ],
          ...['payment_reference', 'is_move_sent', 'currency_id'],
        ]);
        check.deepEqual(
          HEAD.map((field) => row[field]),
          [false, 'draft', 'out_invoice', 'not_paid', 52.5, 9.98, 62.48],
        );
        const { name } = await api().read('sale.order', id, ['name']);
        check.deepEqual([row.ref, row.invoice_origin, row.invoice_date], ['PO-77', name, false]);
        check.equal(idOf(row.partner_id), bench.fixtures().partner);
        check.deepEqual(row.journal_id, [1, 'Sales']);
        check.equal(row.amount_residual, 62.48);
        check.deepEqual(
          [row.reversed_entry_id, row.payment_reference, row.is_move_sent],
          [false, false, false],
        );
        // With nothing to charge it shows what there is: an answer says nothing about what it made.
        check.equal((await invoice([id])).res_id, made);
        check.equal((await invoice([await order()])).type, 'ir.actions.act_window_close');
        const refused = await api().call('sale.advance.payment.inv', 'create_invoices', {
          ids: [await dialog([id])],
        });
        check.equal(refused.fault?.name, 'odoo.exceptions.UserError');
        check.match(
          refused.fault?.message ?? '',
          /^Cannot create an invoice\. No items are available to invoice\./,
        );
        check.deepEqual(await orderState(id), ['invoiced', [made]]);
      });

      // The rest is about records, which both transports read alike.
      if (transport === 'JSON-RPC') return;

      it('books lines, taxes and the debt; the cents of the sum go to the largest line', async () => {
        const id = await order(['3', '9.99'], ['7', '0.35', bench.fixtures().tax7]);
        const made = Number((await invoice([id])).res_id);
        const products = await items(made, 'product', [
          ...[
            'quantity',
            'price_unit',
            'discount',
            'price_subtotal',
            'price_total',
            'amount_currency',
            'product_uom_id',
          ],
          ...['sale_line_ids', 'tax_ids', 'account_id'],
        ]);
        check.deepEqual(
          products.map((row) => [
            row.quantity,
            row.price_unit,
            row.price_subtotal,
            row.price_total,
            row.amount_currency,
          ]),
          [
            [3, 9.99, 29.97, 35.66, -29.97],
            [7, 0.35, 2.45, 2.62, -2.45],
          ],
        );
        check.equal(products.flatMap((row) => row.sale_line_ids as number[]).length, 2);
        const taxes = await items(made, 'tax', ['tax_line_id', 'amount_currency', 'tax_base_amount']);
        check.deepEqual(
          taxes
            .map((row) => [idOf(row.tax_line_id), row.amount_currency, row.tax_base_amount])
            .sort((a, b) => Number(a[0]) - Number(b[0])),
          [
            [bench.fixtures().tax19, -5.69, -29.97],
            [bench.fixtures().tax7, -0.17, -2.45],
          ].sort((a, b) => Number(a[0]) - Number(b[0])),
        );
        const [debt] = await items(made, 'payment_term', ['amount_currency']);
        check.equal(debt?.amount_currency, 38.28);
      });

      it('makes one invoice for each order, or one for orders of one customer', async () => {
        const two = [await order(['1', '10']), await order(['2', '10'])];
        await invoice(two, false);
        const made = (await Promise.all(two.map(orderState))).flatMap(([, ids]) => ids as number[]);
        check.equal(new Set(made).size, 2);
        const more = [await order(['1', '10']), await order(['2', '10'])];
        const action = await invoice(more, true);
        check.deepEqual((await orderState(more[0] ?? 0))[1], [action.res_id]);
        check.deepEqual((await orderState(more[1] ?? 0))[1], [action.res_id]);
        check.equal((await head(Number(action.res_id))).amount_untaxed, 30);
      });

      it('leaves out orders of which nothing is to be charged', async () => {
        const done = await order(['1', '10']);
        await invoice([done]);
        const open = await order(['1', '10']);
        await invoice([done, open], false);
        check.equal(((await orderState(open))[1] as number[]).length, 1);
        check.equal(((await orderState(done))[1] as number[]).length, 1);
      });

      it('posts once: a number, a date; a second time is refused', async () => {
        const made = Number((await invoice([await order(['5', '10.50'])])).res_id);
        check.equal(await api().get('account.move', 'action_post', { ids: [made] }), false);
        const row = await head(made, [
          'invoice_date',
          'invoice_date_due',
          'payment_reference',
          'display_name',
        ]);
        check.equal(row.state, 'posted');
        check.match(String(row.name), /^INV\/\d{4}\/\d{5}$/);
        check.equal(row.payment_reference, row.name);
        check.match(String(row.invoice_date), /^\d{4}-\d\d-\d\d$/);
        check.equal(row.display_name, `${row.name} (PO-77)`);
        const again = await api().call('account.move', 'action_post', { ids: [made] });
        check.equal(again.fault?.name, 'odoo.exceptions.UserError');
        check.equal(again.fault?.message, `The entry ${row.name} (id ${made}) must be in draft.`);
      });

      it('cancels drafts, and posted invoices too; what is cancelled may be charged again', async () => {
        const id = await order(['5', '10.50']);
        const made = Number((await invoice([id])).res_id);
        await api().get('account.move', 'button_cancel', { ids: [made] });
        check.equal((await head(made)).state, 'cancel');
        check.deepEqual(await orderState(id), ['to invoice', [made]]);
        const second = Number((await invoice([id])).res_id);
        await api().get('account.move', 'action_post', { ids: [second] });
        await api().get('account.move', 'button_cancel', { ids: [second] });
        check.equal((await head(second)).state, 'cancel');
        check.deepEqual(await lineState(id), [[0, 5]]);
      });

      it('lets a salesperson make drafts, and neither post nor cancel them', async function () {
        const server = bench.server();
        if (server.clerk === undefined) return this.skip();
        const clerk = new Api({ ...server, ...server.clerk }, 'JSON-2');
        const id = await order(['5', '10.50']);
        const wizard = await clerk.create('sale.advance.payment.inv', {
          advance_payment_method: 'delivered',
          sale_order_ids: [[6, 0, [id]]],
        });
        const { res_id: made = 0 } = await clerk.get<Action>('sale.advance.payment.inv', 'create_invoices', {
          ids: [wizard],
        });
        check.equal((await clerk.read('account.move', made, ['state'])).state, 'draft');
        const post = await clerk.call('account.move', 'action_post', { ids: [made] });
        check.equal(post.fault?.name, 'odoo.exceptions.AccessError');
        check.equal(post.fault?.message, "You don't have the access rights to post an invoice.");
        const cancel = await clerk.call('account.move', 'button_cancel', { ids: [made] });
        check.equal(cancel.fault?.name, 'odoo.exceptions.AccessError');
        check.match(cancel.fault?.message ?? '', /payment_ids[\s\S]*Accounting\/Invoicing/);
      });

      it('loads a credit note once per key, which settles what it reverses when it is posted', async () => {
        const id = await order(['5', '10.50']);
        const made = Number((await invoice([id])).res_id);
        await api().get('account.move', 'action_post', { ids: [made] });
        const origin = await head(made, ['partner_id', 'journal_id', 'currency_id']);
        const [line] = await items(made, 'product', [
          'product_id',
          'product_uom_id',
          'account_id',
          'tax_ids',
          'sale_line_ids',
        ]);
        const key = bench.key();
        const columns: [string, string][] = [
          ['id', key],
          ['move_type', 'out_refund'],
          ['reversed_entry_id/.id', String(made)],
          ['partner_id/.id', String(idOf(origin.partner_id))],
          ['journal_id/.id', String(idOf(origin.journal_id))],
          ['currency_id/.id', String(idOf(origin.currency_id))],
          ['ref', `Reversal of: ${origin.name}`],
          ['invoice_line_ids/product_id/.id', String(idOf(line?.product_id))],
          ['invoice_line_ids/name', 'as charged'],
          ['invoice_line_ids/product_uom_id/.id', String(idOf(line?.product_uom_id))],
          ['invoice_line_ids/quantity', '5'],
          ['invoice_line_ids/price_unit', '10.5'],
          ['invoice_line_ids/discount', '0'],
          ['invoice_line_ids/tax_ids/.id', String(line?.tax_ids)],
          ['invoice_line_ids/account_id/.id', String(idOf(line?.account_id))],
          ['invoice_line_ids/sale_line_ids/.id', String(line?.sale_line_ids)],
        ];
        const load = () =>
          api().get<{ ids: number[] | false; messages: unknown[] }>('account.move', 'load', {
            args: { fields: columns.map(([column]) => column), data: [columns.map(([, value]) => value)] },
            context: ONCE,
          });
        const loaded = await load();
        check.deepEqual(loaded.messages, []);
        const credit = (loaded.ids || [])[0] ?? 0;
        check.deepEqual((await load()).ids, [credit]);
        const draft = await head(credit, ['amount_residual', 'reversed_entry_id']);
        check.deepEqual(
          HEAD.map((field) => draft[field]),
          [false, 'draft', 'out_refund', 'not_paid', 52.5, 9.98, 62.48],
        );
        check.equal(idOf(draft.reversed_entry_id), made);
        check.deepEqual(await lineState(id), [[0, 5]]);
        check.deepEqual((await orderState(id))[1], [credit, made]);
        await api().get('account.move', 'action_post', { ids: [credit] });
        const posted = await head(credit);
        check.match(String(posted.name), /^RINV\/\d{4}\/\d{5}$/);
        const settled = await head(made, ['amount_residual']);
        check.equal(settled.payment_state, 'reversed');
        check.equal(settled.amount_residual, 0);
        const [debt] = await items(made, 'payment_term', ['id']);
        const partials = await api().searchRead(
          'account.partial.reconcile',
          [['debit_move_id.move_id', '=', made]],
          ['debit_move_id', 'credit_move_id', 'debit_amount_currency'],
        );
        check.equal(partials.length, 1);
        check.equal(partials[0]?.debit_amount_currency, 62.48);
        check.equal(idOf(partials[0]?.debit_move_id), Number(debt?.id));
      });

      it('settles by payments, in part and whole', async () => {
        const made = Number((await invoice([await order(['5', '10.50'])])).res_id);
        await api().get('account.move', 'action_post', { ids: [made] });
        const pay = async (amount: number) => {
          const context = { active_model: 'account.move', active_ids: [made] };
          const wizard = await api().create(
            'account.payment.register',
            { amount, payment_difference_handling: 'open' },
            context,
          );
          await api().get('account.payment.register', 'action_create_payments', { ids: [wizard], context });
        };
        await pay(12.48);
        const part = await head(made, ['amount_residual']);
        check.deepEqual([part.payment_state, part.amount_residual], ['partial', 50]);
        await pay(50);
        const whole = await head(made, ['amount_residual']);
        // Whether a payment counts before the bank shows it is a setting of the journal.
        check.ok(['paid', 'in_payment'].includes(String(whole.payment_state)));
        check.equal(whole.amount_residual, 0);
      });
    });
  }
}
