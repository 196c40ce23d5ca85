import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { run, type Terminal } from '../../cli/run';

/** What the command line asks the gateway, and what it makes of the answers. */
describe('command line: cross-references', () => {
  let server: Server;
  let url: string;
  let asked: { method: string; path: string; type: string; body: string }[];
  let answer: { status: number; body: string };

  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const path = request.url ?? '';
        if (path.endsWith('/stores')) {
          response.end(JSON.stringify({ stores: [{ id: 's', name: '' }] }));
          return;
        }
        asked.push({ method: request.method ?? '', path, type: request.headers['content-type'] ?? '', body });
        response.writeHead(answer.status).end(answer.body);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(async () => {
    server.close();
    await once(server, 'close');
  });
  beforeEach(() => {
    asked = [];
    answer = { status: 200, body: '{}' };
  });

  async function cli(args: string[], input = ''): Promise<{ code: number; out: string; error: string }> {
    const told = { out: '', error: '' };
    const terminal: Terminal = {
      env: { CROSSDOCK_URL: url },
      isTerminal: false,
      print: (text) => {
        told.out += text;
      },
      warn: (text) => {
        told.error += text;
      },
      readInput: async () => input,
    };
    return { code: await run(['cross-references', ...args], terminal), ...told };
  }

  it('imports standard input as CSV, tried or for good', async () => {
    const report = { dryRun: true, lines: 2, added: 1, replaced: 0, unchanged: 0, conflicts: 0, faulty: 1 };
    const problems = [{ line: 3, message: 'target is missing' }];
    answer.body = JSON.stringify({ ...report, problems, changes: [] });
    const done = await cli(['import', '--dry-run', '--replace'], 'partner,kind,code,target\n');
    assert.equal(done.code, 0);
    assert.match(done.out, /would change: 1 new.*1 faulty, of 2 lines\n {2}line 3: target is missing/);
    assert.deepEqual(asked, [
      {
        method: 'POST',
        path: '/crossdock/console/s/cross-references/import?replace=1&dryRun=1',
        type: 'text/csv',
        body: 'partner,kind,code,target\n',
      },
    ]);
    assert.equal((await cli(['import'], ' ')).code, 1);
    assert.equal((await cli(['import', 'file.csv'], 'x')).code, 1);
  });

  it('exports the file as it is, lists, and tells a refusal', async () => {
    answer.body = 'partner,kind\r\nacme,unit\r\n';
    const exported = await cli(['export', '--partner', 'acme']);
    assert.equal(exported.out, 'partner,kind\r\nacme,unit');
    assert.equal(asked[0]?.path, '/crossdock/console/s/cross-references/export?partner=acme');
    answer.body = JSON.stringify({ items: [], next: null });
    assert.equal((await cli([])).out, 'none');
    answer = { status: 400, body: JSON.stringify({ code: 'CSV_INVALID', message: 'The file is empty.' }) };
    const refused = await cli(['list', '--kind', 'unit']);
    assert.deepEqual([refused.code, refused.error], [1, 'The file is empty. (CSV_INVALID)']);
    assert.equal((await cli(['nonsense'])).code, 2);
  });
});
