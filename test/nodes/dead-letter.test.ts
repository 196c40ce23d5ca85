import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeadLetters } from '../../core/dead-letter';
import { Inbox, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import type { SharedNode } from '../../nodes/shared/config-node';
import type { Message } from '../../nodes/shared/red';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const storeOf = async (run: Running): Promise<Store> =>
  (await (run.node('store') as unknown as SharedNode<{ store: Store }>).open(Promise.resolve())).store;

/** Puts one message through an inbox of its own, as a webhook in node does; the message with its scope open. */
async function delivered(store: Store, id: string, body: string): Promise<Message> {
  const inbox = await Inbox.open(store, { source: 'shop', concurrency: 9, maxAttempts: 5, holdMs: 60_000 });
  const message = new Promise<Message>((resolve) => {
    inbox.start((delivery) => {
      const made: Message = { payload: JSON.parse(body) as unknown };
      const token = scopes.open(made, delivery.scope, 60_000);
      resolve(made);
      return () => scopes.handBack(token);
    });
  });
  await inbox.accept({ id, partitionKey: id, body: Buffer.from(body) });
  return message;
}

const inboxStates = async (store: Store): Promise<unknown[]> => {
  const [found] = await store.run([{ sql: 'SELECT state FROM crossdock_inbox ORDER BY seq' }]);
  return (found?.rows ?? []).map((row) => row['state']);
};

describe('dead letter', () => {
  const flows = useFlows();
  /** The guard stands for a node that fails; Catch brings its failures to the dead letter node. */
  const flow: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'test' },
    STORE,
    crossdock('idempotency-guard', 'guard', { name: 'each order once', waitSeconds: 0 }, [['first'], [], []]),
    sink('first'),
    { id: 'catch', type: 'catch', z: 'tab', scope: ['guard'], uncaught: false, wires: [['dead']] },
    crossdock('dead-letter', 'dead', {}, [['parked'], ['again']]),
    sink('parked'),
    sink('again'),
    { id: 'complete', type: 'complete', z: 'tab', scope: ['dead'], wires: [['completed']] },
    sink('completed'),
  ];

  it('parks what a Catch node brings, with reason, code, kind, node and original body; the inbox row ends with it', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const store = await storeOf(run);
    run.send('guard', await delivered(store, 'd-1', '{"no":"key"}'));
    const parked = await run.nth('parked');
    const { id, ...told } = parked['deadLetter'] as Record<string, unknown>;
    assert.deepEqual(told, {
      code: 'IDEMPOTENCY_KEY_MISSING',
      kind: 'permanent',
      reason: 'The message has no idempotency key: the place where it should be is empty.',
    });
    const letters = await DeadLetters.open(store);
    const [letter] = await letters.list();
    assert.equal(letter?.id, id);
    assert.equal(letter?.source, 'shop');
    assert.equal(letter?.deliveryId, 'd-1');
    assert.equal(letter?.attempts, 1);
    assert.deepEqual(
      [letter?.failedAt.nodeId, letter?.failedAt.nodeType, letter?.failedAt.nodeName],
      ['guard', 'crossdock-idempotency-guard', 'each order once'],
    );
    const body = await letters.body(String(id));
    assert.equal(Buffer.from(body?.original ?? []).toString(), '{"no":"key"}');
    assert.deepEqual(await inboxStates(store), ['parked']);
    await run.untilStatus('dead', '1 parked');
    await run.nth('completed');
    assert.equal(run.got('completed').length, 1);
  });

  it('does not park a message that its source delivers again', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const store = await storeOf(run);
    run.send('guard', { payload: { id: 'k' } });
    await run.nth('first');
    // The key is being worked on: a passing failure, which the inbox repeats.
    run.send('guard', await delivered(store, 'd-2', '{"id":"k"}'));
    const again = await run.nth('again');
    assert.equal(again.crossdock?.retry?.attempt, 1);
    assert.deepEqual(await inboxStates(store), ['waiting']);
    assert.equal(await (await DeadLetters.open(store)).count(), 0);
    assert.equal(run.got('parked').length, 0);
  });

  it('keeps kind, facts and problems of the failure', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const failure = {
      nodeId: 'odoo',
      code: 'UNKNOWN_SKU',
      kind: 'business' as const,
      message: 'The SKU A-1 is not known.',
      facts: { sku: 'A-1' },
      problems: [{ path: '/lines/0/item', message: 'no product has this SKU' }],
    };
    run.send('dead', {
      payload: { some: 'order' },
      error: {
        message: 'CrossdockError: The SKU A-1 is not known.',
        source: { id: 'odoo', type: 't', name: 'n' },
      },
      crossdock: { failure, key: 'shop:test:1' },
    });
    await run.nth('parked');
    const [letter] = await (await DeadLetters.open(await storeOf(run))).list();
    assert.equal(letter?.reason, 'The SKU A-1 is not known.');
    assert.equal(letter?.kind, 'business');
    assert.deepEqual(letter?.facts, { sku: 'A-1' });
    assert.deepEqual(letter?.problems, failure.problems);
    assert.equal(letter?.businessKey, 'shop:test:1');
  });

  it("parks another node's failure under that node's error, not under an older one of ours", async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const old = {
      nodeId: 'guard',
      code: 'OLD',
      kind: 'business' as const,
      message: 'old',
      facts: {},
      problems: [],
    };
    run.send('dead', {
      payload: 1,
      error: {
        message: 'TypeError: x is undefined',
        source: { id: 'function-1', type: 'function', name: 'enrich' },
      },
      crossdock: { failure: old },
    });
    const parked = await run.nth('parked');
    assert.deepEqual((parked['deadLetter'] as { code: string }).code, 'NODE_ERROR');
    const [letter] = await (await DeadLetters.open(await storeOf(run))).list();
    assert.equal(letter?.failedAt.nodeType, 'function');
  });

  it('parks what has no JSON form, and what has no error', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    run.send('dead', { payload: circular });
    run.send('dead', { payload: 10n });
    run.send('dead', {});
    await run.nth('parked', 3);
    await run.nth('completed', 3);
    await run.untilStatus('dead', '3 parked');
  });

  it('counts the same failure of the same message up instead of parking it twice', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const error = { message: 'E', code: 'X', source: { id: 'f', type: 'function', name: '' } };
    run.send('dead', { payload: { a: 1 }, error });
    run.send('dead', { payload: { a: 1 }, error });
    await run.nth('parked', 2);
    const letters = await (await DeadLetters.open(await storeOf(run))).list();
    assert.deepEqual(
      letters.map(({ occurrences }) => occurrences),
      [2],
    );
  });

  it('parks nothing when another delivery owns the message now', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    const store = await storeOf(run);
    const message = await delivered(store, 'd-3', '{"no":"key"}');
    await store.run([{ sql: "UPDATE crossdock_inbox SET fence = fence + 1 WHERE state = 'leased'" }]);
    run.send('guard', message);
    await run.nth('completed');
    assert.equal(run.got('parked').length, 0);
    assert.equal(await (await DeadLetters.open(store)).count(), 0);
    assert.deepEqual(await inboxStates(store), ['leased']);
  });

  it('serves the parked messages without their bodies, page by page, and survives odd queries', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    for (const n of [1, 2, 3]) run.send('dead', { payload: { email: 'someone@example.com', n } });
    await run.nth('parked', 3);
    const base = `${await run.http('admin')}/crossdock/dead-letters`;
    const read = async (
      path: string,
    ): Promise<{ status: number; body: { parked: number; items: { id: string }[] } }> => {
      const response = await fetch(base + path);
      return {
        status: response.status,
        body: (await response.json()) as { parked: number; items: { id: string }[] },
      };
    };
    const first = await read('/dead?limit=2');
    assert.equal(first.body.parked, 3);
    assert.equal(first.body.items.length, 2);
    assert.ok(!JSON.stringify(first.body).includes('someone@example.com'));
    const rest = await read(`/dead?limit=2&after=${first.body.items[1]?.id}`);
    assert.equal(rest.body.items.length, 1);
    for (const odd of ['limit=abc', 'limit=-5', 'limit=1e9', 'limit=1.5', 'limit=', 'after=%00', 'x=1']) {
      assert.equal((await read(`/dead?${odd}`)).status, 200, odd);
    }
    assert.equal((await read('/nobody')).status, 404);
    await run.redeploy([{ id: 'tab', type: 'tab', label: 'test' }]);
    assert.equal((await read('/dead')).status, 404);
  });

  it('answers 503, not 404, while its store is not open yet', async () => {
    writeFileSync(join(flows.userDir, 'a-file'), 'no folder');
    const run = await flows.load([
      { id: 'tab', type: 'tab', label: 'test' },
      { ...STORE, path: 'a-file/store.sqlite' },
      crossdock('dead-letter', 'dead', {}, [[], [], []]),
    ]);
    await run.untilStatus('dead', 'red');
    const response = await fetch(`${await run.http('admin')}/crossdock/dead-letters/dead`);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '1');
    assert.equal(((await response.json()) as { code: string }).code, 'STARTING');
  });

  it('tells a new group once, whatever many letters it gets, also when it stopped before it could', async () => {
    const told: FlowNode[] = [
      ...flow.filter(({ id }) => id !== 'dead'),
      crossdock('dead-letter', 'dead', {}, [['parked'], ['again'], ['group']]),
      sink('group'),
    ];
    const run = await flows.load(told);
    await run.untilStatus('dead', 'none parked');
    const error = (code: string) => ({
      message: 'E',
      code,
      source: { id: 'f', type: 'function', name: 'f' },
    });
    for (const n of [1, 2, 3]) run.send('dead', { payload: { n }, error: error('A') });
    run.send('dead', { payload: { n: 1 }, error: error('B') });
    await run.nth('parked', 4);
    await run.nth('group', 2);
    assert.deepEqual(
      run.got('group').map(({ payload }) => (payload as { code: string }).code),
      ['A', 'B'],
    );
    const store = await storeOf(run);
    await store.run([{ sql: 'UPDATE crossdock_dead_letter_group SET told_at = NULL' }]);
    await run.redeploy(told);
    await run.nth('group', 4);
    assert.equal(run.got('group').length, 4);
  });

  it('keeps the letters over a redeploy', async () => {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    run.send('dead', { payload: 1 });
    await run.nth('parked');
    await run.redeploy(flow);
    await run.untilStatus('dead', '1 parked');
    run.send('dead', { payload: 2 });
    await run.untilStatus('dead', '2 parked');
  });

  it('leaves a message with its source when the store refuses to park it', async () => {
    const run = await flows.load([
      ...observers('dead'),
      STORE,
      crossdock('dead-letter', 'dead', {}, [['parked'], []]),
      sink('parked'),
    ]);
    await run.untilStatus('dead', 'none parked');
    const ended: unknown[] = [];
    const message: Message = { payload: 1, error: { message: 'x', code: 'X' } };
    const refusing = {
      run: async () => {
        throw new CrossdockError('full', { code: 'STORE_FULL', kind: 'transient' });
      },
    };
    scopes.open(
      message,
      {
        kind: 'inbox',
        store: refusing as unknown as Store,
        statements: () => [{ sql: 'SELECT 1' }],
        ended: (outcome) => ended.push(outcome),
      },
      60_000,
    );
    run.send('dead', message);
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'STORE_FULL');
    assert.deepEqual(ended, []);
    assert.equal(scopes.isOpen(message), true, 'open for another try, and bounded by its lease');
    assert.equal(run.got('parked').length, 0);
  });
});
