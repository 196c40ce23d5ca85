/**
 * A large reading as a stream of messages (nodes/shared/pages.ts says how one page is work of its own). The message that
 * asked is under way until the last page is done, and fails with the first page that does.
 */
import { scopes } from '../../core/delivery';
import type { Page } from '../../core/odoo';
import { goingOn, type PageWork, sendAndWait } from '../shared/pages';
import type { Message, Red } from '../shared/red';
import type { ReadingSettings } from './config';

export interface Reading extends PageWork {
  readonly red: Red;
  readonly settings: ReadingSettings;
}

/** Sends the pages. Returns how many records there were; rejects with the failure of a page, or of the reading. */
export async function sendPages(
  reading: Reading,
  asked: Message,
  model: string,
  pages: AsyncIterable<Page>,
): Promise<number> {
  const { node, settings } = reading;
  const goesOn = goingOn(reading, asked);
  // Nobody counts branches: then nobody could say that a page is done.
  const waits = settings.next === 'done' && scopes.tracked;
  let records = 0;
  for await (const page of pages) {
    goesOn();
    records += page.rows.length;
    const messages = messagesOf(reading, asked, model, page);
    if (waits) await sendAndWait(reading, asked, messages);
    else for (const message of messages) node.send(message);
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
