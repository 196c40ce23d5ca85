/**
 * A large reading as a stream of messages. Each page but the last is work of its own: the next one is asked for when every
 * branch of the flow is done with it, so that however much there is, one page is in the flow. The last page is the message
 * that asked, which ends with it, and fails with the first page that does.
 */
import { type Outcome, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Message, Red, RedNode, Send } from './red';
import { enter } from './source';

export interface PageStream {
  readonly red: Red;
  readonly node: RedNode;
  /** Wait until the flow is done with a page; false: send one after the other, so that they can be joined. */
  readonly wait: boolean;
  /** Ms that the flow may take for a page. */
  readonly holdMs: number;
  /** The node has closed, or is about to. */
  readonly stopped: () => boolean;
  /** Pages that are in the flow, to be given back when the node closes. */
  readonly open: Set<() => Promise<unknown>>;
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
  const governed = scopes.isOpen(asked);
  for await (const page of pages) {
    if (stream.stopped()) throw stopped();
    if (governed && !scopes.isOpen(asked)) throw overtime();
    if (page.last) {
      page.fill(asked);
      send(asked);
      return;
    }
    const message = stream.red.util.cloneMessage(asked);
    page.fill(message);
    // Where nobody counts branches, nobody could say that a page is done.
    if (stream.wait && scopes.tracked) await sendAndWait(stream, asked, ownWork(message));
    else send(message);
  }
}

async function sendAndWait({ node, holdMs, open }: PageStream, asked: Message, page: Message): Promise<void> {
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
          const failure = failureOf(outcome);
          if (failure === undefined) resolve();
          else reject(failure);
        },
      };
      giveBack = enter(node, page, handlers, { holdMs, end: 'automatic' }, () => 'filled');
      open.add(giveBack);
    });
  } finally {
    if (giveBack !== undefined) open.delete(giveBack);
  }
}

/** Without the scopes of the message that asked: the page ends by itself, and that one does not end with it. */
function ownWork({ crossdock, _msgid, ...rest }: Message): Message {
  const { scopes: _tokens, retry: _retry, failure: _failure, ...kept } = crossdock ?? {};
  return {
    ...rest,
    _msgid: `${_msgid ?? ''}.${Math.random().toString(16).slice(2, 10)}`,
    crossdock: kept,
  };
}

/** Undefined for a page that is done, be it by a dead letter node. */
function failureOf(outcome: Outcome | 'stale' | 'abandoned'): CrossdockError | undefined {
  if (outcome === 'stale') return stopped();
  if (outcome === 'abandoned') {
    return new CrossdockError('The flow was not done with a page in its time.', {
      code: 'PAGE_LOST',
      kind: 'transient',
    });
  }
  if (outcome.type === 'failed') return outcome.error;
  return outcome.type === 'handedBack' ? stopped() : undefined;
}

function stopped(): CrossdockError {
  return new CrossdockError('The flow was stopped while pages were being read.', {
    code: 'READING_STOPPED',
    kind: 'transient',
  });
}

/** Another delivery of the message reads by now. */
function overtime(): CrossdockError {
  return new CrossdockError(
    'The message that asked for the pages has run out of its time in the flow: raise it at the source.',
    { code: 'READING_OVERTIME', kind: 'transient' },
  );
}
