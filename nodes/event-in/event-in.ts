import { type AnyChannel, checkedFilter } from '../../core/channel';
import { CrossdockError } from '../../core/errors';
import { registerNode } from '../shared/base';
import type { SharedChannel } from '../shared/channel';
import { choice, flag, number, text } from '../shared/config';
import { shared } from '../shared/config-node';
import { contractChoice } from '../shared/contracts';
import type { Red } from '../shared/red';
import { sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';
import type { EventInConfig } from './common';
import { startFlowMode } from './flow-mode';
import { startInboxMode } from './inbox-mode';
import { startLocalMode } from './local-mode';

export = (red: Red): void => {
  registerNode<EventInConfig>(red, 'crossdock-event-in', {
    normalise: (config, node) => ({
      ...sourceSettings(config),
      channel: shared<SharedChannel>(red, config, 'channel', 'crossdock-event-channel', 'Event channel'),
      channelId: text(config, 'channel', 'Event channel'),
      store: async (userClosed) => storeOf(red, config)(userClosed),
      filter: checkedFilter(text(config, 'filter', 'Filter', '#')),
      // The same after every restart and deploy, or the broker would keep a queue for each of them.
      name: checkedName(text(config, 'subscription', 'Subscription', `node-${node.id}`)),
      format: choice(config, 'format', 'Format', ['cloudevents', 'plain'], 'cloudevents'),
      window: number(config, 'window', 'Window', 256, { min: 1, max: 10_000 }),
      acknowledge: choice(config, 'acknowledge', 'Acknowledge', ['inbox', 'flow'], 'inbox'),
      newestOnly: flag(config, 'newestOnly', false),
      contract: contractChoice(red, config),
    }),
    async start(context) {
      const { config, closed } = context;
      const contract = await config.contract?.();
      const channel = (await config.channel(closed)).channel as AnyChannel;
      if (config.acknowledge === 'flow') {
        if (config.newestOnly) {
          throw invalid(
            'Only what is stored here can give way to a newer message: choose to acknowledge what is stored here.',
            'newestOnly',
          );
        }
        if (channel.kind === 'amqp') return startFlowMode(red, context, channel, contract);
        throw invalid(
          'Only an AMQP broker can wait until the flow is done: choose to acknowledge what is stored here.',
          'acknowledge',
        );
      }
      if (channel.kind === 'local') return startLocalMode(red, context, channel, contract);
      return startInboxMode(red, context, channel, contract);
    },
  });
};

/** A part of client ids and of queues' names. */
function checkedName(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return name;
  throw invalid(
    'The subscription’s name may only contain letters, digits, dot, hyphen and underscore.',
    'subscription',
  );
}

function invalid(message: string, field: string): CrossdockError {
  return new CrossdockError(message, { code: 'CONFIG_INVALID', kind: 'permanent', facts: { field } });
}
