/** Only the newest message per key: what holds on every store. */
import assert from 'node:assert/strict';
import {
  type Delivery,
  Inbox,
  type InboxOptions,
  type Incoming,
  type Outcome,
  type ScopedMessage,
  ScopeRegistry,
} from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import { waitFor } from '../support';
import { random as seeded } from './random';

const away = new CrossdockError('The shop does not answer.', { code: 'SHOP_AWAY', kind: 'transient' });
const wrong = new CrossdockError('The shop refuses it.', { code: 'SHOP_REFUSES', kind: 'permanent' });
const DONE: Outcome = { type: 'completed', result: null };
const failed = (error: CrossdockError): Outcome => ({ type: 'failed', error });

/** A message of a key with a version of its sender's, as event in reads it from an event. */
function versioned(key: string, version: number, more: Partial<Incoming> = {}): Incoming {
  return {
    id: `${key}-${version}`,
    partitionKey: key,
    body: Buffer.from(String(version)),
    version: { series: 'stock', order: String(version).padStart(6, '0') },
    ...more,
  };
}

/** A message of a key without a version. */
function plain(key: string, id: string, more: Partial<Incoming> = {}): Incoming {
  return { id, partitionKey: key, body: Buffer.from(id), ...more };
}

interface InFlow {
  readonly id: string;
  readonly delivery: Delivery;
  end(outcome: Outcome): Promise<unknown>;
}

/** @param open a store of the test; called again it opens the same one, where several processes can have it open */
export function inboxNewestSuite(open: () => Promise<Store>): void {
  let stores: Store[];
  let inboxes: Inbox[];
  /** What is in the flow now, by id, and the ids in the order in which they entered it. */
  let inFlow: Map<string, InFlow>;
  let entered: string[];
  let scopes: ScopeRegistry;

  beforeEach(() => {
    stores = [];
    inboxes = [];
    inFlow = new Map();
    entered = [];
    scopes = new ScopeRegistry();
  });
  afterEach(async () => {
    await Promise.all(inboxes.map((inbox) => inbox.stop(0)));
    await Promise.all(stores.map((store) => store.close()));
  });

  async function start(store: Store, options: Partial<InboxOptions> = {}): Promise<Inbox> {
    const inbox = await Inbox.open(store, {
      source: 'shop',
      concurrency: 1,
      maxAttempts: 1000,
      holdMs: 60_000,
      backoff: { baseMs: 3_600_000, capMs: 3_600_000 },
      newestOnly: true,
      ...options,
    });
    inboxes.push(inbox);
    inbox.start((delivery) => {
      const id = delivery.deliveryId;
      const message: ScopedMessage = { _msgid: `${id}-${delivery.attempts}` };
      const token = scopes.open(message, delivery.scope, inbox.holdMs);
      entered.push(id);
      inFlow.set(id, {
        id,
        delivery,
        end: (outcome) => {
          inFlow.delete(id);
          return scopes.settle(message, outcome);
        },
      });
      return () => scopes.handBack(token);
    });
    return inbox;
  }
  async function openStore(): Promise<Store> {
    const store = await open();
    stores.push(store);
    return store;
  }
  async function ready(options: Partial<InboxOptions> = {}): Promise<{ store: Store; inbox: Inbox }> {
    const store = await openStore();
    return { store, inbox: await start(store, options) };
  }
  const end = async (id: string, outcome: Outcome = DONE): Promise<void> => {
    await waitFor(() => inFlow.has(id), { what: `${id} in the flow` });
    await inFlow.get(id)?.end(outcome);
  };
  const fates = async (store: Store): Promise<Record<string, string>> => {
    const [result] = await store.run([
      { sql: 'SELECT id, state, superseded_by AS by_id, body FROM crossdock_inbox ORDER BY seq' },
    ]);
    return Object.fromEntries(
      (result?.rows ?? []).map(({ id, state, by_id, body }) => {
        if (by_id === null) return [String(id), String(state)];
        assert.equal(body, null, 'what is superseded needs no space');
        return [String(id), `${state} for ${by_id}`];
      }),
    );
  };

  it('of what waits behind one in the flow only the newest is delivered, and all is accounted for', async () => {
    const { store, inbox } = await ready();
    for (const version of [1, 2, 3, 4]) {
      assert.equal(await inbox.accept(versioned('A', version)), 'accepted');
      if (version === 1) await waitFor(() => inFlow.has('A-1'), { what: 'the first one' });
    }
    assert.equal((await inbox.health()).depth, 2);
    await end('A-1');
    await end('A-4');
    const { depth, superseded } = await inbox.health();
    assert.deepEqual({ entered, depth, superseded }, { entered: ['A-1', 'A-4'], depth: 0, superseded: 2 });
    assert.deepEqual(await fates(store), {
      'A-1': 'done',
      'A-2': 'done for A-3',
      'A-3': 'done for A-4',
      'A-4': 'done',
    });
  });

  it('an older version that arrives late is superseded, whether the newer one waits, is in the flow or was delivered', async () => {
    const { store, inbox } = await ready();
    await inbox.accept(versioned('hold', 1));
    await waitFor(() => inFlow.has('hold-1'), { what: 'a full flow' });
    await inbox.accept(versioned('A', 5));
    await inbox.accept(versioned('A', 3));
    await end('hold-1');
    await waitFor(() => inFlow.has('A-5'), { what: 'the newest' });
    await inbox.accept(versioned('A', 2));
    await end('A-5');
    await inbox.accept(versioned('A', 4));
    await inbox.accept(versioned('B', 1));
    await end('B-1');
    assert.deepEqual(entered, ['hold-1', 'A-5', 'B-1']);
    const { 'A-2': flown, 'A-3': waited, 'A-4': late } = await fates(store);
    assert.deepEqual([flown, waited, late], Array(3).fill('done for A-5'));
  });

  it('without versions the order of arrival decides; without a key nothing is superseded', async () => {
    const { inbox } = await ready();
    await inbox.accept(plain('hold', 'hold'));
    await waitFor(() => inFlow.has('hold'), { what: 'a full flow' });
    for (const id of ['a1', 'a2']) await inbox.accept(plain('A', id));
    for (const id of ['n1', 'n2']) await inbox.accept({ id, partitionKey: undefined, body: Buffer.from(id) });
    // Versions of another sender say nothing about the first one's.
    await inbox.accept(versioned('A', 9));
    await inbox.accept(versioned('A', 1, { version: { series: 'other', order: '000001' } }));
    for (const id of ['hold', 'A-1', 'n1', 'n2']) await end(id);
    assert.deepEqual(entered, ['hold', 'A-1', 'n1', 'n2']);
  });

  it('one that waits for its next attempt is superseded, and one that fails with a newer one behind it is not tried again', async () => {
    const { store, inbox } = await ready({ concurrency: 2 });
    await inbox.accept(versioned('A', 1));
    await end('A-1', failed(away));
    await waitFor(async () => (await fates(store))['A-1'] === 'waiting', {
      what: 'the wait for another attempt',
    });
    await inbox.accept(versioned('A', 2));
    await waitFor(() => inFlow.has('A-2'), { what: 'the newer one, at once' });
    await inbox.accept(versioned('A', 3));
    await end('A-2', failed(away));
    await end('A-3');
    assert.deepEqual(entered, ['A-1', 'A-2', 'A-3']);
    assert.deepEqual(await fates(store), { 'A-1': 'done for A-2', 'A-2': 'done for A-3', 'A-3': 'done' });
    assert.equal((await inbox.health()).depth, 0);
  });

  it('what comes back from the flow of a process that is gone is superseded by what came meanwhile', async () => {
    const { store, inbox } = await ready({ concurrency: 2 });
    await inbox.accept(versioned('A', 1));
    await inbox.accept(versioned('B', 1));
    await waitFor(() => inFlow.size === 2, { what: 'both in the flow' });
    await inbox.accept(versioned('A', 2));
    // The leases end without a word, as they do when nobody is left to renew them.
    await store.run([
      {
        sql: "UPDATE crossdock_inbox SET lease_owner = 'gone', lease_until = 0 WHERE lease_owner IS NOT NULL",
      },
    ]);
    entered = [];
    inFlow.clear();
    const next = await start(store, { concurrency: 2 });
    await waitFor(() => inFlow.size === 2, { what: 'two in the flow' });
    await end('A-2');
    await end('B-1');
    assert.deepEqual(entered.toSorted(), ['A-2', 'B-1']);
    assert.equal((await fates(store))['A-1'], 'done for A-2');
    assert.equal((await next.health()).depth, 0);
  });

  it('a copy that comes again changes nothing, whatever has become of the first one', async () => {
    const { store, inbox } = await ready();
    await inbox.accept(versioned('A', 1));
    await waitFor(() => inFlow.has('A-1'), { what: 'the first one' });
    for (const version of [2, 3]) await inbox.accept(versioned('A', version));
    for (const version of [1, 2, 3]) assert.equal(await inbox.accept(versioned('A', version)), 'duplicate');
    await end('A-1');
    await end('A-3');
    for (const version of [1, 2, 3]) assert.equal(await inbox.accept(versioned('A', version)), 'duplicate');
    assert.deepEqual(entered, ['A-1', 'A-3']);
    assert.deepEqual(await fates(store), { 'A-1': 'done', 'A-2': 'done for A-3', 'A-3': 'done' });
  });

  it('the newer one takes the place and the urgency of the one it supersedes', async () => {
    const { inbox } = await ready();
    await inbox.accept(plain('hold', 'hold'));
    await waitFor(() => inFlow.has('hold'), { what: 'a full flow' });
    await inbox.accept(versioned('busy', 1));
    // Places are times in ms.
    const arrived = Date.now() + 1;
    await waitFor(() => Date.now() > arrived, { what: 'the next millisecond' });
    await inbox.accept(versioned('calm', 1));
    await inbox.accept(versioned('sold-out', 1, { priority: 1 }));
    await inbox.accept(versioned('busy', 2));
    await inbox.accept(versioned('sold-out', 2));
    for (const id of ['hold', 'sold-out-2', 'busy-2', 'calm-1']) await end(id);
    assert.deepEqual(entered, ['hold', 'sold-out-2', 'busy-2', 'calm-1']);
  });

  it('one that failed for good is delivered when it is sent again, unless a newer one has been', async () => {
    const { store, inbox } = await ready();
    await inbox.accept(versioned('A', 1));
    await end('A-1', failed(wrong));
    assert.equal(await inbox.accept(versioned('A', 1)), 'accepted');
    await end('A-1', failed(wrong));
    await inbox.accept(versioned('A', 2));
    await end('A-2');
    assert.equal(await inbox.accept(versioned('A', 1)), 'accepted');
    await waitFor(async () => (await fates(store))['A-1'] === 'done for A-2', { what: 'its end' });
    assert.deepEqual(entered, ['A-1', 'A-1', 'A-2']);
  });

  it('a sender that counts from the beginning again is heard, one that is a little late is not', async () => {
    const { inbox } = await ready();
    const at = Date.parse('2026-11-02T09:00:00Z');
    const of = (version: number, ms: number) =>
      versioned('A', version, {
        version: { series: 'stock', order: String(version).padStart(6, '0'), at: at + ms },
      });
    await inbox.accept(of(700, 0));
    await end('A-700');
    await inbox.accept(of(699, 5000));
    await inbox.accept(of(1, 3_600_000));
    await end('A-1');
    assert.deepEqual(entered, ['A-700', 'A-1']);
  });

  it('what waits already is put right when the option is chosen', async () => {
    const store = await openStore();
    const before = await Inbox.open(store, {
      source: 'shop',
      concurrency: 1,
      maxAttempts: 3,
      holdMs: 60_000,
    });
    for (const id of ['a1', 'a2', 'a3']) await before.accept(plain('A', id));
    await before.accept(plain('B', 'b1'));
    const inbox = await start(store);
    await end('a3');
    await end('b1');
    assert.deepEqual(entered, ['a3', 'b1']);
    const { depth, superseded } = await inbox.health();
    assert.deepEqual({ depth, superseded }, { depth: 0, superseded: 2 });
  });

  it('whatever comes in whatever order: of each key the newest is delivered last, and none after a newer one', async function () {
    this.timeout(60_000);
    const below = seeded(20_261_127);
    const random = () => below(1_000_000) / 1_000_000;
    const store = await openStore();
    const gateways = [await start(store, { concurrency: 8, backoff: { baseMs: 1, capMs: 5 } })];
    if (!store.exclusive) {
      gateways.push(await start(await openStore(), { concurrency: 8, backoff: { baseMs: 1, capMs: 5 } }));
    }
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
    const delivered = new Map<string, number[]>();
    const work = setInterval(() => {
      for (const flown of [...inFlow.values()]) {
        const roll = random();
        if (roll < 0.3) continue;
        if (roll < 0.6) void flown.end(failed(away));
        else {
          const [key = '', version = ''] = flown.id.split('-');
          void flown.end(DONE).then((ended) => {
            if (ended !== 'stale') delivered.set(key, [...(delivered.get(key) ?? []), Number(version)]);
          });
        }
      }
    }, 1);
    const keys = Array.from({ length: 12 }, (_, n) => `k${n}`);
    const sent = keys.flatMap((key) => Array.from({ length: 12 }, (_, n) => versioned(key, n + 1)));
    try {
      // Out of order within a window, and one of eight twice.
      for (let open = sent; open.length > 0; ) {
        const key = pick(open).partitionKey;
        const next = pick(open.filter((each) => each.partitionKey === key).slice(0, 3));
        await pick(gateways).accept(next);
        if (random() > 0.125) open = open.filter((each) => each !== next);
      }
      await waitFor(
        async () => {
          const [left] = await store.run([{ sql: 'SELECT 1 FROM crossdock_inbox WHERE settled_at IS NULL' }]);
          return left?.rows.length === 0;
        },
        { what: 'rest', timeoutMs: 40_000 },
      );
      await waitFor(() => keys.every((key) => delivered.get(key)?.at(-1) === 12), {
        what: 'the newest of each key',
      });
    } finally {
      clearInterval(work);
    }
    for (const versions of delivered.values())
      assert.deepEqual(
        versions,
        versions.toSorted((a, b) => a - b),
      );
    const states = Object.values(await fates(store));
    assert.equal(states.length, sent.length);
    assert.ok(states.every((state) => state.startsWith('done')));
    assert.equal(states.filter((state) => state === 'done').length, [...delivered.values()].flat().length);
  });
}
