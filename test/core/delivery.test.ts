import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DeadLetters } from '../../core/dead-letter';
import {
  backoffDelay,
  type Delivery,
  Inbox,
  type InboxOptions,
  type ScopedMessage,
  ScopeRegistry,
} from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { IdempotencyGuard } from '../../core/idempotency';
import { openSqliteStore, type SqliteStoreHandle } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';

const transient = new CrossdockError('Odoo does not answer.', {
  code: 'ODOO_UNREACHABLE',
  kind: 'transient',
});
const permanent = new CrossdockError('The SKU is missing.', { code: 'SKU_MISSING', kind: 'permanent' });
const body = (text: string): Uint8Array => Buffer.from(text);

describe('delivery', () => {
  let folder: TempDir;
  let file: string;
  let store: SqliteStoreHandle;
  let scopes: ScopeRegistry;
  const inboxes: Inbox[] = [];

  beforeEach(async () => {
    folder = tempDir();
    file = join(folder.path, 'store.sqlite');
    store = await openSqliteStore(file);
    scopes = new ScopeRegistry();
  });
  afterEach(async () => {
    await Promise.all(inboxes.splice(0).map((inbox) => inbox.stop(0)));
    await store.close();
    folder.remove();
  });

  async function openInbox(options: Partial<InboxOptions> = {}): Promise<Inbox> {
    const inbox = await Inbox.open(store, {
      source: 'shop',
      concurrency: 10,
      maxAttempts: 5,
      holdMs: 60_000,
      backoff: { baseMs: 10, capMs: 20 },
      ...options,
    });
    inboxes.push(inbox);
    return inbox;
  }

  /** Starts the inbox and hands each delivery to `work`, as a node does with a message. */
  function run(inbox: Inbox, work: (message: ScopedMessage, delivery: Delivery) => void): void {
    inbox.start((delivery) => {
      const message: ScopedMessage = { _msgid: `${delivery.deliveryId}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, inbox.holdMs);
      work(message, delivery);
      return () => scopes.handBack(token);
    });
  }

  async function rows(): Promise<Record<string, unknown>[]> {
    const [result] = await store.run([
      { sql: 'SELECT id, state, attempts, failures, body, error FROM crossdock_inbox ORDER BY seq' },
    ]);
    return (result?.rows ?? []).map((row) => ({ ...row }));
  }
  const states = async (): Promise<unknown[]> => (await rows()).map((row) => row['state']);

  describe('inbox', () => {
    it('takes a delivery id once, and knows it again after it was settled', async () => {
      const inbox = await openInbox();
      const incoming = { id: 'd1', partitionKey: 'o1', body: body('{"id":1}'), headers: { topic: 'orders' } };
      assert.equal(await inbox.accept(incoming), 'accepted');
      assert.equal(await inbox.accept(incoming), 'duplicate');
      const seen: Delivery[] = [];
      run(inbox, (message, delivery) => {
        seen.push(delivery);
        void scopes.settle(message, { type: 'completed', result: null });
      });
      await waitFor(async () => (await states())[0] === 'done', { what: 'settled' });
      assert.equal(Buffer.from(seen[0]?.body ?? []).toString(), '{"id":1}');
      assert.deepEqual(seen[0]?.headers, { topic: 'orders' });
      assert.equal(await inbox.accept(incoming), 'duplicate');
      assert.equal(seen.length, 1);
      assert.equal((await rows())[0]?.['body'], null, 'a settled message keeps no personal data');
    });

    it('keeps the order within a key and works in parallel across keys', async () => {
      const inbox = await openInbox({ concurrency: 4 });
      for (const [id, key] of [
        ['a1', 'A'],
        ['a2', 'A'],
        ['b1', 'B'],
        ['a3', 'A'],
        ['b2', 'B'],
        ['c1', 'C'],
      ] as const) {
        await inbox.accept({ id, partitionKey: key, body: body(id) });
      }
      const inFlow: { id: string; message: ScopedMessage }[] = [];
      const order: string[] = [];
      run(inbox, (message, { deliveryId }) => {
        order.push(deliveryId);
        inFlow.push({ id: deliveryId, message });
      });
      await waitFor(() => inFlow.length === 3, { what: 'one of each key' });
      assert.deepEqual([...order].sort(), ['a1', 'b1', 'c1']);
      while (order.length < 6 || inFlow.length > 0) {
        const next = inFlow.pop();
        if (next !== undefined) await scopes.settle(next.message, { type: 'completed', result: null });
        else await waitFor(() => inFlow.length > 0, { what: 'the next of a key' });
      }
      assert.deepEqual(
        order.filter((id) => id.startsWith('a')),
        ['a1', 'a2', 'a3'],
      );
      assert.deepEqual(
        order.filter((id) => id.startsWith('b')),
        ['b1', 'b2'],
      );
    });

    it('never has more in the flow than its concurrency', async () => {
      const inbox = await openInbox({ concurrency: 3 });
      for (let n = 0; n < 20; n += 1)
        await inbox.accept({ id: `m${n}`, partitionKey: `m${n}`, body: body('x') });
      let most = 0;
      let done = 0;
      run(inbox, (message) => {
        most = Math.max(most, inbox.inFlight);
        setImmediate(() => {
          void scopes.settle(message, { type: 'completed', result: null }).then(() => {
            done += 1;
          });
        });
      });
      await waitFor(() => done === 20, { what: 'all settled' });
      assert.equal(most, 3);
    });

    it('delivers again after a transient failure, and gives up after the last attempt', async () => {
      const inbox = await openInbox({ maxAttempts: 3 });
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      const attempts: number[] = [];
      run(inbox, (message, delivery) => {
        attempts.push(delivery.attempts);
        void scopes.settle(message, { type: 'failed', error: transient });
      });
      await waitFor(async () => (await states())[0] === 'dead', { what: 'given up' });
      assert.deepEqual(attempts, [1, 2, 3]);
      const [row] = await rows();
      assert.match(String(row?.['error']), /ODOO_UNREACHABLE/);
      assert.notEqual(row?.['body'], null, 'what nobody parked keeps its body');
    });

    it('does not repeat a permanent failure', async () => {
      const inbox = await openInbox();
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      let deliveries = 0;
      run(inbox, (message) => {
        deliveries += 1;
        void scopes.settle(message, { type: 'failed', error: permanent });
      });
      await waitFor(async () => (await states())[0] === 'dead', { what: 'dead' });
      assert.equal(deliveries, 1);
    });

    it('takes a delivery in again whose first attempt had failed for good', async () => {
      const inbox = await openInbox();
      const incoming = { id: 'd1', partitionKey: 'k', body: body('x') };
      await inbox.accept(incoming);
      let mended = false;
      run(inbox, (message) => {
        const outcome = mended
          ? ({ type: 'completed', result: null } as const)
          : ({ type: 'failed', error: permanent } as const);
        void scopes.settle(message, outcome);
      });
      await waitFor(async () => (await states())[0] === 'dead', { what: 'dead' });
      mended = true;
      assert.equal(await inbox.accept(incoming), 'accepted');
      await waitFor(async () => (await states())[0] === 'done', { what: 'settled' });
      assert.equal(await inbox.accept(incoming), 'duplicate');
    });

    it('delivers again what a killed process had in the flow, at once, and rejects the late result', async () => {
      const first = await openInbox();
      await first.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      let held: ScopedMessage | undefined;
      run(first, (message) => {
        held = message;
      });
      await waitFor(() => held !== undefined, { what: 'in the flow' });
      // A second opening of the same file stands for the next process: its instance id is another one.
      await store.close();
      inboxes.length = 0;
      store = await openSqliteStore(file);
      const second = await openInbox();
      let again: Delivery | undefined;
      let message: ScopedMessage | undefined;
      run(second, (delivered, delivery) => {
        again = delivery;
        message = delivered;
      });
      await waitFor(() => again !== undefined, { what: 'delivered again' });
      assert.equal(again?.attempts, 2);
      await scopes.settle(message as ScopedMessage, { type: 'completed', result: null });
      assert.deepEqual(await states(), ['done']);
    });

    it('hands back on stop, and a late result of the old instance changes nothing', async () => {
      const first = await openInbox();
      await first.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      let held: ScopedMessage | undefined;
      run(first, (message) => {
        held = message;
      });
      await waitFor(() => held !== undefined, { what: 'in the flow' });
      await first.stop(0);
      assert.deepEqual(await states(), ['ready']);
      const late = await scopes.settle(held as ScopedMessage, { type: 'completed', result: null });
      assert.equal(late, 'none');
      assert.deepEqual(await states(), ['ready']);
      const second = await openInbox();
      run(second, (message) => void scopes.settle(message, { type: 'completed', result: null }));
      await waitFor(async () => (await states())[0] === 'done', { what: 'settled by the new instance' });
      assert.equal((await rows())[0]?.['attempts'], 1, 'a hand-back is not an attempt');
    });

    it('leaves nothing leased when it stops while a lease is under way', async () => {
      const inbox = await openInbox();
      await inbox.accept({ id: 'd1', partitionKey: 'a', body: body('x') });
      let delivered = 0;
      run(inbox, () => {
        delivered += 1;
      });
      await inbox.stop(0);
      assert.deepEqual([await states(), delivered], [['ready'], 0]);
    });

    it('hands the claims of a message back with it, so that the next instance need not wait', async () => {
      const inbox = await openInbox();
      const options = { scope: 'orders', retentionMs: 86_400_000, leaseMs: 60_000, waitMs: 0 };
      const guard = await IdempotencyGuard.open(store, options);
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      let claimed = false;
      run(inbox, (message) => {
        void guard.claim({ key: 'order:1', fingerprint: 'f1' }).then((claim) => {
          if (claim.type === 'first') scopes.open(message, claim.scope, 60_000);
          claimed = true;
        });
      });
      await waitFor(() => claimed, { what: 'claimed' });
      await inbox.stop(0);
      assert.equal(scopes.size, 0);
      assert.equal((await guard.claim({ key: 'order:1', fingerprint: 'f1' })).type, 'first');
    });

    it('delivers again what a flow swallowed, and calls it poison after some silent ends', async () => {
      const inbox = await openInbox({ holdMs: 1 });
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      const refusals: (string | undefined)[] = [];
      run(inbox, (message, delivery) => {
        refusals.push(delivery.refusal?.code);
        if (delivery.refusal !== undefined) {
          void scopes.settle(message, { type: 'failed', error: delivery.refusal });
          return;
        }
        // The lease's end is forced: its ten seconds of grace are not what is tested here.
        void waitFor(() => inbox.inFlight === 0, { what: 'the scope to be abandoned' })
          .then(() => store.run([{ sql: 'UPDATE crossdock_inbox SET lease_until = 0' }]))
          .then(() => inbox.accept({ id: `wake-${delivery.attempts}`, partitionKey: 'k', body: body('x') }));
      });
      await waitFor(async () => (await states())[0] === 'dead', { what: 'poison' });
      assert.deepEqual(refusals.slice(0, 7), [
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        'DELIVERY_POISON',
      ]);
    });

    it('refuses above its high water, as transient', async () => {
      const inbox = await openInbox({ highWater: 2 });
      await inbox.accept({ id: 'a', partitionKey: 'a', body: body('x') });
      await inbox.accept({ id: 'b', partitionKey: 'b', body: body('x') });
      await assert.rejects(inbox.accept({ id: 'c', partitionKey: 'c', body: body('x') }), (error) => {
        return error instanceof CrossdockError && error.code === 'INBOX_FULL' && error.retryable;
      });
    });
  });

  describe('scopes', () => {
    const request = { key: 'order:1', fingerprint: 'f1' };
    const openGuard = (waitMs = 5000): Promise<IdempotencyGuard> =>
      IdempotencyGuard.open(store, { scope: 'orders', retentionMs: 86_400_000, leaseMs: 60_000, waitMs });

    async function claimFirst(
      guard: IdempotencyGuard,
      message: ScopedMessage,
      fingerprint = 'f1',
    ): Promise<void> {
      const claim = await guard.claim({ key: 'order:1', fingerprint });
      assert.equal(claim.type, 'first');
      if (claim.type === 'first') scopes.open(message, claim.scope, 60_000);
    }

    it('ends inbox row and guard claim in one unit', async () => {
      const inbox = await openInbox();
      const guard = await openGuard();
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      run(inbox, (message) => {
        void claimFirst(guard, message).then(() =>
          scopes.settle(message, { type: 'completed', result: { odooId: 7 } }),
        );
      });
      await waitFor(async () => (await states())[0] === 'done', { what: 'settled' });
      const claim = await guard.claim(request);
      assert.deepEqual(claim.type === 'duplicate' ? claim.result : claim, { odooId: 7 });
    });

    it('writes nothing at all when one of the leases was lost', async () => {
      const inbox = await openInbox();
      const guard = await openGuard();
      const letters = await DeadLetters.open(store);
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      let held: ScopedMessage | undefined;
      run(inbox, (message) => void claimFirst(guard, message).then(() => (held = message)));
      await waitFor(() => held !== undefined, { what: 'claimed' });
      await store.run([{ sql: 'UPDATE crossdock_inbox SET fence = fence + 1' }]);
      const failedAt = { flowId: 'f', nodeId: 'n', nodeType: 't', nodeName: '' };
      const parking = letters.park({
        error: permanent,
        failedAt,
        origin: undefined,
        payload: {},
        businessKey: 'order:1',
      });
      const outcome = await scopes.settle(
        held as ScopedMessage,
        { type: 'parked', error: permanent, id: parking.id },
        { store, statements: parking.statements },
      );
      assert.equal(outcome, 'stale');
      assert.equal(await letters.count(), 0);
      const [claim] = await store.run([{ sql: 'SELECT state FROM crossdock_idempotency' }]);
      assert.equal(claim?.rows[0]?.['state'], 'claimed');
    });

    it('finds the scopes of a message that lost its state, by its id', async () => {
      const inbox = await openInbox();
      await inbox.accept({ id: 'd1', partitionKey: 'k', body: body('x') });
      run(inbox, (message) => {
        const bare: ScopedMessage = { _msgid: message._msgid as string };
        void scopes.settle(bare, { type: 'completed', result: null });
      });
      await waitFor(async () => (await states())[0] === 'done', { what: 'settled' });
      assert.equal(scopes.size, 0);
    });

    it('settles once: the second end finds nothing open', async () => {
      const guard = await openGuard();
      const message: ScopedMessage = { _msgid: 'm' };
      await claimFirst(guard, message);
      assert.equal(await scopes.settle(message, { type: 'completed', result: 1 }), 'settled');
      assert.equal(await scopes.settle({ ...message }, { type: 'completed', result: 2 }), 'none');
    });

    it('keeps the scopes open when the store refuses the end, for another try', async () => {
      const guard = await openGuard();
      const message: ScopedMessage = { _msgid: 'm' };
      await claimFirst(guard, message);
      const refused = scopes.settle(
        message,
        { type: 'completed', result: 1 },
        { store, statements: [{ sql: 'NOT SQL' }] },
      );
      await assert.rejects(refused, /store refused/);
      assert.equal(scopes.isOpen(message), true);
      assert.equal(await scopes.settle(message, { type: 'completed', result: 1 }), 'settled');
    });

    it('ends as failed when nobody parked a final failure', async () => {
      const guard = await openGuard();
      const message: ScopedMessage = { _msgid: 'm' };
      await claimFirst(guard, message);
      scopes.failing(message, permanent, 1);
      await waitFor(() => scopes.size === 0, { what: 'grace over' });
      await claimFirst(guard, { _msgid: 'm2' });
    });

    describe('idempotency guard', () => {
      it('gives a concurrent duplicate the first one’s result', async () => {
        const guard = await openGuard();
        const message: ScopedMessage = { _msgid: 'm' };
        await claimFirst(guard, message);
        const duplicates = Promise.all([guard.claim(request), guard.claim(request)]);
        await scopes.settle(message, { type: 'completed', result: 'S00001' });
        for (const claim of await duplicates) {
          assert.equal(claim.type === 'duplicate' && claim.result, 'S00001');
        }
      });

      it('lets exactly one of many concurrent ones through', async () => {
        const guard = await openGuard(0);
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => guard.claim(request)));
        const firsts = outcomes.filter((o) => o.status === 'fulfilled' && o.value.type === 'first');
        const busy = outcomes.filter(
          (o) => o.status === 'rejected' && (o.reason as CrossdockError).code === 'IDEMPOTENCY_IN_PROGRESS',
        );
        assert.deepEqual([firsts.length, busy.length], [1, 19]);
      });

      it('releases a failed key for the retry, also with corrected contents', async () => {
        const guard = await openGuard();
        const message: ScopedMessage = { _msgid: 'm' };
        await claimFirst(guard, message);
        await scopes.settle(message, { type: 'failed', error: permanent });
        await claimFirst(guard, { _msgid: 'm2' }, 'corrected');
      });

      it('calls the same key with other contents a conflict, done or in progress', async () => {
        const guard = await openGuard();
        const message: ScopedMessage = { _msgid: 'm' };
        await claimFirst(guard, message);
        assert.equal((await guard.claim({ ...request, fingerprint: 'other' })).type, 'conflict');
        await scopes.settle(message, { type: 'completed', result: 1 });
        assert.equal((await guard.claim({ ...request, fingerprint: 'other' })).type, 'conflict');
      });

      it('takes over a claim of a killed process, and fences its late result', async () => {
        const guard = await openGuard();
        const late: ScopedMessage = { _msgid: 'late' };
        await claimFirst(guard, late);
        await store.close();
        store = await openSqliteStore(file);
        const next = await openGuard();
        const message: ScopedMessage = { _msgid: 'm' };
        await claimFirst(next, message);
        const stale = scopes.settle(
          { crossdock: { scopes: [...(late.crossdock?.scopes ?? [])] } },
          { type: 'completed', result: 'late' },
        );
        await assert.rejects(stale, /closed/);
        await scopes.settle(message, { type: 'completed', result: 'right' });
        const claim = await next.claim(request);
        assert.equal(claim.type === 'duplicate' && claim.result, 'right');
      });

      it('forgets a key after its retention', async () => {
        const guard = await openGuard();
        const message: ScopedMessage = { _msgid: 'm' };
        await claimFirst(guard, message);
        await scopes.settle(message, { type: 'completed', result: 1 });
        await store.run([{ sql: 'UPDATE crossdock_idempotency SET expires_at = 1' }]);
        assert.equal(await guard.cleanUp(), 1);
        await claimFirst(guard, { _msgid: 'm2' });
      });
    });
  });

  describe('dead letters', () => {
    const failedAt = { flowId: 'tab', nodeId: 'n1', nodeType: 'crossdock-odoo-order', nodeName: 'order' };
    const origin = {
      source: 'shop',
      deliveryId: 'd1',
      body: body('{"id":1,"broken'),
      receivedAt: 5,
      attempts: 3,
    };

    it('keep reason, kind, attempts, origin and the message as it arrived and as it failed', async () => {
      const letters = await DeadLetters.open(store);
      const error = new CrossdockError('SKU A-1 is unknown in Odoo.', {
        code: 'UNKNOWN_SKU',
        kind: 'business',
        facts: { sku: 'A-1' },
        problems: [{ path: '/lines/0', message: 'unknown' }],
      });
      const { id, statements } = letters.park({
        error,
        failedAt,
        origin,
        payload: { id: 1 },
        businessKey: 'o:1',
      });
      await store.run(statements);
      const [letter] = await letters.list();
      assert.equal(letter?.id, id);
      assert.deepEqual(
        [letter?.reason, letter?.code, letter?.kind, letter?.attempts, letter?.source, letter?.deliveryId],
        ['SKU A-1 is unknown in Odoo.', 'UNKNOWN_SKU', 'business', 3, 'shop', 'd1'],
      );
      assert.deepEqual(letter?.failedAt, failedAt);
      assert.deepEqual(letter?.facts, { sku: 'A-1' });
      assert.deepEqual(letter?.problems, [{ path: '/lines/0', message: 'unknown' }]);
      const bodies = await letters.body(id);
      assert.equal(Buffer.from(bodies?.original ?? []).toString(), '{"id":1,"broken');
      assert.equal(bodies?.failedAs, '{"id":1}');
    });

    it('count the same message failing again as one letter, and another one with the same body as another', async () => {
      const letters = await DeadLetters.open(store);
      for (const deliveryId of ['d1', 'd1', 'd2', 'd1']) {
        const { statements } = letters.park({
          error: permanent,
          failedAt,
          origin: { ...origin, deliveryId },
          payload: null,
          businessKey: undefined,
        });
        await store.run(statements);
      }
      const list = await letters.list();
      assert.deepEqual(
        list.map((letter) => [letter.deliveryId, letter.occurrences, letter.attempts]).sort(),
        [
          ['d1', 3, 9],
          ['d2', 1, 3],
        ],
      );
      assert.equal(await letters.count(), 2);
    });

    it('take a payload that has no JSON form', async () => {
      const letters = await DeadLetters.open(store);
      const loop: Record<string, unknown> = { n: 10n };
      loop['self'] = loop;
      const { id, statements } = letters.park({
        error: permanent,
        failedAt,
        origin: undefined,
        payload: loop,
        businessKey: undefined,
      });
      await store.run(statements);
      assert.match((await letters.body(id))?.failedAs ?? '', /refers to itself/);
    });
  });

  it('backoff draws from the full interval under its ceiling, and never below Retry-After', () => {
    const schedule = { baseMs: 1000, capMs: 60_000 };
    assert.equal(
      backoffDelay(schedule, 1, 0, () => 0.5),
      500,
    );
    assert.equal(
      backoffDelay(schedule, 4, 0, () => 0.999999),
      8000,
    );
    assert.equal(
      backoffDelay(schedule, 60, 0, () => 0.999999),
      60_000,
    );
    assert.equal(
      backoffDelay(schedule, 1, 5000, () => 0),
      5000,
    );
  });
});
