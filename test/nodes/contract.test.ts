import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { scopes } from '../../core/delivery';
import { projectFolders } from '../support';
import { crossdock, STORE } from './fixtures';
import { type FlowNode, observers, type Running, sink, useFlows } from './harness';

const SCHEMA = {
  title: 'Acme order',
  type: 'object',
  required: ['number'],
  properties: {
    number: { type: 'string', examples: ['PO-1'], 'x-class': 'internal' },
    mail: { type: 'string', format: 'email', 'x-class': 'pii' },
  },
};
const own = (config: Record<string, unknown> = {}): FlowNode => ({
  id: 'own',
  type: 'crossdock-contract',
  contract: 'acme-order',
  version: '1.0',
  schema: SCHEMA,
  ...config,
});
const check = (config: Record<string, unknown> = {}): FlowNode =>
  crossdock('contract-check', 'check', { contract: 'own', ownContract: 'own', ...config }, [
    ['out'],
    ['broken'],
  ]);
const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

describe('contract check', () => {
  const flows = useFlows();
  const flow = (...nodes: FlowNode[]): FlowNode[] => [
    ...observers('check'),
    sink('out'),
    sink('broken'),
    ...nodes,
  ];

  it('lets through what keeps the contract, and says which it was', async () => {
    const run = await flows.load(flow(own(), check()));
    run.send('check', { payload: { number: 'PO-1' } });
    const out = await run.nth('out');
    assert.deepEqual(out.payload, { number: 'PO-1' });
    assert.deepEqual(out['contract'], {
      name: 'acme-order',
      version: '1.0',
      state: 'current',
      kept: true,
      problems: [],
    });
    await run.untilStatus('check', '1 kept it');
  });

  it('fails what does not, with every problem and no personal data', async () => {
    const run = await flows.load(flow(own(), check()));
    run.send('check', { payload: { number: 7, mail: 'Ada at home' } });
    const { error, crossdock: about, payload } = await run.nth('caught');
    assert.equal(error?.code, 'CONTRACT_BROKEN');
    assert.match(
      error?.message ?? '',
      /acme-order 1\.0: the field "number" must be text, for example "PO-1"; it is the number 7; the field "mail"/,
    );
    assert.doesNotMatch(error?.message ?? '', /Ada/);
    assert.equal(about?.failure?.problems.length, 2);
    assert.deepEqual(payload, { number: 7, mail: 'Ada at home' });
    assert.equal(run.got('out').length, 0);
  });

  it('sends it to the second output when that is chosen', async () => {
    const run = await flows.load(flow(own(), check({ broken: 'output', outputs: 2 })));
    run.send('check', { payload: {} });
    const { contract } = (await run.nth('broken')) as unknown as {
      contract: { kept: boolean; problems: { path: string; message: string }[] };
    };
    assert.equal(contract.kept, false);
    assert.deepEqual(
      contract.problems.map(({ path }) => path),
      ['/number'],
    );
    assert.equal((await run.untilStatus('check', '0 kept it, 1 did not')).fill, 'yellow');
    assert.equal(run.got('caught').length, 0);
  });

  it('checks canonical objects, another property, and says at once when there is no such contract', async () => {
    const run = await flows.load(
      flow(
        check({ contract: 'order@1.0', property: 'order' }),
        crossdock('contract-check', 'none', { contract: 'order@9.0' }, [['out']]),
      ),
    );
    run.send('check', { payload: 1, order: {} });
    assert.match((await run.nth('caught')).error?.message ?? '', /order 1\.0/);
    assert.match((await run.untilStatus('none', 'red')).text ?? '', /^There is no contract order 9\.0/);
  });

  it('counts down to the last day in its status', async () => {
    const run = await flows.load(flow(own({ deprecatedOn: day(-1), sunsetOn: day(3) }), check()));
    const status = await run.untilStatus('check', /deprecated/);
    assert.equal(status.fill, 'yellow');
    assert.match(status.text ?? '', /^acme-order 1\.0 is deprecated, [34] days left$/);
    run.send('check', { payload: { number: 'PO-1' } });
    assert.equal(((await run.nth('out'))['contract'] as { state: string }).state, 'deprecated');
  });

  it('after the last day goes on with a warning, or refuses, as the contract says', async () => {
    const past = { deprecatedOn: day(-9), sunsetOn: day(-2), successor: 'acme-order@2.0' };
    const run = await flows.load(flow(own(past), check()));
    run.send('check', { payload: { number: 'PO-1' } });
    await run.nth('out');
    await run.untilStatus('check', /is past its last day/);
    await run.redeploy(flow(own({ ...past, afterSunset: 'refuse' }), check()));
    run.send('check', { payload: { number: 'PO-2' } });
    const { error } = await run.nth('caught');
    assert.equal(error?.code, 'CONTRACT_SUNSET');
    assert.match(error?.message ?? '', /Use acme-order@2\.0\.$/);
  });
});

describe('contract', () => {
  const flows = useFlows();
  const flow = (...nodes: FlowNode[]): FlowNode[] => [...observers('check'), sink('out'), ...nodes];
  const admin = async (run: Running, path: string, body?: unknown) => {
    const response = await fetch(`${await run.http('admin')}/crossdock/contracts${path}`, {
      ...(body === undefined
        ? {}
        : {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('keeps what is in force as a file', async () => {
    const run = await flows.load(flow(own(), check()));
    await run.untilStatus('check', 'ready');
    const file = join(run.userDir, 'crossdock', 'contracts', 'acme-order', '1.0.json');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')).schema, SCHEMA);
  });

  it('never changes a version that was in force: its users stop and say why', async () => {
    const run = await flows.load(flow(own(), check()));
    await run.untilStatus('check', 'ready');
    await run.redeploy(flow(own({ schema: { type: 'object' } }), check()));
    const status = await run.untilStatus('check', 'red');
    assert.match(status.text ?? '', /^The contract acme-order 1\.0 was in force with other content/);
    await run.redeploy(flow(own({ schema: { type: 'object' }, version: '1.1' }), check()));
    await run.untilStatus('check', 'ready');
  });

  it('works when its file cannot be written', async () => {
    writeFileSync(join(flows.userDir, 'crossdock'), 'a file where a folder would be');
    const run = await flows.load(flow(own(), check()));
    await run.untilStatus('check', 'ready');
    run.send('check', { payload: { number: 'PO-1' } });
    await run.nth('out');
  });

  for (const [what, config, says] of [
    ['a faulty schema', { schema: { type: 'strong' } }, /not a usable JSON Schema/],
    ['a name that is none', { contract: 'Acme Order' }, /^The name may have/],
    ['a day that does not exist', { sunsetOn: '2027-02-30' }, /^Last day must be a day/],
    ['the name of a built-in one', { contract: 'order' }, /order 1\.0 exists already/],
  ] as const) {
    it(`with ${what} says so at its users, and harms nobody else`, async () => {
      const run = await flows.load(
        flow(own(config), check(), crossdock('contract-check', 'other', {}, [['out']])),
      );
      assert.match((await run.untilStatus('check', 'red')).text ?? '', says);
      await run.untilStatus('other', 'ready');
    });
  }

  it('lists every contract with its life and its users', async () => {
    const run = await flows.load(
      flow(own({ deprecatedOn: day(-1), sunsetOn: day(10), partner: 'Acme Ltd' }), check()),
    );
    await run.untilStatus('check', /./);
    const { contracts } = (await admin(run, '')).body as { contracts: Record<string, unknown>[] };
    const mine = contracts.find(({ name }) => name === 'acme-order');
    assert.equal(mine?.['state'], 'deprecated');
    assert.equal(mine['partner'], 'Acme Ltd');
    assert.deepEqual(mine['users'], [{ id: 'check', type: 'crossdock-contract-check', name: '' }]);
    const order = contracts.find(({ name }) => name === 'order');
    assert.deepEqual([order?.['canonical'], order?.['own'], order?.['state']], [true, false, 'current']);
    assert.equal((await admin(run, '/acme-order/1.0')).body['title'], 'Acme order');
    assert.deepEqual(await admin(run, '/acme-order/7.0'), {
      status: 404,
      body: {
        code: 'CONTRACT_UNKNOWN',
        message: 'There is no contract acme-order 7.0. Known versions of it are: 1.0.',
      },
    });
  });

  it('describes the webhooks and channels of the flows as they are configured, without secrets', async () => {
    const run = await flows.load(
      flow(
        own(),
        STORE,
        crossdock('webhook-in', 'hook', {
          path: 'acme/orders',
          contract: 'own',
          ownContract: 'own',
          broken: 'refuse',
        }),
        {
          id: 'channel',
          type: 'crossdock-event-channel',
          kind: 'amqp',
          url: 'amqp://user:hidden@127.0.0.1:1/vhost',
        },
        crossdock('event-out', 'out1', { channel: 'channel', store: 'store' }),
        { ...crossdock('event-out', 'off', { channel: 'channel', store: 'store' }), d: true },
      ),
    );
    const open = await admin(run, '/openapi');
    assert.equal(open.status, 200);
    const paths = open.body['paths'] as Record<string, { post: { responses: Record<string, unknown> } }>;
    assert.ok(paths['/acme/orders']?.post.responses['422']);
    const async = await admin(run, '/asyncapi');
    assert.deepEqual(Object.keys(async.body['operations'] as object), ['out1']);
    assert.match(JSON.stringify(async.body), /127\.0\.0\.1:1/);
    assert.doesNotMatch(JSON.stringify([open.body, async.body]), /hidden|user:/);
  });

  it('is listed and described on the command line', async () => {
    const run = await flows.load(flow(own({ partner: 'Acme Ltd' }), check()));
    await run.untilStatus('check', 'ready');
    const url = await run.http('admin');
    const script = join(projectFolders().dist, 'cli', 'crossdock.js');
    const cli = async (...args: string[]) =>
      (await promisify(execFile)(process.execPath, [script, 'contracts', ...args, '--url', url])).stdout;
    assert.match(
      await cli('list'),
      /^contract +version +title[\s\S]*\nacme-order +1\.0 +Acme order +Acme Ltd +current/,
    );
    const { openapi } = JSON.parse(await cli('openapi')) as { openapi: string };
    const { asyncapi } = JSON.parse(await cli('asyncapi')) as { asyncapi: string };
    assert.deepEqual([openapi.slice(0, 3), asyncapi.slice(0, 2)], ['3.1', '3.']);
  });

  describe('compared with earlier versions', () => {
    const changed = (change: Record<string, unknown> = {}) => ({
      contract: 'acme-order',
      version: '1.2',
      schema: { ...SCHEMA, ...change },
    });
    const STRICTER = { required: ['number', 'mail'] };
    interface Answer {
      compared: string[];
      changed: boolean;
      compatible: boolean;
      breaking: number;
      findings: {
        severity: string;
        place: string;
        message: string;
        whom?: string;
        mend?: string;
        example?: string;
      }[];
    }
    const compare = async (run: Running, body: Record<string, unknown>) => {
      const { status, body: answer } = await admin(run, '/check', body);
      assert.equal(status, 200, JSON.stringify(answer));
      return answer as unknown as Answer;
    };

    it('says what breaks, where, for whom by name, with an example, and how to mend it', async () => {
      const run = await flows.load(flow(own(), check({ name: 'Acme at the door' })));
      await run.untilStatus('check', 'ready');
      const answer = await compare(run, { ...changed(STRICTER), partner: 'Acme Ltd' });
      assert.deepEqual(
        [answer.compared, answer.changed, answer.compatible, answer.breaking],
        [['1.0'], false, false, 1],
      );
      const [first] = answer.findings;
      assert.equal(first?.severity, 'breaking');
      assert.match(first.message, /"mail" must be there in the new version/);
      assert.equal(
        first.whom,
        'whoever still sends acme-order 1.0: Acme Ltd, contract check "Acme at the door"',
      );
      assert.match(first.mend ?? '', /Leave "mail" optional/);
      const example = JSON.parse(first.example ?? '') as Record<string, unknown>;
      assert.ok('number' in example && !('mail' in example), first.example);
    });

    it('finds nothing that breaks in a wider one, and tells the mode apart', async () => {
      const run = await flows.load(flow(own(), check()));
      await run.untilStatus('check', 'ready');
      assert.equal((await compare(run, changed({ required: [] }))).compatible, true);
      const forward = await compare(run, { ...changed({ required: [] }), mode: 'forward' });
      assert.deepEqual([forward.compatible, forward.breaking], [false, 1]);
    });

    it('compares with the last version, or with all when that is asked', async () => {
      const run = await flows.load(flow(own(), check()));
      await run.untilStatus('check', 'ready');
      await run.redeploy(flow(own({ version: '1.1', schema: { ...SCHEMA, ...STRICTER } }), check()));
      await run.untilStatus('check', 'ready');
      const last = await compare(run, changed(STRICTER));
      assert.deepEqual([last.compared, last.compatible], [['1.1'], true]);
      const all = await compare(run, { ...changed(STRICTER), transitive: true });
      assert.deepEqual([all.compared, all.compatible], [['1.1', '1.0'], false]);
    });

    it('says when there is nothing to compare with, and when a version changed in place', async () => {
      const run = await flows.load(flow(own(), check()));
      await run.untilStatus('check', 'ready');
      const first = await compare(run, { ...changed(), contract: 'nobody-has-it' });
      assert.deepEqual([first.compared, first.compatible, first.findings], [[], true, []]);
      assert.equal((await compare(run, { ...changed(STRICTER), version: '1.0' })).changed, true);
      const faulty = await admin(run, '/check', changed({ type: 'strong' }));
      assert.deepEqual([faulty.status, faulty.body['code']], [400, 'CONTRACT_INVALID']);
    });
  });
});

describe('webhook in with a contract', () => {
  const flows = useFlows();
  const flow = (contract: Record<string, unknown>, hook: Record<string, unknown> = {}): FlowNode[] => [
    ...observers(),
    STORE,
    own(contract),
    crossdock('webhook-in', 'hook', { path: '/in', contract: 'own', ownContract: 'own', ...hook }, [['out']]),
    sink('out'),
  ];
  const post = async (run: Running, body: unknown) => {
    const response = await fetch(`${await run.http('node')}/in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { response, answer: (await response.json()) as Record<string, unknown> };
  };

  it('takes in what breaks it, and lets it fail in the flow', async () => {
    const run = await flows.load(flow({}));
    await run.untilStatus('hook', 'ready');
    assert.equal((await post(run, { number: 7 })).response.status, 202);
    assert.equal((await run.nth('caught')).error?.code, 'CONTRACT_BROKEN');
    assert.equal((await post(run, { number: 'PO-1' })).response.status, 202);
    const good = await run.nth('out');
    await scopes.settle(good, { type: 'completed', result: 1 });
    assert.equal(run.got('out').length, 1);
  });

  it('refuses it at the door when that is chosen, and stores nothing', async () => {
    const run = await flows.load(flow({}, { broken: 'refuse' }));
    await run.untilStatus('hook', 'ready');
    const { response, answer } = await post(run, { number: 7 });
    assert.equal(response.status, 422);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.equal(answer['code'], 'CONTRACT_BROKEN');
    assert.deepEqual(
      (answer['problems'] as { path: string }[]).map(({ path }) => path),
      ['/number'],
    );
    assert.equal((await post(run, '{"number":')).response.status, 400);
    assert.equal((await post(run, { number: 'PO-1' })).response.status, 202);
    await scopes.settle(await run.nth('out'), { type: 'completed', result: 1 });
    assert.equal(run.got('caught').length, 0);
  });

  it('tells senders that it is deprecated, and after the last day refuses with 410', async () => {
    const life = { deprecatedOn: day(-2), sunsetOn: day(2), documentation: 'https://p.example.com/' };
    const run = await flows.load(flow(life));
    await run.untilStatus('hook', /deprecated/);
    const { response } = await post(run, { number: 'PO-1' });
    assert.equal(response.status, 202);
    assert.match(response.headers.get('deprecation') ?? '', /^@\d+$/);
    assert.ok(Date.parse(response.headers.get('sunset') ?? '') > Date.now());
    assert.equal(
      response.headers.get('link'),
      '<https://p.example.com/>; rel="deprecation"; type="text/html"',
    );
    await scopes.settle(await run.nth('out'), { type: 'completed', result: 1 });
    await run.redeploy(flow({ deprecatedOn: day(-9), sunsetOn: day(-2), afterSunset: 'refuse' }));
    await run.untilStatus('hook', /past its last day/);
    const gone = await post(run, { number: 'PO-2' });
    assert.equal(gone.response.status, 410);
    assert.equal(gone.answer['code'], 'CONTRACT_SUNSET');
  });
});
