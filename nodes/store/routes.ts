/** What the dialog's health panel and its buttons ask: the deployed store, as it is now. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { asCrossdockError, CrossdockError } from '../../core/errors';
import type { Migration, Store, StoreHealth } from '../../core/store';
import type { SharedNode } from '../shared/config-node';
import type { HttpHandler, Red } from '../shared/red';
import type { OpenStore } from './open';

/** The stores that config nodes have open now, or why they have not. */
export type OpenStores = WeakMap<object, { readonly opened?: OpenStore; readonly problem?: CrossdockError }>;

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

type Shown = StoreHealth & { readonly kind: Store['dialect'] };

const PROBE: Migration = {
  idea: 'probe',
  steps: [['CREATE TABLE crossdock_probe (id BIGINT PRIMARY KEY, at BIGINT NOT NULL)']],
};
/** Changes a row each time, so that the disk has to take part. */
const TOUCH = `INSERT INTO crossdock_probe (id, at) VALUES (1, {now})
  ON CONFLICT (id) DO UPDATE SET at = excluded.at`;

export function addRoutes(red: Red, stores: OpenStores): void {
  const mayRead = red.auth.needsPermission('crossdock-store.read');
  // The test opens and writes, the backup fills a disk.
  const mayWrite = red.auth.needsPermission('crossdock-store.write');
  const route =
    (answer: (id: string) => Promise<Answer>): HttpHandler =>
    (request, response, next) => {
      answer(request.params?.['id'] ?? '')
        .catch((thrown: unknown) => refusal(asCrossdockError(thrown)))
        .then(({ status, body }) => response.status(status).json(body))
        .catch(next);
    };
  const running = new Set<string>();
  red.httpAdmin.get(
    '/crossdock/store/:id/health',
    mayRead,
    route((id) => health(red, stores, id)),
  );
  red.httpAdmin.post(
    '/crossdock/store/:id/test',
    mayWrite,
    route((id) => test(red, id)),
  );
  red.httpAdmin.post(
    '/crossdock/store/:id/backup',
    mayWrite,
    route(async (id) => {
      if (running.has(id)) {
        return refusal(unavailable('STORE_BACKUP_RUNS', 'A backup of this store is being written.'), 409);
      }
      running.add(id);
      return backup(red, id).finally(() => running.delete(id));
    }),
  );
}

function refusal({ code, message }: CrossdockError, status = 200): Answer {
  return { status, body: { ok: false, code, message } };
}

function unavailable(code: string, message: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent' });
}

function deployed(red: Red, id: string): SharedNode<OpenStore> {
  const node = red.nodes.getNode(id) as SharedNode<OpenStore> | null;
  if (node !== null && node.type === 'crossdock-store') return node;
  throw unavailable('NODE_UNKNOWN', 'Deploy the store first, then test it.');
}

async function show(store: Store): Promise<Shown> {
  return { kind: store.dialect, ...(await store.health()) };
}

/** Looks, and opens nothing: a reader's look must not make a file or a connection. */
async function health(red: Red, stores: OpenStores, id: string): Promise<Answer> {
  const { opened, problem } = stores.get(deployed(red, id)) ?? {};
  if (problem !== undefined) return refusal(problem);
  if (opened === undefined) {
    return refusal(unavailable('STORE_NOT_OPEN', 'No node has used this store since the last deploy.'));
  }
  return { status: 200, body: { ok: true, ...(await show(opened.store)) } };
}

/** A real commit, timed. */
async function test(red: Red, id: string): Promise<Answer> {
  const { store } = await deployed(red, id).open(Promise.resolve());
  await store.migrate(PROBE);
  const begun = performance.now();
  await store.run([{ sql: TOUCH }]);
  const ms = Math.max(1, Math.round(performance.now() - begun));
  return { status: 200, body: { ok: true, ms, ...(await show(store)) } };
}

async function backup(red: Red, id: string): Promise<Answer> {
  const { sqlite } = await deployed(red, id).open(Promise.resolve());
  if (sqlite === undefined) {
    return refusal(
      unavailable(
        'STORE_BACKUP_ELSEWHERE',
        'PostgreSQL is backed up with its own tools: pg_dump --schema=<schema of this store>, or a base backup of the server.',
      ),
      409,
    );
  }
  const time = new Date().toISOString().replace(/[-:.]/g, '');
  const target = `${sqlite.file}.backup-${time}`;
  await sqlite.backup(target);
  return { status: 200, body: { ok: true, file: basename(target), bytes: (await stat(target)).size } };
}
