/** What the dialog asks: models and methods that the connection allows, and the fields of a model. */
import {
  type AllowList,
  DEFAULT_ALLOW,
  joinAllowLists,
  type OdooClient,
  parseAllowLines,
  type Suggestions,
  suggest,
} from '../../core/odoo';
import { invalid, queryOf, refuse } from '../shared/admin';
import type { SharedNode } from '../shared/config-node';
import type { Red } from '../shared/red';

/** `GET crossdock/odoo-call/<server>/suggestions?model=<model>`. */
export function mountSuggestions(red: Red): void {
  red.httpAdmin.get(
    '/crossdock/odoo-call/:server/suggestions',
    red.auth.needsPermission('crossdock-odoo-call.read'),
    (request, response, next) => {
      const model = queryOf(request).get('model') ?? '';
      answer(red, request.params?.['server'] ?? '', model)
        .then((found) => response.json(found))
        .catch((thrown: unknown) => refuse(thrown, response))
        .catch(next);
    },
  );
}

async function answer(red: Red, id: string, model: string): Promise<Suggestions> {
  if (model !== '' && !/^[a-z][a-z0-9_.]{0,127}$/.test(model)) throw invalid('This is no name of a model.');
  return suggest(await clientOf(red, id), allowedBy(red, id), model === '' ? undefined : model);
}

/** Undefined while it is not deployed, or cannot be opened: the list is known all the same. */
async function clientOf(red: Red, id: string): Promise<OdooClient | undefined> {
  const node = red.nodes.getNode(id) as SharedNode<OdooClient> | null;
  if (node === null || node.type !== 'crossdock-odoo-server') return undefined;
  return node.open(Promise.resolve()).catch(() => undefined);
}

/** The built-in list and the lines that the connection adds. */
function allowedBy(red: Red, id: string): AllowList {
  let added: AllowList = {};
  red.nodes.eachNode((config) => {
    if (config.id === id && typeof config['allow'] === 'string') added = linesOf(config['allow']);
  });
  return joinAllowLists(DEFAULT_ALLOW, added);
}

/** Lines that cannot be read are the connection's to tell. */
function linesOf(text: string): AllowList {
  try {
    return parseAllowLines(text);
  } catch {
    return {};
  }
}
