import assert from 'node:assert/strict';
import type { RedNode, Status } from '../../nodes/shared/red';
import { StatusLine } from '../../nodes/shared/status';
import { waitFor } from '../support';

describe('status line', () => {
  let shown: (string | undefined)[];
  let line: StatusLine;
  beforeEach(() => {
    shown = [];
    line = new StatusLine({ status: ({ text }: Status) => shown.push(text) } as unknown as RedNode);
  });
  afterEach(() => line.close());

  it('composes what is to be shown soon at once or once for many, with what is true then', async () => {
    let [composed, count] = [0, 0];
    const compose = (): void => {
      composed += 1;
      line.busy(`${count} waiting`);
    };
    for (count = 1; count <= 1000; count += 1) line.soon(compose);
    assert.deepEqual(shown, ['1 waiting']);
    count = 7;
    await waitFor(() => shown.length === 2);
    assert.deepEqual(shown, ['1 waiting', '7 waiting']);
    assert.ok(composed <= 3, `composed ${composed} times`);
  });

  it('shows what was set before when there is nothing to compose', async () => {
    line.ok('one');
    line.failed('the disk is full');
    line.soon(() => undefined);
    await waitFor(() => shown.length === 2);
    assert.deepEqual(shown, ['one', 'the disk is full']);
  });

  it('lets what is set later win, and outlives a compose that throws', async () => {
    line.ok('one');
    line.soon(() => line.ok('two'));
    line.failed('three');
    await waitFor(() => shown.length === 2);
    assert.deepEqual(shown, ['one', 'three']);
    line.ok('four');
    line.soon(() => {
      throw new Error('no');
    });
    await waitFor(() => shown.length === 3);
    line.ok('five');
    await waitFor(() => shown.length === 4);
    assert.deepEqual(shown.slice(2), ['four', 'five']);
  });

  it('says nothing more once it is closed', async () => {
    line.ok('one');
    line.soon(() => line.ok('two'));
    line.close();
    line.soon(() => line.ok('three'));
    assert.deepEqual(shown, ['one']);
  });
});
