import assert from 'node:assert/strict';
import type { AnyChannel, LocalChannel } from '../../core/channel';
import { makeEvent } from '../../core/channel';
import type { SharedChannel } from '../../nodes/shared/channel';
import type { SharedNode } from '../../nodes/shared/config-node';
import { crossdock, eventChannel, level, STORE } from './fixtures';
import { type FlowNode, observers, type Running, useFlows } from './harness';

const UNSET = ['$', '{NOT_SET_HERE}'].join('');
const MQTT_NOWHERE = 'mqtt://127.0.0.1:9';
const AMQP_NOWHERE = 'amqp://127.0.0.1:9';
const LOCAL = eventChannel('', { kind: 'local', store: 'store' });
const PUBLISH = crossdock('inventory-publish', 'n', { from: 'msg' });

const event = (n: number) =>
  makeEvent({
    type: 'com.crossdock.distribution.order.placed.v1',
    source: '/systems/shop',
    subject: `SO-${n}`,
    time: '2026-11-23T08:15:00.000Z',
    sequence: n,
    data: { n },
  });

describe('event channel', () => {
  const flows = useFlows();

  /** What a node gets that uses the channel until `closed` resolves; by default the flows need not wait for it. */
  async function open(run: Running, closed = Promise.resolve()): Promise<AnyChannel> {
    return (await (run.node('channel') as unknown as SharedNode<SharedChannel>).open(closed)).channel;
  }

  for (const { what, nodes, kind } of [
    { what: 'a flow from before there were kinds', nodes: [eventChannel(MQTT_NOWHERE)], kind: 'mqtt' },
    { what: 'kind mqtt', nodes: [eventChannel(MQTT_NOWHERE, { kind: 'mqtt' })], kind: 'mqtt' },
    { what: 'kind amqp', nodes: [eventChannel(AMQP_NOWHERE, { kind: 'amqp' })], kind: 'amqp' },
    { what: 'kind local', nodes: [LOCAL], kind: 'local' },
  ]) {
    it(`opens ${what} with its defaults, for a node that publishes, and closes it with the flows`, async () => {
      const run = await flows.load([...observers('n'), STORE, ...nodes, PUBLISH]);
      const status = await run.untilStatus('n', /./);
      assert.notEqual(status.fill, 'red', status.text);
      const channel = await open(run);
      assert.equal(channel.kind, kind);
      assert.notEqual(channel.state.status, 'closed');
      await run.redeploy(observers());
      assert.equal(channel.state.status, 'closed');
    });
  }

  const refused: { config: Record<string, unknown>; says: RegExp }[] = [
    { config: { kind: 'pigeon' }, says: /^Kind must be one of: mqtt, amqp, local/ },
    { config: { kind: 'mqtt', url: UNSET }, says: /^The environment variable NOT_SET_HERE is not set/ },
    { config: { kind: 'mqtt', url: AMQP_NOWHERE }, says: /must start with mqtt:/ },
    {
      config: { kind: 'mqtt', sessionExpiryDays: 0 },
      says: /^Keep subscriptions must be a whole number from 1/,
    },
    { config: { kind: 'amqp', url: '' }, says: /^Address of the broker is missing/ },
    { config: { kind: 'amqp', url: UNSET }, says: /^The environment variable NOT_SET_HERE is not set/ },
    { config: { kind: 'amqp', url: MQTT_NOWHERE }, says: /must start with amqp:/ },
    {
      config: { kind: 'amqp', url: AMQP_NOWHERE, tls: 'gone' },
      says: /^TLS settings are missing or disabled/,
    },
    { config: { kind: 'amqp', url: AMQP_NOWHERE, queueType: 'lazy' }, says: /^Queue type must be one of/ },
    { config: { kind: 'amqp', url: AMQP_NOWHERE, order: 'fifo' }, says: /^Order must be one of: key, none/ },
    { config: { kind: 'amqp', url: AMQP_NOWHERE, declare: 'no' }, says: /^Topology must be one of: apply/ },
    {
      config: { kind: 'amqp', url: AMQP_NOWHERE, deliveryLimit: 0 },
      says: /^Delivery limit must be a whole/,
    },
    {
      config: { kind: 'amqp', url: AMQP_NOWHERE, shards: 65 },
      says: /^Shards must be a whole number from 1/,
    },
    { config: { kind: 'amqp', url: AMQP_NOWHERE, exchange: 'amq.topic' }, says: /exchange's name may have/ },
    { config: { kind: 'local' }, says: /^Store is not chosen/ },
    { config: { kind: 'local', store: 'gone' }, says: /^Store is missing or disabled/ },
  ];
  for (const { config, says } of refused) {
    it(`tells every node that uses it what is wrong with ${JSON.stringify(config)}`, async () => {
      const { url = MQTT_NOWHERE, ...more } = config;
      const run = await flows.load([...observers('n'), STORE, eventChannel(String(url), more), PUBLISH]);
      await assert.rejects(open(run), { message: says });
      assert.equal((await run.untilStatus('n', 'red')).fill, 'red');
    });
  }

  it('over the local kind a node publishes into the inbox of a subscription, and holds what nobody takes', async () => {
    const run = await flows.load([...observers('n'), STORE, LOCAL, PUBLISH]);
    await run.untilStatus('n', 'ready');
    run.send('n', { payload: [level('PAL-EPAL', '7')] });
    assert.match(
      (await run.untilStatus('n', 'yellow')).text ?? '',
      /^1 held since \d\d:\d\d UTC: Nobody is subscribed/,
    );
    const channel = (await open(run)) as LocalChannel;
    const woken: string[] = [];
    channel.onPublished((source) => woken.push(source));
    const source = await channel.declare({ name: 'stock', filter: 'distribution/inventory/#' });
    run.send('n', { payload: [level('PAL-EPAL', '8')] });
    await run.untilStatus('n', /published/);
    assert.deepEqual(woken, [source]);
  });

  it('closes the local kind before its store, however long its users take, and opens both again', async () => {
    const run = await flows.load([...observers(), STORE, LOCAL]);
    let leave: () => void = () => undefined;
    const first = (await open(
      run,
      new Promise((resolve) => {
        leave = resolve;
      }),
    )) as LocalChannel;
    const source = await first.declare({ name: 'orders', filter: '#' });
    const closing = Promise.all([run.closing('channel'), run.closing('store')]);
    const redeployed = run.redeploy([...observers(), STORE, LOCAL]);
    await closing;
    // Both are told to close at the same time; a user that drains still publishes, and settles in the store.
    await first.publish(event(1));
    assert.equal((await first.store.health()).state, 'open');
    leave();
    await redeployed;
    assert.equal(first.state.status, 'closed');
    assert.equal((await first.store.health()).state, 'closed');
    const second = (await open(run)) as LocalChannel;
    assert.notEqual(second, first);
    await second.publish(event(2));
    const [found] = await second.store.run([
      { sql: 'SELECT count(*) AS n FROM crossdock_inbox WHERE source = ?', params: [source] },
    ]);
    assert.equal(found?.rows[0]?.['n'], 2);
  });

  it('a local channel goes with its store when only the store is changed', async () => {
    const nodes = (store: FlowNode): FlowNode[] => [...observers('n'), store, LOCAL, PUBLISH];
    const run = await flows.load(nodes(STORE));
    await run.untilStatus('n', 'ready');
    const first = await open(run);
    await run.redeploy(nodes({ ...STORE, path: 'other.sqlite' }), 'nodes');
    assert.equal(first.state.status, 'closed');
    const second = (await open(run)) as LocalChannel;
    assert.notEqual(second, first);
    assert.equal((await second.store.health()).state, 'open');
  });

  it('lets go of the store when the local channel cannot be opened, so that a deploy does not wait for it', async () => {
    const bad = { ...LOCAL, id: 'a:b' };
    const run = await flows.load([...observers(), STORE, bad]);
    const node = run.node('a:b') as unknown as SharedNode<SharedChannel>;
    await assert.rejects(node.open(Promise.resolve()), /id of a local channel/);
    await run.redeploy(observers());
  });
});
