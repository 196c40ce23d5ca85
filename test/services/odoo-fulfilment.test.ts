import { describeShipping } from '../conformance/fulfilment';
import { describeReturns } from '../conformance/returns';
import { clerkFromEnvironment, odooFromEnvironment } from '../conformance/sales-fixture';
import { describeWarehouseSteps } from '../conformance/warehouse-steps';

const clerk = async () => clerkFromEnvironment();
const admin = async () => odooFromEnvironment();

// All places at which a process may die are tried on the stand-in; here some of them.
describeShipping('a real Odoo, as salesperson and stock user', clerk, { every: 6, lean: true });
describeReturns('a real Odoo, as salesperson and stock user', clerk, { every: 8, lean: true });
describeWarehouseSteps('a real Odoo, as salesperson and stock user', clerk);
describeShipping('a real Odoo over JSON-RPC', clerk, { transport: 'jsonrpc', essential: true });
describeReturns('a real Odoo over JSON-RPC', clerk, { transport: 'jsonrpc', essential: true });
describeShipping('a real Odoo as administrator', admin, { essential: true });
