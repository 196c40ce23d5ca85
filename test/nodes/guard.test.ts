import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { waitFor } from '../support';
import { canonicalOrder, crossdock, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

describe('idempotency guard', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}, conflict = true): FlowNode[] => [
    ...observers('guard'),
    STORE,
    crossdock('idempotency-guard', 'guard', config, [
      ['first'],
      ['duplicate'],
      conflict ? ['conflict'] : [],
      ...(config['concurrent'] === 'answer' ? [['inProgress']] : []),
    ]),
    sink('inProgress'),
    sink('first'),
    sink('duplicate'),
    sink('conflict'),
  ];

  it('lets the first through and gives its result to a later copy', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1001') });
    const first = await run.nth('first');
    assert.equal(first.crossdock?.key, 'shop:test:1001');
    await scopes.settle(first, { type: 'completed', result: { name: 'S00001' } });
    run.send('guard', { payload: canonicalOrder('1001') });
    const duplicate = await run.nth('duplicate');
    assert.deepEqual(duplicate.payload, { name: 'S00001' });
    assert.equal((duplicate['duplicateOf'] as { key: string }).key, 'shop:test:1001');
    await run.nth('completed', 2);
    assert.equal(run.got('first').length, 1);
    assert.equal(run.got('caught').length, 0);
  });

  it('makes concurrent copies wait for the first one, and releases all of them with its result', async () => {
    const run = await flows.load(flow());
    for (let copy = 0; copy < 5; copy += 1) run.send('guard', { payload: canonicalOrder('1002') });
    const first = await run.nth('first');
    assert.equal(run.got('duplicate').length, 0);
    await scopes.settle(first, { type: 'completed', result: 'once' });
    await run.nth('duplicate', 4);
    assert.deepEqual(
      run.got('duplicate').map(({ payload }) => payload),
      ['once', 'once', 'once', 'once'],
    );
    await run.nth('completed', 5);
    assert.equal(run.got('first').length, 1);
  });

  it('gives the key to the next copy when the first one failed', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1003') });
    const first = await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1003') });
    const error = new CrossdockError('Odoo is away.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
    await scopes.settle(first, { type: 'failed', error });
    await run.nth('first', 2);
    assert.equal(run.got('duplicate').length, 0);
  });

  it('sends the same key with other contents to the third output', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1004') });
    await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1004', { quantity: 3 }) });
    const conflict = await run.nth('conflict');
    assert.equal(conflict.error?.code, 'IDEMPOTENCY_CONFLICT');
    await run.nth('completed', 2);
  });

  it('raises the conflict as an error when nothing is wired to the third output', async () => {
    const run = await flows.load(flow({}, false));
    run.send('guard', { payload: canonicalOrder('1005') });
    await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1005', { quantity: 3 }) });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'IDEMPOTENCY_CONFLICT');
    assert.equal(caught.crossdock?.failure?.kind, 'business');
  });

  it('takes a late copy for the same order although it arrived later through a newer mapping', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1006') });
    await scopes.settle(await run.nth('first'), { type: 'completed', result: 1 });
    const late = canonicalOrder('1006');
    late.provenance = {
      ...late.provenance,
      receivedAt: '2026-11-29T00:00:00Z',
      mappingVersion: 'test@2.0.0',
    };
    run.send('guard', { payload: late });
    assert.equal((await run.nth('duplicate')).payload, 1);
  });

  it('fails a concurrent copy as transient when the first one takes longer than it may wait', async () => {
    const run = await flows.load(flow({ waitSeconds: 0 }));
    run.send('guard', { payload: canonicalOrder('1007') });
    await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1007') });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'IDEMPOTENCY_IN_PROGRESS');
    assert.equal(caught.crossdock?.failure?.kind, 'transient');
  });

  it('tells a concurrent copy that the first one is at work, by the fourth output', async () => {
    const run = await flows.load(flow({ concurrent: 'answer' }));
    run.send('guard', { payload: canonicalOrder('1012') });
    const first = await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1012') });
    const copy = await run.nth('inProgress');
    assert.deepEqual(copy.payload, canonicalOrder('1012'));
    const { key, firstAt, since } = copy['inProgress'] as { key: string; firstAt: string; since: string };
    assert.equal(key, 'shop:test:1012');
    assert.ok(Date.parse(firstAt) <= Date.parse(since));
    await scopes.settle(first, { type: 'completed', result: 5 });
    run.send('guard', { payload: canonicalOrder('1012') });
    assert.equal((await run.nth('duplicate')).payload, 5);
    assert.equal(run.got('caught').length, 0);
  });

  it('fails a copy that is to be told at once when nobody is wired to tell it', async () => {
    const config = { concurrent: 'answer' };
    const nodes = flow(config).map((node) =>
      node.id === 'guard' ? { ...node, wires: [['first'], ['duplicate'], ['conflict']] } : node,
    );
    const run = await flows.load(nodes);
    run.send('guard', { payload: canonicalOrder('1013') });
    await run.nth('first');
    run.send('guard', { payload: canonicalOrder('1013') });
    assert.equal((await run.nth('caught')).error?.code, 'IDEMPOTENCY_IN_PROGRESS');
  });

  it('takes the scope from the message: one per partner', async () => {
    const run = await flows.load(flow({ scope: 'crossdock.source', scopeType: 'msg' }));
    for (const source of ['shop-eu', 'shop-us'])
      run.send('guard', { payload: canonicalOrder('1014'), crossdock: { source } });
    await run.nth('first', 2);
    run.send('guard', { payload: canonicalOrder('1014') });
    assert.equal((await run.nth('caught')).error?.code, 'IDEMPOTENCY_SCOPE_MISSING');
  });

  it('takes a copy that differs only where it may for a duplicate', async () => {
    const run = await flows.load(flow({ ignore: 'payload.updated_at, payload.lines.*.note' }));
    const order = (updated_at: string, note: string, sku = 'A'): Record<string, unknown> => ({
      id: '1015',
      updated_at,
      lines: [{ sku, note }],
    });
    run.send('guard', { payload: order('today', 'x') });
    await scopes.settle(await run.nth('first'), { type: 'completed', result: 1 });
    run.send('guard', { payload: order('tomorrow', 'y') });
    assert.equal((await run.nth('duplicate')).payload, 1);
    run.send('guard', { payload: order('tomorrow', 'y', 'B') });
    await run.nth('conflict');
  });

  for (const { keyType, key, message } of [
    { keyType: 'msg', key: 'headers.id', message: { headers: { id: 'h-1' }, payload: 'x' } },
    { keyType: 'jsonata', key: '$uppercase(payload.no)', message: { payload: { no: 'h-1' } } },
    { keyType: 'msg', key: 'payload', message: { payload: 17 } },
  ]) {
    it(`takes the key from ${keyType} ${key}`, async () => {
      const run = await flows.load(flow({ keyType, key }));
      run.send('guard', structuredClone(message));
      await scopes.settle(await run.nth('first'), { type: 'completed', result: 'r' });
      run.send('guard', structuredClone(message));
      assert.equal((await run.nth('duplicate')).payload, 'r');
    });
  }

  for (const { what, message, code } of [
    { what: 'no key', message: { payload: { lines: [] } }, code: 'IDEMPOTENCY_KEY_MISSING' },
    { what: 'an empty key', message: { payload: { id: '  ' } }, code: 'IDEMPOTENCY_KEY_MISSING' },
    { what: 'a list as key', message: { payload: { id: ['a'] } }, code: 'IDEMPOTENCY_KEY_MISSING' },
    { what: 'no payload', message: {}, code: 'IDEMPOTENCY_KEY_MISSING' },
    {
      what: 'a key of 513 characters',
      message: { payload: { id: 'x'.repeat(513) } },
      code: 'IDEMPOTENCY_KEY_MISSING',
    },
  ]) {
    it(`refuses a message with ${what}, once`, async () => {
      const run = await flows.load(flow());
      run.send('guard', message);
      const caught = await run.nth('caught');
      assert.equal(caught.error?.code, code);
      await run.untilStatus('guard', 'red');
      // The next good one gets through: a bad message leaves nothing behind.
      run.send('guard', { payload: canonicalOrder('1008') });
      await run.nth('first');
      assert.equal(run.got('caught').length, 1);
    });
  }

  it('fails a message whose JSONata cannot be evaluated, and does not end the process', async () => {
    const run = await flows.load(flow({ keyType: 'jsonata', key: '$number(payload)' }));
    run.send('guard', { payload: 'no number' });
    assert.equal((await run.nth('caught')).error?.code, 'EXPRESSION_FAILED');
  });

  it('remembers over a redeploy', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1009') });
    await scopes.settle(await run.nth('first'), { type: 'completed', result: 'kept' });
    await run.redeploy(flow({ name: 'renamed' }));
    run.send('guard', { payload: canonicalOrder('1009') });
    assert.equal((await run.nth('duplicate')).payload, 'kept');
  });

  it('gives a claim that was open at a full redeploy to the next copy at once', async () => {
    const run = await flows.load(flow());
    run.send('guard', { payload: canonicalOrder('1010') });
    await run.nth('first');
    await run.redeploy(flow());
    run.send('guard', { payload: canonicalOrder('1010') });
    await run.nth('first', 2);
    // The first instance's late result is discarded: its store is closed, its claim taken over.
    await waitFor(() => run.status('guard')?.text?.startsWith('1 first'), { what: 'the count' });
  });

  it('keeps scopes apart: the same key in another scope is another one', async () => {
    const run = await flows.load([
      ...flow(),
      crossdock('idempotency-guard', 'other', { scope: 'returns' }, [['otherFirst'], [], []]),
      sink('otherFirst'),
    ]);
    run.send('guard', { payload: canonicalOrder('1011') });
    run.send('other', { payload: canonicalOrder('1011') });
    await run.nth('first');
    await run.nth('otherFirst');
  });
});
