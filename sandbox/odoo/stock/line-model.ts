import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported, userError, validationError } from '../errors';
import { type Model, num, str, type Vals } from '../model';
import { updateRow } from '../rows';
import { converted, type Goods, goodsOf, productName, rounded } from './goods';
import { carryAgain, carryBack, lineAdded, promise, sourceOf } from './lines';
import { refreshMove } from './moves';

/** What decides where a line takes its goods from, or how many. */
const TAKING = ['quantity', 'product_uom_id', 'location_id', 'lot_id', 'package_id', 'owner_id'];
/** What a done line moved changes with these, too. */
const MOVING = [...TAKING, 'location_dest_id', 'result_package_id'];

const isDone = (env: Environment, line: Row): boolean =>
  Boolean(line.move_id) && env.row('stock.move', num(line.move_id)).state === 'done';

/** A many2one in values, as an id; 0 for none. */
const idIn = (value: unknown): number => Number(Array.isArray(value) ? value[0] : value || 0);

function checkLot(env: Environment, product: number, value: unknown): void {
  const lot = idIn(value);
  if (lot === 0) return;
  const row = env.row('stock.lot', lot);
  if (num(row.product_id) === product) return;
  throw validationError(
    `This lot ${str(row.name)} is incompatible with this product ${productName(env, product)}`,
  );
}

/** What an open line promises afterwards is promised instead of what it promised before. */
function promiseAnew(env: Environment, goods: Goods, line: Row, vals: Vals): void {
  const now = sourceOf(line);
  const unit = 'product_uom_id' in vals ? idIn(vals.product_uom_id) : num(line.product_uom_id);
  const quantity = 'quantity' in vals ? Number(vals.quantity || 0) : num(line.quantity);
  const wanted = converted(env, quantity, unit, goods.unit);
  if (wanted < 0) throw userError('Reserving a negative quantity is not allowed.');
  promise(env, goods, now, -num(line.quantity_product_uom));
  const key = {
    product: goods.id,
    location: 'location_id' in vals ? idIn(vals.location_id) : now.location,
    lot: 'lot_id' in vals ? idIn(vals.lot_id) : (now.lot ?? 0),
    pack: 'package_id' in vals ? idIn(vals.package_id) : (now.pack ?? 0),
    owner: 'owner_id' in vals ? idIn(vals.owner_id) : (now.owner ?? 0),
  };
  promise(env, goods, key, wanted);
}

export const moveLine: Model = {
  name: 'stock.move.line',
  table: 'stock_move_line',
  title: 'Product Moves (Stock Move Line)',
  order: 'result_package_id desc, id',
  columns: [
    ...[
      'move_id',
      'picking_id',
      'product_id',
      'product_uom_id',
      'quantity',
      'quantity_product_uom',
      'picked',
    ],
    ...[
      'lot_id',
      'lot_name',
      'package_id',
      'result_package_id',
      'owner_id',
      'location_id',
      'location_dest_id',
    ],
    ...['date', 'company_id'],
  ],
  related: {
    state: 'move_id.state',
    reference: 'move_id.reference',
    is_inventory: 'move_id.is_inventory',
    tracking: 'product_id.tracking',
    picking_code: 'picking_id.picking_type_code',
    picking_partner_id: 'picking_id.partner_id',
    location_usage: 'location_id.usage',
    location_dest_usage: 'location_dest_id.usage',
  },
  computed: {
    origin: (env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const move = num(rows.get(id)?.move_id);
          return [id, move > 0 ? env.row('stock.move', move).origin : null];
        }),
      ),
  },
  nameColumn: '',
  creatable: true,
  loadable: true,
  defaults(env, vals) {
    const moveId = idIn(vals.move_id);
    const move = moveId > 0 ? env.row('stock.move', moveId) : undefined;
    const pickingId = idIn(vals.picking_id) || num(move?.picking_id);
    const picking = pickingId > 0 ? env.row('stock.picking', pickingId) : undefined;
    const source = move ?? picking;
    if (!vals.picking_id && pickingId > 0) vals.picking_id = pickingId;
    if (!vals.product_id && move !== undefined) vals.product_id = num(move.product_id);
    vals.company_id = source?.company_id ?? 1;
    vals.picked ??= Boolean(move?.picked);
    vals.date ??= env.now;
    vals.quantity ??= 0;
    if (!vals.location_id) vals.location_id = source?.location_id;
    if (!vals.location_dest_id) vals.location_dest_id = source?.location_dest_id;
    const product = idIn(vals.product_id);
    if (product > 0) {
      env.requireAll('product.product', [product]);
      vals.product_uom_id ??= num(move?.product_uom) || goodsOf(env, product).unit;
      checkLot(env, product, vals.lot_id);
    }
    if (Number(vals.quantity) < 0) throw validationError('You can not enter negative quantities.');
  },
  created: (env, id) => lineAdded(env, id),
  beforeWrite(env, ids, vals) {
    for (const line of env.rows('stock.move.line', ids).values()) {
      if ('move_id' in vals && idIn(vals.move_id) !== num(line.move_id))
        throw notSupported('putting a move line on another move');
      if ('product_id' in vals && idIn(vals.product_id) !== num(line.product_id))
        throw userError("Changing the product is only allowed in 'Draft' state.");
    }
    for (const id of ids) {
      const line = env.row('stock.move.line', id);
      const goods = goodsOf(env, num(line.product_id));
      if (isDone(env, line)) {
        checkLot(env, goods.id, vals.lot_id);
        if (MOVING.some((key) => key in vals)) carryBack(env, line);
      } else {
        if (TAKING.some((key) => key in vals) && goods.storable) promiseAnew(env, goods, line, vals);
        checkLot(env, goods.id, vals.lot_id);
        if (Number(vals.quantity ?? 0) < 0) throw validationError('You can not enter negative quantities.');
        if (vals.picked && !line.picked && !vals.date)
          updateRow(env, 'stock_move_line', line, { date: env.now });
      }
    }
  },
  written(env, ids, vals) {
    for (const id of ids) {
      const line = env.row('stock.move.line', id);
      const goods = goodsOf(env, num(line.product_id));
      const quantity = converted(env, num(line.quantity), num(line.product_uom_id), goods.unit);
      updateRow(env, 'stock_move_line', line, { quantity_product_uom: rounded(quantity) });
      if (isDone(env, line) && MOVING.some((key) => key in vals))
        carryAgain(env, env.row('stock.move.line', id));
      if (line.move_id) refreshMove(env, num(line.move_id));
    }
  },
  beforeUnlink(env, ids) {
    for (const id of ids) {
      const line = env.row('stock.move.line', id);
      const state = line.move_id ? env.row('stock.move', num(line.move_id)).state : 'draft';
      if (state === 'done' || state === 'cancel') {
        throw userError(
          "Deleting product moves after the transfer is done?\n\nThat would be like going back in time to revert all operations triggered after this move. Who knows what the end result would be, So let's not do it.\n\nTry changing the “done” quantity to 0 instead.",
        );
      }
      promise(env, goodsOf(env, num(line.product_id)), sourceOf(line), -num(line.quantity_product_uom));
    }
  },
  unlinked(env, rows) {
    for (const move of new Set(rows.map((row) => num(row.move_id)))) if (move > 0) refreshMove(env, move);
  },
};
