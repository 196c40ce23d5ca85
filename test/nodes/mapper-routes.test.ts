import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readyMapping } from '../../core/mapping';
import type {
  ApiError,
  Catalogue,
  ContractAnswer,
  DiffAnswer,
  ImpactAnswer,
  SampleAnswer,
  SpecAnswer,
  SuggestAnswer,
  TryAnswer,
  VersionsAnswer,
} from '../../core/mapping-desk';
import type { HttpHandler, Red } from '../../nodes/shared/red';
import { catalogue as items } from '../../sandbox/catalogue';
import { makeShopifyOrder } from '../../sandbox/storefront/orders';
import { createRng } from '../../sandbox/storefront/rng';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, nodeSet, type Running, sink, useFlows } from './harness';

const order = (number: number) =>
  makeShopifyOrder(createRng(`mapper ${number}`), {
    catalogue: items,
    number,
    shop: 'acme',
    currency: 'EUR',
  });

const OWN = { ...readyMapping('shopify-order'), name: 'acme-order', version: '1.0.0' };

describe('mapper routes', () => {
  const flows = useFlows();
  const flow = (spec: object = OWN): FlowNode[] => [
    { id: 'tab', type: 'tab', label: 'Orders' },
    { ...STORE, name: 'gateway' },
    crossdock('webhook-in', 'in', { path: '/in', source: 'shop', name: 'shop' }, [['tidy']]),
    { id: 'tidy', type: 'change', z: 'tab', name: 'tidy', rules: [], wires: [['mapper']] },
    crossdock(
      'canonical-mapper',
      'mapper',
      { name: 'orders', store: 'store', mapping: 'custom', spec: JSON.stringify(spec) },
      [['end']],
    ),
    crossdock('settle', 'end', { resultType: 'str', result: 'mapped' }, [['mapped']]),
    sink('mapped'),
  ];
  const changeNode = (red: Red): void => {
    // The helper loads no core nodes: this one lets messages pass as they are.
    red.nodes.registerType('change', function (this, config) {
      red.nodes.createNode(this, config);
      this.on('input', (message, send, done) => {
        send(message);
        done();
      });
    });
  };

  async function api(run: Running) {
    const base = `${await run.http('admin')}/crossdock/mapper`;
    const ask = async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(`${base}/${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, body: (await response.json()) as T };
    };
    return {
      base,
      ask,
      get: async <T>(path: string) => (await ask<T>('GET', path)).body,
      post: async <T>(path: string, body: unknown) => (await ask<T>('POST', path, body)).body,
    };
  }

  const load = (spec?: object): Promise<Running> => flows.load(flow(spec), { extra: [changeNode] });

  it('tells what a mapping can be made of', async () => {
    const { get } = await api(await load());
    const { contracts, mappings, transforms } = await get<Catalogue>('catalogue');
    assert.equal(contracts.find(({ name }) => name === 'order')?.canonical, true);
    assert.equal(contracts.find(({ name }) => name === 'shopify-order')?.canonical, false);
    assert.ok(mappings.some(({ name, to }) => name === 'shopify-order' && to === 'order 1.0'));
    assert.ok(transforms.some(({ name, argument }) => name === 'lookup' && argument === 'table'));
    const { fields } = await get<ContractAnswer>('contract/order/1.0');
    const unit = fields.find(({ path }) => path === 'lines[].unit');
    assert.deepEqual([unit?.required, unit?.list, unit?.leaf], ['always', 'lines[]', true]);
    const { spec } = await get<SpecAnswer>('ready/shopify-order');
    assert.equal(spec.name, 'shopify-order');
  });

  it('goes from a pasted sample over suggestions to a tried mapping', async () => {
    const { post } = await api(await load());
    const text = JSON.stringify(order(3));
    const sample = await post<SampleAnswer>('sample', { text });
    assert.equal(sample.contracts[0]?.name, 'shopify-order');
    assert.ok(sample.fields.some(({ path, looks }) => path === 'created_at' && looks === 'time'));
    const head = { name: 'acme', version: '1.0.0', from: OWN.from, to: OWN.to, rules: [] };
    const { targets } = await post<SuggestAnswer>('suggest', { spec: head, sample: text });
    const currency = targets.find(({ target }) => target === 'currency')?.suggestions[0];
    assert.equal(currency?.rule.from, 'currency');
    assert.deepEqual(currency?.values, ['EUR']);
    const rules = targets.flatMap(({ suggestions: [first] }) =>
      first === undefined ? [] : [...first.also, first.rule],
    );
    const unique = rules.filter(
      (rule, index) =>
        rules.findIndex(
          (other) =>
            JSON.stringify([other.target, other.each, other.from]) ===
            JSON.stringify([rule.target, rule.each, rule.from]),
        ) === index,
    );
    const tried = await post<TryAnswer>('try', {
      spec: { ...head, rules: unique },
      sample: text,
      context: { channel: 'shop-eu', account: 'acme' },
    });
    assert.equal((tried.result as { channel: string }).channel, 'shop-eu');
    assert.ok(tried.coverage.target.filled / tried.coverage.target.required > 0.8);
    const faulty = await post<TryAnswer>('try', {
      spec: { ...head, rules: [...unique, { target: 'kind', from: 'x', transforms: [{ lookup: 'none' }] }] },
      sample: text,
    });
    const problem = faulty.problems.find(({ code }) => code === 'ROW_INVALID');
    assert.equal(problem?.rule, unique.length);
  });

  it('runs expressions of what is tried under their limits', async function () {
    this.timeout(20_000);
    const { post } = await api(await load());
    const trial = (rules: object[]): Promise<TryAnswer> =>
      post<TryAnswer>('try', { spec: { from: OWN.from, to: OWN.to, rules }, sample: { name: '#1' } });
    const good = { target: 'orderNumber', jsonata: '"PO-" & name' };
    const { result } = await trial([good]);
    assert.equal((result as { orderNumber: string }).orderNumber, 'PO-#1');
    const endless = { target: 'currency', jsonata: '($f := function($n) { $f($n + 1) }; $f(0))' };
    const { problems } = await trial([good, endless]);
    assert.equal(problems.find(({ rule }) => rule === 1)?.code, 'EXPRESSION_TIMEOUT');
  });

  it('keeps every version that goes live, and gives it back', async () => {
    const run = await load();
    const { get } = await api(run);
    const list = (count: number) =>
      waitFor(
        async () => {
          const answer = await get<VersionsAnswer>('mapper/versions');
          return answer.versions?.length === count ? answer : undefined;
        },
        { what: `${count} versions` },
      );
    assert.deepEqual((await list(1)).versions[0]?.version, '1.0.0');
    const changed = { ...OWN, rules: OWN.rules.slice(0, -1) };
    await run.redeploy(flow(changed));
    const [newest] = (await list(2)).versions;
    assert.match(newest?.version ?? '', /^1\.0\.0\+[0-9a-f]{8}$/);
    assert.equal(newest?.rules, OWN.rules.length - 1);
    await run.redeploy(flow({ ...changed, version: '1.1.0' }));
    const { live, mapping } = await list(3);
    assert.deepEqual([live, mapping], ['1.1.0', 'acme-order']);
    const { spec } = await get<SpecAnswer>('mapper/versions/1.0.0');
    assert.deepEqual(spec, OWN);
    const encoded = await get<SpecAnswer>(`mapper/versions/${encodeURIComponent(newest?.version ?? '')}`);
    assert.equal(encoded.spec.rules.length, OWN.rules.length - 1);
    const file = join(run.userDir, 'crossdock/mappings/acme-order/1.0.0.json');
    assert.ok(existsSync(file));
    // One row per line: that is what makes a difference readable.
    const row = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => line.includes('"issuedAt"'));
    assert.deepEqual(
      JSON.parse((row ?? '').trim().replace(/,$/, '')),
      OWN.rules.find(({ target }) => target === 'issuedAt'),
    );
  });

  it('shows what a change does to the last real messages, without personal data', async () => {
    const run = await load();
    const { post, get } = await api(run);
    await run.untilStatus('in', 'ready');
    await waitFor(
      async () =>
        (await post<ImpactAnswer>('mapper/impact', { spec: OWN })).notes?.some((note) =>
          note.startsWith('No message'),
        ),
      {
        what: 'the store',
      },
    );
    const body = order(5);
    const response = await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'd-5' },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 202);
    await run.nth('mapped');
    // The same message as a sample for the editor: listed without its contents, then whole.
    const { messages } = await get<{ messages: { number: string; receivedAt: string }[] }>('mapper/messages');
    assert.equal(messages.length, 1);
    assert.ok(Date.parse(messages[0]?.receivedAt ?? '') > 0);
    assert.doesNotMatch(JSON.stringify(messages), /line_items|@/);
    const { text } = await get<{ text: string }>(
      `mapper/messages/${encodeURIComponent(messages[0]?.number ?? '')}`,
    );
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(body)));
    const rules = OWN.rules.map((rule) => {
      if (rule.target === 'lines[].unit') return { ...rule, const: 'XCT' };
      if (rule.target === 'parties.shipTo.name') return { target: rule.target, const: 'Somebody else' };
      return rule;
    });
    const changed = await post<ImpactAnswer>('mapper/impact', {
      spec: { ...OWN, version: '1.0.1', rules },
      last: 10,
    });
    assert.equal(changed.tried, 1);
    assert.deepEqual(changed.summary, {
      same: 0,
      changed: 1,
      newlyFailing: 0,
      newlyPassing: 0,
      stillFailing: 0,
    });
    const [message] = changed.messages;
    assert.deepEqual([message?.id, message?.found], ['idempotency-key:d-5', 'node']);
    assert.deepEqual(
      message?.changes.find(({ path }) => path === '/lines/0/unit'),
      { path: '/lines/0/unit', before: 'C62', after: 'XCT' },
    );
    const name = message?.changes.find(({ path }) => path === '/parties/shipTo/name');
    assert.deepEqual([name?.before, name?.after], ['[personal]', '[personal]']);
    assert.ok(!JSON.stringify(changed).includes(String(body.shipping_address?.last_name ?? 'Somebody else')));
    assert.deepEqual(
      changed.sources.map(({ id, between }) => [id, between.map(({ name }) => name)]),
      [['in', ['tidy']]],
    );
    const same = await post<ImpactAnswer>('mapper/impact', { spec: { ...OWN, version: '1.0.2' } });
    assert.equal(same.summary.same, 1);
    const broken = OWN.rules.map((rule) => (rule.target === 'issuedAt' ? { ...rule, from: 'gone' } : rule));
    const failing = await post<ImpactAnswer>('mapper/impact', { spec: { ...OWN, rules: broken } });
    assert.deepEqual([failing.summary.newlyFailing, failing.messages[0]?.after?.code], [1, 'MAPPING_FAILED']);
  });

  it('finds what waits in the inbox in front of it', async () => {
    const run = await load({
      ...OWN,
      rules: OWN.rules.map((rule) => (rule.target === 'issuedAt' ? { ...rule, from: 'gone' } : rule)),
    });
    const { post } = await api(run);
    await run.untilStatus('in', 'ready');
    await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'd-6' },
      body: JSON.stringify(order(6)),
    });
    const passing = await waitFor(
      async () => {
        const answer = await post<ImpactAnswer>('mapper/impact', { spec: OWN });
        return answer.tried === 1 ? answer : undefined;
      },
      { what: 'the failed message' },
    );
    assert.equal(passing.summary.newlyPassing, 1);
    assert.equal(passing.messages[0]?.before?.code, 'MAPPING_FAILED');
  });

  it('compares two mappings in words', async () => {
    const { post } = await api(await load());
    const b = {
      ...OWN,
      version: '2.0.0',
      rules: [...OWN.rules.slice(1), { target: 'notes[x]', from: 'memo' }],
    };
    const { head, rows, summary } = await post<DiffAnswer>('diff', { a: OWN, b });
    assert.deepEqual(head, ['The version changes from 1.0.0 to 2.0.0.']);
    assert.deepEqual([summary.added, summary.removed, summary.changed], [1, 1, 0]);
    assert.equal(rows.at(-1)?.text, 'New row: notes[x] from "memo".');
  });

  it('refuses what it does not understand, and says why', async () => {
    const { ask, base } = await api(await load());
    const spec = { from: OWN.from, to: OWN.to, rules: [] };
    const cases: [string, string, unknown, number, string][] = [
      ['GET', 'contract/order/9.9', undefined, 404, 'CONTRACT_UNKNOWN'],
      ['GET', 'ready/..%2f..%2fpackage', undefined, 404, 'MAPPING_UNKNOWN'],
      ['GET', 'nobody/versions', undefined, 404, 'NODE_UNKNOWN'],
      ['GET', 'mapper/versions/9.9.9', undefined, 404, 'VERSION_UNKNOWN'],
      ['GET', 'mapper/versions/..%2f..%2fsettings', undefined, 404, 'VERSION_UNKNOWN'],
      ['POST', 'sample', {}, 400, 'REQUEST_INVALID'],
      ['POST', 'sample', [], 400, 'REQUEST_INVALID'],
      ['POST', 'try', { spec }, 400, 'REQUEST_INVALID'],
      ['POST', 'try', { spec: 'x', sample: {} }, 400, 'REQUEST_INVALID'],
      ['POST', 'try', { spec, sample: '{"a":' }, 400, 'SAMPLE_INVALID'],
      ['POST', 'suggest', { sample: {} }, 400, 'REQUEST_INVALID'],
      ['POST', 'suggest', { spec, sample: {}, targets: 'id' }, 400, 'REQUEST_INVALID'],
      [
        'POST',
        'suggest',
        { spec: { ...spec, to: { contract: 'none', version: '1.0' } }, sample: {} },
        404,
        'CONTRACT_UNKNOWN',
      ],
      ['POST', 'diff', { a: OWN }, 400, 'REQUEST_INVALID'],
      ['POST', 'mapper/impact', { spec: OWN, last: 0 }, 400, 'REQUEST_INVALID'],
      ['POST', 'mapper/impact', { spec: OWN, last: 201 }, 400, 'REQUEST_INVALID'],
      ['POST', 'mapper/impact', { spec: { ...OWN, rules: [] } }, 400, 'MAPPING_SPEC_INVALID'],
      ['POST', 'nobody/impact', { spec: OWN }, 404, 'NODE_UNKNOWN'],
      ['GET', 'nobody/messages', undefined, 404, 'NODE_UNKNOWN'],
      ['GET', 'mapper/messages/1:gone', undefined, 404, 'MESSAGE_UNKNOWN'],
      ['POST', 'try', { spec, sample: new Array(60_000).fill(1) }, 413, 'SAMPLE_TOO_LARGE'],
      ['POST', 'sample', { text: 'y'.repeat(2_200_000) }, 413, 'BODY_TOO_LARGE'],
    ];
    for (const [method, path, body, status, code] of cases) {
      const answer = await ask<ApiError>(method, path, body);
      const label = `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`;
      assert.deepEqual([answer.status, answer.body.code], [status, code], label);
      assert.ok(answer.body.message.length > 10, label);
    }
    const unsafe = await fetch(`${base}/try`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"spec":{},"sample":{"__proto__":{"a":1}}}',
    });
    assert.equal(unsafe.status, 400);
    const form = await fetch(`${base}/sample`, { method: 'POST', body: 'text={}' });
    assert.equal(form.status, 400, 'a form of another origin');
  });

  it('asks for a permission on every route: to read, or to run what is sent', () => {
    const asked: [method: string, path: string, permission: string][] = [];
    const guards = new Map<HttpHandler, string>();
    const record =
      (method: string) => (path: string, guard: HttpHandler, handler: HttpHandler | undefined) => {
        assert.equal(typeof handler, 'function', path);
        asked.push([method, path, guards.get(guard) ?? 'none']);
      };
    const red = {
      httpAdmin: { get: record('GET'), post: record('POST') },
      auth: {
        needsPermission(permission: string): HttpHandler {
          const guard: HttpHandler = () => undefined;
          guards.set(guard, permission);
          return guard;
        },
      },
      nodes: { registerType: () => undefined },
    };
    nodeSet('canonical-mapper')(red as unknown as Red);
    assert.equal(asked.length, 12);
    for (const [method, path, permission] of asked) {
      const runs = path.endsWith('/try') || path.endsWith('/impact');
      if (path.endsWith('/messages/:number')) {
        assert.equal(permission, 'crossdock-canonical-mapper.personal', path);
        continue;
      }
      assert.equal(permission, `crossdock-canonical-mapper.${runs ? 'write' : 'read'}`, `${method} ${path}`);
    }
  });
});
