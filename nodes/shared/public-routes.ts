/**
 * One middleware on Node-RED's public HTTP app for all nodes that are posted to; it looks the node up by its path, or by
 * the path above a last part that is the node's own business (a secret). Removing
 * routes from express again (as core does) means splicing its private stack; a map needs none of that.
 */
import type { HttpApp, HttpHandler, HttpRequest, HttpResponse, Red } from './red';

type Handle = (request: HttpRequest, response: HttpResponse) => void;
interface Route {
  readonly id: string;
  readonly handle: Handle;
  /** It takes `path/<anything>`, one part more, and not the path itself. */
  readonly below?: boolean;
}
export type Routes = Map<string, Route>;

/** Live nodes by path, per HTTP app (tests run several runtimes in one process). */
const routes = new WeakMap<HttpApp, Routes>();

/** The table of this runtime's public routes; mounts the middleware the first time. */
export function mountRoutes(red: Red): Routes {
  const app = red.httpNode;
  const known = routes.get(app);
  if (known !== undefined) return known;
  const table: Routes = new Map();
  routes.set(app, table);
  const kept = keepBodies(app, table);
  app.use((request, response, next) => {
    const found = findRoute(table, request.path ?? '');
    // However else a path may be written: whose body others may have read is not ours.
    if (found === undefined || !kept.has(request)) next();
    else found.handle(request, response);
  });
  return table;
}

/**
 * Keeps the editor's JSON parser away from our bodies. With the usual roots (both `/`) every request passes the admin
 * app first, and its parser would read the body: up to 5 MB before anybody asked, and a malformed one is answered
 * with an HTML stack trace. Body parsers pass over a request whose `_body` is set, so this marks ours, unread, and
 * lets them travel on: through `httpNodeAuth` and whatever else stands before the public app. It must run first, so
 * it goes to the top of the root app's stack, as core's http-in does with its raw body capture (21-httpin.js).
 * @returns the requests that it has marked
 */
function keepBodies(app: HttpApp, table: Routes): WeakSet<HttpRequest> {
  const kept = new WeakSet<HttpRequest>();
  let root = app;
  while (root.parent !== undefined) root = root.parent;
  const mark: HttpHandler = (request, _response, next) => {
    // `request.path` does not exist yet: express prepares the request in a layer below this one.
    // The root may have been mounted itself since then.
    const mount = mountPoint(app).slice(mountPoint(root).length);
    const path = pathBelow(mount, request.url ?? '');
    if (path !== undefined && findRoute(table, path) !== undefined) {
      request._body = true;
      kept.add(request);
    }
    next();
  };
  root.use(mark);
  const stack = root._router?.stack ?? [];
  const at = stack.findIndex((layer) => layer.handle === mark);
  if (at > 0) stack.unshift(...stack.splice(at, 1));
  return kept;
}

/** The path of a request's target below the mount point, also when it is a whole address or ends with a fragment. */
function pathBelow(mount: string, target: string): string | undefined {
  const [path = ''] = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/, 1);
  // Express mounts without regard to case.
  return path.toLowerCase().startsWith(mount.toLowerCase()) ? path.slice(mount.length) : undefined;
}

function findRoute(table: Routes, path: string): Route | undefined {
  const whole = normalisePath(path);
  const exact = table.get(whole);
  if (exact !== undefined && exact.below !== true) return exact;
  const above = table.get(whole.slice(0, whole.lastIndexOf('/')));
  return above?.below === true ? above : undefined;
}

/** Where the public app is mounted (`httpNodeRoot`), without a slash at its end. */
function mountPoint(app: HttpApp): string {
  return (app.path?.() ?? '').replace(/\/+$/, '');
}

/** `/a/b/` and `a/b` are the same route. */
export function normalisePath(path: string): string {
  let [from, to] = [0, path.length];
  while (from < to && path[from] === '/') from += 1;
  // No pattern: one would try each run of slashes from each of its slashes.
  while (to > from && path[to - 1] === '/') to -= 1;
  return `/${path.slice(from, to)}`;
}
