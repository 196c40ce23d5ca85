import assert from 'node:assert/strict';
import { type Incoming, Intake } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { waitFor } from '../support';

const QUICK = { baseMs: 1, capMs: 2 };
const full = (): CrossdockError =>
  new CrossdockError('The disk is full.', { code: 'STORE_FULL', kind: 'transient' });
const message = (id: string, partitionKey?: string): Incoming => ({
  id,
  partitionKey,
  body: new Uint8Array(),
});

/** A store whose commits the test ends one by one. */
function heldStore() {
  const open = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const begun: string[] = [];
  return {
    begun,
    open,
    accept: ({ id }: Incoming) =>
      new Promise<void>((resolve, reject) => {
        begun.push(id);
        open.set(id, { resolve, reject });
      }),
    async end(id: string, error?: Error): Promise<void> {
      const commit = await waitFor(() => open.get(id), { what: `the commit of ${id}` });
      open.delete(id);
      if (error === undefined) commit.resolve();
      else commit.reject(error);
      // What follows in promises has happened when a macrotask has passed.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('delivery: intake', () => {
  it('acknowledges only what is committed, and commits different keys side by side', async () => {
    const store = heldStore();
    const intake = new Intake({ accept: store.accept });
    const acknowledged: string[] = [];
    for (const [id, key] of [['a1', 'a'], ['a2', 'a'], ['b1', 'b'], ['x'], ['y']] as const) {
      intake.take(message(id, key), () => acknowledged.push(id));
    }
    assert.deepEqual(store.begun, ['a1', 'b1', 'x', 'y']);
    assert.equal(acknowledged.length, 0);
    assert.equal(intake.waiting, 5);
    await store.end('b1');
    assert.deepEqual(acknowledged, ['b1']);
    await store.end('a1');
    assert.deepEqual(store.begun.slice(4), ['a2']);
    for (const id of ['a2', 'x', 'y']) await store.end(id);
    assert.deepEqual(acknowledged, ['b1', 'a1', 'a2', 'x', 'y']);
    assert.equal(intake.waiting, 0);
  });

  it('keeps what the store refuses, and nothing of its key overtakes it', async () => {
    const committed: string[] = [];
    const acknowledged: string[] = [];
    const problems: (string | undefined)[] = [];
    let refusing = true;
    let tries = 0;
    const intake = new Intake({
      accept: async ({ id }) => {
        tries += 1;
        await new Promise((resolve) => setImmediate(resolve));
        // The store takes everything again while the first one still fails: the others must wait for it.
        if (refusing || (id === 'a1' && tries < 12)) throw full();
        committed.push(id);
      },
      onProblem: (problem) => problems.push(problem?.code),
      backoff: QUICK,
    });
    for (let n = 1; n <= 5; n += 1) {
      intake.take(message(`a${n}`, 'a'), () => acknowledged.push(`a${n}`));
      intake.take(message(`b${n}`, 'b'), () => acknowledged.push(`b${n}`));
    }
    await waitFor(() => tries > 4, { what: 'several tries' });
    assert.equal(acknowledged.length, 0);
    refusing = false;
    await waitFor(() => acknowledged.length === 10, { what: 'all acknowledgements' });
    for (const key of ['a', 'b']) {
      const wanted = [1, 2, 3, 4, 5].map((n) => `${key}${n}`);
      assert.deepEqual(
        committed.filter((id) => id.startsWith(key)),
        wanted,
      );
      assert.deepEqual(
        acknowledged.filter((id) => id.startsWith(key)),
        wanted,
      );
    }
    assert.equal(problems.at(0), 'STORE_FULL');
    assert.equal(problems.at(-1), undefined);
    assert.equal(intake.waiting, 0);
  });

  it('tries one message while the store refuses, not all that wait', async () => {
    const store = heldStore();
    const intake = new Intake({ accept: store.accept, backoff: QUICK });
    intake.take(message('first'), () => undefined);
    await store.end('first', full());
    for (let n = 0; n < 100; n += 1) intake.take(message(`m${n}`), () => undefined);
    await store.end('first', full());
    await waitFor(() => store.open.has('first'), { what: 'the next try' });
    assert.deepEqual([...new Set(store.begun)], ['first']);
    await store.end('first');
    assert.equal(store.begun.length, 3 + 100);
  });

  it('stops: waits for what is being committed and leaves the rest to the broker', async () => {
    const store = heldStore();
    const intake = new Intake({ accept: store.accept });
    const acknowledged: string[] = [];
    intake.take(message('a1', 'a'), () => acknowledged.push('a1'));
    intake.take(message('a2', 'a'), () => acknowledged.push('a2'));
    let stopped = false;
    const stopping = intake.stop(10_000).then(() => {
      stopped = true;
    });
    intake.take(message('late'), () => acknowledged.push('late'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(stopped, false);
    await store.end('a1');
    await stopping;
    assert.deepEqual(store.begun, ['a1']);
    assert.deepEqual(acknowledged, ['a1']);
  });
});
