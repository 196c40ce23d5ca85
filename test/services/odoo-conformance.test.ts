import { describeOdooConformance } from '../conformance/odoo';

/** The real Odoo 19 that ODOO_TEST_URL, ODOO_TEST_DB, ODOO_TEST_LOGIN and ODOO_TEST_API_KEY point at, if they are set. */
describeOdooConformance('real Odoo', async () => {
  const {
    ODOO_TEST_URL: url,
    ODOO_TEST_DB: database,
    ODOO_TEST_LOGIN: login,
    ODOO_TEST_API_KEY: apiKey,
    ODOO_TEST_CLERK_LOGIN: clerkLogin,
    ODOO_TEST_CLERK_API_KEY: clerkKey,
  } = process.env;
  const clerk = clerkLogin && clerkKey ? { login: clerkLogin, apiKey: clerkKey } : undefined;
  return url && database && login && apiKey
    ? { url: url.replace(/\/$/, ''), database, login, apiKey, clerk }
    : undefined;
});
