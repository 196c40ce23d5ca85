import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Batches, type Job } from '../../core/odoo/order/batches';
import { waitFor } from '../support';

describe('batches of orders', () => {
  let ran: string[][];
  let open: Job<string, string>[];
  const batches: Batches<string, string>[] = [];

  beforeEach(() => {
    ran = [];
    open = [];
  });
  afterEach(async () => {
    for (const job of open) job.resolve('done');
    await Promise.all(batches.splice(0).map((one) => one.close()));
  });

  function start(gatherMs: number | undefined, hold = false): (key: string) => Promise<string> {
    const made = new Batches<string, string>({
      size: 3,
      lanes: 1,
      gatherMs,
      async run(jobs) {
        ran.push(jobs.map(({ key }) => key));
        if (hold) open.push(...jobs);
        else for (const job of jobs) job.resolve('done');
        await Promise.all(jobs.map(({ promise }) => promise));
      },
    });
    batches.push(made);
    return (key) => made.submit(key, key);
  }

  it('go after the turn in which they were submitted when nothing is to be gathered', async () => {
    for (const gatherMs of [undefined, 0]) {
      ran = [];
      const submit = start(gatherMs);
      await Promise.all([submit('a'), submit('b')]);
      await submit('c');
      assert.deepEqual(ran, [['a', 'b'], ['c']]);
    }
  });

  it('wait for others as long as they may', async () => {
    const submit = start(50);
    const first = submit('a');
    await turn();
    assert.deepEqual(ran, []);
    await Promise.all([first, submit('b')]);
    assert.deepEqual(ran, [['a', 'b']]);
  });

  it('go at once when they are full', async () => {
    const submit = start(3_600_000);
    const jobs = [submit('a'), submit('b')];
    await turn();
    assert.deepEqual(ran, []);
    await Promise.all([...jobs, submit('c')]);
    assert.deepEqual(ran, [['a', 'b', 'c']]);
  });

  it('do not wait again for what gathered while others were under way', async () => {
    const submit = start(3_600_000, true);
    const jobs = ['a', 'b', 'c', 'd'].map(submit);
    await waitFor(() => open.length === 3, { what: 'the first batch' });
    for (const job of open.splice(0)) job.resolve('done');
    await waitFor(() => open.length === 1, { what: 'the rest' });
    for (const job of open.splice(0)) job.resolve('done');
    await Promise.all(jobs);
    assert.deepEqual(ran, [['a', 'b', 'c'], ['d']]);
  });

  it('give back what was gathering when they are closed', async () => {
    const submit = start(3_600_000);
    const waiting = assert.rejects(submit('a'), { code: 'ODOO_CLOSED', kind: 'transient' });
    await turn();
    await batches[0]?.close();
    await waiting;
    assert.deepEqual(ran, []);
  });
});
