import { requireAccess } from '../access';
import type { Environment } from '../environment';
import { notSupported, userError } from '../errors';
import { type Compute, type Model, num, str } from '../model';
import { updateRow } from '../rows';
import { goodsOf, rounded } from './goods';
import { confirmMoves } from './move-done';
import { dropMoves } from './move-model';
import { cancelMoves, unreserve } from './moves';
import { putInPack } from './packages';
import { refreshPicking } from './picking-state';
import { assignPicking, confirmPicking, movesOf, validate } from './pickings';
import { nextName } from './places';

const count = (env: Environment, sql: string, id: number): number => num(env.db.get(sql, id)?.n);

const counted =
  (sql: string): Compute =>
  (env, ids) =>
    new Map(ids.map((id) => [id, count(env, sql, id)]));

/** Weight of what is not in a package, and of the packages that were weighed; seen on Odoo 19: others count nothing. */
function shippingWeight(env: Environment, id: number): number {
  const packs = new Set<number>();
  let sum = 0;
  for (const line of env.db.all('SELECT * FROM stock_move_line WHERE picking_id = ?', id)) {
    if (line.result_package_id) packs.add(num(line.result_package_id));
    else sum += num(line.quantity_product_uom) * goodsOf(env, num(line.product_id)).weight;
  }
  for (const pack of packs) sum += num(env.row('stock.package', pack).shipping_weight);
  return rounded(sum);
}

function trackingUrl(env: Environment, carrier: number, reference: string): string | null {
  if (carrier === 0 || reference === '') return null;
  const url = str(env.row('delivery.carrier', carrier).tracking_url);
  return url === '' ? null : url.replace('<shipmenttrackingnumber>', reference);
}

export const picking: Model = {
  name: 'stock.picking',
  table: 'stock_picking',
  title: 'Transfer',
  order: 'priority desc, scheduled_date asc, id desc',
  columns: [
    ...[
      'name',
      'state',
      'origin',
      'partner_id',
      'picking_type_id',
      'location_id',
      'location_dest_id',
      'priority',
    ],
    ...['scheduled_date', 'date_deadline', 'date_done', 'sale_id', 'company_id', 'backorder_id', 'return_id'],
    ...['move_type', 'note', 'carrier_id', 'carrier_tracking_ref', 'carrier_price', 'weight', 'user_id'],
    ...['owner_id', 'is_locked', 'printed'],
  ],
  one2many: ['move_ids', 'move_line_ids', 'backorder_ids', 'return_ids'],
  related: { picking_type_code: 'picking_type_id.code' },
  computed: {
    has_deadline_issue: (_env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const row = rows.get(id);
          return [id, Boolean(row?.date_deadline) && str(row?.date_deadline) < str(row?.scheduled_date)];
        }),
      ),
    weight_uom_name: (_env, ids) => new Map(ids.map((id) => [id, 'kg'])),
    shipping_weight: (env, ids) => new Map(ids.map((id) => [id, shippingWeight(env, id)])),
    packages_count: counted(
      'SELECT COUNT(DISTINCT result_package_id) AS n FROM stock_move_line WHERE picking_id = ?',
    ),
    return_count: counted('SELECT COUNT(*) AS n FROM stock_picking WHERE return_id = ?'),
    has_tracking: (env, ids) =>
      new Map(
        ids.map((id) => [
          id,
          movesOf(env, id).some((move) => goodsOf(env, num(move.product_id)).tracking !== 'none'),
        ]),
      ),
    carrier_tracking_url: (env, ids, rows) =>
      new Map(
        ids.map((id) => {
          const row = rows.get(id);
          return [id, trackingUrl(env, num(row?.carrier_id), str(row?.carrier_tracking_ref))];
        }),
      ),
  },
  nameColumn: 'name',
  creatable: true,
  loadable: true,
  defaults(env, vals) {
    const typeId = Number(vals.picking_type_id || 0);
    if (typeId > 0) {
      env.requireAll('stock.picking.type', [typeId]);
      const type = env.row('stock.picking.type', typeId);
      if (!vals.name || vals.name === '/') vals.name = nextName(env, type);
      if (!vals.location_id) vals.location_id = num(type.default_location_src_id);
      if (!vals.location_dest_id) vals.location_dest_id = num(type.default_location_dest_id);
    }
    vals.move_type ??= 'direct';
    vals.company_id ??= 1;
    vals.priority ??= '0';
    vals.is_locked ??= true;
    vals.scheduled_date ||= env.now;
    if (!('user_id' in vals)) vals.user_id = env.uid;
  },
  created(env, id) {
    confirmMoves(
      env,
      movesOf(env, id)
        .filter((move) => num(move.quantity) > 0)
        .map((move) => num(move.id)),
    );
    refreshPicking(env, id);
  },
  beforeWrite(env, ids, vals) {
    for (const key of ['picking_type_id', 'state', 'location_id', 'location_dest_id']) {
      if (key in vals) throw notSupported(`writing ${key} of a transfer`);
    }
    if (vals.scheduled_date) {
      for (const id of ids) {
        const { state } = env.row('stock.picking', id);
        if (state === 'cancel')
          throw userError('You cannot change the Scheduled Date on a cancelled transfer.');
        if (state === 'done') continue;
        for (const move of movesOf(env, id))
          updateRow(env, 'stock_move', move, { date: String(vals.scheduled_date) });
      }
    }
  },
  written(env, ids, vals) {
    for (const id of ids) {
      if (vals.move_ids || vals.move_line_ids) {
        const drafts = movesOf(env, id).filter((move) => move.state === 'draft' && num(move.quantity) > 0);
        confirmMoves(
          env,
          drafts.map((move) => num(move.id)),
        );
      }
      refreshPicking(env, id);
    }
  },
  beforeUnlink(env, ids) {
    requireAccess(env, 'stock.move', 'unlink');
    for (const id of ids)
      dropMoves(
        env,
        movesOf(env, id).map((move) => num(move.id)),
      );
  },
  methods: {
    action_confirm: {
      params: [],
      run(env, ids) {
        for (const id of ids) confirmPicking(env, id);
        return true;
      },
    },
    action_assign: {
      params: [],
      run(env, ids) {
        for (const id of ids) assignPicking(env, id);
        return true;
      },
    },
    do_unreserve: {
      params: [],
      run(env, ids) {
        for (const id of ids)
          unreserve(
            env,
            movesOf(env, id).map((move) => num(move.id)),
          );
        return null;
      },
    },
    action_cancel: {
      params: [],
      run(env, ids) {
        env.requireAll('stock.picking', ids);
        for (const id of ids) {
          cancelMoves(
            env,
            movesOf(env, id).map((move) => num(move.id)),
          );
          const row = env.row('stock.picking', id);
          updateRow(env, 'stock_picking', row, {
            is_locked: 1,
            ...(movesOf(env, id).length === 0 && { state: 'cancel' }),
          });
        }
        return true;
      },
    },
    button_validate: { params: [], run: validate },
    action_put_in_pack: {
      params: ['package_id', 'package_type_id', 'package_name'].map((name) => ({ name, default: false })),
      run: (env, ids, args) => putInPack(env, ids, args),
    },
  },
};
