import { randomUUID } from 'node:crypto';
import {
  type Failing,
  Pacer,
  type RetryOptions,
  retryScope,
  type ScopeHandlers,
  scopes,
} from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import { type Behaviour, type Context, registerNode } from '../shared/base';
import { choice, flag, number, text } from '../shared/config';
import { evaluator } from '../shared/expression';
import type { Message, RawConfig, Red, RedNode } from '../shared/red';
import { openSource, type Source, type SourceSettings, sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';
import { fromStored, toStored } from './stored';

/** Longest value by which messages are kept in order. */
const MAX_KEY = 255;
/** Messages that come back within a second at most; more than Odoo places of orders (about 70 on two cores). */
const PER_SECOND = 100;

interface Config {
  readonly retry: RetryOptions;
  /** Something is connected to the second output. */
  readonly givesOut: boolean;
  readonly settings: SourceSettings;
  readonly orderOf: (message: Message) => Promise<unknown>;
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-retry', {
    normalise: (config, node) => normalise(red, config, node),
    start: (context) => start(red, context),
  });
};

function normalise(red: Red, config: RawConfig, node: RedNode): Config {
  const base = number(config, 'baseSeconds', 'First wait', 1, { min: 1, max: 86_400 });
  const cap = number(config, 'capSeconds', 'Longest wait', 30, { min: 1, max: 604_800 });
  if (cap < base) {
    throw new CrossdockError('The longest wait must not be shorter than the first wait.', {
      code: 'CONFIG_INVALID',
      kind: 'permanent',
      facts: { field: 'capSeconds' },
    });
  }
  const orderType = choice(config, 'orderType', 'Keep order by', ['none', 'msg', 'jsonata'], 'none');
  return {
    retry: {
      id: node.id,
      attempts: number(config, 'attempts', 'Attempts', 5, { min: 1, max: 10_000 }),
      backoff: { baseMs: base * 1000, capMs: cap * 1000 },
      pacer: new Pacer(PER_SECOND),
      unknown: flag(config, 'unknown', false),
    },
    givesOut: (node.wires?.[1]?.length ?? 0) > 0,
    settings: sourceSettings(config),
    orderOf:
      orderType === 'none'
        ? async () => undefined
        : evaluator(red, orderType, text(config, 'order', 'Keep order by')),
    store: storeOf(red, config),
  };
}

async function start(red: Red, { node, config, status, closed }: Context<Config>): Promise<Behaviour> {
  const counts = { again: 0, exhausted: 0 };
  let own: Source | undefined;
  let isClosed = false;
  /** Open HTTP requests of messages that the store has: they live as long as this process. */
  const requests = new Map<string, Pick<Message, 'req' | 'res'>>();
  const show = (): void => {
    const { depth = 0, inFlight = 0, paused, problem } = own ?? {};
    if (problem !== undefined) return;
    if (paused !== undefined) status.waiting(`${paused}, ${depth} waiting`);
    else if (depth > 0) status.busy(`${inFlight} in the flow, ${Math.max(0, depth - inFlight)} waiting`);
    else if (counts.again + counts.exhausted === 0) status.ok('ready');
    else status.ok(`${counts.again} tried again, ${counts.exhausted} exhausted`);
  };
  const giveOut = (kept: Message, failing: Failing, failures: number): boolean => {
    if (isClosed) return false;
    counts.exhausted += 1;
    show();
    node.send([null, exhausted(red, kept, failing, failures)]);
    return true;
  };
  const open = (message: Message): void => {
    scopes.restore(message);
    // The message as it came: the flow behind the first output may change it.
    const kept = config.givesOut ? red.util.cloneMessage(message) : undefined;
    const ended: ScopeHandlers['ended'] = (outcome) => {
      if (typeof outcome === 'string' || outcome.type !== 'failed' || outcome.innermost !== true) return;
      if (outcome.retry?.inMs !== undefined) counts.again += 1;
      show();
    };
    const giveIt = kept && ((failing: Failing, failures: number) => giveOut(kept, failing, failures));
    scopes.open(message, retryScope(config.retry, giveIt, ended), undefined);
  };
  const source = await openSource({
    ...config.settings,
    red,
    node,
    status,
    store: await config.store(closed),
    source: `retry:${node.id}`,
    fill: (message, { body, deliveryId }) => {
      restore(message, body, requests.get(deliveryId));
      open(message);
    },
    refused: (message, { body, deliveryId, attempts }, error) => {
      if (!config.givesOut) return false;
      restore(message, body, requests.get(deliveryId));
      giveOut(message, { error, tokens: [], nodeId: node.id }, attempts);
      return true;
    },
    settled: ({ deliveryId }) => void requests.delete(deliveryId),
    changed: show,
  });
  own = source;
  show();
  return {
    async input(message, send) {
      if (scopes.origin(message) !== undefined) {
        open(message);
        send([message, null]);
        return;
      }
      const id = randomUUID();
      const partitionKey = keyText(await config.orderOf(message));
      const body = toStored(message);
      const { req, res } = message;
      if (res !== undefined) requests.set(id, { req, res });
      await source.accept({ id, partitionKey, body });
    },
    close: async () => {
      isClosed = true;
      await source.stop();
    },
  };
}

function restore(message: Message, body: Uint8Array, request: object | undefined): void {
  const { crossdock, ...properties } = fromStored(body);
  // What a source sets by itself: this message has its own, or none.
  delete message.topic;
  Object.assign(message, properties, request);
  message.crossdock = { ...crossdock, ...message.crossdock };
}

/** The message as it leaves by the second output: as it came, with the failure that no try has overcome. */
function exhausted(red: Red, kept: Message, { error, nodeId = '' }: Failing, failures: number): Message {
  const { code, kind, message: sentence, facts, problems } = error;
  const failed = red.nodes.getNode(nodeId);
  const message: Message = {
    ...kept,
    // Its own: by the old one the tries that have failed are known.
    _msgid: randomUUID().replaceAll('-', '').slice(0, 16),
    error: {
      message: sentence,
      code,
      kind,
      source: { id: nodeId, type: failed?.type ?? '', name: failed?.name ?? '' },
    },
    crossdock: {
      ...kept.crossdock,
      retry: { attempt: failures, exhausted: true },
      failure: { nodeId, code, kind, message: sentence, facts, problems },
    },
  };
  scopes.know(message);
  return message;
}

function keyText(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const key = String(value).slice(0, MAX_KEY);
  return key === '' ? undefined : key;
}
