/** The reference flow of marketplace orders on a real Odoo: what is approved is one order there, whatever happens in between. */

import { referenceOrdersSuite } from '../conformance/reference-orders';
import { adminClient, createSalesFixture, odooFromEnvironment } from '../conformance/sales-fixture';

describe('reference flow: marketplace orders of a day against a real Odoo', function () {
  this.timeout(120_000);
  const server = odooFromEnvironment();
  before(function () {
    if (server === undefined) this.skip();
  });
  if (server === undefined) return;
  referenceOrdersSuite(async () => {
    const admin = adminClient(server);
    const { skus, currency } = await createSalesFixture(admin);
    await admin.close();
    const catalogue = skus.map((sku, index) => ({ sku, name: sku, price: `${index + 1}.50` }));
    return { server, catalogue, currency };
  });
});
