/** Runs a comparison in a process of its own, so that neither its memory nor its work is Node-RED's. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { CrossdockError } from '../../errors';
import type { SideState } from './job';
import type { Batch } from './merge';
import type { FromEngine, Start, ToEngine } from './protocol';

export interface EngineListener {
  /** A source has come so far. Resolves when that is kept. */
  side(index: number, state: SideState): Promise<void>;
  /** Resolves when findings and state are kept. */
  batch(batch: Batch): Promise<void>;
}

/**
 * Resolves when everything is compared and kept.
 * @throws CrossdockError RECONCILE_STOPPED (transient) when `signal` is aborted, RECONCILE_DIED (transient), or what the
 *   comparison or the listener threw
 */
export function runEngine(start: Start, listener: EngineListener, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(join(__dirname, 'process.js'), [], {
      // Nothing of the gateway's: no secrets from the environment, no inspector, no loader.
      env: process.platform === 'win32' ? { SystemRoot: process.env['SystemRoot'] } : {},
      execArgv: ['--max-old-space-size=96', '--max-semi-space-size=4'],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    let over = false;
    const end = (error?: unknown): void => {
      if (over) return;
      over = true;
      signal.removeEventListener('abort', stop);
      child.kill('SIGKILL');
      if (error === undefined) resolve();
      else reject(error);
    };
    const stop = (): void => end(stopped());
    const say = (message: ToEngine): void => {
      child.send(message, (error) => {
        if (error !== null) end(died());
      });
    };
    /** One after the other: what was found is kept in its order. */
    let keeping = Promise.resolve();
    const heard = async (message: FromEngine): Promise<void> => {
      if (over) return;
      if (message.type === 'failed') throw new CrossdockError(message.error.message, message.error);
      if (message.type === 'side') await listener.side(message.index, message.state);
      else {
        await listener.batch(message.batch);
        if (message.batch.done) end();
        else if (!over) say({ type: 'kept' });
      }
    };
    child.on('message', (message: FromEngine) => {
      keeping = keeping.then(() => heard(message)).catch(end);
    });
    child.on('error', () => end(died()));
    // What it has said before it went is still kept.
    child.on('exit', () => keeping.finally(() => end(died())).catch(end));
    if (signal.aborted) {
      stop();
      return;
    }
    signal.addEventListener('abort', stop);
    say({ type: 'start', start });
  });
}

function stopped(): CrossdockError {
  return new CrossdockError('The comparison was stopped before its end.', {
    code: 'RECONCILE_STOPPED',
    kind: 'transient',
  });
}

function died(): CrossdockError {
  return new CrossdockError(
    'The process that compares has ended before its time; the run goes on from where it was.',
    {
      code: 'RECONCILE_DIED',
      kind: 'transient',
      retryAfterMs: 5000,
    },
  );
}
