import type { Incoming } from '../../delivery';
import type { Store } from '../../store';
import type { ModelFields } from '../call/fields';
import type { PlainRecord } from '../call/read-values';

/** What is watched in one model. */
export interface Watched {
  readonly model: string;
  /** Only records that match; Odoo's domain. */
  readonly domain: readonly unknown[];
  /** What messages hold of a record. All stored fields when empty. */
  readonly fields: readonly string[];
  /** Fields of a ready-made choice are left out where an app is missing; those that a person has named must exist. */
  readonly optionalFields?: boolean;
}

export type Operation =
  | 'created'
  | 'changed'
  | 'deleted'
  /** It exists, and no longer matches the domain. */
  | 'left';

/** A change as the flow gets it. */
export interface Change {
  readonly model: string;
  readonly id: number;
  readonly operation: Operation;
  /** The record as it was read, plain (see core/odoo/call); undefined when it is gone. */
  readonly values?: PlainRecord;
  /** When the change was made, as Odoo has it, RFC 3339 (to the second); the last known one of a record that is gone. */
  readonly writeDate: string;
  /** It comes from the back-fill: the record as it is, not because it has changed. */
  readonly backfill?: true;
}

/** A change with what makes its message unique. */
export interface Found {
  readonly change: Change;
  /** The same for the same version of the record, and for no other. */
  readonly deliveryId: string;
}

export interface BackfillSettings {
  /** Only records that were changed since (Odoo's form, UTC); all when undefined. */
  readonly since: string | undefined;
  /** Another number begins anew. */
  readonly run: number;
}

export interface CaptureSettings {
  /** Seconds that a transaction may take in Odoo from its start to its commit. */
  readonly windowSeconds: number;
  /** Ms between two comparisons of all ids, which find deletions and what came too late; 0: none. */
  readonly compareMs: number;
  readonly backfill: BackfillSettings | undefined;
  /** Records per call. */
  readonly pageSize: number;
}

export interface CaptureOptions extends CaptureSettings {
  readonly store: Store;
  /** Names the inbox that takes the messages. */
  readonly source: string;
  /** Names this capture in the store: a node and what it watches. */
  readonly capture: string;
  readonly watched: Watched;
  /** Turns changes that are committed together into messages. */
  messages(found: readonly Found[], fields: ModelFields): Promise<readonly Incoming[]> | readonly Incoming[];
  /** `count` messages are in the inbox now. */
  arrived(count: number): void;
}
