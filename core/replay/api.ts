/**
 * The answers of the HTTP admin API `crossdock/console/...` (docs/console-api.md), for those who serve it
 * (nodes/shared/console-routes.ts) and those who read it: the sidebar and the command line. Types only.
 *
 * Times are the store's clock in ms since the epoch. A page's `next` is the `after` of the next one, null at the end.
 */
import type { ErrorKind, Problem } from '../errors';

/** The body of every answer that is no 2xx. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  /** How many there are in all pages. */
  readonly total: number;
}

/** GET stores */
export interface StoresAnswer {
  readonly stores: readonly StoreSummary[];
}

export interface StoreSummary {
  /** The config node's id: `:store` of the other routes. */
  readonly id: string;
  readonly name: string;
  readonly kind: 'sqlite' | 'postgres';
  readonly deadLetters: { readonly parked: number; readonly groups: number };
  /** Replay nodes that work with this store: what `into` may be. */
  readonly replayNodes: readonly { readonly id: string; readonly name: string }[];
  /** Why the store does not answer now, in a sentence; then the counts are 0. */
  readonly problem: string | null;
}

/** GET stores/<family>: the same stores for who has the right `<family>.read`, and perhaps none to read dead letters. */
export interface KnownStoresAnswer {
  readonly stores: readonly Pick<StoreSummary, 'id' | 'name' | 'kind' | 'problem'>[];
}

export type LetterState = 'parked' | 'replayed' | 'discarded';

/** The node at which a message failed. */
export interface FailedAt {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** Id and label of its tab. */
  readonly flow: string;
  readonly flowName: string;
}

/** GET groups?state=parked */
export interface GroupsAnswer {
  /** The group with the newest letter first; at most 500. */
  readonly groups: readonly Group[];
}

export interface Group {
  readonly cause: string;
  readonly code: string;
  readonly kind: ErrorKind;
  /** Of its newest letter. */
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly source: string | null;
  readonly node: FailedAt;
  /** Of its newest letters, up to three. */
  readonly businessKeys: readonly string[];
}

/** Which letters: the query of GET letters, and `filter` of baskets and of discard. All that is given must hold. */
export interface LetterFilter {
  readonly cause?: string;
  readonly source?: string;
  /** `lastAt` from (inclusive) and to (exclusive), ms. */
  readonly from?: number;
  readonly to?: number;
  /** Part of the business key, delivery id, reason, code, node's name, or of a number by which the document is known. */
  readonly q?: string;
  /** Default `parked`. Baskets and discard take parked letters only. */
  readonly state?: LetterState;
}

/** An entry of GET letters, which is a Page<Letter>, newest first. */
export interface Letter {
  readonly id: string;
  readonly cause: string;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly reason: string;
  readonly problems: readonly Problem[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly businessKey: string | null;
  readonly source: string | null;
  readonly deliveryId: string | null;
  readonly node: FailedAt;
  readonly attempts: number;
  /** How often this message was parked for this cause. */
  readonly occurrences: number;
  readonly receivedAt: number | null;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly state: LetterState;
  /** Of both bodies. */
  readonly bytes: number;
  /** Null while parked. */
  readonly handled: Handled | null;
}

export interface Handled {
  readonly at: number;
  readonly by: string;
  /** The reason of a discard, or the basket's id of a replay. */
  readonly note: string;
}

/** GET letters/:id */
export interface LetterDetail extends Letter {
  /** Failed attempts, oldest first; the newest 20. */
  readonly history: readonly Attempt[];
  readonly partitionKey: string | null;
  readonly priority: number | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly original: Content;
  readonly failedAs: Content;
  /** Baskets that this letter is in, newest first. */
  readonly baskets: readonly {
    readonly id: string;
    readonly name: string;
    readonly item: number;
    readonly state: ItemState;
  }[];
}

export interface Attempt {
  /** Deliveries of the message until then; begins anew with a replay. */
  readonly attempt: number;
  readonly at: number;
  readonly code: string;
  readonly kind: ErrorKind;
  readonly message: string;
}

/** A message's body. */
export interface Content {
  /** `none`: it is not known. `hidden`: no JSON, so it is not shown without the permission for personal data. */
  readonly type: 'json' | 'text' | 'binary' | 'none' | 'hidden';
  /** A JSON value, a text, base64, or null. Redacted places of JSON read `[personal]` or `[confidential]`. */
  readonly value: unknown;
  readonly bytes: number;
  /** How many values were redacted. */
  readonly redacted: number;
}

/** POST letters/discard {ids | filter, reason} */
export interface DiscardRequest {
  readonly ids?: readonly string[];
  readonly filter?: LetterFilter;
  readonly reason: string;
}

export interface DiscardAnswer {
  readonly discarded: number;
}

export type BasketState = 'draft' | 'dry-run' | 'running' | 'paused' | 'cancelled' | 'finished';

/** POST baskets {name, filter | ids} */
export interface BasketRequest {
  readonly name: string;
  readonly ids?: readonly string[];
  readonly filter?: LetterFilter;
}

/** The answer of POST baskets. */
export interface BasketCreated {
  readonly id: string;
  readonly count: number;
}

/** GET baskets */
export interface BasketsAnswer {
  /** Newest first; at most 200. */
  readonly baskets: readonly Basket[];
}

/** GET baskets/:id, and the answer of dry-run, start, pause, resume, cancel. */
export interface Basket {
  readonly id: string;
  readonly name: string;
  readonly state: BasketState;
  /** What it was made of; null when single letters were chosen. */
  readonly filter: LetterFilter | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly ratePerSecond: number | null;
  /** The replay node that gets the letters whose source has no inbox of its own. */
  readonly into: string | null;
  /** Why it does not go on, in a sentence; null when nothing is in its way. */
  readonly problem: string | null;
  readonly progress: Progress;
  readonly dryRun: DryRunProgress;
}

export interface Progress {
  readonly total: number;
  /** To be sent. */
  readonly pending: number;
  /** Sent, their flow is not done with them. */
  readonly sent: number;
  readonly done: number;
  /** Parked again, or failed for good. */
  readonly failedAgain: number;
  /** Not sent: not needed any more, or cancelled; the note says why. */
  readonly skipped: number;
  /** Not sent, since the letter was discarded. */
  readonly discarded: number;
}

export interface DryRunProgress {
  readonly checked: number;
  readonly ok: number;
  readonly failing: number;
  /** No mapping could be found for them, so only sending them will tell. */
  readonly unknown: number;
}

/** POST baskets/:id/start */
export interface StartRequest {
  /** 1 to 1000; default 50. */
  readonly ratePerSecond?: number;
  /** A replay node's id, for letters without an inbox. */
  readonly into?: string;
}

export type ItemState = 'pending' | 'sent' | 'done' | 'failedAgain' | 'skipped' | 'discarded';

/** An entry of GET baskets/:id/items, which is a Page<BasketItem>, in the order of replay. */
export interface BasketItem {
  readonly item: number;
  readonly letter: Pick<Letter, 'id' | 'code' | 'reason' | 'businessKey' | 'source' | 'state'>;
  readonly state: ItemState;
  /** Why it was skipped, or how it failed again. */
  readonly note: string | null;
  readonly edited: boolean;
  readonly sentAt: number | null;
  readonly endedAt: number | null;
  readonly dryRun: DryRun | null;
}

/** GET baskets/:id/items/:item */
export interface BasketItemDetail extends BasketItem {
  /** What would be sent: the edited body, or the original one. */
  readonly body: Content;
}

/** PUT baskets/:id/items/:item: a text, or a JSON value; null takes the edit back. */
export interface EditRequest {
  readonly body: unknown;
}

export interface DryRun {
  readonly result: 'ok' | 'error' | 'unknown';
  /** The mapper node that was asked. */
  readonly mapper: { readonly id: string; readonly name: string } | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly problems: readonly Problem[];
  /** What differs from the message as it failed, when that was mapped already; the first 50. */
  readonly changes: readonly Change[];
  readonly moreChanges: number;
}

export interface Change {
  /** JSON pointer. */
  readonly path: string;
  /** Null: not there. Values that are not public or internal by their contract read `[personal]` or `[confidential]`. */
  readonly before: unknown;
  readonly after: unknown;
}

/** GET baskets/:id/report */
export interface BasketReport {
  readonly basket: Basket;
  /** Items that did not end well, the first 1000. */
  readonly notDone: readonly BasketItem[];
  readonly actions: readonly AuditEntry[];
}

/** An entry of GET audit, which is a Page<AuditEntry>, newest first. */
export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly action: AuditAction;
  readonly basket: string | null;
  /** How many letters it was about. */
  readonly letters: number;
  /** For example the reason of a discard, or the rate of a start. */
  readonly note: string;
}

export type AuditAction =
  | 'letter.shown'
  | 'letters.discarded'
  | 'letters.dropped'
  | 'basket.created'
  | 'basket.dryRun'
  | 'basket.edited'
  | 'basket.started'
  | 'basket.paused'
  | 'basket.resumed'
  | 'basket.cancelled'
  | 'basket.finished'
  | 'reference.taught'
  | 'reference.retired'
  | 'references.imported'
  | 'corrections.approved'
  | 'corrections.withdrawn'
  | 'corrections.redirected'
  | 'stock.toldAgain'
  | 'stock.snapshot'
  | 'correction.shown'
  | 'reconciliation.cancelled';

/** What RED.comms publishes under `crossdock/console/<store>`: something has changed. */
export interface ConsoleChange {
  readonly rev: number;
}
