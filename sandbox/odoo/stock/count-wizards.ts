import type { Environment } from '../environment';
import { idList, type Model, num, str } from '../model';
import { updateRow } from '../rows';
import { applyOrAsk, setCount } from './counts';
import { rounded } from './goods';

const conflict: Model = {
  name: 'stock.inventory.conflict',
  table: 'stock_inventory_conflict',
  title: 'Conflict in Inventory',
  order: 'id',
  columns: ['quant_ids', 'quant_to_fix_ids'],
  nameColumn: '',
  displayName: (_env, ids) => new Map(ids.map((id) => [id, `stock.inventory.conflict,${id}`])),
  creatable: true,
  defaults(env, vals) {
    for (const name of ['quant_ids', 'quant_to_fix_ids']) {
      const given = env.context[`default_${name}`];
      if (!(name in vals) && Array.isArray(given)) vals[name] = [[6, 0, given]];
    }
  },
  methods: {
    action_keep_counted_quantity: {
      params: [],
      run(env, ids) {
        const quants = quantsOf(env, 'stock.inventory.conflict', ids);
        for (const id of quants) {
          const row = env.row('stock.quant', id);
          const difference = rounded(num(row.inventory_quantity) - num(row.quantity));
          updateRow(env, 'stock_quant', row, { inventory_diff_quantity: difference });
        }
        return applyOrAsk(env, quants);
      },
    },
    action_keep_difference: {
      params: [],
      run(env, ids) {
        const quants = quantsOf(env, 'stock.inventory.conflict', ids);
        for (const id of quants) {
          const row = env.row('stock.quant', id);
          setCount(env, id, num(row.quantity) + num(row.inventory_diff_quantity));
        }
        return applyOrAsk(env, quants);
      },
    },
  },
};

const quantsOf = (env: Environment, model: string, ids: readonly number[]): number[] =>
  ids.flatMap((id) => idList(env.row(model, id).quant_ids));

/** Applies counts under a reason and a date. */
const reason: Model = {
  name: 'stock.inventory.adjustment.name',
  table: 'stock_inventory_adjustment_name',
  title: 'Inventory Adjustment Reference / Reason',
  order: 'id',
  columns: ['quant_ids', 'inventory_adjustment_name', 'counting_date'],
  nameColumn: '',
  displayName: (_env, ids) => new Map(ids.map((id) => [id, `stock.inventory.adjustment.name,${id}`])),
  creatable: true,
  defaults(env, vals) {
    vals.inventory_adjustment_name ??= 'Physical Inventory';
    vals.counting_date ??= env.now;
  },
  methods: {
    action_apply: {
      params: [],
      run(env, [id = 0]) {
        const row = env.row('stock.inventory.adjustment.name', id);
        const date = str(row.counting_date).slice(0, 19);
        const quants = quantsOf(env, 'stock.inventory.adjustment.name', [id]).filter(
          (quant) => env.row('stock.quant', quant).inventory_quantity_set,
        );
        const context = { inventory_name: str(row.inventory_adjustment_name), counting_date: date };
        return applyOrAsk(env.withContext(context), quants, date);
      },
    },
  },
};

export const countWizards: readonly Model[] = [conflict, reason];
