/**
 * Counts the branches of messages, so that a message can end by itself when nothing of it is under way any more.
 *
 * Node-RED's hooks tell of every delivery (`preDeliver`, synchronously within `send`) and of every `done()`
 * (`onComplete`). Between them stands what is special:
 * - Catch, Complete and Link Call hand messages over without a delivery: a receipt that no delivery announced counts
 *   as one;
 * - a node whose input handler does not take `done` never completes. The filter (`rbe`) and the instance of a subflow
 *   are done when their handler returns. All others (the switch; old nodes) are done when they send, be it nothing
 *   (a switch without a match sends a list of nulls), or report an error; or after a quiet time, since whether such a
 *   node swallowed the message or still works on it cannot be seen;
 * - `node.error(text, msg)` is the message's failure, whether or not a Catch node gets it, and also when the node
 *   calls `done()` as if nothing had happened (http request without an answer);
 * - a message that lost `msg.crossdock` (a function that returned a new object) gets it back on the next wire, since
 *   the node behind may give it a new `_msgid` as well (split does);
 * - a node that is stopped lets go of what it holds: delay, batch and join call `done()` for messages that they drop,
 *   and what is sent to a stopped node vanishes. Such a message is given back to its source (`scopes.cut`).
 * Measured on Node-RED 4.1 and 5 for all core nodes: test/runtime/scope-table.test.ts; told to users in LIFECYCLE.md.
 *
 * Rules for hooks (node-red.md 2.3.4): exactly one parameter, never throw, never async.
 */
import { type ScopedMessage, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Red, RedNode } from './red';

/** What the hooks tell. */
interface Delivered {
  readonly msg: ScopedMessage;
}
interface Received {
  readonly msg: ScopedMessage & { readonly error?: unknown };
  readonly destination: { readonly id: string; readonly node?: RuntimeNode };
}
interface Completed {
  readonly msg: ScopedMessage;
  readonly error?: unknown;
  readonly node: { readonly id: string; readonly node?: RuntimeNode };
}
/**
 * A node as the runtime has it (Node.js of @node-red/runtime): `_inputCallback` is its only input handler; with
 * several it is null, and those that take `done` are counted. After its close a node has none.
 */
interface RuntimeNode extends RedNode {
  readonly _inputCallback?: { readonly length: number } | null;
  readonly _inputCallbacks?: readonly unknown[] | null;
  readonly _expectedDoneCount?: number;
}

/** How long a node without `done` may be silent before its message counts as ended there. */
const QUIET_MS = 10_000;
/** Failures of the network: what a node could not do now it may do at the next delivery. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const NAME = 'crossdock';

/** Core nodes that take no `done` and have finished when their handler returns. */
const DONE_ON_RETURN = /^(rbe$|subflow:)/;

/** A message inside a node that will not say when it is done with it. */
interface Silent {
  readonly message: ScopedMessage;
  /** It has sent, or reported an error. */
  spoken: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Deliveries that were counted and not yet received; nodes may send one object several times. */
const announced = new WeakMap<object, number>();
const silent = new Map<RuntimeNode, Silent[]>();
const listened = new WeakSet<RuntimeNode>();
/** What stands in for the `send` of nodes without `done`. */
const sends = new WeakMap<RuntimeNode, RuntimeNode['send']>();
/** Questions that tcp request has not yet written. */
const unasked = new WeakSet<ScopedMessage>();
const hooked = new WeakSet<object>();
/** Sends, while nodes are being stopped, that have not found their destination yet. */
const vanishing = new WeakSet<object>();
/** Nodes are being stopped for a deploy or for good. */
let stopping = false;
/** A node reports an error, and says so itself: its Catch nodes need not. */
let telling = false;

/** Messages inside nodes that will not say when they are done; for tests. */
export function silentMessages(): number {
  return silent.size;
}

/** Begins to count in this runtime; safe to call for every node. Without hooks (unit tests) nothing is counted. */
export function trackMessages(red: Red): void {
  const { hooks, events } = red;
  if (hooks === undefined || hooked.has(hooks)) return;
  hooked.add(hooks);
  scopes.tracked = true;
  hooks.add(`preRoute.${NAME}`, (event) => routed(event as Delivered));
  hooks.add(`preDeliver.${NAME}`, (event) => delivered(event as Delivered));
  hooks.add(`onReceive.${NAME}`, (event) => received(event as Received));
  hooks.add(`postReceive.${NAME}`, (event) => handled(event as Received));
  hooks.add(`onComplete.${NAME}`, (event) => completed(event as Completed));
  events?.on('flows:stopping', () => {
    stopping = true;
  });
  events?.on('flows:started', () => {
    stopping = false;
  });
}

/** While nodes are being stopped, a send that finds its destination gone is not delivered, without a word. */
function routed(event: Delivered): void {
  const { msg } = event;
  if (!stopping || scopes.size === 0 || !isMessage(msg) || !scopes.began(msg)) return;
  vanishing.add(event);
  setImmediate(() => {
    if (vanishing.delete(event)) scopes.cut(msg);
    scopes.ended(msg);
  });
}

function delivered(event: Delivered): void {
  const { msg } = event;
  if (scopes.size === 0 || !isMessage(msg) || !scopes.began(msg)) return;
  announced.set(msg, (announced.get(msg) ?? 0) + 1);
  if (msg.crossdock?.scopes === undefined) scopes.restore(msg);
  if (stopping) vanishing.delete(event);
}

function received({ msg, destination }: Received): void {
  if (scopes.size === 0 || !isMessage(msg) || !scopes.isTracked(msg)) return;
  const deliveries = announced.get(msg) ?? 0;
  if (deliveries > 1) announced.set(msg, deliveries - 1);
  else if (deliveries === 1) announced.delete(msg);
  else scopes.began(msg);
  const { node } = destination;
  if (node === undefined) return;
  if (isClosed(node)) {
    if (stopping) scopes.cut(msg);
    scopes.ended(msg, stopping ? undefined : notSetUp(node), node.id);
    return;
  }
  if (node.type === 'catch' && msg.error !== undefined) noteCaught(msg, msg.error);
  if (!listened.has(node)) listenToErrors(node);
  if (completes(node)) {
    if (node.type === 'tcp request') unasked.add(msg);
    return;
  }
  // A deploy that only draws wires anew gives the node a new `send`.
  if (sends.get(node) !== node.send) listenToSends(node);
  const list = silent.get(node);
  const entry: Silent = { message: msg, spoken: false, timer: undefined };
  if (list === undefined) silent.set(node, [entry]);
  else list.push(entry);
}

/** A Catch node gets a failure: its dead letter node must not park what is looked after already. */
function noteCaught(message: ScopedMessage, shown: unknown): void {
  const error = caught(shown);
  if (!telling) scopes.failed(message, error, sourceOf(shown));
  const fate = scopes.fate(message, error);
  if (fate.type === 'final') return;
  const attempt = scopes.origin(message)?.attempts ?? 1;
  const retry = fate.type === 'again' ? { attempt, inMs: fate.inMs } : { attempt, leavesBy: fate.by };
  message.crossdock = { ...message.crossdock, retry };
}

/** The id of the node whose error a Catch node shows. */
function sourceOf(shown: unknown): string | undefined {
  const { source } = (isMessage(shown) ? shown : {}) as { source?: { id?: unknown } };
  return typeof source?.id === 'string' ? source.id : undefined;
}

/** The input handler has returned. */
function handled({ msg, destination }: Received): void {
  const { node } = destination;
  if (silent.size === 0 || node === undefined) return;
  const entry = silent.get(node)?.findLast(({ message, timer }) => message === msg && timer === undefined);
  if (entry === undefined) return;
  if (entry.spoken || DONE_ON_RETURN.test(node.type)) {
    over(node, entry);
    return;
  }
  entry.timer = setTimeout(() => over(node, entry), QUIET_MS);
  entry.timer.unref();
}

function completed({ msg, error, node: { node } }: Completed): void {
  if (scopes.size === 0 || !isMessage(msg)) return;
  if (node?.type === 'tcp request') unasked.delete(msg);
  // A node with an old handler may call `done` all the same; it is then not waited for any longer.
  const entry = node === undefined ? undefined : silent.get(node)?.find(({ message }) => message === msg);
  if (node !== undefined && entry !== undefined) forget(node, entry);
  const failure = error === undefined || error === null ? undefined : nodeFailure(error);
  if (!stopping || node === undefined || isClosed(node) || node.type.startsWith('crossdock-')) {
    scopes.ended(msg, failure, node?.id);
    return;
  }
  // Said within its own close, it means "dropped", not "done": the node is closed before this turn is over.
  setImmediate(() => {
    if (isClosed(node)) scopes.cut(msg);
    scopes.ended(msg, failure, node.id);
  });
}

/**
 * Hears what no hook tells: an error that goes with a message. Nodes look `error` up on themselves at every call
 * (Node.js of @node-red/runtime, and the `node` that a function sees).
 */
function listenToErrors(node: RuntimeNode): void {
  listened.add(node);
  const { error } = node;
  node.error = (text, message) => {
    telling = true;
    try {
      error.call(node, text, message);
    } finally {
      telling = false;
    }
    if (!isMessage(message) || scopes.size === 0 || !scopes.began(message)) return;
    // Of a request that took too long, http request tells only a translated text, and a moment later sets
    // `statusCode` to the error's code: so the message is looked at when this turn's work on it is over.
    queueMicrotask(() => {
      scopes.ended(message, nodeFailure(text, codeOf(text) ?? message['statusCode']), node.id);
      // These two call `done` for an answer and for a written question only.
      if (node.type === 'link call' || unasked.delete(message)) scopes.ended(message);
      spoke(node, [message]);
    });
  };
}

/** Hears that a node without `done` sends, also when it sends nothing or is wired to nothing. */
function listenToSends(node: RuntimeNode): void {
  const { send } = node;
  node.send = (messages) => {
    send.call(node, messages);
    if (silent.has(node)) spoke(node, Array.isArray(messages) ? messages.flat() : [messages]);
  };
  sends.set(node, node.send);
}

/**
 * A node without `done` has sent these messages. When all are null, that is the answer to the message it is handling,
 * or, when it comes later, to the oldest (the switch keeps the order).
 */
function spoke(node: RuntimeNode, messages: readonly (ScopedMessage | null | undefined)[]): void {
  const list = silent.get(node);
  if (list === undefined) return;
  const [about] = messages.filter(isMessage);
  const entry =
    about === undefined
      ? (list.findLast(({ timer }) => timer === undefined) ?? list[0])
      : list.find(({ message }) => sameWork(message, about));
  if (entry === undefined) return;
  entry.spoken = true;
  // Its handler had returned before: this is its end.
  if (entry.timer !== undefined) over(node, entry);
}

function sameWork(one: ScopedMessage, other: ScopedMessage): boolean {
  if (one === other || one._msgid === other._msgid) return true;
  const token = one.crossdock?.scopes?.[0];
  return token !== undefined && token === other.crossdock?.scopes?.[0];
}

function over(node: RuntimeNode, entry: Silent): void {
  forget(node, entry);
  if (!entry.spoken && isClosed(node)) scopes.cut(entry.message);
  scopes.ended(entry.message);
}

function forget(node: RuntimeNode, entry: Silent): void {
  clearTimeout(entry.timer);
  const list = silent.get(node);
  if (list === undefined) return;
  const at = list.indexOf(entry);
  if (at >= 0) list.splice(at, 1);
  if (list.length === 0) silent.delete(node);
}

/** Whether the node's handler takes `done`: a single handler gets it by position, of several those with three. */
function completes(node: RuntimeNode): boolean {
  const handler = node._inputCallback;
  if (handler !== undefined && handler !== null) return handler.length >= 3;
  return node._expectedDoneCount !== 0;
}

/** Closed, or (a switch with an expression that is wrong) never set up. */
function isClosed(node: RuntimeNode): boolean {
  return node._inputCallback === null && !node._inputCallbacks;
}

function isMessage(value: unknown): value is ScopedMessage {
  return typeof value === 'object' && value !== null;
}

/** The deploy that mends the node finds its messages waiting. */
function notSetUp({ type, id, name }: RuntimeNode): CrossdockError {
  const label = name === undefined || name === '' ? type : `${type} "${name}"`;
  return new CrossdockError(
    `The node ${label} takes no messages: its configuration is wrong (see the log).`,
    {
      code: 'NODE_NOT_SET_UP',
      kind: 'transient',
      facts: { node: id },
    },
  );
}

/** What a Catch node shows: an object with the error's text, code and source. */
function caught(shown: unknown): CrossdockError {
  return isMessage(shown) ? nodeFailure({ ...shown }) : nodeFailure(undefined);
}

/** The failure of any node as one of ours: what only the network caused may pass. */
function nodeFailure(error: unknown, code = codeOf(error)): CrossdockError {
  if (error instanceof CrossdockError) return error;
  const told = isMessage(error) ? (error as { message?: unknown }).message : error;
  const text = typeof told === 'string' && told !== '' ? told : 'A node failed and did not say why.';
  const passing = typeof code === 'string' && PASSING.has(code);
  return new CrossdockError(text, {
    code: passing ? 'NODE_NETWORK' : 'NODE_FAILED',
    kind: passing ? 'transient' : 'permanent',
    cause: error,
  });
}

function codeOf(error: unknown): unknown {
  return isMessage(error) ? (error as { code?: unknown }).code : undefined;
}
