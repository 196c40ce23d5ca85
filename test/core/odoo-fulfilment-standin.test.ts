import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeShipping } from '../conformance/fulfilment';
import { describeReturns } from '../conformance/returns';
import { describeWarehouseSteps } from '../conformance/warehouse-steps';

describe('fulfilment and stand-in', () => {
  let standIn: Promise<OdooStandIn> | undefined;
  const server = (): Promise<OdooStandIn> => {
    standIn ??= startOdooStandIn();
    return standIn;
  };

  after(async () => {
    await (await standIn)?.close();
  });

  describeShipping("the sandbox's Odoo", server);
  describeReturns("the sandbox's Odoo", server);
  describeWarehouseSteps("the sandbox's Odoo", server);
});
