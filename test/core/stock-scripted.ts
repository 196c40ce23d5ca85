/** A scripted Odoo that keeps the stock of one product: enough for what the stock operations ask, and no more. */
import { Fault, type ScriptedCall, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

export interface ScriptedQuant {
  readonly id: number;
  quantity: number;
  /** A count that is not applied yet, and who wrote it down. */
  counted?: { quantity: number; difference: number; by: number };
}

export interface ScriptedMove {
  readonly id: number;
  readonly reference: string;
  readonly difference: number;
}

export interface ScriptedStock {
  readonly odoo: ScriptedOdoo;
  /** What lies at WH/Stock (location 5); the product is 11, `A-1`. */
  readonly quant: ScriptedQuant;
  readonly moves: ScriptedMove[];
  /** What is reserved of the order S00001, which asks for 8. */
  reserved: number;
  /** Called before each call is answered; what it returns is the answer. */
  before: (call: ScriptedCall) => unknown;
  /** For `before`: so many products instead of the one. */
  products(count: number): (call: ScriptedCall) => unknown;
}

export const UID = 7;
const PRODUCT = { id: 11, default_code: 'A-1', barcode: false, name: 'Tape', uom_id: 1, active: true };

export async function startScriptedStock(quantity = 10): Promise<ScriptedStock> {
  const quant: ScriptedQuant = { id: 3, quantity };
  const moves: ScriptedMove[] = [];
  const wizards = new Map<number, string>();

  const quantRow = () => ({
    id: quant.id,
    product_id: PRODUCT.id,
    location_id: 5,
    lot_id: null,
    package_id: null,
    owner_id: null,
    quantity: quant.quantity,
    reserved_quantity: stock.reserved,
    inventory_quantity: quant.counted?.quantity ?? 0,
    inventory_quantity_set: quant.counted !== undefined,
    inventory_diff_quantity: quant.counted?.difference ?? 0,
    user_id: quant.counted?.by ?? null,
  });
  const moveRow = ({ id, difference }: ScriptedMove) => ({
    id,
    location_id: difference > 0 ? 99 : 5,
    location_dest_id: difference > 0 ? 5 : 99,
    quantity: Math.abs(difference),
  });
  const condition = ({ args }: ScriptedCall, field: string): unknown =>
    (args.domain as unknown[] | undefined)
      ?.filter((term): term is [string, string, unknown] => Array.isArray(term))
      .find(([name]) => name === field)?.[2];

  const apply = (name: string): unknown => {
    const { counted } = quant;
    if (counted === undefined) return null;
    if (counted.quantity - counted.difference !== quant.quantity)
      return { res_model: 'stock.inventory.conflict' };
    quant.quantity = counted.quantity;
    delete quant.counted;
    moves.push({ id: 100 + moves.length, reference: name, difference: counted.difference });
    return null;
  };

  const products = (call: ScriptedCall): unknown[] => {
    const terms = (call.args.domain as unknown[]).filter((term): term is [string, string, unknown] =>
      Array.isArray(term),
    );
    const after = Number(terms.find(([field, operator]) => field === 'id' && operator === '>')?.[2] ?? 0);
    const skus = condition(call, 'default_code') as string[] | undefined;
    if (skus !== undefined && !skus.includes(PRODUCT.default_code)) return [];
    return [PRODUCT]
      .filter(({ id }) => id > after)
      .map((row) => ({
        ...row,
        is_storable: true,
        tracking: 'none',
        qty_available: quant.quantity,
        free_qty: quant.quantity - stock.reserved,
        incoming_qty: 0,
        outgoing_qty: 8,
      }));
  };

  const answers: Readonly<Record<string, (call: ScriptedCall) => unknown>> = {
    'res.users.context_get': () => ({ uid: UID }),
    'uom.uom.search_read': () => [{ id: 1, name: 'Units', factor: 1, parent_path: '1/' }],
    'uom.uom.get_external_id': () => ({ 1: 'uom.product_uom_unit' }),
    'product.product.search_read': products,
    'stock.warehouse.search_read': () => [
      { id: 1, code: 'WH', name: 'Main', view_location_id: 4, lot_stock_id: 5 },
    ],
    'stock.location.search_read': (call) => (condition(call, 'usage') === undefined ? [] : [{ id: 8 }]),
    'stock.quant.search_read': () => [quantRow()],
    'stock.quant.create': (call) => {
      const [{ inventory_quantity: counted }] = call.args.vals_list as [{ inventory_quantity: number }];
      quant.counted = { quantity: counted, difference: counted - quant.quantity, by: UID };
      return [quant.id];
    },
    'stock.quant.action_clear_inventory_quantity': () => {
      delete quant.counted;
      return null;
    },
    'stock.inventory.adjustment.name.create': (call) => {
      const [{ inventory_adjustment_name: name }] = call.args.vals_list as [
        { inventory_adjustment_name: string },
      ];
      wizards.set(wizards.size + 1, name);
      return [wizards.size];
    },
    'stock.inventory.adjustment.name.action_apply': (call) => apply(wizards.get(call.ids?.[0] ?? 0) ?? ''),
    'stock.move.search_read': (call) => {
      const pattern = condition(call, 'reference');
      if (typeof pattern === 'string')
        return moves.filter(({ reference }) => reference.endsWith(pattern.slice(1))).map(moveRow);
      const row = { id: 50, sale_line_id: 70, product_id: PRODUCT.id, product_uom: 1, location_dest_id: 8 };
      return [{ ...row, picking_id: 60, product_uom_qty: 8, quantity: stock.reserved }];
    },
    'ir.model.data.check_object_reference': () => new Fault(500, 'builtins.ValueError', 'not found'),
    'sale.order.search_read': (call) =>
      JSON.stringify(call.args.domain).includes('S00001')
        ? [{ id: 40, name: 'S00001', state: 'sale', origin: false }]
        : [],
    'stock.picking.search_read': () => [{ id: 60, name: 'WH/OUT/1', state: 'assigned' }],
    'stock.picking.action_assign': () => {
      stock.reserved = Math.min(8, quant.quantity);
      return true;
    },
    'stock.picking.do_unreserve': () => {
      stock.reserved = 0;
      return null;
    },
  };

  const stock: ScriptedStock = {
    odoo: await startScriptedOdoo((call) => {
      const first = stock.before(call);
      if (first !== undefined) return first;
      if (call.method === 'fields_get')
        return Object.fromEntries(
          (call.args.allfields as string[]).map((field) => [field, { type: 'float' }]),
        );
      if (call.method === 'authenticate') return UID;
      const answer = answers[`${call.model}.${call.method}`];
      return answer === undefined ? new Fault(404, 'werkzeug.exceptions.NotFound') : answer(call);
    }),
    quant,
    moves,
    reserved: 0,
    before: () => undefined,
    products:
      (count) =>
      ({ model, method, args }) => {
        if (model !== 'product.product' || method !== 'search_read') return undefined;
        const after = (args.domain as [string, string, number][])[0]?.[2] ?? 0;
        return Array.from({ length: count }, (_, index) => ({
          ...{ id: index + 1, default_code: `A-${index + 1}`, barcode: false, name: 'Tape', uom_id: 1 },
          ...{ qty_available: 5, free_qty: 4, incoming_qty: 0, outgoing_qty: 2 },
        }))
          .filter(({ id }) => id > after)
          .slice(0, args.limit as number);
      },
  };
  return stock;
}
