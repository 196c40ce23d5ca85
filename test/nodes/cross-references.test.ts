import assert from 'node:assert/strict';
import type { BasketCreated, GroupsAnswer, StoresAnswer } from '../../core/replay';
import { waitFor } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, type Running, sink, useFlows } from './harness';

const SPEC = {
  spec: 'crossdock-mapping/1',
  name: 'edi-lines',
  version: '1.0.0',
  from: { contract: 'any-object', version: '1.0' },
  to: { contract: 'any-object', version: '1.0' },
  rules: [
    {
      target: 'unit',
      from: 'uom',
      transforms: [
        {
          unit: {
            scheme: 'x12',
            item: { from: 'sku' },
            quantity: { from: 'qty' },
            packSize: { from: 'pack' },
          },
        },
      ],
    },
    { target: 'item', from: 'sku', transforms: [{ item: { otherwise: 'keep' } }] },
  ],
};

interface Teaching {
  readonly code: string;
  readonly partner: string;
  readonly scheme: string;
  readonly item: string;
  readonly waiting: number;
  readonly candidates: readonly { readonly target: string; readonly arithmetic: string }[];
}
interface References {
  readonly items: readonly {
    readonly id: number;
    readonly target: string;
    readonly version: number;
    readonly steward: string;
  }[];
}

describe('cross-reference routes', () => {
  const flows = useFlows();
  const flow: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'Orders' },
    { ...STORE, name: 'gateway' },
    crossdock('webhook-in', 'in', { path: '/in', source: 'edi' }, [['mapper']]),
    crossdock(
      'canonical-mapper',
      'mapper',
      { name: 'lines', mapping: 'custom', spec: SPEC, partner: 'acme', store: STORE.id, configVersion: 2 },
      [['end']],
    ),
    crossdock('settle', 'end', { resultType: 'str', result: 'mapped' }, [['mapped']]),
    sink('mapped'),
    { id: 'catch', type: 'catch', z: 'tab', scope: null, uncaught: false, wires: [['dead']] },
    crossdock('dead-letter', 'dead', {}, [[], [], ['group']]),
    sink('group'),
  ];

  async function load(): Promise<{
    run: Running;
    ask: <T>(method: string, path: string, body?: unknown) => Promise<{ status: number; body: T }>;
    base: string;
  }> {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    await run.untilStatus('in', 'ready');
    const base = `${await run.http('admin')}/crossdock/console`;
    const ask = async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(base + path, {
        method,
        ...(body === undefined
          ? {}
          : typeof body === 'string'
            ? { body, headers: { 'content-type': 'text/csv' } }
            : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, body: (await response.json()) as T };
    };
    await waitFor(async () => (await ask<StoresAnswer>('GET', '/stores')).body.stores.length === 1, {
      what: 'the desk',
    });
    return { run, ask, base: `${base}/${STORE.id}` };
  }

  async function post(run: Running, id: string, body: unknown): Promise<void> {
    const response = await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 202);
  }

  it('an unknown unit is parked, taught, replayed, and known from then on', async () => {
    const { run, ask } = await load();
    const at = (path: string) => `/${STORE.id}/${path}`;
    await post(run, 'o-1', { uom: 'CS', sku: 'S-1', qty: '12', pack: '24' });
    await run.nth('group');
    await post(run, 'o-2', { uom: 'CS', sku: 'S-2', qty: '3' });
    await run.untilStatus('dead', '2 parked');
    const { groups } = (await ask<GroupsAnswer>('GET', at('groups'))).body;
    assert.deepEqual(
      groups.map(({ code, count }) => [code, count]),
      [['UNIT_UNKNOWN', 2]],
    );
    const cause = groups[0]?.cause ?? '';
    const teaching = (await ask<{ teaching: Teaching }>('GET', at(`teach/${cause}`))).body.teaching;
    assert.deepEqual(
      [teaching.code, teaching.partner, teaching.scheme, teaching.waiting],
      ['CS', 'acme', 'x12', 2],
    );
    assert.deepEqual(
      teaching.candidates.map(({ target }) => target),
      ['XCS', 'XCQ'],
    );
    const sum = await ask<{ text: string }>(
      'GET',
      at('arithmetic?quantity=12&code=CS&target=XCS&quantityPerUnit=24'),
    );
    assert.equal(sum.body.text, '12 CS of 24 EA = 288 EA');

    const entry = { kind: 'unit', partner: 'acme', scheme: 'x12', code: 'CS', target: 'XCS' };
    const taught = await ask<{ change: string; reference: References['items'][0] }>(
      'POST',
      at('cross-references'),
      entry,
    );
    assert.deepEqual(
      [taught.status, taught.body.change, taught.body.reference.target],
      [200, 'added', 'XCS'],
    );
    const made = await ask<BasketCreated>('POST', at('baskets'), { name: 'CS', filter: { cause } });
    assert.equal(made.body.count, 2);
    await ask('POST', at(`baskets/${made.body.id}/start`), {});
    const mapped = [await run.nth('mapped'), await run.nth('mapped', 2)];
    assert.deepEqual(
      mapped.map(({ payload }) => (payload as { unit: string }).unit),
      ['XCS', 'XCS'],
    );
    await post(run, 'o-3', { uom: 'CS', sku: 'S-3', qty: '1' });
    assert.deepEqual((await run.nth('mapped', 3)).payload, { unit: 'XCS', item: 'S-3' });

    const audit = (await ask<{ items: { action: string; who: string; note: string }[] }>('GET', at('audit')))
      .body;
    const told = audit.items.find(({ action }) => action === 'reference.taught');
    assert.deepEqual([told?.who, told?.note], ['anonymous', 'CS of acme: XCS is new']);
    assert.deepEqual((await ask('GET', at(`teach/${cause}`))).body, { teaching: null });
  });

  it('lists, changes, retires, imports and exports; refuses what is wrong with a sentence', async () => {
    const { ask, base } = await load();
    const at = (path: string) => `/${STORE.id}/${path}`;
    const file = 'partner,kind,code,target\nacme,unit,CS,XCS\nacme,unit,BX,NONE\nacme,item,4711,A-1\n';
    const dry = await ask<{ added: number; faulty: number }>(
      'POST',
      at('cross-references/import?dryRun=1'),
      file,
    );
    assert.deepEqual([dry.status, dry.body.added, dry.body.faulty], [200, 2, 1]);
    assert.equal((await ask<References>('GET', at('cross-references'))).body.items.length, 0);
    await ask('POST', at('cross-references/import'), file);
    const { items } = (await ask<References>('GET', at('cross-references?kind=unit'))).body;
    assert.deepEqual(
      items.map(({ target }) => target),
      ['XCS'],
    );
    const id = items[0]?.id ?? 0;
    const entry = { kind: 'unit', partner: 'acme', code: 'CS', target: 'XCT' };
    const kept = await ask<{ code: string; message: string }>('POST', at('cross-references'), {
      ...entry,
      replace: false,
    });
    assert.deepEqual([kept.status, kept.body.code], [409, 'CROSS_REFERENCE_CONFLICT']);
    assert.match(kept.body.message, /XCT is in conflict with XCS \(version 1\)/);
    assert.equal((await ask('POST', at('cross-references'), entry)).status, 200);
    const { versions } = (
      await ask<{ versions: { version: number }[] }>('GET', at(`cross-references/${id}/history`))
    ).body;
    assert.deepEqual(
      versions.map(({ version }) => version),
      [2, 1],
    );
    const csv = await (await fetch(`${base}/cross-references/export`)).text();
    assert.equal(csv.split('\r\n').length, 4);
    assert.match(csv, /acme,item,,4711,,sku,A-1/);
    const refusals: [string, string, unknown, number, string][] = [
      ['POST', 'cross-references', { ...entry, target: 'CS' }, 400, 'CROSS_REFERENCE_INVALID'],
      ['POST', 'cross-references', { ...entry, replace: 'yes' }, 400, 'REQUEST_INVALID'],
      ['POST', 'cross-references/import', 'x\n', 400, 'CSV_INVALID'],
      // Refused at its first line, with most of it still to come.
      ['POST', 'cross-references/import', `x\n${'y,'.repeat(5_000_000)}`, 400, 'CSV_INVALID'],
      ['POST', 'cross-references/import', { a: 1 }, 400, 'REQUEST_INVALID'],
      ['POST', `cross-references/${id}/retire`, {}, 409, 'CROSS_REFERENCE_ENDED'],
      ['POST', 'cross-references/999/retire', {}, 404, 'CROSS_REFERENCE_UNKNOWN'],
      ['GET', 'cross-references?kind=thing', undefined, 400, 'REQUEST_INVALID'],
    ];
    for (const [method, path, body, status, code] of refusals) {
      const answer = await ask<{ code: string }>(method, at(path), body);
      assert.deepEqual([answer.status, answer.body.code], [status, code], path);
    }
    assert.equal((await ask('GET', '/nowhere/cross-references')).status, 404);
  });
});
