import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { Inbox } from '../../core/delivery';
import { RecentMessages, waitingMessages } from '../../core/mapping-desk';
import { openPostgresStore, type Store } from '../../core/store';

const url = process.env['POSTGRES_TEST_URL'] ?? '';

describe('messages for the impact of a mapping on PostgreSQL', function () {
  this.timeout(30_000);
  let admin: Client;
  let schema: string;
  let store: Store;

  before(async function () {
    if (url === '') this.skip();
    admin = new Client({ connectionString: url });
    await admin.connect();
    schema = `test_${randomBytes(6).toString('hex')}`;
    store = await openPostgresStore({ url, schema });
  });
  after(async () => {
    await store?.close();
    await admin?.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    await admin?.end();
  });

  it('are remembered and found in the inbox as on SQLite', async () => {
    const recent = await RecentMessages.open(store, 'mapper');
    recent.note({ n: 1 }, '2026-11-27T00:00:00Z', 'm-1');
    const [message] = await recent.last(10);
    assert.deepEqual([message?.id, message?.payload], ['m-1', { n: 1 }]);
    const inbox = await Inbox.open(store, { source: 'shop', concurrency: 1, maxAttempts: 1, holdMs: 1000 });
    await inbox.accept({ id: 'd-1', partitionKey: undefined, body: Buffer.from('{"a":1}') });
    const [waiting] = await waitingMessages(store, ['shop'], 10);
    assert.deepEqual([waiting?.id, Buffer.from(waiting?.body ?? []).toString()], ['d-1', '{"a":1}']);
    await inbox.stop(0);
    await recent.close(true);
    assert.deepEqual(await (await RecentMessages.open(store, 'mapper')).last(10), []);
  });
});
