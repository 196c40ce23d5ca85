import { type OdooStandIn, startOdooStandIn } from '../../sandbox/odoo';
import { describeStockAdjustments } from '../conformance/stock-adjustments';
import { describeStockLevels } from '../conformance/stock-levels';

describe('stock and stand-in', function () {
  this.timeout(60_000);
  let standIn: Promise<OdooStandIn> | undefined;
  /** Counts as a plain stock user; an administrator looks after the fixture. */
  const connect = async () => {
    standIn ??= startOdooStandIn();
    const admin = await standIn;
    return { admin, account: { ...admin, ...admin.clerk } };
  };

  after(async () => {
    await (await standIn)?.close();
  });

  describeStockAdjustments("the sandbox's Odoo", connect);
  describeStockLevels("the sandbox's Odoo", connect);
});
