import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';

/**
 * A client whose process "dies" at its nth call: the request never leaves, or it is carried out and nobody learns of it.
 * Every later call fails too, as after a kill. The error is permanent, so that nothing repeats the call by itself.
 */
export function crashingAt(client: OdooClient, nth: number, lost: 'request' | 'reply'): OdooClient {
  let calls = 0;
  const crash = () => new CrossdockError('the process died', { code: 'TEST_CRASH', kind: 'permanent' });
  return {
    ...client,
    url: client.url,
    database: client.database,
    version: () => client.version(),
    clockOffsetMs: () => client.clockOffsetMs(),
    close: () => Promise.resolve(),
    async call<T>(...args: Parameters<OdooClient['call']>): Promise<T> {
      calls += 1;
      if (calls > nth || (calls === nth && lost === 'request')) throw crash();
      const reply = await client.call<T>(...args);
      if (calls >= nth) throw crash();
      return reply;
    },
  };
}

/** A client before whose first call of that method something else happens in Odoo. */
export function beforeCall(
  client: OdooClient,
  model: string,
  method: string,
  happens: () => Promise<void>,
): OdooClient {
  return {
    ...client,
    url: client.url,
    database: client.database,
    async call<T>(...args: Parameters<OdooClient['call']>): Promise<T> {
      if (args[0] === model && args[1] === method) await happens();
      return client.call<T>(...args);
    },
  };
}

/** A client that carries the first call of a method out and loses its answer: nobody knows whether it happened. */
export function losingAnswers(client: OdooClient, model: string, method: string): OdooClient {
  let lost = false;
  return {
    ...client,
    url: client.url,
    database: client.database,
    async call<T>(...args: Parameters<OdooClient['call']>): Promise<T> {
      const answer = await client.call<T>(...args);
      if (lost || args[0] !== model || args[1] !== method) return answer;
      lost = true;
      throw new CrossdockError('the answer was lost', { code: 'ODOO_CONNECTION_LOST', kind: 'ambiguous' });
    },
  };
}
