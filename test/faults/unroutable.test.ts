import assert from 'node:assert/strict';
import { openPostgresStore } from '../../core/store';
import { node } from '../runtime/flow';
import { waitFor } from '../support';
import { choices, SEED, tell, turns } from './support/campaign';
import { Pipeline } from './support/pipeline';
import { postgresForTests, rabbitForTests } from './support/shared-services';

/**
 * Proves that an event for which RabbitMQ has no queue is not thrown away silently: it comes back (mandatory), is
 * shown, stays in the outbox, and leaves when the binding is back. The store is PostgreSQL, for the test to look in.
 */
describe('unroutable publishes', function () {
  this.timeout(600_000);
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('are all reported, kept, and sent once the binding is back', async function () {
    const name = `unroutable-${SEED}`;
    const rabbit = rabbitForTests(name);
    const postgres = postgresForTests(name);
    if (rabbit === undefined || postgres === undefined) this.skip();
    ends.push(
      () => postgres.remove(),
      () => rabbit.remove(),
    );
    const pipeline = await Pipeline.start({
      kind: 'amqp',
      brokerUrl: rabbit.url,
      postgres,
      name,
      extra: [
        node('status', 'status', { scope: ['out'] }, [['statusText']]),
        node('function', 'statusText', {
          func: 'node.warn("STATUS " + msg.status.text); return null;',
          outputs: 1,
          libs: [],
        }),
      ],
    });
    ends.push(() => pipeline.remove());
    const store = await openPostgresStore(postgres);
    ends.push(() => store.close());
    /** What is not sent, of how many keys it is, and what of it the broker has returned. */
    const held = async (): Promise<{ unsent: number; keys: number; returned: number }> => {
      const [result] = await store.run([
        {
          sql: `SELECT count(*) AS unsent, count(DISTINCT partition_key) AS keys, count(CASE WHEN error LIKE '%UNROUTABLE%' THEN 1 END) AS returned
            FROM crossdock_outbox WHERE state <> 'sent'`,
        },
      ]);
      const { unsent, keys, returned } = result?.rows[0] ?? {};
      return { unsent: Number(unsent), keys: Number(keys), returned: Number(returned) };
    };

    const rng = choices(name);
    // Held back by what has been delivered, the senders would wait for what cannot come.
    const before = pipeline.feed(rng, { backlog: Number.POSITIVE_INFINITY });
    await before.more(turns(50, 500));
    const bindAgain = await rabbit.unbind();
    await before.more(12 * 4);
    await before.finish();
    await waitFor(async () => (await held()).unsent === before.acknowledged - pipeline.recorder.distinct, {
      what: 'every event either delivered or held',
      timeoutMs: 60_000,
      intervalMs: 200,
    });
    // Of each key one event is tried; those behind it keep their order and wait for it. Then none is under way.
    const { unsent, returned } = await waitFor(
      async () => {
        const now = await held();
        return now.keys > 0 && now.returned >= now.keys ? now : undefined;
      },
      { what: 'the returns', timeoutMs: 60_000 },
    );
    tell(
      `${before.acknowledged} acknowledged, ${unsent} held in the outbox, ${returned} of them returned by the broker`,
    );
    assert.ok(unsent > 0);
    await pipeline.red.waitForLog(new RegExp(`STATUS ${unsent} waiting: .*subscribed`), {
      timeoutMs: 30_000,
    });

    await bindAgain();
    await pipeline.mustBeFlawless(before);
  });
});
