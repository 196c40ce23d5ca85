/** What the dialog's "Test connection" answers: the deployed channel as it is now, whatever its kind. */
import type { AnyChannel } from '../../core/channel';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import type { SharedChannel } from '../shared/channel';
import type { SharedNode } from '../shared/config-node';
import type { Red } from '../shared/red';

/** A channel that was opened just now gets this long to connect or to say why not. */
const PATIENCE_MS = 8000;

export type TestAnswer =
  | {
      readonly ok: true;
      readonly kind: AnyChannel['kind'];
      /** What was negotiated, or what the store is: `MQTT 5`, `SQLite 3.53.4`. */
      readonly protocol: string;
      /** Works, but less durable than promised. */
      readonly warning?: string;
      /** Of a store. */
      readonly megabytes?: string;
    }
  | { readonly ok: false; readonly code: string; readonly message: string };

export async function testAnswer(red: Red, id: string): Promise<TestAnswer> {
  const node = red.nodes.getNode(id) as SharedNode<SharedChannel> | null;
  if (node === null || node.type !== 'crossdock-event-channel') {
    return { ok: false, code: 'NODE_UNKNOWN', message: 'Deploy the channel first, then test it.' };
  }
  try {
    const { channel } = await node.open(Promise.resolve());
    return await (channel.kind === 'local' ? testStore(channel) : testBroker(channel));
  } catch (thrown) {
    const { code, message } = asCrossdockError(thrown);
    return { ok: false, code, message };
  }
}

async function testStore(channel: Extract<AnyChannel, { kind: 'local' }>): Promise<TestAnswer> {
  const { state, problem, engine, warnings, bytes } = await channel.store.health();
  if (state !== 'open') throw offline(problem ?? 'The store is closed.', 'STORE_CLOSED');
  const warning = warnings.map(({ message }) => message).join(' ');
  return {
    ok: true,
    kind: 'local',
    protocol: engine,
    megabytes: (bytes / 1e6).toFixed(1),
    ...(warning === '' ? {} : { warning }),
  };
}

async function testBroker(channel: Exclude<AnyChannel, { kind: 'local' }>): Promise<TestAnswer> {
  const { status, reason, protocol, warning } = await decided(channel);
  if (status !== 'connected') {
    throw offline(
      reason?.message ?? 'The broker has not answered yet.',
      reason?.code ?? 'CHANNEL_CONNECTING',
    );
  }
  return {
    ok: true,
    kind: channel.kind,
    protocol: protocol ?? channel.kind.toUpperCase(),
    ...(warning === undefined ? {} : { warning: warning.message }),
  };
}

/** The state as soon as it says something. */
function decided(channel: AnyChannel): Promise<AnyChannel['state']> {
  return new Promise((resolve) => {
    let stop: () => void = () => undefined;
    const look = (): void => {
      const { status, reason } = channel.state;
      if (status !== 'connected' && status !== 'closed' && reason === undefined) return;
      end();
    };
    const end = (): void => {
      clearTimeout(timer);
      stop();
      resolve(channel.state);
    };
    const timer = setTimeout(end, PATIENCE_MS);
    stop = channel.onState(look);
    look();
  });
}

function offline(message: string, code: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'transient' });
}
