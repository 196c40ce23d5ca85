import assert from 'node:assert/strict';
import { type Outcome, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { fromStored, toStored } from '../../nodes/retry/stored';
import type { Message } from '../../nodes/shared/red';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

const passing = new CrossdockError('No answer.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
const wrong = new CrossdockError('No SKU.', { code: 'SKU_MISSING', kind: 'permanent' });

/** What the source of a message contributes; its ends are noted. */
function sourceScope(ends: (Outcome | 'stale' | 'abandoned')[]): ScopeHandlers {
  return {
    kind: 'inbox',
    store: undefined,
    statements: () => [],
    ended: (outcome) => ends.push(outcome),
    retryDelay: () => undefined,
    origin: () => ({ source: 's', deliveryId: '1', body: new Uint8Array(), receivedAt: 0, attempts: 1 }),
  };
}

describe('retry', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}, out = ['out']): FlowNode[] => [
    ...observers('retry'),
    STORE,
    crossdock('retry', 'retry', config, [['try'], out]),
    sink('try'),
    sink('out'),
  ];
  const isTry = (message: Message): Message => ({ ...message });

  it('passes a message of a source on, and has it delivered again after a failure that may pass', async () => {
    const run = await flows.load(flow());
    const ends: (Outcome | 'stale' | 'abandoned')[] = [];
    const message: Message = { _msgid: 'm1', payload: { id: 1 } };
    scopes.open(message, sourceScope(ends), 60_000);
    run.send('retry', message);
    const tried = isTry(await run.nth('try'));
    assert.deepEqual(tried.payload, { id: 1 });
    await scopes.settle(tried, { type: 'failed', error: passing });
    const [end] = ends;
    assert.ok(typeof end === 'object' && end.type === 'failed');
    const { inMs = -1, tries } = end.retry ?? {};
    assert.ok(inMs >= 0 && inMs <= 1000, `${inMs}`);
    assert.deepEqual(tries, { retry: 1 });
    await run.untilStatus('retry', '1 tried again, 0 exhausted');
    assert.equal(run.got('out').length, 0);
  });

  it('gives out, as it came, what is not tried again, with the reason', async () => {
    const run = await flows.load(flow());
    const message: Message = { _msgid: 'm1', payload: { id: 1 }, crossdock: { key: 'order:1' } };
    scopes.open(message, sourceScope([]), 60_000);
    run.send('retry', message);
    const tried = await run.nth('try');
    (tried.payload as { id: unknown }).id = 'spoilt';
    assert.equal(await scopes.settle(tried, { type: 'failed', error: wrong }), 'left');
    const out = await run.nth('out');
    assert.deepEqual(out.payload, { id: 1 });
    assert.deepEqual(
      [out.error?.code, out.error?.['kind'], out.error?.message],
      ['SKU_MISSING', 'permanent', 'No SKU.'],
    );
    assert.deepEqual(out.crossdock?.retry, { attempt: 1, exhausted: true });
    assert.equal(out.crossdock?.key, 'order:1');
    assert.ok(scopes.isOpen(out), 'what follows decides');
    assert.equal(await scopes.settle(out, { type: 'completed', result: null }), 'settled');
    await run.untilStatus('retry', '0 tried again, 1 exhausted');
  });

  it('lets the failure be final when nothing is connected to the second output', async () => {
    const run = await flows.load(flow({}, []));
    const ends: (Outcome | 'stale' | 'abandoned')[] = [];
    const message: Message = { _msgid: 'm1', payload: 1 };
    scopes.open(message, sourceScope(ends), 60_000);
    run.send('retry', message);
    assert.equal(await scopes.settle(await run.nth('try'), { type: 'failed', error: wrong }), 'settled');
    assert.equal(ends.length, 1);
  });

  it('takes a message of no source in, and delivers it to the next instance when it was not ended', async () => {
    const run = await flows.load(flow());
    run.send('retry', { payload: Buffer.from('raw'), topic: 'mine' });
    const tried = await run.nth('try');
    assert.deepEqual([tried.payload, tried.topic], [Buffer.from('raw'), 'mine']);
    assert.equal(tried.crossdock?.['source'], 'retry:retry');
    assert.ok(scopes.isOpen(tried));
    await waitFor(() => run.got('completed').length === 1, { what: 'done, once it is on disk' });
    await scopes.handBack(tried.crossdock?.scopes?.[0] ?? '');
    const again = await run.nth('try', 2);
    assert.deepEqual(again.payload, Buffer.from('raw'));
    await scopes.settle(again, { type: 'completed', result: null });
    await run.untilStatus('retry', 'ready');
  });

  it('keeps messages of no source in order by a value', async () => {
    const run = await flows.load(flow({ orderType: 'msg', order: 'payload.key' }));
    for (const [key, n] of [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ] as const) {
      run.send('retry', { payload: { key, n } });
      await run.nth('completed', n);
    }
    await run.nth('try', 2);
    const seen = (): unknown[] => run.got('try').map(({ payload }) => (payload as { n: number }).n);
    assert.deepEqual(seen(), [1, 3]);
    await scopes.settle(await run.nth('try'), { type: 'completed', result: null });
    await run.nth('try', 3);
    assert.deepEqual(seen(), [1, 3, 2]);
  });

  it('refuses a message that cannot be stored', async () => {
    const run = await flows.load(flow());
    const circle: Message = { payload: {} };
    circle.payload = circle;
    run.send('retry', circle);
    assert.equal((await run.nth('caught')).error?.code, 'RETRY_NOT_STORABLE');
  });

  for (const [config, sentence] of [
    [{ attempts: 0 }, /Attempts must be a whole number from 1/],
    [{ baseSeconds: 60, capSeconds: 30 }, /longest wait must not be shorter/],
    [{ orderType: 'msg', order: '' }, /Keep order by is missing/],
    [{ orderType: 'jsonata', order: '((' }, /expression cannot be read/],
  ] as const) {
    it(`says what is wrong with ${JSON.stringify(config)}`, async () => {
      const run = await flows.load(flow(config));
      await run.untilStatus('retry', sentence);
    });
  }

  it('stores buffers and dates as what they are, and no open request or earlier delivery', () => {
    const at = new Date('2026-11-26T10:00:00.000Z');
    const stored = toStored({
      _msgid: 'm',
      req: { secret: 1 },
      res: {},
      payload: { at, raw: Buffer.from([0, 255]), bytes: new Uint8Array([1]), none: null, list: [at] },
      crossdock: { scopes: ['t'], key: 'order:1', retry: { attempt: 1, inMs: 1 } },
    });
    assert.deepEqual(fromStored(stored), {
      payload: { at, raw: Buffer.from([0, 255]), bytes: Buffer.from([1]), none: null, list: [at] },
      crossdock: { key: 'order:1' },
    });
  });
});
