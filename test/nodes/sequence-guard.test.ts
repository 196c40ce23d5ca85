import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Message } from '../../nodes/shared/red';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, type TestMessage, useFlows } from './harness';

const OUTPUTS = ['inOrder', 'stale', 'duplicate', 'gap'] as const;

describe('sequence guard: the node', () => {
  const flows = useFlows();
  const flow = (config: Record<string, unknown> = {}, gap = true): FlowNode[] => [
    ...observers('guard'),
    STORE,
    crossdock(
      'sequence-guard',
      'guard',
      { key: 'payload.sku', version: 'payload.version', gaps: 'tell', ...config },
      OUTPUTS.map((name) => (name === 'gap' && !gap ? [] : [name])),
    ),
    ...OUTPUTS.map((name) => sink(name)),
  ];
  const send = (run: Running, version: unknown, sku = 'A'): void =>
    run.send('guard', { payload: { sku, version } });
  const done = (message: TestMessage): Promise<string> =>
    scopes.settle(message, { type: 'completed', result: null });

  it('sends each version by its output, and says what it is compared with', async () => {
    const run = await flows.load(flow());
    send(run, 1);
    const first = await run.nth('inOrder');
    assert.deepEqual(first['sequence'], { key: 'A', version: '1' });
    assert.equal(first.crossdock?.key, 'A');
    await done(first);
    send(run, 1);
    await run.nth('duplicate');
    send(run, 0);
    assert.deepEqual((await run.nth('stale'))['sequence'], { key: 'A', version: '0', newest: '1' });
    send(run, 3);
    const gap = await run.nth('gap');
    assert.deepEqual(gap['sequence'], { key: 'A', version: '3', newest: '1' });
    await done(gap);
    send(run, 2);
    await run.nth('stale', 2);
    await run.nth('completed', 5);
    assert.equal(
      (await run.untilStatus('guard', /^1 in order, 2 stale, 1 duplicates, 1 gaps$/)).fill,
      'green',
    );
  });

  it('lets the message after a gap go on by the first output when nothing is wired to the fourth', async () => {
    const run = await flows.load(flow({}, false));
    send(run, 1);
    await done(await run.nth('inOrder'));
    send(run, 5);
    await run.nth('inOrder', 2);
    assert.equal((await run.untilStatus('guard', /1 gaps$/)).fill, 'yellow');
  });

  it('takes key and version from an event without any setting, and counts no gaps', async () => {
    const run = await flows.load([
      ...observers('guard'),
      STORE,
      crossdock('sequence-guard', 'guard', {}, [['inOrder'], ['stale'], ['duplicate'], ['gap']]),
      ...OUTPUTS.map((name) => sink(name)),
    ]);
    const event = (sequence: number): void =>
      run.send('guard', { event: { subject: 'A', sequence: String(sequence).padStart(16, '0') } });
    event(9);
    await done(await run.nth('inOrder'));
    event(12);
    await done(await run.nth('inOrder', 2));
    event(10);
    await run.nth('stale');
  });

  it('keeps what failed from being the newest', async () => {
    const run = await flows.load(flow());
    send(run, 1);
    const error = new CrossdockError('Odoo is away.', { code: 'ODOO_UNREACHABLE', kind: 'transient' });
    await scopes.settle(await run.nth('inOrder'), { type: 'failed', error });
    send(run, 1);
    await run.nth('inOrder', 2);
    assert.equal(run.got('duplicate').length, 0);
  });

  it('ends what is stale or a duplicate at its source, whatever is wired behind', async () => {
    const run = await flows.load(flow());
    send(run, 5);
    await done(await run.nth('inOrder'));
    for (const [version, output] of [
      [5, 'duplicate'],
      [4, 'stale'],
    ] as const) {
      const ends: unknown[] = [];
      const message: Message = { payload: { sku: 'A', version } };
      const source = {
        kind: 'source',
        store: undefined,
        statements: () => [],
        ended: (outcome: unknown) => ends.push(outcome),
      };
      scopes.open(message, source, 60_000, { end: 'explicit' });
      run.send('guard', message);
      await run.nth(output);
      assert.deepEqual(ends, [{ type: 'completed', result: undefined }]);
    }
  });

  it('remembers the newest over a redeploy, and frees what was under way', async () => {
    const run = await flows.load(flow());
    send(run, 4);
    await done(await run.nth('inOrder'));
    send(run, 5);
    await run.nth('inOrder', 2);
    await run.redeploy(flow({ name: 'renamed' }));
    send(run, 3);
    await run.nth('stale');
    send(run, 5);
    await run.nth('inOrder', 3);
  });

  it('does not hold what no source would deliver again: the gap is told at once', async () => {
    const run = await flows.load(flow({ gaps: 'hold', holdSeconds: 3600 }));
    send(run, 1);
    await done(await run.nth('inOrder'));
    send(run, 3);
    await run.nth('gap');
    assert.equal(run.got('caught').length, 0);
  });

  it('takes times and texts as versions, and scopes from the message', async () => {
    const run = await flows.load(flow({ versionKind: 'time', scope: 'topic', scopeType: 'msg' }));
    const at = (topic: string, version: string): void =>
      run.send('guard', { topic, payload: { sku: 'A', version } });
    at('eu', '2026-11-02T10:00:00+01:00');
    await done(await run.nth('inOrder'));
    at('eu', '2026-11-02T09:00:00Z');
    await run.nth('duplicate');
    at('eu', '2026-11-02 08:59:59.9');
    await run.nth('stale');
    at('us', '2026-11-02 08:59:59.9');
    await run.nth('inOrder', 2);
  });

  for (const [what, message, code] of [
    ['no key', { payload: { version: 1 } }, 'SEQUENCE_KEY_MISSING'],
    ['no version', { payload: { sku: 'A' } }, 'SEQUENCE_VERSION_MISSING'],
    ['a version that is none', { payload: { sku: 'A', version: 'new' } }, 'SEQUENCE_VERSION_INVALID'],
  ] as const) {
    it(`refuses a message with ${what}`, async () => {
      const run = await flows.load(flow());
      run.send('guard', structuredClone(message));
      const caught = await run.nth('caught');
      assert.deepEqual([caught.error?.code, caught.crossdock?.failure?.kind], [code, 'permanent']);
      send(run, 1);
      await run.nth('inOrder');
      await waitFor(() => run.status('guard')?.fill === 'green', { what: 'a good status again' });
    });
  }
});
