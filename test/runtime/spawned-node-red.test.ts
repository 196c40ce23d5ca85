import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type NodeRed, spawnNodeRed, startTcpProxy } from '../support';

const echoFlow = (text: string) => [
  { id: 'tab', type: 'tab', label: 'echo' },
  { id: 'in', type: 'http in', z: 'tab', url: '/echo', method: 'get', wires: [['set']] },
  {
    id: 'set',
    type: 'template',
    z: 'tab',
    field: 'payload',
    syntax: 'plain',
    template: text,
    wires: [['out']],
  },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
];

const read = async (url: string): Promise<string> => (await fetch(url)).text();

/** The tools that the runtime and fault tests stand on: if they lie, those tests prove nothing. */
describe('a spawned Node-RED', () => {
  let red: NodeRed;
  before(async () => {
    red = await spawnNodeRed({ flows: echoFlow('first') });
  });
  after(() => red.remove());

  it('is the major that was asked for', async () => {
    const settings = (await red.admin('/settings')) as { version: string };
    assert.equal(Number(settings.version.split('.')[0]), red.major);
  });

  it('runs newly deployed flows when deploy() resolves', async () => {
    await red.deploy(echoFlow('second'));
    assert.equal(await read(`${red.url}/echo`), 'second');
  });

  it('comes back after kill -9 on the same port with the same flows', async () => {
    const before = red.pid;
    await red.kill9();
    assert.equal(red.pid, undefined);
    await assert.rejects(read(`${red.url}/echo`));
    await red.restart();
    assert.notEqual(red.pid, before);
    assert.equal(await read(`${red.url}/echo`), 'second');
  });

  it('stops by itself on SIGTERM', async () => {
    assert.equal(await red.stop(), 0);
  });
});

describe('the TCP proxy of the fault tests', () => {
  let server: Server;
  let target = '';
  let requests = 0;
  before(async () => {
    server = createServer((_request, response) => {
      requests += 1;
      response.end('a reply of some length');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('passes, cuts and restores', async () => {
    const proxy = await startTcpProxy({ target });
    try {
      assert.equal(await read(proxy.url), 'a reply of some length');
      proxy.cut();
      await assert.rejects(read(proxy.url));
      proxy.restore();
      assert.equal(await read(proxy.url), 'a reply of some length');
    } finally {
      await proxy.close();
    }
  });

  it('cuts the reply of a request that was carried out, once', async () => {
    const proxy = await startTcpProxy({ target });
    try {
      const before = requests;
      proxy.cutReplyAfter(0);
      await assert.rejects(read(proxy.url));
      assert.equal(requests, before + 1);
      assert.equal(await read(proxy.url), 'a reply of some length');
    } finally {
      await proxy.close();
    }
  });

  for (const { fault, arrives } of [
    { fault: 'blackhole', arrives: false },
    { fault: 'holdReplies', arrives: true },
  ] as const) {
    it(`${fault}: the reply comes only after restore, the request ${arrives ? 'at once' : 'as well'}`, async () => {
      const proxy = await startTcpProxy({ target });
      try {
        const before = requests;
        proxy[fault]();
        let answered = false;
        const reply = read(proxy.url).then((text) => {
          answered = true;
          return text;
        });
        if (arrives) await once(server, 'request');
        else await read(target);
        assert.equal(answered, false);
        assert.equal(requests, before + 1);
        proxy.restore();
        assert.equal(await reply, 'a reply of some length');
        assert.equal(requests, before + (arrives ? 1 : 2));
      } finally {
        await proxy.close();
      }
    });
  }
});
