import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { type AnyChannel, type CloudEvent, makeEvent } from '../../core/channel';
import type { SharedNode } from '../../nodes/shared/config-node';
import { type Broker, startBroker } from '../../sandbox/broker';
import { projectFolders, waitFor } from '../support';
import { crossdock, eventChannel, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const PREFIX = 'test/v1';
let counter = 0;

function placed(
  subject: string,
  more: { id?: string; extensions?: Record<string, string> } = {},
): CloudEvent {
  counter += 1;
  return makeEvent({
    type: 'com.crossdock.sales.order.placed.v1',
    source: '/shops/eu',
    subject,
    time: '2026-11-02T09:30:00Z',
    id: more.id ?? `event-${counter}`,
    data: { number: subject, n: counter },
    ...(more.extensions === undefined ? {} : { extensions: more.extensions }),
  });
}

/** What waits at a broker (or in the store of a local channel) becomes an order of the flow: the same on all kinds. */
for (const kind of ['local', 'mqtt'] as const) {
  describe(`event in over ${kind}`, () => {
    const flows = useFlows();
    let broker: Broker | undefined;
    before(async () => {
      if (kind === 'mqtt') broker = await startBroker();
    });
    after(() => broker?.close());

    const channelNode = (): FlowNode =>
      broker === undefined
        ? { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store' }
        : eventChannel(broker.url, { kind: 'mqtt', topicPrefix: PREFIX });
    /** Ends explicitly by default, as nothing counts branches in these tests. */
    const eventIn = (config: Record<string, unknown> = {}, wires = [['out', 'settle']]): FlowNode =>
      crossdock(
        'event-in',
        'in',
        { channel: 'channel', store: kind === 'local' ? '' : 'store', end: 'explicit', ...config },
        wires,
      );
    const flow = (...nodes: FlowNode[]): FlowNode[] => [
      ...observers(),
      STORE,
      channelNode(),
      crossdock('settle', 'settle', { result: 'payload', resultType: 'msg' }, [['settled']]),
      ...nodes,
      sink('out'),
      sink('settled'),
      // Keeps the store and the channel in use while event in is not there.
      crossdock('dead-letter', 'keeps', { store: 'store' }),
    ];
    const channelOf = async (run: Running): Promise<AnyChannel> => {
      const node = run.red.nodes.getNode('channel') as SharedNode<{ channel: AnyChannel }>;
      return (await node.open(run.closing('channel'))).channel;
    };
    const publish = async (run: Running, ...events: CloudEvent[]): Promise<void> => {
      const channel = await channelOf(run);
      for (const event of events) await channel.publish(event);
    };

    it('brings data, attributes and address into the flow, and is done when the message is settled', async () => {
      const run = await flows.load(flow(eventIn()));
      await run.untilStatus('in', 'connected');
      const event = placed('O-1');
      await publish(run, event);
      const message = await run.nth('settled');
      assert.deepEqual(message.payload, event.data);
      assert.equal(message.topic, 'sales/order/placed/-/O-1');
      assert.deepEqual(
        { ...(message['event'] as object) },
        {
          specversion: '1.0',
          id: event.id,
          source: '/shops/eu',
          type: 'com.crossdock.sales.order.placed.v1',
          subject: 'O-1',
          time: '2026-11-02T09:30:00Z',
          datacontenttype: 'application/json',
        },
      );
      assert.equal(message.crossdock?.['attempt'], 1);
      assert.equal(message.crossdock?.['deliveryId'], `/shops/eu ${event.id}`);
      assert.equal(message['settled'], 'settled');
      const status = await run.untilStatus('in', 'connected');
      assert.equal(status.fill, 'green');
    });

    it('takes only what its filter names', async () => {
      const run = await flows.load(flow(eventIn({ filter: 'sales/order/+/eu/#' })));
      await run.untilStatus('in', 'connected');
      await publish(run, placed('yes', { extensions: { site: 'eu' } }));
      const channel = await channelOf(run);
      // On a local channel nobody takes this one, which is an error of the publisher's.
      await channel.publish(placed('no', { extensions: { site: 'us' } })).catch(() => undefined);
      await publish(run, placed('also', { extensions: { site: 'eu' } }));
      await run.nth('settled', 2);
      assert.deepEqual(
        run
          .got('settled')
          .map(({ payload }) => (payload as { number: string }).number)
          .sort(),
        ['also', 'yes'],
      );
    });

    it('knows a second copy of an event by its source and id', async () => {
      const run = await flows.load(flow(eventIn()));
      await run.untilStatus('in', 'connected');
      await publish(
        run,
        placed('O-1', { id: 'same' }),
        placed('O-1', { id: 'same' }),
        placed('O-2', { id: 'end' }),
      );
      await waitFor(() =>
        run.got('settled').some(({ payload }) => (payload as { number: string }).number === 'O-2'),
      );
      await run.untilStatus('in', 'connected');
      assert.equal(run.got('settled').length, 2);
    });

    it('keeps the order of a subject, and lets no more into the flow than allowed', async () => {
      const run = await flows.load(flow(eventIn({ concurrency: 2 }, [['out']])));
      await run.untilStatus('in', 'connected');
      await publish(run, placed('A'), placed('A'), placed('B'), placed('C'));
      await run.nth('out', 2);
      const numbers = () => run.got('out').map(({ payload }) => (payload as { number: string }).number);
      await run.untilStatus('in', '2 in the flow, 2 waiting');
      assert.deepEqual(numbers().sort(), ['A', 'B']);
      for (const n of [1, 2, 3, 4]) run.send('settle', await run.nth('out', n));
      await run.nth('settled', 4);
      assert.deepEqual(numbers().sort(), ['A', 'A', 'B', 'C']);
      const ofA = run.got('out').filter(({ payload }) => (payload as { number: string }).number === 'A');
      const counts = ofA.map(({ payload }) => (payload as { n: number }).n);
      assert.ok((counts[0] ?? 0) < (counts[1] ?? 0));
    });

    it('delivers only the newest message of a key when it is told to, finishes what is in the flow, and counts the others', async () => {
      const run = await flows.load(flow(eventIn({ concurrency: 1, newestOnly: true }, [['out']])));
      await run.untilStatus('in', 'connected');
      const level = (subject: string, sequence: number, more: Record<string, string> = {}) =>
        makeEvent({
          type: 'com.crossdock.distribution.inventory.changed.v1',
          source: '/systems/odoo/main',
          subject,
          time: '2026-11-02T09:30:00Z',
          sequence,
          extensions: more,
          data: { sequence },
        });
      await publish(run, level('LAMP', 1));
      await run.nth('out');
      // The one that is sold out overtakes, and 4 comes before 3.
      await publish(run, level('DESK', 1), level('LAMP', 2), level('LAMP', 4), level('LAMP', 3));
      await publish(run, level('SOFA', 1, { priority: '1' }));
      await run.untilStatus('in', '1 in the flow, 3 waiting, 2 superseded in 24 h');
      for (const n of [1, 2, 3, 4]) run.send('settle', await run.nth('out', n));
      await run.nth('settled', 4);
      const got = run.got('out').map(({ topic, payload }) => {
        return `${String(topic).split('/').at(-1)} ${(payload as { sequence: number }).sequence}`;
      });
      assert.deepEqual([got[0], got[1], got.slice(2).toSorted()], ['LAMP 1', 'SOFA 1', ['DESK 1', 'LAMP 4']]);
      const { text, fill } = await run.untilStatus('in', 'connected, 2 superseded in 24 h');
      assert.deepEqual([text, fill], ['connected, 2 superseded in 24 h', 'green']);
    });

    it('delivers a failed message again, with the attempt counted', async () => {
      const run = await flows.load(
        flow(
          eventIn({}, [['out']]),
          crossdock('settle', 'fails', {
            outcome: 'failed',
            code: 'ERP_BUSY',
            sentence: 'The ERP is busy.',
            retry: true,
          }),
        ),
      );
      await run.untilStatus('in', 'connected');
      await publish(run, placed('O-1'));
      run.send('fails', await run.nth('out'));
      const again = await run.nth('out', 2);
      assert.equal(again.crossdock?.['attempt'], 2);
      run.send('settle', again);
      assert.equal((await run.nth('settled'))['settled'], 'settled');
      await run.untilStatus('in', 'connected');
    });

    it('keeps what is published while it is disabled, and goes on with what the flow had not finished', async () => {
      const run = await flows.load(flow(eventIn({}, [['out']])));
      await run.untilStatus('in', 'connected');
      await publish(run, placed('unfinished'));
      await run.nth('out');
      await run.redeploy(flow({ ...eventIn({}, [['out']]), d: true }));
      await publish(run, placed('meanwhile'));
      await run.redeploy(flow(eventIn()));
      await run.nth('settled', 2);
      assert.deepEqual(
        run
          .got('settled')
          .map(({ payload }) => (payload as { number: string }).number)
          .sort(),
        ['meanwhile', 'unfinished'],
      );
      await run.untilStatus('in', 'connected');
    });

    it('ends its subscription with its node', async () => {
      const run = await flows.load(flow(eventIn()));
      await run.untilStatus('in', 'connected');
      await run.redeploy(flow());
      await publish(run, placed('nobody')).catch(() => undefined);
      await run.redeploy(flow(eventIn()));
      await run.untilStatus('in', 'connected');
      await publish(run, placed('somebody'));
      const first = await run.nth('settled');
      assert.equal((first.payload as { number: string }).number, 'somebody');
    });

    it('makes the channel forget an earlier filter', async () => {
      const run = await flows.load(flow(eventIn({ filter: 'sales/order/+/eu/#' })));
      await run.untilStatus('in', 'connected');
      await publish(run, placed('before', { extensions: { site: 'eu' } }));
      await run.nth('settled');
      await run.untilStatus('in', 'connected');
      await run.redeploy(flow(eventIn({ filter: 'sales/order/+/us/#' })));
      await run.untilStatus('in', 'connected');
      // The old one is taken away right behind the new one's grant; from then on none of its events arrives.
      let round = 0;
      const arrived = (number: string): boolean =>
        run.got('settled').some(({ payload }) => (payload as { number: string }).number === number);
      const onlyNew = async (): Promise<boolean> => {
        round += 1;
        const channel = await channelOf(run);
        await channel.publish(placed(`old-${round}`, { extensions: { site: 'eu' } })).catch(() => undefined);
        await channel.publish(placed(`new-${round}`, { extensions: { site: 'us' } }));
        await waitFor(() => arrived(`new-${round}`), { what: `the event ${round} of the new filter` });
        await run.untilStatus('in', 'connected');
        return !arrived(`old-${round}`);
      };
      // The status is that of the earlier instance for a moment; what arrives shows that the new one is there.
      await waitFor(
        async () => {
          await publish(run, placed('first', { extensions: { site: 'us' } }));
          return arrived('first');
        },
        { what: 'the new filter', intervalMs: 50 },
      );
      await waitFor(onlyNew, { what: 'the end of the old filter' });
      assert.ok(await onlyNew());
    });

    for (const [what, config, says] of [
      ['a filter that cannot be', { filter: 'a/#/b' }, /^The filter "a\/#\/b" cannot be used/],
      ['a subscription’s name that cannot be', { subscription: 'a b' }, /^The subscription’s name may only/],
      ['another format', { format: 'xml' }, /^Format must be one of: cloudevents, plain/],
      [
        'an acknowledgement that only AMQP has',
        { acknowledge: 'flow' },
        /^Only an AMQP broker can wait until/,
      ],
      [
        'the newest only of what the broker holds',
        { acknowledge: 'flow', newestOnly: true },
        /^Only what is stored here can give way/,
      ],
      ['no channel', { channel: '' }, /^Event channel is not chosen/],
    ] as const) {
      it(`refuses ${what}, with a sentence`, async () => {
        const run = await flows.load(flow(eventIn(config)));
        assert.match((await run.untilStatus('in', 'red')).text ?? '', says);
      });
    }
  });
}

describe('event in over a broker', () => {
  const flows = useFlows();
  let broker: Broker;
  before(async () => {
    broker = await startBroker();
  });
  after(() => broker.close());
  const flow = (config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('in'),
    STORE,
    eventChannel(broker.url, { kind: 'mqtt', topicPrefix: PREFIX }),
    crossdock('event-in', 'in', { channel: 'channel', store: 'store', end: 'explicit', ...config }, [
      ['out', 'settle'],
    ]),
    crossdock('settle', 'settle', {}, [['settled']]),
    sink('out'),
    sink('settled'),
  ];
  /** Publishes what no channel of ours would. */
  const raw = async (topic: string, body: string | Buffer): Promise<void> => {
    const client = await mqtt.connectAsync(broker.url);
    await client.publishAsync(`${PREFIX}/${topic}`, body, { qos: 1 });
    await client.endAsync();
  };

  it('needs a store, unlike over a local channel', async () => {
    const run = await flows.load(flow({ store: '' }));
    assert.match((await run.untilStatus('in', 'red')).text ?? '', /^Store is not chosen/);
  });

  it('brings what should be an event and is none to the Catch nodes, as it came, once', async () => {
    const run = await flows.load(flow());
    await run.untilStatus('in', 'connected');
    await raw('sales/order', '{"no":"event"}');
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'EVENT_INVALID');
    assert.equal(caught.payload, '{"no":"event"}');
    assert.equal(run.got('out').length, 0);
  });

  it('takes any message when it is told to', async () => {
    const run = await flows.load(flow({ format: 'plain' }));
    await run.untilStatus('in', 'connected');
    await raw('scales/7', '{"weight":12.5}');
    await raw('scales/8', 'not json');
    await raw('scales/9', Buffer.from([0xff, 0x00]));
    await run.nth('settled', 3);
    const byTopic = new Map(run.got('settled').map((message) => [message.topic, message.payload]));
    assert.deepEqual(byTopic.get('scales/7'), { weight: 12.5 });
    assert.equal(byTopic.get('scales/8'), 'not json');
    assert.deepEqual(byTopic.get('scales/9'), Buffer.from([0xff, 0x00]));
    assert.equal(run.got('settled')[0]?.['event'], undefined);
  });

  it('lets into the flow first what its lane says', async () => {
    const run = await flows.load(
      flow({ format: 'plain', laneFirst: 'order/#', laneLast: 'catalogue/#', concurrency: 1 }),
    );
    await run.untilStatus('in', 'connected');
    await run.redeploy(
      flow()
        .filter(({ id }) => id !== 'settle')
        .map((node) =>
          node.id === 'in'
            ? {
                ...node,
                format: 'plain',
                laneFirst: 'order/#',
                laneLast: 'catalogue/#',
                concurrency: 1,
                wires: [['out']],
              }
            : node,
        ),
    );
    await run.untilStatus('in', 'connected');
    // The first takes the only place; what comes then waits, and is let in by its lane.
    await raw('other/0', '0');
    await run.nth('out');
    for (const topic of ['catalogue/1', 'other/2', 'order/3', 'order/4']) await raw(topic, topic);
    await run.untilStatus('in', '1 in the flow, 4 waiting');
    await run.redeploy(
      flow({ format: 'plain', laneFirst: 'order/#', laneLast: 'catalogue/#', concurrency: 1 }),
    );
    await run.nth('settled', 5);
    assert.deepEqual(
      run.got('settled').map(({ topic }) => topic),
      ['order/3', 'order/4', 'other/0', 'other/2', 'catalogue/1'],
    );
  });

  it('says why there is no connection, and goes on by itself when the broker is back', async () => {
    const first = await startBroker();
    const run = await flows.load([
      ...flow().filter(({ id }) => id !== 'channel'),
      eventChannel(first.url, { kind: 'mqtt', topicPrefix: PREFIX }),
    ]);
    await run.untilStatus('in', 'connected');
    await first.close();
    assert.equal((await run.untilStatus('in', 'yellow')).shape, 'ring');
    // This broker keeps nothing on disk, which the status says; what comes from now on arrives.
    const second = await startBroker({ port: first.port });
    await run.untilStatus('in', /had forgotten this/);
    const client = await mqtt.connectAsync(second.url);
    await client.publishAsync(`${PREFIX}/sales/order`, JSON.stringify(placed('O-1')), { qos: 1 });
    await client.endAsync();
    await run.nth('settled');
    await run.redeploy([]);
    await second.close();
  });
});

describe('event in: its examples', () => {
  const folder = join(projectFolders().root, 'examples', 'event in');
  const variants = readdirSync(folder).filter((file) => / - The same flow over /.test(file));

  it('show one flow over three channels, in which nothing but the channel is swapped', () => {
    const kinds: unknown[] = [];
    const flows = variants.map((file) => {
      const flow = JSON.parse(readFileSync(join(folder, file), 'utf8')) as FlowNode[];
      kinds.push(flow.find(({ type }) => type === 'crossdock-event-channel')?.['kind']);
      // Ids differ, so that all can be imported; the place in the file stands for them.
      let text = JSON.stringify(
        flow
          .filter(({ type }) => !['crossdock-event-channel', 'comment', 'tab'].includes(type))
          // Each example has a store file of its own, so that all can be imported.
          .map((node) => (node.type === 'crossdock-store' ? { ...node, name: '', path: '' } : node)),
      );
      for (const [index, { id }] of flow.entries()) text = text.replaceAll(id, `node ${index}`);
      return text;
    });
    assert.deepEqual(kinds.sort(), ['amqp', 'local', 'mqtt']);
    assert.equal(new Set(flows).size, 1);
  });
});
