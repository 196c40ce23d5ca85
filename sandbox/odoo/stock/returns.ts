import type { Row } from '../database';
import type { Environment } from '../environment';
import { userError } from '../errors';
import { type Model, num, str, type Vals } from '../model';
import { insertRow, updateRow } from '../rows';
import { rounded } from './goods';
import { copyMove, weigh } from './move-done';
import { unreserve } from './moves';
import { refreshPicking } from './picking-state';
import { assignPicking, copyPicking, movesOf } from './pickings';

const place = (env: Environment, id: unknown): Row => env.row('stock.location', num(id as number));

/** The wizard's lines: one for each move of the transfer that can come back. */
function fillLines(env: Environment, wizard: number, picking: Row): void {
  for (const move of movesOf(env, num(picking.id))) {
    if (move.state === 'cancel' || place(env, move.location_dest_id).usage === 'inventory') continue;
    insertRow(env, 'stock_return_picking_line', {
      wizard_id: wizard,
      product_id: num(move.product_id),
      move_id: num(move.id),
      quantity: 0,
      to_refund: 1,
    });
  }
}

/** The transfer that brings the wizard's quantities back. Returns its id. */
function createReturn(env: Environment, wizard: Row): number {
  const picking = env.row('stock.picking', num(wizard.picking_id));
  const type = env.row('stock.picking.type', num(picking.picking_type_id));
  const back = type.return_picking_type_id
    ? env.row('stock.picking.type', num(type.return_picking_type_id))
    : type;
  const lines = env.db.all(
    'SELECT * FROM stock_return_picking_line WHERE wizard_id = ? ORDER BY id',
    num(wizard.id),
  );
  for (const line of lines) {
    if (!line.move_id) continue;
    const waiting = env.db.all(
      "SELECT id FROM stock_move WHERE origin_returned_move_id = ? AND state NOT IN ('done', 'cancel')",
      num(line.move_id),
    );
    unreserve(
      env,
      waiting.map((row) => num(row.id)),
    );
  }
  const wanted = lines.filter((line) => num(line.quantity) !== 0);
  const id = copyPicking(env, picking, {
    picking_type_id: num(back.id),
    return_id: num(picking.id),
    origin: `Return of ${str(picking.name)}`,
    location_id: num(picking.location_dest_id),
    location_dest_id:
      back.code === 'incoming' ? num(back.default_location_dest_id) : num(picking.location_id),
    carrier_id: null,
    user_id: null,
  });
  if (wanted.length === 0) throw userError('Please specify at least one non-zero quantity.');
  const created = env.row('stock.picking', id);
  for (const line of wanted) {
    const move = env.row('stock.move', num(line.move_id));
    const copy = copyMove(env, move, {
      product_uom_qty: rounded(num(line.quantity)),
      picking_id: id,
      picking_type_id: num(back.id),
      reference: str(created.name),
      date: env.now,
      date_deadline: null,
      location_id: num(created.location_id),
      location_dest_id: num(created.location_dest_id),
      location_final_id: null,
      origin_returned_move_id: num(move.id),
      procure_method: 'make_to_stock',
      to_refund: num(line.to_refund),
    });
    weigh(env, copy);
  }
  refreshPicking(env, id);
  assignPicking(env, id);
  refreshPicking(env, id);
  return id;
}

function requireReturnable(picking: Row): void {
  if (picking.state === 'done' || picking.sale_id) return;
  throw userError('You may only return Done pickings.');
}

const opened = (env: Environment, picking: number) => ({
  name: 'Returned Picking',
  view_mode: 'form',
  res_model: 'stock.picking',
  res_id: picking,
  type: 'ir.actions.act_window',
  context: env.context,
});

/** What of a move has not come back yet. */
function notReturned(env: Environment, move: Row): number {
  const returned = env.db.all(
    'SELECT quantity FROM stock_move WHERE origin_returned_move_id = ?',
    num(move.id),
  );
  return rounded(num(move.quantity) - returned.reduce((sum, row) => sum + num(row.quantity), 0));
}

const wizard: Model = {
  name: 'stock.return.picking',
  table: 'stock_return_picking',
  title: 'Return Picking',
  order: 'id',
  columns: ['picking_id'],
  one2many: ['product_return_moves'],
  related: { picking_type_code: 'picking_id.picking_type_code', company_id: 'picking_id.company_id' },
  nameColumn: '',
  displayName: (_env, ids) => new Map(ids.map((id) => [id, `stock.return.picking,${id}`])),
  creatable: true,
  defaults(env, vals: Vals) {
    const { active_id: active, active_model: model } = env.context;
    if (!('picking_id' in vals) && model === 'stock.picking' && typeof active === 'number')
      vals.picking_id = active;
    if (!vals.picking_id) return;
    requireReturnable(env.row('stock.picking', Number(vals.picking_id)));
  },
  created(env, id, vals) {
    // A caller who gives the lines gets those, and only those.
    if (!vals.picking_id || vals.product_return_moves) return;
    fillLines(env, id, env.row('stock.picking', Number(vals.picking_id)));
  },
  methods: {
    action_create_returns: {
      params: [],
      run: (env, [id = 0]) => opened(env, createReturn(env, env.row('stock.return.picking', id))),
    },
    action_create_returns_all: {
      params: [],
      run(env, [id = 0]) {
        for (const line of env.db.all('SELECT * FROM stock_return_picking_line WHERE wizard_id = ?', id)) {
          if (!line.move_id) continue;
          const quantity = notReturned(env, env.row('stock.move', num(line.move_id)));
          updateRow(env, 'stock_return_picking_line', line, { quantity });
        }
        return opened(env, createReturn(env, env.row('stock.return.picking', id)));
      },
    },
  },
};

const line: Model = {
  name: 'stock.return.picking.line',
  table: 'stock_return_picking_line',
  title: 'Return Picking Line',
  order: 'id',
  columns: ['wizard_id', 'product_id', 'move_id', 'quantity', 'to_refund'],
  related: { move_quantity: 'move_id.quantity', uom_id: 'move_id.product_uom' },
  nameColumn: '',
  displayName: (env, ids, rows) => {
    const names = env.displayNames(
      'product.product',
      [...rows.values()].map((row) => num(row.product_id)),
    );
    return new Map(ids.map((id) => [id, names.get(num(rows.get(id)?.product_id))]));
  },
  creatable: true,
  defaults(_env, vals) {
    vals.quantity ??= 1;
    vals.to_refund ??= true;
  },
};

export const returnModels: readonly Model[] = [wizard, line];
