import assert from 'node:assert/strict';
import { type CloudEvent, makeEvent } from '../../core/channel';
import type { Store } from '../../core/store';
import type { SharedNode } from '../../nodes/shared/config-node';
import { type Broker, startBroker } from '../../sandbox/broker';
import { freePort, waitFor } from '../support';
import { canonicalOrder, crossdock, eventChannel, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, type TestMessage, useFlows } from './harness';

const OUT = { channel: 'channel', store: 'store' };
/** What event in got, as (subject, data). */
const got = (run: Running, id = 'received'): [unknown, unknown][] =>
  run.got(id).map(({ event, payload }) => [(event as CloudEvent).subject, payload]);
const eventOf = (message: TestMessage): CloudEvent => message['event'] as CloudEvent;

async function storeOf(run: Running): Promise<Store> {
  const node = run.red.nodes.getNode('store') as SharedNode<{ store: Store }>;
  return (await node.open(run.closing('store'))).store;
}

/** The same flow with only the channel swapped: what event out takes comes out of event in. */
for (const kind of ['local', 'mqtt'] as const) {
  describe(`event out over ${kind}`, () => {
    const flows = useFlows();
    let broker: Broker | undefined;
    before(async () => {
      if (kind === 'mqtt') broker = await startBroker();
    });
    after(() => broker?.close());

    const channelNode = (): FlowNode =>
      broker === undefined
        ? { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store', source: '/shop' }
        : eventChannel(broker.url, { kind: 'mqtt', topicPrefix: `test/${Date.now()}`, source: '/shop' });
    const eventIn = (id: string, filter: string, to: string): FlowNode =>
      crossdock('event-in', id, { ...OUT, filter, subscription: id, end: 'explicit' }, [[to]]);
    const flow = (...nodes: FlowNode[]): FlowNode[] => [
      ...observers('out'),
      STORE,
      channelNode(),
      eventIn('in', 'order/#', 'done'),
      crossdock('settle', 'done', {}, [['received']]),
      sink('received'),
      sink('taken'),
      ...nodes,
    ];
    const eventOut = (config: Record<string, unknown> = {}): FlowNode =>
      crossdock('event-out', 'out', { ...OUT, ...config }, [['taken']]);
    const load = async (...nodes: FlowNode[]): Promise<Running> => {
      const run = await flows.load(flow(...nodes));
      await run.untilStatus('in', 'connected');
      await run.untilStatus('out', 'connected');
      return run;
    };

    it('publishes the payload with a type and a subject that it finds itself', async () => {
      const run = await load(eventOut());
      const order = canonicalOrder('1001');
      run.send('out', { _msgid: 'm1', payload: order });
      run.send('out', { _msgid: 'm2', payload: 'text', crossdock: { key: 'order:shop:7' } });
      run.send('out', { _msgid: 'm3', payload: 3 });
      await run.nth('received', 3);
      assert.deepEqual(
        new Map(got(run) as [string, unknown][]),
        new Map<string, unknown>([
          [order.id, order],
          ['order:shop:7', 'text'],
          ['m3', 3],
        ]),
      );
      const event = eventOf(await run.nth('received'));
      assert.equal(event.type, 'com.crossdock.order.order.placed.v1');
      assert.equal(event.source, '/shop');
      const taken = await run.nth('taken', 3);
      assert.equal(taken.payload, 3);
      assert.deepEqual(Object.keys(eventOf(taken)), ['id', 'type', 'subject', 'address']);
      assert.equal((taken['event'] as { address: string }).address, 'order/order/placed/-/m3');
      const status = await run.untilStatus('out', 'sent 3');
      assert.equal(status.fill, 'green');
      assert.equal(run.got('completed').length, 3);
    });

    it('takes type, subject, key, id, data and address from where the analyst says', async () => {
      const run = await load(
        eventOut({
          eventType: '"com.crossdock.order.order." & kind & ".v1"',
          eventTypeType: 'jsonata',
          subject: 'order.number',
          subjectType: 'msg',
          partitionKey: 'customer',
          partitionKeyType: 'msg',
          eventId: 'eid',
          eventIdType: 'msg',
          property: 'order',
          address: 'order/elsewhere',
        }),
      );
      const order = { number: 17 };
      run.send('out', { payload: 'x', kind: 'held', order, customer: 'C-1', eid: 'E-9' });
      const message = await run.nth('received');
      const { id, type, subject, partitionkey } = eventOf(message);
      assert.deepEqual(
        { id, type, subject, partitionkey, data: message.payload, topic: message.topic },
        {
          id: 'E-9',
          type: 'com.crossdock.order.order.held.v1',
          subject: '17',
          partitionkey: 'C-1',
          data: order,
          topic: 'order/elsewhere',
        },
      );
    });

    it('publishes an event in the payload as it is', async () => {
      const run = await load(eventOut());
      const event = makeEvent({
        id: 'theirs',
        source: '/systems/elsewhere',
        type: 'org.example.order.order.seen.v1',
        subject: 'S',
        time: '2026-11-24T08:00:00Z',
        data: { n: 1 },
      });
      run.send('out', { payload: event });
      const message = await run.nth('received').catch(() => undefined);
      assert.equal(message?.crossdock?.['deliveryId'], '/systems/elsewhere theirs');
      assert.deepEqual(message?.payload, { n: 1 });
    });

    it('says in a sentence what is missing in the message', async () => {
      const run = await load(eventOut({ subject: 'order.number', subjectType: 'msg' }));
      run.send('out', { payload: 1 });
      const { error } = await run.nth('caught');
      assert.match(error?.message ?? '', /Subject: msg.order.number has nothing usable/);
      assert.equal(run.got('taken').length, 0);
    });

    it('ends the message and stores its event in one commit; delivered again, it makes the same event', async () => {
      const run = await load(
        eventIn('source', 'work/#', 'work'),
        sink('work'),
        eventOut({ subject: 'payload.n', subjectType: 'msg' }),
        crossdock('event-out', 'now', { ...OUT, send: 'now', subject: 'same', subjectType: 'str' }),
        crossdock('event-out', 'feed', {
          ...OUT,
          eventType: 'com.crossdock.work.job.given.v1',
          subject: 'payload.n',
          subjectType: 'msg',
        }),
        crossdock('settle', 'fails', { outcome: 'failed', code: 'BUSY', sentence: 'Busy.', retry: true }),
      );
      await run.untilStatus('source', 'connected');
      run.send('feed', { payload: { n: 1 } });
      const first = await run.nth('work');
      run.send('now', structuredClone({ ...first }) as TestMessage);
      run.send('now', structuredClone({ ...first, payload: 'a part' }) as TestMessage);
      await run.nth('received', 2);
      run.send('fails', first);
      const second = await run.nth('work', 2);
      assert.equal(second.crossdock?.['attempt'], 2);
      run.send('now', structuredClone({ ...second }) as TestMessage);
      run.send('now', structuredClone({ ...second, payload: 'a part' }) as TestMessage);
      run.send('out', second);
      await run.nth('taken');
      await waitFor(() => got(run).some(([subject]) => subject === '1'));
      await run.untilStatus('source', 'connected');
      const ids = run.got('received').map((message) => eventOf(message).id);
      // Two of the same subject from one delivery are two events, and the repeated ones are none.
      assert.equal(ids.length, 3);
      assert.equal(new Set(ids).size, 3);
      assert.equal(eventOf(await run.nth('taken')).id, ids[2]);
    });

    it('two nodes of a channel share its outbox, and go on after a deploy', async () => {
      const also = crossdock('event-out', 'also', OUT, [['taken']]);
      const nodes = flow(eventOut(), also);
      const run = await flows.load(nodes);
      await run.untilStatus('in', 'connected');
      run.send('out', { payload: 1 });
      run.send('also', { payload: 2 });
      await run.nth('received', 2);
      const [first] = nodes.splice(
        nodes.findIndex(({ id }) => id === 'also'),
        1,
      );
      await run.redeploy([...nodes, { ...first, id: 'third', type: 'crossdock-event-out' }], 'nodes');
      run.send('out', { payload: 3 });
      run.send('third', { payload: 4 });
      await run.nth('received', 4);
      await run.redeploy(nodes);
      await run.untilStatus('out', 'connected');
      run.send('out', { payload: 5 });
      await run.nth('received', 5);
      assert.deepEqual(
        got(run)
          .map(([, payload]) => payload)
          .sort(),
        [1, 2, 3, 4, 5],
      );
    });
  });
}

describe('event out', () => {
  const flows = useFlows();

  it('keeps events of a local channel until somebody subscribes, in order', async () => {
    const flow = [
      ...observers('out'),
      STORE,
      { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store' },
      crossdock('event-out', 'out', { channel: 'channel', subject: 'one', subjectType: 'str' }, [['taken']]),
      sink('taken'),
      sink('received'),
    ];
    const run = await flows.load(flow);
    for (const payload of [1, 2, 3]) run.send('out', { payload });
    const waiting = await run.untilStatus('out', /^3 waiting: Nobody is subscribed/);
    assert.equal(waiting.fill, 'yellow');
    const eventIn = crossdock('event-in', 'in', { channel: 'channel', end: 'explicit' }, [['done']]);
    const done = crossdock('settle', 'done', {}, [['received']]);
    await run.redeploy([...flow, eventIn, done], 'nodes');
    await run.nth('received', 3);
    assert.deepEqual(
      got(run).map(([, payload]) => payload),
      [1, 2, 3],
    );
    await run.untilStatus('out', 'sent 3');
  });

  it('holds events while the broker is away, says how many, and sends them when it is back', async () => {
    const port = await freePort();
    const flow = [
      ...observers('out'),
      STORE,
      eventChannel(`mqtt://127.0.0.1:${port}`, { kind: 'mqtt' }),
      crossdock('event-out', 'out', OUT, [['taken']]),
      sink('taken'),
    ];
    const run = await flows.load(flow);
    run.send('out', { payload: 1 });
    run.send('out', { payload: 2 });
    await run.nth('taken', 2);
    assert.equal((await run.untilStatus('out', 'no connection, 2 held')).fill, 'yellow');
    const broker = await startBroker({ port });
    try {
      await run.untilStatus('out', 'sent 2');
      const [result] = await (await storeOf(run)).run([{ sql: 'SELECT state FROM crossdock_outbox' }]);
      assert.deepEqual(
        result?.rows.map(({ state }) => state),
        ['sent', 'sent'],
      );
    } finally {
      await broker.close();
    }
  });

  it('fails messages for now when too many events wait', async () => {
    const flow = [
      ...observers('out'),
      STORE,
      eventChannel('mqtt://127.0.0.1:9', { kind: 'mqtt' }),
      crossdock('event-out', 'out', OUT),
    ];
    const run = await flows.load(flow);
    await run.untilStatus('out', /./);
    const columns = 'channel, event_id, priority, event, retain, state, attempts, created_at';
    const values = `'channel', 'e' || n, 5, '{}', 0, 'ready', 0, 0`;
    const numbers = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 100000)';
    await (await storeOf(run)).run([
      { sql: `INSERT INTO crossdock_outbox (${columns}) ${numbers} SELECT ${values} FROM c` },
    ]);
    await run.redeploy(flow);
    await run.untilStatus('out', 'no connection, 100000 held');
    run.send('out', { payload: 1 });
    const { error } = await run.nth('caught');
    assert.equal(error?.code, 'OUTBOX_FULL');
  });

  const cases: [Record<string, unknown>, RegExp][] = [
    [{ channel: '' }, /^Event channel is not chosen/],
    [{ store: '' }, /^Store is not chosen/],
    [{ eventType: '((', eventTypeType: 'jsonata' }, /^The expression cannot be read/],
    [{ subjectType: 'msg', subject: '' }, /^Subject is missing/],
    [{ address: 'a/#' }, /^Address must be levels/],
    [{ send: 'later' }, /^Send must be one of: end, now/],
  ];
  for (const [config, says] of cases) {
    it(`says what is wrong with ${JSON.stringify(config)}`, async () => {
      const run = await flows.load([
        ...observers('out'),
        STORE,
        eventChannel('mqtt://127.0.0.1:9', { kind: 'mqtt' }),
        crossdock('event-out', 'out', { ...OUT, ...config }),
      ]);
      const status = await run.untilStatus('out', 'red');
      assert.match(status.text ?? '', says);
    });
  }
});
