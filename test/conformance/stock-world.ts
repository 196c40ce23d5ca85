import { type Api, type Bench, nameOf } from './odoo-server';

export const COUNTING = { inventory_mode: true };

/** Products with stock for one describe: by lot (5 and 7), by serial number (one of each of two), and plain (10). */
export interface StockWorld {
  readonly api: Api;
  readonly prefix: string;
  readonly place: number;
  readonly plain: number;
  readonly byLot: number;
  readonly bySerial: number;
  readonly lots: readonly [number, number];
  readonly serials: readonly [number, number];
  /** Places and confirms an order of those products and quantities; returns its id and its delivery's. */
  order(
    ...lines: readonly (readonly [product: number, quantity: number])[]
  ): Promise<{ id: number; picking: number }>;
  /** Fields of every line of a transfer, oldest first. */
  lines(picking: number, fields: string[]): Promise<Record<string, unknown>[]>;
  moves(picking: number, fields: string[]): Promise<Record<string, unknown>[]>;
  /** Quants as [place, lot, package, quantity, reserved], sorted by those; the place of adjustments is left out. */
  quants(product: number): Promise<unknown[][]>;
  count(product: number, quantity: number, more?: Record<string, unknown>): Promise<number>;
  validate(picking: number, context?: Record<string, unknown>): Promise<unknown>;
  /** The sentence of a refusal. */
  refusal(model: string, method: string, ids: number[], args?: Record<string, unknown>): Promise<string>;
  hide(): Promise<void>;
}

const short = (value: unknown, prefix: string) => nameOf(value).replace(prefix, '').replace(/^-/, '');

export async function makeStockWorld(bench: Bench, api: Api): Promise<StockWorld> {
  const prefix = `${bench.fixtures().prefix}-${bench.key().slice(-6)}`;
  const place = bench.fixtures().stock;
  const product = (code: string, tracking: string, weight: number) =>
    api.create('product.product', {
      ...{ name: `${prefix} ${code}`, default_code: `${prefix}-${code}` },
      ...{ type: 'consu', is_storable: true, tracking, weight },
    });
  const [plain, byLot, bySerial] = [
    await product('N', 'none', 2),
    await product('L', 'lot', 1.5),
    await product('S', 'serial', 0),
  ];
  const lotsOf = async (of: number, names: readonly string[]) => {
    const vals_list = names.map((name) => ({ name: `${prefix}-${name}`, product_id: of }));
    return (await api.get<number[]>('stock.lot', 'create', { args: { vals_list } })) as [number, number];
  };
  const lots = await lotsOf(byLot, ['1', '2']);
  const serials = await lotsOf(bySerial, ['s1', 's2']);
  const start = [
    [plain, 10],
    [byLot, 5, lots[0]],
    [byLot, 7, lots[1]],
    [bySerial, 1, serials[0]],
    [bySerial, 1, serials[1]],
  ] as const;
  const vals_list = start.map(([product_id, inventory_quantity, lot]) => ({
    ...{ product_id, inventory_quantity, location_id: place },
    ...(lot === undefined ? {} : { lot_id: lot }),
  }));
  const ids = await api.get<number[]>('stock.quant', 'create', { args: { vals_list }, context: COUNTING });
  await api.get('stock.quant', 'action_apply_inventory', { ids });

  return {
    ...{ api, prefix, place, plain, byLot, bySerial, lots, serials },
    async order(...lines) {
      const id = await api.create('sale.order', {
        partner_id: bench.fixtures().partner,
        order_line: lines.map(([product_id, product_uom_qty]) => [
          0,
          0,
          { product_id, product_uom_qty, price_unit: 3 },
        ]),
      });
      await api.get('sale.order', 'action_confirm', { ids: [id] });
      const { picking_ids: pickings } = await api.read('sale.order', id, ['picking_ids']);
      return { id, picking: (pickings as number[])[0] ?? 0 };
    },
    lines: (picking, fields) =>
      api.searchRead('stock.move.line', [['picking_id', '=', picking]], fields, { order: 'id' }),
    moves: (picking, fields) =>
      api.searchRead('stock.move', [['picking_id', '=', picking]], fields, { order: 'id' }),
    async quants(of) {
      const fields = ['location_id', 'lot_id', 'package_id', 'quantity', 'reserved_quantity'];
      const rows = await api.searchRead('stock.quant', [['product_id', '=', of]], fields, { order: 'id' });
      return rows
        .map((row) => [
          nameOf(row.location_id),
          short(row.lot_id, prefix),
          short(row.package_id, prefix),
          row.quantity,
          row.reserved_quantity,
        ])
        .filter(([where]) => where !== 'Inventory adjustment')
        .sort((a, b) => (a.join() < b.join() ? -1 : 1));
    },
    count: (of, quantity, more = {}) =>
      api.create(
        'stock.quant',
        { product_id: of, location_id: place, inventory_quantity: quantity, ...more },
        COUNTING,
      ),
    validate: (picking, context = {}) =>
      api.get('stock.picking', 'button_validate', {
        ids: [picking],
        context: { skip_sms: true, ...context },
      }),
    async refusal(model, method, of, args = {}) {
      const { fault } = await api.call(model, method, { ids: of, args });
      return fault?.message ?? 'no refusal';
    },
    async hide() {
      const args = { vals: { active: false } };
      await api.call('product.product', 'write', { ids: [plain, byLot, bySerial], args });
    },
  };
}

/** Some fields of rows, as lists. */
export const table = (rows: readonly Record<string, unknown>[], ...fields: string[]) =>
  rows.map((row) => fields.map((field) => row[field]));
