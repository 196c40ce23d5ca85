/**
 * What Odoo calls things, by major version, 14 to 19 and later. One place, so that operations speak of what they mean
 * ("the line's taxes") and a renamed field is one line here. Source: OpenUpgrade's analysis of 14 to 19 and Odoo's own
 * sources of 14, 18 and 19 (domain 1.6).
 */
import { CrossdockError } from '../../errors/index';
import type { OdooVersion } from './types';

/** The oldest version whose names are known here, and the newest that was looked at. */
export const OLDEST = 14;
export const NEWEST = 19;

type Names = ReturnType<typeof namesOf>;

export interface FieldMap extends Names {
  /** Odoo's model for a section of this map, or for a key of `models`; anything else is taken for a model's name. */
  modelOf(kind: string): string;
  /** Odoo's name of a section's field; undefined when this version has none. Unlisted names are Odoo's own. */
  nameOf(kind: string, field: string): string | undefined;
}

/** The kinds of record that have a section of names, or a model's name that changed. */
export type RecordKind = keyof typeof MODELS | keyof Names['models'];

/** The model behind each section whose model has one name in every version. */
const MODELS = {
  order: 'sale.order',
  orderLine: 'sale.order.line',
  product: 'product.product',
  picking: 'stock.picking',
  move: 'stock.move',
  moveLine: 'stock.move.line',
  returnPicking: 'stock.return.picking',
  invoice: 'account.move',
  invoiceLine: 'account.move.line',
  invoiceWizard: 'sale.advance.payment.inv',
  tax: 'account.tax',
  partner: 'res.partner',
  apiKey: 'res.users.apikeys',
  user: 'res.users',
  uom: 'uom.uom',
} as const;

/** Throws ODOO_VERSION_UNSUPPORTED (transient: the messages are not at fault) for versions before 14. */
export function fieldMap(version: Pick<OdooVersion, 'major' | 'text'>): FieldMap {
  if (version.major >= OLDEST) return withNames(namesOf(version.major));
  throw new CrossdockError(`Odoo ${version.text} is too old: ${OLDEST}.0 or later is needed.`, {
    code: 'ODOO_VERSION_UNSUPPORTED',
    kind: 'transient',
    facts: { version: version.text },
  });
}

function withNames(names: Names): FieldMap {
  const own = (object: object, key: string): unknown =>
    Object.hasOwn(object, key) ? (object as Readonly<Record<string, unknown>>)[key] : undefined;
  return {
    ...names,
    modelOf: (kind) => String(own(names.models, kind) ?? own(MODELS, kind) ?? kind),
    nameOf(kind, field) {
      const section = Object.hasOwn(MODELS, kind) ? own(names, kind) : undefined;
      if (typeof section !== 'object' || section === null || !Object.hasOwn(section, field)) return field;
      const name = own(section, field);
      // What is more than a name says which field it is about.
      if (typeof name === 'object' && name !== null && 'field' in name) return String(name.field);
      return typeof name === 'string' ? name : undefined;
    },
  };
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
      /** In 19 a packaging is a unit. */
      packaging: major >= 19 ? undefined : major >= 15 ? 'product_packaging_id' : 'product_packaging',
    },
    product: {
      /** The condition that a product is counted in stock, and the field that it needs. */
      storable: storable(major),
    },
    picking: {
      moves: major >= 16 ? 'move_ids' : 'move_lines',
      /** The picking that a return undoes; before 17 only the moves know (`origin_returned_move_id`). */
      returnOf: major >= 17 ? 'return_id' : undefined,
      /** What pickings of one order have in common: one group, or several references. */
      group: major >= 19 ? 'reference_ids' : 'group_id',
    },
    move: {
      done: major >= 17 ? 'quantity' : 'quantity_done',
      picked: major >= 17 ? 'picked' : undefined,
      /** Reserved; from 17 on the same field as what is done, told apart by `picked`. */
      reserved: major >= 17 ? 'quantity' : 'reserved_availability',
      unit: 'product_uom',
      group: major >= 19 ? 'reference_ids' : 'group_id',
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
      /** Up to 17 the other way round: whether it still has to be checked. */
      checked: major >= 18 ? 'checked' : 'to_check',
      deliveredOn: major >= 17 ? 'delivery_date' : undefined,
    },
    invoiceLine: {
      /** Up to 15 items that are no rows of the invoice are marked; later every item says what it is. */
      hidden: major >= 16 ? undefined : 'exclude_from_invoice_tab',
    },
    /** The dialog "create invoices" of orders; up to 15 it takes them from the context alone. */
    invoiceWizard: {
      orders: major >= 16 ? 'sale_order_ids' : undefined,
      /** One invoice for several orders of a customer; before 17 always. */
      consolidated: major >= 17 ? 'consolidated_billing' : undefined,
    },
    tax: {
      /** Whether prices include the tax: computed from an override from 18 on, so searched as this. */
      priceInclude: 'price_include',
      /** What can be written instead of it. */
      priceIncludeOverride: major >= 18 ? 'price_include_override' : 'price_include',
    },
    partner: {
      mobile: major >= 19 ? undefined : 'mobile',
    },
    apiKey: {
      /** When the key ends; before 18 keys do not. */
      ends: major >= 18 ? 'expiration_date' : undefined,
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
