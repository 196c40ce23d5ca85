/**
 * What the benchmarks of event in share. So many messages wait at the broker; event in takes all of them into the
 * store (committed with fsync, acknowledged) while it delivers and settles them too. The time runs from the first
 * message's arrival until the flow has got the last one, which it gets only after its commit and acknowledgement.
 *
 * Beside it a bare client of the same broker with the same window, which writes each message into the same table (with
 * the same indexes and the same durability) as it comes, and acknowledges it.
 */
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { INBOX_SCHEMA } from '../../core/delivery/inbox-schema';
import { openSqliteStore } from '../../core/store';
import { tempDir } from '../../test/support';
import { at, startNodeRed } from './feed';
import { compared, median, round, sideBySide } from './measure';

export const WINDOW = 256;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const TARGET = 0.7;

/** The function's state is an object that its context holds: `node` is a new one for every message. */
const COUNT = `
const seen = context.get('seen') ?? { n: 0, first: Infinity, last: 0 };
const came = Date.parse(msg.crossdock.receivedAt);
seen.n += 1;
seen.first = Math.min(seen.first, came);
seen.last = Math.max(seen.last, came);
if (seen.n === 1) {
  seen.expected = Number(env.get('BENCH_MESSAGES'));
  context.set('seen', seen);
}
if (seen.n === seen.expected) {
  const times = { committed: seen.last - seen.first, delivered: Date.now() - seen.first };
  node.warn('bench ended ' + JSON.stringify(times));
}`;

/** A function that inserts one message, committed when it returns. */
export type Insert = (message: { id: string; key: string; headers: string; body: Uint8Array }) => void;

export interface EventInSides {
  /** The channel's config node without its id. */
  readonly channel: Readonly<Record<string, unknown>>;
  /** Lets `count` messages wait for event in. */
  fillOurs(run: string, count: number): Promise<void>;
  /** Lets `count` messages wait for the bare client. */
  fillBare(run: string, count: number): Promise<void>;
  /** Takes and acknowledges `count` messages. @returns seconds from the first one's arrival to the last acknowledgement */
  drainBare(count: number, insert: Insert): Promise<number>;
  /** Messages that still wait for event in, which is away; undefined where that cannot be known. */
  left(): Promise<number | undefined>;
}

/** @returns the benchmark's line */
export async function benchEventIn(sides: EventInSides, messages: number): Promise<Record<string, unknown>> {
  const red = await startNodeRed(flows(sides.channel, true), { BENCH_MESSAGES: String(messages) });
  const bareStore = await openBare();
  const committed: number[] = [];
  const ours = async (turn: number): Promise<number> => {
    await red.deploy(flows(sides.channel, false));
    await sides.fillOurs(`ours${turn}`, messages);
    const from = red.log.length;
    await red.deploy(flows(sides.channel, true));
    const line = await red.waitForLog(/bench ended/, { from, timeoutMs: 300_000 });
    // Waits until what is in the flow is settled.
    await red.deploy(flows(sides.channel, false));
    const left = await sides.left();
    if (left !== undefined && left > 0) throw new Error(`${left} messages were not acknowledged`);
    const times = JSON.parse(/\{.*\}/.exec(line)?.[0] ?? '{}') as { committed: number; delivered: number };
    if (turn > 0) committed.push((messages / times.committed) * 1000);
    return (messages / times.delivered) * 1000;
  };
  const bare = async (turn: number): Promise<number> => {
    await sides.fillBare(`bare${turn}`, messages);
    return messages / (await sides.drainBare(messages, bareStore.insert));
  };
  try {
    // About Mosquitto there always is a warning.
    await red.waitForLog(/bench (connected|The broker)/, { timeoutMs: 30_000 });
    // Event in must be away while the bare client takes from the same queue.
    await red.deploy(flows(sides.channel, false));
    const rates = await sideBySide(ROUNDS, (side, turn) => (side === 'ours' ? ours(turn) : bare(turn)));
    return {
      ...compared(rates, TARGET),
      committedPerSecond: round(median(committed)),
      messages,
      window: WINDOW,
      rounds: ROUNDS,
      synchronous: 'FULL',
    };
  } finally {
    bareStore.close();
    await red.remove();
  }
}

function flows(channel: Readonly<Record<string, unknown>>, enabled: boolean): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
    { id: 'channel', type: 'crossdock-event-channel', ...channel },
    {
      id: 'in',
      type: 'crossdock-event-in',
      channel: 'channel',
      store: 'store',
      filter: '#',
      subscription: 'bench',
      window: WINDOW,
      acknowledge: 'inbox',
      wires: [['count']],
      ...(enabled ? {} : { d: true }),
      ...at,
    },
    { id: 'count', type: 'function', func: COUNT, outputs: 0, wires: [], ...at },
    { id: 'status', type: 'status', scope: ['in'], wires: [['say']], ...at },
    {
      id: 'say',
      type: 'function',
      func: `node.warn('bench ' + msg.status.text);`,
      outputs: 0,
      wires: [],
      ...at,
    },
  ];
}

/** The same table in a file of its own, with the settings that the store's worker has. */
async function openBare(): Promise<{ insert: Insert; close(): void }> {
  const folder = tempDir('crossdock-bench-');
  const file = join(folder.path, 'bare.sqlite');
  const store = await openSqliteStore(file);
  await store.migrate(INBOX_SCHEMA);
  await store.close();
  const db = new DatabaseSync(file);
  for (const setting of ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL']) {
    db.exec(`PRAGMA ${setting}`);
  }
  const statement =
    db.prepare(`INSERT OR IGNORE INTO crossdock_inbox (source, id, partition_key, priority, headers,
      body, received_at, state, attempts, failures, next_at, fence)
    VALUES ('bench', ?, ?, 5, ?, ?, ?, 'ready', 0, 0, ?, 0)`);
  return {
    insert: ({ id, key, headers, body }) => {
      const now = Date.now();
      const values: SQLInputValue[] = [id, key, headers, body, now, now];
      statement.run(...values);
    },
    close: () => {
      db.close();
      folder.remove();
    },
  };
}
