import { type Bench, linesOf, loadOrders, ONCE, orderRow, TRANSPORTS } from './odoo-server';

const MISSING = 99_999_999;

/** What `load` makes of cells, good and bad, and how it reports the bad ones. */
export function describeLoadCells(bench: Bench): void {
  const { check } = bench;

  for (const transport of TRANSPORTS) {
    describe(`load: cells over ${transport}`, () => {
      const api = () => bench.api(transport);
      const row = (key: string, ref?: string, quantity?: string, price?: string, tax?: string) =>
        orderRow(bench, key, ref, quantity, price, tax);

      it('reports every bad cell of a record, then what is missing because of it', async () => {
        const bad = row(bench.key());
        bad[1] = String(MISSING);
        bad[4] = '2x';
        const { ids, messages } = await loadOrders(api(), [bad]);
        check.equal(ids, false);
        check.deepEqual(
          messages.map((message) => [message.field, String(message.message).split('\n')[0]]),
          [
            ['partner_id', `No matching record found for database id '${MISSING}' in field 'Customer'`],
            ['order_line', "'2x' does not seem to be a number for field 'Order Lines/Quantity'"],
            ['partner_id', "Missing required value for the field 'Customer' (partner_id)."],
          ],
        );
      });

      const cells: [title: string, column: number, value: string, field: string, message: string][] = [
        [
          'an id that is no number',
          1,
          'abc',
          'partner_id',
          "Invalid database id 'abc' for the field 'Customer'",
        ],
        [
          'an unknown tax',
          6,
          String(MISSING),
          'order_line',
          `No matching record found for database id '${MISSING}' in field 'Order Lines/Taxes'`,
        ],
        [
          'a price with a comma',
          5,
          '1,5',
          'order_line',
          "'1,5' does not seem to be a number for field 'Order Lines/Unit Price'",
        ],
        [
          'an empty customer',
          1,
          '',
          'partner_id',
          "Missing required value for the field 'Customer' (partner_id).",
        ],
      ];
      for (const [title, column, value, field, text] of cells) {
        it(`reports ${title}`, async () => {
          const bad = row(bench.key());
          bad[column] = value;
          const { ids, messages } = await loadOrders(api(), [bad]);
          check.equal(ids, false);
          check.equal(messages[0]?.field, field);
          check.equal(String(messages[0]?.message).split('\n')[0], text);
        });
      }

      it('cannot take a NUL character, and says so of that record alone', async () => {
        const { ids, messages } = await loadOrders(api(), [row(bench.key()), row(bench.key(), 'a\u0000b')]);
        check.equal(ids, false);
        check.deepEqual(
          messages.map(({ record, field, message }) => [record, field, message]),
          [
            [
              1,
              undefined,
              "Unknown error during import: <class 'ValueError'>: A string literal cannot contain NUL (0x00) characters.",
            ],
          ],
        );
        const search = await api().call('sale.order', 'search', {
          args: { domain: [['client_order_ref', '=', 'a\u0000b']] },
        });
        check.equal(search.fault?.name, 'builtins.ValueError');
      });

      it('cannot take an empty cell for what an order must have (one column set per batch)', async () => {
        const { partner, goods } = bench.fixtures();
        const columns: [column: string, text: RegExp][] = [
          [
            'partner_invoice_id/.id',
            /^Missing required value for the field 'Invoice Address' \(partner_invoice_id\)/,
          ],
          [
            'partner_shipping_id/.id',
            /^Missing required value for the field 'Delivery Address' \(partner_shipping_id\)/,
          ],
          ['date_order', /Datetime instance expected$/],
          ['order_line/name', /^Missing required value for the field '.*' \(name\)/],
        ];
        for (const [column, text] of columns) {
          const fields = ['id', 'partner_id/.id', 'order_line/product_id/.id', column];
          const answer = await loadOrders(
            api(),
            [[bench.key(), String(partner), String(goods), '']],
            ONCE,
            fields,
          );
          check.equal(answer.ids, false, column);
          check.match(String(answer.messages[0]?.message), text);
        }
        for (const column of ['note', 'origin', 'client_order_ref', 'order_line/discount']) {
          const fields = ['id', 'partner_id/.id', 'order_line/product_id/.id', column];
          const answer = await loadOrders(
            api(),
            [[bench.key(), String(partner), String(goods), '']],
            ONCE,
            fields,
          );
          check.ok(Array.isArray(answer.ids), column);
        }
      });

      it('blames the first record, too, when the batch as a whole is refused', async () => {
        const nameless = row('');
        const { ids, messages } = await loadOrders(api(), [row(bench.key()), nameless]);
        check.equal(ids, false);
        check.deepEqual(
          messages.map((message) => [message.rows, message.message]),
          [
            [{ from: 0, to: 0 }, 'Cannot update a record without specifying its id or xml_id'],
            [{ from: 1, to: 1 }, 'Cannot update a record without specifying its id or xml_id'],
          ],
        );
      });

      it('keeps note, dates, texts and decimals as an order does', async () => {
        const { partner, goods, tax7, tax19 } = bench.fixtures();
        const fields = [
          'id',
          'partner_id/.id',
          'note',
          'date_order',
          'origin',
          'order_line/product_id/.id',
          'order_line/name',
          'order_line/product_uom_qty',
          'order_line/price_unit',
          'order_line/discount',
          'order_line/tax_ids/.id',
        ];
        const head = [bench.key(), String(partner), 'Ring twice & wait', '2026-11-01 10:00:00', 'web'];
        const first = [String(goods), 'My text', '1.005', '9.999', '12.345', String(tax19)];
        const second = ['', '', '', '', '', String(goods), 'Other', '3', '0.13', '', `${tax7},${tax19}`];
        const answer = await loadOrders(api(), [[...head, ...first], second], ONCE, fields);
        const id = (answer.ids as number[])[0] ?? 0;
        const order = await api().read('sale.order', id, [
          'note',
          'date_order',
          'origin',
          'amount_untaxed',
          'amount_tax',
          'amount_total',
        ]);
        check.equal(order.note, '<p>Ring twice &amp; wait</p>');
        check.equal(order.date_order, '2026-11-01 10:00:00');
        check.equal(order.origin, 'web');
        check.close(order.amount_untaxed, 9.24);
        check.close(order.amount_tax, 1.79);
        check.close(order.amount_total, 11.03);
        const lines = await linesOf(api(), id, [
          'name',
          'product_uom_qty',
          'price_unit',
          'discount',
          'tax_ids',
          'price_subtotal',
          'price_total',
        ]);
        check.equal(lines[0]?.name, 'My text');
        check.close(lines[0]?.product_uom_qty, 1.01);
        check.close(lines[0]?.price_unit, 9.999);
        check.close(lines[0]?.discount, 12.35);
        check.close(lines[0]?.price_subtotal, 8.85);
        check.close(lines[0]?.price_total, 10.53);
        check.deepEqual(new Set(lines[1]?.tax_ids as number[]), new Set([tax7, tax19]));
        check.close(lines[1]?.price_total, 0.49);
        const iso = ['2026-11-01T10:00:00Z', '2026-11-01T10:00:00', '2026-13-01 00:00:00'];
        for (const date of iso) {
          const bad = await loadOrders(api(), [[bench.key(), String(partner), date]], ONCE, [
            'id',
            'partner_id/.id',
            'date_order',
          ]);
          check.equal(
            bad.messages[0]?.message,
            `'${date}' does not seem to be a valid datetime for field 'Order Date'`,
          );
        }
      });
    });
  }
}
