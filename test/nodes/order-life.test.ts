import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeOrderLife } from '../conformance/order-life';

let odoo: OdooStandIn | undefined;

describeOrderLife('the stand-in', async () => {
  odoo = await startOdooStandIn({ latencyMs: 0 });
  return odoo;
});

after(() => odoo?.close());
