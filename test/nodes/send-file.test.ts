import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { HttpResponse } from '../../nodes/shared/red';
import { sendFile } from '../../nodes/shared/store-routes';

/** Somebody who takes each piece late, and leaves after some. */
class SlowReader extends EventEmitter {
  destroyed = false;
  taken = 0;
  mostListeners = 0;
  ended = false;
  constructor(private readonly leavesAfter: number) {
    super();
  }
  setHeader(): void {}
  write(): boolean {
    this.taken += 1;
    setImmediate(() => {
      this.mostListeners = Math.max(this.mostListeners, this.listenerCount('close'));
      this.destroyed = this.taken === this.leavesAfter;
      this.emit(this.destroyed ? 'close' : 'drain');
    });
    return false;
  }
  end(): void {
    this.ended = true;
  }
}

async function* pieces(count: number): AsyncGenerator<string, void, void> {
  for (let n = 0; n < count; n += 1) yield 'x';
}

describe('a file that is sent in pieces', () => {
  const send = async (reader: SlowReader): Promise<void> => {
    await sendFile(reader as unknown as HttpResponse, { type: 'text/csv', parts: pieces(100) });
  };

  it('waits for a slow reader without gathering listeners', async () => {
    const reader = new SlowReader(Number.POSITIVE_INFINITY);
    await send(reader);
    assert.deepEqual([reader.taken, reader.mostListeners, reader.ended], [100, 1, true]);
    assert.deepEqual([reader.listenerCount('close'), reader.listenerCount('drain')], [0, 0]);
  });

  it('ends when its reader leaves', async () => {
    const reader = new SlowReader(7);
    await send(reader);
    assert.deepEqual([reader.taken, reader.ended], [7, false]);
  });
});
