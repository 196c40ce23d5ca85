/**
 * Reads any number of records in pages by ascending id: what is added or deleted meanwhile neither repeats nor skips
 * a record, and a reading can be taken up again behind any id. A page is asked for only when it is wanted.
 */
import { CrossdockError } from '../../errors/index';
import { CALL_RETRY, withRetry } from '../client/retry';
import type { OdooClient } from '../client/types';
import { isObject, safeCopy, safeName } from './arguments';
import { assertSize } from './caller';
import { invalidCall } from './faults';
import { fieldsOf } from './fields';
import { toPlainRows } from './read-values';

export interface PagesOptions {
  readonly model: string;
  /** Odoo's domain, for example `[["state", "=", "sale"]]`. */
  readonly domain: unknown;
  /** Names of fields; all that the account may read when empty. */
  readonly fields: readonly string[];
  readonly context?: Readonly<Record<string, unknown>> | undefined;
  readonly pageSize: number;
  /** Only records with a higher id: where an earlier reading stopped. */
  readonly after: number;
  readonly shape: 'plain' | 'odoo';
  /** Records in all; beyond, the reading fails with ODOO_TOO_MANY_ROWS. */
  readonly maxRows: number;
  /** Bytes of one page as JSON. */
  readonly maxBytes: number;
}

export interface Page {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** From 0. */
  readonly index: number;
  /** Records before this page. */
  readonly before: number;
  /** The id to go on behind. */
  readonly lastId: number;
  /** Whether this is the last page. */
  readonly last: boolean;
}

/** Rejects like `OdooClient.call`, with CALL_INVALID (permanent) or ODOO_TOO_MANY_ROWS (permanent). */
export async function* readPages(
  client: OdooClient,
  options: PagesOptions,
): AsyncGenerator<Page, void, void> {
  const { model, pageSize, maxRows, maxBytes, shape, context } = options;
  const domain = readDomain(options.domain);
  const fields = options.fields.map((name) => safeName(name, 'a field'));
  const known = shape === 'plain' ? await fieldsOf(client, model) : undefined;
  let lastId = options.after;
  let before = 0;
  for (let index = 0; ; index += 1) {
    const args = {
      domain: [['id', '>', lastId], ...domain],
      // One more than a page: whether it is the last is known before it is given.
      limit: pageSize + 1,
      order: 'id',
      ...(fields.length === 0 ? {} : { fields: [...new Set(['id', ...fields])] }),
    };
    const found = await withRetry(CALL_RETRY, () =>
      client.call<readonly Record<string, unknown>[]>(model, 'search_read', { args, context }),
    );
    const last = found.length <= pageSize;
    const rows = last ? found : found.slice(0, pageSize);
    if (before + rows.length > maxRows) {
      throw new CrossdockError(
        `More than ${maxRows} records of ${model} match: narrow the search, or raise the limit.`,
        {
          code: 'ODOO_TOO_MANY_ROWS',
          kind: 'permanent',
          facts: { model, limit: maxRows },
        },
      );
    }
    assertSize(rows, maxBytes, model, 'search_read');
    lastId = Number(rows.at(-1)?.['id'] ?? lastId);
    const given = known === undefined ? rows : toPlainRows(rows, known);
    yield { rows: given as Page['rows'], index, before, lastId, last };
    if (last) return;
    before += rows.length;
  }
}

/** Throws CALL_INVALID unless it looks like a domain: Odoo itself judges what stands in it. */
export function readDomain(value: unknown): readonly unknown[] {
  if (value === undefined || value === null || value === '') return [];
  const domain = safeCopy(value, '/domain');
  if (!Array.isArray(domain))
    throw invalidCall('The domain must be a list such as [["state", "=", "sale"]].');
  for (const term of domain as readonly unknown[]) {
    const operator = term === '&' || term === '|' || term === '!';
    if (operator || (Array.isArray(term) && term.length === 3)) continue;
    throw invalidCall('Each term of the domain must be [field, operator, value], or one of & | !.');
  }
  return domain as readonly unknown[];
}

/** Fields as people write them: a list, or names parted by commas. */
export function readFieldNames(value: unknown): readonly string[] {
  if (value === undefined || value === null || value === '') return [];
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  return list.map((name) => {
    if (typeof name === 'string' && !isObject(name)) return safeName(name.trim(), 'a field');
    throw invalidCall('The fields must be a list of names.');
  });
}
