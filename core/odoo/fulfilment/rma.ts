/** How a return is known in Odoo: its number stands in the source document of its pickings. */
import type { CanonicalReturn } from '../../canonical/generated';
import { isReturn } from './read';
import type { Picking, StockOrder } from './types';

/** As people see it, for example `RMA 4711`. */
export function rmaLabel(returnId: string): string {
  return `RMA ${returnId}`;
}

/** `Return of WH/OUT/00042, RMA 4711`; backorders of a return keep it. */
export function rmaOrigin(origin: string | undefined, label: string): string {
  return origin === undefined || origin === '' ? label : `${origin}, ${label}`;
}

/**
 * Whether a picking is of that return. Until its origin is written, the wizard's answer is known by the tracking number
 * that it was given in the same transaction (authorise.ts).
 */
export function isOfReturn(picking: Picking, label: string): boolean {
  return isReturn(picking) && (picking.tracking === label || rmaLabel(returnIdOf(picking) ?? '') === label);
}

/** The number of a picking's return; undefined for one that somebody made in Odoo. */
export function returnIdOf({ origin }: Picking): string | undefined {
  return /(?:^|, )RMA (.+)$/.exec(origin ?? '')?.[1];
}

/** The pickings of one return, in Odoo's order. */
export function pickingsOfReturn(order: StockOrder, returnId: string): Picking[] {
  const label = rmaLabel(returnId);
  const own = order.pickings.filter(
    (picking) => isOfReturn(picking, label) || (isReturn(picking) && picking.name === returnId),
  );
  // One that was made in Odoo has no number; its backorders belong to it.
  const ids = new Set(own.map(({ id }) => id));
  for (const picking of order.pickings) {
    if (picking.backorderOf !== undefined && ids.has(picking.backorderOf.id) && isReturn(picking))
      ids.add(picking.id);
  }
  return order.pickings.filter(({ id }) => ids.has(id));
}

const REASONS: readonly CanonicalReturn['reason'][] = [
  'damaged',
  'defective',
  'wrongItem',
  'notAsDescribed',
  'unwanted',
  'wrongSize',
  'tooLate',
  'duplicate',
  'undeliverable',
  'priceDispute',
  'cancelled',
  'recall',
];

/** The note that the return's picking gets: number, reason, the buyer's words. HTML, as Odoo keeps it. */
export function rmaNote({ returnId, reason, reasonText }: CanonicalReturn): string {
  const text = `${rmaLabel(returnId)} (${reason})${reasonText === undefined ? '' : `: ${reasonText}`}`;
  return `<p>${text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)}</p>`;
}

/** The reason out of such a note. */
export function reasonOf(note: string | undefined): CanonicalReturn['reason'] {
  const word = /RMA .+? \((\w+)\)/.exec(note ?? '')?.[1];
  return REASONS.find((reason) => reason === word) ?? 'other';
}
