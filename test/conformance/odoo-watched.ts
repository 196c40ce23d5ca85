import { createOdooClient, type OdooClient } from '../../core/odoo';
import { fieldsOf, type ModelFields } from '../../core/odoo/call/fields';
import type { PlainRecord } from '../../core/odoo/call/read-values';
import { CHOICES } from '../../core/odoo/changes/choices';
import { ChangeReader } from '../../core/odoo/changes/reader';
import { fieldsOf as fieldsHere } from '../../sandbox/odoo/reality';
import { type Api, type Bench, type Fixtures, idOf, type OdooServer, TRANSPORTS } from './odoo-server';
import { asSaid, SAID, type World } from './watched-records';

/** The models of what odoo changes offers, and the one that products have most of their fields from. */
const MODELS = new Set([
  ...Object.values(CHOICES).flatMap(({ watched }) => watched.map(({ model }) => model)),
  'product.template',
]);

/** As the reader of changes has them: one column each. */
const PLAIN = [
  ...['boolean', 'char', 'date', 'datetime', 'float', 'integer', 'many2one', 'monetary', 'selection', 'text'],
];

/** Goods in stock, a German company with a contact, an order that is delivered in part and charged, and a credit note. */
async function makeWorld(api: Api, { prefix, stock, service, tax19 }: Fixtures): Promise<World> {
  const counted = { inventory_mode: true };
  const goods = await api.create('product.product', {
    ...{ name: `${prefix} W`, default_code: `${prefix}-W`, type: 'consu', is_storable: true },
    ...{ standard_price: 3, weight: 1.5, list_price: 10 },
  });
  const quant = await api.create(
    'stock.quant',
    { product_id: goods, location_id: stock, inventory_quantity: 10 },
    counted,
  );
  await api.get('stock.quant', 'action_apply_inventory', { ids: [quant] });
  const company = await api.create('res.partner', {
    ...{ name: `${prefix} Co`, is_company: true, ref: `${prefix}-co`, vat: 'DE136695976' },
    ...{ phone: '+49 30 1234567', street: 'S 1', zip: '12345', city: 'Berlin', country_id: 57 },
  });
  const contact = await api.create('res.partner', { name: `${prefix} Contact`, parent_id: company });
  const line = (product: number, quantity: number) => [
    0,
    0,
    { product_id: product, product_uom_qty: quantity, price_unit: 10, tax_ids: [[6, 0, [tax19]]] },
  ];
  const order = (lines: unknown[]) =>
    api.create('sale.order', { partner_id: company, client_order_ref: `${prefix}-ref`, order_line: lines });
  const quotation = await order([line(service, 1)]);
  const sale = await order([line(goods, 4)]);
  await api.get('sale.order', 'action_confirm', { ids: [sale] });
  const { picking_ids: pickings } = await api.read('sale.order', sale, ['picking_ids']);
  const [picking = 0] = pickings as number[];
  const { move_ids: moves } = await api.read('stock.picking', picking, ['move_ids']);
  const args = { vals: { quantity: 3, picked: true } };
  await api.get('stock.move', 'write', { ids: moves as number[], args });
  const context = { skip_sms: true, skip_backorder: true };
  await api.get('stock.picking', 'button_validate', { ids: [picking], context });
  const dialog = await api.create('sale.advance.payment.inv', {
    ...{ advance_payment_method: 'delivered', sale_order_ids: [[6, 0, [sale]]] },
  });
  await api.get('sale.advance.payment.inv', 'create_invoices', { ids: [dialog] });
  const { invoice_ids: invoices } = await api.read('sale.order', sale, ['invoice_ids']);
  const [invoice = 0] = invoices as number[];
  await api.get('account.move', 'action_post', { ids: [invoice] });
  const product = { product_id: service, quantity: 1, price_unit: 5, product_uom_id: 1 };
  const credit = await api.create('account.move', {
    ...{ move_type: 'out_refund', partner_id: contact },
    invoice_line_ids: [[0, 0, { ...product, tax_ids: [[6, 0, []]] }]],
  });
  const found = async (model: string, domain: unknown[]) =>
    (await api.searchRead(model, domain, ['id'], { order: 'id' })).map(({ id }) => Number(id));
  const { product_tmpl_id: template } = await api.read('product.product', goods, ['product_tmpl_id']);
  return {
    prefix,
    records: {
      'res.partner': { company, contact },
      'product.product': { goods, service },
      'product.template': { template: idOf(template) },
      'sale.order': { quotation, sale },
      'stock.picking': named(['done', 'open'], await found('stock.picking', [['sale_id', '=', sale]])),
      'stock.move': named(['count', 'done', 'open'], await found('stock.move', [['product_id', '=', goods]])),
      'stock.quant': named(
        ['here'],
        await found('stock.quant', [
          ['product_id', '=', goods],
          ['location_id', '=', stock],
        ]),
      ),
      'account.move': { invoice, credit },
    },
  };
}

const named = (names: readonly string[], ids: readonly number[]): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name, at) => [name, ids[at] ?? 0]));

/** What of a record is not empty as its type has it, in the words of `SAID`. */
function said(values: PlainRecord, fields: ModelFields, prefix: string): PlainRecord {
  const nothing: Readonly<Record<string, unknown>> = {
    boolean: false,
    integer: 0,
    float: '0',
    monetary: '0',
  };
  const made = String(values['create_date']);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([name, value]) => name !== 'id' && value !== (nothing[fields.get(name)?.type ?? ''] ?? null))
      .map(([name, value]) => [name, asSaid(name, value, prefix, made)]),
  );
}

/** The reads of odoo changes: all stored plain fields of each model that it watches, and what each choice shows. */
export function describeWatched(bench: Bench): void {
  const { check } = bench;

  describe('what odoo changes reads', () => {
    let made: Promise<World> | undefined;
    const world = () => {
      made ??= makeWorld(bench.api('JSON-2'), bench.fixtures());
      return made;
    };
    const clients: OdooClient[] = [];
    after(async () => {
      for (const client of clients) await client.close();
      if (made === undefined) return;
      const { records } = await made;
      const call = { ids: [records['product.product']?.goods ?? 0], args: { vals: { active: false } } };
      await bench.api('JSON-2').call('product.product', 'write', call);
    });

    function connect(transport: 'json2' | 'jsonrpc', account: Partial<OdooServer> = {}): OdooClient {
      const { url, database, login, apiKey } = { ...bench.server(), ...account };
      const client = createOdooClient({ url, database, login, apiKey, transport, allow: { '*': ['*'] } });
      clients.push(client);
      return client;
    }

    for (const model of MODELS) {
      it(`knows the stored plain fields of ${model}`, async () => {
        const there = [...(await fieldsOf(connect('json2'), model))].flatMap(([name, { type, stored }]) =>
          stored && PLAIN.includes(type) ? [name] : [],
        );
        const here = [...fieldsHere(model).values()].flatMap(({ name, type, stored }) =>
          stored && PLAIN.includes(type) ? [name] : [],
        );
        check.deepEqual(there.sort(), here.sort());
      });
    }

    for (const transport of TRANSPORTS) {
      const wire = transport === 'JSON-2' ? 'json2' : 'jsonrpc';

      for (const model of MODELS) {
        it(`reads all of ${model} over ${transport}`, async () => {
          const { prefix, records } = await world();
          const client = connect(wire);
          const reader = new ChangeReader(client, { model, domain: [], fields: [] });
          const ids = records[model] ?? {};
          const found = await reader.contents(Object.values(ids));
          const fields = await fieldsOf(client, model);
          const values = (id: number) => found.find((each) => each.id === id)?.values ?? {};
          check.deepEqual(
            Object.fromEntries(
              Object.entries(ids).map(([name, id]) => [name, said(values(id), fields, prefix)]),
            ),
            SAID[model],
          );
        });
      }

      for (const [choice, { watched }] of Object.entries(CHOICES)) {
        it(`reads what the choice ${choice} shows over ${transport}, whoever may see how much`, async () => {
          const { records } = await world();
          const { clerk } = bench.server();
          for (const account of [bench.server(), ...(clerk === undefined ? [] : [clerk])]) {
            const client = connect(wire, account);
            for (const each of watched) {
              const ids = Object.values(records[each.model] ?? {});
              const found = await new ChangeReader(client, each).contents(ids);
              check.deepEqual(
                found.map(({ id }) => id),
                [...ids].sort((one, other) => one - other),
              );
              const known = await fieldsOf(client, each.model);
              for (const { values } of found) {
                check.deepEqual(
                  Object.keys(values),
                  each.fields.filter((name) => known.has(name)),
                );
              }
            }
          }
        });
      }
    }
  });
}
