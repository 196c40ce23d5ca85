import { describeOrderDesk } from '../conformance/order-desk';
import { odooFromEnvironment } from '../conformance/sales-fixture';

describeOrderDesk('a real Odoo', async () => {
  const server = odooFromEnvironment();
  const { ODOO_TEST_CLERK_LOGIN: login, ODOO_TEST_CLERK_API_KEY: apiKey } = process.env;
  return server && { ...server, ...(login && apiKey ? { clerk: { login, apiKey } } : {}) };
});
