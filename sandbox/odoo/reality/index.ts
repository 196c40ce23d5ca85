import * as billing from './billing';
import * as carriers from './carriers';
import * as companies from './companies';
import * as invoices from './invoices';
import { commonMethods, models, ownMethods } from './names';
import * as operations from './operations';
import * as partners from './partners';
import * as products from './products';
import { related } from './related';
import * as sales from './sales';
import { longSelections } from './selections';
import * as stock from './stock';
import * as terms from './terms';
import * as users from './users';
import { NEW_FIELDS, OLD_FIELDS, RENAMED_FIELDS } from './versions';
import * as wizards from './wizards';

/**
 * What a real Odoo 19.0 (Debian's package, with sale_management, sale_stock, delivery, stock_account, base_automation)
 * says about itself: its model names, public methods and fields.
 *
 * The stand-in implements a part of them. This table lets it tell three cases apart: what it can do, what the real one
 * could do but the stand-in cannot ("sandbox: not supported", status 501), and what does not exist (the real error).
 */
export { currentMethod, currentModel, modelNameIn } from './versions';

export type FieldType =
  | 'binary'
  | 'boolean'
  | 'char'
  | 'date'
  | 'datetime'
  | 'float'
  | 'html'
  | 'integer'
  | 'json'
  | 'many2many'
  | 'many2one'
  | 'many2one_reference'
  | 'monetary'
  | 'one2many'
  | 'properties'
  | 'selection'
  | 'text';

/** One field of one model, as `fields_get` describes it. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly readonly: boolean;
  readonly stored: boolean;
  readonly relation: string | undefined;
  readonly relationField: string | undefined;
  readonly label: string;
  /** The way to the field of another record that it shows; undefined when it has a value of its own. */
  readonly related: string | undefined;
  /** Pairs of key and label; undefined when it is no selection, or one that is not written down here. */
  readonly selection: readonly (readonly [string, string])[] | undefined;
}

const TABLES: Readonly<Record<string, string>> = {
  'account.account': billing.accountAccount,
  'account.incoterms': terms.accountIncoterms,
  'account.journal': billing.accountJournal,
  'account.move': invoices.accountMove,
  'account.move.line': invoices.accountMoveLine,
  'account.partial.reconcile': billing.accountPartialReconcile,
  'account.payment.register': billing.accountPaymentRegister,
  'account.payment.term': terms.accountPaymentTerm,
  'account.tax': products.accountTax,
  'crm.tag': terms.crmTag,
  'delivery.carrier': carriers.deliveryCarrier,
  'ir.model.data': partners.irModelData,
  'mail.message': terms.mailMessage,
  'product.category': carriers.productCategory,
  'product.pricelist': companies.productPricelist,
  'product.product': products.productProduct,
  'product.template': products.productTemplate,
  'product.uom': terms.productUom,
  'res.company': companies.resCompany,
  'res.country': partners.resCountry,
  'res.country.state': partners.resCountryState,
  'res.currency': partners.resCurrency,
  'res.groups': carriers.resGroups,
  'res.partner': partners.resPartner,
  'res.partner.bank': billing.resPartnerBank,
  'res.users': users.resUsers,
  'sale.advance.payment.inv': billing.saleAdvancePaymentInv,
  'sale.order': sales.saleOrder,
  'sale.order.line': sales.saleOrderLine,
  'stock.backorder.confirmation': wizards.stockBackorderConfirmation,
  'stock.backorder.confirmation.line': wizards.stockBackorderConfirmationLine,
  'stock.inventory.adjustment.name': wizards.stockInventoryAdjustmentName,
  'stock.inventory.conflict': wizards.stockInventoryConflict,
  'stock.location': companies.stockLocation,
  'stock.lot': operations.stockLot,
  'stock.move': stock.stockMove,
  'stock.move.line': operations.stockMoveLine,
  'stock.package': operations.stockPackage,
  'stock.package.type': wizards.stockPackageType,
  'stock.picking': stock.stockPicking,
  'stock.picking.type': operations.stockPickingType,
  'stock.put.in.pack': wizards.stockPutInPack,
  'stock.quant': stock.stockQuant,
  'stock.reference': carriers.stockReference,
  'stock.return.picking': wizards.stockReturnPicking,
  'stock.return.picking.line': wizards.stockReturnPickingLine,
  'stock.scrap': wizards.stockScrap,
  'stock.warehouse': companies.stockWarehouse,
  'uom.uom': products.uomUom,
};

function parseField(line: string, ways: ReadonlyMap<string, string>): Field {
  const [name = '', type = '', flags = '', relation = '', inverse = '', label = '', selection = ''] =
    line.split('|');
  return {
    name,
    type: type as FieldType,
    required: flags.includes('r'),
    readonly: flags.includes('o'),
    stored: flags.includes('s'),
    relation: relation || undefined,
    relationField: inverse || undefined,
    label,
    related: ways.get(name),
    selection: type === 'selection' ? selectionOf(name, selection) : undefined,
  };
}

function selectionOf(name: string, selection: string): Field['selection'] {
  if (selection === '*') return longSelections[name];
  if (selection === '') return [];
  return selection.split(';').map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
}

/** `field=way` each. */
function waysOf(model: string): ReadonlyMap<string, string> {
  return new Map(
    words(related[model] ?? '').map((word) => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)] as const;
    }),
  );
}

const words = (text: string): string[] =>
  text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');

const MODEL_NAMES: ReadonlySet<string> = new Set(words(models));

const FIELDS: ReadonlyMap<string, ReadonlyMap<string, Field>> = new Map(
  Object.entries(TABLES).map(([model, table]) => {
    const ways = waysOf(model);
    const fields = table
      .trim()
      .split('\n')
      .map((line) => parseField(line, ways));
    return [model, new Map(fields.map((field) => [field.name, field] as const))];
  }),
);

/** Public methods of a model; the value tells whether it is a model method (takes no ids). */
const METHODS: ReadonlyMap<string, ReadonlyMap<string, boolean>> = new Map(
  Object.keys(TABLES).map((model) => [
    model,
    new Map(
      [...words(commonMethods), ...words(ownMethods[model] ?? '')].map(
        (word) => [word.replace('*', ''), word.endsWith('*')] as const,
      ),
    ),
  ]),
);

/** Whether the reference server has a model of that name. */
export function modelExists(model: string): boolean {
  return MODEL_NAMES.has(model);
}

/** Whether the reference server has that public method on that model; undefined for a model without a table here. */
export function methodExists(model: string, method: string): boolean | undefined {
  return METHODS.get(model)?.has(method);
}

/** The fields of one model under the names of Odoo 19. Throws for a model without a table here. */
export function fieldsOf(model: string): ReadonlyMap<string, Field> {
  const fields = FIELDS.get(model);
  if (fields === undefined) throw new Error(`no field table for ${model}`);
  return fields;
}

const OLDER: ReadonlyMap<string, readonly (readonly [until: number, Field])[]> = new Map(
  [...new Set(OLD_FIELDS.map(([model]) => model))].map((model) => [
    model,
    OLD_FIELDS.filter(([itsModel]) => itsModel === model).map(
      ([, until, line]) => [until, parseField(line, new Map())] as const,
    ),
  ]),
);

/** Fields of an older version that 19 does not have, or has under that name with another meaning. */
export function olderFields(model: string, major: number): readonly Field[] {
  return (OLDER.get(model) ?? []).flatMap(([until, field]) => (major < until ? [field] : []));
}

const isNew = (model: string, name: string, major: number): boolean =>
  NEW_FIELDS.some(([itsModel, itsName, since]) => itsModel === model && itsName === name && major < since);

/** Translates a field name as an older server knows it into that of Odoo 19, or undefined when it has no such field. */
export function currentName(model: string, name: string, major: number): string | undefined {
  if (major >= 19) return name;
  for (const [itsModel, now, before, since] of RENAMED_FIELDS) {
    if (itsModel !== model || major >= since) continue;
    if (name === before) return now;
    if (name === now) return undefined;
  }
  return isNew(model, name, major) ? undefined : name;
}

/** The name of a field of Odoo 19 in an older server, or undefined when that has no such field. */
export function olderName(model: string, name: string, major: number): string | undefined {
  if (major >= 19) return name;
  const renamed = RENAMED_FIELDS.find(
    ([itsModel, now, , since]) => itsModel === model && now === name && major < since,
  );
  if (renamed !== undefined) return renamed[2];
  return isNew(model, name, major) ? undefined : name;
}
