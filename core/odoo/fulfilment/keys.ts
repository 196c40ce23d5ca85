/**
 * The external ids of lines in pickings: which message, which content, which step, which part. They come into being in the
 * same transaction as the line, under a unique index, and are how Odoo itself knows what was applied.
 */
import { hashKey } from '../load/keys';

export interface LineKey {
  /** Of the message: shipment or return. */
  readonly base: string;
  /** Of what the message says, so that a changed message under the same id is noticed. */
  readonly print: string;
  /** Of the content within the message. */
  readonly index: number;
  /** What the line is for: '' the shipment itself, `p7` an earlier step of picking type 7, `a` accepted, `r` rejected. */
  readonly tag: string;
  /** A content may lie in several places, so it becomes several lines. */
  readonly part: number;
  /** More of the content goes into another picking: as long as only such lines are there, it is not complete. */
  readonly more?: boolean;
}

/** The message's part of the key. 40 hex digits of sha256. */
export function keyBase(tenant: string, kind: 'shipment' | 'return', businessKey: string): string {
  return hashKey('crossdock', tenant, kind, businessKey).slice(0, 40);
}

export function writeKey({ base, print, index, tag, part, more }: LineKey): string {
  return `${base}_${print}_${index}${tag}_${part}${more === true ? 'm' : ''}`;
}

/** Undefined for an external id that is none of ours. */
export function readKey(text: string | undefined): LineKey | undefined {
  const found = /^([0-9a-f]{40})_([0-9a-f]{8})_(\d+)([a-z]\d*)?_(\d+)(m?)$/.exec(text ?? '');
  if (found === null) return undefined;
  const [, base = '', print = '', index = '', tag = '', part = '', more] = found;
  return { base, print, index: Number(index), tag, part: Number(part), more: more === 'm' };
}
