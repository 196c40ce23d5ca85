import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeOrderDesk } from '../conformance/order-desk';

describe('order desk and stand-in', () => {
  let standIn: OdooStandIn | undefined;

  after(async () => {
    await standIn?.close();
  });

  describeOrderDesk("the sandbox's Odoo", async () => {
    standIn = await startOdooStandIn();
    return standIn;
  });
});
