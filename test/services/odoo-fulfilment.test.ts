import { describeShipping } from '../conformance/fulfilment';
import { clerkFromEnvironment } from '../conformance/sales-fixture';

describeShipping('a real Odoo, as salesperson and stock user', async () => clerkFromEnvironment());
