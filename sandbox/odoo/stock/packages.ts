import type { Row } from '../database';
import type { Environment } from '../environment';
import { notSupported } from '../errors';
import { type Model, num, str } from '../model';
import { updateRow } from '../rows';
import { create } from '../writing';
import { goodsOf, rounded } from './goods';

const contents = (env: Environment, id: number): Row[] =>
  env.db.all('SELECT * FROM stock_quant WHERE package_id = ? ORDER BY id', id);

/** Whether a name is a serial shipping container code: 18 digits, the last of which checks the others. */
function isSscc(name: string): boolean {
  if (!/^\d{18}$/.test(name)) return false;
  const sum = [...name].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 3 : 1), 0);
  return sum % 10 === 0;
}

const pack: Model = {
  name: 'stock.package',
  table: 'stock_package',
  title: 'Package',
  order: 'name, id',
  columns: [
    'name',
    'package_type_id',
    'shipping_weight',
    'pack_date',
    'parent_package_id',
    'package_dest_id',
    'location_id',
    'company_id',
  ],
  one2many: ['quant_ids'],
  computed: {
    complete_name: (_env, ids, rows) => new Map(ids.map((id) => [id, rows.get(id)?.name])),
    weight_uom_name: (_env, ids) => new Map(ids.map((id) => [id, 'kg'])),
    valid_sscc: (_env, ids, rows) => new Map(ids.map((id) => [id, isSscc(str(rows.get(id)?.name))])),
    weight: (env, ids) =>
      new Map(
        ids.map((id) => {
          const weight = contents(env, id).reduce(
            (sum, quant) => sum + num(quant.quantity) * goodsOf(env, num(quant.product_id)).weight,
            0,
          );
          return [id, rounded(weight)];
        }),
      ),
  },
  nameColumn: 'name',
  creatable: true,
  loadable: true,
  restrictedBy: [
    ['stock.move.line', 'result_package_id'],
    ['stock.move.line', 'package_id'],
    ['stock.quant', 'package_id'],
  ],
  defaults(env, vals) {
    vals.name ||= `PACK${String(env.db.next('package number')).padStart(7, '0')}`;
    vals.pack_date ??= env.now.slice(0, 10);
  },
};

/** Sets where a package is: where what is in it is. */
export function placePackage(env: Environment, id: number): void {
  const inside = contents(env, id).filter((quant) => num(quant.quantity) > 0);
  updateRow(env, 'stock_package', env.row('stock.package', id), {
    location_id: inside[0]?.location_id ?? null,
    company_id: inside[0]?.company_id ?? null,
  });
}

/** A package that moves with all that is in it stays a package. */
export function keepEntirePacks(env: Environment, pickings: ReadonlySet<number>): void {
  const key = (row: Row) => `${num(row.product_id)}/${num(row.lot_id)}`;
  const sums = (rows: readonly Row[], column: string) => {
    const found = new Map<string, number>();
    for (const row of rows) found.set(key(row), rounded((found.get(key(row)) ?? 0) + num(row[column])));
    return found;
  };
  for (const picking of pickings) {
    const lines = env.db.all(
      'SELECT * FROM stock_move_line WHERE picking_id = ? AND package_id IS NOT NULL ORDER BY id',
      picking,
    );
    for (const id of new Set(lines.map((line) => num(line.package_id)))) {
      const taken = lines.filter((line) => num(line.package_id) === id);
      const inside = sums(contents(env, id), 'quantity');
      const moved = sums(taken, 'quantity_product_uom');
      const entire = [...new Set([...inside.keys(), ...moved.keys()])].every(
        (at) => (inside.get(at) ?? 0) === (moved.get(at) ?? 0),
      );
      if (!entire) continue;
      for (const line of taken) {
        const { state } = env.row('stock.move', num(line.move_id));
        if (line.result_package_id || state === 'done' || state === 'cancel') continue;
        updateRow(env, 'stock_move_line', line, { result_package_id: id });
      }
    }
  }
}

const packageType: Model = {
  name: 'stock.package.type',
  table: 'stock_package_type',
  title: 'Stock package type',
  order: 'sequence, id',
  columns: [
    ...['name', 'sequence', 'barcode', 'base_weight', 'max_weight', 'package_use'],
    ...['package_carrier_type', 'shipper_package_code'],
  ],
  nameColumn: 'name',
  creatable: true,
  defaults(_env, vals) {
    vals.sequence ??= 1;
    vals.package_use ??= 'disposable';
    vals.package_carrier_type ??= 'none';
  },
  unlinked(env, rows) {
    for (const row of rows)
      env.db.run('UPDATE stock_package SET package_type_id = NULL WHERE package_type_id = ?', num(row.id));
  },
};

/** The dialog that asks for the package where a carrier is set and nothing was said. */
const dialog = (env: Environment, ids: readonly number[], lines: readonly number[]) => ({
  name: 'Put in Pack',
  type: 'ir.actions.act_window',
  res_model: 'stock.put.in.pack',
  target: 'new',
  view_mode: 'form',
  views: [[false, 'form']],
  context: { ...env.context, all_move_line_ids: lines, default_move_line_ids: lines, picking_ids: ids },
});

/** `action_put_in_pack`: what is picked (or everything, when nothing is) and not packed yet goes into one package. */
export function putInPack(
  env: Environment,
  ids: readonly number[],
  args: Readonly<Record<string, unknown>>,
): unknown {
  const [id] = ids;
  if (id === undefined || ids.length > 1) throw notSupported('packing several transfers at once');
  const picking = env.row('stock.picking', id);
  if (picking.state === 'done' || picking.state === 'cancel') return null;
  const lines = env.db
    .all('SELECT * FROM stock_move_line WHERE picking_id = ? AND quantity > 0 ORDER BY id', id)
    .filter((line) => line.move_id && env.row('stock.move', num(line.move_id)).state !== 'done');
  const picked = lines.some((line) => line.picked) ? lines.filter((line) => line.picked) : lines;
  const loose = picked.filter((line) => !line.result_package_id);
  if (loose.length === 0) throw notSupported('packing packages into another package');
  const given = args.package_id || args.package_type_id || args.package_name;
  if (!given && picking.carrier_id)
    return dialog(
      env,
      ids,
      loose.map((line) => num(line.id)),
    );
  const target = args.package_id
    ? Number(args.package_id)
    : create(env, pack, { name: args.package_name || false, package_type_id: args.package_type_id || false });
  for (const line of loose) updateRow(env, 'stock_move_line', line, { result_package_id: target });
  return [target];
}

export const packageModels: readonly Model[] = [pack, packageType];
