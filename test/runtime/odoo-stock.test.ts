import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ScriptedStock, startScriptedStock } from '../core/stock-scripted';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { deadLetters, node, parked, postUntilTaken, STORE, TAB, webhook } from './flow';

/** Pages of stock in a real Node-RED, whose flow takes its time with each. */
describe('odoo stock in pages', () => {
  let stock: ScriptedStock;
  let shop: Server;
  let red: NodeRed;
  /** What the shop was sent and has not answered yet. */
  const held: { page: number; response: ServerResponse }[] = [];
  let received = 0;

  before(async () => {
    stock = await startScriptedStock();
    stock.before = stock.products(4);
    shop = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received += 1;
        held.push({ page: Number(body), response });
      });
    }).listen(0, '127.0.0.1');
    await waitFor(() => shop.listening, { what: 'the shop' });
    const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
    red = await spawnNodeRed({
      flows: [
        TAB,
        STORE,
        {
          ...{ id: 'server', type: 'crossdock-odoo-server', url: stock.odoo.url, database: 'db', login: '' },
          credentials: { apiKey: 'key' },
        },
        webhook('hook', { maxAttempts: 1 }, [['stock']]),
        node('crossdock-odoo-stock', 'stock', { server: 'server', pageSize: 1 }, [['page']]),
        node(
          'change',
          'page',
          { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'parts.index', tot: 'msg' }] },
          [['shop']],
        ),
        node('http request', 'shop', { method: 'POST', url, ret: 'txt', senderr: true }),
        ...deadLetters('stock'),
      ],
    });
  });
  after(async () => {
    await red?.remove();
    shop?.closeAllConnections();
    shop?.close();
    await stock?.odoo.close();
  });
  beforeEach(() => {
    held.length = 0;
    received = 0;
    stock.odoo.calls.length = 0;
  });

  const asked = (): number =>
    stock.odoo.calls.filter(({ model, method }) => model === 'product.product' && method === 'search_read')
      .length;
  const nextAtShop = (): Promise<{ page: number; response: ServerResponse }> =>
    waitFor(() => held.shift(), { what: 'a page at the shop', timeoutMs: 20_000 });

  it('reads a page when the flow is done with the one before, and one ahead', async () => {
    await postUntilTaken(red, '/hook', '1', { id: 1 });
    for (let page = 0; page < 4; page += 1) {
      const { page: sent, response } = await nextAtShop();
      assert.equal(sent, page);
      assert.equal(received, page + 1, 'no other page is in the flow');
      assert.ok(asked() <= page + 2, `${asked()} pages were asked for at page ${page}`);
      response.end('thanks');
    }
  });

  it('a page that fails ends the message that asked, and no more is read', async () => {
    await postUntilTaken(red, '/hook', '2', { id: 2 });
    (await nextAtShop()).response.socket?.destroy();
    const letters = await waitFor(async () => ((await parked(red)).length > 0 ? parked(red) : undefined), {
      what: 'the dead letter',
    });
    assert.ok(letters.length >= 1);
    assert.ok(asked() <= 2);
    assert.equal(received, 1);
  });
});
