/** When the API key ends, as far as its user can see it in Odoo. */
import { asCrossdockError } from '../../errors/index';
import { isOutage } from './errors';
import { fieldMap } from './field-map';
import type { OdooConnection } from './types';

export type KeyState =
  | {
      readonly state: 'ends';
      /** When the connection loses its last working key, RFC 3339 UTC. */
      readonly endsAt: string;
      /** False: the user has more keys than are entered here, and Odoo does not say which is which; the first to end. */
      readonly exact: boolean;
      /** Keys of the user in Odoo. */
      readonly keys: number;
    }
  /** Keys of this version never end, or this one was made without an end. */
  | { readonly state: 'endless' }
  /** Odoo does not show it. */
  | { readonly state: 'unknown' };

interface Row {
  readonly scope: string | false;
  readonly create_date: string;
  readonly expiration_date: string | false;
}

/** More than so many keys nobody has. */
const MOST_KEYS = 100;

/** Rejects as OdooClient.call does when Odoo cannot be asked; a user that may not see its keys gives `unknown`. */
export async function keyState(client: OdooConnection): Promise<KeyState> {
  const { ends } = fieldMap(await client.version()).apiKey;
  if (ends === undefined) return { state: 'endless' };
  let rows: readonly Row[];
  try {
    const { uid } = await client.call<{ uid: number }>('res.users', 'context_get');
    // An administrator sees everybody's keys.
    rows = await client.call<readonly Row[]>('res.users.apikeys', 'search_read', {
      args: {
        domain: [['user_id', '=', uid]],
        fields: ['scope', 'create_date', ends],
        order: 'create_date desc, id desc',
        limit: MOST_KEYS,
      },
    });
  } catch (thrown) {
    const error = asCrossdockError(thrown);
    if (isOutage(error)) throw error;
    return { state: 'unknown' };
  }
  const { count, refused, current } = client.health().keys;
  const now = Date.now() + (client.clockOffsetMs() ?? 0);
  const alive = rows
    .filter(({ scope }) => scope === false || scope === 'rpc')
    .map(({ expiration_date: at }) => (at === false ? Number.POSITIVE_INFINITY : utc(at)))
    .filter((at) => at > now);
  return stateOf(alive, count - refused.length, current);
}

/**
 * @param ends of the user's keys in ms, the newest key first
 * @param working keys that are entered here and were not refused
 */
export function stateOf(ends: readonly number[], working: number, current: 'first' | 'next'): KeyState {
  if (ends.length === 0) return { state: 'unknown' };
  const entered = Math.max(1, working);
  const exact = ends.length <= entered;
  // Two keys that work: the connection lasts as long as the longer one, and both are the newest that there are.
  if (exact || entered > 1) return ending(Math.max(...ends.slice(0, entered)), exact, ends.length);
  // The key that follows another one is the newest; of all others nobody knows which it is.
  if (current === 'next') return ending(ends[0] ?? Number.NaN, true, ends.length);
  return ending(Math.min(...ends), false, ends.length);
}

function ending(at: number, exact: boolean, keys: number): KeyState {
  if (!Number.isFinite(at)) return { state: 'endless' };
  return { state: 'ends', endsAt: new Date(at).toISOString(), exact, keys };
}

/** Odoo writes `2027-02-15 03:57:01` and means UTC. */
function utc(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}
