import assert from 'node:assert/strict';
import type { CanonicalOrder } from '../../core/canonical';
import { readyMapping } from '../../core/mapping';
import { catalogue } from '../../sandbox/catalogue';
import { makeShopifyOrder, makeWooOrder } from '../../sandbox/storefront/orders';
import { createRng } from '../../sandbox/storefront/rng';
import { crossdock } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

const seed = (number: number) => ({ catalogue, number, shop: 'acme', currency: 'USD' });

describe('canonical mapper', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('map'),
    crossdock('canonical-mapper', 'map', config, [['out']]),
    sink('out'),
  ];

  for (const { mapping, body, externalId } of [
    { mapping: 'shopify-order', body: makeShopifyOrder(createRng('a'), seed(7)), externalId: /^\d+$/ },
    { mapping: 'woocommerce-order', body: makeWooOrder(createRng('b'), seed(8)), externalId: /^\d+$/ },
  ]) {
    it(`makes a canonical order of a ${mapping}, in the channel and account it was told`, async () => {
      const run = await flows.load(flow({ mapping, channel: 'shop-eu', account: 'acme' }));
      run.send('map', { payload: structuredClone(body), topic: 'kept' });
      const message = await run.nth('out');
      const order = message.payload as CanonicalOrder;
      assert.equal(order.schemaVersion, '1.0');
      assert.equal(order.channel, 'shop-eu');
      assert.match(order.externalId, externalId);
      assert.equal(order.id, `shop-eu:acme:${order.externalId}`);
      assert.equal(order.lines.length, body.line_items.length);
      assert.equal(message.crossdock?.key, order.id);
      assert.equal(message.topic, 'kept');
      await run.nth('completed');
      assert.equal(run.got('completed').length, 1);
    });
  }

  it('works on another property, and takes the time of arrival from the source', async () => {
    const run = await flows.load(flow({ property: 'shop.order' }));
    const receivedAt = '2026-11-20T08:00:00.000Z';
    const body = makeShopifyOrder(createRng('c'), seed(9));
    run.send('map', { payload: 'kept', shop: { order: body }, crossdock: { receivedAt } });
    const message = await run.nth('out');
    const { order } = message['shop'] as { order: CanonicalOrder };
    assert.equal(Date.parse(order.provenance.receivedAt), Date.parse(receivedAt));
    assert.equal(message.payload, 'kept');
  });

  it('runs an own specification with a JSONata row', async () => {
    const spec = readyMapping('shopify-order');
    const rules = spec.rules.map((rule) =>
      rule.target === 'orderNumber'
        ? { target: 'orderNumber', jsonata: '"PO-" & $string(order_number)', required: true }
        : rule,
    );
    const own = { ...spec, name: 'acme-order', version: '2.0.1', rules };
    const run = await flows.load(flow({ mapping: 'custom', spec: JSON.stringify(own) }));
    run.send('map', { payload: { ...makeShopifyOrder(createRng('d'), seed(10)), order_number: 77 } });
    const order = (await run.nth('out')).payload as CanonicalOrder;
    assert.equal(order.orderNumber, 'PO-77');
    assert.equal(order.provenance.mappingVersion, 'acme-order@2.0.1');
  });

  const rows = (spec: unknown, ...added: object[]): Record<string, unknown> => {
    const { rules, ...head } = spec as { rules: object[] };
    return { ...head, name: 'acme-order', version: '1.0.0', rules: [...rules, ...added] };
  };

  it('runs a table that is saved as an object, or as JSON by earlier versions, alike', async () => {
    const own = rows(readyMapping('shopify-order'), {
      target: 'extensions.acme.digits',
      from: 'name',
      transforms: [{ extract: '(?:#)(\\d+)(?!x)' }],
    });
    const one = { mapping: 'custom', spec: own, configVersion: 2 };
    const other = { ...one, spec: JSON.stringify(own), configVersion: 1 };
    const run = await flows.load([
      ...flow(one),
      crossdock('canonical-mapper', 'old', other, [['old-out']]),
      sink('old-out'),
    ]);
    for (const id of ['map', 'old']) {
      await run.untilStatus(id, /^ready: acme-order@1\.0\.0$/);
      const receivedAt = '2026-11-20T08:00:00Z';
      run.send(id, { payload: makeShopifyOrder(createRng('d'), seed(10)), crossdock: { receivedAt } });
    }
    const order = (await run.nth('out')).payload as CanonicalOrder;
    assert.deepEqual((await run.nth('old-out')).payload, order);
    assert.deepEqual(order.extensions?.['acme'], { digits: '10' });
  });

  for (const { what, spec, sentence } of [
    { what: 'is missing', spec: '', sentence: /^Mapping specification is missing/ },
    { what: 'is no JSON', spec: '{"spec": ', sentence: /^The mapping specification is not JSON/ },
    { what: 'is no mapping', spec: { rules: [] }, sentence: /^The mapping cannot be used/ },
    {
      what: 'has a faulty expression',
      spec: rows(readyMapping('shopify-order'), { target: 'x', jsonata: '$env("HOME")' }),
      sentence: /^The mapping "acme-order" cannot be used: row \d+ \(x\)/,
    },
  ]) {
    it(`says so when its table ${what}`, async () => {
      const run = await flows.load(flow({ mapping: 'custom', spec }));
      assert.match((await run.untilStatus('map', 'red')).text ?? '', sentence);
    });
  }

  it('names the partner apart from the channel', async () => {
    const run = await flows.load(flow({ channel: 'shop-eu', partner: 'acme' }));
    run.send('map', { payload: makeShopifyOrder(createRng('p'), seed(14)) });
    const { provenance, channel } = (await run.nth('out')).payload as CanonicalOrder;
    assert.deepEqual([channel, provenance.partnerId], ['shop-eu', 'acme']);
  });

  it('stops an expression that does not end, parks the message and goes on with the next', async () => {
    const own = rows(readyMapping('shopify-order'), {
      target: 'notes[evil]',
      from: 'note',
      transforms: [{ extract: '^(a+)+$' }],
    });
    const run = await flows.load(flow({ mapping: 'custom', spec: own }));
    const order = makeShopifyOrder(createRng('h'), seed(15));
    run.send('map', { payload: { ...order, note: `${'a'.repeat(50)}!` } });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'EXPRESSION_TIMEOUT');
    assert.equal(caught.crossdock?.failure?.kind, 'permanent');
    assert.match(caught.error?.message ?? '', /note \(for notes\[0\]\)|note \(for notes/);
    run.send('map', { payload: { ...order, note: 'aaa' } });
    assert.deepEqual(((await run.nth('out')).payload as CanonicalOrder).notes?.at(-1), 'aaa');
  });

  const stock = {
    spec: 'crossdock-mapping/1',
    name: 'stock',
    version: '1.0.0',
    from: { contract: 'any-object', version: '1.0' },
    to: { contract: 'any-object', version: '1.0' },
    rules: [
      { target: '[]', each: 'levels[]' },
      { target: 'sku', from: 'levels[].sku', required: true },
    ],
  };
  const levels = { levels: [{ sku: 'a' }, { sku: 'b' }, { sku: 'c' }] };

  it('sends several results as a sequence of messages that a join node can bring together', async () => {
    const run = await flows.load(flow({ mapping: 'custom', spec: JSON.stringify(stock) }));
    const before = { scopes: ['token'], key: 'order' };
    run.send('map', { payload: levels, topic: 'kept', parts: { id: 'outer' }, crossdock: before });
    const messages = [await run.nth('out', 1), await run.nth('out', 2), await run.nth('out', 3)];
    assert.deepEqual(
      messages.map(({ payload }) => payload),
      [{ sku: 'a' }, { sku: 'b' }, { sku: 'c' }],
    );
    const ids = new Set(messages.map(({ parts }) => (parts as { id: string }).id));
    assert.equal(ids.size, 1);
    messages.forEach(({ parts, topic, crossdock }, index) => {
      const { id: _id, ...rest } = parts as { id: string };
      assert.deepEqual(rest, { type: 'array', count: 3, len: 1, index, parts: { id: 'outer' } });
      assert.equal(topic, 'kept');
      assert.deepEqual(crossdock, { scopes: ['token'] });
    });
    await run.untilStatus('map', '3 mapped');
    run.send('map', { payload: { levels: [] } });
    await run.nth('completed', 2);
    assert.equal(run.got('out').length, 3);
  });

  it('sends several results as one list when it is told to', async () => {
    const config = { mapping: 'custom', spec: JSON.stringify(stock), results: 'list' };
    const run = await flows.load(flow(config));
    run.send('map', { payload: levels, parts: { id: 'outer' } });
    const message = await run.nth('out');
    assert.deepEqual(message.payload, [{ sku: 'a' }, { sku: 'b' }, { sku: 'c' }]);
    assert.deepEqual(message['parts'], { id: 'outer' });
  });

  const noLines: Record<string, unknown> = structuredClone(makeShopifyOrder(createRng('e'), seed(11)));
  delete noLines['line_items'];
  for (const { what, payload, code } of [
    { what: 'an order without lines', payload: noLines, code: 'SOURCE_CONTRACT' },
    { what: 'a text', payload: 'not an order', code: 'SOURCE_CONTRACT' },
    { what: 'nothing', payload: undefined, code: 'SOURCE_CONTRACT' },
    {
      what: 'a body with __proto__',
      payload: JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
      code: 'JSON_UNSAFE',
    },
    {
      what: 'totals that do not add up',
      payload: {
        ...makeShopifyOrder(createRng('f'), seed(12)),
        total_price: '99999.99',
        current_total_price: '99999.99',
      },
      code: 'TOTALS_DO_NOT_FOOT',
    },
  ]) {
    it(`refuses ${what} with problems, once, leaving the message as it came`, async () => {
      const run = await flows.load(flow());
      run.send('map', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, code);
      assert.equal(caught.crossdock?.failure?.kind, 'permanent');
      if (code !== 'JSON_UNSAFE') {
        // (Node-RED's own cloning drops a `__proto__` member on the way to the Catch node.)
        assert.deepEqual(caught.payload, payload);
        assert.ok((caught.crossdock?.failure?.problems.length ?? 0) > 0);
      }
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
      await run.untilStatus('map', 'red');
      run.send('map', { payload: makeShopifyOrder(createRng('g'), seed(13)) });
      await run.nth('out');
      await run.untilStatus('map', '1 mapped');
      assert.equal(run.got('caught').length, 1);
    });
  }
});
