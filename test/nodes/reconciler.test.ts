import assert from 'node:assert/strict';
import type { Report } from '../../core/reconcile';
import { catalogue } from '../../sandbox/catalogue';
import { type OdooStandIn, seedDemoCompany, startOdooStandIn } from '../../sandbox/odoo';
import { crossdock, odooServer, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

describe('reconciler', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown>): FlowNode[] => [
    ...observers('rec'),
    STORE,
    crossdock('reconciler', 'rec', config, [['report'], ['differences']]),
    sink('report'),
    sink('differences'),
  ];
  const messages = { leftType: 'msg', leftProperty: 'payload.left', rightProperty: 'payload.right' };

  it('reports both sides of a message, and sends the differences apart', async () => {
    const run = await flows.load(flow({ ...messages, leftLabel: 'Shop', rightLabel: 'Store' }));
    run.send('rec', {
      topic: 'nightly',
      payload: {
        left: [
          { sku: 'A', onHand: '5' },
          { sku: 'B', onHand: '1' },
        ],
        right: [
          { sku: 'A', onHand: 4 },
          { sku: 'C', onHand: 2 },
        ],
      },
    });
    const report = (await run.nth('report')).payload as Report;
    assert.equal(report.counts.different, 3);
    assert.deepEqual(
      report.sources.map(({ label }) => label),
      ['Shop', 'Store'],
    );
    const differences = await run.nth('differences');
    assert.equal(differences['runId'], report.runId);
    assert.equal(differences.topic, 'nightly');
    assert.deepEqual(
      (differences.payload as { key: string; kind: string }[])
        .map(({ key, kind }) => `${key} ${kind}`)
        .toSorted(),
      ['A quantity', 'B missing', 'C extra'],
    );
    await run.untilStatus('rec', '3 differences of 3');
    await run.nth('completed');
  });

  it('sends nothing to the second output when everything agrees within the tolerance', async () => {
    const run = await flows.load(flow({ ...messages, fields: 'onHand, price', toleranceAbsolute: '0.5' }));
    const payload = {
      left: [{ sku: 'A', onHand: '5', price: '2' }],
      right: [{ sku: 'A', onHand: '5.5', price: 2 }],
    };
    run.send('rec', { payload });
    await run.nth('report');
    await run.untilStatus('rec', 'green');
    assert.equal(run.got('differences').length, 0);
  });

  for (const { what, payload } of [
    { what: 'is missing', payload: { left: [] } },
    { what: 'is no list', payload: { left: [], right: { sku: 'A' } } },
    { what: 'is a text', payload: { left: [], right: '[]' } },
  ]) {
    it(`refuses a source that ${what}, and names it`, async () => {
      const run = await flows.load(flow(messages));
      run.send('rec', { payload });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'RECONCILE_SOURCE');
      assert.match(String(caught.error?.message), /msg\.payload\.right is not a list/);
      await run.untilStatus('rec', 'red');
      run.send('rec', { payload: { left: [], right: [] } });
      await run.nth('report');
    });
  }

  it('keeps records that cannot be compared as differences instead of failing', async () => {
    const run = await flows.load(flow(messages));
    run.send('rec', { payload: { left: [null, 'x', { onHand: 1 }], right: [{ sku: 'A', onHand: 'many' }] } });
    const report = (await run.nth('report')).payload as Report;
    assert.ok(report.counts.differences.invalid >= 3);
  });

  describe('with Odoo as one source', () => {
    let odoo: OdooStandIn;
    before(async () => {
      odoo = await startOdooStandIn();
      await seedDemoCompany(odoo);
    });
    after(() => odoo.close());

    it("compares Odoo's stock with what the warehouse counted", async () => {
      const run = await flows.load(
        [odooServer(odoo.url, { database: odoo.database }), ...flow({ server: 'server' })],
        {
          credentials: { server: { apiKey: odoo.apiKey } },
        },
      );
      const counted = catalogue.map(({ sku, onHand }) => ({ sku, onHand }));
      run.send('rec', { payload: counted });
      const agreed = (await run.nth('report')).payload as Report;
      assert.equal(agreed.counts.matched, catalogue.length);
      assert.equal(agreed.counts.different, 0);
      const [first] = counted;
      assert.ok(first);
      run.send('rec', { payload: [{ ...first, onHand: first.onHand - 3 }, ...counted.slice(1)] });
      const differences = (await run.nth('differences')).payload as {
        key: string;
        delta: string;
        sentence: string;
      }[];
      assert.deepEqual(
        differences.map(({ key, delta }) => [key, delta]),
        [[first.sku, '-3']],
      );
      assert.match(differences[0]?.sentence ?? '', /Odoo says .* Warehouse says/);
    });

    it('fails a run as transient while Odoo is away', async () => {
      const run = await flows.load(
        [odooServer('http://127.0.0.1:9', { database: 'x' }), ...flow({ server: 'server' })],
        { credentials: { server: { apiKey: 'k' } } },
      );
      run.send('rec', { payload: [] });
      const caught = await run.nth('caught');
      assert.equal(caught.crossdock?.failure?.kind, 'transient');
      assert.equal(run.got('report').length, 0);
    });
  });
});
