/** The admin API, asked by somebody who means harm: whatever it is asked, it answers with a sentence, and goes on. */
import assert from 'node:assert/strict';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { useFlows } from './harness';

const TEXTS = [
  '%00',
  '%27%20OR%201=1--',
  '%ED%A0%80',
  '..%2f..%2fetc%2fpasswd',
  '__proto__',
  'constructor',
  '%25%25__',
  '-1',
  '1e999',
  '@999999999',
  '9'.repeat(40),
  'x'.repeat(4000),
  '<script>',
];
const LISTS = [
  'stores',
  'store/groups',
  'store/letters',
  'store/letters/_',
  'store/baskets',
  'store/baskets/_',
  'store/baskets/_/items',
  'store/baskets/_/items/_',
  'store/baskets/_/report',
  'store/audit',
  'store/reconcilers',
  'store/reconciliations',
  'store/reconciliations/_',
  'store/reconciliations/_/differences',
  'store/reconciliations/_/differences/_',
  'store/reconciliations/_/report.json',
  'store/reconciliations/_/report.csv',
  'store/reconciliations/_/report.html',
  'store/stock/channels',
  'store/stock/items',
  'store/stock/items.csv',
  'store/stock/marks',
  'store/stock/item',
  'store/cross-references',
  'store/cross-references/export',
  'store/cross-references/_/history',
  'store/units',
  'store/arithmetic',
  'store/teach/_',
];
const NAMES =
  'after limit q cause source state from to kind side correction lang view channel sku site partner reconciler personal quantity code target ofUnit quantityPerUnit'.split(
    ' ',
  );
const POSTS = [
  'letters/discard',
  'baskets',
  'baskets/_/start',
  'baskets/_/dry-run',
  'baskets/_/pause',
  'reconciliations/_/approve',
  'reconciliations/_/cancel',
  'reconcilers/_/run',
  'stock/tell-again',
  'stock/snapshot',
  'cross-references',
  'cross-references/_/retire',
];
const BODIES = [
  '{"__proto__":{"filter":{}}}',
  '{"constructor":{"prototype":{"filter":{}}}}',
  '{"filter":{"q":{"$ne":1}},"ids":null,"reason":[],"count":1}',
  '{"filter":{"__proto__":1},"reason":"x","count":1}',
  '{"ids":["\\u0000"],"reason":"x"}',
  '{"numbers":[1e308],"count":1e308}',
  '{"channel":"\\u0000","site":"\\u0000","sku":"\\u0000"}',
  `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  '[]',
];

describe('hostile requests of the admin API', () => {
  const flows = useFlows();

  it('are answered, and nothing is our fault', async function () {
    this.timeout(60_000);
    const run = await flows.load([
      STORE,
      crossdock('dead-letter', 'dead', { store: 'store' }, [[], []]),
      crossdock('replay', 'replay', { store: 'store' }, [[]]),
      crossdock('reconciler', 'rec', { store: 'store', leftType: 'msg', rightType: 'msg' }, [[], [], [], []]),
    ]);
    const base = `${await run.http('admin')}/crossdock/console`;
    await waitFor(async () => (await fetch(`${base}/store/groups`)).status === 200, { what: 'the store' });
    const wrong: string[] = [];
    const ask = async (path: string, body?: string): Promise<void> => {
      const response = await fetch(
        `${base}/${path}`,
        body === undefined ? {} : { method: 'POST', body, headers: { 'content-type': 'application/json' } },
      );
      const text = await response.text();
      const ours = response.status < 500 && !/ at .*\.js:\d+/.test(text);
      if (!ours)
        wrong.push(
          `${response.status} ${path.slice(0, 90)} ${body?.slice(0, 60) ?? ''} ${text.slice(0, 200)}`,
        );
    };
    for (const path of LISTS) {
      for (const text of TEXTS) {
        // What express cannot decode does not come to us.
        if (text !== '%ED%A0%80') await ask(path.replaceAll('_', text));
        await ask(`${path}?${NAMES.map((name) => `${name}=${text}`).join('&')}`);
      }
      for (const name of NAMES)
        for (const text of ['%00', '9e99', 'x'.repeat(600)]) await ask(`${path}?${name}=${text}`);
    }
    for (const path of POSTS) for (const body of BODIES) await ask(`store/${path}`, body);
    assert.deepEqual(wrong, []);
    assert.equal(({} as { filter?: unknown }).filter, undefined);
  });
});
