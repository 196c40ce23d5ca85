/**
 * One middleware on Node-RED's public HTTP app for all webhook-in nodes; it looks the node up by its path. Removing
 * routes from express again (as core does) means splicing its private stack; a map needs none of that.
 */
import type { HttpHandler, HttpRequest, HttpResponse, Red } from '../shared/red';

type Handle = (request: HttpRequest, response: HttpResponse) => void;

/** Live nodes by path, per HTTP app (tests run several runtimes in one process). */
const routes = new WeakMap<object, Map<string, { id: string; handle: Handle }>>();

export function mountWebhooks(red: Red): Map<string, { id: string; handle: Handle }> {
  const known = routes.get(red.httpNode);
  if (known !== undefined) return known;
  const table = new Map<string, { id: string; handle: Handle }>();
  routes.set(red.httpNode, table);
  const handler: HttpHandler = (request, response, next) => {
    const found = table.get(normalisePath(request.path ?? ''));
    if (found === undefined) next();
    else found.handle(request, response);
  };
  red.httpNode.use(handler);
  return table;
}

/** `/a/b/` and `a/b` are the same route. */
export function normalisePath(path: string): string {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return `/${trimmed}`;
}
