import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelModel, connect } from 'amqplib';
import { type EventChannel, makeEvent, openAmqpChannel } from '../../core/channel';
import { deadLetters, type FlowNode, node, parked, record, STORE, TAB } from '../runtime/flow';
import { type NodeRed, spawnNodeRed, startTcpProxy, type TcpProxy, waitFor } from '../support';

/** The queue's name at the broker (amqp-topology.ts). */
const queueOf = (subscription: string): string => `crossdock.events.${subscription}`;

for (const acknowledge of ['inbox', 'flow'] as const) {
  describe(`event in over RabbitMQ, acknowledging from the ${acknowledge}`, function () {
    this.timeout(120_000);
    const run = randomUUID().slice(0, 8);
    const prefix = `test/${run}`;
    const subscription = `event-in-${acknowledge}-${run}`;
    let url: URL;
    let proxy: TcpProxy;
    let channel: EventChannel;
    let admin: ChannelModel;
    let red: NodeRed;
    let count = 0;

    const flows = (name = 'as deployed', parking = true): FlowNode[] => [
      TAB,
      STORE,
      {
        id: 'channel',
        type: 'crossdock-event-channel',
        kind: 'amqp',
        url: proxy.url,
        topicPrefix: prefix,
        credentials: { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
      },
      node(
        'crossdock-event-in',
        'in',
        {
          name,
          channel: 'channel',
          store: 'store',
          filter: 'sales/#',
          subscription,
          acknowledge,
          concurrency: 16,
          holdSeconds: 60,
        },
        [['work']],
      ),
      node(
        'function',
        'work',
        {
          func: `if (msg.payload.refuse === true) throw new Error('It is refused.');
const again = msg.payload.failFirst === true && msg.crossdock.attempt === 1;
setTimeout(() => { node.send(again ? [null, msg] : [msg, null]); node.done(); }, Math.random() * 10);`,
          outputs: 2,
          libs: [],
        },
        [['record'], ['later']],
      ),
      node('crossdock-settle', 'later', {
        outcome: 'failed',
        code: 'ERP_BUSY',
        sentence: 'The ERP is busy.',
        retry: true,
      }),
      ...record(
        'record',
        'done.jsonl',
        '{"number": payload.number, "n": payload.n, "attempt": crossdock.attempt}',
      ),
      node('status', 'status', { scope: ['in'] }, [['statusText']]),
      ...record('statusText', 'status.jsonl', '{"text": status.text}'),
      ...(parking ? deadLetters('work', 'in') : []),
    ];
    const publish = (number: string, more: object = {}): Promise<void> => {
      count += 1;
      return channel.publish(
        makeEvent({
          type: 'com.crossdock.sales.order.placed.v1',
          source: '/shops/eu',
          subject: number,
          time: '2026-11-02T09:30:00Z',
          id: `event-${count}`,
          data: { number, n: count, ...more },
        }),
      );
    };
    interface Line {
      readonly number: string;
      readonly n: number;
      readonly attempt: number;
    }
    const lines = <T>(file: string): T[] => {
      const path = join(red.userDir, file);
      if (!existsSync(path)) return [];
      return readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T);
    };
    const done = (start: string): Line[] =>
      lines<Line>('done.jsonl').filter(({ number }) => number.startsWith(start));
    const connected = (from = 0): Promise<unknown> =>
      waitFor(
        () =>
          lines<{ text?: string }>('status.jsonl')
            .slice(from)
            .some(({ text }) => text === 'connected'),
        {
          what: 'the subscription',
          timeoutMs: 30_000,
        },
      );
    /** Messages that the queue still has, when nobody consumes it. */
    const ready = async (queue: string): Promise<number> => {
      const looking = await admin.createChannel();
      try {
        return (await looking.checkQueue(queue)).messageCount;
      } finally {
        await looking.close();
      }
    };

    before(async function () {
      const given = process.env['RABBITMQ_TEST_URL'];
      if (given === undefined || given === '') return this.skip();
      url = new URL(given);
      admin = await connect(given);
      proxy = await startTcpProxy({ target: `amqp://${url.host}` });
      channel = openAmqpChannel({ url: given, topicPrefix: prefix });
      red = await spawnNodeRed({ flows: flows() });
      await connected();
    });
    after(async () => {
      await red?.remove();
      await channel?.close();
      await proxy?.close();
      await admin?.close();
    });

    it('delivers every event once, in order per subject, and leaves nothing at the broker', async () => {
      const numbers = Array.from({ length: 200 }, (_, n) => `plain-${n % 10}`);
      await Promise.all(numbers.map((number) => publish(number)));
      await waitFor(() => done('plain-').length >= numbers.length, { what: 'all events', timeoutMs: 40_000 });
      assert.equal(done('plain-').length, numbers.length);
      for (let n = 0; n < 10; n += 1) {
        const order = done(`plain-${n}`).map((line) => line.n);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        );
      }
    });

    it('delivers again what failed for now, and nothing of its subject overtakes', async () => {
      await Promise.all([publish('again-1', { failFirst: true }), publish('again-1')]);
      await waitFor(() => done('again-').length === 2, { what: 'both events', timeoutMs: 40_000 });
      const [first, second] = done('again-');
      assert.ok((first?.n ?? 0) < (second?.n ?? 0));
      assert.equal(first?.attempt, 2);
      assert.equal((await parked(red)).length, 0);
    });

    it('parks what is refused', async () => {
      await publish('refused-1', { refuse: true });
      const letter = await waitFor(async () => (await parked(red)).at(0), { what: 'the letter' });
      assert.match(letter.reason, /It is refused/);
      assert.equal(letter.deliveryId, `/shops/eu event-${count}`);
    });

    it('loses nothing when its connection is cut under load', async () => {
      const wanted = Array.from({ length: 200 }, (_, n) => `cut-${String(n).padStart(3, '0')}`);
      const load = (async () => {
        for (const number of wanted) await publish(number);
      })();
      await waitFor(() => done('cut-').length > 20, { what: 'the first events' });
      proxy.cut();
      await load;
      proxy.restore();
      await waitFor(() => new Set(done('cut-').map(({ number }) => number)).size === wanted.length, {
        what: 'all events',
        timeoutMs: 60_000,
      });
      // What was in the flow when the connection went is known again: it is not run twice.
      assert.equal(done('cut-').length, wanted.length);
    });

    it('loses nothing when flows are deployed under load', async () => {
      const wanted = Array.from({ length: 300 }, (_, n) => `deploy-${String(n).padStart(3, '0')}`);
      let sent = 0;
      const load = (async () => {
        for (const number of wanted) {
          await publish(number);
          sent += 1;
        }
      })();
      for (const n of [1, 2]) {
        await waitFor(() => sent >= n * 100, { what: `event ${n * 100}` });
        await red.deploy(flows(`deploy ${n}`));
      }
      await load;
      await waitFor(() => new Set(done('deploy-').map(({ number }) => number)).size === wanted.length, {
        what: 'all events',
        timeoutMs: 60_000,
      });
    });

    it('leaves nothing at the broker that it has done', async () => {
      // What a stop has cut off comes again in the next run; that is connected before it has done all of it.
      await waitFor(
        async () => {
          const from = lines('status.jsonl').length;
          await red.restart();
          await connected(from);
          await red.stop();
          return (await ready(queueOf(subscription))) === 0;
        },
        { what: 'an empty queue', timeoutMs: 60_000 },
      );
      await red.restart();
    });

    if (acknowledge === 'flow') {
      it('gives what fails for good to the broker’s dead letters when nobody parks it', async () => {
        const from = lines('status.jsonl').length;
        await red.deploy(flows('without dead letters', false));
        await connected(from);
        await publish('dead-1', { refuse: true });
        // A Catch node may take its time to bring a message to a dead letter node (10 s).
        await waitFor(async () => (await ready(`${queueOf(subscription)}.dead`)) === 1, {
          what: 'the dead letter at the broker',
          timeoutMs: 40_000,
        });
      });
    }

    it('ends its subscription with its node', async () => {
      await red.deploy(flows('gone').filter(({ id }) => id !== 'in'));
      const looking = await admin.createChannel();
      // The broker closes a channel that asks for a queue which is not there.
      looking.on('error', () => undefined);
      await assert.rejects(looking.checkQueue(queueOf(subscription)), /NOT_FOUND/);
    });
  });
}
