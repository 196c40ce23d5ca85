/** Every route that any node adds to the admin API: who may. */
import assert from 'node:assert/strict';
import type { HttpHandler, HttpRequest, HttpResponse, Red } from '../../nodes/shared/red';
import { NODE_NAMES, nodeSet } from './harness';

/** What is posted, but changes nothing and makes the gateway reach for nothing. */
const ONLY_READS = [
  '/crossdock/contracts/check',
  '/crossdock/mapper/sample',
  '/crossdock/mapper/suggest',
  '/crossdock/mapper/diff',
];
/** What shows whole messages of partners, some of them only when they are asked to. */
const PERSONAL = [
  'GET /crossdock/console/:store/baskets/:id/items/:item',
  'GET /crossdock/console/:store/letters/:id',
  'GET /crossdock/console/:store/reconciliations/:run/differences/:number',
  'GET /crossdock/mapper/:node/messages/:number',
];

interface Route {
  readonly method: string;
  readonly path: string;
  readonly guard: HttpHandler;
}

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

describe('the admin API', () => {
  const routes: Route[] = [];
  let asked: string[] = [];
  before(() => {
    const add =
      (method: string) =>
      (path: string, guard: HttpHandler, ...handlers: HttpHandler[]): void => {
        assert.equal(handlers.length, 1, `${method} ${path} has a guard and an answer`);
        routes.push({ method, path, guard });
      };
    const app = {
      get: add('GET'),
      post: add('POST'),
      put: add('PUT'),
      use: () => assert.fail('a handler for all paths has no guard'),
    };
    const red = {
      settings: {},
      httpAdmin: app,
      auth: {
        needsPermission:
          (permission: string): HttpHandler =>
          () => {
            asked.push(permission);
          },
      },
      nodes: { registerType: () => undefined, getNode: () => null, eachNode: () => undefined },
      hooks: { add: () => undefined },
      events: { on: () => undefined },
      util: {},
    };
    for (const name of NODE_NAMES) nodeSet(name)(red as unknown as Red);
  });

  /** What is asked before anything else. */
  function permissionOf({ method, path, guard }: Route, query = ''): string {
    asked = [];
    const request = { method, url: path + query, params: {}, query: {}, headers: {} };
    guard(request as unknown as HttpRequest, {} as HttpResponse, () =>
      assert.fail(`${method} ${path} goes on without being allowed to`),
    );
    assert.equal(asked.length, 1, `${method} ${path} asks once`);
    return asked[0] ?? '';
  }

  it('asks for a permission of ours on every route, and for one to change what changes something', () => {
    assert.ok(routes.length > 70, String(routes.length));
    for (const route of routes) {
      const { method, path } = route;
      const permission = permissionOf(route);
      assert.match(permission, /^crossdock-[a-z-]+\.(read|write|personal)$/, path);
      if (method === 'GET' || ONLY_READS.includes(path)) continue;
      assert.ok(permission.endsWith('.write'), `${method} ${path}`);
    }
  });

  it('has personal data only where a permission of its own is asked for', () => {
    for (const route of routes) {
      const personal = permissionOf(route, '?personal=1').endsWith('.personal');
      assert.equal(personal, PERSONAL.includes(nameOf(route)), nameOf(route));
    }
    assert.deepEqual(
      PERSONAL.filter((name) => routes.every((route) => nameOf(route) !== name)),
      [],
    );
  });
});
