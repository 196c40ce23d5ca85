/** Messages of sources that are still there with their bodies: what waits in an inbox, and what was parked from it. */
import { DeadLetters, REPLAY_HEADER } from '../dead-letter';
import { INBOX_SCHEMA } from '../delivery';
import type { Row, Store } from '../store';

export interface WaitingMessage {
  readonly id: string;
  readonly found: 'inbox' | 'dead letters';
  readonly source: string;
  /** Store clock, ms. */
  readonly receivedAt: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** A partial index is used only where its condition stands literally in the query: one query per state. */
const STATES = ['ready', 'suspect', 'waiting', 'leased'].map(
  (state) => `SELECT id, received_at, headers, body FROM crossdock_inbox
    WHERE source = ? AND state = '${state}' LIMIT ?`,
);
const PARKED = `SELECT delivery_id AS id, received_at, headers, original AS body FROM crossdock_dead_letter
  WHERE state = 'parked' AND source = ? ORDER BY last_at DESC, id DESC LIMIT ?`;

/** @param limit per source and place */
export async function waitingMessages(
  store: Store,
  sources: readonly string[],
  limit: number,
): Promise<WaitingMessage[]> {
  if (sources.length === 0) return [];
  await store.migrate(INBOX_SCHEMA);
  await DeadLetters.open(store);
  const found: WaitingMessage[] = [];
  for (const source of sources) {
    const results = await store.run([...STATES, PARKED].map((sql) => ({ sql, params: [source, limit] })));
    for (const [index, { rows }] of results.entries()) {
      const place = index < STATES.length ? 'inbox' : 'dead letters';
      for (const row of rows) {
        const message = messageOf(row, place, source);
        if (message !== undefined) found.push(message);
      }
    }
  }
  return found.sort((a, b) => b.receivedAt - a.receivedAt);
}

function messageOf(row: Row, found: WaitingMessage['found'], source: string): WaitingMessage | undefined {
  const { id, body, headers, received_at: receivedAt } = row;
  if (!(body instanceof Uint8Array)) return undefined;
  const told = JSON.parse(typeof headers === 'string' ? headers : '{}') as Record<string, string>;
  delete told[REPLAY_HEADER];
  return { id: String(id ?? ''), found, source, receivedAt: Number(receivedAt ?? 0), body, headers: told };
}
