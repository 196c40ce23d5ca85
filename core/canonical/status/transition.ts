/** Whether a change of status is legal, and if not, why, and what would be. */
import { AXES, type Axis, type AxisModel, isState, statesOf } from './axes';

export type Transition =
  | {
      readonly legal: true;
      /** The status is what it was: a repeated message. */
      readonly unchanged: boolean;
    }
  | {
      readonly legal: false;
      /**
       * - `unknown`: the axis has no such state;
       * - `final`: nothing follows the present state;
       * - `past`: the wanted state lies before the present one: most likely a message that came late;
       * - `skipped`: the wanted state can come later, but not next: messages are missing;
       * - `apart`: no way leads there.
       */
      readonly because: 'unknown' | 'final' | 'past' | 'skipped' | 'apart';
      /** A sentence for an analyst. */
      readonly reason: string;
      /** What would be legal now. */
      readonly allowed: readonly string[];
    };

export interface TransitionHistory {
  /** The state before `from`. With it, a declined cancellation goes back to where it came from, and nowhere else. */
  readonly before?: string;
}

/**
 * Judges a change of one status. Never throws: words come from messages.
 * @param from the present state
 * @param to the wanted state
 */
export function transition(
  axis: Axis,
  from: string,
  to: string,
  history: TransitionHistory = {},
): Transition {
  const model: AxisModel = AXES[axis];
  for (const word of [from, to]) {
    if (isState(axis, word)) continue;
    const reason = `${quote(word)} is not a status of ${model.of}; there are ${statesOf(axis).join(', ')}`;
    return {
      legal: false,
      because: 'unknown',
      reason,
      allowed: word === from ? [] : allowedAfter(model, from, history),
    };
  }
  if (from === to) return { legal: true, unchanged: true };
  const allowed = allowedAfter(model, from, history);
  if (allowed.includes(to)) return { legal: true, unchanged: false };
  return refusal(model, from, to, allowed);
}

function allowedAfter(model: AxisModel, from: string, { before }: TransitionHistory): readonly string[] {
  const back = model.back?.[from] ?? [];
  return [...(model.next[from] ?? []), ...back.filter((state) => before === undefined || state === before)];
}

function refusal(model: AxisModel, from: string, to: string, allowed: readonly string[]): Transition {
  const start = `${model.of} that is ${from} cannot become ${to}`;
  if (allowed.length === 0) {
    return { legal: false, because: 'final', reason: `${start}: ${from} is final`, allowed };
  }
  const instead = `; now possible: ${allowed.join(', ')}`;
  const ahead = reaches(model, from, to);
  const behind = reaches(model, to, from);
  if (behind && !ahead) {
    const reason = `${start}: ${to} lies before ${from}, so that this message probably came late${instead}`;
    return { legal: false, because: 'past', reason, allowed };
  }
  if (ahead) {
    const way = wayTo(model, from, to).slice(1, -1);
    const reason = `${start} at once: ${way.join(', ')} must come between${instead}`;
    return { legal: false, because: 'skipped', reason, allowed };
  }
  return {
    legal: false,
    because: 'apart',
    reason: `${start}: no way leads from one to the other${instead}`,
    allowed,
  };
}

function reaches(model: AxisModel, from: string, to: string): boolean {
  return wayTo(model, from, to).length > 0;
}

/** The shortest way from one state to another, with both; empty when there is none. */
function wayTo(model: AxisModel, from: string, to: string): string[] {
  const ways: string[][] = [[from]];
  const seen = new Set([from]);
  for (const way of ways) {
    // Back is a way only from the start: nobody becomes released by asking for a cancellation.
    const at = way.at(-1) ?? '';
    for (const state of [...(model.next[at] ?? []), ...(way.length === 1 ? (model.back?.[at] ?? []) : [])]) {
      if (state === to) return [...way, state];
      if (seen.has(state)) continue;
      seen.add(state);
      ways.push([...way, state]);
    }
  }
  return [];
}

function quote(word: string): string {
  return JSON.stringify(word.length > 40 ? `${word.slice(0, 40)}...` : word);
}
