/** kill -9 of Node-RED, again and again: at named points of the code, and at random moments under load. */
import type { Rng } from '../../../sandbox/storefront/rng';
import { waitFor } from '../../support';
import type { Feeder } from './feeder';
import type { Gateway } from './pipeline';

/** How long a process may take to get to its crash point; then it is killed wherever it is. */
const POINT_MS = 60_000;

export interface Kills {
  /** Deaths at each named point; `random` are those at random moments. */
  readonly at: Record<string, number>;
  /** Points that were not reached in time: killed at a random moment instead. */
  readonly missed: string[];
}

/** `times` kills: each named point in turn, and a random moment after each round of them. */
export function planKills(points: readonly string[], times: number): string[] {
  const round = [...points, 'random'];
  return Array.from({ length: times }, (_, index) => round[index % round.length] ?? 'random');
}

/**
 * Kills the gateway once per entry of the plan, each time under load. The last kill leaves it down.
 * @param feeder its senders go on all the time
 */
export async function killRepeatedly(
  gateway: Gateway,
  plan: readonly string[],
  feeder: Feeder,
  rng: Rng,
): Promise<Kills> {
  const kills: Kills = { at: {}, missed: [] };
  for (const point of plan) {
    // Some passages later, so that each run gets something done: a message that ends six runs counts as poison.
    gateway.env['CROSSDOCK_CRASH_AT'] = point === 'random' ? undefined : `${point}:${rng.int(2, 12)}`;
    const died = await restart(gateway);
    let at = point;
    if (point === 'random') {
      await feeder.more(rng.int(5, 40));
      await gateway.red.kill9();
    } else if (!died && !(await gone(gateway))) {
      kills.missed.push(point);
      at = 'random';
      await gateway.red.kill9();
    }
    kills.at[at] = (kills.at[at] ?? 0) + 1;
  }
  gateway.env['CROSSDOCK_CRASH_AT'] = undefined;
  return kills;
}

/** Starts it; a crash point may be reached before it has said that it runs: true. */
async function restart(gateway: Gateway): Promise<boolean> {
  try {
    await gateway.red.restart();
    return false;
  } catch (error) {
    if (gateway.red.pid === undefined && gateway.env['CROSSDOCK_CRASH_AT'] !== undefined) return true;
    throw error;
  }
}

async function gone(gateway: Gateway): Promise<boolean> {
  try {
    return await waitFor(() => gateway.red.pid === undefined, { timeoutMs: POINT_MS, what: 'the crash' });
  } catch {
    return false;
  }
}
