import assert from 'node:assert/strict';
import { Work } from '../../nodes/event-in/work';
import { waitFor } from '../support';

interface Item {
  readonly name: string;
}

/** Work whose flow is this test. */
function setUp() {
  const started: string[] = [];
  const given: string[] = [];
  const handedBack: string[] = [];
  const work: Work<Item> = new Work<Item>({
    start: (item) => {
      started.push(item.name);
      return async () => {
        handedBack.push(item.name);
        work.returned(item);
      };
    },
    giveBack: (item) => given.push(item.name),
  });
  const items = new Map<string, Item>();
  const take = (name: string, key?: string): Item => {
    const item = { name };
    items.set(name, item);
    work.take(item, key);
    return item;
  };
  return { work, started, given, handedBack, take };
}

describe('event in: what a broker holds until the flow is done', () => {
  it('lets one message of a key after the other into the flow, all others side by side', () => {
    const { work, started, take } = setUp();
    const a1 = take('a1', 'a');
    const a2 = take('a2', 'a');
    take('b1', 'b');
    take('x');
    assert.deepEqual(started, ['a1', 'b1', 'x']);
    assert.deepEqual([work.inFlight, work.depth], [3, 4]);
    work.done(a1);
    assert.deepEqual(started.slice(3), ['a2']);
    work.done(a2);
    assert.equal(work.depth, 2);
  });

  it('tries again after a pause, in which nothing of the key overtakes', async () => {
    const { work, started, given, take } = setUp();
    const a1 = take('a1', 'a');
    take('a2', 'a');
    work.again(a1, 5);
    assert.deepEqual([work.inFlight, work.depth], [0, 2]);
    await waitFor(() => started.length === 2);
    assert.deepEqual(started, ['a1', 'a1']);
    work.done(a1);
    assert.deepEqual(started, ['a1', 'a1', 'a2']);
    assert.deepEqual(given, []);
  });

  it('gives back what is behind a message that goes back, in their order', () => {
    const { work, started, given, take } = setUp();
    const a1 = take('a1', 'a');
    take('a2', 'a');
    take('a3', 'a');
    work.returned(a1);
    assert.deepEqual(given, ['a1', 'a2', 'a3']);
    assert.equal(work.depth, 0);
    take('a1 again', 'a');
    assert.deepEqual(started, ['a1', 'a1 again']);
  });

  it('stops: waits for the flow, gives back what waits, and lets nothing more in', async () => {
    const { work, started, given, handedBack, take } = setUp();
    const quick = take('quick');
    const pausing = take('pausing');
    take('stuck', 's');
    take('behind', 's');
    work.again(pausing, 60_000);
    const stopping = work.stop(50);
    assert.deepEqual(given, ['pausing']);
    take('late');
    work.done(quick);
    await stopping;
    assert.deepEqual(handedBack, ['stuck']);
    assert.deepEqual(given, ['pausing', 'stuck', 'behind']);
    assert.deepEqual(started, ['quick', 'pausing', 'stuck']);
    assert.equal(work.depth, 0);
  });
});
