import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import mqtt from 'mqtt';
import { type EventChannel, makeEvent, openMqttChannel } from '../../core/channel';
import { type Broker, startBroker } from '../../sandbox/broker';
import { type NodeRed, projectFolders, spawnNodeRed, waitFor } from '../support';
import { deadLetters, type FlowNode, node, parked, record, STORE, TAB } from './flow';

const PREFIX = 'runtime/v1';
/** States of the inbox in which nothing is done any more. */
const SETTLED = ['done', 'parked', 'dead'];

/** In a real Node-RED, whose hooks say when every branch of a message is done. */
describe('event in, with messages that end by themselves', () => {
  let broker: Broker;
  let channel: EventChannel;
  let red: NodeRed;
  let count = 0;
  let taken = 0;

  const flows = (name = 'as deployed'): FlowNode[] => [
    TAB,
    STORE,
    {
      id: 'channel',
      type: 'crossdock-event-channel',
      kind: 'mqtt',
      url: broker.url,
      topicPrefix: PREFIX,
      clientId: 'runtime-test',
    },
    node(
      'crossdock-event-in',
      'in',
      { name, channel: 'channel', store: 'store', filter: 'sales/#', concurrency: 16, holdSeconds: 60 },
      [['refuse', 'slow']],
    ),
    node(
      'crossdock-event-in',
      'plain',
      {
        name,
        channel: 'channel',
        store: 'store',
        filter: 'scales/#',
        format: 'plain',
        subscription: 'scales',
      },
      [['refuse', 'slow']],
    ),
    // One branch may fail, the other takes its time: the message is done when both are.
    node('function', 'refuse', {
      func: "if (msg.payload.refuse === true) throw new Error('It is refused.');\nreturn msg;",
      outputs: 1,
      libs: [],
    }),
    node(
      'function',
      'slow',
      {
        func: 'setTimeout(() => { node.send(msg); node.done(); }, 5);',
        outputs: 1,
        libs: [],
      },
      [['record']],
    ),
    ...record('record', 'done.jsonl', '{"number": payload.number, "attempt": crossdock.attempt}'),
    node('status', 'status', { scope: ['in', 'plain'] }, [['statusText']]),
    ...record('statusText', 'status.jsonl', '{"id": status.source.id, "text": status.text}'),
    ...deadLetters('refuse', 'in'),
  ];
  const publish = async (number: string, more: object = {}): Promise<void> => {
    count += 1;
    await channel.publish(
      makeEvent({
        type: 'com.crossdock.sales.order.placed.v1',
        source: '/shops/eu',
        subject: number,
        time: '2026-11-02T09:30:00Z',
        id: `event-${count}`,
        data: { number, ...more },
      }),
    );
  };
  const lines = <T>(file: string): T[] => {
    const path = join(red.userDir, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  };
  const done = (prefix: string): string[] =>
    lines<{ number: string }>('done.jsonl')
      .map(({ number }) => number)
      .filter((number) => number.startsWith(prefix))
      .toSorted();
  const connected = (from = 0): Promise<unknown> =>
    waitFor(
      () => {
        const idle = lines<{ id: string; text?: string }>('status.jsonl')
          .slice(from)
          .filter(({ text }) => text === 'connected');
        return ['in', 'plain'].every((id) => idle.some((line) => line.id === id));
      },
      { what: 'the subscriptions', timeoutMs: 20_000 },
    );
  /** Messages of a source by state; only while Node-RED is stopped, whose store nobody else can open. */
  const inbox = (source: string): Record<string, number> => {
    const db = new DatabaseSync(join(red.userDir, 'test.sqlite'), { readOnly: true });
    const rows = db
      .prepare('SELECT state, count(*) AS n FROM crossdock_inbox WHERE source = ? GROUP BY state')
      .all(source) as { state: string; n: number }[];
    db.close();
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  };

  before(async () => {
    broker = await startBroker();
    channel = openMqttChannel({ url: broker.url, topicPrefix: PREFIX });
    red = await spawnNodeRed({ flows: flows() });
    await connected();
  });
  after(async () => {
    await red?.remove();
    await channel.close();
    await broker.close();
  });

  it('parks what one branch refuses, also when the other goes well', async () => {
    await publish('refused-1', { refuse: true });
    const letter = await waitFor(async () => (await parked(red)).at(0), { what: 'the dead letter' });
    assert.match(letter.reason, /It is refused/);
    assert.match(letter.deliveryId ?? '', /^\/shops\/eu event-/);
    await waitFor(() => done('refused-').length === 1, { what: 'the other branch' });
  });

  it('loses nothing, and takes nothing in twice, when flows are deployed again and again under load', async () => {
    // Messages without an id: nobody would recognise a second copy, so each must be acknowledged once it is stored.
    const wanted = Array.from({ length: 400 }, (_, n) => `deploy-${String(n).padStart(3, '0')}`);
    const scales = await mqtt.connectAsync(broker.url);
    let sent = 0;
    const load = (async () => {
      for (const number of wanted) {
        await scales.publishAsync(`${PREFIX}/scales/7`, JSON.stringify({ number }), { qos: 1 });
        sent += 1;
      }
    })();
    for (let n = 1; n <= 3; n += 1) {
      await waitFor(() => sent >= n * 100, { what: `message ${n * 100}` });
      await red.deploy(flows(`deploy ${n}`));
    }
    await load;
    await scales.endAsync();
    const all = await waitFor(
      () => (new Set(done('deploy-')).size === wanted.length ? done('deploy-') : undefined),
      {
        what: 'all messages',
        timeoutMs: 40_000,
      },
    );
    assert.deepEqual([...new Set(all)], wanted);
    // A deploy may cut a message off between its effect (the line in the file) and its end, as a crash may, and then it
    // comes again. That each was taken in once is looked up in the store below.
    taken = wanted.length;
  });

  it('loses nothing when the process is killed under load', async () => {
    const wanted = Array.from({ length: 200 }, (_, n) => `kill-${String(n).padStart(3, '0')}`);
    const load = (async () => {
      for (const number of wanted) await publish(number);
    })();
    await waitFor(() => done('kill-').length > 20, { what: 'the first messages' });
    await red.kill9();
    await red.restart();
    await load;
    await waitFor(() => new Set(done('kill-')).size === wanted.length, {
      what: 'all messages',
      timeoutMs: 40_000,
    });
  });

  it('has taken each message in once, and ended each', async () => {
    const wanted = [{ done: count - 1, parked: 1 }, { done: taken }];
    const found = (): object[] => [inbox('event-in:node-in'), inbox('event-in:scales')];
    // What a kill or a stop has cut off waits for the next run; that is connected before it has done all of it.
    for (let runs = 1; ; runs += 1) {
      const from = lines('status.jsonl').length;
      await red.restart();
      await connected(from);
      await red.stop();
      const open = found().some((states) => Object.keys(states).some((state) => !SETTLED.includes(state)));
      if (!open || runs === 5) break;
    }
    assert.deepEqual(found(), wanted);
  });
});

describe('event in: its examples', () => {
  const folder = join(projectFolders().root, 'examples', 'event in');
  let broker: Broker;
  let red: NodeRed;
  before(async () => {
    broker = await startBroker();
    red = await spawnNodeRed({ env: { MQTT_URL: broker.url } });
  });
  after(async () => {
    await red?.remove();
    await broker.close();
  });

  for (const file of readdirSync(folder).filter((name) =>
    / - The same flow over (a local|MQTT)/.test(name),
  )) {
    it(`"${file}" works as imported: the shop gets its confirmation`, async () => {
      const flow = JSON.parse(readFileSync(join(folder, file), 'utf8')) as FlowNode[];
      const [tab] = flow;
      const shop = flow.find(({ name }) => name === 'shop');
      const order = flow.find(({ type }) => type === 'inject');
      assert.ok(tab !== undefined && shop !== undefined && order !== undefined);
      const out = `${tab.id}.jsonl`;
      const watching = record('watch', out, 'payload').map((each) => ({ ...each, z: tab.id }));
      const wires = shop['wires'] as string[][];
      await red.deploy([
        ...flow.map((each) => (each === shop ? { ...shop, wires: [[...(wires[0] ?? []), 'watch']] } : each)),
        ...watching,
      ]);
      const confirmations = (): unknown[] => {
        const path = join(red.userDir, out);
        return existsSync(path)
          ? readFileSync(path, 'utf8')
              .trim()
              .split('\n')
              .map((line) => JSON.parse(line))
          : [];
      };
      // Over a broker, what is published before the subscription is there is nobody's; so the button is pressed again.
      await waitFor(
        async () => {
          await red.admin(`/inject/${order.id}`, { method: 'POST' }).catch(() => undefined);
          return confirmations().length > 0;
        },
        { what: 'the confirmation', timeoutMs: 30_000, intervalMs: 500 },
      );
      assert.deepEqual(confirmations()[0], { number: 'O-2001', lines: 2, confirmed: true });
    });
  }
});
