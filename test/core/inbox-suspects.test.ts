import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Delivery, Inbox, type InboxOptions, ScopeRegistry } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const passing = new CrossdockError('Odoo does not answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });

interface Ends {
  done(): void;
  fail(): void;
}

/** One process after the other on one store: each ends without a word, as after kill -9. */
describe('messages that were there when the process died', () => {
  let folder: TempDir;
  let store: SqliteStoreHandle | undefined;
  let inbox: Inbox | undefined;
  let scopes: ScopeRegistry;

  beforeEach(() => {
    folder = tempDir();
  });
  afterEach(async () => {
    await die();
    folder.remove();
  });

  /** Another process's life begins; `work` takes what is delivered and may end it. */
  async function live(
    work: (delivery: Delivery & Ends) => void,
    options: Partial<InboxOptions> = {},
  ): Promise<Inbox> {
    await die();
    scopes = new ScopeRegistry();
    store = await openSqliteStore(join(folder.path, 'store.sqlite'));
    const opened = await Inbox.open(store, {
      source: 'shop',
      concurrency: 10,
      maxAttempts: 5,
      holdMs: 60_000,
      backoff: { baseMs: 10, capMs: 20 },
      ...options,
    });
    inbox = opened;
    opened.start((delivery) => {
      const message = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, opened.holdMs);
      const refused = delivery.refusal;
      if (refused !== undefined) void scopes.settle(message, { type: 'failed', error: refused });
      else {
        work({
          ...delivery,
          done: () => void scopes.settle(message, { type: 'completed', result: null }),
          fail: () => void scopes.settle(message, { type: 'failed', error: passing }),
        });
      }
      return () => scopes.handBack(token);
    });
    return opened;
  }

  /** Its leases stay as they are; only what a dead process cannot do any more is kept from happening. */
  async function die(): Promise<void> {
    const { store: old, inbox: dead } = { store, inbox };
    store = undefined;
    inbox = undefined;
    await old?.close();
    // Handing back is refused by the closed store.
    await dead?.stop(0);
  }

  const states = async (): Promise<Record<string, string>> => {
    const [result] =
      (await store?.run([{ sql: 'SELECT id, state FROM crossdock_inbox ORDER BY seq' }])) ?? [];
    return Object.fromEntries((result?.rows ?? []).map((row) => [String(row['id']), String(row['state'])]));
  };
  const accept = async (target: Inbox, ...ids: string[]): Promise<void> => {
    for (const id of ids)
      assert.equal(await target.accept({ id, partitionKey: undefined, body: Buffer.from(id) }), 'accepted');
  };

  /** Two lives in which all of them are in the flow when the process dies. */
  async function dieTwiceWith(...ids: string[]): Promise<void> {
    let seen: string[] = [];
    await accept(await live(({ deliveryId }) => seen.push(deliveryId)), ...ids);
    await waitFor(() => seen.length === ids.length);
    seen = [];
    await live(({ deliveryId }) => seen.push(deliveryId));
    await waitFor(() => seen.length === ids.length);
  }

  it('come one by one after the second time, with nothing new beside them', async () => {
    await dieTwiceWith('a', 'b', 'c');
    const inFlow = new Map<string, () => void>();
    let most = 0;
    const third = await live(({ deliveryId, done }) => {
      inFlow.set(deliveryId, done);
      most = Math.max(most, inFlow.size);
    });
    await accept(third, 'new');
    for (const id of ['a', 'b', 'c']) {
      await waitFor(() => inFlow.has(id), { what: id });
      assert.deepEqual([...inFlow.keys()], [id]);
      inFlow.get(id)?.();
      inFlow.delete(id);
    }
    await waitFor(() => inFlow.has('new'), { what: 'the new one' });
    assert.equal(most, 1);
  });

  it('do not take their company down with the one that kills', async () => {
    await dieTwiceWith('a', 'killer', 'b', 'c');
    const killedBy: string[] = [];
    for (let lives = 0; lives < 10; lives += 1) {
      let died = false;
      await live(({ deliveryId, done }) => {
        if (died) return;
        if (deliveryId !== 'killer') {
          done();
          return;
        }
        died = true;
        killedBy.push(deliveryId);
      });
      await waitFor(
        async () => died || Object.values(await states()).every((state) => !/suspect|leased/.test(state)),
        {
          what: 'its death, or rest',
        },
      );
      if (!died) break;
    }
    assert.equal(killedBy.length, 4, 'four times alone');
    assert.deepEqual(await states(), { a: 'done', killer: 'dead', b: 'done', c: 'done' });
  });

  it('give way to those that have been there less often', async () => {
    await dieTwiceWith('a', 'b');
    const order: string[] = [];
    await live(({ deliveryId }) => order.push(deliveryId));
    await waitFor(() => order.length === 1);
    await live(({ deliveryId, done }) => {
      order.push(deliveryId);
      done();
    });
    await waitFor(() => order.length === 3);
    assert.deepEqual(order, ['a', 'b', 'a']);
  });

  it('let the others go on when they take long', async () => {
    await dieTwiceWith('slow', 'b');
    const seen: string[] = [];
    const third = await live(({ deliveryId }) => seen.push(deliveryId));
    await accept(third, 'new');
    await waitFor(() => seen.includes('new'), { timeoutMs: 9000, what: 'the new one' });
    assert.deepEqual(seen, ['slow', 'b', 'new']);
  });

  it('are no longer suspect once they have failed in an orderly way', async () => {
    await dieTwiceWith('a');
    let deliveries = 0;
    const third = await live(({ fail }) => {
      deliveries += 1;
      if (deliveries === 1) fail();
    });
    await waitFor(() => deliveries === 2, { what: 'the retry' });
    await accept(third, 'b');
    // Not suspect, so both are leased by one statement.
    let together = 0;
    await live(() => {
      together += 1;
    });
    await waitFor(() => together > 0);
    assert.deepEqual(await states(), { a: 'leased', b: 'leased' });
  });

  it('stay suspect when they are given back', async () => {
    await dieTwiceWith('a', 'b');
    const seen: string[] = [];
    const third = await live(({ deliveryId }) => seen.push(deliveryId));
    await waitFor(() => seen.length === 1);
    await third.stop(0);
    assert.deepEqual(await states(), { a: 'suspect', b: 'suspect' });
  });
});
