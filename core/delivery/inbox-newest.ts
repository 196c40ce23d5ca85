/**
 * Only the newest message per partition key: what has not entered the flow when a newer one of its key comes is settled
 * as superseded, in the unit that takes the newer one in. For messages that each say the whole state of a thing (a
 * stock level, a price), where an older one is worth nothing beside a newer one.
 *
 * - Newer is what has the higher version within its series (the sender's sequence), else what arrived later. The newest
 *   of each key is remembered as long as delivery ids are: an older one that arrives late is superseded itself.
 * - What is in the flow is finished first. When it fails for now, the newer one goes instead of another attempt.
 * - The newer one takes the place and the urgency of what it supersedes. Otherwise a key that changes faster than its
 *   queue moves would never have its turn, and one that was sold out would lose its right of way by selling again. It is
 *   under the same suspicion, too: a key whose messages end the process would otherwise do so for as long as it changes.
 *
 * A superseded row is `done` like any other that needs no more work, with the id of what superseded it.
 */
import type { Row, Statement, Store } from '../store';
import {
  acceptStatement,
  type Incoming,
  LEASE,
  LEASE_SUSPECT,
  partitionLock,
  promoteStatement,
} from './inbox-schema';

const OF_KEY = 'n.source = ? AND n.partition_key = ?';
const NEWEST_SEQ = `(SELECT n.seq FROM crossdock_inbox_newest n WHERE ${OF_KEY})`;
const NEWEST_ID = `(SELECT n.id FROM crossdock_inbox_newest n WHERE ${OF_KEY})`;
const WAITING = `o.source = ? AND o.partition_key = ? AND o.settled_at IS NULL AND o.state <> 'leased'`;
const T = 'crossdock_inbox_newest';
/** A sender that counts from the beginning again (a new store) would otherwise not be heard for a month. */
const RESTART_MS = 60_000;
const RESTARTED = `(${T}.event_at > 0 AND excluded.event_at > ${T}.event_at + ${RESTART_MS})`;
const NEWER = `CASE WHEN ${T}.series <> '' AND ${T}.series = excluded.series AND ${T}.version <> excluded.version
  THEN excluded.version > ${T}.version OR ${RESTARTED} ELSE excluded.seq > ${T}.seq END`;
const SUPERSEDED = `state = 'done', settled_at = {now}, body = NULL, headers = '{}', error = NULL`;

/** Parameters: series, version, event's time (ms, 0: unknown), source, id. Nothing for a duplicate that is settled. */
export const NOTE_NEWEST = `INSERT INTO ${T} (source, partition_key, seq, id, series, version, event_at, noted_at)
  SELECT source, partition_key, seq, id, ?, ?, CAST(? AS BIGINT), {now} FROM crossdock_inbox
    WHERE source = ? AND id = ? AND settled_at IS NULL
  ON CONFLICT (source, partition_key) DO UPDATE SET
    seq = excluded.seq, id = excluded.id, series = excluded.series, version = excluded.version,
    event_at = excluded.event_at, noted_at = excluded.noted_at
  WHERE ${NEWER}`;

/** Parameters: source and key, five times. */
export const TAKE_PLACE = `UPDATE crossdock_inbox SET
    priority = (SELECT min(o.priority) FROM crossdock_inbox o WHERE ${WAITING}),
    place = (SELECT min(o.place) FROM crossdock_inbox o WHERE ${WAITING}),
    unended = (SELECT max(o.unended) FROM crossdock_inbox o WHERE ${WAITING})
  WHERE seq = ${NEWEST_SEQ} AND settled_at IS NULL AND state <> 'leased'
    AND EXISTS (SELECT 1 FROM crossdock_inbox o WHERE ${WAITING} AND o.seq <> crossdock_inbox.seq)`;

/**
 * Settles what is older than the newest, and the message itself when it is not the newest. What came behind the newest
 * from a writer that does not know of all this stays. Parameters: source and key, three times; id; source and key.
 */
export const SUPERSEDE = `UPDATE crossdock_inbox SET ${SUPERSEDED}, superseded_by = ${NEWEST_ID}
  WHERE source = ? AND partition_key = ? AND settled_at IS NULL AND state <> 'leased'
    AND (seq < ${NEWEST_SEQ} OR (id = ? AND seq <> ${NEWEST_SEQ}))`;

/** What a lease returns beside the rest: the key's newest, when it is a later one. */
const NEWEST_OF_LEASED = `(SELECT n.id FROM crossdock_inbox_newest n WHERE n.source = crossdock_inbox.source
  AND n.partition_key = crossdock_inbox.partition_key AND n.seq > crossdock_inbox.seq) AS newest`;

export const LEASE_NEWEST = `${LEASE}, ${NEWEST_OF_LEASED}`;
export const LEASE_SUSPECT_NEWEST = `${LEASE_SUSPECT}, ${NEWEST_OF_LEASED}`;

/** Parameters: silent ends of the one that is superseded (twice); source and key. */
export const TAKE_SUSPICION = `UPDATE crossdock_inbox SET unended = ?
  WHERE unended < ? AND seq = ${NEWEST_SEQ} AND settled_at IS NULL AND state <> 'leased'`;

/** One that is leased and has not entered the flow. Parameters: id of the newest, seq, fence. */
export const SUPERSEDE_LEASED = `UPDATE crossdock_inbox SET ${SUPERSEDED}, superseded_by = ?
  WHERE seq = ? AND fence = ? AND state = 'leased'`;

/** What was there before anybody looked after the newest: by arrival. Parameter: source. */
export const NOTE_ALL = `INSERT INTO ${T} (source, partition_key, seq, id, series, version, event_at, noted_at)
  SELECT i.source, i.partition_key, i.seq, i.id, '', '', 0, {now} FROM crossdock_inbox i JOIN (
    SELECT max(seq) AS seq FROM crossdock_inbox
    WHERE source = ? AND partition_key IS NOT NULL AND settled_at IS NULL GROUP BY partition_key) m ON m.seq = i.seq
  WHERE i.settled_at IS NULL
  ON CONFLICT (source, partition_key) DO UPDATE SET
    seq = excluded.seq, id = excluded.id, series = '', version = '', event_at = 0, noted_at = excluded.noted_at
  WHERE excluded.seq > ${T}.seq`;

/** Where all are delivered again, nobody has a place before the others. Parameters: source, three times. */
export const FORGET_PLACES = `UPDATE crossdock_inbox SET place = 0 WHERE place > 0 AND seq IN (
  SELECT seq FROM crossdock_inbox WHERE source = ? AND state = 'ready' AND place > 0
  UNION ALL SELECT seq FROM crossdock_inbox WHERE source = ? AND state = 'waiting' AND place > 0
  UNION ALL SELECT seq FROM crossdock_inbox
    WHERE source = ? AND partition_key IS NOT NULL AND settled_at IS NULL AND state = 'queued' AND place > 0)`;

/** Settles all that is older than the newest of its key. Parameter: source. */
export const SUPERSEDE_ALL = `UPDATE crossdock_inbox SET ${SUPERSEDED},
    superseded_by = (SELECT n.id FROM crossdock_inbox_newest n
      WHERE n.source = crossdock_inbox.source AND n.partition_key = crossdock_inbox.partition_key)
  WHERE source = ? AND partition_key IS NOT NULL AND settled_at IS NULL AND state <> 'leased'
    AND EXISTS (SELECT 1 FROM crossdock_inbox_newest n WHERE n.source = crossdock_inbox.source
      AND n.partition_key = crossdock_inbox.partition_key AND n.seq > crossdock_inbox.seq)`;

/** Forgets keys of which nothing has come for so long, a bounded number per call. Parameters: source, source, ms. */
export const FORGET_NEWEST = `DELETE FROM ${T} WHERE source = ? AND partition_key IN (
  SELECT partition_key FROM ${T} WHERE source = ? AND noted_at < {now} - ? LIMIT 1000)`;

/** More than these are "many". */
export const MANY_SUPERSEDED = 10_000;
/** How many were superseded within so many ms, up to `MANY_SUPERSEDED`. Parameters: source, ms. */
export const COUNT_SUPERSEDED = `SELECT count(*) AS superseded FROM (SELECT 1 AS one FROM crossdock_inbox
  WHERE source = ? AND superseded_by IS NOT NULL AND settled_at > {now} - ? LIMIT ${MANY_SUPERSEDED}) AS s`;

/**
 * Takes a message in, and settles what it supersedes or, if it is an old one, itself. The first statement changes one row,
 * or none for a duplicate. A message without a key supersedes nothing.
 */
export function acceptNewest(source: string, incoming: Incoming): Statement[] {
  const { id, partitionKey, version } = incoming;
  if (partitionKey === undefined) return [acceptStatement(source, incoming, true)];
  const { series = '', order = '', at = 0 } = version ?? {};
  return [
    acceptStatement(source, incoming, true),
    { sql: NOTE_NEWEST, params: [series, order, at, source, id] },
    ...supersedeStatements(source, partitionKey, id),
  ];
}

/**
 * Settles what waits for a key and is not its newest, and lets the newest go; behind whatever has changed what waits, in
 * the same unit.
 * @param arrived the id of a message that has just come and may itself be an old one
 */
export function supersedeStatements(source: string, partitionKey: string, arrived = ''): Statement[] {
  const of = [source, partitionKey];
  return [
    { sql: TAKE_PLACE, params: [...of, ...of, ...of, ...of, ...of] },
    { sql: SUPERSEDE, params: [...of, ...of, ...of, arrived, ...of] },
    promoteStatement(source, partitionKey),
  ];
}

/**
 * Settles what was leased and must not enter the flow: it came back from there (a crash, a deploy), and a newer one of its
 * key waits behind it.
 * @param rows as `LEASE_NEWEST` returns them
 * @param superseded called for each that is settled
 * @returns the others
 */
export async function withoutSuperseded(
  store: Store,
  source: string,
  rows: readonly Row[],
  superseded: () => void,
): Promise<readonly Row[]> {
  const stale = rows.filter(({ newest }) => typeof newest === 'string');
  if (stale.length === 0) return rows;
  await Promise.all(
    stale.map(async (row) => {
      const key = String(row['partition_key']);
      // Without the lease that found it.
      const silent = Number(row['unended']) - 1;
      await store.run([
        ...partitionLock(store, source, key),
        { sql: TAKE_SUSPICION, params: [silent, silent, source, key] },
        {
          sql: SUPERSEDE_LEASED,
          params: [String(row['newest']), Number(row['seq']), Number(row['fence'])],
        },
        promoteStatement(source, key),
      ]);
      superseded();
    }),
  );
  return rows.filter((row) => !stale.includes(row));
}
