/** One turn of the relay as one unit of the store: what is to be written, and what is taken with it. */
import type { CrossdockError } from '../errors';
import type { Row, Statement, StatementResult, Store } from '../store';
import type { Chain, TakenEvent } from './outbox-lanes';
import {
  ALL_BACK,
  ANY_BLOCKED,
  BEHIND,
  backStatements,
  NEXT_DUE,
  queueStatements,
  refuseStatements,
  SWEEP,
  sentStatements,
  TAKE,
  TAKE_DUE,
  TAKE_QUEUED,
  TAKEN,
  waitStatements,
} from './outbox-schema';

/** Results that are not in the store yet, by seq. */
export class Written {
  readonly sent: number[] = [];
  readonly refused: { readonly seq: number; readonly error: CrossdockError }[] = [];
  readonly failed: { readonly seq: number; readonly error: CrossdockError; readonly inMs: number }[] = [];
  /** To be queued behind an older event of their key. */
  readonly behind: number[] = [];
  /** Added as taken, but not to go yet: to be taken again in their turn. These are not in memory. */
  readonly back: number[] = [];

  get size(): number {
    return this.sent.length + this.refused.length + this.failed.length + this.behind.length;
  }

  seqs(): number[] {
    const { sent, refused, failed, behind } = this;
    return [...sent, ...behind, ...refused.map(({ seq }) => seq), ...failed.map(({ seq }) => seq)];
  }

  followedBy(later: Written): Written {
    const both = new Written();
    for (const { sent, refused, failed, behind, back } of [this, later]) {
      both.sent.push(...sent);
      both.refused.push(...refused);
      both.failed.push(...failed);
      both.behind.push(...behind);
      both.back.push(...back);
    }
    return both;
  }
}

/** The statements that write the results. */
export function writes({ sent, refused, failed, behind, back }: Written): Statement[] {
  return [
    ...sentStatements(sent),
    ...refuseStatements(refused.map(({ seq, error }) => ({ seq, error: describe(error) }))),
    ...waitStatements(failed.map(({ seq, error, inMs }) => ({ seq, inMs, error: describe(error) }))),
    ...queueStatements(behind),
    ...backStatements(back),
  ];
}

export interface Turn {
  readonly channelId: string;
  /** Fails the unit when another relay has taken over. */
  readonly hold: Statement;
  readonly written: Written;
  /** Chains that want more of their keys. */
  readonly hungry: readonly Chain[];
  /** Make all that is taken in the store `ready` again, since memory knows of none of it. */
  readonly allBack: boolean;
  /** Take the heads of keys that nobody will wake. */
  readonly sweep: boolean;
  /** Read what is taken in the store. */
  readonly resync: boolean;
  /** There may be blocked keys: find out which events that are taken stand behind one. */
  readonly checkBlocked: boolean;
  /** Events per hungry chain, from 1. */
  readonly feedLimit: number;
  /** 0: nothing due is taken. */
  readonly dueLimit: number;
  /** 0: nothing ready is taken. */
  readonly moreLimit: number;
}

/** What a turn has found in the store, and taken. */
export interface Found {
  readonly fed: readonly { chain: Chain; events: readonly TakenEvent[]; more: boolean }[];
  readonly resynced: readonly TakenEvent[];
  readonly due: readonly TakenEvent[];
  readonly taken: readonly TakenEvent[];
  /** Seqs of taken ones that stand behind others. */
  readonly behind: ReadonlySet<number>;
  readonly anyBlocked: boolean;
  readonly moreDue: boolean;
  readonly nextDueInMs: number | undefined;
  readonly moreReady: boolean;
}

/**
 * Writes and takes. The results come first, so that what is taken behind them finds the keys as they are now; a key that
 * is free goes on in the same unit that ends its last event, so that none is left without anybody to wake it.
 */
export async function runTurn(store: Store, turn: Turn): Promise<Found> {
  const { channelId, hungry, feedLimit, dueLimit, moreLimit } = turn;
  const statements: Statement[] = [turn.hold, ...writes(turn.written)];
  const ask = (wanted: boolean, sql: string, ...params: (string | number)[]): number => {
    if (!wanted) return -1;
    statements.push({ sql, params });
    return statements.length - 1;
  };
  ask(turn.allBack, ALL_BACK, channelId);
  ask(turn.sweep, SWEEP, channelId);
  const resynced = ask(turn.resync || turn.sweep, TAKEN, channelId);
  const fed = hungry.map(({ partitionKey = '', priority }) =>
    ask(true, TAKE_QUEUED, channelId, partitionKey, priority, feedLimit),
  );
  const due = ask(dueLimit > 0, TAKE_DUE, channelId, dueLimit);
  const taken = ask(moreLimit > 0, TAKE, channelId, moreLimit);
  const behind = ask(turn.checkBlocked, BEHIND, channelId);
  const anyBlocked = ask(turn.checkBlocked, ANY_BLOCKED, channelId);
  const nextDue = ask(dueLimit > 0, NEXT_DUE, channelId);
  const results = await store.run(statements);
  const dueEvents = eventsOf(results[due]);
  const takenEvents = eventsOf(results[taken]);
  const dueIn = results[nextDue]?.rows[0]?.['due_in'];
  return {
    fed: hungry.map((chain, index) => {
      const events = eventsOf(results[fed[index] ?? -1]);
      return { chain, events, more: events.length === feedLimit };
    }),
    resynced: eventsOf(results[resynced]),
    due: dueEvents,
    taken: takenEvents,
    behind: new Set(results[behind]?.rows.map((row) => Number(row['seq']))),
    anyBlocked: turn.checkBlocked && (results[anyBlocked]?.rows.length ?? 0) > 0,
    moreDue: dueLimit > 0 && dueEvents.length === dueLimit,
    nextDueInMs: dueIn === null || dueIn === undefined ? undefined : Math.max(0, Number(dueIn)),
    moreReady: moreLimit > 0 && takenEvents.length === moreLimit,
  };
}

/** In order: RETURNING promises none (sqlite.org/lang_returning, clause 5). */
function eventsOf(result: StatementResult | undefined): TakenEvent[] {
  if (result === undefined) return [];
  return result.rows.map(eventOf).sort((a, b) => a.priority - b.priority || a.seq - b.seq);
}

function eventOf(row: Row): TakenEvent {
  const { partition_key: key, address } = row;
  return {
    seq: Number(row['seq']),
    partitionKey: key === null || key === undefined ? undefined : String(key),
    priority: Number(row['priority']),
    event: String(row['event'] ?? ''),
    address: address === null || address === undefined ? undefined : String(address),
    retain: Number(row['retain']) === 1,
    attempts: Number(row['attempts']),
  };
}

/** An error as it is kept beside its event: no stack, no cause. */
function describe({ code, kind, message, facts }: CrossdockError): string {
  return JSON.stringify({ code, kind, message, facts });
}
