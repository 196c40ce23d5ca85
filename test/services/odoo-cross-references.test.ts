/** Cross-references read from a real Odoo 19: barcodes, packagings as units, vendors' codes; the community's module is not there. */
import assert from 'node:assert/strict';
import { odooReferences } from '../../core/cross-reference';
import { checkDigit } from '../../core/identifiers';
import { createOdooClient } from '../../core/odoo';
import { adminClient, createOne, newPrefix, odooFromEnvironment } from '../conformance/sales-fixture';

const server = odooFromEnvironment();

describe('cross-references from a real Odoo', () => {
  before(function () {
    if (server === undefined) this.skip();
  });

  it('what was made there is read', async () => {
    assert.ok(server);
    const admin = adminClient(server);
    const prefix = newPrefix();
    const gtin = (lead: string): string => {
      const body =
        lead +
        String(Date.now())
          .slice(-(12 - lead.length))
          .padStart(12 - lead.length, '0');
      return body + String(checkDigit(body));
    };
    const [own, pack] = [gtin('40'), gtin('41')];
    const product = await createOne(admin, 'product.product', {
      name: prefix,
      default_code: prefix,
      barcode: own,
    });
    const [row] = await admin.call<
      readonly { product_tmpl_id: [number, string]; uom_id: [number, string] }[]
    >('product.product', 'read', { ids: [product], args: { fields: ['product_tmpl_id', 'uom_id'] } });
    assert.ok(row);
    const unit = await createOne(admin, 'uom.uom', {
      name: `${prefix} of 24`,
      relative_factor: 24,
      relative_uom_id: row.uom_id[0],
    });
    await createOne(admin, 'product.uom', { product_id: product, uom_id: unit, barcode: pack });
    const vendor = await createOne(admin, 'res.partner', { name: `${prefix} vendor`, ref: `${prefix}-V` });
    await createOne(admin, 'product.supplierinfo', {
      partner_id: vendor,
      product_tmpl_id: row.product_tmpl_id[0],
      product_code: 'V-1',
    });
    await admin.close();

    const client = createOdooClient(server);
    const found: unknown[] = [];
    for await (const { input } of odooReferences(client)) {
      const { partner, scheme, code, target, packLevel, quantityPerUnit } = input;
      if (target === prefix) found.push([partner, scheme, code, packLevel, quantityPerUnit]);
    }
    await client.close();
    assert.deepEqual(found, [
      ['*', 'gtin', own, undefined, undefined],
      ['*', 'gtin', pack, 'XPK', '24'],
      [`${prefix}-V`, 'supplierSku', 'V-1', undefined, undefined],
    ]);
  });
});
