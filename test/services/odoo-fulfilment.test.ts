import { describeShipping } from '../conformance/fulfilment';
import { describeReturns } from '../conformance/returns';
import { clerkFromEnvironment } from '../conformance/sales-fixture';

describeShipping('a real Odoo, as salesperson and stock user', async () => clerkFromEnvironment());
describeReturns('a real Odoo, as salesperson and stock user', async () => clerkFromEnvironment());
