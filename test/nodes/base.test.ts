import assert from 'node:assert/strict';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { registerNode } from '../../nodes/shared/base';
import { registerShared, shared } from '../../nodes/shared/config-node';
import type { Message, Red } from '../../nodes/shared/red';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, sink, useFlows } from './harness';

/** A promise with its ends outside. */
function gate<T = void>(): { promise: Promise<T>; open(value: T): void; fail(error: Error): void } {
  let open: (value: T) => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

const passing = new CrossdockError('Not yet.', { code: 'NOT_YET', kind: 'transient' });

/** What every message node does, shown on nodes made for it. */
describe('the base of the message nodes', () => {
  const flows = useFlows();
  const node = (type: string, config: Record<string, unknown> = {}): FlowNode => ({
    id: 'n',
    type,
    z: 'tab',
    ...config,
    wires: [['out']],
  });
  const flow = (type: string, config: Record<string, unknown> = {}): FlowNode[] => [
    ...observers('n'),
    node(type, config),
    sink('out'),
  ];

  it('lets messages wait until its parts are open, in their order', async () => {
    const opened = gate();
    const type = (red: Red): void =>
      registerNode(red, 'test-slow', {
        normalise: () => ({}),
        start: async () => {
          await opened.promise;
          return { input: async (message, send) => send(message) };
        },
      });
    const run = await flows.load(flow('test-slow'), { extra: [type] });
    for (let n = 1; n <= 3; n += 1) run.send('n', { payload: n });
    opened.open();
    await run.nth('out', 3);
    assert.deepEqual(
      run.got('out').map(({ payload }) => payload),
      [1, 2, 3],
    );
    await run.nth('completed', 3);
  });

  it('tells a failure once, with code, kind, facts and problems', async () => {
    const type = (red: Red): void =>
      registerNode(red, 'test-failing', {
        normalise: () => ({}),
        start: async () => ({
          input: async () => {
            throw new CrossdockError('The SKU is not known.', {
              code: 'UNKNOWN_SKU',
              kind: 'business',
              facts: { sku: 'A-1' },
              problems: [{ path: '/lines/0', message: 'no such SKU' }],
            });
          },
        }),
      });
    const run = await flows.load(flow('test-failing'), { extra: [type] });
    run.send('n', { payload: 1 });
    const caught = await run.nth('caught');
    assert.equal(caught.error?.code, 'UNKNOWN_SKU');
    assert.deepEqual(caught.crossdock?.failure, {
      nodeId: 'n',
      code: 'UNKNOWN_SKU',
      kind: 'business',
      message: 'The SKU is not known.',
      facts: { sku: 'A-1' },
      problems: [{ path: '/lines/0', message: 'no such SKU' }],
    });
    await run.untilStatus('n', /The SKU is not known/);
    run.send('n', { payload: 2 });
    await run.nth('caught', 2);
    assert.equal(run.got('completed').length, 0);
  });

  for (const thrown of ['a text', undefined, null, new TypeError('x is not a function')]) {
    it(`survives an input that throws ${String(thrown)}`, async () => {
      const type = (red: Red): void =>
        registerNode(red, 'test-odd', {
          normalise: () => ({}),
          start: async () => ({ input: () => Promise.reject(thrown) }),
        });
      const run = await flows.load(flow('test-odd'), { extra: [type] });
      run.send('n', { payload: 1 });
      assert.equal((await run.nth('caught')).error?.code, 'INTERNAL_ERROR');
    });
  }

  it('opens again by itself after a passing failure, and then works', async () => {
    let tries = 0;
    const type = (red: Red): void =>
      registerNode(red, 'test-late', {
        normalise: () => ({}),
        start: async ({ status }) => {
          tries += 1;
          if (tries === 1) throw passing;
          status.ok('ready');
          return { input: async (message, send) => send(message) };
        },
      });
    const run = await flows.load(flow('test-late'), { extra: [type] });
    await run.untilStatus('n', 'red');
    await run.untilStatus('n', 'green');
    run.send('n', { payload: 1 });
    await run.nth('out');
  });

  it('does not open again after it was closed while opening', async () => {
    const opening = gate<never>();
    let starts = 0;
    const closed: string[] = [];
    const type = (red: Red): void =>
      registerNode<string>(red, 'test-zombie', {
        normalise: (config) => String(config['name']),
        start: async ({ config }) => {
          starts += 1;
          if (config === 'old' && starts === 1) return opening.promise;
          return { close: async () => void closed.push(config) };
        },
      });
    const run = await flows.load(flow('test-zombie', { name: 'old' }), { extra: [type] });
    await waitFor(() => starts === 1, { what: 'the first start' });
    const closing = run.closing('n');
    const redeployed = run.redeploy(flow('test-zombie', { name: 'new' }));
    await closing;
    opening.fail(new CrossdockError('Not yet.', { code: 'NOT_YET', kind: 'transient' }));
    await redeployed;
    assert.equal(starts, 2);
    // Longer than the first pause before another try (1 s at most): the closed node must stay closed.
    const until = Date.now() + 1300;
    await waitFor(() => Date.now() > until || starts > 2, { what: 'the pause before a retry' });
    assert.equal(starts, 2, 'the closed node was opened again');
  });

  it('marks a message that its source repeats, and ends its scopes first', async () => {
    const order: string[] = [];
    const type = (red: Red): void =>
      registerNode(red, 'test-passing', {
        normalise: () => ({}),
        start: async () => ({
          input: async () => {
            throw passing;
          },
        }),
      });
    const run = await flows.load(flow('test-passing'), { extra: [type] });
    const message: Message = { payload: 1 };
    scopes.open(message, fakeScope(order), 60_000);
    run.send('n', message);
    const caught = await run.nth('caught');
    assert.deepEqual(caught.crossdock?.retry, { attempt: 3, inMs: 1234 });
    assert.deepEqual(order, ['committed', 'failed']);
  });

  it('marks it also when the store cannot take the outcome: the lease ends, the message comes again', async () => {
    const type = (red: Red): void =>
      registerNode(red, 'test-passing', {
        normalise: () => ({}),
        start: async () => ({
          input: async () => {
            throw passing;
          },
        }),
      });
    const run = await flows.load(flow('test-passing'), { extra: [type] });
    const message: Message = { payload: 1 };
    scopes.open(
      message,
      fakeScope([], new CrossdockError('full', { code: 'STORE_FULL', kind: 'transient' })),
      60_000,
    );
    run.send('n', message);
    const caught = await run.nth('caught');
    assert.ok(caught.crossdock?.retry, 'a dead letter node would park a message that is still alive');
  });
});

/** A scope as the inbox opens it, on a store that says yes, or refuses with `refusal`. */
function fakeScope(order: string[], refusal?: CrossdockError): Parameters<typeof scopes.open>[1] {
  const store = {
    run: async () => {
      if (refusal !== undefined) throw refusal;
      order.push('committed');
      return [];
    },
  };
  return {
    kind: 'inbox',
    store: store as unknown as Parameters<typeof scopes.open>[1]['store'],
    origin: () => ({ source: 's', deliveryId: 'd', body: new Uint8Array(), receivedAt: 0, attempts: 3 }),
    retryDelay: (error) => (error.retryable ? 1234 : undefined),
    statements: () => [{ sql: 'SELECT 1' }],
    ended: (outcome) => order.push(typeof outcome === 'string' ? outcome : outcome.type),
  };
}

describe('what config nodes share', () => {
  const flows = useFlows();

  interface Part {
    readonly number: number;
    closed: boolean;
  }
  /** A config node whose parts are counted, and a message node that uses it. */
  const sets = (options: {
    parts: Part[];
    log: string[];
    create?: () => Promise<void>;
    stop?: () => Promise<void>;
  }) => [
    (red: Red): void =>
      registerShared<Part>(red, 'test-part', {
        create: async () => {
          await options.create?.();
          const part = { number: options.parts.length + 1, closed: false };
          options.parts.push(part);
          return part;
        },
        close: async (part) => {
          part.closed = true;
          options.log.push(`part ${part.number} closed`);
        },
      }),
    (red: Red): void =>
      registerNode(red, 'test-user', {
        normalise: (config) => shared<Part>(red, config, 'part', 'test-part', 'Part'),
        start: async ({ node, config, status, closed }) => {
          const part = await config(closed);
          status.ok(`has ${part.number}`);
          return {
            input: async (message, send) => {
              assert.equal(part.closed, false);
              send(message);
            },
            close: async () => {
              await options.stop?.();
              assert.equal(part.closed, false);
              options.log.push(`${node.id} closed`);
            },
          };
        },
      }),
  ];
  const flow: FlowNode[] = [
    ...observers('a', 'b'),
    { id: 'part', type: 'test-part' },
    { id: 'a', type: 'test-user', z: 'tab', part: 'part', wires: [[]] },
    { id: 'b', type: 'test-user', z: 'tab', part: 'part', wires: [[]] },
  ];

  it('is opened once for all users, and closed after the last of them', async () => {
    const parts: Part[] = [];
    const log: string[] = [];
    const run = await flows.load(flow, { extra: sets({ parts, log }) });
    await run.untilStatus('a', 'has 1');
    await run.untilStatus('b', 'has 1');
    await run.redeploy([...observers()]);
    assert.deepEqual(log.toSorted(), ['a closed', 'b closed', 'part 1 closed']);
    assert.equal(log.at(-1), 'part 1 closed');
    assert.equal(parts.length, 1);
  });

  it('is opened by the next one who asks when the first opening failed', async () => {
    const parts: Part[] = [];
    let tries = 0;
    const create = async (): Promise<void> => {
      tries += 1;
      if (tries === 1) throw passing;
    };
    const run = await flows.load(flow, { extra: sets({ parts, log: [], create }) });
    await run.untilStatus('a', 'has 1');
    await run.untilStatus('b', 'has 1');
  });

  it('is not opened by a user that comes while everything closes', async () => {
    const parts: Part[] = [];
    const first = gate();
    const type = (red: Red): void =>
      registerNode(red, 'test-slow-user', {
        normalise: (config) => shared<Part>(red, config, 'part', 'test-part', 'Part'),
        start: async ({ config, closed }) => {
          await first.promise;
          await config(closed);
          return {};
        },
      });
    const slow = { id: 'slow', type: 'test-slow-user', z: 'tab', part: 'part', wires: [] };
    const run = await flows.load([...observers(), { id: 'part', type: 'test-part' }, slow], {
      extra: [...sets({ parts, log: [] }), type],
    });
    const closing = Promise.all([run.closing('part'), run.closing('slow')]);
    const redeployed = run.redeploy([...observers()]);
    await closing;
    first.open();
    await redeployed;
    assert.ok(
      parts.every(({ closed }) => closed),
      'a part was opened after its config node had closed, and stays open for ever',
    );
  });
});

describe('two store nodes with one file', () => {
  const flows = useFlows();

  it('one of them is refused with a sentence, the other one works', async () => {
    const run = await flows.load([
      ...observers('g1', 'g2'),
      STORE,
      { ...STORE, id: 'same' },
      crossdock('idempotency-guard', 'g1', {}, [['first'], [], []]),
      crossdock('idempotency-guard', 'g2', { store: 'same' }, [['first'], [], []]),
      sink('first'),
    ]);
    const fills = (): (string | undefined)[] => ['g1', 'g2'].map((id) => run.status(id)?.fill);
    await waitFor(() => fills().includes('green') && fills().includes('red'), { what: 'both statuses' });
    const [works, refused] = run.status('g1')?.fill === 'green' ? ['g1', 'g2'] : ['g2', 'g1'];
    assert.match(run.status(refused)?.text ?? '', /^The store .*/);
    run.send(works, { payload: { id: 'x' } });
    await run.nth('first');
  });
});
