/** Trying a basket: every message goes through the current mapping of its source, and nothing is sent. */
import { REPLAY_HEADER } from '../dead-letter';
import { asCrossdockError } from '../errors';
import type { Row, Statement, Store } from '../store';
import type { DryRun } from './api';
import { changesBetween } from './changes';
import { TO_TRY } from './schema';
import { bodyToSend } from './send';

/** A message to be tried. */
export interface Trial {
  readonly source: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** Store clock, ms; undefined when it is not known. */
  readonly receivedAt: number | undefined;
}

/** A mapping that was found on the way of a source's messages. */
export interface TrialMapping {
  readonly id: string;
  readonly name: string;
  /** Rejects with why the message cannot be mapped. */
  map(trial: Trial): Promise<unknown>;
}

/** Finds the mapping for a source's messages; undefined when there is none that can be asked. */
export type FindMapping = (source: string) => TrialMapping | undefined;

const RECORD = `UPDATE crossdock_basket_item SET dry_run = ?, dry_result = ?
  WHERE basket_id = ? AND item = ? AND state = 'pending'`;

/**
 * Tries the next items behind `after`.
 * @returns the last one; 0 when there is none
 */
export async function tryItems(
  store: Store,
  basket: string,
  find: FindMapping,
  after: number,
  limit: number,
): Promise<number> {
  const [found] = await store.run([{ sql: TO_TRY, params: [basket, after, limit] }]);
  const rows = found?.rows ?? [];
  const statements: Statement[] = [];
  for (const row of rows) {
    const result = await tryItem(row, find);
    statements.push({
      sql: RECORD,
      params: [JSON.stringify(result), result.result, basket, Number(row['item'])],
    });
  }
  if (statements.length > 0) await store.run(statements);
  return Number(rows.at(-1)?.['item'] ?? 0);
}

async function tryItem(row: Row, find: FindMapping): Promise<DryRun> {
  const source = row['source'] === null ? '' : String(row['source']);
  const mapping = find(source);
  const base = { mapper: null, code: null, message: null, problems: [], changes: [], moreChanges: 0 };
  // Without its original, a message is known only as it was somewhere in the flow.
  if (mapping === undefined || (row['original'] === null && row['body'] === null)) {
    return { ...base, result: 'unknown' };
  }
  const mapper = { id: mapping.id, name: mapping.name };
  const headers = JSON.parse(String(row['headers'] ?? '{}')) as Record<string, string>;
  delete headers[REPLAY_HEADER];
  try {
    const receivedAt = row['received_at'] === null ? undefined : Number(row['received_at']);
    const mapped = await mapping.map({ source, body: bodyToSend(row), headers, receivedAt });
    const compared = changesBetween(JSON.parse(String(row['failed_as'] ?? 'null')), mapped);
    return {
      ...base,
      mapper,
      result: 'ok',
      changes: compared?.changes ?? [],
      moreChanges: compared?.more ?? 0,
    };
  } catch (thrown) {
    const { code, message, problems } = asCrossdockError(thrown);
    return { ...base, mapper, result: 'error', code, message, problems: problems.slice(0, 20) };
  }
}
