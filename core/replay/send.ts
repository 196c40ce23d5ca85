/**
 * Sending one letter of a basket: the item's mark, the letter's mark and the message's row in its inbox are one unit.
 * Whatever crashes, whoever starts it again: either all of it has happened, or nothing.
 */
import { MARK_REPLAYED, REPLAY_HEADER } from '../dead-letter';
import { acceptStatement, type Incoming, lockPartition } from '../delivery';
import type { Row, Statement, Store } from '../store';
import { END_PENDING, NOT_TAKEN, SEND } from './schema';

/** Where replay nodes take letters that have no inbox of their own; `node` is the replay node's id. */
export function replaySource(node: string): string {
  return `replay:${node}`;
}

export interface Sending {
  readonly basket: string;
  readonly item: number;
  readonly source: string;
  readonly statements: readonly Statement[];
}

/** @param source the inbox that gets it: the letter's own, or a replay node's */
export function sending(store: Store, of: Row, row: Row, source: string): Sending {
  const basket = String(of['id']);
  const item = Number(row['item']);
  const letter = String(row['letter_id']);
  const incoming = incomingOf(basket, item, row, source);
  const { id, partitionKey } = incoming;
  const locks = partitionKey === undefined || store.exclusive ? [] : [lockPartition(source, partitionKey)];
  const headers = JSON.stringify(incoming.headers);
  const note = 'Not needed: its sender has sent the message again, or the flow is done with it.';
  return {
    basket,
    item,
    source,
    statements: [
      { sql: MARK_REPLAYED, params: [String(of['started_by'] ?? ''), basket, letter], expect: 1 },
      { sql: SEND, params: [source, id, basket, item, basket], expect: 1 },
      ...locks,
      acceptStatement(source, incoming),
      { sql: NOT_TAKEN, params: [note, basket, item, source, id, headers] },
    ],
  };
}

/** Why a letter is not to be sent any more; undefined when it is. */
export function skipped(basket: string, row: Row): Statement | undefined {
  const state = row['letter_state'];
  if (state === 'parked') return undefined;
  const discarded = state === 'discarded';
  const note = discarded
    ? `The letter was discarded: ${String(row['handled_note'] ?? '')}`
    : state === null
      ? 'The letter is not there any more.'
      : 'The letter was replayed by another basket.';
  return {
    sql: END_PENDING,
    params: [discarded ? 'discarded' : 'skipped', note, basket, Number(row['item'])],
  };
}

function incomingOf(basket: string, item: number, row: Row, source: string): Incoming {
  const own = row['source'] === source;
  const headers = JSON.parse(String(row['headers'])) as Record<string, string>;
  return {
    // In its own inbox the message keeps its delivery id, so that a late copy from its sender is known.
    id: own ? String(row['delivery_id']) : `${basket}/${item}`,
    partitionKey: row['partition_key'] === null ? undefined : String(row['partition_key']),
    body: bodyToSend(row),
    headers: { ...headers, [REPLAY_HEADER]: `${basket}/${item}` },
    ...(row['priority'] === null ? {} : { priority: Number(row['priority']) }),
  };
}

/** The edited body, else the message as it arrived, else as it failed. */
export function bodyToSend(row: Row): Uint8Array {
  if (row['body'] instanceof Uint8Array) return row['body'];
  if (row['original'] instanceof Uint8Array) return row['original'];
  return Buffer.from(String(row['failed_as'] ?? 'null'));
}
