/** A canonical return as goods: what was asked for, and what arrived and was found good or bad. */
import { createHash } from 'node:crypto';
import { type DecimalValue, decimal } from '../../canonical/decimal';
import type { CanonicalReturn, ReturnLine } from '../../canonical/generated';
import { canonicalJson } from '../../canonical/identity';
import { bySerial, type Content } from './contents';

/** What is said of the received goods. */
export type Verdict = 'accepted' | 'rejected';

export interface ReceivedContent extends Content {
  readonly verdict: Verdict;
  readonly disposition: ReturnLine['disposition'];
}

/** What is to come back, line by line; the index is that of the line. */
export function requestedOf(value: CanonicalReturn): Content[] {
  return value.lines.flatMap((line, index) => {
    const quantity = decimal(line.quantity.authorised ?? line.quantity.requested);
    return quantity.lte(0) ? [] : [{ ...baseOf(line), index, quantity, lot: line.lot, serial: undefined }];
  });
}

/**
 * What has arrived so far, as a total: a message that says more than the one before adds the difference. Goods that nobody
 * rejected are accepted.
 *
 * Throws SERIAL_COUNT (business).
 */
export function receivedOf(value: CanonicalReturn): ReceivedContent[] {
  return value.lines.flatMap((line, index) => {
    const { received = '0', rejected = '0', accepted } = line.quantity;
    const bad = decimal(rejected);
    const good = accepted === undefined ? decimal(received).minus(bad) : decimal(accepted);
    const serials = line.serials ?? [];
    const split = serials.length === 0 ? 0 : Number(good.toFixed(0));
    return [
      ...verdictOf(line, index, good, 'accepted', serials.slice(0, split)),
      ...verdictOf(line, index, bad, 'rejected', serials.slice(split)),
    ];
  });
}

function verdictOf(
  line: ReturnLine,
  index: number,
  quantity: DecimalValue,
  verdict: Verdict,
  serials: readonly string[],
): ReceivedContent[] {
  if (quantity.lte(0)) return [];
  const goods = { ...baseOf(line), quantity, lot: line.lot, serial: undefined };
  return bySerial(goods, serials).map((each) => ({ ...each, index, verdict, disposition: line.disposition }));
}

function baseOf({ lineId, orderLineId, item, unit }: ReturnLine) {
  return { lineId, orderLineId, item, unit, orderRef: undefined, expiry: undefined, packageId: undefined };
}

/** Differs when the lines are others, not when more of them has arrived. */
export function returnPrint({ lines }: CanonicalReturn): string {
  const facts = lines.map(({ lineId, item }) => [
    lineId,
    item.identifiers.map(({ scheme, value }) => [scheme, value]),
  ]);
  return createHash('sha256').update(canonicalJson(facts)).digest('hex').slice(0, 8);
}
