/** The services that the machine's tests share (CONTRIBUTING.md): what a suite puts there has its name, and goes. */
import { connect } from 'amqplib';
import { planTopology } from '../../../core/channel';
import { openPostgresStore } from '../../../core/store';
import { startTcpProxy, type TcpProxy } from '../../support';

export interface SharedRabbit {
  readonly url: string;
  /** Deletes what a pipeline of this name has declared. */
  remove(): Promise<void>;
  /** Takes away the binding of the pipeline's queue, as an operator's mistake would; returns what puts it back. */
  unbind(): Promise<() => Promise<void>>;
}

/** The RabbitMQ of RABBITMQ_TEST_URL for the pipeline `name`, if there is one. */
export function rabbitForTests(name: string): SharedRabbit | undefined {
  const url = process.env['RABBITMQ_TEST_URL'];
  if (url === undefined || url === '') return undefined;
  const plan = () =>
    planTopology({ topicPrefix: `faults/${name}`, exchange: `faults.${name}` }, [
      { name: 'orders', filter: '#' },
    ]);
  const withChannel = async (work: (channel: Channel) => Promise<unknown>): Promise<void> => {
    const connection = await connect(url);
    try {
      await work(await connection.createChannel());
    } finally {
      await connection.close();
    }
  };
  return {
    url,
    remove: () =>
      withChannel(async (channel) => {
        for (const item of plan()) {
          if (item.kind === 'queue') await channel.deleteQueue(item.name);
          if (item.kind === 'exchange') await channel.deleteExchange(item.name);
        }
      }),
    async unbind() {
      const binding = plan().find(
        (item) => item.kind === 'binding' && item.source === `faults.${name}` && item.to === 'queue',
      );
      if (binding?.kind !== 'binding') throw new Error('The topology has no such binding.');
      const { destination, source, key } = binding;
      await withChannel((channel) => channel.unbindQueue(destination, source, key));
      return () => withChannel((channel) => channel.bindQueue(destination, source, key));
    },
  };
}

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createChannel']>>;

export interface SharedPostgres {
  readonly url: string;
  readonly schema: string;
  /** Drops the schema. */
  remove(): Promise<void>;
}

/** A schema of its own in the database of POSTGRES_TEST_URL, if there is one. */
export function postgresForTests(name: string): SharedPostgres | undefined {
  const url = process.env['POSTGRES_TEST_URL'];
  if (url === undefined || url === '') return undefined;
  const schema = `faults_${name}`.toLowerCase().replace(/\W+/g, '_').slice(0, 60);
  return {
    url,
    schema,
    async remove() {
      const store = await openPostgresStore({ url, schema });
      await store.run([{ sql: `DROP SCHEMA "${schema}" CASCADE` }]);
      await store.close();
    },
  };
}

/** A proxy in front of a service, and the service's address with the proxy's port in it. */
export async function proxied(url: string): Promise<{ proxy: TcpProxy; url: string }> {
  const { hostname, port } = new URL(url);
  const proxy = await startTcpProxy({ target: `${hostname}:${port}` });
  return { proxy, url: url.replace(`${hostname}:${port}`, `127.0.0.1:${proxy.port}`) };
}
