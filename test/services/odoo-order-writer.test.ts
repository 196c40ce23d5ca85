import { describeOrderWriter } from '../conformance/order-writer';
import { odooFromEnvironment } from '../conformance/sales-fixture';

describeOrderWriter('a real Odoo', async () => odooFromEnvironment());
