import { describeShipping } from '../conformance/fulfilment';
import { describeReturns } from '../conformance/returns';
import { clerkFromEnvironment } from '../conformance/sales-fixture';
import { describeWarehouseSteps } from '../conformance/warehouse-steps';

const clerk = async () => clerkFromEnvironment();

describeShipping('a real Odoo, as salesperson and stock user', clerk);
describeReturns('a real Odoo, as salesperson and stock user', clerk);
describeWarehouseSteps('a real Odoo, as salesperson and stock user', clerk);
