import type { Environment } from '../environment';
import { accessError, missingError, notSupported, userError } from '../errors';
import { type Compute, type Model, num, str, type Vals } from '../model';
import { updateRow } from '../rows';
import { applyCounts, applyOrAsk, clearCount, isOutdated, setCount } from './counts';
import { rounded } from './goods';
import { gather, makeQuant, type QuantKey } from './quants';

/** Whether the call counts stock; without it, `stock.quant` takes quantities as they are. */
const counting = (env: Environment) => Boolean(env.context.inventory_mode);

const CREATE = [
  ...['product_id', 'owner_id', 'inventory_quantity', 'inventory_quantity_auto_apply', 'inventory_date'],
  ...['inventory_diff_quantity', 'user_id', 'inventory_quantity_set', 'is_outdated', 'lot_id', 'location_id'],
  'package_id',
];

const keyIn = (vals: Vals): QuantKey => ({
  product: Number(vals.product_id),
  location: Number(vals.location_id),
  lot: Number(vals.lot_id || 0),
  pack: Number(vals.package_id || 0),
  owner: Number(vals.owner_id || 0),
});

/** The quant that a count is about: the one there, or a new one. */
function quantFor(env: Environment, key: QuantKey): number {
  const there = gather(env, key, true).filter((row) => !key.lot || row.lot_id);
  return there[0] === undefined ? makeQuant(env, key) : num(there[0].id);
}

function requireRecords(env: Environment, vals: Vals): void {
  env.requireAll('product.product', [Number(vals.product_id || 0)]);
  env.requireAll('stock.location', [Number(vals.location_id || 0)]);
  if (vals.lot_id) env.requireAll('stock.lot', [Number(vals.lot_id)]);
  if (vals.package_id) env.requireAll('stock.package', [Number(vals.package_id)]);
}

const of =
  (pick: (row: Record<string, unknown>) => unknown): Compute =>
  (_env, ids, rows) =>
    new Map(ids.map((id) => [id, pick(rows.get(id) ?? {})]));

const lastCount: Compute = (env, ids, rows) =>
  new Map(
    ids.map((id) => {
      const row = rows.get(id);
      const found = env.db.get(
        `SELECT MAX(l.date) AS date FROM stock_move_line l JOIN stock_move m ON m.id = l.move_id
         WHERE m.state = 'done' AND m.is_inventory = 1 AND l.product_id = ? AND l.lot_id IS ?
         AND (l.location_id = ? OR l.location_dest_id = ?)`,
        ...[row?.product_id ?? null, row?.lot_id ?? null, row?.location_id ?? null, row?.location_id ?? null],
      );
      return [id, found?.date ? str(found.date).slice(0, 10) : null];
    }),
  );

export const quant: Model = {
  name: 'stock.quant',
  table: 'stock_quant',
  title: 'Quants',
  order: 'id',
  columns: [
    ...['product_id', 'location_id', 'company_id', 'lot_id', 'package_id', 'owner_id', 'quantity'],
    ...['reserved_quantity', 'inventory_quantity', 'inventory_diff_quantity', 'inventory_quantity_set'],
    ...['inventory_date', 'in_date', 'user_id'],
  ],
  related: {
    warehouse_id: 'location_id.warehouse_id',
    tracking: 'product_id.tracking',
    product_uom_id: 'product_id.uom_id',
    product_tmpl_id: 'product_id.product_tmpl_id',
  },
  computed: {
    available_quantity: of((row) =>
      rounded(num(row.quantity as number) - num(row.reserved_quantity as number)),
    ),
    inventory_quantity_auto_apply: of((row) => row.quantity),
    is_outdated: (_env, ids, rows) => new Map(ids.map((id) => [id, isOutdated(rows.get(id) ?? {})])),
    last_count_date: lastCount,
  },
  nameColumn: '',
  displayName: (env, ids, rows) =>
    new Map(
      ids.map((id) => {
        const row = rows.get(id) ?? {};
        const name = [env.row('stock.location', num(row.location_id)).complete_name];
        if (row.lot_id) name.push(env.row('stock.lot', num(row.lot_id)).name);
        if (row.package_id) name.push(env.row('stock.package', num(row.package_id)).name);
        if (row.owner_id) name.push(env.row('res.partner', num(row.owner_id)).name);
        return [id, name.map(str).join(' - ')];
      }),
    ),
  creatable: true,
  insteadOfCreate(env, vals) {
    requireRecords(env, vals);
    const key = keyIn(vals);
    const counted = ['inventory_quantity', 'inventory_quantity_auto_apply'].some((name) => name in vals);
    if (counting(env) && counted) {
      if (Object.keys(vals).some((name) => !CREATE.includes(name))) {
        throw userError("Quant's creation is restricted, you can't do this operation.");
      }
      const id = quantFor(env, key);
      const quantity = Number(vals.inventory_quantity_auto_apply || vals.inventory_quantity || 0);
      setCount(env, id, quantity);
      if ('inventory_quantity_auto_apply' in vals) applyCounts(env, [id]);
      else {
        const row = env.row('stock.quant', id);
        const user = 'user_id' in vals ? Number(vals.user_id || 0) || null : env.uid;
        updateRow(env, 'stock_quant', row, { inventory_date: env.now.slice(0, 10), user_id: user });
      }
      return id;
    }
    const id = makeQuant(env, key);
    if (vals.quantity) changeQuantAt(env, id, Number(vals.quantity));
    if ('inventory_quantity' in vals) setCount(env, id, Number(vals.inventory_quantity || 0));
    return id;
  },
  beforeWrite(env, _ids, vals) {
    const keys = ['product_id', 'location_id', 'lot_id', 'package_id', 'owner_id'];
    if (keys.some((name) => name in vals)) {
      if (counting(env)) throw userError("Quant's editing is restricted, you can't do this operation.");
      throw notSupported('moving a quant by writing it');
    }
    for (const name of ['quantity', 'reserved_quantity', 'inventory_diff_quantity', 'in_date']) {
      if (name in vals) throw notSupported(`writing ${name} of a quant`);
    }
  },
  inverse: {
    inventory_quantity(env, ids, value) {
      for (const id of ids) setCount(env, id, Number(value || 0));
    },
    inventory_quantity_auto_apply(env, ids, value) {
      if (!counting(env)) return;
      const changed = ids.filter((id) => num(env.row('stock.quant', id).quantity) !== Number(value || 0));
      for (const id of changed) setCount(env, id, Number(value || 0));
      applyCounts(env, changed);
    },
  },
  written(env, ids, vals) {
    if (!('inventory_quantity_set' in vals) || 'inventory_quantity' in vals) return;
    for (const id of ids) {
      const row = env.row('stock.quant', id);
      const difference = rounded(num(row.inventory_quantity) - num(row.quantity));
      updateRow(env, 'stock_quant', row, {
        inventory_diff_quantity: row.inventory_quantity_set ? difference : 0,
      });
    }
  },
  beforeUnlink() {
    throw accessError(
      "You are not allowed to delete 'Quants' (stock.quant) records.\n\nNo group currently allows this operation.\n\nContact your administrator to request access if necessary.",
    );
  },
  methods: {
    action_apply_inventory: {
      params: [{ name: 'date', default: null }],
      run(env, ids, { date }) {
        for (const id of ids)
          if (!env.exists('stock.quant', id)) throw missingError('stock.quant', id, env.uid);
        return applyOrAsk(env, ids, date ? String(date) : undefined);
      },
    },
    action_clear_inventory_quantity: {
      params: [],
      run(env, ids) {
        for (const id of ids) clearCount(env, id);
        return null;
      },
    },
    action_set_inventory_quantity_zero: {
      params: [],
      run(env, ids) {
        for (const id of ids) {
          setCount(env, id, 0);
          updateRow(env, 'stock_quant', env.row('stock.quant', id), { user_id: env.uid });
        }
        return null;
      },
    },
  },
};

function changeQuantAt(env: Environment, id: number, quantity: number): void {
  const row = env.row('stock.quant', id);
  updateRow(env, 'stock_quant', row, { quantity: rounded(num(row.quantity) + quantity) });
}
