/** What the dialog asks: models and methods that the connection allows, and the fields of a model. */
import { CrossdockError } from '../../core/errors';
import { type AllowList, DEFAULT_ALLOW, type OdooClient, suggest } from '../../core/odoo';
import { invalid, queryOf, refuse } from '../shared/admin';
import type { SharedNode } from '../shared/config-node';
import type { Red } from '../shared/red';

const STATUS: Readonly<Record<string, number>> = {
  NODE_UNKNOWN: 404,
  REQUEST_INVALID: 400,
  ODOO_ACCESS: 403,
  ODOO_NOT_ALLOWED: 403,
  ODOO_NOT_FOUND: 404,
  CONFIG_INVALID: 409,
  CONFIG_ENV_MISSING: 409,
};

/** `GET crossdock/odoo-call/<server>/suggestions?model=<model>`. */
export function mountSuggestions(red: Red): void {
  red.httpAdmin.get(
    '/crossdock/odoo-call/:server/suggestions',
    red.auth.needsPermission('crossdock-odoo-call.read'),
    (request, response, next) => {
      const model = queryOf(request).get('model') ?? '';
      answer(red, request.params?.['server'] ?? '', model)
        .then((found) => response.json(found))
        .catch((thrown: unknown) => refuse(thrown, response, STATUS))
        .catch(next);
    },
  );
}

async function answer(red: Red, id: string, model: string) {
  const node = red.nodes.getNode(id) as SharedNode<OdooClient> | null;
  if (node === null || node.type !== 'crossdock-odoo-server') {
    throw new CrossdockError('Deploy the connection first: its models are known then.', {
      code: 'NODE_UNKNOWN',
      kind: 'permanent',
    });
  }
  if (model !== '' && !/^[a-z][a-z0-9_.]{0,127}$/.test(model)) throw invalid('This is no name of a model.');
  return suggest(await node.open(Promise.resolve()), allowedBy(red, id), model === '' ? undefined : model);
}

/** The built-in list and the lines that the connection adds: `model: method, method`. */
function allowedBy(red: Red, id: string): AllowList {
  const all: Record<string, readonly string[]> = { ...DEFAULT_ALLOW };
  red.nodes.eachNode((config) => {
    if (config.id !== id || typeof config['allow'] !== 'string') return;
    for (const line of config['allow'].split('\n')) {
      const [, model, methods] = /^\s*([a-z][a-z0-9_.]*|\*)\s*:\s*(.+?)\s*$/.exec(line) ?? [];
      if (model === undefined || methods === undefined) continue;
      const known = Object.hasOwn(all, model) ? (all[model] ?? []) : [];
      all[model] = [...new Set([...known, ...methods.split(/[\s,]+/)])];
    }
  });
  return all;
}
