import assert from 'node:assert/strict';
import { mosquittoBinary, type OwnBroker, ownMosquitto } from './support/brokers';
import { choices, SEED, tell, turns } from './support/campaign';
import { killRepeatedly, planKills } from './support/kills';
import { type Kind, Pipeline } from './support/pipeline';
import { rabbitForTests } from './support/shared-services';

/** The places of reliability.md 2.5 that a message passes on its way. */
const POINTS = [
  'inbox.beforeCommit',
  'inbox.afterCommitBeforeAck',
  'lease.taken',
  'done.beforeCommit',
  'done.afterCommit',
  'odoo.beforeSend',
  'odoo.afterSendBeforeReply',
  'odoo.afterReply',
];
/** With a broker between: a local channel publishes and takes in within units of the store. */
const BROKER_POINTS = [
  'outbox.beforeHandOver',
  'outbox.beforePublish',
  'outbox.afterPublishBeforeConfirm',
  'outbox.afterConfirmBeforeMark',
  'broker.beforeAck',
];

/**
 * Proves that Node-RED may die anywhere, at any time: what was acknowledged becomes one order, in the order of its
 * key, whatever channel is between. The process dies at each named point in turn and at random moments, under load.
 */
describe('kill -9 of Node-RED under load', function () {
  this.timeout(1_800_000);
  let broker: OwnBroker | undefined;
  let pipeline: Pipeline | undefined;

  afterEach(async () => {
    await pipeline?.remove();
    await broker?.remove();
    pipeline = undefined;
    broker = undefined;
  });

  async function survive(kind: Kind, points: readonly string[], times: number): Promise<void> {
    const rng = choices(`kill ${kind}`);
    const name = `kill-${kind}-${SEED}`;
    const rabbit = kind === 'amqp' ? rabbitForTests(name) : undefined;
    const brokerUrl = rabbit?.url ?? broker?.url;
    pipeline = await Pipeline.start({ kind, name, ...(brokerUrl === undefined ? {} : { brokerUrl }) });
    const [gateway] = pipeline.gateways;
    assert.ok(gateway);
    try {
      const feeder = pipeline.feed(rng);
      await feeder.more(20);
      const kills = await killRepeatedly(gateway, planKills(points, times), feeder, rng);
      tell(
        `${name}: killed ${times} times: ${Object.entries(kills.at)
          .map(([at, count]) => `${at} ${count}`)
          .join(', ')}`,
      );
      await gateway.red.restart();
      await feeder.finish();
      await pipeline.mustBeFlawless(feeder, undefined, { kills });
      assert.deepEqual(kills.missed, [], 'every named point was reached');
    } finally {
      await gateway.red.stop();
      await rabbit?.remove();
    }
  }

  it('over MQTT (Mosquitto, advised settings): nothing lost, nothing doubled, in order', async function () {
    if (mosquittoBinary === undefined) this.skip();
    broker = await ownMosquitto();
    await broker.start();
    const points = [...POINTS, ...BROKER_POINTS];
    await survive('mqtt', points, turns(points.length + 1, 112));
  });

  it('over AMQP (RabbitMQ, quorum queue): nothing lost, nothing doubled, in order', async function () {
    if (rabbitForTests('') === undefined) this.skip();
    const points = [...POINTS, ...BROKER_POINTS];
    await survive('amqp', points, turns(points.length + 1, 112));
  });

  it('over a local channel: nothing lost, nothing doubled, in order', async () => {
    await survive('local', POINTS, turns(POINTS.length + 1, 108));
  });
});
