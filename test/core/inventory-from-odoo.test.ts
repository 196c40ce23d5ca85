import assert from 'node:assert/strict';
import { changedSkus, Readings, type Wanted } from '../../core/inventory';

describe('inventory from Odoo', () => {
  it('reads what a message of changes names, and everything for any other', () => {
    const change = {
      products: [
        { id: 7, sku: 'LAMP' },
        { id: 8, sku: null },
      ],
      skus: ['LAMP', 'LAMP'],
      model: 'stock.move',
      writeDate: '2026-11-02T09:30:00Z',
    };
    assert.deepEqual(changedSkus(change), ['LAMP']);
    assert.deepEqual(changedSkus({ products: change.products }), ['LAMP']);
    assert.deepEqual(changedSkus({ products: [{ id: 8, sku: null }, null, 'x'] }), []);
    for (const other of [1_730_000_000_000, 'now', undefined, null, {}, [], { skus: 'LAMP' }]) {
      assert.equal(changedSkus(other), undefined);
    }
  });

  describe('readings', () => {
    let read: { wanted: Wanted; end: (result: string | Error) => void }[];
    let readings: Readings<string>;
    beforeEach(() => {
      read = [];
      readings = new Readings(
        (wanted) =>
          new Promise((resolve, reject) => {
            const end = (result: string | Error) =>
              result instanceof Error ? reject(result) : resolve(result);
            read.push({ wanted, end });
          }),
      );
    });
    const tick = () => new Promise(setImmediate);

    it('read what comes while one runs with the next one, all at once and no sooner', async () => {
      const first = readings.ask(['A']);
      await tick();
      // The one that runs may have passed A already.
      const [second, third] = [readings.ask(['A', 'B']), readings.ask(['C'])];
      await tick();
      assert.deepEqual(
        read.map(({ wanted }) => wanted),
        [['A']],
      );
      read[0]?.end('one');
      assert.equal(await first.done, 'one');
      await tick();
      assert.deepEqual(
        read.map(({ wanted }) => wanted),
        [['A'], ['A', 'B', 'C']],
      );
      read[1]?.end('two');
      assert.deepEqual(await Promise.all([second.done, third.done]), ['two', 'two']);
      assert.deepEqual([first.joined, second.joined, third.joined], [false, false, true]);
    });

    it('a full one takes the others in', async () => {
      const first = readings.ask(undefined);
      await tick();
      const [some, all] = [readings.ask(['A']), readings.ask(undefined)];
      read[0]?.end('one');
      await first.done;
      await tick();
      assert.deepEqual(
        read.map(({ wanted }) => wanted),
        [undefined, undefined],
      );
      read[1]?.end('two');
      assert.deepEqual(await Promise.all([some.done, all.done]), ['two', 'two']);
    });

    it('a failure is told to all who asked for it, and the next one goes on', async () => {
      const first = readings.ask(['A']);
      await tick();
      const [second, third] = [readings.ask(['B']), readings.ask(['C'])];
      const failures = Promise.allSettled([first.done, second.done, third.done]);
      read[0]?.end(new Error('away'));
      await assert.rejects(first.done, /away/);
      await tick();
      read[1]?.end(new Error('still away'));
      assert.deepEqual(
        (await failures).map(({ status }) => status),
        ['rejected', 'rejected', 'rejected'],
      );
      const last = readings.ask(['D']);
      await tick();
      read[2]?.end('three');
      assert.equal(await last.done, 'three');
    });
  });
});
