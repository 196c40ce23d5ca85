/** What a person sees of stock: the shapes that browse.ts reads and explain.ts explains. Times are ms of the store's clock. */
import type { Decimal } from '../canonical/order';
import type { Excluded, Held } from './offer';

export const STOCK_VIEWS = ['all', 'waiting', 'soldOut', 'age', 'held', 'refused'] as const;
/**
 * Which items: `waiting` to be told, in the order in which they leave; `soldOut`; `age`: less or nothing is shown since a
 * site is silent; `held`: something is held back or excluded, for whatever reason; `refused` by the broker.
 */
export type StockView = (typeof STOCK_VIEWS)[number];

export interface StockFilter {
  /** Without it, the items of all channels. */
  readonly channel?: string | undefined;
  readonly view?: StockView | undefined;
  /** Part of the SKU; the case of ASCII letters does not matter. */
  readonly q?: string | undefined;
}

export interface StockPage {
  readonly items: readonly StockItem[];
  /** `after` of the next page; null at the end. */
  readonly next: string | null;
  /** Of the first page only; null on later ones. */
  readonly total: number | null;
}

/** One item at one site, as one channel is told of it. Quantities are decimal texts in the unit of the channel. */
export interface StockItem {
  readonly channel: string;
  /** As the channel knows it. */
  readonly site: string;
  readonly sku: string;
  readonly description: string | null;
  readonly unit: string;
  readonly onHand: Decimal;
  readonly reserved: Decimal;
  /** What may be sold according to the sources; in pieces, where the channel's unit is another. */
  readonly available: Decimal;
  readonly held: Held;
  readonly excluded: Excluded;
  readonly set: boolean;
  /** What the channel may sell. */
  readonly quantity: Decimal;
  readonly sequence: number;
  /** What the channel has confirmed; null before the first time. */
  readonly told: { readonly quantity: Decimal; readonly sequence: number; readonly at: number } | null;
  /** Since when it waits to be told; `first`: sold out, back in stock or told again by hand, so it goes before others. */
  readonly waiting: { readonly since: number; readonly first: boolean } | null;
  /** Why the broker refuses it. */
  readonly refused: string | null;
  /** The oldest of the readings that it was computed from. */
  readonly readAt: number;
  /** Since when a site that it comes from is silent. */
  readonly silentSince: number | null;
}

export interface StockSite {
  /** As its source names it. */
  readonly site: string;
  /** As the channel knows it; null when the channel no longer sells from it. */
  readonly publishAs: string | null;
  readonly heardAt: number;
  readonly silent: boolean;
}

export interface StockCounts {
  /** Items by site. */
  readonly keys: number;
  readonly waiting: number;
  /** Of these, how many go before the others. */
  readonly first: number;
  readonly since: number | null;
  readonly soldOut: number;
  readonly refused: number;
  /** Since a site is silent, less is shown, … */
  readonly reduced: number;
  /** … or nothing. */
  readonly zeroed: number;
}

export interface StockChannel extends StockCounts {
  readonly id: string;
  readonly sites: readonly StockSite[];
  /** The oldest of what sources have said last. */
  readonly oldestReadAt: number | null;
  readonly snapshotAt: number;
  /** After how much silence of a site (ms) which share of its stock is still shown, in percent. */
  readonly age: { readonly limitMs: number; readonly keepPercent: Decimal } | null;
}

/** What a source has said of an item at one site, and whether it counts. */
export interface StockReading {
  readonly sku: string;
  readonly site: string;
  readonly lot: string | null;
  readonly condition: string;
  readonly expiry: string | null;
  readonly onHand: Decimal;
  readonly reserved: Decimal;
  readonly available: Decimal;
  readonly authority: string;
  readonly readAt: number;
  /**
   * `whole`: its lots are told one by one, so the sum does not count; `gone`: a complete reading of the site no longer
   * had it; `condition`, `expiry`: may not be sold.
   */
  readonly counts: 'yes' | 'whole' | 'gone' | 'condition' | 'expiry';
  readonly silentSince: number | null;
}

/** One step of the calculation; `rest` is what is left after it, `taken` what it takes away. */
export type StockStep =
  | { readonly step: 'available'; readonly rest: Decimal; readonly sites: readonly SiteSum[] }
  | { readonly step: 'condition'; readonly taken: Decimal }
  | { readonly step: 'expiry'; readonly taken: Decimal; readonly days: number }
  | { readonly step: 'parts'; readonly rest: Decimal; readonly parts: readonly PartSum[] }
  | {
      readonly step: 'age' | 'buffer' | 'reserve' | 'share' | 'cap' | 'minimum';
      readonly taken: Decimal;
      readonly rest: Decimal;
      /** The setting: percent that is still shown, pieces, percent. */
      readonly setting: Decimal;
    }
  | { readonly step: 'unit'; readonly rest: Decimal; readonly perUnit: Decimal; readonly unit: string };

export interface SiteSum {
  readonly site: string;
  readonly available: Decimal;
  readonly silentSince: number | null;
}

export interface PartSum {
  readonly sku: string;
  /** So many are in a set. */
  readonly quantity: Decimal;
  readonly available: Decimal;
  readonly held: Held;
  readonly excluded: Excluded;
  /** Whole sets that it is enough for. */
  readonly sets: Decimal;
  /** It is what limits the set. */
  readonly scarce: boolean;
}

/** How a quantity comes about now, with the policy and the readings of now. */
export interface StockExplanation {
  readonly steps: readonly StockStep[];
  readonly quantity: Decimal;
  /**
   * Why the channel is not told just that: `computing`: it is about to be; `small`: the change is smaller than the policy
   * tells; `later`: time alone has changed it (a lot expires), which counts with the item's next reading. Left out when it is.
   */
  readonly kept?: 'computing' | 'small' | 'later' | undefined;
  readonly readings: readonly StockReading[];
}

export interface StockDetail {
  readonly sku: string;
  readonly levels: readonly (StockItem & { readonly explanation: StockExplanation | null })[];
}
