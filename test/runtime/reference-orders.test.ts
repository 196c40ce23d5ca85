/** The reference flow of marketplace orders on the Odoo stand-in. */
import { catalogue, currency } from '../../sandbox/catalogue';
import { type OdooStandIn, seedOdoo, startOdooStandIn } from '../../sandbox/odoo';
import { referenceOrdersSuite } from '../conformance/reference-orders';

describe('reference flow: marketplace orders of a day against Odoo', function () {
  this.timeout(120_000);
  // Nothing here is another thing on Node-RED 4.1; the stock flow is run on both.
  if (process.env['CROSSDOCK_NODE_RED']?.startsWith('4')) return;
  let standIn: OdooStandIn;
  after(() => standIn?.close());
  referenceOrdersSuite(async () => {
    standIn = await startOdooStandIn();
    await seedOdoo(standIn);
    return { server: standIn, catalogue, currency };
  });
});
