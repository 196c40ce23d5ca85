/**
 * Cross-references: what a partner's code stands for, with the time it is valid, who answers for it, and every earlier
 * version. Two kinds: codes of units ("CS" is a case) and of items ("ACME-4711" is our SKU A-1, in cases of 24).
 */
import type { Decimal } from '../canonical/order';

export type ReferenceKind = 'unit' | 'item';

/** The partner of references that count for everybody who has none of its own: barcodes, for example. */
export const EVERYBODY = '*';

/** What somebody says that a code stands for. */
export interface ReferenceEntry {
  readonly partner: string;
  readonly kind: ReferenceKind;
  /** The list that the code is from: x12, edifact ...; of items sku, buyerSku, supplierSku, gtin, asin ... Empty: any. */
  readonly scheme: string;
  /** As the partner writes it. */
  readonly code: string;
  /** Of a unit: the partner's item that this holds for, since a case of something else may hold more. Empty: all items. */
  readonly item: string;
  /** `rec20` for units; the scheme of our own identifier for items (sku, gtin). */
  readonly targetScheme: string;
  /** UN/ECE code, or our identifier. */
  readonly target: string;
  /** Of an item: the packaging that the code means (XCS); null for the item itself. */
  readonly packLevel: string | null;
  /** How much of `ofUnit` one unit (or one of the pack level) of this item holds. */
  readonly quantityPerUnit: Decimal | null;
  readonly ofUnit: string | null;
  /** Ms since 1970, inclusive; null: from now. */
  readonly validFrom: number | null;
  /** Ms since 1970, exclusive; null: until further notice. */
  readonly validTo: number | null;
  /** Who answers for it. */
  readonly steward: string;
  readonly note: string;
}

export type ReferenceState =
  | 'active'
  /** A newer version took its place; its `validTo` is when. */
  | 'replaced'
  | 'retired';

export interface Reference extends ReferenceEntry {
  readonly id: number;
  readonly version: number;
  readonly state: ReferenceState;
  readonly validFrom: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly endedAt: number | null;
  readonly endedBy: string | null;
}

/** What one entry would do, or did. */
export type Change =
  | { readonly type: 'added'; readonly entry: ReferenceEntry }
  | { readonly type: 'unchanged'; readonly entry: ReferenceEntry }
  | { readonly type: 'replaced'; readonly entry: ReferenceEntry; readonly before: Reference }
  /** Something else is valid at the same time, and was not to be replaced. */
  | { readonly type: 'conflict'; readonly entry: ReferenceEntry; readonly before: Reference };

export interface LookupKey {
  readonly kind: ReferenceKind;
  readonly code: string;
  /** Only of this list (or of any). */
  readonly scheme?: string | undefined;
  /** Of a unit: the partner's item. What is said about this item goes before what is said about all. */
  readonly item?: string | undefined;
}

/** What a code stands for now. */
export interface Meaning {
  readonly kind: ReferenceKind;
  readonly targetScheme: string;
  readonly target: string;
  readonly packLevel: string | null;
  readonly quantityPerUnit: Decimal | null;
  readonly ofUnit: string | null;
  readonly version: number;
}

export interface ReferenceFilter {
  readonly partner?: string | undefined;
  readonly kind?: ReferenceKind | undefined;
  readonly state?: ReferenceState | undefined;
  /** Part of a code, target, item or note. */
  readonly q?: string | undefined;
}

export interface ReferencePage {
  readonly items: readonly Reference[];
  readonly next: string | null;
}

/** References that a person should look at. */
export interface ReferenceConflict {
  readonly type: /** The same code means different things at the same time: it is not translated until that is settled. */
    | 'ambiguous'
    /** Two codes of a partner for one item. Allowed, and worth a look. */
    | 'shared';
  readonly references: readonly Reference[];
}
