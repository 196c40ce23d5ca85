import { type Bench, idOf, linesOf, loadOrder, loadOrders, ONCE, TRANSPORTS } from './odoo-server';

const NOT_CONFIRMABLE = 'Some orders are not in a state requiring confirmation.';

/** An order's life, and how its amounts come about. */
export function describeOrders(bench: Bench): void {
  const { check } = bench;

  for (const transport of TRANSPORTS) {
    describe(`orders over ${transport}`, () => {
      const api = () => bench.api(transport);
      const line = (product: number, quantity: string, price: string, ...taxes: number[]) => [
        String(product),
        quantity,
        price,
        taxes.join(','),
      ];
      const rows = (lines: string[][]): string[][] =>
        lines.map((cells, at) =>
          at === 0 ? [bench.key(), String(bench.fixtures().partner), 'O', ...cells] : ['', '', '', ...cells],
        );
      const state = async (id: number) => (await api().read('sale.order', id, ['state'])).state;

      it('is confirmed once: the second time is refused and changes nothing', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        check.equal(await state(id), 'draft');
        check.equal(await api().get('sale.order', 'action_confirm', { ids: [id] }), true);
        check.equal(await state(id), 'sale');
        const { fault, status } = await api().call('sale.order', 'action_confirm', { ids: [id] });
        check.equal(status, transport === 'JSON-2' ? 422 : 200);
        check.equal(fault?.name, 'odoo.exceptions.UserError');
        check.equal(fault?.message, NOT_CONFIRMABLE);
        check.equal(await state(id), 'sale');
        const order = await api().read('sale.order', id, [
          'picking_ids',
          'delivery_status',
          'invoice_status',
          'locked',
        ]);
        check.deepEqual(order.picking_ids, []);
        check.equal(order.delivery_status, false);
        check.equal(order.invoice_status, 'to invoice');
        check.equal(order.locked, false);
      });

      it('is confirmed once by concurrent callers', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        const replies = await Promise.all(
          [1, 2].map(() => api().call('sale.order', 'action_confirm', { ids: [id] })),
        );
        check.equal(replies.filter((reply) => reply.value === true).length, 1);
        check.equal(replies.find((reply) => reply.fault)?.fault?.message, NOT_CONFIRMABLE);
      });

      it('may be cancelled again and again, and then not confirmed', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        check.equal(await api().get('sale.order', 'action_cancel', { ids: [id] }), true);
        check.equal(await api().get('sale.order', 'action_cancel', { ids: [id] }), true);
        check.equal(await state(id), 'cancel');
        check.equal(
          (await api().call('sale.order', 'action_confirm', { ids: [id] })).fault?.message,
          NOT_CONFIRMABLE,
        );
        check.equal(await api().get('sale.order', 'action_draft', { ids: [id] }), true);
        check.equal(await state(id), 'draft');
        check.equal(await api().get('sale.order', 'unlink', { ids: [id] }), true);
        check.deepEqual(
          await api().get('sale.order', 'read', { ids: [id], args: { fields: ['state'] } }),
          [],
        );
      });

      it('is not cancelled while locked', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        check.equal(await api().get('sale.order', 'action_lock', { ids: [id] }), null);
        const { fault } = await api().call('sale.order', 'action_cancel', { ids: [id] });
        check.equal(fault?.message, 'You cannot cancel a locked order. Please unlock it first.');
        check.equal(await api().get('sale.order', 'action_unlock', { ids: [id] }), null);
        check.equal(await api().get('sale.order', 'action_cancel', { ids: [id] }), true);
      });

      it('is not deleted once confirmed', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        await api().get('sale.order', 'action_confirm', { ids: [id] });
        const { fault, status } = await api().call('sale.order', 'unlink', { ids: [id] });
        check.equal(status, transport === 'JSON-2' ? 422 : 200);
        check.match(fault?.message ?? '', /^You can not delete a sent quotation or a confirmed sales order/);
      });

      it('keeps its customer from being deleted', async () => {
        const partner = await api().create('res.partner', { name: bench.key() });
        await api().create('sale.order', { partner_id: partner });
        const { fault, status } = await api().call('res.partner', 'unlink', { ids: [partner] });
        check.equal(status, transport === 'JSON-2' ? 422 : 200);
        check.equal(fault?.name, 'odoo.exceptions.ValidationError');
        check.match(fault?.message ?? '', /The troublemaker is: 'Sales Order' \(sale\.order\)/);
      });

      it('is not confirmed with a line without a product', async () => {
        const { partner } = bench.fixtures();
        const id = await api().create('sale.order', {
          partner_id: partner,
          order_line: [[0, 0, { name: 'free text' }]],
        });
        const { fault } = await api().call('sale.order', 'action_confirm', { ids: [id] });
        check.match(fault?.message ?? '', /^Some order lines are missing a product/);
      });

      it('is confirmed without any line', async () => {
        const id = await loadOrder(api(), [
          [bench.key(), String(bench.fixtures().partner), 'empty', '', '', '', ''],
        ]);
        check.equal(await api().get('sale.order', 'action_confirm', { ids: [id] }), true);
        check.equal((await api().read('sale.order', id, ['amount_total'])).amount_total, 0);
      });

      it('gets name, dates, company and currency by itself', async () => {
        const { service, partner } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        const order = await api().read('sale.order', id, [
          'name',
          'display_name',
          'date_order',
          'create_date',
          'write_date',
          'company_id',
          'currency_id',
          'partner_invoice_id',
          'partner_shipping_id',
          'warehouse_id',
        ]);
        check.match(String(order.name), /^S\d{5,}$/);
        check.equal(order.display_name, order.name);
        for (const field of ['date_order', 'create_date', 'write_date'])
          check.match(String(order[field]), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
        const [company] = await api().searchRead('res.company', [], ['currency_id', 'name'], {
          limit: 1,
          order: 'id',
        });
        check.deepEqual(order.company_id, [company?.id, company?.name]);
        check.deepEqual(order.currency_id, company?.currency_id);
        check.equal(idOf(order.partner_invoice_id), partner);
        check.equal(idOf(order.partner_shipping_id), partner);
        check.equal(idOf(order.warehouse_id), bench.fixtures().warehouse);
      });

      it('takes its currency from its pricelist, not from what is sent', async () => {
        const { partner, service, prefix } = bench.fixtures();
        const [euro] = await api().get<Record<string, unknown>[]>('res.currency', 'search_read', {
          args: { domain: [['name', '=', 'EUR']], fields: ['name'] },
          context: { active_test: false },
        });
        const name = `${prefix} ${bench.key().slice(-6)}`;
        const pricelist = await api().create('product.pricelist', { name, currency_id: euro?.id });
        const [found] = await api().searchRead(
          'product.pricelist',
          ['|', ['company_id', '=', false], ['company_id', '=', 1], ['id', '=', pricelist]],
          ['display_name', 'currency_id'],
        );
        check.equal(found?.display_name, `${name} (EUR)`);
        check.deepEqual(found?.currency_id, [euro?.id, 'EUR']);
        const fields = [
          'id',
          'partner_id/.id',
          'pricelist_id/.id',
          'currency_id/.id',
          'order_line/product_id/.id',
          'order_line/price_unit',
          'order_line/tax_ids/.id',
        ];
        const load = async (list: string, currency: string) => {
          const data = [[bench.key(), String(partner), list, currency, String(service), '3', '']];
          const { ids } = await loadOrders(api(), data, ONCE, fields);
          return api().read('sale.order', (ids as number[])[0] ?? 0, [
            'currency_id',
            'pricelist_id',
            'amount_total',
          ]);
        };
        const listed = await load(String(pricelist), '');
        check.deepEqual(listed.currency_id, [euro?.id, 'EUR']);
        check.deepEqual(listed.pricelist_id, [pricelist, `${name} (EUR)`]);
        check.equal(listed.amount_total, 3);
        const plain = await load('', String(euro?.id));
        check.equal(plain.pricelist_id, false);
        const [company] = await api().searchRead('res.company', [], ['currency_id'], {
          limit: 1,
          order: 'id',
        });
        check.deepEqual(plain.currency_id, company?.currency_id);
        check.equal(
          await api().get('product.pricelist', 'write', {
            ids: [pricelist],
            args: { vals: { active: false } },
          }),
          true,
        );
      });

      it('takes changed fields and new lines', async () => {
        const { service, goods } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        const vals = {
          client_order_ref: 'W',
          order_line: [
            [0, 0, { product_id: goods, product_uom_qty: 2, price_unit: 3, tax_ids: [[6, 0, []]] }],
          ],
        };
        check.equal(await api().get('sale.order', 'write', { ids: [id], args: { vals } }), true);
        const order = await api().read('sale.order', id, ['client_order_ref', 'amount_total']);
        check.equal(order.client_order_ref, 'W');
        check.close(order.amount_total, 11);
        const [first] = await linesOf(api(), id, ['id']);
        check.equal(
          await api().get('sale.order.line', 'write', {
            ids: [Number(first?.id)],
            args: { vals: { price_unit: 6 } },
          }),
          true,
        );
        check.close((await api().read('sale.order', id, ['amount_total'])).amount_total, 12);
      });

      it('refuses all of a write that names a line which is gone', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5'), line(service, '2', '5')]));
        const [first] = await linesOf(api(), id, ['id']);
        const gone = Number(first?.id);
        const product = { product_id: service, product_uom_qty: 1, price_unit: 7, tax_ids: [[6, 0, []]] };
        const commands = [
          [1, gone, { discount: 0 }],
          [2, gone, 0],
          [0, 0, product],
        ];
        const write = () =>
          api().call('sale.order', 'write', { ids: [id], args: { vals: { order_line: commands } } });
        check.equal((await write()).value, true);
        const again = await write();
        check.equal(again.fault?.name, 'odoo.exceptions.MissingError');
        check.equal((await linesOf(api(), id, ['id'])).length, 2, 'nothing of it was done');
      });

      it('keeps notes that are posted on it, as HTML', async () => {
        const { service } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5')]));
        await api().get('sale.order', 'message_post', { ids: [id], args: { body: 'A <b> & "c"' } });
        const [note] = await api().searchRead(
          'mail.message',
          [
            ['model', '=', 'sale.order'],
            ['res_id', '=', id],
            ['body', '!=', ''],
          ],
          ['body'],
          { order: 'id desc', limit: 1 },
        );
        check.match(String(note?.body), /A &lt;b&gt; &amp; /);
      });

      it('tells the external ids of units', async () => {
        const ids = await api().get<Record<string, string>>('uom.uom', 'get_external_id', { ids: [1, 2] });
        check.deepEqual(ids, { 1: 'uom.product_uom_unit', 2: 'uom.product_uom_pack_6' });
      });

      it('rounds base and tax of a line by themselves, also where the price includes the tax', async () => {
        const { service, tax19Included } = bench.fixtures();
        const id = await loadOrder(api(), rows([line(service, '1', '5.03', tax19Included)]));
        const [only] = await linesOf(api(), id, ['price_subtotal', 'price_total']);
        check.close(only?.price_subtotal, 4.23);
        check.close(only?.price_total, 5.03);
        const other = await loadOrder(api(), rows([line(service, '1', '0.102', tax19Included)]));
        const [off] = await linesOf(api(), other, ['price_subtotal', 'price_total']);
        check.close(off?.price_subtotal, 0.09);
        check.close(off?.price_total, 0.11, 'a cent off the price');
        check.close((await api().read('sale.order', other, ['amount_total'])).amount_total, 0.1);
      });

      const amounts: [
        title: string,
        lines: [string, string, ('tax19' | 'tax7' | 'tax19Included')[]][],
        untaxed: number,
        tax: number,
        total: number,
      ][] = [
        [
          'a tax is summed over the lines, then rounded',
          [
            ['3', '0.13', ['tax19']],
            ['3', '0.13', ['tax19']],
            ['3', '0.13', ['tax19']],
          ],
          1.17,
          0.22,
          1.39,
        ],
        ['a price with its tax in it', [['1', '119', ['tax19Included']]], 100, 19, 119],
        [
          'prices with their tax in them keep their total',
          [
            ['3', '21.53', ['tax19Included']],
            ['1', '0.01', ['tax19Included']],
          ],
          54.29,
          10.31,
          64.6,
        ],
        ['two taxes on one line', [['3', '0.13', ['tax7', 'tax19']]], 0.39, 0.1, 0.49],
        [
          'taxes in and on the price in one order',
          [
            ['1', '119', ['tax19Included']],
            ['9', '0.13', ['tax19']],
          ],
          101.17,
          19.22,
          120.39,
        ],
        ['no tax at all', [['7', '1.115', []]], 7.81, 0, 7.81],
        [
          'a negative line',
          [
            ['1', '100', ['tax19']],
            ['1', '-10', ['tax19']],
          ],
          90,
          17.1,
          107.1,
        ],
      ];
      for (const [title, lines, untaxed, tax, total] of amounts) {
        it(`adds up: ${title}`, async () => {
          const fixtures = bench.fixtures();
          const data = lines.map(([quantity, price, taxes]) =>
            line(fixtures.service, quantity, price, ...taxes.map((name) => fixtures[name])),
          );
          const id = await loadOrder(api(), rows(data));
          const order = await api().read('sale.order', id, ['amount_untaxed', 'amount_tax', 'amount_total']);
          check.close(order.amount_untaxed, untaxed);
          check.close(order.amount_tax, tax);
          check.close(order.amount_total, total);
        });
      }
    });
  }
}
