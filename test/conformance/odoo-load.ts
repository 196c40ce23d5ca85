import {
  type Api,
  type Bench,
  idOf,
  type LoadAnswer,
  linesOf,
  loadOrder,
  loadOrders,
  NAMESPACE,
  ONCE,
  orderRow,
  TRANSPORTS,
} from './odoo-server';

const MISSING = 99_999_999;

/** The protocol that creates an order once per external id, and what breaks it. */
export function describeLoad(bench: Bench): void {
  const { check } = bench;

  const reference = (api: Api, key: string, module = NAMESPACE) =>
    api.call('ir.model.data', 'check_object_reference', { args: { module, xml_id: key } });

  /** The key names nothing: an error, or, from the memory of a batch that was rolled back, a false id. */
  const namesNothing = async (api: Api, key: string) => {
    const { value, fault } = await reference(api, key);
    if (fault === undefined) check.deepEqual(value, ['sale.order', false]);
    else check.equal(fault.name, 'builtins.ValueError');
    const rows = await api.searchRead(
      'ir.model.data',
      [
        ['module', '=', NAMESPACE],
        ['name', '=', key],
      ],
      ['res_id'],
    );
    check.deepEqual(rows, []);
  };

  for (const transport of TRANSPORTS) {
    describe(`load over ${transport}`, () => {
      const api = () => bench.api(transport);
      const row = (key: string, ref?: string, quantity?: string, price?: string, tax?: string) =>
        orderRow(bench, key, ref, quantity, price, tax);

      it('creates an order with its lines, prices, quantities and taxes', async () => {
        const { partner, goods, service, tax19 } = bench.fixtures();
        const key = bench.key();
        const more = ['', '', '', String(service), '1', '4.5', ''];
        const answer = await loadOrders(api(), [row(key, 'REF', '2', '9.99', String(tax19)), more]);
        check.equal(answer.messages.length, 0);
        check.equal(answer.nextrow, 0);
        check.ok(Array.isArray(answer.ids) && answer.ids.length === 1);
        const id = (answer.ids as number[])[0] ?? 0;
        const order = await api().read('sale.order', id, [
          'state',
          'partner_id',
          'client_order_ref',
          'order_line',
          'amount_untaxed',
          'amount_tax',
          'amount_total',
          'origin',
          'note',
          'locked',
        ]);
        check.equal(order.state, 'draft');
        check.equal(idOf(order.partner_id), partner);
        check.equal(order.client_order_ref, 'REF');
        check.equal((order.order_line as number[]).length, 2);
        check.close(order.amount_untaxed, 24.48);
        check.close(order.amount_tax, 3.8);
        check.close(order.amount_total, 28.28);
        check.equal(order.origin, false);
        check.equal(order.note, false);
        check.equal(order.locked, false);
        const [first, second] = await linesOf(api(), id, [
          'product_id',
          'product_uom_qty',
          'price_unit',
          'tax_ids',
          'price_subtotal',
          'price_total',
          'discount',
        ]);
        check.equal(idOf(first?.product_id), goods);
        check.equal(first?.product_uom_qty, 2);
        check.equal(first?.price_unit, 9.99);
        check.deepEqual(first?.tax_ids, [tax19]);
        check.close(first?.price_subtotal, 19.98);
        check.close(first?.price_total, 23.78);
        check.equal(idOf(second?.product_id), service);
        check.deepEqual(second?.tax_ids, []);
        check.equal(second?.price_unit, 4.5);
        check.deepEqual((await reference(api(), key)).value, ['sale.order', id]);
      });

      it('takes what is not said from the product, and an empty tax cell as no tax', async () => {
        const { partner, goods, prefix } = bench.fixtures();
        const fields = ['id', 'partner_id/.id', 'order_line/product_id/.id'];
        const answer = await loadOrders(api(), [[bench.key(), String(partner), String(goods)]], ONCE, fields);
        const [line] = await linesOf(api(), (answer.ids as number[])[0] ?? 0, [
          'name',
          'price_unit',
          'product_uom_qty',
          'product_uom_id',
          'tax_ids',
        ]);
        check.equal(line?.name, `[${prefix}-A] ${prefix} A`);
        check.equal(line?.price_unit, 10);
        check.equal(line?.product_uom_qty, 1);
        check.deepEqual(line?.product_uom_id, [1, 'Units']);
        const product = await api().read('product.product', goods, ['taxes_id']);
        check.deepEqual(line?.tax_ids, product.taxes_id);
        const id = await loadOrder(api(), [row(bench.key())]);
        check.deepEqual((await linesOf(api(), id, ['tax_ids']))[0]?.tax_ids, []);
      });

      it('returns the same order for a repeated key, unchanged, whatever the payload', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(key, 'FIRST')]);
        check.equal(await loadOrder(api(), [row(key, 'FIRST')]), id);
        check.equal(await loadOrder(api(), [row(key, 'SECOND', '7', '1')]), id);
        const order = await api().read('sale.order', id, ['client_order_ref', 'amount_total', 'order_line']);
        check.equal(order.client_order_ref, 'FIRST');
        check.close(order.amount_total, 19.98);
        check.equal((order.order_line as number[]).length, 1);
      });

      it('appends the lines again in its default mode (the trap)', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(key)]);
        check.equal(await loadOrder(api(), [row(key, 'AGAIN', '7', '1')], { module: NAMESPACE }), id);
        const order = await api().read('sale.order', id, ['client_order_ref', 'amount_total', 'order_line']);
        check.equal((order.order_line as number[]).length, 2);
        check.close(order.amount_total, 26.98);
        check.equal(order.client_order_ref, 'AGAIN');
      });

      it('leaves a confirmed order alone, and in its default mode appends even there', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(key)]);
        check.equal(await api().get('sale.order', 'action_confirm', { ids: [id] }), true);
        check.equal(await loadOrder(api(), [row(key, 'LATE', '9', '1')]), id);
        const order = await api().read('sale.order', id, ['state', 'amount_total', 'client_order_ref']);
        check.equal(order.state, 'sale');
        check.close(order.amount_total, 19.98);
        check.equal(order.client_order_ref, 'R');
        await loadOrder(api(), [row(key, 'LATE', '9', '1')], { module: NAMESPACE });
        check.close((await api().read('sale.order', id, ['amount_total'])).amount_total, 28.98);
        await api().get('sale.order', 'action_cancel', { ids: [id] });
      });

      it('loads several orders at once, each with its own lines, in their order', async () => {
        const { otherGoods } = bench.fixtures();
        const keys = [bench.key(), bench.key(), bench.key()];
        const extra = ['', '', '', String(otherGoods), '3', '2', ''];
        const answer = await loadOrders(api(), [
          row(keys[0] ?? '', 'a'),
          extra,
          row(keys[1] ?? '', 'b'),
          row(keys[2] ?? '', 'c'),
          extra,
          extra,
        ]);
        const ids = answer.ids as number[];
        check.equal(ids.length, 3);
        for (const [at, [ref, count]] of (
          [
            ['a', 2],
            ['b', 1],
            ['c', 3],
          ] as const
        ).entries()) {
          const order = await api().read('sale.order', ids[at] ?? 0, ['client_order_ref', 'order_line']);
          check.equal(order.client_order_ref, ref);
          check.equal((order.order_line as number[]).length, count);
          check.deepEqual((await reference(api(), keys[at] ?? '')).value, ['sale.order', ids[at]]);
        }
        const known = await loadOrders(api(), [row(bench.key(), 'd'), row(keys[1] ?? '', 'other')]);
        check.equal((known.ids as number[])[1], ids[1]);
      });

      it('takes a key that stands twice in a batch once', async () => {
        const key = bench.key();
        const answer = await loadOrders(api(), [row(key, 'one'), row(key, 'two')]);
        const ids = answer.ids as number[];
        check.equal(ids.length, 2);
        check.equal(ids[0], ids[1]);
        const order = await api().read('sale.order', ids[0] ?? 0, ['client_order_ref', 'order_line']);
        check.equal(order.client_order_ref, 'one');
        check.equal((order.order_line as number[]).length, 1);
      });

      it('undoes the whole batch for one unknown product, and names row and field', async () => {
        const keys = [bench.key(), bench.key()];
        const bad = row(keys[1] ?? '');
        bad[3] = String(MISSING);
        const answer = await loadOrders(api(), [row(keys[0] ?? ''), bad]);
        check.equal(answer.ids, false);
        check.equal(answer.messages.length, 1);
        const [message] = answer.messages;
        check.equal(message?.type, 'error');
        check.equal(message?.record, 1);
        check.deepEqual(message?.rows, { from: 1, to: 1 });
        check.equal(message?.field, 'order_line');
        check.equal(message?.field_name, 'Order Lines');
        check.equal(
          message?.message,
          `No matching record found for database id '${MISSING}' in field 'Order Lines/Product'`,
        );
        check.equal((message?.moreinfo as { res_model?: unknown } | undefined)?.res_model, 'ir.model.data');
        await namesNothing(api(), keys[0] ?? '');
        await namesNothing(api(), keys[1] ?? '');
        const again = await loadOrders(api(), [row(keys[0] ?? '')]);
        check.ok(Array.isArray(again.ids), 'the key is free again');
      });

      it('lets a race on one key have one winner; by the protocol every caller gets its id', async () => {
        for (const creators of [4, 8]) {
          const key = bench.key();
          const complaints: Readonly<Record<string, unknown>>[] = [];
          const resolve = async (name: string): Promise<{ id: number; lost: number }> => {
            for (let lost = 0; lost < 8; lost += 1) {
              const { ids, messages } = await loadOrders(api(), [row(key, name)]);
              if (ids !== false) return { id: ids[0] ?? 0, lost };
              complaints.push(...messages);
            }
            throw new Error('never resolved');
          };
          const found = await Promise.all(Array.from({ length: creators }, (_, at) => resolve(`race${at}`)));
          check.deepEqual(
            new Set(complaints.map(({ type, field, message }) => `${type} ${field} ${message}`)),
            new Set(['error undefined could not serialize access due to concurrent update\n']),
          );
          check.equal(new Set(found.map(({ id }) => id)).size, 1, 'one id for all');
          check.ok(found.filter(({ lost }) => lost === 0).length < creators, 'the race was real');
          check.deepEqual((await reference(api(), key)).value, ['sale.order', found[0]?.id]);
          const { partner } = bench.fixtures();
          const orders = await api().searchRead(
            'sale.order',
            [
              ['partner_id', '=', partner],
              ['client_order_ref', '=like', 'race_'],
              ['id', '>=', found[0]?.id],
            ],
            ['id'],
          );
          check.equal(orders.length, 1, 'one order');
          check.equal((await linesOf(api(), found[0]?.id ?? 0, ['id'])).length, 1);
        }
      });

      it('splits a key at its first dot, and refuses one with a space', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(`${key}.a.b`)]);
        check.equal((await reference(api(), `${key}.a.b`)).fault?.name, 'builtins.ValueError');
        check.deepEqual((await reference(api(), 'a.b', key)).value, ['sale.order', id]);
        const spaced = await loadOrders(api(), [row(`${key} x`)]);
        check.equal(spaced.ids, false);
        check.match(
          String(spaced.messages[0]?.message),
          /violates check constraint "ir_model_data_name_nospaces"/,
        );
      });

      it('keeps keys apart by model and by namespace', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(key)]);
        const other = await loadOrder(api(), [row(key)], { ...ONCE, module: `${NAMESPACE}_two` });
        check.ok(other !== id);
        const partner = await api().get<LoadAnswer>('res.partner', 'load', {
          args: { fields: ['id', 'name'], data: [[key, 'x']] },
          context: ONCE,
        });
        check.equal(partner.ids, false);
        check.match(
          String(partner.messages[0]?.message),
          /^For external id .* found record of different model sale\.order/,
        );
      });

      it('frees the key of an order that is deleted', async () => {
        const key = bench.key();
        const id = await loadOrder(api(), [row(key)]);
        check.equal(await api().get('sale.order', 'unlink', { ids: [id] }), true);
        check.equal(
          (await reference(api(), key)).fault?.message,
          `External ID not found in the system: ${NAMESPACE}.${key}`,
        );
        const next = await loadOrder(api(), [row(key)]);
        check.ok(next > id);
      });
    });
  }
}
