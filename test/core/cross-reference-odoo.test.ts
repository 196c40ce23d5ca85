import assert from 'node:assert/strict';
import { odooReferences } from '../../core/cross-reference';
import { createOdooClient } from '../../core/odoo';
import { Fault, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

/** Rows by model; what is not there is a model that is not installed. */
type Data = Record<string, readonly Record<string, unknown>[]>;

const PRODUCTS = [
  { id: 1, default_code: 'A-1', barcode: '4006381333931', product_tmpl_id: [10, 'A'], uom_id: [1, 'Units'] },
  { id: 2, default_code: 'B-1', barcode: 'SHELF-7', product_tmpl_id: [11, 'B'], uom_id: [1, 'Units'] },
  { id: 3, default_code: 'B-2', barcode: false, product_tmpl_id: [11, 'B'], uom_id: [1, 'Units'] },
];
const INFO = [
  { id: 1, product_code: 'V-A', product_id: false, product_tmpl_id: [10, 'A'] },
  // Of all variants: it names none.
  { id: 2, product_code: 'V-B', product_id: false, product_tmpl_id: [11, 'B'] },
  { id: 3, product_code: 'V-B2', product_id: [3, 'B-2'], product_tmpl_id: [11, 'B'] },
];

async function read(major: number, data: Data): Promise<string[]> {
  const odoo: ScriptedOdoo = await startScriptedOdoo(({ model, method, args, ids }) => {
    if (method === 'authenticate') return 7;
    if (method === 'read')
      return (ids ?? (args['ids'] as number[])).map((id) => ({
        id,
        ref: id === 5 ? 'VEND' : false,
        name: `P${id}`,
      }));
    const rows = data[model];
    if (rows === undefined)
      return new Fault(404, 'werkzeug.exceptions.NotFound', `the model ${model} does not exist`);
    const [, , after] = (args['domain'] as [string, string, number][])[0] ?? ['', '', 0];
    return rows.filter(({ id }) => Number(id) > after);
  });
  odoo.version = [major, 0, 0, 'final', 0, ''];
  const client = createOdooClient({ url: odoo.url, database: 'd', login: 'l', apiKey: 'k' });
  try {
    const found: string[] = [];
    for await (const { input } of odooReferences(client)) {
      const { partner, scheme, code, target, packLevel = '', quantityPerUnit = '' } = input;
      found.push([partner, scheme, code, target, packLevel, quantityPerUnit].join(' ').trim());
    }
    return found;
  } finally {
    await client.close();
    await odoo.close();
  }
}

describe('cross-references from Odoo', () => {
  const basic = ['* gtin 4006381333931 A-1', '* barcode SHELF-7 B-1'];

  it('19: packagings are units with a barcode per product', async () => {
    const found = await read(19, {
      'product.product': PRODUCTS,
      'uom.uom': [
        { id: 1, name: 'Units', factor: 1, parent_path: '1/' },
        { id: 2, name: 'Pack of 6', factor: 6, parent_path: '1/2/' },
      ],
      'product.uom': [{ id: 1, product_id: [1, 'A'], uom_id: [2, 'Pack of 6'], barcode: '10614141000415' }],
      'product.supplierinfo': INFO.map((row) => ({ ...row, partner_id: [5, 'Vendor'] })),
    });
    assert.deepEqual(found, [
      ...basic,
      '* gtin 10614141000415 A-1 XPK 6',
      'VEND supplierSku V-A A-1',
      'VEND supplierSku V-B2 B-2',
    ]);
  });

  for (const [major, field] of [
    [17, 'partner_id'],
    [15, 'name'],
  ] as const) {
    it(`${major}: packagings are rows of the product; a vendor is in ${field}`, async () => {
      const found = await read(major, {
        'product.product': PRODUCTS,
        'product.packaging': [{ id: 1, product_id: [1, 'A'], qty: 12, barcode: '10614141000415' }],
        'product.supplierinfo': INFO.map((row) => ({ ...row, [field]: [6, 'Vendor'] })),
        'product.customerinfo': [
          { id: 1, product_code: 'C-A', product_id: [1, 'A'], product_tmpl_id: [10, 'A'], [field]: [5, 'x'] },
        ],
      });
      assert.deepEqual(found, [
        ...basic,
        '* gtin 10614141000415 A-1 XPK 12',
        'P6 supplierSku V-A A-1',
        'P6 supplierSku V-B2 B-2',
        'VEND buyerSku C-A A-1',
      ]);
    });
  }

  it('a model that Odoo must have and refuses is told', async () => {
    await assert.rejects(read(17, { 'product.product': PRODUCTS, 'product.packaging': [] }));
  });
});
