import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeOrderWriter } from '../conformance/order-writer';

describe('order writer and stand-in', () => {
  let standIn: OdooStandIn | undefined;

  after(async () => {
    await standIn?.close();
  });

  describeOrderWriter("the sandbox's Odoo", async () => {
    standIn = await startOdooStandIn();
    return standIn;
  });
});
