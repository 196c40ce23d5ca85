/** What canonical shipments and returns tell beside quantities: packages, expiry of lots, addresses, warehouses. */
import type { DecimalValue } from '../../canonical/decimal';
import type { Address, Place } from '../../canonical/generated';
import { fieldsGet } from '../client/fields';
import { CALL_RETRY, withRetry } from '../client/retry';
import { systemWeightUnit } from './packages';
import type { ReadContext } from './read';
import { idOf, linkOf, numberOf, type Row, textOf } from './rows';
import type { Named, Picking } from './types';

export interface PackageFacts {
  readonly name: string;
  readonly type: Named | undefined;
  /** The barcode or the carrier's code of the type. */
  readonly typeCode: string | undefined;
  /** 0 when nobody entered one. */
  readonly weight: DecimalValue | undefined;
  readonly parent: Named | undefined;
}

export interface Details {
  readonly packages: ReadonlyMap<number, PackageFacts>;
  /** ISO days by lot id; empty without Odoo's app for expiry. */
  readonly expiries: ReadonlyMap<number, string>;
  readonly places: ReadonlyMap<number, Place>;
  /** Warehouse by picking type. */
  readonly warehouses: ReadonlyMap<number, { readonly code: string; readonly name: string }>;
  readonly weightUnit: 'KGM' | 'LBR';
}

export async function readDetails(context: ReadContext, pickings: readonly Picking[]): Promise<Details> {
  const lines = pickings.flatMap(({ moves }) => moves.flatMap((move) => move.lines));
  const ids = (values: readonly (number | undefined)[]) => [
    ...new Set(values.filter((value) => value !== undefined)),
  ];
  const packageIds = ids(lines.map(({ target }) => target?.id));
  const [packages, expiries, places, warehouses, weightUnit] = await Promise.all([
    readPackages(context, packageIds),
    readExpiries(context, ids(lines.map(({ lot }) => lot?.id))),
    readPlaces(context, ids(pickings.map(({ partnerId }) => partnerId))),
    readWarehouses(context, ids(pickings.map(({ typeId }) => typeId))),
    packageIds.length === 0 ? ('KGM' as const) : systemWeightUnit(context.client),
  ]);
  return { packages, expiries, places, warehouses, weightUnit };
}

function rowsOf(
  { client }: ReadContext,
  model: string,
  ids: readonly number[],
  fields: readonly string[],
): Promise<readonly Row[]> {
  return withRetry(CALL_RETRY, () =>
    client.call<readonly Row[]>(model, 'search_read', {
      args: { domain: [['id', 'in', ids]], fields },
      context: { active_test: false },
    }),
  );
}

async function readPackages(
  context: ReadContext,
  ids: readonly number[],
): Promise<ReadonlyMap<number, PackageFacts>> {
  if (ids.length === 0) return new Map();
  const model = context.fields.map.models.package;
  const known = await fieldsGet(context.client, model, [
    'name',
    'package_type_id',
    'shipping_weight',
    'parent_package_id',
  ]);
  const rows = await rowsOf(context, model, ids, Object.keys(known));
  const types = await readTypes(context, [
    ...new Set(rows.flatMap((row) => linkOf(row, 'package_type_id')?.id ?? [])),
  ]);
  const facts = new Map<number, PackageFacts>();
  for (const row of rows) {
    const type = linkOf(row, 'package_type_id');
    facts.set(idOf(row), {
      name: textOf(row, 'name') ?? String(idOf(row)),
      type,
      typeCode: type === undefined ? undefined : types.get(type.id),
      weight: Object.hasOwn(known, 'shipping_weight') ? numberOf(row, 'shipping_weight') : undefined,
      parent: linkOf(row, 'parent_package_id'),
    });
  }
  // Pallets are told too, and they hold nothing themselves.
  const parents = [...facts.values()]
    .flatMap(({ parent }) => parent?.id ?? [])
    .filter((id) => !facts.has(id));
  if (parents.length === 0) return facts;
  return new Map([...facts, ...(await readPackages(context, [...new Set(parents)]))]);
}

async function readTypes(context: ReadContext, ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map();
  const known = await fieldsGet(context.client, 'stock.package.type', ['barcode', 'shipper_package_code']);
  const rows = await rowsOf(context, 'stock.package.type', ids, Object.keys(known));
  const codes = new Map<number, string>();
  for (const row of rows) {
    const code = textOf(row, 'shipper_package_code') ?? textOf(row, 'barcode');
    if (code !== undefined) codes.set(idOf(row), code);
  }
  return codes;
}

async function readExpiries(
  context: ReadContext,
  ids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  if (ids.length === 0) return new Map();
  const model = context.fields.map.models.lot;
  if (!Object.hasOwn(await fieldsGet(context.client, model, ['expiration_date']), 'expiration_date'))
    return new Map();
  const days = new Map<number, string>();
  for (const row of await rowsOf(context, model, ids, ['expiration_date'])) {
    const day = textOf(row, 'expiration_date')?.slice(0, 10);
    if (day !== undefined) days.set(idOf(row), day);
  }
  return days;
}

async function readPlaces(context: ReadContext, ids: readonly number[]): Promise<ReadonlyMap<number, Place>> {
  if (ids.length === 0) return new Map();
  const rows = await rowsOf(context, 'res.partner', ids, [
    'name',
    'street',
    'street2',
    'city',
    'zip',
    'country_code',
    'ref',
  ]);
  return new Map(rows.map((row) => [idOf(row), placeOf(row)]));
}

function placeOf(row: Row): Place {
  const address: Address = {};
  const put = (field: keyof Address, value: string | undefined) => {
    if (value !== undefined) address[field] = value;
  };
  put('line1', textOf(row, 'street'));
  put('line2', textOf(row, 'street2'));
  put('city', textOf(row, 'city'));
  put('postalCode', textOf(row, 'zip'));
  put('countryCode', textOf(row, 'country_code'));
  const ref = textOf(row, 'ref');
  return {
    name: textOf(row, 'name') ?? `partner ${idOf(row)}`,
    ...(ref === undefined ? {} : { code: ref }),
    ...(Object.keys(address).length === 0 ? {} : { address }),
  };
}

async function readWarehouses(
  context: ReadContext,
  typeIds: readonly number[],
): Promise<ReadonlyMap<number, { code: string; name: string }>> {
  if (typeIds.length === 0) return new Map();
  const types = await rowsOf(context, 'stock.picking.type', typeIds, ['warehouse_id']);
  const ids = [...new Set(types.flatMap((row) => linkOf(row, 'warehouse_id')?.id ?? []))];
  const warehouses = new Map(
    (ids.length === 0 ? [] : await rowsOf(context, 'stock.warehouse', ids, ['code', 'name'])).map((row) => [
      idOf(row),
      { code: textOf(row, 'code') ?? '', name: textOf(row, 'name') ?? '' },
    ]),
  );
  return new Map(
    types.flatMap((row) => {
      const warehouse = warehouses.get(linkOf(row, 'warehouse_id')?.id ?? 0);
      return warehouse === undefined ? [] : [[idOf(row), warehouse] as const];
    }),
  );
}
