/** The event of a key that is to be told: the same row gives the same event, to the byte. */
import { type CloudEvent, makeEvent, topicSegment } from '../channel';
import type { PendingRow } from './pending';

export const INVENTORY_EVENT_TYPE = 'com.crossdock.distribution.inventory.changed.v1';
export const INVENTORY_SCHEMA = 'https://crossdock.dev/contracts/inventory-level/1.0';

/** The event without its data. */
export function eventOf(
  row: PendingRow,
  { source, channelId }: { readonly source: string; readonly channelId: string },
): CloudEvent {
  const { data: _data, ...attributes } = makeEvent<null>({
    type: INVENTORY_EVENT_TYPE,
    source,
    subject: row.sku,
    time: new Date(row.asOf).toISOString(),
    dataschema: INVENTORY_SCHEMA,
    // A site's quantity says nothing about another's: neither may supersede the other.
    partitionkey: `${topicSegment(row.site)}/${topicSegment(row.sku)}`,
    sequence: row.sequence,
    idScope: [channelId, row.site],
    extensions: { site: row.site, ...(row.first ? { priority: 1 } : {}) },
    data: null,
  });
  return attributes;
}

/** The stored body with its sequence, as JSON: it is never read on its way out. */
export function dataOf({ body, sequence }: PendingRow): string {
  return `${body.slice(0, -1)},"sequence":${sequence}}`;
}
