/** The admin API of the dead letters (docs/console-api.md), as promises. An error is a sentence to show. */
import { saveText } from './download.mjs';
import { reconciliationApi } from './reconcile-api.mjs';
import { t } from './text.mjs';

const base = 'crossdock/console/';
const contractsBase = 'crossdock/contracts';

/** What the API refused, or that it did not answer. `message` is for people. */
export class ApiError extends Error {
  constructor(message, status, answer) {
    super(message);
    this.status = status;
    this.code = answer?.code;
    /** What else the refusal says. */
    this.answer = answer;
  }
}

function sentence(xhr) {
  const said = xhr.responseJSON?.message;
  if (xhr.status === 0) return t('error.offline');
  // Node-RED answers 401 to who is signed in but may not, too.
  if (xhr.status === 401 || xhr.status === 403)
    return said || t(RED.settings.user ? 'error.forbidden' : 'error.signedOut');
  if (xhr.status === 404 && !said) return t('error.noRoutes');
  return said || t('error.failed', { status: xhr.status });
}

/** Relative urls through $.ajax: Node-RED adds its token to these. */
function request(method, path, { query, body, file, type = 'json', root = base } = {}) {
  const known = Object.entries(query ?? {}).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const search = new URLSearchParams(known).toString();
  return new Promise((resolve, reject) => {
    $.ajax({
      method,
      url: root + path + (search === '' ? '' : `?${search}`),
      headers: type === 'json' ? { Accept: 'application/json' } : {},
      dataType: type,
      ...(body === undefined ? {} : { data: JSON.stringify(body), contentType: 'application/json' }),
      ...(file === undefined ? {} : { data: file, contentType: 'text/csv', processData: false }),
      success: resolve,
      error: (xhr) => reject(new ApiError(sentence(xhr), xhr.status, xhr.responseJSON)),
    });
  });
}

/** A file of the server as a download: asked for with the token, which a plain link would not carry. */
async function save(path, query, name, type = 'text/csv') {
  saveText(name, await request('GET', path, { query, type: 'text' }), type);
}

/** @param family whose right to read is asked for; without one that to read dead letters, which counts them too */
export function listStores(family) {
  const path = family === undefined ? 'stores' : `stores/${family}`;
  return request('GET', path).then(({ stores }) => stores);
}

/** The contracts of the gateway; they belong to no store. */
export function listContracts() {
  return request('GET', '', { root: contractsBase }).then(({ contracts }) => contracts);
}

/** The connections to Odoo; they belong to no store either. */
export function listConnections() {
  return request('GET', 'connections').then(({ connections }) => connections);
}

/** What a connection's account may do, asked of Odoo now. */
export function testConnection(id) {
  return request('POST', `${encodeURIComponent(id)}/test`, { root: 'crossdock/odoo-server/' });
}

/** What the gateway offers, as `openapi` or `asyncapi`. */
export function contractDescription(kind) {
  return request('GET', `/${kind}`, { root: contractsBase });
}

/** Everything that can be asked of one store. */
export function storeApi(id) {
  const at = (path) => `${encodeURIComponent(id)}/${path}`;
  const basketAt = (basket, path = '') => at(`baskets/${encodeURIComponent(basket)}${path}`);
  return {
    groups: (filter) => request('GET', at('groups'), { query: filter }).then(({ groups }) => groups),
    letters: (filter, after, limit) => request('GET', at('letters'), { query: { ...filter, after, limit } }),
    letter: (letter, personal) =>
      request('GET', at(`letters/${encodeURIComponent(letter)}`), {
        query: { personal: personal ? 1 : undefined },
      }),
    discard: (body) => request('POST', at('letters/discard'), { body }),
    baskets: () => request('GET', at('baskets')).then(({ baskets }) => baskets),
    createBasket: (body) => request('POST', at('baskets'), { body }),
    basket: (basket) => request('GET', basketAt(basket)),
    items: (basket, after, limit) => request('GET', basketAt(basket, '/items'), { query: { after, limit } }),
    item: (basket, item, personal) =>
      request('GET', basketAt(basket, `/items/${item}`), { query: { personal: personal ? 1 : undefined } }),
    act: (basket, action, body = {}) => request('POST', basketAt(basket, `/${action}`), { body }),
    edit: (basket, item, body) => request('PUT', basketAt(basket, `/items/${item}`), { body: { body } }),
    report: (basket) => request('GET', basketAt(basket, '/report')),
    teaching: (cause) =>
      request('GET', at(`teach/${encodeURIComponent(cause)}`)).then(({ teaching }) => teaching),
    teach: (entry) => request('POST', at('cross-references'), { body: entry }),
    units: (q) => request('GET', at('units'), { query: { q } }).then(({ units }) => units),
    arithmetic: (question) => request('GET', at('arithmetic'), { query: question }),
    references: (filter, after, limit) =>
      request('GET', at('cross-references'), { query: { ...filter, after, limit } }),
    conflicts: () => request('GET', at('cross-references/conflicts')).then(({ conflicts }) => conflicts),
    referenceHistory: (reference) =>
      request('GET', at(`cross-references/${reference}/history`)).then(({ versions }) => versions),
    retireReference: (reference, reason) =>
      request('POST', at(`cross-references/${reference}/retire`), { body: { reason } }),
    importFromOdoo: (server, options) =>
      request('POST', at('cross-references/import-odoo'), { body: { server, ...options } }),
    importReferences: (file, { replace, dryRun }) =>
      request('POST', at('cross-references/import'), {
        query: { replace: replace ? 1 : undefined, dryRun: dryRun ? 1 : undefined },
        file,
      }),
    exportReferences: (filter) => save(at('cross-references/export'), filter, 'cross-references.csv'),
    stockChannels: () => request('GET', at('stock/channels')).then(({ channels }) => channels),
    stockItems: (filter, after, limit) =>
      request('GET', at('stock/items'), { query: { ...filter, after, limit } }),
    stockMarks: (filter, limit) =>
      request('GET', at('stock/marks'), { query: { ...filter, limit } }).then(({ marks }) => marks),
    stockItem: (sku) => request('GET', at('stock/item'), { query: { sku } }),
    tellAgain: (item) => request('POST', at('stock/tell-again'), { body: item }),
    stockSnapshot: (channel) => request('POST', at('stock/snapshot'), { body: { channel } }),
    exportStock: (filter, lang) => save(at('stock/items.csv'), { ...filter, lang }, 'stock.csv'),
    audit: (after, limit) => request('GET', at('audit'), { query: { after, limit } }),
    ...reconciliationApi(request, save, at),
  };
}
