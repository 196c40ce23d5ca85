/**
 * A large reading as a stream of messages. Each page but the last is work of its own: the next one is asked for when every
 * branch of the flow is done with it, so that however much there is, one page is in the flow. The last page is the message
 * that asked, which ends with it, and fails with the first page that does.
 */
import { type Outcome, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Message, Red, RedNode, Send } from './red';
import { enter } from './source';

/** What pages need of the node that sends them. */
export interface PageWork {
  readonly node: RedNode;
  /** What is being read, as the sentences of failures call it. */
  readonly reads: 'pages' | 'records';
  /** Ms that the flow may take for a page. */
  readonly holdMs: number;
  /** The node has closed, or is about to. */
  readonly stopped: () => boolean;
  /** Pages that are in the flow, to be given back when the node closes. */
  readonly open: Set<() => Promise<unknown>>;
}

export interface PageStream extends PageWork {
  readonly red: Red;
  /** Wait until the flow is done with a page; false: send one after the other, so that they can be joined. */
  readonly wait: boolean;
}

export interface PageOfMessage {
  readonly last: boolean;
  /** Puts the page into a message. */
  fill(message: Message): void;
}

/** Sends the pages; rejects with the failure of a page, or of the reading. Tracking must have begun before. */
export async function sendPages(
  stream: PageStream,
  asked: Message,
  send: Send,
  pages: AsyncIterable<PageOfMessage>,
): Promise<void> {
  const goesOn = goingOn(stream, asked);
  for await (const page of pages) {
    goesOn();
    if (page.last) {
      page.fill(asked);
      send(asked);
      return;
    }
    const message = stream.red.util.cloneMessage(asked);
    page.fill(message);
    // Where nobody counts branches, nobody could say that a page is done.
    if (stream.wait && scopes.tracked) await sendAndWait(stream, asked, [message]);
    else send(message);
  }
}

/** What throws READING_STOPPED or READING_OVERTIME (transient) once nobody waits for more pages. */
export function goingOn({ stopped, reads }: PageWork, asked: Message): () => void {
  const governed = scopes.isOpen(asked);
  return () => {
    if (stopped()) throw readingStopped(reads);
    if (governed && !scopes.isOpen(asked)) throw overtime(reads);
  };
}

/** One page is one piece of work, however many messages it makes. Rejects with its failure. */
export async function sendAndWait(
  { node, reads, holdMs, open }: PageWork,
  asked: Message,
  messages: readonly Message[],
): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  let giveBack: (() => Promise<unknown>) | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      const handlers: ScopeHandlers = {
        kind: 'page',
        store: undefined,
        statements: () => [],
        // What the message's source will repeat as a whole is no dead letter page by page.
        retryDelay: (error) => {
          const fate = scopes.fate(asked, error);
          return fate.type === 'again' ? fate.inMs : undefined;
        },
        ended: (outcome) => {
          const failure = failureOf(outcome, reads);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      const root = ownWork(first);
      giveBack = enter(node, root, handlers, { holdMs, end: 'automatic' }, () => {
        const tokens = root.crossdock;
        for (const message of messages) {
          const own = message === first ? root : ownWork(message);
          own.crossdock = { ...tokens };
          node.send(own);
        }
        return 'sent';
      });
      open.add(giveBack);
    });
  } finally {
    if (giveBack !== undefined) open.delete(giveBack);
  }
}

/** Without the scopes of the message that asked: the page ends by itself, and that one does not end with it. */
function ownWork({ crossdock, _msgid, ...rest }: Message): Message {
  const { scopes: _tokens, retry: _retry, failure: _failure, ...kept } = crossdock ?? {};
  return { ...rest, _msgid: `${_msgid ?? ''}.${Math.random().toString(16).slice(2, 10)}`, crossdock: kept };
}

/** Undefined for a page that is done, be it by a dead letter node. */
function failureOf(
  outcome: Outcome | 'stale' | 'abandoned',
  reads: PageWork['reads'],
): CrossdockError | undefined {
  if (outcome === 'stale') return readingStopped(reads);
  if (outcome === 'abandoned') {
    return new CrossdockError('The flow was not done with a page in its time.', {
      code: 'PAGE_LOST',
      kind: 'transient',
    });
  }
  if (outcome.type === 'failed') return outcome.error;
  return outcome.type === 'handedBack' ? readingStopped(reads) : undefined;
}

function readingStopped(reads: PageWork['reads']): CrossdockError {
  return new CrossdockError(`The flow was stopped while ${reads} were being read.`, {
    code: 'READING_STOPPED',
    kind: 'transient',
  });
}

/** Another delivery of the message reads by now. */
function overtime(reads: PageWork['reads']): CrossdockError {
  return new CrossdockError(
    `The message that asked for the ${reads} has run out of its time in the flow: raise it at the source.`,
    { code: 'READING_OVERTIME', kind: 'transient' },
  );
}
