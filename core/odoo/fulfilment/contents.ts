/** A shipment or a return as a flat list: so much of one item, of one lot, in one package. */
import { createHash } from 'node:crypto';
import { type DecimalValue, decimal, toPlain } from '../../canonical/decimal';
import type { Item, OrderRef, Shipment } from '../../canonical/generated';
import { canonicalJson } from '../../canonical/identity';
import { CrossdockError } from '../../errors/index';

export interface Content {
  /** Place in the list: part of the external ids, so it must come out the same for the same message. */
  readonly index: number;
  readonly lineId: string;
  readonly orderRef: OrderRef | undefined;
  readonly orderLineId: string | undefined;
  readonly item: Item;
  /** In `unit`. */
  readonly quantity: DecimalValue;
  readonly unit: string;
  readonly lot: string | undefined;
  readonly serial: string | undefined;
  readonly expiry: string | undefined;
  /** packageId of the shipment's package. */
  readonly packageId: string | undefined;
}

/**
 * What is shipped, in the order of the message. Lines of 0 are left out. Goods without a package go into the only one
 * there is, if there is one.
 *
 * Throws SERIAL_DUPLICATE, SERIAL_COUNT or SHIPMENT_EMPTY (business).
 */
export function contentsOf(shipment: Shipment): Content[] {
  const found: Omit<Content, 'index'>[] = [];
  const packed = shipment.packages.some(({ contents }) => (contents?.length ?? 0) > 0);
  const [only, second] = shipment.packages;
  for (const line of shipment.lines) {
    const base = {
      lineId: line.lineId,
      orderRef: line.orderRef,
      orderLineId: line.orderLineId,
      item: line.item,
      unit: line.unit,
      lot: undefined,
      serial: undefined,
      expiry: undefined,
    };
    if (!packed) {
      if (decimal(line.quantity).lte(0)) continue;
      const packageId = only !== undefined && second === undefined ? only.packageId : undefined;
      found.push({ ...base, quantity: decimal(line.quantity), packageId });
      continue;
    }
    for (const { packageId, contents } of shipment.packages) {
      for (const content of contents ?? []) {
        if (content.lineId !== line.lineId || decimal(content.quantity).lte(0)) continue;
        const { lot, expiry, serials = [] } = content;
        const goods = { ...base, lot, expiry, packageId };
        found.push(...bySerial({ ...goods, quantity: decimal(content.quantity) }, serials));
      }
    }
  }
  if (found.length === 0) {
    throw new CrossdockError('Nothing is shipped: every line of the shipment has the quantity 0.', {
      code: 'SHIPMENT_EMPTY',
      kind: 'business',
      facts: { shipment: shipment.shipmentId },
    });
  }
  return numbered(found);
}

/** Each piece with its own serial number, and the list numbered. Throws SERIAL_DUPLICATE (business). */
export function numbered(goods: readonly Omit<Content, 'index'>[]): Content[] {
  const seen = new Set<string>();
  for (const { serial, item, lineId } of goods) {
    if (serial === undefined) continue;
    const key = canonicalJson([item.identifiers, serial]);
    if (seen.has(key)) {
      throw new CrossdockError(`Serial number ${serial} is there twice (line ${lineId}).`, {
        code: 'SERIAL_DUPLICATE',
        kind: 'business',
        facts: { serial, line: lineId },
      });
    }
    seen.add(key);
  }
  return goods.map((content, index) => ({ ...content, index }));
}

/** One piece per serial number. Throws SERIAL_COUNT (business) when there are not as many as pieces. */
export function bySerial(
  goods: Omit<Content, 'index'>,
  serials: readonly string[],
): Omit<Content, 'index'>[] {
  if (serials.length === 0) return [goods];
  if (!goods.quantity.eq(serials.length)) {
    throw new CrossdockError(
      `Line ${goods.lineId} has ${serials.length} serial number(s) for ${toPlain(goods.quantity)} piece(s).`,
      { code: 'SERIAL_COUNT', kind: 'business', facts: { line: goods.lineId } },
    );
  }
  return serials.map((serial) => ({ ...goods, quantity: decimal('1'), serial }));
}

/** Short text that differs when anything about the goods does: a corrected message under the same id is noticed. */
export function contentsPrint(contents: readonly Content[]): string {
  const facts = contents.map(({ item, quantity, unit, lot, serial, packageId }) => [
    item.identifiers.map(({ scheme, value }) => [scheme, value]),
    toPlain(quantity),
    unit,
    lot ?? null,
    serial ?? null,
    packageId ?? null,
  ]);
  return createHash('sha256').update(canonicalJson(facts)).digest('hex').slice(0, 8);
}
