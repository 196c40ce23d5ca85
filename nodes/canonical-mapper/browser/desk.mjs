/** The admin API of the mapper's editor (docs/mapper-api.md), as promises. An error is a sentence to show. */
import { t } from './words.mjs';

const base = 'crossdock/mapper/';

/** What the API refused, or that it did not answer. `message` is for people. */
export class DeskError extends Error {
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

function sentence(xhr) {
  const said = xhr.responseJSON?.message;
  if (xhr.status === 0) return t('error.offline');
  if (xhr.status === 401 || xhr.status === 403) return said || t('error.forbidden');
  if (xhr.status === 413) return said || t('error.tooLarge');
  if (xhr.status === 404 && !said) return t('error.noRoutes');
  return said || t('error.failed', { status: xhr.status });
}

/** Relative urls through $.ajax: Node-RED adds its token to these. `takes` gets the request, to abort it. */
function request(method, path, body, takes) {
  return new Promise((resolve, reject) => {
    const xhr = $.ajax({
      method,
      url: base + path,
      headers: { Accept: 'application/json' },
      dataType: 'json',
      ...(body === undefined ? {} : { data: JSON.stringify(body), contentType: 'application/json' }),
      success: resolve,
      error: (failed, status) => {
        if (status !== 'abort')
          reject(new DeskError(sentence(failed), failed.status, failed.responseJSON?.code));
      },
    });
    takes?.(xhr);
  });
}

/**
 * Only the newest request of each kind counts: the one before is aborted, and an aborted one never settles, so that
 * nobody shows an old answer.
 */
function newestOnly() {
  const running = new Map();
  return (kind, path, body) => {
    running.get(kind)?.abort();
    const ended = () => running.delete(kind);
    const asked = request('POST', path, body, (xhr) => running.set(kind, xhr));
    asked.then(ended, ended);
    return asked;
  };
}

const name = encodeURIComponent;

export function createDesk(nodeId) {
  const newest = newestOnly();
  const node = (path) => `${name(nodeId)}/${path}`;
  return {
    catalogue: () => request('GET', 'catalogue'),
    contract: ({ contract, version }) => request('GET', `contract/${name(contract)}/${name(version)}`),
    ready: (mapping) => request('GET', `ready/${name(mapping)}`).then(({ spec }) => spec),
    sample: (text) => newest('sample', 'sample', { text }),
    tryOut: (spec, sample, context) => newest('try', 'try', { spec, sample, context }),
    suggest: (spec, sample, targets) =>
      newest(targets ? 'suggest-some' : 'suggest', 'suggest', { spec, sample, targets }),
    diff: (a, b) => newest('diff', 'diff', { a, b }),
    versions: () => request('GET', node('versions')),
    version: (version) => request('GET', node(`versions/${name(version)}`)).then(({ spec }) => spec),
    messages: () => request('GET', node('messages')).then(({ messages }) => messages),
    message: (number) => request('GET', node(`messages/${name(number)}`)).then(({ text }) => text),
    impact: (spec, last) => newest('impact', node('impact'), { spec, last }),
  };
}
