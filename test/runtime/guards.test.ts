import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { deadLetters, type FlowNode, node, parked, post, record, STORE, TAB, webhook } from './flow';

const OUTPUTS = ['inOrder', 'stale', 'duplicate', 'gap'];

/** The guards where delivery matters: in a Node-RED that is killed, behind a source, before an answer. */
describe('guards in a flow', () => {
  let red: NodeRed;
  const flows: FlowNode[] = [
    TAB,
    STORE,
    // Versions that overtook each other.
    webhook('stock', { partitionKey: '' }, [['sequence']]),
    node(
      'crossdock-sequence-guard',
      'sequence',
      {
        store: 'store',
        scope: 'crossdock.source',
        scopeType: 'msg',
        key: 'payload.sku',
        version: 'payload.version',
        gaps: 'hold',
        holdSeconds: 600,
      },
      OUTPUTS.map((name) => [name]),
    ),
    ...OUTPUTS.flatMap((name) => record(name, `${name}.jsonl`, 'payload.version')),
    ...deadLetters('sequence'),
    // A caller that wants an answer at once.
    node('http in', 'ask', { url: '/ask', method: 'post' }, [['once']]),
    node(
      'crossdock-idempotency-guard',
      'once',
      { store: 'store', scope: 'ask', concurrent: 'answer', ignore: 'payload.sentAt' },
      [['work'], ['known'], ['conflict'], ['busy']],
    ),
    node(
      'function',
      'work',
      {
        func: `const wait = () => (global.get('go') === msg.payload.id ? (node.send(msg), node.done()) : setTimeout(wait, 20)); wait();`,
        outputs: 1,
      },
      [['result']],
    ),
    node('crossdock-settle', 'result', { result: 'made', resultType: 'str' }, [['answer']]),
    ...['known', 'conflict', 'busy'].map((name) => node('change', name, { rules: [] }, [[`${name}Status`]])),
    ...(
      [
        ['known', 200],
        ['conflict', 422],
        ['busy', 409],
      ] as const
    ).map(([name, statusCode]) => node('http response', `${name}Status`, { statusCode }, [])),
    node('http response', 'answer', { statusCode: 201 }, []),
    node('http in', 'go', { url: '/go/:id', method: 'post' }, [['set']]),
    node(
      'function',
      'set',
      { func: `global.set('go', msg.req.params.id); return { ...msg, payload: {} };`, outputs: 1 },
      [['answer']],
    ),
  ];
  const versions = (output: string): number[] => {
    const path = join(red.userDir, `${output}.jsonl`);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8').trim().split('\n').map(Number);
  };
  const send = async (version: number, id = `v${version}`): Promise<void> => {
    await waitFor(
      async () => (await post(red, '/stock', { sku: 'A', version }, { 'idempotency-key': id })).status < 300,
      { what: `the acknowledgement of ${id}`, timeoutMs: 20_000 },
    );
  };

  before(async () => {
    red = await spawnNodeRed({ flows });
  });
  after(() => red?.remove());

  it('versions that overtook each other pass in order, over a kill -9; late copies are told', async () => {
    await send(1);
    await waitFor(() => versions('inOrder').length === 1, { what: 'version 1' });
    await send(3);
    await send(5);
    const held = (): number => {
      const path = join(red.userDir, 'again.jsonl');
      return existsSync(path) ? readFileSync(path, 'utf8').split('SEQUENCE_GAP_HELD').length - 1 : 0;
    };
    await waitFor(() => held() >= 2, { what: 'versions 3 and 5 to be held' });
    await red.kill9();
    await red.restart();
    await send(4);
    await send(2);
    await waitFor(() => versions('inOrder').length === 5, {
      what: 'all versions, in order',
      timeoutMs: 50_000,
    });
    assert.deepEqual(versions('inOrder'), [1, 2, 3, 4, 5]);
    await send(4, 'another 4');
    await waitFor(() => versions('stale').length === 1, { what: 'the stale one' });
    await send(5, 'another 5');
    await waitFor(() => versions('duplicate').length === 1, { what: 'the duplicate' });
    assert.deepEqual(await parked(red), []);
    assert.deepEqual(versions('gap'), []);
  });

  it('a caller is told that its first request is being worked on, then gets its result', async () => {
    const ask = (id: string, more: object = {}) =>
      post(red, '/ask', { id, sentAt: Math.random(), lines: [1], ...more });
    // Two at once, since nothing says which of them arrives first: one is told, the other is at work.
    const asked = [ask('a-1'), ask('a-1')] as const;
    const told = await Promise.race(
      asked.map((answer, index) => answer.then(({ status }) => ({ status, index }))),
    );
    assert.equal(told.status, 409);
    const first = told.index === 0 ? asked[1] : asked[0];
    assert.equal((await ask('a-1', { lines: [2] })).status, 422);
    await post(red, '/go/a-1', {});
    assert.equal((await first).status, 201);
    // Its end is committed a moment after its answer.
    const late = await waitFor(
      async () => {
        const answer = await ask('a-1');
        return answer.status === 200 ? answer : undefined;
      },
      { what: 'the result of the first' },
    );
    assert.deepEqual(late.body, { text: 'made' });
  });

  it('work that a kill -9 interrupted is not taken for done: the next request does it', async () => {
    const asked = [post(red, '/ask', { id: 'a-2' }), post(red, '/ask', { id: 'a-2' })];
    const ends = Promise.allSettled(asked);
    assert.equal((await Promise.race(asked)).status, 409);
    await red.kill9();
    assert.deepEqual((await ends).map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await red.restart();
    await post(red, '/go/a-2', {});
    assert.equal((await post(red, '/ask', { id: 'a-2' })).status, 201);
  });
});
