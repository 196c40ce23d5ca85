/** The pickings of a return as a canonical return 1.0: authorised, received, accepted, rejected. */
import { type DecimalValue, decimal, sum } from '../../canonical/decimal';
import type { CanonicalReturn, ReturnLine } from '../../canonical/generated';
import { readKey } from './keys';
import { reasonOf, returnIdOf } from './rma';
import { judged } from './status';
import { identityOf, itemOf, type Naming } from './to-shipment';
import type { Move, MoveLine, Picking, StockOrder } from './types';
import type { UnitTable } from './units';

export interface ReturnContext {
  readonly order: StockOrder;
  readonly units: UnitTable;
  readonly naming: Naming;
  /** Complete name of the location for goods that are kept apart. */
  readonly quarantine: string | undefined;
  /** Locations in which goods are lost. */
  readonly losses: ReadonlySet<number>;
}

/** @param pickings those of one return, at least one */
export function toReturn(pickings: readonly Picking[], context: ReturnContext): CanonicalReturn {
  const { order, naming } = context;
  const { channel, account, ref } = identityOf(order, naming);
  const [first] = pickings;
  const returnId = pickings.map(returnIdOf).find((id) => id !== undefined) ?? first?.name ?? '';
  const source = pickings.find(({ returnOf }) => returnOf !== undefined)?.returnOf?.name;
  const refund = pickings.some(({ moves }) => moves.some(({ toRefund }) => toRefund));
  const tracking = pickings.map((picking) => picking.tracking).find((number) => number !== undefined);
  return {
    schemaVersion: '1.0',
    channel,
    account,
    returnId,
    orderRef: ref,
    ...(source === undefined ? {} : { shipmentRef: source }),
    requestedAt: first?.createdAt ?? naming.now,
    reason: reasonOf(pickings.map(({ note }) => note).find((note) => note !== undefined)),
    remedy: refund ? 'refund' : 'replace',
    lines: linesOf(pickings, context),
    ...(tracking === undefined ? {} : { label: { tracking } }),
    status: statusOf(pickings),
    notes: [],
    provenance: {
      system: 'odoo',
      partnerId: account,
      externalId: returnId,
      receivedAt: naming.now,
      mappingVersion: 'odoo-fulfilment@1.0',
    },
    extensions: {
      odoo: {
        pickings: pickings.map(({ id, name, state }) => ({ pickingId: id, name, state })),
        order: order.name,
      },
    },
  };
}

/** What of it is over, and what an inspection said. */
export function statusOf(pickings: readonly Picking[]): CanonicalReturn['status'] {
  const done = pickings.filter(({ state }) => state === 'done');
  if (done.length > 0) return judged(done) ?? 'received';
  return pickings.every(({ state }) => state === 'cancel') ? 'cancelled' : 'authorised';
}

interface Entry {
  readonly picking: Picking;
  readonly move: Move;
}

/** One line per line of the order and product. */
function linesOf(pickings: readonly Picking[], context: ReturnContext): ReturnLine[] {
  const groups = new Map<string, Entry[]>();
  for (const picking of pickings) {
    for (const move of picking.moves) {
      const key = `${move.saleLineId ?? ''} ${move.productId}`;
      groups.set(key, [...(groups.get(key) ?? []), { picking, move }]);
    }
  }
  return [...groups.values()].map((group) => lineOf(group, context));
}

function lineOf(group: readonly Entry[], context: ReturnContext): ReturnLine {
  const { order, units } = context;
  const { move } = group[0] as Entry;
  const unitId = order.products.get(move.productId)?.unitId ?? move.unitId;
  const text = (quantity: DecimalValue) => units.toCode(quantity, unitId).value;
  const done = group.filter((entry) => entry.move.state === 'done');
  const lines = done.flatMap((entry) => entry.move.lines.map((line) => ({ picking: entry.picking, line })));
  const authorised = sum(
    group.map((entry) => (entry.move.state === 'done' ? quantityOf(entry.move.lines) : entry.move.demand)),
  );
  const received = quantityOf(lines.map(({ line }) => line));
  const bad = lines.filter(({ line }) => readKey(line.key)?.tag === 'r');
  const known = lines.some(({ line }) => readKey(line.key) !== undefined);
  const rejected = quantityOf(bad.map(({ line }) => line));
  const lots = [...new Set(lines.flatMap(({ line }) => line.lot?.name ?? []))];
  const serial = order.products.get(move.productId)?.tracking === 'serial';
  const [lot] = lots;
  const disposition = dispositionOf(lines, context);
  return {
    lineId: String(move.saleLineId ?? move.id),
    orderLineId: String(move.saleLineId ?? move.id),
    item: itemOf(order, move.productId),
    unit: units.toCode(decimal('0'), unitId).unit,
    quantity: {
      requested: text(authorised),
      authorised: text(authorised),
      ...(done.length === 0 ? {} : { received: text(received) }),
      ...(known ? { accepted: text(received.minus(rejected)), rejected: text(rejected) } : {}),
    },
    ...(disposition === undefined ? {} : { disposition }),
    ...(serial && lots.length > 0 ? { serials: lots } : {}),
    ...(!serial && lot !== undefined && lots.length === 1 ? { lot } : {}),
  };
}

function quantityOf(lines: readonly MoveLine[]): DecimalValue {
  return sum(lines.map(({ quantity }) => quantity));
}

/** Told only where all of the line went the same way. */
function dispositionOf(
  lines: readonly { readonly picking: Picking; readonly line: MoveLine }[],
  { quarantine, losses }: ReturnContext,
): ReturnLine['disposition'] {
  const ways = new Set(
    lines.map(({ picking, line }) => {
      if (line.destination.id === picking.destination.id) return 'restock' as const;
      if (line.destination.name === quarantine) return 'quarantine' as const;
      return losses.has(line.destination.id) ? ('scrap' as const) : undefined;
    }),
  );
  const [only] = ways;
  return ways.size === 1 ? only : undefined;
}
