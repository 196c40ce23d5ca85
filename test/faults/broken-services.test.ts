import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from '../../sandbox/storefront/rng';
import { type TcpProxy, waitFor } from '../support';
import { mosquittoBinary, type OwnBroker, ownMosquitto, ownRabbit, rabbitBinary } from './support/brokers';
import { choices, LONG, SEED, tell, turns } from './support/campaign';
import type { Feeder } from './support/feeder';
import { Pipeline, type PipelineOptions } from './support/pipeline';
import { postgresForTests, proxied, rabbitForTests } from './support/shared-services';

/**
 * Proves that what stands beside Node-RED may die, be cut off, or fall silent: the gateway goes on taking orders as
 * long as its store works, finds back by itself, and in the end everything acknowledged is one order.
 */
describe('broken brokers, connections and databases', function () {
  this.timeout(1_800_000);
  let pipeline: Pipeline | undefined;
  const ends: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await pipeline?.remove();
    pipeline = undefined;
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** Runs a pipeline under load while `disturb` does its worst, then judges. */
  async function survive(
    options: PipelineOptions,
    disturb: (feeder: Feeder, rng: Rng) => Promise<void>,
    deadlineMs = 180_000,
  ): Promise<void> {
    const rng = choices(options.name);
    pipeline = await Pipeline.start(options);
    const feeder = pipeline.feed(rng);
    await feeder.more(20);
    await disturb(feeder, rng);
    await feeder.finish(120_000);
    await pipeline.mustBeFlawless(feeder, deadlineMs);
  }

  async function started(broker: OwnBroker): Promise<OwnBroker> {
    ends.push(() => broker.remove());
    await broker.start();
    return broker;
  }

  /**
   * SIGKILL under load, at a random moment; sometimes it stays away for a while.
   * @param ageMs how old the broker's queues must be: RabbitMQ 3.10 writes down who leads a new quorum queue only every
   *   five seconds, and after a kill within that time the queue has no leader for minutes (rabbitmq-server#10070)
   */
  function killing(broker: OwnBroker, times: number, ageMs = 0) {
    return async (feeder: Feeder, rng: Rng): Promise<void> => {
      // Its queue is there for sure once the first event has come out of it.
      await waitFor(() => (pipeline?.recorder.distinct ?? 0) > 0, {
        what: 'the first delivery',
        timeoutMs: 120_000,
      });
      const since = performance.now();
      while (performance.now() - since < ageMs) await feeder.more(20);
      for (let kill = 1; kill <= times; kill += 1) {
        await feeder.more(rng.int(20, 80), 120_000);
        await broker.kill();
        await sleep(rng.int(0, 1000));
        await broker.start();
      }
      tell(`killed and started ${times} times`);
    };
  }

  it('SIGKILL of RabbitMQ while publishing and consuming', async function () {
    if (rabbitBinary === undefined) this.skip();
    const broker = await started(await ownRabbit());
    const name = `rabbit-${SEED}`;
    await survive({ kind: 'amqp', brokerUrl: broker.url, name }, killing(broker, turns(2, 20), 8000));
  });

  it('SIGKILL of Mosquitto (advised settings) while publishing and consuming', async function () {
    if (mosquittoBinary === undefined) this.skip();
    const broker = await started(await ownMosquitto());
    const name = `mosquitto-${SEED}`;
    await survive({ kind: 'mqtt', brokerUrl: broker.url, name }, killing(broker, turns(3, 20)));
  });

  /** Connections are reset and refused for a while, then silent (half-open) for a while; in turn. */
  function disturbing(proxy: TcpProxy) {
    return async (feeder: Feeder, rng: Rng): Promise<void> => {
      for (let turn = 1; turn <= turns(1, 3); turn += 1) {
        for (const fault of ['cut', 'blackhole'] as const) {
          const seconds = LONG ? rng.int(10, 60) : fault === 'cut' ? 2 : 10;
          proxy[fault]();
          await sleep(seconds * 1000);
          proxy.restore();
          tell(`${fault} for ${seconds} s`);
          await feeder.more(20, 120_000);
        }
      }
    };
  }

  it('a cut and a half-open connection to RabbitMQ', async function () {
    const name = `cut-amqp-${SEED}`;
    const rabbit = rabbitForTests(name);
    if (rabbit === undefined) this.skip();
    ends.push(() => rabbit.remove());
    const { proxy, url } = await proxied(rabbit.url);
    ends.push(() => proxy.close());
    await survive({ kind: 'amqp', brokerUrl: url, name }, disturbing(proxy));
  });

  it('a cut and a half-open connection to Mosquitto', async function () {
    if (mosquittoBinary === undefined) this.skip();
    const broker = await started(await ownMosquitto());
    const { proxy, url } = await proxied(broker.url);
    ends.push(() => proxy.close());
    await survive({ kind: 'mqtt', brokerUrl: url, name: `cut-mqtt-${SEED}` }, disturbing(proxy));
  });

  it('a cut and a half-open connection to the PostgreSQL store', async function () {
    const name = `cut-postgres-${SEED}`;
    const postgres = postgresForTests(name);
    if (postgres === undefined) this.skip();
    ends.push(() => postgres.remove());
    const { proxy, url } = await proxied(postgres.url);
    ends.push(() => proxy.close());
    const store = { url, schema: postgres.schema };
    await survive({ kind: 'local', postgres: store, name }, disturbing(proxy));
  });
});
