import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { painter } from '../../cli/paint';
import { projectFolders, type TempDir, tempDir } from '../support';

const OLD = {
  type: 'object',
  required: ['number'],
  properties: { number: { type: 'string' }, lines: { type: 'array', items: { type: 'object' } } },
};
const STRICTER = { ...OLD, required: ['number', 'lines'] };
const WIDER = { ...OLD, required: [] };

describe('crossdock contracts check', function () {
  this.timeout(30_000);
  let dir: TempDir;
  before(() => {
    dir = tempDir('crossdock-cli-contracts-');
    const files: Record<string, unknown> = {
      'old.json': OLD,
      'stricter.json': STRICTER,
      'wider.json': WIDER,
      'kept.json': { name: 'acme-order', version: '1.0', schema: OLD },
      'hostile.json': { ...OLD, required: ['number', '\u001b[2J\n::error::gone\u202e'] },
      'faulty.json': { type: 'strong' },
      'text.json': 'no object',
    };
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(dir.path, name), JSON.stringify(content));
    writeFileSync(join(dir.path, 'bom.json'), `\uFEFF${JSON.stringify(OLD)}`);
    writeFileSync(join(dir.path, 'cut.json'), '{"type":');
  });
  after(() => dir.remove());

  /** In a process of its own, in the folder of the files, with no gateway to ask. */
  const check = (...args: string[]) => {
    const script = join(projectFolders().dist, 'cli', 'crossdock.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'contracts', 'check', ...args], {
      cwd: dir.path,
      encoding: 'utf8',
      env: { ...process.env, CROSSDOCK_URL: 'http://127.0.0.1:9' },
    });
    return { status, out: stdout, err: stderr };
  };

  it('ends with 1 and says what breaks, for whom, with an example, and how to mend it', () => {
    const { status, out, err } = check('kept.json', 'stricter.json');
    assert.deepEqual([status, err], [1, '']);
    assert.match(out, /^acme-order 1\.0 -> stricter\.json \(backward\)\n\nbreaking {2}lines: /);
    assert.match(out, /\n {2}for whom {4}whoever still sends acme-order 1\.0\n/);
    assert.match(out, /\n {2}example {5}\{"number":/);
    assert.match(out, /\n {2}to mend it {2}Leave "lines" optional/);
    assert.match(out, /\n\nNot compatible: 1 finding breaks something\.\n$/);
    assert.ok(!out.includes('\u001b'), 'no colours in a pipe');
  });

  for (const [what, args, status, says] of [
    ['a wider one', ['old.json', 'wider.json'], 0, /\n\nCompatible\.\n$/],
    ['readers of the old one', ['old.json', 'wider.json', '--mode', 'forward'], 1, /\(forward\)/],
    ['both ways', ['old.json', 'stricter.json', '--mode', 'full'], 1, /\(full\)/],
    [
      'the last of several only when asked',
      ['old.json', 'stricter.json', 'stricter.json'],
      2,
      /--transitive/,
    ],
    [
      'all of several',
      ['old.json', 'stricter.json', 'stricter.json', '--transitive'],
      1,
      /^stricter\.json, old\.json -> [\s\S]*against +old\.json/,
    ],
    ['what comes with Crossdock', ['order@1.0', 'order@1.0'], 0, /^order 1\.0 -> order 1\.0/],
    ['a byte order mark', ['bom.json', 'old.json'], 0, /Compatible/],
    ['one argument', ['old.json'], 2, /Give the old contract and the new one/],
    ['another mode', ['old.json', 'old.json', '--mode', 'sideways'], 2, /--mode is one of backward/],
    ['another option', ['old.json', 'old.json', '--colour'], 2, /--colour/],
    ['no such file', ['old.json', 'none.json'], 2, /There is no file none\.json/],
    ['a folder', ['old.json', '.'], 2, /\. cannot be read \(EISDIR\)/],
    ['no such built-in one', ['order@9.0', 'old.json'], 2, /There is no contract order 9\.0/],
    ['half a file', ['old.json', 'cut.json'], 2, /^cut\.json: The JSON Schema cannot be read/],
    ['no schema', ['old.json', 'faulty.json'], 2, /^faulty\.json: .*not a usable JSON Schema/],
    ['no object', ['text.json', 'old.json'], 2, /^text\.json: The JSON Schema must be an object/],
  ] as const) {
    it(`ends with ${status} for ${what}`, () => {
      const ran = check(...args);
      assert.equal(ran.status, status, ran.out + ran.err);
      assert.match(status === 2 ? ran.err : ran.out, says);
      assert.ok(!ran.err.includes('    at '), 'no stack');
    });
  }

  it('gives programs the same as JSON', () => {
    const { status, out } = check('old.json', 'stricter.json', '--json');
    assert.equal(status, 1);
    const { compatible, breaking, findings, compared, mode } = JSON.parse(out) as Record<string, unknown>;
    assert.deepEqual([compatible, breaking, compared, mode], [false, 1, ['old.json'], 'backward']);
    assert.equal((findings as { code: string }[])[0]?.code, 'FIELD_REQUIRED');
  });

  it('lets no name of a schema command the terminal, or the CI server', () => {
    const { status, out } = check('old.json', 'hostile.json');
    assert.equal(status, 1);
    assert.ok(!out.includes('\u001b') && !out.includes('\u202e'), out);
    assert.doesNotMatch(out, /^\s*::error/m);
    assert.match(out, /::error::gone/);
  });

  it('is in colour on a terminal, and not where NO_COLOR is set', () => {
    const terminal = { print: () => undefined, warn: () => undefined, readInput: async () => '' };
    const red = (env: Record<string, string>, isTerminal: boolean) =>
      painter({ ...terminal, env, isTerminal })('red', 'breaking');
    assert.equal(red({}, true), '\u001b[31mbreaking\u001b[0m');
    assert.deepEqual(
      [red({}, false), red({ NO_COLOR: '1' }, true), red({ TERM: 'dumb' }, true)],
      ['breaking', 'breaking', 'breaking'],
    );
  });
});
