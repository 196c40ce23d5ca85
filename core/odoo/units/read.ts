/** Reading uom.uom: one way for all operations. */
import type { OdooUnit } from '../../units/index';
import { fieldMap } from '../client/field-map';
import { CALL_RETRY, type RetryPolicy, withRetry } from '../client/retry';
import { idOf, type Link, search } from '../client/rows';
import type { OdooClient } from '../client/types';

export type UnitRows = ReadonlyMap<number, OdooUnit>;

interface UnitRow {
  readonly id: number;
  readonly name: string;
  readonly factor: number;
  readonly category_id?: Link;
  readonly parent_path?: string | false;
}

export interface UnitWish {
  /** Only these; default: all. */
  readonly ids?: readonly number[];
  /** Whether their external ids are needed, which tell the code of a unit; default: yes. */
  readonly named?: boolean;
  readonly retry?: RetryPolicy;
}

/** Units by id, archived ones too: a product may be counted in one. Rejects as OdooClient.call. */
export async function readUnits(
  client: OdooClient,
  { ids, named = true, retry = CALL_RETRY }: UnitWish = {},
): Promise<UnitRows> {
  const { uom } = fieldMap(await client.version());
  const wanted = {
    domain: ids === undefined ? [] : [['id', 'in', ids]],
    fields: ['id', 'name', 'factor', uom.kinship],
    context: { active_test: false },
  };
  const rows = await search<UnitRow>(client, 'uom.uom', wanted, retry);
  if (rows.length === 0) return new Map();
  // Everybody who may read units may ask for their external ids; ir.model.data itself is for administrators.
  const names = named
    ? await withRetry(retry, () =>
        client.call<Readonly<Record<string, string>>>('uom.uom', 'get_external_id', {
          ids: rows.map(({ id }) => id),
        }),
      )
    : {};
  return new Map(rows.map((row) => [row.id, unitOf(row, names[String(row.id)])]));
}

function unitOf(row: UnitRow, xmlId: string | undefined): OdooUnit {
  const category = idOf(row.category_id);
  return {
    ...{ id: row.id, name: row.name, factor: row.factor },
    ...(category === undefined ? {} : { category }),
    ...(row.parent_path ? { parentPath: row.parent_path } : {}),
    ...(xmlId ? { xmlId } : {}),
  };
}
