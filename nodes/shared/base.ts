/**
 * What all message nodes share: the configuration is read once, the parts are opened in the background while messages
 * wait, every error ends in one `done(error)`, and no rejection ever escapes (an unhandled one ends Node-RED).
 */
import { type Backoff, backoffDelay, scopes } from '../../core/delivery';
import { asCrossdockError, type CrossdockError } from '../../core/errors';
import type { Done, Message, RawConfig, Red, RedNode, Send } from './red';
import { onRemark } from './remarks';
import { StatusLine } from './status';

/** After a final failure: how long a Catch node may take to bring the message to a dead letter node. */
const CATCH_GRACE_MS = 10_000;

/** A node at work. */
export interface Behaviour {
  /** Handles one message; an error thrown here is the message's failure. */
  input?(message: Message, send: Send): Promise<void>;
  /**
   * Frees what was opened; Node-RED waits for it up to its own limit (closing.ts).
   * @param removed the node is gone from the flows; false when a new instance of it starts after the deploy
   */
  close?(removed: boolean): Promise<void>;
}

export interface Context<C> {
  readonly node: RedNode;
  readonly config: C;
  readonly status: StatusLine;
  /** Resolves when the node has closed; what it shares stays open until then. */
  readonly closed: Promise<void>;
}

export interface NodeDefinition<C> {
  readonly credentials?: Record<string, { type: 'text' | 'password' }>;
  /** Reads the configuration; throws CrossdockError with a sentence for what is wrong. */
  normalise(config: RawConfig, node: RedNode): C;
  /** Opens the node's parts. Until it resolves, messages wait. */
  start(context: Context<C>): Promise<Behaviour>;
}

/** Registers a message node. */
export function registerNode<C>(red: Red, type: string, definition: NodeDefinition<C>): void {
  red.nodes.registerType(
    type,
    function (this: RedNode, config: RawConfig): void {
      red.nodes.createNode(this, config);
      run(this, config, definition);
    },
    definition.credentials === undefined ? {} : { credentials: definition.credentials },
  );
}

/** Starting again after a transient failure (disk full, store still closing): from a second up to half a minute. */
const START_BACKOFF: Backoff = { baseMs: 1000, capMs: 30_000 };

function run<C>(node: RedNode, raw: RawConfig, definition: NodeDefinition<C>): void {
  const status = new StatusLine(node);
  const { server } = raw;
  const endRemarks =
    typeof server === 'string' ? onRemark(server, (remark) => status.remark(remark)) : () => undefined;
  let tellClosed: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    tellClosed = resolve;
  });
  let again: NodeJS.Timeout | undefined;
  let closing = false;
  let opened: Promise<Behaviour>;
  /** Set once it is open: then a message costs no promise more than its work. */
  let behaviour: Behaviour | undefined;
  const open = (failures: number): void => {
    opened = begin(node, raw, definition, status, closed);
    opened.then(
      (now) => {
        behaviour = now;
      },
      (thrown: unknown) => {
        const error = asCrossdockError(thrown);
        status.failed(error.message);
        if (failures === 0) node.error(error.message);
        if (!error.retryable || closing) return;
        // At three in the morning nobody is there to deploy again: what may heal is tried until it does.
        again = setTimeout(
          () => open(failures + 1),
          backoffDelay(START_BACKOFF, failures + 1, error.retryAfterMs),
        );
        again.unref();
      },
    );
  };
  open(0);
  node.on('input', (message: Message, send: Send, done: Done) => {
    const failed = (thrown: unknown): void => {
      fail(node, status, message, asCrossdockError(thrown), done).catch((again: unknown) =>
        node.error(asCrossdockError(again).message),
      );
    };
    handle(behaviour ?? opened, message, send).then(() => {
      try {
        done();
      } catch (thrown) {
        node.error(asCrossdockError(thrown).message);
      }
    }, failed);
  });
  // Declared with two parameters on purpose: Node-RED decides by the function's length how to call it.
  node.on('close', (removed: boolean, done: () => void) => {
    closing = true;
    clearTimeout(again);
    opened
      // A node that never opened has nothing to close, and has said why.
      .then(
        (behaviour) => behaviour.close?.(removed),
        () => undefined,
      )
      .catch((thrown: unknown) => node.warn(asCrossdockError(thrown).message))
      .finally(() => {
        endRemarks();
        status.close();
        tellClosed();
        done();
      });
  });
}

async function handle(opened: Behaviour | Promise<Behaviour>, message: Message, send: Send): Promise<void> {
  const behaviour = 'then' in opened ? await opened : opened;
  await behaviour.input?.(message, send);
}

async function begin<C>(
  node: RedNode,
  raw: RawConfig,
  definition: NodeDefinition<C>,
  status: StatusLine,
  closed: Promise<void>,
): Promise<Behaviour> {
  const config = definition.normalise(raw, node);
  return definition.start({ node, config, status, closed });
}

/**
 * One failure, told once. A failure that the message's source will repeat ends the scopes first, so that what the
 * Catch node sees already says so (`msg.crossdock.retry`) and nobody parks a message that is still alive.
 */
async function fail(
  node: RedNode,
  status: StatusLine,
  message: Message,
  error: CrossdockError,
  done: Done,
): Promise<void> {
  status.failed(error.message);
  note(node, message, error);
  const fate = scopes.fate(message, error);
  const attempt = scopes.origin(message)?.attempts ?? 1;
  if (fate.type === 'again') {
    await scopes.settle(message, { type: 'failed', error }).catch((thrown: unknown) => {
      // The store refused to take the outcome: the lease runs out and the message is delivered again all the same.
      node.warn(asCrossdockError(thrown).message);
    });
    message.crossdock = { ...message.crossdock, retry: { attempt, inMs: fate.inMs } };
  } else {
    if (fate.type === 'leaves')
      message.crossdock = { ...message.crossdock, retry: { attempt, leavesBy: fate.by } };
    scopes.failing(message, error, CATCH_GRACE_MS);
  }
  done(error);
}

/**
 * Writes the failure into the message as plain data: a Catch node keeps only text, code and stack of an error, and
 * the dead letters want its kind, facts and problems too.
 */
function note(node: RedNode, message: Message, error: CrossdockError): void {
  const { code, kind, facts, problems } = error;
  message.crossdock = {
    ...message.crossdock,
    failure: { nodeId: node.id, code, kind, message: error.message, facts, problems },
  };
}

/** A final failure outside an input handler (a source has no `done`): noted, told to the Catch nodes, bounded. */
export function raise(node: RedNode, message: Message, error: CrossdockError): void {
  note(node, message, error);
  scopes.failing(message, error, CATCH_GRACE_MS);
  node.error(error, message);
}
