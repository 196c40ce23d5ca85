import { describeOrderLife } from '../conformance/order-life';
import { odooFromEnvironment } from '../conformance/sales-fixture';

// Messages that come twice are the stand-in's part (test/nodes).
describeOrderLife('a real Odoo', async () => odooFromEnvironment(), false);
