/** The return axis of an order: told alike wherever it is read. */
import type { AxisStates } from '../../canonical/index';

/** What an inspection found of what came back. */
export type Judgement = 'accepted' | 'partlyAccepted' | 'rejected';

export interface ReturnFacts {
  /** Odoo's states of the pickings that undo a delivery. */
  readonly states: readonly string[];
  /** Undefined where nobody said. */
  readonly judged: Judgement | undefined;
  /** A credit note of the order is posted, and nothing of it is to be credited still. */
  readonly credited: boolean;
}

/** The least advanced of the order's returns decides, and one that was called off only when there is no other. */
export function returnAxis({ states, judged, credited }: ReturnFacts): AxisStates['return'] {
  const live = states.filter((state) => state !== 'cancel');
  if (live.length === 0) return states.length === 0 ? 'none' : 'cancelled';
  if (live.some(isOpen)) return 'authorised';
  // Nothing is owed for what was rejected: the credit note was for something else.
  return credited && judged !== 'rejected' ? 'refunded' : (judged ?? 'received');
}

/** @param tags of the keys that odoo fulfilment gives to received lines: `a` accepted, `r` rejected */
export function judgement(tags: ReadonlySet<string>): Judgement | undefined {
  if (tags.has('r')) return tags.has('a') ? 'partlyAccepted' : 'rejected';
  return tags.has('a') ? 'accepted' : undefined;
}

export const isOpen = (pickingState: string): boolean => pickingState !== 'done' && pickingState !== 'cancel';
