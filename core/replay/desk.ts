/**
 * What people do with the dead letters of one store: look, discard, make baskets and replay them. One face for the HTTP
 * API, and through it for the sidebar and the command line.
 */
import {
  type DeadLetter,
  DeadLetters,
  historyOf,
  type LetterFilter,
  type LetterGroup,
  type LetterState,
  redactText,
  whereOf,
} from '../dead-letter';
import { INBOX_SCHEMA } from '../delivery';
import type { Store } from '../store';
import type {
  AuditEntry,
  Basket,
  BasketItem,
  BasketItemDetail,
  BasketReport,
  BasketRequest,
  DiscardRequest,
  Group,
  ItemState,
  Letter,
  LetterDetail,
  Page,
} from './api';
import { auditOf, auditPage, auditStatement } from './audit';
import { Baskets, itemOf } from './baskets';
import { bytesOf, contentOfBytes, contentOfJson } from './content';
import { refusal } from './refusal';
import { DEFAULT_RATE, inboxOf, ReplayRunner, type ReplayTargets } from './runner';
import { ITEM, SCHEMA, SOURCES } from './schema';
import { bodyToSend } from './send';

export interface DeskOptions {
  readonly targets: ReplayTargets;
  /** Something that is shown has changed. */
  readonly changed: () => void;
  readonly onProblem?: (error: Error) => void;
}

const REPORTED = 1000;

export class Desk {
  private constructor(
    private readonly store: Store,
    private readonly options: DeskOptions,
    private readonly deadLetters: DeadLetters,
    private readonly baskets: Baskets,
    private readonly runner: ReplayRunner,
  ) {}

  /** Prepares the tables, and goes on with what an earlier process has begun. Rejects with the store's error. */
  static async open(store: Store, options: DeskOptions): Promise<Desk> {
    const letters = await DeadLetters.open(store);
    await store.migrate(INBOX_SCHEMA);
    await store.migrate(SCHEMA);
    const runner = new ReplayRunner(store, options);
    const desk = new Desk(store, options, letters, new Baskets(store), runner);
    await runner.start();
    return desk;
  }

  /** Ends the replay after the bite that is under way. */
  close(): Promise<void> {
    return this.runner.stop();
  }

  get kind(): Store['dialect'] {
    return this.store.dialect;
  }

  summary(): Promise<{ readonly parked: number; readonly groups: number }> {
    return this.deadLetters.summary();
  }

  async groups(state: LetterState): Promise<Group[]> {
    return (await this.deadLetters.groups(state)).map(groupShown);
  }

  async letters(filter: LetterFilter, limit: number, after?: string): Promise<Page<Letter>> {
    const page = await this.deadLetters.page(filter, limit, after);
    return { ...page, items: page.items.map((letter) => shown(letter, false)) };
  }

  /**
   * One letter with its bodies.
   * @param personal unredacted, which the audit notes
   * @throws CrossdockError LETTER_UNKNOWN
   */
  async letter(id: string, personal: boolean, who: string): Promise<LetterDetail> {
    const [letter, body] = await Promise.all([this.deadLetters.letter(id), this.deadLetters.body(id)]);
    if (letter === undefined || body === undefined) {
      throw refusal('LETTER_UNKNOWN', 'There is no such letter.');
    }
    if (personal) await this.store.run([auditStatement(who, 'letter.shown', { letters: 1, note: id })]);
    const { source, deliveryId } = letter;
    const history =
      source === null || deliveryId === null ? [] : await historyOf(this.store, source, deliveryId);
    const text = (sentence: string): string => (personal ? sentence : redactText(sentence));
    return {
      ...shown(letter, personal),
      history: history.map((attempt) => ({ ...attempt, message: text(attempt.message) })),
      partitionKey: letter.partitionKey,
      priority: letter.priority,
      headers: Object.fromEntries(
        Object.entries(body.headers).map(([name, value]) => [name, headerShown(name, value, personal)]),
      ),
      original: contentOfBytes(body.original, personal),
      failedAs: contentOfJson(body.failedAs, personal),
      baskets: await this.#basketsOf(id),
    };
  }

  async #basketsOf(letter: string): Promise<LetterDetail['baskets']> {
    const sql = `SELECT b.id, b.name, i.item, i.state FROM crossdock_basket_item i
      JOIN crossdock_basket b ON b.id = i.basket_id WHERE i.letter_id = ? ORDER BY b.seq DESC LIMIT 20`;
    const [found] = await this.store.run([{ sql, params: [letter] }]);
    return (found?.rows ?? []).map((row) => ({
      id: String(row['id']),
      name: String(row['name']),
      item: Number(row['item']),
      state: String(row['state']) as ItemState,
    }));
  }

  /** Marks parked letters as handled without a replay. @returns how many */
  async discard({ ids, filter, reason }: DiscardRequest, who: string): Promise<number> {
    const named = ids === undefined ? undefined : ids.map(() => '?').join(', ');
    const found = whereOf({ ...filter, state: 'parked' });
    const where = named === undefined ? found.sql : `state = 'parked' AND id IN (${named})`;
    const params = ids ?? found.params;
    const note = filter === undefined ? reason : `${reason} (${JSON.stringify(filter)})`;
    const results = await this.store.run([
      {
        sql: `INSERT INTO crossdock_audit (at, who, action, basket_id, letters, note)
          SELECT {now}, ?, 'letters.discarded', NULL, count(*), ?
          FROM crossdock_dead_letter WHERE ${where} HAVING count(*) > 0`,
        params: [who, note.slice(0, 1000), ...params],
      },
      {
        sql: `UPDATE crossdock_dead_letter SET state = 'discarded', handled_at = {now}, handled_by = ?,
          handled_note = ? WHERE ${where}`,
        params: [who, reason, ...params],
      },
    ]);
    const discarded = results[1]?.changes ?? 0;
    if (discarded > 0) this.options.changed();
    return discarded;
  }

  async create(request: BasketRequest, who: string): Promise<{ id: string; count: number }> {
    const made = await this.baskets.create(request, who);
    this.options.changed();
    return made;
  }

  list(): Promise<readonly Basket[]> {
    return this.baskets.list();
  }

  basket(id: string): Promise<Basket> {
    return this.baskets.get(id);
  }

  async items(id: string, limit: number, after?: string): Promise<Page<BasketItem>> {
    const page = await this.baskets.items(id, limit, after);
    return { ...page, items: page.items.map(itemShown) };
  }

  /** @throws CrossdockError ITEM_UNKNOWN */
  async item(id: string, item: number, personal: boolean, who: string): Promise<BasketItemDetail> {
    const [found] = await this.store.run([{ sql: ITEM, params: [id, item] }]);
    const row = found?.rows[0];
    if (row === undefined) throw refusal('ITEM_UNKNOWN', 'The basket has no such item.');
    const read = itemOf(row);
    if (personal) {
      const facts = { basket: id, letters: 1, note: read.letter.id };
      await this.store.run([auditStatement(who, 'letter.shown', facts)]);
    }
    return { ...itemShown(read), body: contentOfBytes(bodyToSend(row), personal) };
  }

  async edit(id: string, item: number, body: unknown, who: string): Promise<void> {
    await this.baskets.edit(id, item, body === null ? null : bytesOf(body), who);
    this.options.changed();
  }

  /** Tries every message with the current mapping; nothing is sent. */
  async dryRun(id: string, who: string): Promise<Basket> {
    const clear = `UPDATE crossdock_basket_item SET dry_run = NULL, dry_result = NULL
      WHERE basket_id = ? AND state = 'pending' AND dry_result IS NOT NULL`;
    return this.#moved(id, who, {
      to: 'dry-run',
      from: ['draft', 'paused'],
      action: 'basket.dryRun',
      beside: [{ sql: clear, params: [id] }],
    });
  }

  /**
   * Begins to send. A basket that runs gets the new rate; one that is finished stays as it is.
   * @throws CrossdockError BASKET_STATE (cancelled), SOURCE_NOT_OPEN
   */
  async start(id: string, who: string, rate: number = DEFAULT_RATE, into?: string): Promise<Basket> {
    const basket = await this.baskets.get(id);
    if (basket.state === 'finished') return basket;
    const node = into ?? basket.into ?? undefined;
    await this.#refuseWithoutInbox(id, node);
    return this.#moved(id, who, {
      to: 'running',
      from: ['draft', 'dry-run', 'paused', 'running'],
      action: 'basket.started',
      note: `${rate} per second${node === undefined ? '' : `, into ${node}`}`,
      set: {
        sql: `rate = ?, into_node = ?, started_by = ?, started_at = coalesce(started_at, {now})`,
        params: [rate, node ?? null, who],
      },
    });
  }

  async #refuseWithoutInbox(id: string, into: string | undefined): Promise<void> {
    const [found] = await this.store.run([{ sql: SOURCES, params: [id] }]);
    const missing = (found?.rows ?? [])
      .filter((row) => {
        const source = row['source'] === null ? '' : String(row['source']);
        return inboxOf(this.store, this.options.targets, source, row['known'] !== null, into) === undefined;
      })
      .map((row) => (row['source'] === null ? 'messages of no source' : String(row['source'])));
    if (missing.length === 0) return;
    throw refusal(
      'SOURCE_NOT_OPEN',
      `No node takes these messages again: ${missing.slice(0, 5).join(', ')}. Deploy a replay node with this store, and start the basket into it.`,
    );
  }

  pause(id: string, who: string): Promise<Basket> {
    return this.#moved(id, who, { to: 'paused', from: ['running', 'dry-run'], action: 'basket.paused' });
  }

  resume(id: string, who: string): Promise<Basket> {
    return this.#moved(id, who, {
      to: 'running',
      // One that was paused while it was being tried has never run.
      from: ['paused'],
      action: 'basket.resumed',
      set: {
        sql: 'started_by = ?, started_at = coalesce(started_at, {now})',
        params: [who],
      },
    });
  }

  /** What was not sent stays parked; what is in its flow goes on. */
  cancel(id: string, who: string): Promise<Basket> {
    const skip = `UPDATE crossdock_basket_item SET state = 'skipped', note = 'The basket was cancelled.',
      ended_at = {now} WHERE basket_id = ? AND state = 'pending'`;
    return this.#moved(id, who, {
      to: 'cancelled',
      from: ['draft', 'dry-run', 'running', 'paused'],
      action: 'basket.cancelled',
      set: { sql: 'finished_at = {now}', params: [] },
      beside: [{ sql: skip, params: [id] }],
    });
  }

  async #moved(id: string, who: string, move: Parameters<Baskets['move']>[2]): Promise<Basket> {
    const basket = await this.baskets.move(id, who, move);
    this.options.changed();
    this.runner.poke();
    return basket;
  }

  async report(id: string): Promise<BasketReport> {
    const basket = await this.baskets.get(id);
    const [notDone, actions] = await Promise.all([
      this.baskets.notDone(id, REPORTED),
      auditOf(this.store, id),
    ]);
    return { basket, notDone: notDone.map(itemShown), actions };
  }

  audit(limit: number, after?: string): Promise<Page<AuditEntry>> {
    return auditPage(this.store, limit, after);
  }
}

/** A letter for a reader; sentences of other nodes may quote personal data. */
function shown(letter: DeadLetter, personal: boolean): Letter {
  const { failedAt, partitionKey: _key, priority: _priority, ...rest } = letter;
  const text = (sentence: string): string => (personal ? sentence : redactText(sentence));
  return {
    ...rest,
    reason: text(letter.reason),
    problems: letter.problems.map(({ path, message }) => ({ path, message: text(message) })),
    node: nodeShown(failedAt),
  };
}

function nodeShown(failedAt: DeadLetter['failedAt']): Letter['node'] {
  const { nodeId, nodeType, nodeName, flowId, flowName = '' } = failedAt;
  return { id: nodeId, type: nodeType, name: nodeName, flow: flowId, flowName };
}

/** A group as people see it, in the API and in the message that tells a new one. */
export function groupShown({ cause, count, firstAt, lastAt, newest }: LetterGroup): Group {
  const [first] = newest as [DeadLetter];
  return {
    cause,
    code: first.code,
    kind: first.kind,
    reason: redactText(first.reason),
    count,
    firstAt,
    lastAt,
    source: first.source,
    node: nodeShown(first.failedAt),
    businessKeys: newest.flatMap(({ businessKey }) => businessKey ?? []),
  };
}

function itemShown(item: BasketItem): BasketItem {
  const { letter, note } = item;
  return {
    ...item,
    letter: { ...letter, reason: redactText(letter.reason) },
    note: note === null ? null : redactText(note),
  };
}

/** Headers with a name that says person or secret are for those who may see such. */
function headerShown(name: string, value: string, personal: boolean): string {
  if (personal) return value;
  const { value: redacted } = contentOfJson(JSON.stringify({ [name]: value }), false);
  const found = (redacted as Record<string, unknown>)[name];
  return typeof found === 'string' ? redactText(found) : value;
}
