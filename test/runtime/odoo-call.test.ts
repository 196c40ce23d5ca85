/** Large readings in a real Node-RED: one page at a time, each done before the next; or all at once for a join. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeOdoo } from '../core/changes-odoo';
import { type ScriptedOdoo, startScriptedOdoo } from '../core/odoo-scripted';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import {
  deadLetters,
  type FlowNode,
  node,
  parked,
  postUntilTaken,
  record,
  STORE,
  TAB,
  webhook,
} from './flow';

interface Line {
  readonly page: number;
  readonly ids: readonly number[];
}

describe('odoo call: pages', () => {
  let odoo: ScriptedOdoo;
  let red: NodeRed;
  /** How many lines were written when each page was asked for. */
  let asked: number[];

  before(async () => {
    const fake = new FakeOdoo('2026-11-27 10:00:00');
    fake.do((t) => {
      for (let id = 1; id <= 25; id += 1) t.create(id);
    });
    odoo = await startScriptedOdoo((call) => {
      // The connection looks at its own key, too.
      if (call.method === 'search_read' && call.model === 'res.partner')
        asked.push(lines('pages.jsonl').length);
      return fake.call(call.model, call.method, { args: call.args });
    });
    red = await spawnNodeRed({ flows: FLOWS() });
  });
  beforeEach(() => {
    asked = [];
  });
  after(async () => {
    await red?.remove();
    await odoo?.close();
  });

  function lines(file: string): Line[] {
    const path = join(red.userDir, file);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  }

  const call = (id: string, config: object, wires: string[][]): FlowNode =>
    node(
      'crossdock-odoo-call',
      id,
      {
        server: 'server',
        operation: 'read',
        model: 'res.partner',
        modelType: 'str',
        args: [{ name: 'fields', type: 'json', value: '["name"]' }],
        pageSize: 10,
        ...config,
      },
      wires,
    );
  const FLOWS = (): FlowNode[] => [
    TAB,
    STORE,
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: odoo.url,
      database: 'd',
      credentials: { apiKey: 'k' },
    },
    webhook('pages', {}, [['readPages']]),
    call('readPages', {}, [['slow']]),
    node('delay', 'slow', { pauseType: 'delay', timeout: '200', timeoutUnits: 'milliseconds' }, [['page']]),
    ...record('page', 'pages.jsonl', '{"page": odoo.page, "ids": payload.id}'),
    webhook('joined', {}, [['readAll']]),
    call('readAll', { send: 'record', next: 'now' }, [['join']]),
    node('join', 'join', { mode: 'auto' }, [['all']]),
    ...record('all', 'all.jsonl', '{"page": odoo.page, "ids": payload.id}'),
    webhook('failing', {}, [['readFailing']]),
    call('readFailing', {}, [['refuse']]),
    node(
      'function',
      'refuse',
      { func: 'if (msg.odoo.page === 1) throw new Error("page refused");\nreturn msg;' },
      [['seen']],
    ),
    ...record('seen', 'seen.jsonl', '{"page": odoo.page, "ids": payload.id}'),
    ...deadLetters('readFailing'),
  ];
  const ids = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, n) => from + n);

  it('the next page is asked for when the flow is done with the one before', async () => {
    await postUntilTaken(red, '/pages', 'one', {});
    await waitFor(() => lines('pages.jsonl').length === 3);
    assert.deepEqual(lines('pages.jsonl'), [
      { page: 0, ids: ids(1, 10) },
      { page: 1, ids: ids(11, 20) },
      { page: 2, ids: ids(21, 25) },
    ]);
    assert.deepEqual(asked, [0, 1, 2]);
  });

  it('records that are sent at once are joined to one list', async () => {
    await postUntilTaken(red, '/joined', 'one', {});
    await waitFor(() => lines('all.jsonl').length === 1);
    assert.deepEqual(lines('all.jsonl')[0]?.ids, ids(1, 25));
  });

  it('a page that fails ends the reading, and the message that asked fails with its error', async () => {
    await postUntilTaken(red, '/failing', 'one', {});
    const letters = await waitFor(async () => {
      const found = await parked(red);
      return found.length > 0 ? found : undefined;
    });
    assert.deepEqual(
      letters.map(({ code, deliveryId }) => [code, deliveryId]),
      [['NODE_FAILED', 'idempotency-key:one']],
    );
    assert.deepEqual(
      lines('seen.jsonl').map(({ page }) => page),
      [0],
    );
    assert.equal(asked.length, 2, 'the third page was not read');
  });
});
