import { describeInvoices } from '../conformance/invoices';
import { odooFromEnvironment } from '../conformance/sales-fixture';

describeInvoices(
  'a real Odoo',
  async () => {
    const server = odooFromEnvironment();
    const { ODOO_TEST_CLERK_LOGIN: login, ODOO_TEST_CLERK_API_KEY: apiKey } = process.env;
    return server && { ...server, ...(login && apiKey ? { clerk: { login, apiKey } } : {}) };
  },
  { few: true, rights: true },
);
