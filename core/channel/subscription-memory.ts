/**
 * Remembers, per durable subscription at a broker, the filter that the broker was last told. When an analyst changes
 * it, the broker must forget the earlier one, or the subscription would go on collecting what nobody wants.
 */
import type { Migration, Store } from '../store';

const SCHEMA: Migration = {
  idea: 'subscription',
  steps: [
    [
      `CREATE TABLE crossdock_subscription (
        channel TEXT NOT NULL,
        name TEXT NOT NULL,
        filter TEXT NOT NULL,
        PRIMARY KEY (channel, name))`,
    ],
  ],
};

export interface SubscriptionMemory {
  /** The filter that the broker has, as far as known; undefined for a new subscription. */
  readonly filter: string | undefined;
  /** To be called when the broker has the new filter, never before: a crash in between only repeats the change. */
  remember(filter: string): Promise<void>;
  /** The subscription was ended at the broker. */
  forget(): Promise<void>;
}

/** What the store knows of the subscription `name` of the channel with this id. */
export async function subscriptionMemory(
  store: Store,
  channel: string,
  name: string,
): Promise<SubscriptionMemory> {
  await store.migrate(SCHEMA);
  const [found] = await store.run([
    {
      sql: 'SELECT filter FROM crossdock_subscription WHERE channel = ? AND name = ?',
      params: [channel, name],
    },
  ]);
  const filter = found?.rows[0]?.['filter'];
  return {
    filter: typeof filter === 'string' ? filter : undefined,
    async remember(now) {
      await store.run([
        {
          sql: `INSERT INTO crossdock_subscription (channel, name, filter) VALUES (?, ?, ?)
            ON CONFLICT (channel, name) DO UPDATE SET filter = excluded.filter`,
          params: [channel, name, now],
        },
      ]);
    },
    async forget() {
      await store.run([
        { sql: 'DELETE FROM crossdock_subscription WHERE channel = ? AND name = ?', params: [channel, name] },
      ]);
    },
  };
}
