import { type DeadLetterSource, DeadLetters } from '../../core/dead-letter';
import { scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { registerNode } from '../shared/base';
import type { HttpRequest, Message, RawConfig, Red, RedNode } from '../shared/red';
import { storeOf } from '../shared/store';

/** Dead letter nodes alive, by id, for the admin routes. */
const live = new Map<string, DeadLetters>();

export = (red: Red): void => {
  registerNode<{ store: ReturnType<typeof storeOf> }>(red, 'crossdock-dead-letter', {
    normalise: (config: RawConfig) => ({ store: storeOf(red, config) }),
    async start({ node, config, status, closed }) {
      const letters = await DeadLetters.open(await config.store(closed));
      live.set(node.id, letters);
      const show = async (): Promise<void> => {
        const count = await letters.count();
        if (count === 0) status.ok('none parked');
        else status.waiting(`${count} parked`);
      };
      await show();
      return {
        async input(message, send) {
          if (message.crossdock?.retry !== undefined) {
            // Its source will deliver it again: parking it now would make two of one.
            send([null, message]);
            return;
          }
          const error = errorOf(message);
          const { id, statements } = letters.park({
            error,
            failedAt: failedAt(red, message, node),
            origin: scopes.origin(message),
            payload: message.payload,
            businessKey: businessKey(message),
          });
          const settled = await scopes.settle(
            message,
            { type: 'parked', error, id },
            { store: letters.store, statements },
          );
          if (settled === 'stale') return;
          await show();
          message['deadLetter'] = { id, code: error.code, kind: error.kind, reason: error.message };
          send([message, null]);
        },
        close: async () => {
          live.delete(node.id);
        },
      };
    },
  });

  const read = red.auth.needsPermission('crossdock-dead-letters.read');
  red.httpAdmin.get('/crossdock/dead-letters/:node', read, (request: HttpRequest, response, next) => {
    const letters = live.get(request.params?.['node'] ?? '');
    if (letters === undefined) {
      response.status(404).json({ code: 'NODE_UNKNOWN', message: 'No such dead letter node is running.' });
      return;
    }
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    Promise.all([
      letters.list({ limit: pageSize(query.get('limit')), after: query.get('after') ?? '' }),
      letters.count(),
    ])
      .then(([items, parked]) => response.json({ parked, items }))
      .catch(next);
  });
};

/** Letters per page as asked for; the usual number when what was asked for is none. */
function pageSize(asked: string | null): number {
  return Math.trunc(Number(asked)) || 100;
}

/** The error that brought the message here: ours as plain data, else what a Catch node put into `msg.error`. */
function errorOf(message: Message): CrossdockError {
  const caught = message.error as
    | { message?: unknown; code?: unknown; kind?: unknown; source?: { id?: unknown } }
    | undefined;
  const failure = message.crossdock?.failure;
  if (failure !== undefined && (caught?.source === undefined || caught.source.id === failure.nodeId)) {
    return new CrossdockError(failure.message, failure);
  }
  const sentence =
    typeof caught?.message === 'string' ? caught.message : 'The message was sent here without an error.';
  return new CrossdockError(sentence.replace(/^(CrossdockError|Error): /, ''), {
    code: typeof caught?.code === 'string' ? caught.code : 'NODE_ERROR',
    kind: caught?.kind === 'business' ? 'business' : 'permanent',
  });
}

function failedAt(red: Red, message: Message, node: RedNode): DeadLetterSource {
  const source = (message.error as { source?: Record<string, unknown> } | undefined)?.source;
  const nodeId = typeof source?.['id'] === 'string' ? source['id'] : node.id;
  return {
    flowId: red.nodes.getNode(nodeId)?.z ?? node.z ?? '',
    nodeId,
    nodeType: typeof source?.['type'] === 'string' ? source['type'] : node.type,
    nodeName: typeof source?.['name'] === 'string' ? source['name'] : (node.name ?? ''),
  };
}

function businessKey(message: Message): string | undefined {
  const key = message.crossdock?.key;
  return typeof key === 'string' ? key : undefined;
}
