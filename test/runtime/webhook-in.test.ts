import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type NodeRed, spawnNodeRed, waitFor } from '../support';
import { deadLetters, endlessPost, type FlowNode, parked, post, record, STORE, TAB, webhook } from './flow';

const SECRET = 'a secret that the shop signs with';
const sign = (body: string): string => createHmac('sha256', SECRET).update(body).digest('base64');

describe('webhook in, over real HTTP', () => {
  let red: NodeRed;
  const flows = (...more: FlowNode[]): FlowNode[] => [
    TAB,
    STORE,
    webhook('open', { maxBodyKb: 256 }),
    webhook('shopify', { signature: 'shopify', credentials: { secret: SECRET } }),
    webhook('woo', { signature: 'woocommerce', credentials: { secret: SECRET } }),
    ...record(
      'record',
      'got.jsonl',
      '{"id": crossdock.deliveryId, "payload": payload, "key": crossdock.source}',
    ),
    ...deadLetters('open'),
    ...more,
  ];
  const got = (): { id: string; payload: Record<string, unknown>; key: string }[] => {
    const file = join(red.userDir, 'got.jsonl');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { id: string; payload: Record<string, unknown>; key: string });
  };
  before(async () => {
    red = await spawnNodeRed({ flows: flows() });
    await waitFor(async () => (await post(red, '/open', { warm: 1 })).status === 202, { what: 'the node' });
  });
  after(() => red.remove());

  it('answers 202 once the message is committed, and 200 to its duplicate, which does not run again', async () => {
    const headers = { 'idempotency-key': 'twice' };
    const first = await post(red, '/open', { n: 1 }, headers);
    assert.deepEqual([first.status, first.body['status']], [202, 'accepted']);
    const second = await post(red, '/open', { n: 1 }, headers);
    assert.deepEqual(
      [second.status, second.body],
      [200, { status: 'duplicate', id: 'idempotency-key:twice' }],
    );
    await waitFor(() => got().some(({ id }) => id === 'idempotency-key:twice'), { what: 'the delivery' });
    await post(red, '/open', { n: 2 }, { 'idempotency-key': 'after' });
    await waitFor(() => got().some(({ id }) => id === 'idempotency-key:after'), {
      what: 'the next delivery',
    });
    assert.equal(got().filter(({ id }) => id === 'idempotency-key:twice').length, 1);
  });

  it('keeps what it answered 202 to over kill -9 at the very next moment', async () => {
    const answer = await post(red, '/open', { late: true }, { 'idempotency-key': 'before-the-cut' });
    await red.kill9();
    assert.equal(answer.status, 202);
    await red.restart();
    await waitFor(() => got().some(({ id }) => id === 'idempotency-key:before-the-cut'), {
      what: 'the delivery after the restart',
      timeoutMs: 20_000,
    });
    const again = await waitFor(
      async () => {
        const copy = await post(red, '/open', { late: true }, { 'idempotency-key': 'before-the-cut' });
        return copy.status === 503 || copy.status === 404 ? undefined : copy;
      },
      { what: 'an answer' },
    );
    assert.equal(again.status, 200);
  });

  it('refuses an endless body with 413 after little of it', async () => {
    const { status, sent } = await endlessPost(`${red.url}/open`);
    assert.equal(status, 413);
    // What fits in the socket buffers may be on its way; hundreds of megabytes would be a body that was read.
    assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
    assert.equal((await post(red, '/open', { still: 'alive' })).status, 202);
  });

  it('refuses an announced large body with 413', async () => {
    const answer = await post(red, '/open', 'x'.repeat(300 * 1024));
    assert.equal(answer.status, 413);
    assert.equal(answer.body['code'], 'BODY_TOO_LARGE');
  });

  for (const { what, written } of [
    { what: 'with a fragment', written: () => '/open#x' },
    { what: 'as a whole address', written: () => `${red.url}/open?x=1` },
  ]) {
    // The editor's own parser takes 5 MB, and answers what is no JSON with a page that shows where its files are.
    it(`lets no other parser at the body of a path that is written ${what}`, async () => {
      const ask = (body: string): Promise<number> =>
        new Promise((resolve, reject) => {
          const { hostname, port } = new URL(red.url);
          const headers = { 'content-type': 'application/json' };
          request({ hostname, port, path: written(), method: 'POST', headers }, (answer) => {
            answer.resume();
            resolve(answer.statusCode ?? 0);
          })
            .on('error', reject)
            .end(body);
        });
      assert.equal(await ask('{"no": JSON'), 202);
      assert.equal(await ask(JSON.stringify('x'.repeat(300_000))), 413);
    });
  }

  it('refuses compressed bodies with 415', async () => {
    const response = await fetch(`${red.url}/open`, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip' },
      body: gzipSync('{}'),
    });
    assert.equal(response.status, 415);
    assert.match(response.headers.get('content-type') ?? '', /problem\+json/);
  });

  for (const method of ['GET', 'PUT', 'DELETE']) {
    it(`refuses ${method} with 405 and says what is allowed`, async () => {
      const response = await fetch(`${red.url}/open`, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get('allow'), 'POST');
    });
  }

  for (const { path, header } of [
    { path: '/shopify', header: 'x-shopify-hmac-sha256' },
    { path: '/woo', header: 'x-wc-webhook-signature' },
  ]) {
    it(`${path} takes what is signed over the very bytes, and refuses everything else with 401`, async () => {
      const body = '{"id" :  1.0,\n"name":"Größe"}';
      for (const [what, headers] of [
        ['no signature', {}],
        ['an empty one', { [header]: '' }],
        ['another body', { [header]: sign(`${body} `) }],
        ['another secret', { [header]: createHmac('sha256', 'other').update(body).digest('base64') }],
        ['hex instead of base64', { [header]: createHmac('sha256', SECRET).update(body).digest('hex') }],
      ] as [string, Record<string, string>][]) {
        const answer = await post(red, path, body, headers);
        assert.deepEqual([answer.status, answer.body['code']], [401, 'SIGNATURE_WRONG'], what);
      }
      const id = `signed-${path.slice(1)}`;
      const answer = await post(red, path, body, { [header]: sign(body), 'webhook-id': id });
      assert.equal(answer.status, 202);
      const delivered = await waitFor(() => got().find((line) => line.id === `webhook-id:${id}`), {
        what: 'it',
      });
      assert.equal(delivered.payload['name'], 'Größe');
    });
  }

  it('takes in what is no JSON, and parks it with a reason that says where the fault is', async () => {
    const answer = await post(red, '/open', '{"id": 5, "lines": [', { 'webhook-id': 'cut' });
    assert.equal(answer.status, 202);
    const letter = await waitFor(
      async () => (await parked(red)).find(({ deliveryId }) => deliveryId === 'webhook-id:cut'),
      { what: 'the letter' },
    );
    assert.equal(letter.code, 'JSON_INVALID');
    assert.equal(letter.kind, 'permanent');
    assert.match(letter.reason, /line 1/);
  });

  it('parks a body with __proto__ and is not polluted by it', async () => {
    const answer = await post(red, '/open', '{"id":6,"__proto__":{"polluted":"yes"}}', {
      'webhook-id': 'proto',
    });
    assert.equal(answer.status, 202);
    const letter = await waitFor(
      async () => (await parked(red)).find(({ deliveryId }) => deliveryId === 'webhook-id:proto'),
      { what: 'the letter' },
    );
    assert.equal(letter.code, 'JSON_UNSAFE');
    await post(red, '/open', { clean: 1 }, { 'webhook-id': 'clean' });
    const clean = await waitFor(() => got().find(({ id }) => id === 'webhook-id:clean'), {
      what: 'the next one',
    });
    assert.equal(clean.payload['polluted'], undefined);
  });

  it('refuses a second node on the same path; the first one goes on', async () => {
    const from = red.log.length;
    await red.deploy(flows(webhook('second', { path: 'open/', source: 'second' })));
    await red.waitForLog(/The path \/open is used by another webhook in node/, { from });
    await waitFor(async () => (await post(red, '/open', { n: 3 })).status === 202, {
      what: 'the first node',
    });
  });

  it('answers 404 after a deploy that removed the node, and takes messages again when it is back', async () => {
    await red.deploy([TAB, STORE]);
    assert.equal((await post(red, '/open', {})).status, 404);
    await red.deploy(flows());
    await waitFor(async () => (await post(red, '/open', {})).status === 202, { what: 'the node' });
  });
});
