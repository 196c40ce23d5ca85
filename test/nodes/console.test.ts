import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import type {
  ApiError,
  Basket,
  BasketCreated,
  BasketItem,
  GroupsAnswer,
  Letter,
  LetterDetail,
  Page,
  StoresAnswer,
} from '../../core/replay';
import { waitFor } from '../support';
import { canonicalOrder, crossdock, STORE } from './fixtures';
import { type FlowNode, type Running, sink, useFlows } from './harness';

/** A WooCommerce order's worth of nothing: no mapping takes it. */
const BROKEN = { id: 77, email: 'ada@example.com', billing: { first_name: 'Ada' } };

describe('console routes', () => {
  const flows = useFlows();
  const flow: FlowNode[] = [
    { id: 'tab', type: 'tab', label: 'Orders' },
    { ...STORE, name: 'gateway' },
    crossdock('webhook-in', 'in', { path: '/in', source: 'shop' }, [['mapper']]),
    crossdock('canonical-mapper', 'mapper', { name: 'shop orders' }, [['end']]),
    // The helper has no hooks to count branches with, so the flow says when it is done.
    crossdock('settle', 'end', { resultType: 'str', result: 'mapped' }, [['mapped']]),
    sink('mapped'),
    { id: 'catch', type: 'catch', z: 'tab', scope: null, uncaught: false, wires: [['dead']] },
    crossdock('dead-letter', 'dead', {}, [[], [], ['group']]),
    sink('group'),
    crossdock('replay', 'again', { name: 'again' }, [['replayed']]),
    sink('replayed'),
  ];

  async function api(run: Running) {
    const base = `${await run.http('admin')}/crossdock/console`;
    const ask = async <T>(method: string, path: string, body?: unknown) => {
      const response = await fetch(base + path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: response.status, body: (await response.json()) as T };
    };
    return {
      base,
      ask,
      get: async <T>(path: string) => (await ask<T>('GET', path)).body,
      post: async <T>(path: string, body: unknown = {}) => (await ask<T>('POST', path, body)).body,
    };
  }

  async function post(run: Running, id: string, body: unknown): Promise<void> {
    const response = await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 202);
  }

  async function load(): Promise<Running> {
    const run = await flows.load(flow);
    await run.untilStatus('dead', 'none parked');
    await run.untilStatus('in', 'ready');
    await run.untilStatus('again', 'ready');
    const { get } = await api(run);
    await waitFor(async () => (await get<StoresAnswer>('/stores')).stores.length === 1, { what: 'the desk' });
    return run;
  }

  it('goes from a letter to its replay through the mapper of its source', async () => {
    const run = await load();
    const { get, post: send, ask } = await api(run);
    await post(run, 'd-1', BROKEN);
    const told = await run.nth('group');
    assert.equal((told.payload as { code: string }).code, 'SOURCE_CONTRACT');
    await run.untilStatus('dead', '1 parked');
    const { stores } = await get<StoresAnswer>('/stores');
    assert.deepEqual(
      stores.map(({ id, name, kind, deadLetters, replayNodes }) => ({
        id,
        name,
        kind,
        deadLetters,
        replayNodes,
      })),
      [
        {
          id: 'store',
          name: 'gateway',
          kind: 'sqlite',
          deadLetters: { parked: 1, groups: 1 },
          replayNodes: [{ id: 'again', name: 'again' }],
        },
      ],
    );
    const { groups } = await get<GroupsAnswer>('/store/groups');
    assert.deepEqual(
      groups.map(({ code, count, source, node }) => ({ code, count, source, node })),
      [
        {
          code: 'SOURCE_CONTRACT',
          count: 1,
          source: 'shop',
          node: {
            id: 'mapper',
            type: 'crossdock-canonical-mapper',
            name: 'shop orders',
            flow: 'tab',
            flowName: 'Orders',
          },
        },
      ],
    );
    const { id, count } = await send<BasketCreated>('/store/baskets', {
      name: 'mended',
      filter: { cause: groups[0]?.cause },
    });
    assert.equal(count, 1);
    const tried = async (): Promise<Page<BasketItem>> => {
      await send(`/store/baskets/${id}/dry-run`);
      await waitFor(async () => (await get<Basket>(`/store/baskets/${id}`)).state === 'draft', {
        what: 'tried',
      });
      return get<Page<BasketItem>>(`/store/baskets/${id}/items`);
    };
    const before = (await tried()).items[0]?.dryRun;
    assert.deepEqual(
      [before?.result, before?.mapper?.id, before?.code],
      ['error', 'mapper', 'SOURCE_CONTRACT'],
    );
    await ask('PUT', `/store/baskets/${id}/items/1`, { body: SHOPIFY_ORDER });
    assert.equal((await tried()).items[0]?.dryRun?.result, 'ok');
    assert.equal(run.got('mapped').length, 0, 'nothing was sent');
    await send(`/store/baskets/${id}/start`, { ratePerSecond: 100 });
    const mapped = await run.nth('mapped');
    assert.equal((mapped.payload as { externalId: string }).externalId, '820982911');
    await waitFor(async () => (await get<Basket>(`/store/baskets/${id}`)).state === 'finished', {
      what: 'done',
    });
    assert.equal((await send<Basket>(`/store/baskets/${id}/start`)).state, 'finished');
    assert.equal(run.got('mapped').length, 1);
    const actions = (await get<Page<{ action: string; who: string }>>('/store/audit')).items;
    assert.deepEqual(actions.map(({ action, who }) => `${action} ${who}`).reverse(), [
      'basket.created anonymous',
      'basket.dryRun anonymous',
      'basket.edited anonymous',
      'basket.dryRun anonymous',
      'basket.started anonymous',
      'basket.finished crossdock',
    ]);
  });

  it('replays what came from no source into a replay node, as its own source', async () => {
    const run = await load();
    const { post: send, ask } = await api(run);
    run.send('mapper', { payload: BROKEN });
    await run.untilStatus('dead', '1 parked');
    const { id } = await send<BasketCreated>('/store/baskets', { name: 'x', filter: {} });
    const refused = await ask<ApiError>('POST', `/store/baskets/${id}/start`, {});
    assert.deepEqual([refused.status, refused.body.code], [409, 'SOURCE_NOT_OPEN']);
    await send(`/store/baskets/${id}/start`, { into: 'again' });
    const replayed = await run.nth('replayed');
    assert.deepEqual(replayed.payload, BROKEN);
    assert.deepEqual(replayed['replay'], { basket: id, item: 1 });
  });

  it('shows a letter without personal data, unless it is asked for with the right to it', async () => {
    const run = await load();
    const { get } = await api(run);
    await post(run, 'd-1', { ...BROKEN, nested: canonicalOrder('1') });
    await run.untilStatus('dead', '1 parked');
    const { items } = await get<Page<Letter>>('/store/letters');
    const path = `/store/letters/${items[0]?.id}`;
    const hidden = await get<LetterDetail>(path);
    const text = JSON.stringify(hidden);
    for (const personal of ['ada@example.com', 'Ada', 'Hafenstraße', 'test@example.com']) {
      assert.ok(!text.includes(personal), personal);
    }
    assert.equal((hidden.original.value as { id: number }).id, 77);
    assert.equal(hidden.history[0]?.code, 'SOURCE_CONTRACT');
    const shown = await get<LetterDetail>(`${path}?personal=1`);
    assert.ok(JSON.stringify(shown).includes('ada@example.com'));
  });

  it('refuses what it does not understand, and says why', async () => {
    const run = await load();
    const { ask, base } = await api(run);
    const cases: [string, string, unknown, number, string][] = [
      ['GET', '/nobody/groups', undefined, 404, 'STORE_UNKNOWN'],
      ['GET', '/store/groups?state=lost', undefined, 400, 'REQUEST_INVALID'],
      ['GET', '/store/letters?from=yesterday', undefined, 400, 'REQUEST_INVALID'],
      ['GET', '/store/letters/none', undefined, 404, 'LETTER_UNKNOWN'],
      ['GET', '/store/baskets/none', undefined, 404, 'BASKET_UNKNOWN'],
      ['GET', '/store/baskets/none/items', undefined, 404, 'BASKET_UNKNOWN'],
      ['GET', '/store/baskets/none/items/x', undefined, 404, 'ITEM_UNKNOWN'],
      ['GET', '/store/baskets/none/report', undefined, 404, 'BASKET_UNKNOWN'],
      ['POST', '/store/baskets', {}, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { ids: [] }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { ids: ['a'], filter: {} }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { filter: { causes: 'x' } }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { filter: { state: 'replayed' } }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { filter: {} }, 409, 'BASKET_EMPTY'],
      ['POST', '/store/baskets', [], 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets/none/start', { ratePerSecond: 0 }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets/none/start', { into: 'mapper' }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets/none/start', {}, 404, 'BASKET_UNKNOWN'],
      ['POST', '/store/baskets/none/pause', {}, 404, 'BASKET_UNKNOWN'],
      ['PUT', '/store/baskets/none/items/1', {}, 400, 'REQUEST_INVALID'],
      ['PUT', '/store/baskets/none/items/1', { body: 'x' }, 404, 'ITEM_UNKNOWN'],
      ['POST', '/store/letters/discard', { filter: {} }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/letters/discard', { filter: {}, reason: 'x'.repeat(501) }, 400, 'REQUEST_INVALID'],
      ['POST', '/store/baskets', { filter: { q: 'y'.repeat(1_200_000) } }, 413, 'BODY_TOO_LARGE'],
    ];
    for (const [method, path, body, status, code] of cases) {
      const answer = await ask<ApiError>(method, path, body);
      const label = `${method} ${path} ${JSON.stringify(body)?.slice(0, 80)}`;
      assert.deepEqual([answer.status, answer.body.code], [status, code], label);
      assert.ok(answer.body.message.length > 10, label);
    }
    const form = await fetch(`${base}/store/baskets`, { method: 'POST', body: 'filter={}' });
    assert.equal(form.status, 400, 'a form of another origin');
    for (const odd of ['limit=abc', 'limit=-5', 'limit=1e9', 'after=%00', 'after=1.x', 'x=1', 'q=%25']) {
      assert.equal((await ask('GET', `/store/letters?${odd}`)).status, 200, odd);
    }
  });

  it('tells the editors that something has changed, not how often', async () => {
    const run = await load();
    const told: unknown[] = [];
    const { events } = run.red as unknown as { events: EventEmitter };
    const listen = ({ topic, data }: { topic: string; data: unknown }): void => {
      if (topic === 'crossdock/console/store') told.push(data);
    };
    events.on('comms', listen);
    try {
      for (let n = 0; n < 40; n += 1) run.send('mapper', { payload: { ...BROKEN, n } });
      await run.untilStatus('dead', '40 parked');
      await waitFor(() => (told.at(-1) as { rev: number } | undefined)?.rev === 40, {
        what: 'the last change',
      });
      assert.ok(told.length < 20, `${told.length} messages for 40 letters`);
    } finally {
      events.off('comms', listen);
    }
  });

  it('the dead letter node shows what is left when people have handled some', async () => {
    const run = await load();
    await post(run, 'a', BROKEN);
    await post(run, 'b', BROKEN);
    await run.untilStatus('dead', '2 parked');
    const { get, post: send } = await api(run);
    const [letter] = (await get<Page<Letter>>('/store/letters')).items;
    await send('/store/letters/discard', { ids: [letter?.id], reason: 'A test order.' });
    await run.untilStatus('dead', '1 parked');
  });

  it('forgets the store with its last deploy', async () => {
    const run = await load();
    const { get } = await api(run);
    await run.redeploy([{ id: 'tab', type: 'tab', label: 'Orders' }]);
    assert.deepEqual((await get<StoresAnswer>('/stores')).stores, []);
  });
});

const SHOPIFY_ORDER = {
  id: 820982911,
  name: '#1001',
  created_at: '2026-11-23T10:00:00+01:00',
  currency: 'USD',
  taxes_included: false,
  financial_status: 'paid',
  email: 'ada@example.com',
  subtotal_price: '7.56',
  total_discounts: '0.00',
  total_tax: '0.00',
  total_price: '7.56',
  line_items: [{ id: 1, sku: 'TP-50-CLR', title: 'Packing tape', quantity: 4, price: '1.89' }],
  shipping_lines: [],
  tax_lines: [],
  customer: { id: 7, first_name: 'Ada', last_name: 'Example', email: 'ada@example.com' },
  shipping_address: {
    name: 'Ada Example',
    address1: '1 Dock Street',
    city: 'Albany',
    zip: '12207',
    country_code: 'US',
  },
};
