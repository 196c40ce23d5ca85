import { type AnyChannel, addressOf, priorityOf, writeEvent } from '../../core/channel';
import { type Extra, type Outbox, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';
import { type Behaviour, type Context, registerNode } from '../shared/base';
import type { SharedChannel } from '../shared/channel';
import { choice, flag, text } from '../shared/config';
import { shared } from '../shared/config-node';
import { type ChosenContract, contractChoice, lifeWords } from '../shared/contracts';
import type { RawConfig, Red } from '../shared/red';
import type { StatusLine } from '../shared/status';
import { storeOf } from '../shared/store';
import { type EventMaker, eventMaker, type MadeEvent } from './event';
import { useOutbox } from './outboxes';

interface Config {
  readonly channel: (userClosed: Promise<void>) => Promise<SharedChannel>;
  readonly channelId: string;
  readonly store: (userClosed: Promise<void>) => Promise<Store>;
  readonly make: EventMaker;
  /** What the data of every event must keep. */
  readonly contract: (() => Promise<ChosenContract>) | undefined;
  readonly address: string | undefined;
  readonly retain: boolean;
  readonly send: 'end' | 'now';
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-event-out', {
    normalise(config) {
      return {
        channel: shared(red, config, 'channel', 'crossdock-event-channel', 'Event channel'),
        channelId: text(config, 'channel', 'Event channel'),
        // A local channel has its own: then none need be chosen here.
        store: (userClosed) => storeOf(red, config)(userClosed),
        make: eventMaker(red, config),
        contract: contractChoice(red, config),
        address: addressIn(config),
        retain: flag(config, 'retain', false),
        send: choice(config, 'send', 'Send', ['end', 'now'], 'end'),
      };
    },
    start,
  });
};

/** Another address than the event's own. Throws CONFIG_INVALID. */
function addressIn(config: RawConfig): string | undefined {
  const address = text(config, 'address', 'Address', '');
  if (address === '') return undefined;
  if (/^[^/#+\s]+(\/[^/#+\s]+)*$/.test(address)) return address;
  throw new CrossdockError('Address must be levels separated by /, without #, + and spaces.', {
    code: 'CONFIG_INVALID',
    kind: 'permanent',
    facts: { field: 'address' },
  });
}

async function start({ config, status, closed }: Context<Config>): Promise<Behaviour> {
  const contract = await config.contract?.();
  const { channel, source } = await config.channel(closed);
  const store = channel.kind === 'local' ? channel.store : await config.store(closed);
  const { outbox, release } = await useOutbox(store, config.channelId, channel);
  let sent = 0;
  const compose = (): void => showStatus(status, channel, outbox, sent, contract);
  const show = (): void => status.soon(compose);
  const deaf = [channel.onState(show), outbox.onChange(show)];
  const out: Out = {
    channelId: config.channelId,
    address: config.address,
    retain: config.retain,
    channel,
    outbox,
    taken: () => {
      sent += 1;
      show();
    },
  };
  show();
  return {
    async input(message, send) {
      const made = keeping(contract, await config.make(message, source));
      const { id, type, subject } = made.event;
      const address = config.address ?? addressOf(made.event);
      const event = { id, type, subject, address };
      const extra = unit(out, made, address);
      if (config.send === 'end') {
        // Another delivery of the message owns it now, and publishes by itself.
        if ((await scopes.finish(message, event, extra)) === 'stale') return;
      } else {
        extra.committed?.(await extra.store.run(extra.statements));
      }
      message['event'] = event;
      send(message);
    },
    close: async () => {
      for (const stop of deaf) stop();
      await release();
    },
  };
}

/**
 * Before it is stored: what is published cannot be taken back.
 * @throws CrossdockError CONTRACT_BROKEN, CONTRACT_SUNSET
 */
function keeping(contract: ChosenContract | undefined, made: MadeEvent): MadeEvent {
  if (contract === undefined) return made;
  const { event } = made;
  contract.demand(event.data);
  return event.dataschema === undefined ? { ...made, event: { ...event, dataschema: contract.uri } } : made;
}

interface Out extends Pick<Config, 'channelId' | 'address' | 'retain'> {
  readonly channel: AnyChannel;
  readonly outbox: Outbox;
  /** An event was committed. */
  readonly taken: () => void;
}

/**
 * What is to be written so that the event leaves. On a local channel it goes straight into the subscriptions' inboxes;
 * while nobody is subscribed, or others that came before still wait, it goes into the outbox as for any channel.
 * @param to its address
 */
function unit(out: Out, { event, key }: MadeEvent, to: string): Extra {
  const { channel, channelId, outbox, address, retain, taken } = out;
  // As it is now: the flow may go on changing the message.
  const written = writeEvent(event);
  if (channel.kind === 'local' && outbox.depth === 0 && channel.routable(event, to)) {
    return {
      store: channel.store,
      statements: channel.statements(event, { address: to, written }),
      committed: () => {
        channel.published([event]);
        taken();
      },
    };
  }
  if (outbox.full) {
    throw new CrossdockError(`${outbox.depth} events of this channel wait to be sent already.`, {
      code: 'OUTBOX_FULL',
      kind: 'transient',
      retryAfterMs: 10_000,
    });
  }
  return outbox.add(
    {
      // Source and id together are what tells events apart (CloudEvents 1.0.2, "id").
      id: `${event.source} ${event.id}`,
      channel: channelId,
      partitionKey: key,
      event: written.text,
      written,
      retain,
      priority: priorityOf(event),
      address,
    },
    taken,
  );
}

/** The worst first: no connection, what is stuck, what was refused, what the broker cannot keep, an old contract; then what is done. */
function showStatus(
  status: StatusLine,
  channel: AnyChannel,
  outbox: Outbox,
  sent: number,
  contract: ChosenContract | undefined,
): void {
  const aged = contract === undefined ? undefined : lifeWords(contract);
  const { depth, refused, problem } = outbox;
  const { status: connection, reason, warning } = channel.state;
  const why = problem?.message ?? '';
  if (connection !== 'connected') {
    if (depth > 0) status.waiting(`no connection, ${depth} held`);
    else status.waiting(reason?.message ?? connection);
  } else if (problem !== undefined && depth > 0) status.waiting(`${depth} waiting: ${why}`);
  else if (depth > 0) status.busy(`${depth} waiting`);
  else if (refused > 0) status.failed(`${refused} refused: ${why}`);
  else if (warning !== undefined) status.waiting(warning.message);
  else if (aged !== undefined) status.waiting(aged);
  else status.ok(sent === 0 ? 'connected' : `sent ${sent}`);
}
