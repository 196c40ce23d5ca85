import assert from 'node:assert/strict';
import { mosquittoBinary, ownMosquitto } from './support/brokers';
import { choices, SEED, tell, turns } from './support/campaign';
import { type Kind, Pipeline } from './support/pipeline';
import { rabbitForTests } from './support/shared-services';

/** Proves that an analyst may deploy at any time: Node-RED drops what is in flight, and it is delivered again. */
describe('full deploys under load', function () {
  this.timeout(900_000);
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function survive(kind: Kind, brokerUrl?: string): Promise<void> {
    const name = `deploy-${kind}-${SEED}`;
    const times = turns(3, 50);
    const rng = choices(name);
    const pipeline = await Pipeline.start({ kind, name, ...(brokerUrl === undefined ? {} : { brokerUrl }) });
    ends.push(() => pipeline.remove());
    const feeder = pipeline.feed(rng);
    for (let deploy = 1; deploy <= times; deploy += 1) {
      await feeder.more(rng.int(1, 60));
      await pipeline.red.deploy(pipeline.flows());
    }
    await feeder.finish();
    tell(`${times} full deploys`);
    const verdict = await pipeline.mustBeFlawless(feeder);
    assert.equal(verdict.counts.unknown, 0, 'every sender got an answer, also during a deploy');
  }

  it('over MQTT: nothing lost, nothing doubled, in order', async function () {
    if (mosquittoBinary === undefined) this.skip();
    const broker = await ownMosquitto();
    ends.push(() => broker.remove());
    await broker.start();
    await survive('mqtt', broker.url);
  });

  it('over AMQP: nothing lost, nothing doubled, in order', async function () {
    const rabbit = rabbitForTests(`deploy-amqp-${SEED}`);
    if (rabbit === undefined) this.skip();
    ends.push(() => rabbit.remove());
    await survive('amqp', rabbit.url);
  });

  it('over a local channel: nothing lost, nothing doubled, in order', () => survive('local'));
});
