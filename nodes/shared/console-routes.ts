/** The HTTP admin API of dead letters and replay baskets: docs/console-api.md says what each route does. */
import { asCrossdockError, CrossdockError } from '../../core/errors';
import {
  DEFAULT_RATE,
  type Desk,
  type KnownStoresAnswer,
  MAX_RATE,
  replaySource,
  type StoreSummary,
} from '../../core/replay';
import { invalid, jsonBody, queryOf, refuse, whoOf } from './admin';
import {
  basketRequest,
  filterOf,
  itemNumber,
  pageSize,
  selection,
  stateOf,
  textOf,
} from './console-requests';
import { deskOf, type OpenDesk, openDesks } from './desks';
import { openSourceOf } from './open-sources';
import type { HttpHandler, Red } from './red';

const ROOT = '/crossdock/console';
/** An edited message may be as large as one that came in by default. */
const MAX_BODY_BYTES = 1024 * 1024 + 1024;
/** Rights that open a tab of the console without that to read dead letters. */
const OTHER_FAMILIES = [
  'crossdock-inventory',
  'crossdock-reconciler',
  'crossdock-cross-references',
  'crossdock-contract',
  'crossdock-odoo-server',
];
const STATUS: Readonly<Record<string, number>> = {
  STORE_UNKNOWN: 404,
  LETTER_UNKNOWN: 404,
  BASKET_UNKNOWN: 404,
  ITEM_UNKNOWN: 404,
  BASKET_EMPTY: 409,
  BASKET_TOO_LARGE: 409,
  BASKET_STATE: 409,
  ITEM_SENT: 409,
  SOURCE_NOT_OPEN: 409,
};

interface Asked {
  readonly red: Red;
  readonly desk: Desk;
  readonly who: string;
  readonly query: URLSearchParams;
  param(name: string): string;
  body(): Promise<Record<string, unknown>>;
}
type Answer = (asked: Asked) => Promise<unknown>;

/** Adds the routes; once per runtime. */
export function addConsoleRoutes(red: Red): void {
  const may = (right: string): HttpHandler => red.auth.needsPermission(`crossdock-dead-letters.${right}`);
  const read = may('read');
  const write = may('write');
  const personal = may('personal');
  /** Personal data has a permission of its own, which "may read everything" does not include. */
  const readAs: HttpHandler = (request, response, next) =>
    wantsPersonal(queryOf(request)) ? personal(request, response, next) : read(request, response, next);
  const app = red.httpAdmin;
  app.get(
    `${ROOT}/stores`,
    read,
    storesHandler((open) => storeShown(red, open)),
  );
  // A route asks for one right; a tab that needs another one has its own way to the stores.
  for (const family of OTHER_FAMILIES) {
    const mayOpen = red.auth.needsPermission(`${family}.read`);
    app.get(`${ROOT}/stores/${family}`, mayOpen, storesHandler(storeKnown));
  }
  const route = (path: string): string => `${ROOT}/:store/${path}`;
  const handler = (answer: Answer): HttpHandler => handlerOf(red, answer);
  app.get(route('groups'), read, handler(groups));
  app.get(route('letters'), read, handler(letters));
  app.post(route('letters/discard'), write, handler(discard));
  app.get(route('letters/:id'), readAs, handler(letter));
  app.get(
    route('baskets'),
    read,
    handler(async ({ desk }) => ({ baskets: await desk.list() })),
  );
  app.post(route('baskets'), write, handler(create));
  app.get(
    route('baskets/:id'),
    read,
    handler(({ desk, param }) => desk.basket(param('id'))),
  );
  app.get(route('baskets/:id/items'), read, handler(items));
  app.get(route('baskets/:id/items/:item'), readAs, handler(item));
  app.put(route('baskets/:id/items/:item'), write, handler(edit));
  app.get(
    route('baskets/:id/report'),
    read,
    handler(({ desk, param }) => desk.report(param('id'))),
  );
  app.post(route('baskets/:id/start'), write, handler(start));
  app.post(
    route('baskets/:id/dry-run'),
    write,
    handler(({ desk, param, who }) => desk.dryRun(param('id'), who)),
  );
  app.post(
    route('baskets/:id/pause'),
    write,
    handler(({ desk, param, who }) => desk.pause(param('id'), who)),
  );
  app.post(
    route('baskets/:id/resume'),
    write,
    handler(({ desk, param, who }) => desk.resume(param('id'), who)),
  );
  app.post(
    route('baskets/:id/cancel'),
    write,
    handler(({ desk, param, who }) => desk.cancel(param('id'), who)),
  );
  app.get(
    route('audit'),
    read,
    handler(({ desk, query }) => desk.audit(pageSize(query), after(query))),
  );
}

function storesHandler(shown: (open: OpenDesk) => Promise<unknown>): HttpHandler {
  return (_request, response, next) => {
    Promise.all(openDesks().map(shown))
      .then((stores) => response.json({ stores }))
      .catch(next);
  };
}

function handlerOf(red: Red, answer: Answer): HttpHandler {
  return (request, response, next) => {
    const param = (name: string): string => request.params?.[name] ?? '';
    const asked = async (): Promise<unknown> => {
      const desk = deskOf(param('store'));
      if (desk === undefined) throw notOpen(red, param('store'));
      return answer({
        red,
        desk,
        who: whoOf(request),
        query: queryOf(request),
        param,
        body: () => jsonBody(request, MAX_BODY_BYTES),
      });
    };
    asked()
      .then((body) => response.json(body))
      .catch((thrown: unknown) => refuse(thrown, response, STATUS))
      .catch(next);
  };
}

function notOpen(red: Red, id: string): CrossdockError {
  if (red.nodes.getNode(id)?.type !== 'crossdock-store') {
    return new CrossdockError('There is no such store.', { code: 'STORE_UNKNOWN', kind: 'permanent' });
  }
  return new CrossdockError('The store is still opening, or no node has used it since the last deploy.', {
    code: 'STORE_NOT_OPEN',
    kind: 'transient',
  });
}

async function storeShown(red: Red, open: OpenDesk): Promise<StoreSummary> {
  const { id, name, store, desk } = open;
  const replayNodes = replayNodesOf(red, id).filter(
    (node) => openSourceOf(store, replaySource(node.id)) !== undefined,
  );
  return { id, name, kind: desk.kind, replayNodes, ...(await lettersOf(open)) };
}

/** What everybody may know of a store who may see anything in it. */
async function storeKnown(open: OpenDesk): Promise<KnownStoresAnswer['stores'][number]> {
  const { problem } = await lettersOf(open);
  return { id: open.id, name: open.name, kind: open.desk.kind, problem };
}

async function lettersOf({ desk }: OpenDesk): Promise<Pick<StoreSummary, 'deadLetters' | 'problem'>> {
  try {
    return { deadLetters: await desk.summary(), problem: null };
  } catch (thrown) {
    // One store that cannot be reached does not hide the others.
    const { message } = asCrossdockError(thrown);
    return { deadLetters: { parked: 0, groups: 0 }, problem: message };
  }
}

/** The replay nodes of the flows that name this store. */
function replayNodesOf(red: Red, storeId: string): { id: string; name: string }[] {
  const found: { id: string; name: string }[] = [];
  red.nodes.eachNode(({ id, type, name, store }) => {
    if (type !== 'crossdock-replay' || store !== storeId) return;
    found.push({ id, name: typeof name === 'string' ? name : '' });
  });
  return found;
}

const groups: Answer = async ({ desk, query }) => ({
  groups: await desk.groups(stateOf(query.get('state'))),
});

const letters: Answer = ({ desk, query }) =>
  desk.letters(filterOf(Object.fromEntries(query)), pageSize(query), after(query));

const letter: Answer = ({ desk, param, query, who }) => desk.letter(param('id'), wantsPersonal(query), who);

const discard: Answer = async ({ desk, who, body }) => {
  const request = await body();
  const reason = textOf(request['reason'], 'reason');
  if (reason === undefined) throw invalid('A discard needs a reason.');
  return { discarded: await desk.discard({ ...selection(request), reason }, who) };
};

const create: Answer = async ({ desk, who, body }) => desk.create(basketRequest(await body()), who);

const items: Answer = ({ desk, param, query }) => desk.items(param('id'), pageSize(query), after(query));

const item: Answer = ({ desk, param, query, who }) =>
  desk.item(param('id'), itemNumber(param('item')), wantsPersonal(query), who);

const edit: Answer = async ({ desk, param, who, body }) => {
  const request = await body();
  if (!Object.hasOwn(request, 'body')) throw invalid('The field "body" is missing; null takes an edit back.');
  await desk.edit(param('id'), itemNumber(param('item')), request['body'], who);
  return desk.item(param('id'), itemNumber(param('item')), false, who);
};

const start: Answer = async ({ red, desk, param, who, body }) => {
  const { ratePerSecond = DEFAULT_RATE, into } = await body();
  if (!Number.isInteger(ratePerSecond) || Number(ratePerSecond) < 1 || Number(ratePerSecond) > MAX_RATE) {
    throw invalid(`The rate must be a whole number from 1 to ${MAX_RATE} per second.`);
  }
  const node = textOf(into, 'into');
  if (node !== undefined && !replayNodesOf(red, param('store')).some(({ id }) => id === node)) {
    throw invalid('The field "into" must be the id of a replay node that works with this store.');
  }
  return desk.start(param('id'), who, Number(ratePerSecond), node);
};

function wantsPersonal(query: URLSearchParams): boolean {
  return query.get('personal') === '1';
}

function after(query: URLSearchParams): string | undefined {
  return query.get('after') ?? undefined;
}
