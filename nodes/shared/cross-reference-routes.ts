/** The HTTP admin API of the cross-references, and of teaching what a dead letter waits for (docs/console-api.md). */
import {
  type CrossReferenceBook,
  changeWords,
  checkEntry,
  exportCsv,
  type ImportReport,
  importCsv,
  importEntries,
  meaningWords,
  odooReferences,
  type ReferenceEntry,
  type ReferenceFilter,
} from '../../core/cross-reference';
import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';
import { auditStatement, type Desk } from '../../core/replay';
import type { Store } from '../../core/store';
import { arithmetic, searchUnits, units } from '../../core/units';
import { invalid, jsonBody, queryOf, refuse, whoOf } from './admin';
import type { SharedNode } from './config-node';
import { pageSize, textOf } from './console-requests';
import { bookOf } from './cross-references';
import { lettersChanged, openDesks } from './desks';
import type { HttpHandler, HttpRequest, HttpResponse, Red } from './red';
import { ANSWERED, sendFile } from './store-routes';
import { toTeach } from './teach';

const ROOT = '/crossdock/console/:store';
const MAX_BODY_BYTES = 64 * 1024;
/** Many times what the most lines of a file need. */
const MAX_FILE_BYTES = 128 * 1024 * 1024;
const STATUS: Readonly<Record<string, number>> = {
  STORE_UNKNOWN: 404,
  CROSS_REFERENCE_UNKNOWN: 404,
  CROSS_REFERENCE_INVALID: 400,
  CSV_INVALID: 400,
  CROSS_REFERENCE_ENDED: 409,
  CROSS_REFERENCE_CONFLICT: 409,
  IMPORT_TOO_LARGE: 413,
};

interface Asked {
  readonly book: CrossReferenceBook;
  readonly store: Store;
  readonly desk: Desk;
  readonly who: string;
  readonly query: URLSearchParams;
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  param(name: string): string;
}
type Answer = (asked: Asked) => Promise<unknown>;

/** Adds the routes; once per runtime. */
export function addCrossReferenceRoutes(red: Red): void {
  const read = red.auth.needsPermission('crossdock-cross-references.read');
  const write = red.auth.needsPermission('crossdock-cross-references.write');
  const app = red.httpAdmin;
  app.get(`${ROOT}/cross-references`, read, handler(list));
  app.post(`${ROOT}/cross-references`, write, handler(teach));
  app.get(
    `${ROOT}/cross-references/conflicts`,
    read,
    handler(async ({ book }) => ({ conflicts: await book.conflicts() })),
  );
  app.get(`${ROOT}/cross-references/export`, read, handler(exported));
  app.post(`${ROOT}/cross-references/import`, write, handler(imported));
  app.post(
    `${ROOT}/cross-references/import-odoo`,
    write,
    handler((asked) => importedFromOdoo(red, asked)),
  );
  app.get(
    `${ROOT}/cross-references/:id/history`,
    read,
    handler(async ({ book, param }) => ({ versions: await book.history(idOf(param('id'))) })),
  );
  app.post(`${ROOT}/cross-references/:id/retire`, write, handler(retire));
  app.get(`${ROOT}/units`, read, handler(unitsFound));
  app.get(`${ROOT}/arithmetic`, read, handler(calculated));
  app.get(
    `${ROOT}/teach/:cause`,
    read,
    handler(async ({ desk, book, param }) => ({
      teaching: (await toTeach(desk, book, param('cause'))) ?? null,
    })),
  );
}

function handler(answer: Answer): HttpHandler {
  return (request, response, next) => {
    const param = (name: string): string => request.params?.[name] ?? '';
    const asked = async (): Promise<unknown> => {
      const open = openDesks().find(({ id }) => id === param('store'));
      if (open === undefined) {
        throw new CrossdockError('There is no such store, or it is still opening.', {
          code: 'STORE_UNKNOWN',
          kind: 'permanent',
        });
      }
      const { store, desk } = open;
      const book = await bookOf(store);
      const facts = { who: whoOf(request), query: queryOf(request), request, response, param };
      return answer({ book, store, desk, ...facts });
    };
    asked()
      .then((body) => (body === ANSWERED ? undefined : response.json(body)))
      .catch((thrown: unknown) => refuse(thrown, response, STATUS))
      .catch(next);
  };
}

function idOf(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function filterOf(query: URLSearchParams): ReferenceFilter {
  const one = <T extends string>(name: string, among: readonly T[]): T | undefined => {
    const value = query.get(name) ?? '';
    if (value === '') return undefined;
    const found = among.find((known) => known === value);
    if (found === undefined) throw invalid(`The field "${name}" must be one of: ${among.join(', ')}.`);
    return found;
  };
  return {
    partner: textOf(query.get('partner'), 'partner'),
    kind: one('kind', ['unit', 'item']),
    state: one('state', ['active', 'replaced', 'retired']),
    q: textOf(query.get('q'), 'q'),
  };
}

const list: Answer = ({ book, query }) =>
  book.page(filterOf(query), pageSize(query), query.get('after') ?? undefined);

const teach: Answer = async ({ book, store, who, request }) => {
  const { replace = true, ...input } = await jsonBody(request, MAX_BODY_BYTES);
  if (typeof replace !== 'boolean') throw invalid('The field "replace" must be true or false.');
  const entry = checkEntry(input);
  const [change] = await book.save([entry], {
    who,
    replace,
    beside: (changes) =>
      changes.map((one) => auditStatement(who, 'reference.taught', { note: changeWords(one) })),
  });
  if (change?.type === 'conflict') {
    throw new CrossdockError(`${changeWords(change)}.`, {
      code: 'CROSS_REFERENCE_CONFLICT',
      kind: 'business',
    });
  }
  lettersChanged(store);
  return { change: change?.type ?? 'unchanged', reference: await newest(book, entry) };
};

async function newest(book: CrossReferenceBook, entry: ReferenceEntry): Promise<unknown> {
  const { items } = await book.page({ partner: entry.partner, kind: entry.kind, q: entry.code }, 100);
  return (
    items.find(
      (one) =>
        one.code.toLowerCase() === entry.code.toLowerCase() &&
        one.scheme === entry.scheme &&
        one.item === entry.item,
    ) ?? null
  );
}

const retire: Answer = async ({ book, store, who, param, request }) => {
  const { reason } = await jsonBody(request, MAX_BODY_BYTES);
  const why = textOf(reason, 'reason') ?? '';
  const id = idOf(param('id'));
  const before = await book.get(id);
  const words = `${before.code} of ${before.partner}: ${meaningWords(before)}${why === '' ? '' : ` (${why})`}`;
  const retired = await book.retire(id, who, why, [
    auditStatement(who, 'reference.retired', { note: words }),
  ]);
  lettersChanged(store);
  return retired;
};

const imported: Answer = async ({ book, store, who, query, request }) => {
  if (!/^text\/csv\b/i.test(request.headers['content-type'] ?? '')) {
    throw invalid('The body must be a CSV file (Content-Type: text/csv).');
  }
  const options = { who, replace: query.get('replace') === '1', dryRun: query.get('dryRun') === '1' };
  const report = await importCsv(book, fileOf(request), options);
  return noted(store, who, report);
};

/** An import goes into the audit with its figures. */
async function noted(store: Store, who: string, report: ImportReport): Promise<ImportReport> {
  if (report.dryRun) return report;
  const { lines, added, replaced, conflicts, faulty } = report;
  const note = `${lines} lines: ${added} new, ${replaced} changed, ${conflicts} in conflict, ${faulty} faulty`;
  await store.run([auditStatement(who, 'references.imported', { note })]);
  lettersChanged(store);
  return report;
}

async function importedFromOdoo(red: Red, { book, store, who, request }: Asked): Promise<ImportReport> {
  const { server, replace = false, dryRun = false } = await jsonBody(request, MAX_BODY_BYTES);
  const id = textOf(server, 'server') ?? '';
  const node = red.nodes.getNode(id) as SharedNode<OdooClient> | null;
  if (node?.type !== 'crossdock-odoo-server') {
    throw invalid('The field "server" must be the id of an Odoo server that is deployed.');
  }
  const client = await node.open(Promise.resolve());
  const options = { who, replace: replace === true, dryRun: dryRun === true };
  return noted(store, who, await importEntries(book, odooReferences(client), options));
}

/** The body as it comes, up to a limit. */
async function* fileOf(request: HttpRequest): AsyncGenerator<Uint8Array, void, void> {
  let bytes = 0;
  try {
    // Whoever sends a faulty file shall read the answer: leaving the loop must not cut the connection.
    const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_FILE_BYTES) {
        throw new CrossdockError(
          `The file is larger than ${MAX_FILE_BYTES / 1024 / 1024} MB; import it in parts.`,
          {
            code: 'BODY_TOO_LARGE',
            kind: 'permanent',
          },
        );
      }
      yield chunk;
    }
  } catch (error) {
    if (error instanceof CrossdockError) throw error;
    throw new CrossdockError('The file broke off; what came before is imported.', {
      code: 'BODY_CUT',
      kind: 'permanent',
      cause: error,
    });
  }
}

const exported: Answer = ({ book, query, response }) =>
  sendFile(response, {
    type: 'text/csv; charset=utf-8',
    name: 'cross-references.csv',
    parts: exportCsv(book, filterOf(query)),
  });

const unitsFound: Answer = async ({ query }) => ({
  units: searchUnits(query.get('q') ?? '', units().values(), 12),
});

const calculated: Answer = async ({ query }) => {
  const of = (name: string): string | undefined => textOf(query.get(name), name);
  const text = arithmetic({
    quantity: of('quantity'),
    code: of('code') ?? '',
    target: of('target')?.toUpperCase() ?? '',
    quantityPerUnit: of('quantityPerUnit'),
    ofUnit: of('ofUnit'),
  });
  return { text: text ?? null };
};
