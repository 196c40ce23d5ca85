import { clerkFromEnvironment, odooFromEnvironment } from '../conformance/sales-fixture';
import { describeStockAdjustments } from '../conformance/stock-adjustments';
import { describeStockLevels } from '../conformance/stock-levels';

const connect = async () => {
  const [admin, account] = [odooFromEnvironment(), clerkFromEnvironment()];
  return admin === undefined || account === undefined ? undefined : { admin, account };
};

describeStockAdjustments('a real Odoo, as a plain stock user', connect);
describeStockLevels('a real Odoo, as a plain stock user', connect);
