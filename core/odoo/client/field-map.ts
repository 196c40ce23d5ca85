/**
 * What Odoo calls things, by major version, 14 to 19 and later. One place, so that operations speak of what they mean
 * ("the line's taxes") and a renamed field is one line here. Source: OpenUpgrade's analysis of 14 to 19 and Odoo's own
 * sources of 14, 18 and 19 (domain 1.6).
 */
import { CrossdockError } from '../../errors/index';
import type { OdooVersion } from './types';

/** The oldest version whose names are known here. */
const OLDEST = 14;

export type FieldMap = ReturnType<typeof namesOf>;

/** Throws ODOO_VERSION_UNSUPPORTED (transient: the messages are not at fault) for versions before 14. */
export function fieldMap(version: OdooVersion): FieldMap {
  if (version.major >= OLDEST) return namesOf(version.major);
  throw new CrossdockError(`Odoo ${version.text} is too old: ${OLDEST}.0 or later is needed.`, {
    code: 'ODOO_VERSION_UNSUPPORTED',
    kind: 'transient',
    facts: { version: version.text },
  });
}

function namesOf(major: number) {
  return {
    major,
    /** The method that says whether a user may do something. */
    mayMethod: major >= 18 ? 'has_access' : 'check_access_rights',
    models: {
      lot: major >= 16 ? 'stock.lot' : 'stock.production.lot',
      route: major >= 16 ? 'stock.route' : 'stock.location.route',
      package: major >= 19 ? 'stock.package' : 'stock.quant.package',
      /** How moves of one order hang together. */
      moveGroup: major >= 19 ? 'stock.reference' : 'procurement.group',
    },
    order: {
      /** From 17 on a locked order stays `sale` with this flag; before, its state is `done`. */
      locked: major >= 17 ? 'locked' : undefined,
      lock: major >= 17 ? 'action_lock' : 'action_done',
      unlock: 'action_unlock',
    },
    orderLine: {
      taxes: major >= 19 ? 'tax_ids' : 'tax_id',
      unit: major >= 19 ? 'product_uom_id' : 'product_uom',
    },
    product: {
      /** The condition that a product is counted in stock, and the field that it needs. */
      storable: storable(major),
    },
    picking: {
      moves: major >= 16 ? 'move_ids' : 'move_lines',
      /** The picking that a return undoes; before 17 only the moves know (`origin_returned_move_id`). */
      returnOf: major >= 17 ? 'return_id' : undefined,
    },
    move: {
      done: major >= 17 ? 'quantity' : 'quantity_done',
      picked: major >= 17 ? 'picked' : undefined,
      unit: 'product_uom',
    },
    moveLine: {
      done: major >= 17 ? 'quantity' : 'qty_done',
      picked: major >= 17 ? 'picked' : undefined,
      /** Reserved and not done yet; from 17 on `quantity` is both, told apart by `picked`. */
      reserved: major >= 17 ? 'quantity' : major >= 16 ? 'reserved_uom_qty' : 'product_uom_qty',
      unit: 'product_uom_id',
    },
    returnPicking: {
      create: major >= 18 ? 'action_create_returns' : 'create_returns',
      /** The unit of a return line's quantity: the move's, or the product's. */
      unitOf: major >= 19 ? 'move' : 'product',
    },
    /** Counts: on quants from 15 on, with documents of their own before. */
    counts: major >= 15 ? 'stock.quant' : 'stock.inventory',
    invoice: {
      reversals: major >= 18 ? 'reversal_move_ids' : 'reversal_move_id',
    },
    tax: {
      /** Whether prices include the tax: computed from an override from 18 on, so searched as this. */
      priceInclude: 'price_include',
    },
    user: {
      groups: major >= 19 ? 'group_ids' : 'groups_id',
    },
    uom: {
      /** Units convert into each other when they have the same root (19), or the same category. */
      kinship: major >= 19 ? 'parent_path' : 'category_id',
      /** 19: how many of the reference unit one is; before: how many of this unit the reference is. */
      factorIs: major >= 19 ? 'perUnit' : 'perReference',
    },
  } as const;
}

function storable(major: number): {
  readonly field: string;
  readonly domain: readonly [string, string, unknown];
} {
  if (major >= 18) return { field: 'is_storable', domain: ['is_storable', '=', true] };
  const field = major >= 15 ? 'detailed_type' : 'type';
  return { field, domain: [field, '=', 'product'] };
}
