/** What of a message is in Odoo already, by the keys of the lines. */
import { type DecimalValue, decimal } from '../../canonical/decimal';
import { CrossdockError } from '../../errors/index';
import { readKey } from './keys';
import { isClosed } from './read';
import type { Picking, StockOrder } from './types';

export interface Applied {
  /** Pickings with lines of the message, in Odoo's order. */
  readonly pickings: readonly Picking[];
  /** Of those, the ones that are written but not validated. */
  readonly open: readonly Picking[];
  /** By content. */
  readonly contents: ReadonlyMap<number, AppliedContent>;
}

export interface AppliedContent {
  /** How much is in Odoo, in the product's unit. */
  readonly quantity: DecimalValue;
  /** The number of the next part. */
  readonly nextPart: number;
  /**
   * Nothing of it goes elsewhere. Then it counts as applied whatever the quantity is now: people may have corrected what
   * was shipped, and a repeated message must not undo that.
   */
  readonly complete: boolean;
  /** Lots and serial numbers of the lines. */
  readonly lots: ReadonlySet<string>;
}

export interface MessageKey {
  readonly base: string;
  readonly print: string;
  /** For sentences, for example `shipment 4711`. */
  readonly what: string;
}

/**
 * Throws SHIPMENT_CHANGED (business) when the same message was applied with other content, PICKING_CANCELLED (business) when
 * somebody cancelled what it had been written into.
 */
export function appliedOf(order: StockOrder, key: MessageKey, tag = ''): Applied {
  const contents = new Map<number, AppliedContent>();
  const pickings = new Set<Picking>();
  for (const picking of order.pickings) {
    for (const line of picking.moves.flatMap(({ lines }) => lines)) {
      const own = readKey(line.key);
      if (own === undefined || own.base !== key.base) continue;
      if (own.print !== key.print) throw changed(key, picking);
      if (own.tag !== tag) continue;
      if (picking.state === 'cancel') throw cancelled(key, picking);
      pickings.add(picking);
      const before = contents.get(own.index) ?? {
        quantity: decimal('0'),
        nextPart: 0,
        complete: false,
        lots: new Set(),
      };
      contents.set(own.index, {
        quantity: before.quantity.plus(line.quantity),
        nextPart: Math.max(before.nextPart, own.part + 1),
        complete: before.complete || own.more !== true,
        lots: new Set([...before.lots, ...(line.lot === undefined ? [] : [line.lot.name])]),
      });
    }
  }
  const all = [...pickings];
  return { pickings: all, open: all.filter((picking) => !isClosed(picking)), contents };
}

function changed({ what }: MessageKey, picking: Picking): CrossdockError {
  return new CrossdockError(
    `The ${what} was written into ${picking.name} before, with other goods. A correction needs an id of its own; what was shipped is not changed.`,
    { code: 'SHIPMENT_CHANGED', kind: 'business', facts: { picking: picking.name } },
  );
}

function cancelled({ what }: MessageKey, picking: Picking): CrossdockError {
  return new CrossdockError(
    `The ${what} was written into ${picking.name}, which somebody cancelled in Odoo.`,
    {
      code: 'PICKING_CANCELLED',
      kind: 'business',
      facts: { picking: picking.name },
    },
  );
}
