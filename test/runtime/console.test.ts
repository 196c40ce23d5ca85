import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Basket, BasketCreated, BasketItem, GroupsAnswer, LetterDetail, Page } from '../../core/replay';
import { type NodeRed, projectFolders, spawnNodeRed, type TempDir, tempDir, waitFor } from '../support';
import { node, postUntilTaken, record, STORE, TAB, webhook } from './flow';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line, in a process of its own. */
function crossdock(url: string, args: readonly string[], input = ''): Promise<Ran> {
  const script = join(projectFolders().dist, 'cli', 'crossdock.js');
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, CROSSDOCK_URL: url, CROSSDOCK_TOKEN: undefined },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('dead letters from the command line', function () {
  this.timeout(120_000);
  let dir: TempDir;
  let red: NodeRed;
  const run = (args: string, input?: string): Promise<Ran> =>
    crossdock(red.url, ['dead-letters', ...args.split(' ')], input);
  const json = async <T>(args: string): Promise<T> => {
    const { code, out, err } = await run(`${args} --json`);
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  };

  before(async () => {
    dir = tempDir('crossdock-cli-');
    red = await spawnNodeRed({
      userDir: dir.path,
      flows: [
        TAB,
        STORE,
        webhook('in', {}, [['out']]),
        node('link out', 'out', { mode: 'link', links: ['linked'] }, [[]]),
        node('link in', 'linked', { links: ['out'] }, [['mapper']]),
        node('crossdock-canonical-mapper', 'mapper', {}, [['record']]),
        ...record('record', 'mapped.jsonl', 'payload.externalId'),
        node('catch', 'catch', { scope: null, uncaught: false }, [['dead']]),
        node('crossdock-dead-letter', 'dead', { store: 'store' }, [[], [], []]),
      ],
    });
    for (const n of [1, 2, 3]) {
      await postUntilTaken(red, '/in', `d-${n}`, { n });
    }
    await waitFor(async () => (await json<Page<unknown>>('list')).total === 3, { what: 'three letters' });
  });
  after(async () => {
    await red?.remove();
    dir.remove();
  });

  it('lists, shows, tries, edits, replays and reports', async () => {
    const { groups } = await json<GroupsAnswer>('groups');
    assert.deepEqual(
      groups.map(({ code, count, node: at }) => [code, count, at.id]),
      [['SOURCE_CONTRACT', 3, 'mapper']],
    );
    assert.match(
      (await run('groups')).out,
      /^cause +letters +kind[^\n]*\n[0-9a-f]{32} +3 +permanent +SOURCE_CONTRACT/,
    );
    const { items } = await json<Page<{ id: string }>>('list');
    const letter = await json<LetterDetail>(`show ${items[0]?.id}`);
    assert.equal(letter.history.length, 1);
    assert.match((await run(`show ${items[0]?.id}`)).out, /as it arrived\n {2}\{\n {4}"n": \d/);

    const cause = groups[0]?.cause ?? '';
    const { id, count } = await json<BasketCreated>(`basket create --cause ${cause} --name mended`);
    assert.equal(count, 3);
    await run(`basket dry-run ${id}`);
    assert.match((await run(`basket watch ${id}`)).out, /0 ok, 3 would fail, 0 without a mapping/);
    const edited = await run(`basket edit ${id} 2`, ORDER);
    assert.deepEqual([edited.code, edited.out], [0, 'item 2 is edited\n']);
    await run(`basket dry-run ${id}`);
    assert.match((await run(`basket watch ${id}`)).out, /1 ok, 2 would fail/);
    const tried = await json<Page<BasketItem>>(`basket items ${id}`);
    assert.equal(tried.items[1]?.dryRun?.mapper?.id, 'mapper', 'found behind link nodes');
    assert.equal((await run(`basket start ${id} --rate 100`)).code, 0);
    assert.equal((await run(`basket watch ${id}`)).code, 0);
    const { progress } = await json<Basket>(`basket show ${id}`);
    assert.deepEqual([progress.done, progress.failedAgain], [1, 2]);
    assert.match(readFileSync(join(dir.path, 'mapped.jsonl'), 'utf8'), /^\d+\n$/, 'mapped once');
    assert.match((await run(`basket report ${id}`)).out, /failedAgain[\s\S]*basket\.finished/);
    assert.match((await run('basket list')).out, /mended +finished +3 +1 +2/);
    assert.match((await run('discard --all --reason tests')).out, /^2 discarded/);
    assert.equal((await json<Page<unknown>>('list')).total, 0);
    assert.match((await run('audit')).out, /letters\.discarded +2 +– +tests/);
  });

  it('says what it did not understand, and ends with another code', async () => {
    const cases: [string, number, RegExp][] = [
      ['lost', 2, /There is no command "dead-letters lost"[\s\S]*crossdock dead-letters <command>/],
      ['list --colour', 2, /--colour/],
      ['discard --all', 1, /needs a reason/],
      ['discard --reason x', 1, /Which letters\?/],
      ['show', 1, /Which letter\? Give its id/],
      ['show none', 1, /There is no such letter. \(LETTER_UNKNOWN\)/],
      ['list --store other', 1, /There is no store other. There are: store/],
      ['list --url http://127.0.0.1:9', 1, /does not answer/],
      ['basket start none --rate many', 1, /whole number from 1 to 1000/],
    ];
    for (const [args, code, text] of cases) {
      const ran = await run(args);
      assert.equal(ran.code, code, `${args}: ${ran.out}${ran.err}`);
      assert.match(ran.err, text, args);
      assert.ok(!ran.err.includes('    at '), 'no stack');
    }
    assert.match((await run('--help')).out, /^crossdock dead-letters/);
  });
});

/** An order that the mapping takes. */
const ORDER = readFileSync(
  join(projectFolders().root, 'test', 'fixtures', 'orders', 'shopify-basic.json'),
  'utf8',
);
