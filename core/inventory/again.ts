/** A person has a channel told again what it should know already: one item. (All items: `InventoryPublisher.snapshot`.) */
import { CrossdockError } from '../errors';
import { auditStatement } from '../replay';
import { StatementExpectationError, type Store } from '../store/types';
import { AGAIN_SQL } from './browse-sql';

export interface AgainRequest {
  readonly channel: string;
  /** As the channel knows it. */
  readonly site: string;
  readonly sku: string;
  readonly who: string;
  /** The channel's name, for the audit. */
  readonly channelName: string;
}

/**
 * Makes an item the next one to be told, the same quantity with the same sequence, and notes who wanted it, in one unit.
 * It leaves with the publisher's next flush. Throws STOCK_ITEM_UNKNOWN (permanent), or what the store throws.
 */
export async function tellAgain(store: Store, request: AgainRequest): Promise<void> {
  const { channel, site, sku, who, channelName } = request;
  try {
    await store.run([
      { sql: AGAIN_SQL, params: [channel, site, sku], expect: 1 },
      auditStatement(who, 'stock.toldAgain', { note: `${sku} · ${site} · ${channelName}` }),
    ]);
  } catch (thrown) {
    if (!(thrown instanceof StatementExpectationError)) throw thrown;
    throw new CrossdockError('The channel is not told of this item at this site.', {
      code: 'STOCK_ITEM_UNKNOWN',
      kind: 'permanent',
    });
  }
}

/** Notes who has everything told again. */
export async function noteSnapshot(store: Store, who: string, channelName: string): Promise<void> {
  await store.run([auditStatement(who, 'stock.snapshot', { note: channelName })]);
}
