import type { Migration, SqlValue, Statement } from '../store';
import { ownerIsGone } from './instances';
import type { OutgoingEvent } from './outbox';

/**
 * One row per event. States:
 * - `ready`: as it was added; `taken`: a relay has it in memory and publishes it;
 * - `waiting`: it could not be published, and is tried again from `next_at` on; `queued`: an older event of its
 *   partition key waits or is queued;
 * - `sent`: the channel has confirmed it: the body is gone, the id stays for the retention; `refused`: it will never be
 *   taken by the channel; kept with its error until the same id is added again.
 *
 * Whoever adds events only inserts. All else is done by one relay per channel, the one whose fence stands in
 * `crossdock_outbox_relay`; each of its units checks that. So one key is never sent by two processes, though several
 * share the store, and no state is changed by two at a time.
 *
 * Every step reads the head of a partial index. An event behind a blocked key is looked at once, and then lies in
 * another index until the key is free: however many wait, a turn costs what it moves.
 */
export const OUTBOX_SCHEMA: Migration = {
  idea: 'outbox',
  steps: [
    [
      `CREATE TABLE crossdock_outbox (
        seq {serial},
        channel TEXT NOT NULL,
        event_id TEXT NOT NULL,
        partition_key TEXT,
        priority BIGINT NOT NULL,
        event TEXT,
        address TEXT,
        retain BIGINT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('ready', 'taken', 'waiting', 'queued', 'sent', 'refused')),
        attempts BIGINT NOT NULL,
        next_at BIGINT,
        error TEXT,
        created_at BIGINT NOT NULL,
        sent_at BIGINT,
        UNIQUE (channel, event_id))`,
      `CREATE INDEX crossdock_outbox_ready ON crossdock_outbox (channel, priority, seq) WHERE state = 'ready'`,
      `CREATE INDEX crossdock_outbox_taken ON crossdock_outbox (channel, seq) WHERE state = 'taken'`,
      `CREATE INDEX crossdock_outbox_waiting ON crossdock_outbox (channel, next_at) WHERE state = 'waiting'`,
      `CREATE INDEX crossdock_outbox_blocked ON crossdock_outbox (channel, partition_key, priority, seq)
        WHERE partition_key IS NOT NULL AND state IN ('waiting', 'queued')`,
      `CREATE INDEX crossdock_outbox_sent ON crossdock_outbox (channel, sent_at) WHERE state = 'sent'`,
      `CREATE INDEX crossdock_outbox_refused ON crossdock_outbox (channel, seq) WHERE state = 'refused'`,
      `CREATE TABLE crossdock_outbox_relay (
        channel TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL,
        fence BIGINT NOT NULL,
        lease_until BIGINT NOT NULL)`,
    ],
  ],
};

/** A refused event is taken again: who adds it again has usually mended the cause. */
const ADD = `INSERT INTO crossdock_outbox
    (channel, event_id, partition_key, priority, event, address, retain, state, attempts, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, 'ready', 0, {now})
  ON CONFLICT (channel, event_id) DO UPDATE SET
    partition_key = excluded.partition_key, priority = excluded.priority, event = excluded.event,
    address = excluded.address, retain = excluded.retain, state = 'ready', attempts = 0, error = NULL,
    created_at = excluded.created_at
  WHERE crossdock_outbox.state = 'refused'`;

/** Taken by the relay of this fence as soon as it is there. For an event that was refused, use ADD. */
const ADD_TAKEN = `INSERT INTO crossdock_outbox
    (channel, event_id, partition_key, priority, event, address, retain, state, attempts, created_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, CASE WHEN EXISTS (
      SELECT 1 FROM crossdock_outbox_relay WHERE channel = ? AND fence = ?) THEN 'taken' ELSE 'ready' END, 0, {now})
  ON CONFLICT (channel, event_id) DO NOTHING`;

/** Adds an event that the relay of this fence need not take from the store; it changes no row when its id is known. */
export function addTakenStatement(event: OutgoingEvent, fence: number): Statement {
  const params = paramsOf(event);
  params.push(event.channel, fence);
  return { sql: ADD_TAKEN, params };
}

/** The statement that adds an event; it changes one row, or none when its id is known. */
export function addStatement(event: OutgoingEvent): Statement {
  return { sql: ADD, params: paramsOf(event) };
}

function paramsOf(event: OutgoingEvent): SqlValue[] {
  const { id, channel, partitionKey, address, retain = false, priority = USUAL_PRIORITY } = event;
  return [channel, id, partitionKey ?? null, priority, event.event, address ?? null, retain ? 1 : 0];
}

export const USUAL_PRIORITY = 5;

const ENTER = `INSERT INTO crossdock_outbox_relay (channel, owner, fence, lease_until) VALUES (?, ?, 1, {now} + ?)
  ON CONFLICT (channel) DO UPDATE SET
    owner = excluded.owner, fence = crossdock_outbox_relay.fence + 1, lease_until = excluded.lease_until`;
/** Becomes the channel's relay when there is none; returns the fence. Parameters: channel, owner, lease ms. */
export const ACQUIRE = `${ENTER}
  WHERE crossdock_outbox_relay.lease_until < {now} OR ${ownerIsGone('crossdock_outbox_relay.owner')}
  RETURNING fence`;
/** On a store of one process the newest relay replaces an earlier one, which its fence will tell. */
export const REPLACE = `${ENTER} RETURNING fence`;
/** First in each unit of the relay: prolongs its lease, or finds that it was lost. Parameters: ms, channel, fence. */
export const HOLD =
  'UPDATE crossdock_outbox_relay SET lease_until = {now} + ? WHERE channel = ? AND fence = ?';
export const RELEASE = 'UPDATE crossdock_outbox_relay SET lease_until = 0 WHERE channel = ? AND fence = ?';

const COLUMNS = 'seq, partition_key, priority, event, address, retain, attempts';

/** Takes what is ready, by priority and age. Parameters: channel, limit. */
export const TAKE = `UPDATE crossdock_outbox SET state = 'taken'
  WHERE state = 'ready' AND seq IN (
    SELECT seq FROM crossdock_outbox WHERE channel = ? AND state = 'ready' ORDER BY priority, seq LIMIT ?)
  RETURNING ${COLUMNS}`;
/** Takes what waited for its time. Parameters: channel, limit. */
export const TAKE_DUE = `UPDATE crossdock_outbox SET state = 'taken'
  WHERE state = 'waiting' AND seq IN (
    SELECT seq FROM crossdock_outbox WHERE channel = ? AND state = 'waiting' AND next_at <= {now}
    ORDER BY next_at LIMIT ?)
  RETURNING ${COLUMNS}`;
/** Takes the next ones of a key that is free again. Parameters: channel, partition key, priority, limit. */
export const TAKE_QUEUED = `UPDATE crossdock_outbox SET state = 'taken'
  WHERE state = 'queued' AND seq IN (
    SELECT seq FROM crossdock_outbox WHERE channel = ? AND partition_key = ? AND priority = ?
      AND partition_key IS NOT NULL AND state IN ('waiting', 'queued') AND state = 'queued'
    ORDER BY seq LIMIT ?)
  RETURNING ${COLUMNS}`;
/**
 * Takes the heads of keys that nobody will wake: a relay that stopped wrote that their older ones were sent, and could
 * take nothing more. Reads what waits. Parameter: channel.
 */
export const SWEEP = `UPDATE crossdock_outbox SET state = 'taken'
  WHERE state = 'queued' AND seq IN (
    SELECT min(seq) FROM crossdock_outbox
    WHERE channel = ? AND partition_key IS NOT NULL AND state IN ('waiting', 'queued')
    GROUP BY partition_key, priority)`;
/** What an earlier relay has taken goes back: it is taken again by age, with all else. Parameter: channel. */
export const ALL_BACK = `UPDATE crossdock_outbox SET state = 'ready' WHERE channel = ? AND state = 'taken'`;
/** What is taken. Parameter: channel. */
export const TAKEN = `SELECT ${COLUMNS} FROM crossdock_outbox WHERE channel = ? AND state = 'taken' ORDER BY seq`;

const OLDER_BLOCKED = `SELECT h.seq FROM crossdock_outbox h
  WHERE h.channel = t.channel AND h.partition_key = t.partition_key AND h.priority = t.priority
    AND h.partition_key IS NOT NULL AND h.state IN ('waiting', 'queued') AND h.seq < t.seq`;
/** What is taken though an older event of its key waits. As dear as what is taken. Parameter: channel. */
export const BEHIND = `SELECT t.seq FROM crossdock_outbox t
  WHERE t.channel = ? AND t.state = 'taken' AND t.partition_key IS NOT NULL AND EXISTS (${OLDER_BLOCKED})`;
/** Whether any key is blocked. Parameter: channel. */
export const ANY_BLOCKED = `SELECT 1 AS one FROM crossdock_outbox
  WHERE channel = ? AND partition_key IS NOT NULL AND state IN ('waiting', 'queued') LIMIT 1`;
/** Ms until the next one falls due (negative: now). Parameter: channel. */
export const NEXT_DUE = `SELECT min(next_at) - {now} AS due_in FROM crossdock_outbox
  WHERE channel = ? AND state = 'waiting'`;
/** Everything that waits is due now. Parameter: channel. */
export const ALL_DUE = `UPDATE crossdock_outbox SET next_at = {now} WHERE channel = ? AND state = 'waiting'`;

/** Few lengths, so that there are few texts to prepare; the rest is filled up with the last one. */
const LENGTHS = [8, 64, 512];
const MANY = LENGTHS[LENGTHS.length - 1] ?? 1;

/** Statements that write many results at once: on PostgreSQL each one is a round trip. @param text of a length */
function forMany<T>(
  text: (length: number) => string,
  paramsOf: (result: T) => readonly SqlValue[],
): (results: readonly T[]) => Statement[] {
  const texts = new Map(LENGTHS.map((length) => [length, text(length)]));
  return (results) => {
    const statements: Statement[] = [];
    for (let at = 0; at < results.length; at += MANY) {
      const rows = results.slice(at, at + MANY).map(paramsOf);
      const length = LENGTHS.find((fits) => fits >= rows.length) ?? MANY;
      const last = rows.at(-1) ?? [];
      while (rows.length < length) rows.push(last);
      statements.push({ sql: texts.get(length) ?? '', params: rows.flat() });
    }
    return statements;
  };
}

function times(length: number, text: string): string {
  return Array.from({ length }, () => text).join(', ');
}

/** All of them get the same. */
const alike = (update: string) =>
  forMany<number>(
    (length) => `UPDATE crossdock_outbox SET ${update}
      WHERE state = 'taken' AND seq IN (${times(length, '?')})`,
    (seq) => [seq],
  );
/** Each gets values of its own: `own.column2` and so on, of these types; `own.column1` is its seq. */
const each = <T>(update: string, types: readonly string[], paramsOf: (result: T) => readonly SqlValue[]) =>
  forMany<T>(
    (length) => `UPDATE crossdock_outbox SET ${update}
      FROM (VALUES ${times(length, `(${['BIGINT', ...types].map((type) => `CAST(? AS ${type})`).join(', ')})`)}) AS own
      WHERE crossdock_outbox.seq = own.column1 AND crossdock_outbox.state = 'taken'`,
    paramsOf,
  );

/** The events are confirmed: their bodies go, their ids stay. */
export const sentStatements = alike(
  "state = 'sent', event = NULL, address = NULL, error = NULL, next_at = NULL, sent_at = {now}",
);
/** The events stand behind another one of their key. */
export const queueStatements = alike("state = 'queued'");
/** The events were taken too early. */
export const backStatements = alike("state = 'ready'");
/** The events are tried again in so many ms. */
export const waitStatements = each<{ seq: number; inMs: number; error: string }>(
  "state = 'waiting', attempts = attempts + 1, next_at = {now} + own.column2, error = own.column3",
  ['BIGINT', 'TEXT'],
  ({ seq, inMs, error }) => [seq, inMs, error],
);
/** The events are never tried again. */
export const refuseStatements = each<{ seq: number; error: string }>(
  "state = 'refused', attempts = attempts + 1, next_at = NULL, error = own.column2",
  ['TEXT'],
  ({ seq, error }) => [seq, error],
);

/** Counts; the cost is in line with what is not sent. Parameters: channel, five times. */
export const COUNT = `SELECT
  (SELECT count(*) FROM crossdock_outbox WHERE channel = ? AND state = 'ready') AS ready,
  (SELECT count(*) FROM crossdock_outbox WHERE channel = ? AND state = 'taken') AS taken,
  (SELECT count(*) FROM crossdock_outbox WHERE channel = ? AND state = 'waiting') AS waiting,
  (SELECT count(*) FROM crossdock_outbox WHERE channel = ? AND partition_key IS NOT NULL
    AND state IN ('waiting', 'queued') AND state = 'queued') AS queued,
  (SELECT count(*) FROM crossdock_outbox WHERE channel = ? AND state = 'refused') AS refused`;
/** The age of the oldest that is not sent. Parameters: channel, three times. */
export const OLDEST = `SELECT {now} - min(created_at) AS age FROM (
  SELECT created_at FROM crossdock_outbox WHERE channel = ? AND state = 'ready'
  UNION ALL SELECT created_at FROM crossdock_outbox WHERE channel = ? AND state = 'taken'
  UNION ALL SELECT created_at FROM crossdock_outbox WHERE channel = ? AND state = 'waiting') AS unsent`;
/** How many wait since nobody is subscribed to their address. Parameter: channel. */
export const UNROUTABLE = `SELECT count(*) AS unroutable FROM crossdock_outbox
  WHERE channel = ? AND state = 'waiting' AND error LIKE '{"code":"CHANNEL_UNROUTABLE"%'`;
/** The newest refusal. Parameter: channel. */
export const LAST_REFUSED = `SELECT error FROM crossdock_outbox
  WHERE channel = ? AND state = 'refused' ORDER BY seq DESC LIMIT 1`;

/** Forgets what was sent, a bounded number per call. Parameters: channel, retention ms. */
export const CLEAN_UP = `DELETE FROM crossdock_outbox WHERE seq IN (
  SELECT seq FROM crossdock_outbox WHERE channel = ? AND state = 'sent' AND sent_at < {now} - ?
  ORDER BY sent_at LIMIT 1000)`;
