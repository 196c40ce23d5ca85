import { CHOICES } from '../../core/odoo/changes/choices';
import { fieldsOf } from '../../sandbox/odoo/reality';
import { type Bench, idOf, loadOrder, nameOf, TRANSPORTS } from './odoo-server';

/** The searches and reads that Crossdock makes, over domains of every kind it uses. */
export function describeQueries(bench: Bench): void {
  const { check } = bench;

  for (const transport of TRANSPORTS) {
    describe(`queries over ${transport}`, () => {
      const api = () => bench.api(transport);
      const refs = async (domain: unknown[], more = {}) =>
        (await api().searchRead('res.partner', domain, ['ref'], more)).map((row) => row.ref);
      const skus = async (domain: unknown[], more = {}) =>
        (
          await api().searchRead('product.product', domain, ['default_code'], {
            order: 'default_code',
            ...more,
          })
        ).map((row) => row.default_code);

      it('finds products by their codes', async () => {
        const { prefix, goods, service } = bench.fixtures();
        const found = await api().searchRead(
          'product.product',
          [['default_code', 'in', [`${prefix}-A`, `${prefix}-S`, 'no-such-sku']]],
          [
            'default_code',
            'name',
            'display_name',
            'list_price',
            'lst_price',
            'type',
            'is_storable',
            'active',
            'uom_id',
            'barcode',
          ],
          { order: 'default_code' },
        );
        check.deepEqual(found, [
          {
            id: goods,
            default_code: `${prefix}-A`,
            name: `${prefix} A`,
            display_name: `[${prefix}-A] ${prefix} A`,
            list_price: 10,
            lst_price: 10,
            type: 'consu',
            is_storable: true,
            active: true,
            uom_id: [1, 'Units'],
            barcode: false,
          },
          {
            id: service,
            default_code: `${prefix}-S`,
            name: `${prefix} S`,
            display_name: `[${prefix}-S] ${prefix} S`,
            list_price: 5,
            lst_price: 5,
            type: 'service',
            is_storable: false,
            active: true,
            uom_id: [1, 'Units'],
            barcode: false,
          },
        ]);
        check.deepEqual(await skus([['default_code', 'in', []]]), []);
        check.deepEqual(
          await skus([['default_code', '=', `${prefix}-a`]]),
          [],
          'codes are compared with their case',
        );
      });

      it('leaves archived records out unless asked', async () => {
        const { prefix } = bench.fixtures();
        const code = `${prefix}-X${transport}`;
        const id = await api().create('product.product', { name: code, default_code: code, type: 'service' });
        check.equal(
          await api().get('product.product', 'write', { ids: [id], args: { vals: { active: false } } }),
          true,
        );
        check.deepEqual(await skus([['default_code', '=', code]]), []);
        check.deepEqual(
          await skus([
            ['default_code', '=', code],
            ['active', 'in', [true, false]],
          ]),
          [code],
        );
        const call = { args: { domain: [['default_code', '=', code]] }, context: { active_test: false } };
        check.deepEqual(await api().get('product.product', 'search', call), [id]);
      });

      it('finds partners by reference, email and name', async () => {
        const { prefix } = bench.fixtures();
        check.deepEqual(await refs([['ref', '=', prefix]]), [prefix]);
        check.deepEqual(await refs([['email', '=ilike', `${prefix}@example.TEST`]]), [prefix]);
        check.deepEqual(await refs([['email', '=', `${prefix}@example.test`]]), [], '= minds the case');
        check.deepEqual(await refs([['name', 'ilike', `${prefix.toLowerCase()} part`]]), [prefix]);
        check.deepEqual(await refs([['name', 'like', `${prefix} part`]]), [], 'like minds the case');
        check.deepEqual(await refs([['name', '=like', `${prefix}%`]]), [prefix]);
        check.deepEqual(
          await refs([
            ['name', 'not ilike', prefix],
            ['ref', '=', prefix],
          ]),
          [],
        );
      });

      it('combines conditions in Polish notation', async () => {
        const { prefix, partner } = bench.fixtures();
        check.deepEqual(await refs(['|', ['ref', '=', prefix], ['ref', '=', 'no-such-ref']]), [prefix]);
        check.deepEqual(await refs(['&', ['ref', '=', prefix], ['name', '!=', false]]), [prefix]);
        check.deepEqual(await refs(['!', ['ref', '!=', prefix]]), [prefix]);
        check.deepEqual(await refs([['ref', '=', prefix], '!', ['id', '=', partner]]), []);
        check.deepEqual(await refs(['|', '&', ['ref', '=', prefix], ['id', '=', partner], ['id', '=', -1]]), [
          prefix,
        ]);
      });

      it('treats empty values as Odoo does', async () => {
        const { partner, prefix } = bench.fixtures();
        const mine = ['id', '=', partner];
        check.deepEqual(await refs([mine, ['vat', '=', false]]), [prefix]);
        check.deepEqual(await refs([mine, ['vat', '=', null]]), [prefix]);
        check.deepEqual(
          await refs([mine, ['vat', '!=', 'x']]),
          [prefix],
          'an empty value differs from every value',
        );
        check.deepEqual(await refs([mine, ['vat', 'not in', ['x']]]), [prefix]);
        check.deepEqual(await refs([mine, ['vat', 'in', [false, 'x']]]), [prefix]);
        check.deepEqual(await refs([mine, ['vat', '!=', false]]), []);
        check.deepEqual(await refs([mine, ['country_id', '=', false]]), [prefix]);
        check.deepEqual(await refs([mine, ['country_id', '!=', 1]]), [prefix]);
        check.deepEqual(await refs([mine, ['is_company', '=', false]]), [prefix]);
        check.deepEqual(await refs([mine, ['child_ids', '=', false]]), [prefix]);
      });

      it('compares numbers and follows relations', async () => {
        const { prefix } = bench.fixtures();
        const mine = ['default_code', '=like', `${prefix}-_`];
        check.deepEqual(await skus([mine, ['list_price', '>', 5]]), [`${prefix}-A`]);
        check.deepEqual(await skus([mine, ['list_price', '>=', 5]]), [`${prefix}-A`, `${prefix}-S`]);
        check.deepEqual(await skus([mine, ['list_price', '<', 5]]), [`${prefix}-B`]);
        check.deepEqual(await skus([mine, ['list_price', '<=', 5]]), [`${prefix}-B`, `${prefix}-S`]);
        check.deepEqual(await skus([mine, ['uom_id.name', '=', 'Units'], ['type', '=', 'service']]), [
          `${prefix}-S`,
        ]);
        const rows = await api().searchRead(
          'res.country.state',
          [
            ['country_id.code', '=', 'US'],
            ['code', '=', 'NY'],
          ],
          ['name', 'display_name', 'country_id'],
        );
        check.equal(rows[0]?.name, 'New York');
        check.equal(rows[0]?.display_name, 'New York (US)');
        check.equal(nameOf(rows[0]?.country_id), 'United States');
        const countries = await api().searchRead(
          'res.country',
          [['code', 'in', ['DE', 'TR']]],
          ['code', 'name', 'currency_id'],
        );
        check.deepEqual(
          countries.map((row) => [row.code, row.name, nameOf(row.currency_id)]),
          [
            ['DE', 'Germany', 'EUR'],
            ['TR', 'Türkiye', 'TRY'],
          ],
        );
      });

      it('compares write_date by the second: > leaves out what was written in that second', async () => {
        const { partner, prefix } = bench.fixtures();
        const { write_date: at } = await api().read('res.partner', partner, ['write_date']);
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '>', at],
          ]),
          [],
        );
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '>=', at],
          ]),
          [prefix],
        );
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '=', at],
          ]),
          [prefix],
        );
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '<', at],
          ]),
          [],
        );
        const before = new Date(Date.parse(`${String(at).replace(' ', 'T')}Z`) - 1000)
          .toISOString()
          .slice(0, 19)
          .replace('T', ' ');
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '>', before],
          ]),
          [prefix],
        );
        check.deepEqual(
          await refs([
            ['id', '=', partner],
            ['write_date', '>', '2020-01-01'],
          ]),
          [prefix],
        );
      });

      it('sorts, limits, skips and counts', async () => {
        const { prefix } = bench.fixtures();
        const mine = [['default_code', '=like', `${prefix}-_`]];
        check.deepEqual(await skus(mine, { order: 'default_code desc' }), [
          `${prefix}-S`,
          `${prefix}-B`,
          `${prefix}-A`,
        ]);
        check.deepEqual(await skus(mine, { limit: 1, offset: 1 }), [`${prefix}-B`]);
        check.deepEqual(await skus(mine, { order: 'type desc, default_code desc' }), [
          `${prefix}-S`,
          `${prefix}-B`,
          `${prefix}-A`,
        ]);
        check.equal(await api().get('product.product', 'search_count', { args: { domain: mine } }), 3);
        check.equal(
          await api().get('product.product', 'search_count', { args: { domain: mine, limit: 2 } }),
          2,
        );
      });

      it('reads in the order of the ids, repeated ones repeatedly, and ids without names on request', async () => {
        const { goods, service } = bench.fixtures();
        const rows = await api().get<{ id: number }[]>('product.product', 'read', {
          ids: [service, goods, service],
          args: { fields: ['type'] },
        });
        check.deepEqual(
          rows.map((row) => row.id),
          [service, goods, service],
        );
        const plain = await api().get<Record<string, unknown>[]>('product.product', 'read', {
          ids: [goods],
          args: { fields: ['uom_id'], load: null },
        });
        check.deepEqual(plain, [{ id: goods, uom_id: 1 }]);
      });

      it('finds orders and lines of an order', async () => {
        const { partner, goods, service } = bench.fixtures();
        const ref = bench.key();
        const id = await loadOrder(api(), [
          [bench.key(), String(partner), ref, String(goods), '1', '1', ''],
          ['', '', '', String(service), '1', '1', ''],
        ]);
        const orders = await api().searchRead('sale.order', [['client_order_ref', '=', ref]], ['state']);
        check.deepEqual(orders, [{ id, state: 'draft' }]);
        const byLine = await api().get('sale.order', 'search', {
          args: {
            domain: [
              ['order_line.product_id', '=', goods],
              ['client_order_ref', '=', ref],
            ],
          },
        });
        check.deepEqual(byLine, [id]);
        const lines = await api().searchRead(
          'sale.order.line',
          [
            ['order_id', 'in', [id]],
            ['product_id', '=', service],
          ],
          ['order_id', 'state', 'qty_delivered', 'qty_invoiced', 'display_type'],
        );
        check.equal(lines.length, 1);
        check.equal(idOf(lines[0]?.order_id), id);
        check.equal(lines[0]?.state, 'draft');
        check.equal(lines[0]?.qty_delivered, 0);
        check.equal(lines[0]?.display_type, false);
      });

      it('knows taxes by their rate, and whether they are in the price', async () => {
        const { tax19, tax19Included, prefix } = bench.fixtures();
        const rows = await api().searchRead(
          'account.tax',
          [
            ['type_tax_use', '=', 'sale'],
            ['amount', '=', 19],
            ['name', '=like', `${prefix}%`],
          ],
          ['name', 'amount', 'amount_type', 'price_include'],
          { order: 'id' },
        );
        check.deepEqual(rows, [
          { id: tax19, name: `${prefix} 19`, amount: 19, amount_type: 'percent', price_include: false },
          {
            id: tax19Included,
            name: `${prefix} 19i`,
            amount: 19,
            amount_type: 'percent',
            price_include: true,
          },
        ]);
        const twin = await api().call('account.tax', 'create', {
          args: { vals_list: [{ name: `${prefix} 19`, amount: 1, type_tax_use: 'sale' }] },
        });
        check.match(twin.fault?.message ?? '', /^Tax names must be unique!/);
      });

      it('describes all fields of what odoo changes watches', async () => {
        const models = new Set(
          Object.values(CHOICES).flatMap(({ watched }) => watched.map(({ model }) => model)),
        );
        for (const model of models) {
          const fields = await api().get<
            Record<string, { readonly type: string; readonly related?: string }>
          >(model, 'fields_get', {
            args: { attributes: ['type', 'string', 'store', 'related', 'selection'] },
          });
          const related = [...fieldsOf(model).values()].filter((field) => field.related !== undefined);
          check.deepEqual(
            related.map(({ name }) => [model, name, fields[name]?.related]),
            related.map((field) => [model, field.name, field.related]),
          );
        }
      });

      it('describes fields, and leaves out those that do not exist', async () => {
        const args = {
          allfields: ['partner_id', 'state', 'amount_total', 'no_such_field'],
          attributes: ['type', 'string', 'relation', 'required', 'readonly', 'store', 'selection'],
        };
        const fields = await api().get<Record<string, unknown>>('sale.order', 'fields_get', { args });
        check.deepEqual(fields, {
          partner_id: {
            type: 'many2one',
            string: 'Customer',
            relation: 'res.partner',
            required: true,
            readonly: false,
            store: true,
          },
          state: {
            type: 'selection',
            string: 'Status',
            required: false,
            readonly: true,
            store: true,
            selection: [
              ['draft', 'Quotation'],
              ['sent', 'Quotation Sent'],
              ['sale', 'Sales Order'],
              ['cancel', 'Cancelled'],
            ],
          },
          amount_total: { type: 'monetary', string: 'Total', required: false, readonly: true, store: true },
        });
      });

      it('resolves external ids of the base data', async () => {
        for (const [module, xml_id, model] of [
          ['base', 'main_company', 'res.company'],
          ['stock', 'warehouse0', 'stock.warehouse'],
          ['base', 'de', 'res.country'],
          ['uom', 'product_uom_unit', 'uom.uom'],
        ] as const) {
          const found = await api().get<[string, number]>('ir.model.data', 'check_object_reference', {
            args: { module, xml_id },
          });
          check.equal(found[0], model);
          check.ok(found[1] > 0);
        }
      });

      it('says what the user may do', async () => {
        const ask = (operation: string) =>
          api().call('sale.order', 'has_access', { ids: [], args: { operation } });
        check.equal((await ask('create')).value, true);
        check.equal((await ask('fly')).fault?.name, 'builtins.AssertionError');
      });

      it('knows currencies, active and not', async () => {
        const args = {
          domain: [['name', 'in', ['USD', 'EUR']]],
          fields: ['name', 'decimal_places', 'rounding'],
        };
        const all = await api().get<Record<string, unknown>[]>('res.currency', 'search_read', {
          args,
          context: { active_test: false },
        });
        check.deepEqual(all.map((row) => [row.name, row.decimal_places, row.rounding]).sort(), [
          ['EUR', 2, 0.01],
          ['USD', 2, 0.01],
        ]);
      });
    });
  }
}
