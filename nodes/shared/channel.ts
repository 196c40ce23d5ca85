import type { AnyChannel } from '../../core/channel';

/** What an event channel config node shares: the channel, with what its users need to know beside it. */
export interface SharedChannel {
  readonly channel: AnyChannel;
  /** `source` of the events that this gateway publishes (CloudEvents). */
  readonly source: string;
}
