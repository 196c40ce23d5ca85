/** A contract in event out and event in: what breaks it is not published, or fails in the flow. */
import assert from 'node:assert/strict';
import { type CloudEvent, makeEvent } from '../../core/channel';
import { scopes } from '../../core/delivery';
import { type Broker, startBroker } from '../../sandbox/broker';
import { crossdock, eventChannel, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const USES = { channel: 'channel', store: 'store', contract: 'own', ownContract: 'own' };
const own = (config: Record<string, unknown> = {}): FlowNode => ({
  id: 'own',
  type: 'crossdock-contract',
  contract: 'acme-order',
  version: '1.0',
  schema: {
    type: 'object',
    required: ['number'],
    properties: { number: { type: 'string', 'x-class': 'internal' } },
  },
  ...config,
});
const eventOf = (message: Record<string, unknown>): CloudEvent => message['event'] as CloudEvent;
const event = (id: string, data: unknown, dataschema?: string): CloudEvent =>
  makeEvent({
    type: 'com.crossdock.order.order.placed.v1',
    source: '/shop',
    subject: id,
    time: '2026-11-27T09:00:00Z',
    id,
    data,
    dataschema,
  });

for (const kind of ['local', 'mqtt'] as const) {
  describe(`a contract of events over ${kind}`, () => {
    const flows = useFlows();
    let broker: Broker | undefined;
    before(async () => {
      if (kind === 'mqtt') broker = await startBroker();
    });
    after(() => broker?.close());

    const channelNode = (): FlowNode =>
      broker === undefined
        ? { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store', source: '/shop' }
        : eventChannel(broker.url, { kind: 'mqtt', topicPrefix: 'test/contract', source: '/shop' });
    const load = async (
      contract: FlowNode,
      { eventIn = {}, eventOut = {} }: { eventIn?: object; eventOut?: object },
    ): Promise<Running> => {
      const run = await flows.load([
        ...observers(),
        STORE,
        channelNode(),
        contract,
        crossdock('event-in', 'in', { ...USES, filter: 'order/#', ...eventIn }, [['received']]),
        crossdock('event-out', 'out', { ...USES, send: 'now', ...eventOut }, [['taken']]),
        sink('received'),
        sink('taken'),
      ]);
      // Over MQTT nothing is kept for a subscription that is not there yet.
      for (const id of ['in', 'out'])
        await run.untilStatus(id, /^connected$|is deprecated|not a usable JSON Schema/);
      return run;
    };
    const settled = async (run: Running, nth = 1) => {
      const message = await run.nth('received', nth);
      await scopes.settle(message, { type: 'completed', result: 1 });
      return message;
    };

    it('keeps what breaks it from being published', async () => {
      const run = await load(own(), { eventIn: { contract: '', ownContract: '' } });
      run.send('out', { payload: { number: 7 } });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'CONTRACT_BROKEN');
      assert.deepEqual(
        caught.crossdock?.failure?.problems.map(({ path }) => path),
        ['/number'],
      );
      run.send('out', { payload: { number: 'PO-1' } });
      assert.deepEqual((await settled(run)).payload, { number: 'PO-1' });
      assert.equal(run.got('taken').length, 1);
      assert.equal(run.got('received').length, 1);
    });

    it('names the contract in the event, unless the event names its schema itself', async () => {
      const run = await load(own(), {});
      run.send('out', { payload: { number: 'PO-1' } });
      assert.equal(eventOf(await settled(run))['dataschema'], 'urn:crossdock:contract:acme-order:1.0');
      run.send('out', { payload: event('e2', { number: 'PO-2' }, 'https://example.com/order') });
      assert.equal(eventOf(await settled(run, 2))['dataschema'], 'https://example.com/order');
      run.send('out', { payload: event('e3', { number: 'PO-3' }) });
      assert.equal(eventOf(await settled(run, 3))['dataschema'], 'urn:crossdock:contract:acme-order:1.0');
      run.send('out', { payload: event('e4', { number: 4 }) });
      assert.equal((await run.nth('caught')).error?.code, 'CONTRACT_BROKEN');
    });

    it('goes by a schema’s id only where that is an absolute URI', async () => {
      const schema = { $id: 'order.schema.json', type: 'object' };
      const run = await load(own({ schema }), { eventIn: { contract: '', ownContract: '' } });
      run.send('out', { payload: {} });
      assert.equal(eventOf(await settled(run))['dataschema'], 'urn:crossdock:contract:acme-order:1.0');
    });

    it('lets what comes in and breaks it fail in the flow, once', async () => {
      const run = await load(own(), { eventOut: { contract: '', ownContract: '' } });
      run.send('out', { payload: { number: 7 } });
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, 'CONTRACT_BROKEN');
      assert.equal(eventOf(caught).type, 'com.crossdock.order.order.placed.v1', 'the event is still told');
      run.send('out', { payload: { number: 'PO-1' } });
      assert.deepEqual((await settled(run)).payload, { number: 'PO-1' });
      assert.equal(run.got('caught').length, 1);
    });

    it('counts down in both status lines, and refuses after the last day', async () => {
      const day = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
      const run = await load(own({ deprecatedOn: day(-2), sunsetOn: day(2) }), {});
      await run.untilStatus('in', /acme-order 1\.0 is deprecated/);
      await run.untilStatus('out', /acme-order 1\.0 is deprecated/);
      await run.redeploy([
        ...observers(),
        STORE,
        channelNode(),
        own({ deprecatedOn: day(-9), sunsetOn: day(-2), afterSunset: 'refuse' }),
        crossdock('event-out', 'out', { ...USES, send: 'now' }, [['taken']]),
        sink('taken'),
      ]);
      await run.untilStatus('out', /past its last day/);
      run.send('out', { payload: { number: 'PO-2' } });
      assert.equal((await run.nth('caught')).error?.code, 'CONTRACT_SUNSET');
    });

    it('says at once when the contract is not there', async () => {
      const run = await load(own({ schema: { type: 'strong' } }), {});
      for (const id of ['in', 'out'])
        assert.match((await run.untilStatus(id, 'red')).text ?? '', /not a usable JSON Schema/);
    });
  });
}
