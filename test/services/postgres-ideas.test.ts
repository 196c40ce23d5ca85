/**
 * Every idea that keeps state, on a real PostgreSQL: a short life of each, so that SQL that only SQLite understands is
 * found. What each idea must do is tested in test/core.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { type CloudEvent, openLocalChannel, type Publisher } from '../../core/channel';
import { DeadLetters } from '../../core/dead-letter';
import {
  type Delivery,
  Inbox,
  type InboxOptions,
  type ScopedMessage,
  ScopeRegistry,
} from '../../core/delivery';
import { LEASE, LEASE_SUSPECT, WAKE } from '../../core/delivery/inbox-schema';
import { openOutbox } from '../../core/delivery/outbox';
import { CrossdockError } from '../../core/errors';
import { IdempotencyGuard } from '../../core/idempotency';
import { openInventoryPublisher } from '../../core/inventory';
import { SequenceGuard, versionOf } from '../../core/sequence';
import { openPostgresStore, type Store } from '../../core/store';
import { confirmAll, outgoing, ScriptedChannel } from '../core/outbox-support';
import { level } from '../nodes/fixtures';
import { waitFor } from '../support';

const url = process.env['POSTGRES_TEST_URL'] ?? '';
const transient = new CrossdockError('Odoo does not answer.', {
  code: 'ODOO_UNREACHABLE',
  kind: 'transient',
});
const permanent = new CrossdockError('The SKU is missing.', { code: 'SKU_MISSING', kind: 'permanent' });
const FAILED_AT = { flowId: 'tab', nodeId: 'n', nodeType: 'crossdock-odoo-order', nodeName: '' };

describe('ideas on PostgreSQL', function () {
  this.timeout(60_000);
  let admin: Client;
  let schema: string;
  /** Two gateways on one store. */
  let store: Store;
  let other: Store;

  before(async function () {
    if (url === '') this.skip();
    admin = new Client({ connectionString: url });
    await admin.connect();
  });
  after(() => admin?.end());
  beforeEach(async () => {
    schema = `test_${randomBytes(6).toString('hex')}`;
    [store, other] = await Promise.all([
      openPostgresStore({ url, schema }),
      openPostgresStore({ url, schema }),
    ]);
  });
  afterEach(async () => {
    await Promise.all([store, other].map((opened) => opened?.close()));
    await admin?.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
  });

  const openInbox = (at: Store): Promise<Inbox> =>
    Inbox.open(at, {
      source: 'shop',
      concurrency: 5,
      maxAttempts: 5,
      holdMs: 60_000,
      backoff: { baseMs: 10, capMs: 20 },
    } satisfies InboxOptions);

  it('inbox, scopes, dead letters: two gateways share the messages, each is delivered in order and once', async () => {
    const letters = await DeadLetters.open(store);
    const seen: string[] = [];
    const parked: string[] = [];
    const inboxes = await Promise.all([openInbox(store), openInbox(other)]);
    const registries = inboxes.map(() => new ScopeRegistry());
    for (const [index, inbox] of inboxes.entries()) {
      const scopes = registries[index] ?? new ScopeRegistry();
      inbox.start((delivery: Delivery) => {
        const message: ScopedMessage = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
        const token = scopes.open(message, delivery.scope, inbox.holdMs);
        const fate = Number(delivery.deliveryId) % 10;
        const end = async (): Promise<void> => {
          if (fate === 3 && delivery.attempts === 1) {
            await scopes.settle(message, { type: 'failed', error: transient });
          } else if (fate === 7) {
            const letter = letters.park({
              error: permanent,
              failedAt: FAILED_AT,
              origin: scopes.origin(message),
              payload: { n: delivery.deliveryId },
              businessKey: undefined,
            });
            await scopes.settle(
              message,
              { type: 'parked', error: permanent, id: letter.id },
              { store, statements: letter.statements },
            );
            parked.push(delivery.deliveryId);
          } else {
            seen.push(delivery.deliveryId);
            await scopes.settle(message, { type: 'completed', result: { n: delivery.deliveryId } });
          }
        };
        void end();
        return () => scopes.handBack(token);
      });
    }
    const accept = (n: number): Promise<string> | undefined =>
      inboxes[n % 2]?.accept({
        id: String(n),
        partitionKey: `k${n % 7}`,
        body: Buffer.from(`body ${n}`),
        headers: { topic: 'orders/create' },
      });
    // One after the other, as a key's messages come; the copies together.
    for (let n = 0; n < 100; n += 1) assert.equal(await accept(n), 'accepted');
    assert.equal(await accept(1), 'duplicate');
    await waitFor(() => seen.length + parked.length >= 100, { what: 'all messages', timeoutMs: 30_000 });
    await Promise.all(inboxes.map((inbox) => inbox.stop(5000)));
    assert.equal(new Set(seen).size, 90);
    assert.equal(seen.length, 90, 'none twice');
    assert.equal(await letters.count(), 10);
    for (let key = 0; key < 7; key += 1) {
      const ofKey = seen.map(Number).filter((n) => n % 7 === key);
      assert.deepEqual(
        ofKey,
        [...ofKey].sort((a, b) => a - b),
        `order of k${key}`,
      );
    }
    const [letter] = await letters.list();
    assert.equal(letter?.code, 'SKU_MISSING');
    const kept = await letters.body(letter?.id ?? '');
    assert.match(Buffer.from(kept?.original ?? []).toString(), /^body \d+$/);
  });

  it('leases no more than it is told to, also from a table that the server has not looked through', async () => {
    await openInbox(store);
    for (const state of ['ready', 'suspect']) {
      const rows = Array.from({ length: 12 }, (_, n) => ({
        sql: `INSERT INTO crossdock_inbox (source, id, priority, headers, received_at, state, attempts, failures, unended,
            next_at, fence) VALUES ('shop', ?, 5, '{}', 1, ?, 2, 0, 2, 1, 2)`,
        params: [`${state} ${n}`, state],
      }));
      await store.run(rows);
    }
    const [suspects] = await store.run([{ sql: LEASE_SUSPECT, params: ['shop', 'me', 1000] }]);
    assert.deepEqual(
      suspects?.rows.map(({ id }) => id),
      ['suspect 0'],
    );
    const [ready] = await store.run([{ sql: LEASE, params: ['shop', 5, 'me', 1000] }]);
    assert.deepEqual(
      ready?.rows.map(({ id }) => id).sort(),
      [0, 1, 2, 3, 4].map((n) => `ready ${n}`),
    );
    await store.run([{ sql: "UPDATE crossdock_inbox SET state = 'waiting'" }]);
    const [woken] = await store.run([{ sql: WAKE.replace('1000', '3'), params: ['shop'] }]);
    assert.equal(woken?.changes, 3);
  });

  it('suspects are tried one after the other, and all of them', async () => {
    const inbox = await openInbox(store);
    const ids = Array.from({ length: 12 }, (_, n) => `s${n}`);
    for (const id of ids) await inbox.accept({ id, partitionKey: undefined, body: Buffer.from(id) });
    await store.run([{ sql: "UPDATE crossdock_inbox SET state = 'suspect', unended = 2" }]);
    const scopes = new ScopeRegistry();
    const seen: string[] = [];
    let most = 0;
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: delivery.deliveryId };
      const token = scopes.open(message, delivery.scope, inbox.holdMs);
      seen.push(delivery.deliveryId);
      most = Math.max(most, scopes.size);
      void scopes.settle(message, { type: 'completed', result: null });
      return () => scopes.handBack(token);
    });
    await waitFor(() => seen.length === ids.length, { what: 'all suspects', timeoutMs: 20_000 });
    await inbox.stop(5000);
    assert.deepEqual(seen, ids);
    assert.equal(most, 1);
  });

  it('idempotency guard: of claims in two gateways one is first, the others get its result', async () => {
    const options = { scope: 'orders', retentionMs: 60_000, leaseMs: 30_000, waitMs: 10_000 };
    const guards = await Promise.all([
      IdempotencyGuard.open(store, options),
      IdempotencyGuard.open(other, options),
    ]);
    const scopes = new ScopeRegistry();
    const claims = await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        const claim = await guards[n % 2]?.claim({ key: 'order-1', fingerprint: 'f' });
        if (claim?.type === 'first') {
          const message: ScopedMessage = { _msgid: `first-${n}` };
          scopes.open(message, claim.scope, 30_000);
          await scopes.settle(message, { type: 'completed', result: { order: 42 } });
        }
        return claim;
      }),
    );
    assert.deepEqual(claims.map((claim) => claim?.type).sort(), [...Array(9).fill('duplicate'), 'first']);
    for (const claim of claims)
      if (claim?.type === 'duplicate') assert.deepEqual(claim.result, { order: 42 });
    assert.equal((await guards[1]?.claim({ key: 'order-1', fingerprint: 'g' }))?.type, 'conflict');
    assert.equal(await guards[0]?.cleanUp(), 0);
  });

  it('sequence guard: of versions in two gateways each passes once and in order, gaps are held', async () => {
    const guards = await Promise.all(
      [store, other].map((at) => SequenceGuard.open(at, { retentionMs: 60_000, waitMs: 10_000, gaps: true })),
    );
    const scopes = new ScopeRegistry();
    const passed: string[] = [];
    const take = async (gateway: number, n: number, holdMs = 60_000): Promise<string | undefined> => {
      const version = versionOf('number', n);
      const place = await guards[gateway % 2]?.take({
        scope: 's',
        key: 'k',
        version,
        leaseMs: 30_000,
        holdMs,
      });
      if (place !== undefined && 'scope' in place) {
        const message: ScopedMessage = { _msgid: `${gateway}-${n}` };
        scopes.open(message, place.scope, 30_000);
        passed.push(version.shown);
        await scopes.settle(message, { type: 'completed', result: null });
      }
      return place?.type;
    };
    assert.equal(await take(0, 9), 'inOrder');
    assert.equal(await take(1, 11), 'held');
    const copies = await Promise.all(Array.from({ length: 10 }, (_, n) => take(n, 10)));
    assert.deepEqual(copies.sort(), [...Array(9).fill('duplicate'), 'inOrder']);
    assert.equal(await take(0, 11), 'inOrder');
    assert.equal(await take(1, 9), 'stale');
    assert.equal(await take(1, 20, 0), 'gap');
    assert.deepEqual(passed, ['9', '10', '11', '20']);
    assert.equal(await guards[0]?.cleanUp(), 0);
    await store.run([{ sql: 'UPDATE crossdock_sequence SET expires_at = 1' }]);
    assert.equal(await guards[1]?.cleanUp(), 1);
  });

  it('inventory: publishes what is new once, also when two gateways flush', async () => {
    const events: CloudEvent[] = [];
    const channel: Publisher = {
      publish: async (event: CloudEvent) => {
        events.push(event);
      },
    };
    const open = (at: Store) =>
      openInventoryPublisher({ store: at, channel, channelId: 'main', source: '/systems/odoo/main' });
    const publishers = await Promise.all([open(store), open(other)]);
    const levels = Array.from({ length: 250 }, (_, n) => level(`SKU-${n}`, String(n % 5)));
    const taken = await Promise.all(publishers.map((publisher) => publisher.accept(levels)));
    assert.equal(
      taken.reduce((sum, { changed }) => sum + changed, 0),
      250,
    );
    await waitFor(
      async () => {
        for (const publisher of publishers) await publisher.flush();
        return (await publishers[0]?.pending()) === 0;
      },
      { what: 'everything published' },
    );
    assert.equal(new Set(events.map(({ id }) => id)).size, 250);
    assert.equal(events.length, 250, 'each once');
    assert.equal((await publishers[1]?.accept(levels))?.changed, 0);
    await Promise.all(publishers.map((publisher) => publisher.close()));
  });

  it('outbox: events of two gateways leave once, in order per key, and are counted and forgotten', async () => {
    const channel = new ScriptedChannel();
    channel.answer = confirmAll;
    const open = (at: Store) =>
      openOutbox({ store: at, channelId: 'events', publisher: channel, retentionMs: 0 });
    const outboxes = await Promise.all([open(store), open(other)]);
    for (const outbox of outboxes) outbox.start();
    for (let n = 0; n < 60; n += 1) {
      const outbox = outboxes[n % 2];
      await outbox?.store.run(outbox.statements([outgoing(`e${n}`, `k${n % 5}`)]));
      outbox?.wake(1);
    }
    await waitFor(() => new Set(channel.ids).size === 60, { what: 'all events', timeoutMs: 30_000 });
    for (let key = 0; key < 5; key += 1) {
      const numbers = channel.ids.map((id) => Number(id.slice(1))).filter((n) => n % 5 === key);
      const first = [...new Set(numbers)];
      assert.deepEqual(
        first,
        [...first].sort((a, b) => a - b),
      );
    }
    await waitFor(async () => (await outboxes[0]?.health())?.waiting === 0, { what: 'nothing waiting' });
    await Promise.all(outboxes.map((outbox) => outbox.stop()));
    assert.equal((await outboxes[1]?.health())?.oldestAgeMs, undefined);
    await outboxes[0]?.cleanUp();
  });

  it('outbox: what fails waits for a time of its own, and what is refused is kept with its error', async () => {
    const channel = new ScriptedChannel();
    const numberOf = (id: string): number => Number(id.slice(1));
    channel.answer = ({ event: { id }, fail }) =>
      numberOf(id) % 3 === 0 ? fail('EVENT_TOO_LARGE', 'permanent') : fail(`CHANNEL_${numberOf(id) % 2}`);
    const outbox = await openOutbox({
      store,
      channelId: 'failures',
      publisher: channel,
      backoff: { baseMs: 1e9, capMs: 1e9 },
    });
    await store.run(
      outbox.statements(
        Array.from({ length: 100 }, (_, n) => outgoing(`f${n}`, `k${n}`, { channel: 'failures' })),
      ),
    );
    outbox.start();
    const failed = await waitFor(async () => {
      const [result] = await store.run([
        { sql: `SELECT * FROM crossdock_outbox WHERE channel = 'failures' AND attempts = 1` },
      ]);
      return result?.rows.length === 100 ? result.rows : undefined;
    });
    await outbox.stop();
    for (const { event_id: id, state, error } of failed) {
      const n = numberOf(String(id));
      assert.equal(state, n % 3 === 0 ? 'refused' : 'waiting');
      assert.equal(JSON.parse(String(error)).code, n % 3 === 0 ? 'EVENT_TOO_LARGE' : `CHANNEL_${n % 2}`);
    }
    const times = failed.flatMap(({ next_at: at }) => (at === null ? [] : [at]));
    assert.equal(times.length, 66);
    assert.ok(new Set(times).size > 60);
  });

  it('local channel: what one gateway publishes is in the inbox of a subscription of the other', async () => {
    const [here, there] = await Promise.all([
      openLocalChannel({ store, channelId: 'c1' }),
      openLocalChannel({ store: other, channelId: 'c1' }),
    ]);
    const source = await there.declare({ name: 'all', filter: '#' });
    await waitFor(
      async () => {
        const { event } = outgoing('e1', 'SO-1');
        await here.publish(JSON.parse(event) as CloudEvent);
        const [rows] = await store.run([
          { sql: 'SELECT count(*) AS n FROM crossdock_inbox WHERE source = ?', params: [source] },
        ]);
        return rows?.rows[0]?.['n'] === 1;
      },
      { what: 'the event', timeoutMs: 30_000 },
    );
    await there.remove('all');
    await Promise.all([here.close(), there.close()]);
  });
});
