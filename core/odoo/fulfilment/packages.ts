/** Packages of a message as Odoo's records: found by SSCC or made once, with type, weight, and what they stand on. */
import type { Package, Shipment } from '../../canonical/generated';
import { CrossdockError } from '../../errors/index';
import { readSscc } from '../../identifiers/index';
import { convert, convertible } from '../../units/index';
import { fieldsGet } from '../client/fields';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import type { KeyedLoader, KeyedRecord } from '../load/keyed-load';
import { hashKey } from '../load/keys';
import type { ReadContext } from './read';

/** Odoo's package ids by packageId. */
export type Packages = ReadonlyMap<string, number>;

/** Words by which package types of Odoo are recognised when neither barcode nor carrier's code is the Rec 21 code. */
const TYPE_WORDS: Readonly<Record<string, RegExp>> = {
  BX: /^(box|karton|schachtel|boîte)/i,
  CT: /^(carton|karton|box)/i,
  PX: /^(pallet|palette)/i,
  BG: /^(bag|beutel)/i,
  EN: /^(envelope|umschlag)/i,
};

/**
 * Makes sure that all packages of the shipment exist: found by their SSCC, or made once under the shipment's key. An
 * empty package is all that a crash leaves of this.
 *
 * Throws SSCC_INVALID (business).
 */
export async function ensurePackages(
  context: ReadContext,
  loader: KeyedLoader,
  shipment: Shipment,
  base: string,
): Promise<Packages> {
  if (shipment.packages.length === 0) return new Map();
  const model = context.fields.map.models.package;
  const found = await bySscc(context, model, shipment.packages);
  const missing = shipment.packages.filter(({ packageId }) => !found.has(packageId));
  if (missing.length === 0) return found;
  const packages = new Map(found);
  const [types, unit, nested] = await Promise.all([
    packageTypes(context, missing),
    weightUnit(context, model, missing),
    hasParents(context, model, missing),
  ]);
  // What others stand on comes first.
  for (const level of levelsOf(missing, nested)) {
    const records = level.map((each) => recordOf(each, base, { types, unit, packages, nested }));
    const outcomes = await loader.load(model, records);
    for (const each of level) {
      const outcome = outcomes.get(packageKey(each, base));
      if (outcome !== undefined && 'error' in outcome) throw outcome.error;
      if (outcome !== undefined) packages.set(each.packageId, outcome.id);
    }
  }
  return packages;
}

interface Known {
  /** Package type ids by Rec 21 code. */
  readonly types: ReadonlyMap<string, number>;
  /** Rec 20 code in which Odoo keeps weights; undefined where it keeps none. */
  readonly unit: string | undefined;
  readonly packages: Packages;
  readonly nested: boolean;
}

function packageKey({ packageId }: Package, base: string): string {
  return `${base}_package_${hashKey(packageId).slice(0, 16)}`;
}

function recordOf(each: Package, base: string, { types, unit, packages, nested }: Known): KeyedRecord {
  const cells: [string, string][] = [
    ['id', packageKey(each, base)],
    ['name', each.sscc ?? each.packageId],
  ];
  const type = each.type === undefined ? undefined : types.get(each.type);
  if (type !== undefined) cells.push([`package_type_id/.id`, String(type)]);
  const { weight } = each;
  if (weight !== undefined && unit !== undefined && convertible(weight.unit, unit)) {
    cells.push(['shipping_weight', convert(weight.value, weight.unit, unit).value]);
  }
  const parent = nested ? parentOf(each, packages) : undefined;
  if (parent !== undefined) cells.push(['package_dest_id/.id', String(parent)]);
  return {
    key: packageKey(each, base),
    columns: cells.map(([column]) => column),
    rows: [cells.map(([, cell]) => cell)],
  };
}

function parentOf({ parentPackageId }: Package, packages: Packages): number | undefined {
  return parentPackageId === undefined ? undefined : packages.get(parentPackageId);
}

/** Packages without a parent, then those on them, and so on. A contract-checked shipment has no circles. */
function levelsOf(packages: readonly Package[], nested: boolean): (readonly Package[])[] {
  if (!nested) return [packages];
  const levels: (readonly Package[])[] = [];
  let rest = packages;
  while (rest.length > 0) {
    const waiting = new Set(rest.map(({ packageId }) => packageId));
    const level = rest.filter(
      ({ parentPackageId }) => parentPackageId === undefined || !waiting.has(parentPackageId),
    );
    if (level.length === 0) return [...levels, rest];
    levels.push(level);
    rest = rest.filter((each) => !level.includes(each));
  }
  return levels;
}

/** Packages that Odoo knows by their SSCC already, for example packed there. */
async function bySscc(
  { client }: ReadContext,
  model: string,
  packages: readonly Package[],
): Promise<Packages> {
  const ssccs = packages.flatMap(({ sscc }) => sscc ?? []);
  if (ssccs.length === 0) return new Map();
  for (const sscc of ssccs) {
    const read = readSscc(sscc);
    if (!('fault' in read)) continue;
    throw new CrossdockError(`A package of the shipment cannot be named: ${read.fault}.`, {
      code: 'SSCC_INVALID',
      kind: 'business',
      facts: { sscc: sscc.slice(0, 40) },
    });
  }
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly { id: number; name: string }[]>(model, 'search_read', {
      args: {
        domain: [
          ['name', 'in', ssccs],
          // One that is at a customer is another package: SSCCs may be used again after a year.
          '|',
          ['location_id', '=', false],
          ['location_id.usage', 'in', ['internal', 'transit']],
        ],
        fields: ['id', 'name'],
        order: 'id',
      },
    }),
  );
  return new Map(
    packages.flatMap(({ packageId, sscc }) => {
      const row = sscc === undefined ? undefined : rows.find(({ name }) => name === sscc);
      return row === undefined ? [] : [[packageId, row.id] as const];
    }),
  );
}

interface TypeRow {
  readonly id: number;
  readonly name: string;
  readonly barcode?: string | false;
  readonly shipper_package_code?: string | false;
}

async function packageTypes(
  { client }: ReadContext,
  packages: readonly Package[],
): Promise<ReadonlyMap<string, number>> {
  const wanted = new Set(packages.flatMap(({ type }) => type ?? []));
  if (wanted.size === 0) return new Map();
  const known = await fieldsGet(client, 'stock.package.type', ['name', 'barcode', 'shipper_package_code']);
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly TypeRow[]>('stock.package.type', 'search_read', {
      args: { domain: [], fields: ['id', ...Object.keys(known)], order: 'sequence, id' },
    }),
  );
  const types = new Map<string, number>();
  for (const code of wanted) {
    const found =
      rows.find((row) => [row.barcode, row.shipper_package_code, row.name].includes(code)) ??
      rows.find((row) => TYPE_WORDS[code]?.test(row.name));
    if (found !== undefined) types.set(code, found.id);
  }
  return types;
}

/** Odoo keeps weights in kilograms or, by a setting, in pounds. */
async function weightUnit(
  { client }: ReadContext,
  model: string,
  packages: readonly Package[],
): Promise<string | undefined> {
  if (!packages.some(({ weight }) => weight !== undefined)) return undefined;
  const known = await fieldsGet(client, model, ['shipping_weight']);
  if (!Object.hasOwn(known, 'shipping_weight')) return undefined;
  return systemWeightUnit(client);
}

/** The unit of all weights in Odoo, by a setting that every product shows. */
export async function systemWeightUnit(client: OdooClient): Promise<'KGM' | 'LBR'> {
  const [row] = await withRetry(CALL_RETRY, () =>
    client.call<readonly { weight_uom_name?: string | false }[]>('product.product', 'search_read', {
      args: { domain: [], fields: ['weight_uom_name'], limit: 1 },
    }),
  );
  return row?.weight_uom_name === 'lb' ? 'LBR' : 'KGM';
}

async function hasParents(
  { client }: ReadContext,
  model: string,
  packages: readonly Package[],
): Promise<boolean> {
  if (!packages.some(({ parentPackageId }) => parentPackageId !== undefined)) return false;
  return Object.hasOwn(await fieldsGet(client, model, ['package_dest_id']), 'package_dest_id');
}
