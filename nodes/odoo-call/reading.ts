/**
 * A large reading as a stream of messages. Each page is work of its own: the next one is read when every branch of the
 * flow is done with it, so that however much there is, one page is in memory. The message that asked is under way until
 * the last page is done, and fails with the first page that does.
 */
import { type Outcome, type ScopeHandlers, scopes } from '../../core/delivery';
import { CrossdockError } from '../../core/errors';
import type { Page } from '../../core/odoo';
import type { Message, Red, RedNode } from '../shared/red';
import { enter } from '../shared/source';
import type { ReadingSettings } from './config';

export interface Reading {
  readonly red: Red;
  readonly node: RedNode;
  readonly settings: ReadingSettings;
  /** The node has closed, or is about to. */
  readonly stopped: () => boolean;
  /** Page scopes that are open, to be given back when the node closes. */
  readonly open: Set<() => Promise<unknown>>;
}

/** Sends the pages. Returns how many records there were; rejects with the failure of a page, or of the reading. */
export async function sendPages(
  reading: Reading,
  asked: Message,
  model: string,
  pages: AsyncIterable<Page>,
): Promise<number> {
  const { settings, stopped } = reading;
  const governed = scopes.isOpen(asked);
  // Nobody counts branches: then nobody could say that a page is done.
  const waits = settings.next === 'done' && scopes.tracked;
  let records = 0;
  for await (const page of pages) {
    if (stopped()) throw closed();
    if (governed && !scopes.isOpen(asked)) throw lost();
    records += page.rows.length;
    const messages = messagesOf(reading, asked, model, page);
    if (waits) await sendAndWait(reading, asked, messages);
    else for (const message of messages) reading.node.send(message);
  }
  return records;
}

function messagesOf({ red, settings }: Reading, asked: Message, model: string, page: Page): Message[] {
  const { index, before, last, lastId, rows } = page;
  const id = asked._msgid ?? '';
  const about = { model, page: index, lastId, last };
  const make = (payload: unknown, at: number, count: number | undefined): Message => ({
    ...red.util.cloneMessage(asked),
    payload,
    odoo: about,
    parts: { id, type: 'array', index: at, ...(count === undefined ? {} : { count }) },
  });
  if (settings.send === 'page') return [make(rows, index, last ? index + 1 : undefined)];
  const total = before + rows.length;
  return rows.map((row, at) => make(row, before + at, last && at === rows.length - 1 ? total : undefined));
}

/** One page is one piece of work, however many messages it makes. */
async function sendAndWait(reading: Reading, asked: Message, messages: readonly Message[]): Promise<void> {
  const [first] = messages;
  if (first === undefined) return;
  const { node, settings, open } = reading;
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
      const root = ownWork(first);
      giveBack = enter(node, root, handlers, { holdMs: settings.holdMs, end: 'automatic' }, () => {
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
function ownWork(message: Message): Message {
  const { crossdock, _msgid, ...rest } = message;
  const { scopes: _tokens, retry: _retry, failure: _failure, ...kept } = crossdock ?? {};
  return { ...rest, _msgid: `${_msgid ?? ''}.${Math.random().toString(16).slice(2, 10)}`, crossdock: kept };
}

/** Undefined for a page that is done, be it by a dead letter node. */
function failureOf(outcome: Outcome | 'stale' | 'abandoned'): CrossdockError | undefined {
  if (outcome === 'stale') return closed();
  if (outcome === 'abandoned') {
    return new CrossdockError('The flow was not done with a page in its time.', {
      code: 'PAGE_LOST',
      kind: 'transient',
    });
  }
  if (outcome.type === 'failed') return outcome.error;
  return outcome.type === 'handedBack' ? closed() : undefined;
}

export function closed(): CrossdockError {
  return new CrossdockError('The flow was stopped while records were being read.', {
    code: 'READING_STOPPED',
    kind: 'transient',
  });
}

/** Another delivery of the message reads by now. */
function lost(): CrossdockError {
  return new CrossdockError(
    'The message that asked for the records has run out of its time in the flow: raise it at the source.',
    { code: 'READING_OVERTIME', kind: 'transient' },
  );
}
