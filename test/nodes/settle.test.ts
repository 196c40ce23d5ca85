import assert from 'node:assert/strict';
import { DeadLetters } from '../../core/dead-letter';
import { scopes } from '../../core/delivery';
import type { Store } from '../../core/store';
import type { SharedNode } from '../../nodes/shared/config-node';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

describe('settle', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown>, ...nodes: FlowNode[]): FlowNode[] => [
    ...observers('settle'),
    STORE,
    crossdock('webhook-in', 'hook', { path: '/hook', source: 'hook' }, [['arrived']]),
    sink('arrived'),
    crossdock('settle', 'settle', config, [['out']]),
    sink('out'),
    ...nodes,
  ];
  const post = async (run: Running, id: string): Promise<void> => {
    await run.untilStatus('hook', /./);
    const response = await waitFor(async () => {
      const answer = await fetch(`${await run.http('node')}/hook`, {
        method: 'POST',
        headers: { 'idempotency-key': id, 'content-type': 'application/json' },
        body: JSON.stringify({ id }),
      });
      return answer.status === 503 ? undefined : answer;
    });
    assert.equal(response.status, 202);
  };

  it('ends a message of a source, and says so after the commit', async () => {
    const run = await flows.load(flow({}));
    await post(run, '1');
    const message = await run.nth('arrived');
    assert.ok(scopes.isOpen(message));
    run.send('settle', message);
    const out = await run.nth('out');
    assert.equal(out['settled'], 'settled');
    assert.deepEqual(out.payload, { id: '1' });
    assert.equal(scopes.isOpen(message), false);
    await run.untilStatus('settle', '1 settled');
    await run.untilStatus('hook', 'ready');
  });

  it('finds nothing to settle in any other message, or in one that is settled', async () => {
    const run = await flows.load(flow({}));
    run.send('settle', { payload: 1 });
    assert.equal((await run.nth('out'))['settled'], 'none');
    const status = await run.untilStatus('settle', 'nothing to settle');
    assert.equal(status.fill, 'yellow');
    await post(run, '1');
    const message = await run.nth('arrived');
    run.send('settle', message);
    assert.equal((await run.nth('out', 2))['settled'], 'settled');
    run.send('settle', message);
    assert.equal((await run.nth('out', 3))['settled'], 'none');
  });

  for (const [what, config, wanted] of [
    ['a property', { result: 'payload.id', resultType: 'msg' }, 'g-1'],
    ['an expression', { result: '{"order": payload.id}', resultType: 'jsonata' }, { order: 'g-1' }],
    ['text', { result: 'done', resultType: 'str' }, 'done'],
    ['JSON', { result: '{"ok":true}', resultType: 'json' }, { ok: true }],
  ] as const) {
    it(`keeps ${what} as the result, which a guard gives to a later duplicate`, async () => {
      const run = await flows.load(
        flow(
          config,
          crossdock('idempotency-guard', 'guard', { keyType: 'msg', key: 'payload.id' }, [
            ['settle'],
            ['duplicate'],
            [],
          ]),
          sink('duplicate'),
        ),
      );
      run.send('guard', { payload: { id: 'g-1' } });
      assert.equal((await run.nth('out'))['settled'], 'settled');
      run.send('guard', { payload: { id: 'g-1' } });
      assert.deepEqual((await run.nth('duplicate')).payload, wanted);
    });
  }

  it('fails a message for good, with its code and sentence, and does not deliver it again', async () => {
    const run = await flows.load(
      flow({
        outcome: 'failed',
        code: 'CREDIT_LIMIT',
        sentence: '"No credit for " & payload.id',
        sentenceType: 'jsonata',
      }),
    );
    await post(run, '1');
    run.send('settle', await run.nth('arrived'));
    assert.equal((await run.nth('out'))['settled'], 'settled');
    await run.untilStatus('hook', 'ready');
    assert.equal(run.got('arrived').length, 1);
    assert.equal(run.got('caught').length, 0);
    // No dead letter node took it, and it is not out of sight.
    const { store } = await (run.node('store') as unknown as SharedNode<{ store: Store }>).open(
      Promise.resolve(),
    );
    const [letter, ...others] = await (await DeadLetters.open(store)).list();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [letter?.code, letter?.reason, letter?.source, letter?.deliveryId],
      ['CREDIT_LIMIT', 'No credit for 1', 'hook', 'idempotency-key:1'],
    );
    assert.equal(
      Buffer.from((await (await DeadLetters.open(store)).body(letter?.id ?? ''))?.original ?? []).toString(),
      '{"id":"1"}',
    );
  });

  it('fails a message for now: it comes again', async () => {
    const run = await flows.load(
      flow({ outcome: 'failed', code: 'ERP_BUSY', sentence: 'The ERP is busy.', retry: true }),
    );
    await post(run, '1');
    run.send('settle', await run.nth('arrived'));
    const again = await run.nth('arrived', 2);
    assert.equal(again.crossdock?.['attempt'], 2);
    await scopes.settle(again, { type: 'completed', result: 1 });
  });

  it('goes to the Catch nodes when its expression fails, and ends nothing', async () => {
    const run = await flows.load(flow({ result: '$number("x")', resultType: 'jsonata' }));
    await post(run, '1');
    const message = await run.nth('arrived');
    run.send('settle', message);
    assert.equal((await run.nth('caught')).error?.code, 'EXPRESSION_FAILED');
    assert.ok(scopes.isOpen(message));
    await scopes.settle(message, { type: 'completed', result: 1 });
  });

  for (const [config, says] of [
    [{ outcome: 'maybe' }, /^The message is must be one of/],
    [{ resultType: 'json', result: '{' }, /^Result is not valid JSON/],
    [{ resultType: 'jsonata', result: '((' }, /^The expression cannot be read/],
    [{ outcome: 'failed', code: 'no code', sentence: 'x' }, /^The code may only contain/],
    [{ outcome: 'failed', sentence: '' }, /^Reason is missing/],
  ] as const) {
    it(`with ${JSON.stringify(config)} says what is wrong`, async () => {
      const run = await flows.load(flow(config));
      assert.match((await run.untilStatus('settle', 'red')).text ?? '', says);
    });
  }
});
