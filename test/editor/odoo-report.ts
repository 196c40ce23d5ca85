/** What a test of a connection answers, for the dialog and the console: a salesperson with stock rights, and an administrator. */
const DAY = 86_400_000;

const connection = {
  ok: true,
  version: '19.0',
  transport: 'json2',
  database: 'acme',
  user: 'integration@acme.example',
  company: 'Acme & Söhne GmbH',
  otherCompanies: ['Acme Ltd', 'Acme Inc'],
  ms: 120,
  canCreateOrders: true,
  unencrypted: false,
};

const capability = (name: string, missing: readonly object[] = [], may = true): object => ({
  name,
  purpose: name,
  may,
  missing,
});

export function salesperson(): Record<string, unknown> {
  return {
    ...connection,
    key: { state: 'ends', endsAt: new Date(Date.now() + 5.5 * DAY).toISOString(), exact: true, keys: 1 },
    keys: { count: 2, current: 'first', refused: ['next'] },
    excess: [],
    capabilities: [
      capability('connection'),
      capability('order', [
        {
          model: 'res.partner',
          operation: 'create',
          required: false,
          reason: 'right',
          group: 'Contact / Creation',
        },
      ]),
      capability('stock'),
      capability('fulfilment'),
      capability(
        'invoice',
        [
          {
            model: 'account.move',
            operation: 'create',
            required: true,
            reason: 'right',
            group: 'Accounting / Invoicing',
          },
          { model: 'account.move.reversal', operation: 'create', required: true, reason: 'right' },
        ],
        false,
      ),
      capability('cross-reference', [
        { model: 'product.customerinfo', operation: 'read', required: false, reason: 'app' },
      ]),
      { name: 'something-newer', purpose: 'do something newer', may: true, missing: [] },
    ],
  };
}

export function administrator(): Record<string, unknown> {
  return {
    ...connection,
    user: 'admin',
    otherCompanies: [],
    unencrypted: true,
    key: { state: 'endless' },
    keys: { count: 1, current: 'first', refused: [] },
    excess: ['administrator'],
    capabilities: ['connection', 'order', 'stock', 'invoice'].map((name) => capability(name)),
  };
}

/** What the console lists: one that works, one that is down, one that nobody uses. */
export function connections(): object[] {
  const traffic = { minutes: 5, calls: 1284, errors: 0, meanMs: 42, longestMs: 1810, byCode: {} };
  const open = {
    open: true,
    url: 'https://odoo.acme.example',
    database: 'acme',
    user: 'integration@acme.example',
    company: 'Acme & Söhne GmbH',
    version: { major: 19, minor: 0, text: '19.0', transport: 'json2' },
    breaker: 'closed',
    waitsMs: 0,
    traffic,
    key: { state: 'ends', endsAt: new Date(Date.now() + 5.5 * DAY).toISOString(), exact: true, keys: 2 },
    keys: { count: 2, current: 'next', refused: [] },
  };
  return [
    {
      ...open,
      id: 'n-odoo-server',
      name: 'Odoo of the head office',
      users: [{ id: 'n-odoo-order', type: 'crossdock-odoo-order', name: '' }],
    },
    {
      ...open,
      id: 'n-odoo-server-2',
      name: '',
      url: 'https://a-very-long-host-name-of-a-branch.odoo.acme-distribution.example',
      users: [],
      breaker: 'open',
      waitsMs: 12_000,
      traffic: { ...traffic, errors: 31, byCode: { ODOO_TIMEOUT: 26, ODOO_UNREACHABLE: 5 } },
      lastError: { code: 'ODOO_TIMEOUT', at: Date.now() - 4000 },
      key: { state: 'unknown' },
      keys: { count: 1, current: 'first', refused: [] },
    },
    { id: 'n-odoo-server-3', name: 'Test server', users: [], open: false },
  ];
}
