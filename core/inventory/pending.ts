/** What one key is to be told: stored, not confirmed. */
export interface PendingRow {
  /** See `rowKey`. */
  readonly key: string;
  readonly site: string;
  readonly sku: string;
  readonly sequence: number;
  readonly quantity: string;
  /** Ms. */
  readonly asOf: number;
  /** The event's data as JSON, without its sequence. */
  readonly body: string;
  /** Sold out or back in stock: goes before the rest. */
  readonly urgent: boolean;
  /** Its event says so; decided once per sequence, where `urgent` is of the moment. */
  readonly first: boolean;
}

/** Tells keys of a channel apart in memory. */
export function rowKey(site: string, sku: string): string {
  return `${site.length}:${site}${sku}`;
}
