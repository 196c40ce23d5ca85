import type { Environment } from '../environment';
import { idList, type Model, num } from '../model';
import { validate } from './pickings';

const picksOf = (env: Environment, ids: readonly number[]): number[] =>
  ids.flatMap((id) => idList(env.row('stock.backorder.confirmation', id).pick_ids));

const validated = (env: Environment): readonly number[] | undefined => {
  const ids = env.context.button_validate_picking_ids;
  return Array.isArray(ids) && ids.length > 0 ? ids.map(Number) : undefined;
};

const confirmation: Model = {
  name: 'stock.backorder.confirmation',
  table: 'stock_backorder_confirmation',
  title: 'Backorder Confirmation',
  order: 'id',
  columns: ['pick_ids', 'show_transfers'],
  one2many: ['backorder_confirmation_line_ids'],
  nameColumn: '',
  displayName: (_env, ids) => new Map(ids.map((id) => [id, `stock.backorder.confirmation,${id}`])),
  creatable: true,
  defaults(env, vals) {
    if (!('pick_ids' in vals) && Array.isArray(env.context.default_pick_ids))
      vals.pick_ids = env.context.default_pick_ids;
    if ('show_transfers' in vals) return;
    vals.show_transfers = Boolean(env.context.default_show_transfers);
  },
  created(env, id, vals) {
    if (vals.backorder_confirmation_line_ids) return;
    for (const picking of picksOf(env, [id])) {
      env.db.run(
        `INSERT INTO stock_backorder_confirmation_line (id, backorder_confirmation_id, picking_id, to_backorder,
          create_uid, create_date, write_uid, write_date) VALUES (?, ?, ?, 1, ?, ?, ?, ?)`,
        ...[env.db.next('stock_backorder_confirmation_line'), id, picking],
        ...[env.uid, env.now, env.uid, env.now],
      );
    }
  },
  methods: {
    process: {
      params: [],
      run(env, ids) {
        const pickings = validated(env);
        if (pickings === undefined) return true;
        const without = ids.flatMap((id) =>
          env.db
            .all(
              'SELECT picking_id FROM stock_backorder_confirmation_line WHERE backorder_confirmation_id = ? AND COALESCE(to_backorder, 0) = 0',
              id,
            )
            .map((row) => num(row.picking_id)),
        );
        const context = {
          skip_backorder: true,
          ...(without.length > 0 && { picking_ids_not_to_backorder: without }),
        };
        return validate(env.withContext(context), pickings);
      },
    },
    process_cancel_backorder: {
      params: [],
      run(env, ids) {
        const pickings = validated(env);
        if (pickings === undefined) return true;
        const context = { skip_backorder: true, picking_ids_not_to_backorder: picksOf(env, ids) };
        return validate(env.withContext(context), pickings);
      },
    },
  },
};

const line: Model = {
  name: 'stock.backorder.confirmation.line',
  table: 'stock_backorder_confirmation_line',
  title: 'Backorder Confirmation Line',
  order: 'id',
  columns: ['backorder_confirmation_id', 'picking_id', 'to_backorder'],
  nameColumn: '',
  displayName: (_env, ids) => new Map(ids.map((id) => [id, `stock.backorder.confirmation.line,${id}`])),
  creatable: true,
};

export const backorderModels: readonly Model[] = [confirmation, line];
