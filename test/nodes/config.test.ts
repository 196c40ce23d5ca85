import assert from 'node:assert/strict';
import { crossdock, eventChannel, MINIMAL, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, useFlows } from './harness';

/** An address at which nothing listens: what nodes do without their other side. */
const NOWHERE = 'http://127.0.0.1:9';
const CONFIGS: FlowNode[] = [STORE, odooServer(NOWHERE), eventChannel('mqtt://127.0.0.1:9')];
/** What Node-RED leaves in a configuration when the environment variable is not set. */
const UNSET = ['$', '{NOT_SET_HERE}'].join('');
const CREDENTIALS = { server: { apiKey: 'key' } };
const NAMES = Object.keys(MINIMAL);

describe('configuration of the nodes', () => {
  const flows = useFlows();

  for (const name of NAMES) {
    it(`${name} starts with its defaults and closes cleanly`, async () => {
      const run = await flows.load([...observers('n'), ...CONFIGS, crossdock(name, 'n')], {
        credentials: CREDENTIALS,
      });
      const status = await run.untilStatus('n', /./);
      assert.notEqual(status.fill, 'red', status.text);
      await run.redeploy([...observers()]);
      assert.equal(run.got('caught').length, 0);
    });
  }

  const cases: { name: string; config: Record<string, unknown>; says: RegExp }[] = [
    ...NAMES.filter((name) => 'store' in (MINIMAL[name] ?? {})).flatMap((name) => [
      { name, config: { store: '' }, says: /^Store is not chosen/ },
      { name, config: { store: 'gone' }, says: /^Store is missing or disabled/ },
      { name, config: { store: 'server' }, says: /^Store is missing or disabled/ },
    ]),
    { name: 'webhook-in', config: { path: '' }, says: /^Path is missing/ },
    { name: 'webhook-in', config: { source: '  ' }, says: /^Source is missing/ },
    {
      name: 'webhook-in',
      config: { path: UNSET },
      says: /^The environment variable NOT_SET_HERE is not set \(Path\)/,
    },
    { name: 'webhook-in', config: { signature: 'md5' }, says: /^Signature must be one of: none, shopify/ },
    { name: 'webhook-in', config: { signature: 'shopify' }, says: /^The secret that the sender signs with/ },
    { name: 'webhook-in', config: { maxBodyKb: 0 }, says: /^Largest body must be a/ },
    { name: 'webhook-in', config: { concurrency: 'many' }, says: /^In the flow at once must be a/ },
    { name: 'webhook-in', config: { concurrency: 1.5 }, says: /^In the flow at once must be a whole number/ },
    { name: 'webhook-in', config: { maxAttempts: -1 }, says: /^Attempts must be a/ },
    { name: 'webhook-in', config: { holdSeconds: 1e9 }, says: /^Time in the flow must be a/ },
    { name: 'canonical-mapper', config: { mapping: 'magento' }, says: /^Mapping must be one of/ },
    { name: 'canonical-mapper', config: { mapping: 'custom' }, says: /^Mapping specification is missing/ },
    {
      name: 'canonical-mapper',
      config: { mapping: 'custom', spec: '{' },
      says: /^The mapping specification is not/,
    },
    { name: 'canonical-mapper', config: { mapping: 'custom', spec: '{}' }, says: /mapping/i },
    { name: 'idempotency-guard', config: { keyType: 'flow' }, says: /^Key must be one of/ },
    { name: 'idempotency-guard', config: { keyType: 'msg', key: '' }, says: /^Key is missing/ },
    {
      name: 'idempotency-guard',
      config: { keyType: 'jsonata', key: '((' },
      says: /^The expression cannot be read/,
    },
    { name: 'idempotency-guard', config: { retentionDays: 0 }, says: /^Remember for must be/ },
    { name: 'idempotency-guard', config: { waitSeconds: 'x' }, says: /^Wait for the first must be/ },
    {
      name: 'idempotency-guard',
      config: { concurrent: 'never' },
      says: /^While the first is at work must be/,
    },
    { name: 'idempotency-guard', config: { ignore: 'updated_at' }, says: /^May differ must be members/ },
    { name: 'idempotency-guard', config: { scopeType: 'msg', scope: '' }, says: /^Scope is missing/ },
    { name: 'sequence-guard', config: { versionKind: 'date' }, says: /^Version is a must be one of/ },
    { name: 'sequence-guard', config: { gaps: 'fill' }, says: /^Gaps must be one of/ },
    { name: 'sequence-guard', config: { holdSeconds: 0 }, says: /^Wait for what is missing must be/ },
    {
      name: 'sequence-guard',
      config: { versionType: 'jsonata', version: '((' },
      says: /^The expression cannot be read/,
    },
    { name: 'odoo-order', config: { server: '' }, says: /^Odoo server is not chosen/ },
    { name: 'odoo-order', config: { server: 'store' }, says: /^Odoo server is missing or disabled/ },
    { name: 'odoo-order', config: { customer: 'nobody' }, says: /^Customer must be one of/ },
    { name: 'odoo-order', config: { customer: 'fixed' }, says: /^Customer reference is missing/ },
    { name: 'odoo-order', config: { batchSize: 101 }, says: /^Orders per call must be/ },
    { name: 'odoo-order', config: { batchSize: 2.5 }, says: /^Orders per call must be a whole number/ },
    { name: 'odoo-order', config: { tolerance: '1e3' }, says: /^Tolerance must be a number/ },
    { name: 'odoo-order', config: { tolerance: '-1' }, says: /^Tolerance must be a number/ },
    { name: 'odoo-fulfilment', config: { server: '' }, says: /^Odoo server is not chosen/ },
    { name: 'odoo-fulfilment', config: { operation: 'fly' }, says: /^Operation must be one of/ },
    { name: 'odoo-fulfilment', config: { excess: 'ask' }, says: /^More than ordered must be one of/ },
    {
      name: 'odoo-fulfilment',
      config: { quarantine: UNSET },
      says: /^The environment variable NOT_SET_HERE/,
    },
    { name: 'odoo-invoice', config: { server: '' }, says: /^Odoo server is not chosen/ },
    { name: 'odoo-invoice', config: { operation: 'pay' }, says: /^Operation must be one of/ },
    { name: 'odoo-invoice', config: { grouping: 'day' }, says: /^Grouping must be one of/ },
    { name: 'inventory-publish', config: { from: 'file' }, says: /^Stock from must be one of/ },
    { name: 'inventory-publish', config: { channel: '' }, says: /^Event channel is not chosen/ },
    { name: 'inventory-publish', config: { server: '' }, says: /^Odoo server is not chosen/ },
    { name: 'inventory-publish', config: { buffer: 'some' }, says: /^Safety buffer must be a number/ },
    { name: 'reconciler', config: { leftType: 'sql' }, says: /^Source must be one of/ },
    { name: 'reconciler', config: { server: '' }, says: /^Odoo server is not chosen/ },
    { name: 'reconciler', config: { schedule: 'every' }, says: /^A schedule has no message/ },
    { name: 'reconciler', config: { leftType: 'file', leftProperty: '' }, says: /^File is missing/ },
    { name: 'reconciler', config: { about: 'custom', fields: [] }, says: /^Compared fields are missing/ },
    {
      name: 'reconciler',
      config: { fields: [{ type: 'odd', path: 'a' }] },
      says: /^Type of a compared field/,
    },
    { name: 'reconciler', config: { tolerancePercent: 'x' }, says: /^Tolerance in percent must be a number/ },
  ];
  for (const { name, config, says } of cases) {
    it(`${name} with ${JSON.stringify(config)} says what is wrong, and fails messages instead of the process`, async () => {
      const run = await flows.load([...observers('n'), ...CONFIGS, crossdock(name, 'n', config)], {
        credentials: CREDENTIALS,
      });
      const status = await run.untilStatus('n', 'red');
      // The status is shortened to 60 characters: the sentence's beginning must say it.
      assert.match(status.text ?? '', says);
      if (name === 'webhook-in') return;
      run.send('n', { payload: 1 });
      const caught = await run.nth('caught');
      assert.match(
        String(caught.error?.message),
        says.source.startsWith('^') ? new RegExp(says.source.slice(1)) : says,
      );
      assert.ok(caught.error?.code);
      assert.equal(run.got('completed').length, 0);
      await run.redeploy([...observers()]);
    });
  }

  for (const { what, config, credentials, says } of [
    { what: 'no API key', config: {}, credentials: {}, says: /API key of the Odoo server is missing/ },
    {
      what: 'an API key from a variable that is not set',
      config: {},
      credentials: { server: { apiKey: UNSET } },
      says: /^The environment variable NOT_SET_HERE is not set \(API key\)/,
    },
    {
      what: 'an address from a variable that is not set',
      config: { url: UNSET },
      credentials: CREDENTIALS,
      says: /^The environment variable NOT_SET_HERE is not set \(Addr/,
    },
    { what: 'an address that is none', config: { url: 'odoo' }, credentials: CREDENTIALS, says: /not a URL/ },
    {
      what: 'a time limit of 0',
      config: { timeoutSeconds: 0 },
      credentials: CREDENTIALS,
      says: /^Time limit must be a/,
    },
  ]) {
    it(`an Odoo server with ${what} tells every node that uses it`, async () => {
      const run = await flows.load(
        [...observers('n', 'm'), STORE, odooServer(NOWHERE, config), crossdock('odoo-order', 'n')],
        { credentials },
      );
      assert.match((await run.untilStatus('n', 'red')).text ?? '', says);
    });
  }

  it('a login from a variable that is not set counts as none: Odoo 19 needs none', async () => {
    const run = await flows.load(
      [...observers('n'), odooServer(NOWHERE, { login: UNSET }), crossdock('odoo-order', 'n')],
      { credentials: CREDENTIALS },
    );
    await run.untilStatus('n', 'green');
  });

  for (const { what, config, says } of [
    { what: 'another kind', config: { kind: 'carrier pigeon' }, says: /^Kind must be one of: mqtt/ },
    { what: 'no address', config: { url: '' }, says: /^Address of the broker is missing/ },
    {
      what: 'an address from a variable that is not set',
      config: { url: UNSET },
      says: /^The environment variable NOT_SET_HERE is not set \(Addr/,
    },
    { what: 'an address that is none', config: { url: 'broker' }, says: /./ },
    {
      what: 'TLS settings that are gone',
      config: { tls: 'gone' },
      says: /^TLS settings are missing or disabled/,
    },
    { what: 'a wildcard in its topic prefix', config: { topicPrefix: 'dist/#' }, says: /./ },
  ]) {
    it(`an event channel with ${what} is refused, not guessed at`, async () => {
      const run = await flows.load(
        [
          ...observers('n'),
          STORE,
          eventChannel('mqtt://127.0.0.1:9', config),
          crossdock('inventory-publish', 'n', { from: 'msg' }),
        ],
        { credentials: CREDENTIALS },
      );
      assert.match((await run.untilStatus('n', 'red')).text ?? '', says);
    });
  }
});
