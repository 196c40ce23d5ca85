import { type Bench, idOf, type LoadAnswer, loadOrders, nameOf, ONCE, TRANSPORTS } from './odoo-server';

const MISSING = 99_999_999;

/** Partners created once by external id, with their addresses. */
export function describeLoadPartners(bench: Bench): void {
  const { check } = bench;

  for (const transport of TRANSPORTS) {
    describe(`load: partners over ${transport}`, () => {
      const api = () => bench.api(transport);

      it('creates partners once, with their address and their delivery address', async () => {
        const key = bench.key();
        const [germany] = await api().searchRead('res.country', [['code', '=', 'DE']], ['name']);
        const fields = [
          'id',
          'name',
          'email',
          'phone',
          'street',
          'street2',
          'city',
          'zip',
          'country_id/.id',
          'ref',
          'type',
          'company_type',
        ];
        const data = [
          [
            key,
            'Ünï Co',
            'Buy@B.example',
            '+49 30 1',
            'St 1',
            '',
            'Be',
            '10115',
            String(germany?.id),
            key,
            'contact',
            'company',
          ],
        ];
        const load = (rows: unknown[][], columns: string[]) =>
          api().get<LoadAnswer>('res.partner', 'load', {
            args: { fields: columns, data: rows },
            context: ONCE,
          });
        const id = ((await load(data, fields)).ids as number[])[0] ?? 0;
        check.deepEqual((await load(data, fields)).ids, [id]);
        const partner = await api().read('res.partner', id, [
          'name',
          'email',
          'phone',
          'street',
          'street2',
          'city',
          'zip',
          'country_id',
          'type',
          'company_type',
          'is_company',
          'ref',
          'commercial_partner_id',
        ]);
        check.deepEqual(partner, {
          id,
          name: 'Ünï Co',
          email: 'Buy@B.example',
          phone: '+49 30 1',
          street: 'St 1',
          street2: false,
          city: 'Be',
          zip: '10115',
          country_id: [germany?.id, 'Germany'],
          type: 'contact',
          company_type: 'company',
          is_company: true,
          ref: key,
          commercial_partner_id: [id, 'Ünï Co'],
        });
        const child = await load(
          [[`${key}-d`, 'Dock 7', 'St 2', 'delivery', String(id)]],
          ['id', 'name', 'street', 'type', 'parent_id/.id'],
        );
        const address = await api().read('res.partner', (child.ids as number[])[0] ?? 0, [
          'display_name',
          'street',
          'parent_id',
          'commercial_partner_id',
          'is_company',
        ]);
        check.equal(address.display_name, 'Ünï Co, Dock 7');
        check.equal(address.street, 'St 2');
        check.deepEqual(address.parent_id, [id, 'Ünï Co']);
        check.deepEqual(address.commercial_partner_id, [id, 'Ünï Co']);
        check.equal((await api().read('res.partner', id, ['street'])).street, 'St 1');
        const order = await loadOrders(api(), [[bench.key(), String(id)]], ONCE, ['id', 'partner_id/.id']);
        const addresses = await api().read('sale.order', (order.ids as number[])[0] ?? 0, [
          'partner_shipping_id',
          'partner_invoice_id',
        ]);
        check.equal(nameOf(addresses.partner_shipping_id), 'Ünï Co, Dock 7');
        check.equal(idOf(addresses.partner_invoice_id), id);
        const explicit = await loadOrders(api(), [[bench.key(), String(id), String(id), String(id)]], ONCE, [
          'id',
          'partner_id/.id',
          'partner_shipping_id/.id',
          'partner_invoice_id/.id',
        ]);
        const chosen = await api().read('sale.order', (explicit.ids as number[])[0] ?? 0, [
          'partner_shipping_id',
        ]);
        check.equal(idOf(chosen.partner_shipping_id), id);
      });

      const partnerCells: [column: string, value: string, message: string][] = [
        ['type', 'zz', "Value 'zz' not found in selection field 'Address Type'"],
        ['is_company', 'maybe', "Unknown value 'maybe' for boolean field 'Is a Company'"],
        [
          'country_id/.id',
          String(MISSING),
          `No matching record found for database id '${MISSING}' in field 'Country'`,
        ],
        ['state_id/.id', 'x', "Invalid database id 'x' for the field 'State'"],
      ];
      it('reports cells of a partner that it cannot take', async () => {
        for (const [column, value, text] of partnerCells) {
          const answer = await api().get<LoadAnswer>('res.partner', 'load', {
            args: { fields: ['id', 'name', column], data: [[bench.key(), 'n', value]] },
            context: ONCE,
          });
          check.equal(answer.ids, false);
          check.equal(answer.messages[0]?.message, text);
        }
        const unnamed = await api().get<LoadAnswer>('res.partner', 'load', {
          args: { fields: ['id', 'name'], data: [[bench.key(), '']] },
          context: ONCE,
        });
        check.equal(unnamed.messages[0]?.message, 'Contacts require a name');
      });
    });
  }
}
