import type { InventoryAdjustment } from '../../core/canonical';
import { scopes } from '../../core/delivery';
import { asCrossdockError, CrossdockError, type Problem } from '../../core/errors';
import {
  type AppliedAdjustment,
  type LevelPage,
  type OdooClient,
  readLevels,
  reservation,
  StockAdjuster,
  type StockProblem,
} from '../../core/odoo';
import { type Context, registerNode } from '../shared/base';
import { type PageOfMessage, sendPages } from '../shared/pages';
import type { Message, Red, Send } from '../shared/red';
import { trackMessages } from '../shared/tracking';
import { adjustmentsIn, itemsIn, orderIn } from './input';
import { type Operation, readSettings, type Settings } from './settings';

/** Ms that the flow may take for one page. */
const PAGE_HOLD_MS = 300_000;
/** What the status counts. */
const DONE: Readonly<Record<Operation, string>> = {
  read: 'levels read',
  adjust: 'adjusted',
  reserve: 'reserved',
  release: 'released',
  reserved: 'looked at',
};

export = (red: Red): void => {
  registerNode<Settings>(red, 'crossdock-odoo-stock', {
    normalise: (config) => readSettings(red, config),
    start: (context) => start(red, context),
  });
};

async function start(red: Red, { node, config: settings, status, closed }: Context<Settings>) {
  const client = await settings.server(closed);
  const adjuster = new StockAdjuster(client, settings.adjust);
  const open = new Set<() => Promise<unknown>>();
  let stopped = false;
  // Before the first page: what is not counted cannot be waited for.
  trackMessages(red);
  const counts = new Map<Operation, number>();
  let working = 0;
  const show = (): void => {
    const done = [...counts].map(([operation, count]) => `${count} ${DONE[operation]}`).join(', ');
    if (working > 0) status.busy(done === '' ? 'working' : `working, ${done}`);
    else status.ok(done || 'ready');
  };
  const count = (operation: Operation, by: number): void => {
    counts.set(operation, (counts.get(operation) ?? 0) + by);
    status.soon(show);
  };
  show();

  const read = (message: Message, send: Send): Promise<void> =>
    sendPages(
      {
        ...{ red, node, reads: 'pages', wait: settings.read.wait, holdMs: PAGE_HOLD_MS },
        ...{ stopped: () => stopped, open },
      },
      message,
      send,
      messagesOf(red, client, settings, message, (levels) => count('read', levels)),
    );

  const handle = async (message: Message, send: Send): Promise<void> => {
    const operation = await settings.operation(message);
    if (operation === 'read') return read(message, send);
    const value = red.util.getMessageProperty(message, settings.property);
    if (operation === 'adjust') {
      const adjustments = adjustmentsIn(value);
      const results = await applyAll(adjuster, adjustments);
      const payload = Array.isArray(value) ? results : results[0];
      // Another delivery of the message owns it now, and tells its own story.
      if ((await scopes.finish(message, payload)) === 'stale') return;
      message['adjustment'] = value;
      message.payload = payload;
      count(operation, results.length);
    } else {
      const action = operation === 'reserved' ? 'look' : operation;
      const report = await reservation(client, action, orderIn(value));
      if (action !== 'look' && (await scopes.finish(message, report)) === 'stale') return;
      message.payload = report;
      count(operation, 1);
    }
    send(message);
  };

  return {
    async input(message: Message, send: Send) {
      working += 1;
      status.soon(show);
      try {
        await handle(message, send);
      } finally {
        working -= 1;
        status.soon(show);
      }
    },
    close: async () => {
      stopped = true;
      await Promise.allSettled([...open].map((giveBack) => giveBack()));
    },
  };
}

/** Each page as what fills a message. Fails when something was asked for and none of it has a level. */
async function* messagesOf(
  red: Red,
  client: OdooClient,
  { read }: Settings,
  asked: Message,
  counted: (levels: number) => void,
): AsyncGenerator<PageOfMessage, void, void> {
  const { items, wait: _wait, ...request } = read;
  const wanted = items === undefined ? {} : itemsIn(red.util.getMessageProperty(asked, items));
  const id = asked._msgid ?? '';
  let levels = 0;
  const problems: StockProblem[] = [];
  for await (const page of readLevels(client, { ...request, ...wanted })) {
    levels += page.levels.length;
    if (items !== undefined && levels === 0) problems.push(...page.problems.slice(0, 20));
    if (page.last && levels === 0 && problems.length > 0) throw nothingFound(problems);
    counted(page.levels.length);
    yield { last: page.last, fill: (message) => fill(message, page, id, read.pageSize) };
  }
}

function fill(
  message: Message,
  { index, last, levels, problems }: LevelPage,
  id: string,
  size: number,
): void {
  message.payload = levels;
  message['problems'] = problems;
  // With a length above one, a join node makes one list of all pages.
  message['parts'] = {
    id,
    type: 'array',
    index,
    len: Math.max(2, size),
    ...(last ? { count: index + 1 } : {}),
  };
}

function nothingFound(found: readonly StockProblem[]): CrossdockError {
  const [first] = found;
  const more = found.length > 1 ? ` So it is with ${found.length - 1} more.` : '';
  return new CrossdockError(`${first?.message ?? ''}${more}`, {
    code: first?.code ?? 'SKU_UNKNOWN',
    kind: 'business',
    facts: first?.sku === undefined ? {} : { sku: first.sku },
    problems: found.map(({ message }) => ({ path: '', message })),
  });
}

/** All of them, though one may fail: what was applied is found again when the message is delivered again. */
async function applyAll(
  adjuster: StockAdjuster,
  adjustments: readonly InventoryAdjustment[],
): Promise<AppliedAdjustment[]> {
  const outcomes = await Promise.allSettled(adjustments.map((adjustment) => adjuster.apply(adjustment)));
  const failures: { index: number; error: CrossdockError }[] = [];
  const results: AppliedAdjustment[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') results.push(outcome.value);
    else failures.push({ index, error: asCrossdockError(outcome.reason) });
  }
  // One that may pass keeps the message alive for the others.
  const worst = failures.find(({ error }) => error.retryable) ?? failures[0];
  if (worst === undefined) return results;
  if (adjustments.length === 1) throw worst.error;
  const { code, kind, facts } = worst.error;
  const problems: Problem[] = failures
    .slice(0, 20)
    .map(({ index, error }) => ({ path: `/${index}`, message: error.message }));
  throw new CrossdockError(
    `${failures.length} of ${adjustments.length} adjustments were not applied: ${worst.error.message}`,
    { code, kind, facts, problems, cause: worst.error },
  );
}
