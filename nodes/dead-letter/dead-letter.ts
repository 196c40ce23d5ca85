import { randomUUID } from 'node:crypto';
import { type DeadLetterSource, DeadLetters, keepWithin, type RetentionLimits } from '../../core/dead-letter';
import { isLookedAfter, scopes } from '../../core/delivery';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import { auditStatement, groupShown } from '../../core/replay';
import { registerNode } from '../shared/base';
import { number } from '../shared/config';
import { lettersChanged, onLetters } from '../shared/desks';
import { businessKeyOf, forgetLabels, labelOf } from '../shared/place';
import type { HttpRequest, Message, RawConfig, Red, RedNode } from '../shared/red';
import type { StatusLine } from '../shared/status';
import { storeOf } from '../shared/store';

interface Config {
  readonly store: ReturnType<typeof storeOf>;
  readonly limits: RetentionLimits;
}

const DAY_MS = 86_400_000;
const MB = 1024 * 1024;
/** Counting reads what is parked, so a burst is counted now and then, and once more when it is over. */
const COUNT_EVERY_MS = 500;
const CLEAN_UP_EVERY_MS = 10 * 60_000;

/** Dead letter nodes alive, by id, for the admin routes. */
const live = new Map<string, DeadLetters>();

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-dead-letter', {
    normalise: (config: RawConfig) => ({
      store: storeOf(red, config),
      limits: {
        keepMs: number(config, 'keepDays', 'Keep handled letters', 90, { min: 1, max: 3650 }) * DAY_MS,
        maxBytes: number(config, 'limitMb', 'Size limit', 500, { min: 1, max: 1_000_000 }) * MB,
      },
    }),
    async start({ node, config, status, closed }) {
      const letters = await DeadLetters.open(await config.store(closed));
      live.set(node.id, letters);
      forgetLabels(red);
      const shown = new Shown(letters, status);
      const clean = cleaner(node, letters, config.limits, shown);
      await shown.now();
      // Also when the console discards or replays some.
      const deaf = onLetters(letters.store, () => shown.soon());
      clean.now();
      return {
        async input(message, send) {
          if (isLookedAfter(message)) {
            // Its source delivers it again, or a retry node gives it out: parking it now would make two of one.
            send([null, message]);
            return;
          }
          const error = errorOf(message);
          const { id, cause, statements } = letters.park({
            error,
            failedAt: failedAt(red, message, node),
            origin: scopes.origin(message),
            payload: message.payload,
            businessKey: businessKeyOf(message),
            parkedBy: node.id,
          });
          const settled = await scopes.settle(
            message,
            { type: 'parked', error, id },
            { store: letters.store, statements },
          );
          if (settled === 'stale') return;
          lettersChanged(letters.store);
          message['deadLetter'] = { id, code: error.code, kind: error.kind, reason: error.message };
          send([message, null, null]);
          // A store that refuses now is asked again with the next clean-up; the message itself is parked.
          await tell(node, letters, cause).catch(() => undefined);
        },
        close: async () => {
          live.delete(node.id);
          deaf();
          shown.close();
          clean.close();
        },
      };
    },
  });

  const read = red.auth.needsPermission('crossdock-dead-letters.read');
  red.httpAdmin.get('/crossdock/dead-letters/:node', read, (request: HttpRequest, response, next) => {
    const id = request.params?.['node'] ?? '';
    const letters = live.get(id);
    if (letters === undefined && red.nodes.getNode(id)?.type === 'crossdock-dead-letter') {
      response.setHeader('retry-after', '1');
      response
        .status(503)
        .json({ code: 'STARTING', message: 'This dead letter node waits for its store. Ask again.' });
      return;
    }
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

/** The node's status: how many are parked, and whether they grow over their limit. */
class Shown {
  over = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly letters: DeadLetters,
    private readonly status: StatusLine,
  ) {}

  async now(): Promise<void> {
    const count = await this.letters.count();
    if (count === 0) this.status.ok('none parked');
    else if (this.over) this.status.failed(`${count} parked, over the size limit: handle some`);
    else this.status.waiting(`${count} parked`);
  }

  soon(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // A store that refuses says so where a message is parked.
      this.now().catch(() => undefined);
    }, COUNT_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

/** Drops handled letters that are due, and tells groups that could not be told, at once and now and then. */
function cleaner(node: RedNode, letters: DeadLetters, limits: RetentionLimits, shown: Shown) {
  const { store } = letters;
  const clean = async (): Promise<void> => {
    for (const cause of await letters.untold(node.id)) await tell(node, letters, cause);
    const { dropped, over } = await keepWithin(store, limits);
    if (dropped > 0) {
      await store.run([auditStatement('crossdock', 'letters.dropped', { letters: dropped })]);
      lettersChanged(store);
    }
    if (over && !shown.over) node.warn('Dead letters that nobody has handled are over the size limit.');
    shown.over = over;
    await shown.now();
  };
  const now = (): void => {
    clean().catch((thrown: unknown) => {
      const error = asCrossdockError(thrown);
      // A store that does not work for now is told by whoever works with it, and cleaned next time.
      if (!error.retryable) node.warn(error.message);
    });
  };
  const timer = setInterval(now, CLEAN_UP_EVERY_MS);
  timer.unref();
  return { now, close: () => clearInterval(timer) };
}

/** One message per new group, whatever many letters it gets; it belongs to no letter's delivery. */
async function tell(node: RedNode, letters: DeadLetters, cause: string): Promise<void> {
  const group = await letters.tellGroup(cause);
  if (group === undefined) return;
  node.send([null, null, { _msgid: randomUUID().slice(0, 16), topic: cause, payload: groupShown(group) }]);
}

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
  const flowId = red.nodes.getNode(nodeId)?.z ?? node.z ?? '';
  return {
    flowId,
    flowName: labelOf(red, flowId),
    nodeId,
    nodeType: typeof source?.['type'] === 'string' ? source['type'] : node.type,
    nodeName: typeof source?.['name'] === 'string' ? source['name'] : (node.name ?? ''),
  };
}
