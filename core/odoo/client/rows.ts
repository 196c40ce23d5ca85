/** Rows of Odoo: what they link to, and all that a condition finds. */
import { CALL_RETRY, type RetryPolicy, withRetry } from './retry';
import type { Many2One, OdooClient } from './types';

/** A many2one; without its display name where rows are read without, a pair from versions that always give one. */
export type Link = number | Many2One | null;

export function idOf(link: Link | undefined): number | undefined {
  if (typeof link === 'number') return link;
  return Array.isArray(link) ? (link[0] as number) : undefined;
}

/** 0, which is no record's id, where nothing is linked: finds nothing in a map, and no row. */
export function idOrZero(link: Link | undefined): number {
  return idOf(link) ?? 0;
}

export interface Search {
  readonly domain: readonly (readonly unknown[])[];
  readonly fields: readonly string[];
  /** Default: by id. */
  readonly order?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** All rows of a condition that is known to find few. Throws what OdooClient.call throws. */
export async function search<Row>(
  client: OdooClient,
  model: string,
  { domain, fields, order = 'id', context }: Search,
  retry: RetryPolicy = CALL_RETRY,
): Promise<readonly Row[]> {
  const [first] = domain;
  // An empty list of ids finds nothing: no need to ask.
  if (first?.[1] === 'in' && Array.isArray(first[2]) && first[2].length === 0) return [];
  return withRetry(retry, () =>
    client.call<readonly Row[]>(model, 'search_read', {
      args: { domain, fields, order },
      ...(context === undefined ? {} : { context }),
    }),
  );
}
