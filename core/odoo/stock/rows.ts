/** Reading many rows: by ascending id, in pages, without the display names that cost Odoo half of the time. */
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';

export interface Query {
  readonly domain: readonly unknown[];
  readonly fields: readonly string[];
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** `search_read` takes read's own arguments since 15; 17 and later were looked at. */
const BARE_LINKS_SINCE = 17;
/** Rows per call where there is no smaller page. Bounds an answer to a few hundred kB. */
const ROWS = 5000;

/** Up to `limit` rows by ascending id. Throws what OdooClient.call throws. */
export async function searchRead<T>(
  client: OdooClient,
  model: string,
  query: Query,
  limit: number,
): Promise<readonly T[]> {
  const { major } = await client.version();
  const bare = major >= BARE_LINKS_SINCE ? { load: '' } : {};
  return withRetry(CALL_RETRY, () =>
    client.call<readonly T[]>(model, 'search_read', {
      args: { domain: query.domain, fields: query.fields, order: 'id', limit, ...bare },
      ...(query.context === undefined ? {} : { context: query.context }),
    }),
  );
}

/** All rows, however many. */
export async function searchReadAll<T extends { readonly id: number }>(
  client: OdooClient,
  model: string,
  query: Query,
): Promise<T[]> {
  const all: T[] = [];
  for (let after = 0; ; ) {
    const domain = [['id', '>', after], ...query.domain];
    const rows = await searchRead<T>(client, model, { ...query, domain }, ROWS);
    all.push(...rows);
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS) return all;
    after = last.id;
  }
}

/** The items in parts of at most `size`. */
export function parts<T>(items: readonly T[], size: number): T[][] {
  const all: T[][] = [];
  for (let from = 0; from < items.length; from += size) all.push(items.slice(from, from + size));
  return all;
}
