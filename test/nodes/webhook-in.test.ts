import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scopes } from '../../core/delivery';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

/** What needs no real HTTP server around it; the rest is in test/runtime/webhook-in.test.ts. */
describe('webhook in', () => {
  const flows = useFlows();
  const flow = (...nodes: FlowNode[]): FlowNode[] => [
    ...observers(),
    STORE,
    ...nodes,
    sink('out'),
    sink('other'),
  ];
  const webhook = (id: string, config: Record<string, unknown> = {}, out = 'out'): FlowNode =>
    crossdock('webhook-in', id, { path: `/${id}`, source: id, ...config }, [[out]]);
  const post = async (run: Running, path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch((await run.http('node')) + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  it('brings the body, the source and the kept headers into the flow; never credentials', async () => {
    const run = await flows.load(flow(webhook('a')));
    await run.untilStatus('a', 'ready');
    const response = await post(
      run,
      '/a',
      { id: 7 },
      {
        authorization: 'Bearer x',
        cookie: 'c=1',
        'x-shopify-topic': 'orders/create',
        'x-shopify-webhook-id': 'w-1',
      },
    );
    assert.equal(response.status, 202);
    assert.deepEqual(await response.json(), { status: 'accepted', id: 'x-shopify-webhook-id:w-1' });
    const message = await run.nth('out');
    assert.deepEqual(message.payload, { id: 7 });
    assert.equal(message.crossdock?.['source'], 'a');
    assert.equal(message.crossdock?.['attempt'], 1);
    const headers = message['headers'] as Record<string, string>;
    assert.equal(headers['x-shopify-topic'], 'orders/create');
    assert.deepEqual(
      Object.keys(headers).filter((name) => /auth|cookie|signature|hmac/.test(name)),
      [],
    );
    await scopes.settle(message, { type: 'completed', result: 1 });
    await run.untilStatus('a', 'ready');
  });

  it('refuses a path that another node has, and leaves that one working', async () => {
    const run = await flows.load(
      flow(webhook('a', { path: '/same/' }), webhook('b', { path: 'same' }, 'other')),
    );
    const status = await run.untilStatus('b', 'red');
    assert.match(status.text ?? '', /^The path \/same is used by another webhook/);
    await run.untilStatus('a', 'ready');
    assert.equal((await post(run, '/same', {})).status, 202);
    await run.nth('out');
    assert.equal(run.got('other').length, 0);
  });

  it('refuses a source that another node has: it would take the other one’s messages', async () => {
    const run = await flows.load(
      flow(webhook('a', { source: 'shop' }), webhook('b', { source: 'shop' }, 'other')),
    );
    await run.untilStatus('a', 'ready');
    const status = await run.untilStatus('b', 'red');
    assert.match(status.text ?? '', /^The source shop is used by another node/);
    for (let n = 0; n < 5; n += 1) assert.equal((await post(run, '/a', { n })).status, 202);
    await run.nth('out', 5);
    assert.equal(run.got('other').length, 0);
  });

  it('gives its path and source free when it is closed', async () => {
    const run = await flows.load(flow(webhook('a', { path: '/p', source: 's' })));
    await run.untilStatus('a', 'ready');
    await run.redeploy(flow(webhook('b', { path: '/p', source: 's' }, 'other')));
    await run.untilStatus('b', 'ready');
    assert.equal((await post(run, '/p', {})).status, 202);
    await run.nth('other');
  });

  it('delivers what the flow had not settled again after a redeploy, with the attempt counted', async () => {
    const run = await flows.load(flow(webhook('a')));
    await run.untilStatus('a', 'ready');
    await post(run, '/a', { id: 1 });
    await run.nth('out');
    // The first delivery is never settled: it holds the close up to the drain's limit, then goes back.
    await run.redeploy(flow(webhook('a')));
    const again = await run.nth('out', 2);
    assert.deepEqual(again.payload, { id: 1 });
    await scopes.settle(again, { type: 'completed', result: 1 });
    await run.untilStatus('a', 'ready');
  });

  it('answers 503 with Retry-After, not 404, while it drains for a deploy', async () => {
    const run = await flows.load(flow(webhook('a')));
    await run.untilStatus('a', 'ready');
    await post(run, '/a', { id: 1 });
    const message = await run.nth('out');
    const closing = run.closing('a');
    const redeployed = run.redeploy(flow(webhook('a')));
    await closing;
    const response = await post(run, '/a', { id: 2 });
    assert.equal(response.status, 503);
    assert.ok(Number(response.headers.get('retry-after')) > 0);
    await scopes.settle(message, { type: 'completed', result: 1 });
    await redeployed;
    await waitFor(async () => (await post(run, '/a', { id: 2 })).status === 202, { what: 'the new node' });
  });

  it('answers 503 while its store cannot be opened', async () => {
    writeFileSync(join(flows.userDir, 'a-file'), 'no folder');
    const run = await flows.load(
      flow({ ...STORE, id: 'broken', path: 'a-file/store.sqlite' }, webhook('a', { store: 'broken' })),
    );
    await run.untilStatus('a', 'red');
    const response = await post(run, '/a', {});
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { code: string }).code, 'STARTING');
  });
});
