import assert from 'node:assert/strict';
import { SaveBarrier } from '../../core/channel/mqtt-barrier';
import { waitFor } from '../support';

describe('MQTT publishing: when a PUBACK can be trusted', () => {
  function setUp() {
    let pings = 0;
    const trusted: string[] = [];
    const barrier = new SaveBarrier(() => {
      pings += 1;
    });
    return {
      barrier,
      trusted,
      pings: () => pings,
      acknowledged: (...names: string[]) => {
        for (const name of names) barrier.acknowledged(() => trusted.push(name));
      },
      pinged: (count: number) => waitFor(() => pings === count, { what: `ping ${count}` }),
    };
  }

  it('is trusted when the ping that followed it is answered; a bunch has one ping, the next bunch the next', async () => {
    const { barrier, trusted, pings, acknowledged, pinged } = setUp();
    acknowledged('a', 'b');
    assert.equal(pings(), 0, 'more of the bunch may come');
    await pinged(1);
    acknowledged('c', 'd');
    await pinged(2);
    assert.deepEqual(trusted, []);
    barrier.answered();
    assert.deepEqual(trusted, ['a', 'b'], 'c and d came after that ping');
    barrier.answered();
    assert.deepEqual(trusted, ['a', 'b', 'c', 'd']);
    barrier.answered();
    assert.deepEqual(trusted, ['a', 'b', 'c', 'd']);
    assert.equal(pings(), 2);
  });

  it('does not take the answer to an earlier ping of mqtt.js for its own', async () => {
    const { barrier, trusted, acknowledged, pinged } = setUp();
    barrier.pinged();
    acknowledged('a');
    await pinged(1);
    barrier.pinged();
    barrier.answered();
    assert.deepEqual(trusted, []);
    barrier.answered();
    assert.deepEqual(trusted, ['a']);
    barrier.answered();
    assert.deepEqual(trusted, ['a']);
  });
});
