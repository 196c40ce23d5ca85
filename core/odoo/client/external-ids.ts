import { CALL_RETRY, withRetry } from './retry';
import type { OdooClient } from './types';

interface MetadataRow {
  readonly id: number;
  readonly xmlid: string | false;
  readonly xmlids?: readonly { readonly xmlid: string }[];
}

/** The external ids of records (`module.name`), which every account that may read the records may ask for. */
export async function externalIds(
  client: OdooClient,
  model: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await withRetry(CALL_RETRY, () =>
    client.call<readonly MetadataRow[]>(model, 'get_metadata', { ids }),
  );
  // Older versions tell one external id of a record only.
  return new Map(
    rows.map(({ id, xmlid, xmlids }) => [id, xmlids?.map((each) => each.xmlid) ?? (xmlid ? [xmlid] : [])]),
  );
}
