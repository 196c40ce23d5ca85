/**
 * Replay baskets: sets of dead letters that are frozen when the basket is made, tried, mended one by one, and sent again
 * at a chosen rate. All of it is state in the store: what a basket has sent is known after any crash (see send.ts), and
 * who did what with it is in the audit.
 */
import { randomUUID } from 'node:crypto';
import { type LetterFilter, whereOf } from '../dead-letter';
import { type Row, type SqlValue, type Statement, StatementExpectationError, type Store } from '../store';
import type {
  Basket,
  BasketItem,
  BasketRequest,
  BasketState,
  DryRun,
  DryRunProgress,
  ItemState,
  Page,
  Progress,
} from './api';
import { auditStatement } from './audit';
import { refusal } from './refusal';
import {
  BASKET_COLUMNS,
  CREATE,
  DRY_PROGRESS,
  FREEZE_ONE,
  freezeFilter,
  ITEMS,
  ITEMS_IN_STATE,
  moveTo,
  PROGRESS,
} from './schema';

/** Letters of one basket. More are several baskets: a person should see what they do. */
export const MAX_ITEMS = 100_000;
/** Letters that may be named one by one. */
export const MAX_IDS = 1000;

export interface BasketMove {
  readonly to: BasketState;
  readonly from: readonly BasketState[];
  readonly action: Parameters<typeof auditStatement>[1];
  readonly note?: string;
  /** More columns to set, with their parameters before the id. */
  readonly set?: { readonly sql: string; readonly params: readonly SqlValue[] };
  /** For the same unit. */
  readonly beside?: readonly Statement[];
}

export class Baskets {
  constructor(private readonly store: Store) {}

  /**
   * Makes a basket of what is parked now.
   * @throws CrossdockError BASKET_EMPTY, BASKET_TOO_LARGE
   */
  async create(request: BasketRequest, who: string): Promise<{ id: string; count: number }> {
    const id = randomUUID();
    const filter: LetterFilter | undefined =
      request.filter === undefined ? undefined : { ...request.filter, state: 'parked' };
    const freeze = filter === undefined ? this.#named(id, request.ids ?? []) : await this.#found(id, filter);
    const shown = filter === undefined ? null : JSON.stringify(request.filter);
    const results = await this.store
      .run([
        { sql: CREATE, params: [id, request.name, shown, who] },
        ...freeze,
        {
          sql: `INSERT INTO crossdock_audit (at, who, action, basket_id, letters, note)
          SELECT {now}, ?, 'basket.created', ?, count(*), ? FROM crossdock_basket_item WHERE basket_id = ?`,
          params: [who, id, request.name, id],
        },
        // Nothing was there any more: no basket either.
        { sql: 'SELECT 1 FROM crossdock_basket_item WHERE basket_id = ? LIMIT 1', params: [id], expect: 1 },
        { sql: 'SELECT count(*) AS n FROM crossdock_basket_item WHERE basket_id = ?', params: [id] },
      ])
      .catch((thrown: unknown) => {
        if (thrown instanceof StatementExpectationError) throw empty();
        throw thrown;
      });
    return { id, count: Number(results.at(-1)?.rows[0]?.['n'] ?? 0) };
  }

  #named(id: string, letters: readonly string[]): Statement[] {
    return letters.map((letter, index) => ({ sql: FREEZE_ONE, params: [id, index + 1, letter] }));
  }

  async #found(id: string, filter: LetterFilter): Promise<Statement[]> {
    const where = whereOf(filter);
    const sql = `SELECT count(*) AS n FROM crossdock_dead_letter WHERE ${where.sql}`;
    const [counted] = await this.store.run([{ sql, params: where.params }]);
    const count = Number(counted?.rows[0]?.['n'] ?? 0);
    if (count === 0) throw empty();
    if (count > MAX_ITEMS) {
      throw refusal(
        'BASKET_TOO_LARGE',
        `${count} letters are too many for one basket (at most ${MAX_ITEMS}): choose a shorter time, or one group.`,
      );
    }
    return [{ sql: freezeFilter(where.sql), params: [id, ...where.params] }];
  }

  /** The newest baskets, with their progress. */
  async list(): Promise<readonly Basket[]> {
    const sql = `SELECT ${BASKET_COLUMNS} FROM crossdock_basket ORDER BY seq DESC LIMIT 200`;
    const [found] = await this.store.run([{ sql }]);
    return this.#withProgress(found?.rows ?? []);
  }

  /** @throws CrossdockError BASKET_UNKNOWN */
  async get(id: string): Promise<Basket> {
    const sql = `SELECT ${BASKET_COLUMNS} FROM crossdock_basket WHERE id = ?`;
    const [found] = await this.store.run([{ sql, params: [id] }]);
    const [basket] = await this.#withProgress(found?.rows ?? []);
    if (basket === undefined) throw refusal('BASKET_UNKNOWN', 'There is no such basket.');
    return basket;
  }

  async #withProgress(rows: readonly Row[]): Promise<Basket[]> {
    if (rows.length === 0) return [];
    const ids = rows.map((row) => String(row['id']));
    const results = await this.store.run(
      ids.flatMap((id) => [
        { sql: PROGRESS, params: [id] },
        { sql: DRY_PROGRESS, params: [id] },
      ]),
    );
    return rows.map((row, index) =>
      basketOf(row, results[2 * index]?.rows ?? [], results[2 * index + 1]?.rows ?? []),
    );
  }

  /**
   * Brings a basket into another state, with the audit in the same unit. One that is there already stays.
   * @throws CrossdockError BASKET_UNKNOWN, BASKET_STATE when it cannot go there from where it is
   */
  async move(id: string, who: string, move: BasketMove): Promise<Basket> {
    const { to, from, action, note = '', set, beside = [] } = move;
    try {
      await this.store.run([
        {
          sql: moveTo(to, from, set === undefined ? '' : `, ${set.sql}`),
          params: [...(set?.params ?? []), id],
          expect: 1,
        },
        ...beside,
        auditStatement(who, action, { basket: id, note }),
      ]);
    } catch (thrown) {
      if (!(thrown instanceof StatementExpectationError)) throw thrown;
      const basket = await this.get(id);
      if (basket.state === to) return basket;
      throw refusal('BASKET_STATE', `The basket is ${WORDS[basket.state]}, so this cannot be done.`);
    }
    return this.get(id);
  }

  async items(id: string, limit: number, after?: string): Promise<Page<BasketItem>> {
    const { progress } = await this.get(id);
    const from = /^\d{1,9}$/.test(after ?? '') ? Number(after) : 0;
    const [found] = await this.store.run([{ sql: ITEMS, params: [id, from, limit + 1] }]);
    const items = (found?.rows ?? []).map(itemOf);
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      items: items.slice(0, limit),
      next: last === undefined ? null : String(last.item),
      total: progress.total,
    };
  }

  /** Items that did not end well, at most `limit` of each kind. */
  async notDone(id: string, limit: number): Promise<BasketItem[]> {
    const states = ['failedAgain', 'skipped', 'discarded'];
    const results = await this.store.run(
      states.map((state) => ({ sql: ITEMS_IN_STATE, params: [id, state, limit] })),
    );
    return results
      .flatMap(({ rows }) => rows.map(itemOf))
      .sort((a, b) => a.item - b.item)
      .slice(0, limit);
  }

  /**
   * Changes what will be sent for one letter; the letter itself stays as it is. Null takes the edit back.
   * @throws CrossdockError ITEM_UNKNOWN, ITEM_SENT
   */
  async edit(id: string, item: number, body: Uint8Array | null, who: string): Promise<void> {
    const note = body === null ? `item ${item}: the edit was taken back` : `item ${item}`;
    try {
      await this.store.run([
        {
          sql: `UPDATE crossdock_basket_item SET body = ?, edited_by = ?, dry_run = NULL, dry_result = NULL,
            edited_at = ${body === null ? 'NULL' : '{now}'} WHERE basket_id = ? AND item = ? AND state = 'pending'`,
          params: [body, body === null ? null : who, id, item],
          expect: 1,
        },
        auditStatement(who, 'basket.edited', { basket: id, letters: 1, note }),
      ]);
    } catch (thrown) {
      if (!(thrown instanceof StatementExpectationError)) throw thrown;
      const [found] = await this.store.run([
        {
          sql: 'SELECT state FROM crossdock_basket_item WHERE basket_id = ? AND item = ?',
          params: [id, item],
        },
      ]);
      if (found?.rows.length !== 1) throw refusal('ITEM_UNKNOWN', 'The basket has no such item.');
      throw refusal('ITEM_SENT', 'The message was sent already, so it cannot be edited any more.');
    }
  }
}

const WORDS: Readonly<Record<BasketState, string>> = {
  draft: 'a draft',
  'dry-run': 'being tried',
  running: 'running',
  paused: 'paused',
  cancelled: 'cancelled',
  finished: 'finished',
};

function empty() {
  return refusal('BASKET_EMPTY', 'No parked letter fits, so there is nothing to put into a basket.');
}

function basketOf(row: Row, counted: readonly Row[], tried: readonly Row[]): Basket {
  const of = (rows: readonly Row[], column: string, word: string): number =>
    Number(rows.find((found) => found[column] === word)?.['n'] ?? 0);
  const state = (word: ItemState): number => of(counted, 'state', word);
  const progress: Progress = {
    total: counted.reduce((sum, found) => sum + Number(found['n']), 0),
    pending: state('pending'),
    sent: state('sent'),
    done: state('done'),
    failedAgain: state('failedAgain'),
    skipped: state('skipped'),
    discarded: state('discarded'),
  };
  const ok = of(tried, 'dry_result', 'ok');
  const failing = of(tried, 'dry_result', 'error');
  const unknown = of(tried, 'dry_result', 'unknown');
  const dryRun: DryRunProgress = { checked: ok + failing + unknown, ok, failing, unknown };
  const text = (column: string): string | null => (row[column] === null ? null : String(row[column]));
  const number = (column: string): number | null => (row[column] === null ? null : Number(row[column]));
  const filter = text('filter');
  return {
    id: String(row['id']),
    name: String(row['name']),
    state: String(row['state']) as BasketState,
    filter: filter === null ? null : (JSON.parse(filter) as LetterFilter),
    createdAt: Number(row['created_at']),
    createdBy: String(row['created_by']),
    startedAt: number('started_at'),
    finishedAt: number('finished_at'),
    ratePerSecond: number('rate'),
    into: text('into_node'),
    problem: text('problem'),
    progress,
    dryRun,
  };
}

export function itemOf(row: Row): BasketItem {
  const text = (column: string): string | null => (row[column] === null ? null : String(row[column]));
  const number = (column: string): number | null => (row[column] === null ? null : Number(row[column]));
  const dryRun = text('dry_run');
  return {
    item: Number(row['item']),
    letter: {
      id: String(row['letter_id']),
      code: text('code') ?? '',
      reason: text('reason') ?? '',
      businessKey: text('business_key'),
      source: text('source'),
      // A letter that retention has dropped was handled long ago.
      state: (text('letter_state') ?? 'replayed') as BasketItem['letter']['state'],
    },
    state: String(row['state']) as ItemState,
    note: text('note'),
    edited: row['edited_at'] !== null,
    sentAt: number('sent_at'),
    endedAt: number('ended_at'),
    dryRun: dryRun === null ? null : (JSON.parse(dryRun) as DryRun),
  };
}
