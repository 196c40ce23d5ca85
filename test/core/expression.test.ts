import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { CrossdockError } from '../../core/errors';
import { type Evaluation, ExpressionPool, type Outcome } from '../../core/expression';
import { projectFolders, waitFor } from '../support';

const JSONATA = createRequire(
  createRequire(join(projectFolders().root, 'package.json')).resolve('@node-red/util'),
).resolve('./lib/jsonata');

type Jsonata = (source: string) => { evaluate(input: unknown): Promise<unknown> };

const codeOf = (outcome: Outcome | undefined): string =>
  outcome !== undefined && 'error' in outcome ? outcome.error.code : JSON.stringify(outcome);

describe('expressions', function () {
  this.timeout(60_000);
  // The limit is long enough that a loaded machine does not stop what is meant to end.
  const pool = new ExpressionPool({ jsonata: JSONATA, limitMs: 1000 });
  const strict = new ExpressionPool({ jsonata: JSONATA, limitMs: 150, size: 1 });
  after(() => {
    pool.close();
    strict.close();
  });
  const one = async (evaluation: Evaluation, by = pool): Promise<Outcome | undefined> =>
    (await by.evaluate([evaluation]))[0];
  const resultOf = async (source: string, input: unknown): Promise<unknown> => {
    const outcome = await one({ expression: pool.jsonata(source), input });
    assert.ok(outcome !== undefined && 'value' in outcome, `${source}: ${codeOf(outcome)}`);
    return outcome.value;
  };

  it('give what JSONata gives, as plain values', async () => {
    assert.equal(await resultOf('"PO-" & $string(no)', { no: 7 }), 'PO-7');
    assert.deepEqual(await resultOf('rows.(a * 2)', { rows: [{ a: 1 }, { a: 2 }] }), [2, 4]);
    assert.deepEqual(await resultOf('{"x": rows[a > 1]}', { rows: [{ a: 1 }, { a: 2 }] }), { x: { a: 2 } });
    assert.equal(await resultOf('gone.deep', {}), undefined);
    assert.deepEqual(await resultOf('{"at": at}', { at: new Date(0) }), { at: '1970-01-01T00:00:00.000Z' });
    assert.equal(await resultOf('$sum([1..1000])', {}), 500500);
  });

  it('run all of a batch in one process, in order, with each fault at its place', async () => {
    const batch: Evaluation[] = [
      { expression: pool.jsonata('a + 1'), input: { a: 1 } },
      { expression: pool.jsonata('a + 1'), input: { a: 'x' } },
      { expression: pool.regex('(\\d+)(?=-)'), input: 'PO 4711-1' },
      { expression: pool.jsonata('function($x){$x}'), input: {} },
      { expression: pool.jsonata('{"constructor": 1}'), input: {} },
    ];
    const outcomes = await pool.evaluate(batch);
    assert.deepEqual(outcomes[0], { value: 2 });
    assert.match((outcomes[1] as { error: CrossdockError }).error.message, /JSONata error T2001/);
    assert.deepEqual(outcomes[2], { value: ['4711', '4711'] });
    assert.match((outcomes[3] as { error: CrossdockError }).error.message, /gives a function/);
    assert.match((outcomes[4] as { error: CrossdockError }).error.message, /named __proto__/);
  });

  for (const { what, source, code } of [
    { what: 'recursion that never ends', source: '($f := function($x){ $f($x) }; $f(1))', code: /TIMEOUT/ },
    {
      what: 'recursion that grows',
      source: '($f := function($x){ 1 + $f($x) }; $f(1))',
      code: /MEMORY|FAILED|TIMEOUT/,
    },
    { what: 'a range of 1e7', source: '[1..10000000]', code: /MEMORY/ },
    { what: 'a catastrophic pattern', source: '$match(s, /^(a+)+$/)', code: /TIMEOUT/ },
    {
      what: 'a text that doubles',
      source: '($f := function($s){ $f($s & $s) }; $f("xxxxxxxx"))',
      code: /MEMORY|FAILED|TIMEOUT/,
    },
    {
      what: 'texts that are kept',
      source:
        '($f := function($a, $n){ $f($append($a, $pad("", 1000000, $string($n))), $n + 1) }; $f([], 1))',
      code: /MEMORY|TIMEOUT|FAILED/,
    },
    {
      what: 'lists of lists',
      source: '$map([1..100000], function($x){ [1..100000] })',
      code: /MEMORY|TIMEOUT/,
    },
    { what: 'a large result', source: '$pad("", 2000000, "x")', code: /RESULT_TOO_LARGE/ },
  ]) {
    it(`stop ${what}, and go on with the next`, async () => {
      const input = { s: `${'a'.repeat(60)}!` };
      assert.match(codeOf(await one({ expression: strict.jsonata(source), input }, strict)), code);
      await waitFor(async () => {
        const next = await one({ expression: strict.jsonata('s & "?"'), input }, strict);
        return codeOf(next) === JSON.stringify({ value: `${input.s}?` });
      });
    });
  }

  it('stop a catastrophic pattern that no JSONata is around', async () => {
    const expression = strict.regex('^(\\w+\\s?)*$');
    const outcome = await one({ expression, input: `${'word '.repeat(20)}!!!` }, strict);
    assert.equal(codeOf(outcome), 'EXPRESSION_TIMEOUT');
  });

  it('name the one that was stopped; the others of its batch were not run', async () => {
    const input = { s: `${'a'.repeat(60)}!` };
    const slow = strict.jsonata('$match(s, /^(a+)+$/)');
    const quick = strict.jsonata('s & s');
    const outcomes = await strict.evaluate([quick, slow, quick].map((expression) => ({ expression, input })));
    assert.deepEqual(outcomes.map(codeOf), [
      'EXPRESSION_NOT_RUN',
      'EXPRESSION_TIMEOUT',
      'EXPRESSION_NOT_RUN',
    ]);
  });

  it('get more time where the machine had none for them, which a stopped process stands for', async () => {
    if (process.platform !== 'linux') return;
    const patient = new ExpressionPool({ jsonata: JSONATA, limitMs: 300, size: 1 });
    const expression = patient.jsonata('a & "!"');
    await patient.evaluate([{ expression, input: { a: 0 } }]);
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    const pid = Number(children.trim().split(' ').at(-1));
    process.kill(pid, 'SIGSTOP');
    setTimeout(() => process.kill(pid, 'SIGCONT'), 450);
    assert.deepEqual(await one({ expression, input: { a: 1 } }, patient), { value: '1!' });
    patient.close();
  });

  it('refuse inputs that are too large without looking at all of them', async () => {
    const expression = pool.jsonata('$count($)');
    for (const input of [
      'x'.repeat(50_000_000),
      Buffer.alloc(50_000_000),
      new Array(10_000_000),
      deepList(100_000),
    ]) {
      assert.equal(codeOf(await one({ expression, input })), 'EXPRESSION_INPUT_TOO_LARGE');
    }
    const circular: Record<string, unknown> = { a: 1 };
    circular['self'] = circular;
    assert.deepEqual(await one({ expression: pool.jsonata('self.self.a & ""'), input: circular }), {
      value: '1',
    });
    assert.equal(codeOf(await one({ expression, input: { f: () => 1 } })), 'EXPRESSION_FAILED');
  });

  it('reach no prototype, and nothing that makes functions', async () => {
    for (const source of [
      '__proto__.x',
      'a.constructor',
      '$eval("1")',
      '$env("HOME")',
      '`__proto__`',
      'a.(',
      '(((',
    ])
      assert.throws(() => pool.jsonata(source), { code: 'EXPRESSION_INVALID' }, source);
    for (const source of [
      '$lookup($, "__pro" & "to__")',
      '$lookup($lookup($, "constr" & "uctor"), "constr" & "uctor")',
      '$lookup($, "__define" & "Getter__")',
    ])
      assert.equal(await resultOf(source, {}), undefined, source);
    const hostile = JSON.parse(
      '{"__proto__": {"polluted": 1}, "a": {"constructor": {"prototype": {"x": 1}}}}',
    ) as object;
    assert.match(
      codeOf(await one({ expression: pool.jsonata('$merge([$, {"b": 1}])'), input: hostile })),
      /FAILED/,
    );
    assert.equal(await resultOf('$string(polluted)', { z: 1 }), undefined);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  it('know nothing of the gateway: no environment, no message of before', async () => {
    process.env['CROSSDOCK_TEST_SECRET'] = 'secret';
    assert.equal(await resultOf('$string($keys($))', {}), undefined);
    await resultOf('($leak := secret; $leak)', { secret: 's' });
    assert.equal(await resultOf('$leak & ""', {}), '');
  });

  it('are refused while too many wait, and after the end', async () => {
    const small = new ExpressionPool({ jsonata: JSONATA, size: 1, maxQueued: 1, limitMs: 150 });
    const expression = small.jsonata('($f := function($x){ $f($x) }; $f(1))');
    const all = [1, 2, 3].map((input) => one({ expression, input }, small));
    assert.equal(codeOf(await all[2]), 'EXPRESSION_BUSY');
    assert.equal(codeOf(await all[0]), 'EXPRESSION_TIMEOUT');
    small.close();
    assert.match(codeOf(await all[1]), /EXPRESSION_CLOSED/);
    assert.equal(codeOf(await one({ expression, input: 1 }, small)), 'EXPRESSION_CLOSED');
    await waitFor(() => small.running === 0);
  });

  it('do not outlive a gateway that was killed', async () => {
    if (process.platform !== 'linux') return;
    const script = `
      const { ExpressionPool } = require(${JSON.stringify(join(__dirname, '../../core/expression'))});
      const pool = new ExpressionPool({ jsonata: ${JSON.stringify(JSONATA)}, limitMs: 600000 });
      const expression = pool.jsonata('($f := function($x){ $f($x) }; $f(1))');
      pool.evaluate([{ expression: pool.jsonata('1+1'), input: {} }]).then(() => {
        pool.evaluate([{ expression, input: {} }]);
        console.log('running');
      });`;
    const gateway = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(gateway.stdout, 'data');
    const children = readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8');
    const pids = children.trim().split(' ').map(Number);
    assert.ok(pids.length > 0 && pids.every((pid) => pid > 0));
    gateway.kill('SIGKILL');
    await waitFor(() => pids.every((pid) => !isRunning(pid)));
  });

  it('read simple paths here exactly as JSONata does', async () => {
    const jsonata = require(JSONATA) as Jsonata;
    const values = [
      undefined,
      null,
      0,
      '',
      'x',
      true,
      [],
      [1],
      [1, 2],
      [{ c: 1 }],
      { c: 5 },
      { c: [3] },
      { c: null },
    ];
    let here = 0;
    for (const source of [
      'a',
      'a.b',
      'a.b.c',
      'a.b[0]',
      'a.b[0].c',
      'a.b[1]',
      'a[0].b',
      '`a`.b',
      'toString',
      'a.length',
    ]) {
      const expression = pool.jsonata(source);
      for (const b of values) {
        for (const input of [
          b,
          { a: b },
          { a: { b } },
          { a: [{ b }] },
          { a: [{ b }, { b }] },
          [{ a: { b } }],
        ]) {
          const found = pool.atOnce({ expression, input });
          if (found === undefined) continue;
          here += 1;
          const expected = await jsonata(source).evaluate(structuredClone(input));
          assert.deepEqual(found, { value: expected }, `${source} of ${JSON.stringify(input)}`);
        }
      }
    }
    assert.ok(here > 200, String(here));
  });

  it('run here only those patterns that cannot take long', async () => {
    const text = `${'a1-'.repeat(30)}!`;
    for (const [pattern, cheap] of [
      ['^(\\d+)-', true],
      ['([A-Z]{2})(\\d{3})?', false],
      ['[^0-9]', true],
      ['(a+)+', false],
      ['(a|ab)c', false],
      ['(?=a)', false],
      ['(a)\\1', false],
      ['.*.*.*x', false],
      ['^\\w+@\\w{1,9}$', true],
    ] as const) {
      const expression = pool.regex(pattern);
      assert.equal(pool.atOnce({ expression, input: text }) !== undefined, cheap, pattern);
      const outcome = await one({ expression, input: text });
      const match = new RegExp(pattern).exec(text);
      const expected = match === null ? undefined : Array.from(match, (group) => group ?? null);
      assert.deepEqual(outcome, { value: expected }, pattern);
    }
    assert.equal(pool.atOnce({ expression: pool.regex('[^0-9]'), input: 'x'.repeat(1_000_000) }), undefined);
    const grow = pool.regex('[a-z]', { flags: 'g', replace: 'y'.repeat(1000) });
    assert.deepEqual(pool.atOnce({ expression: grow, input: 'x' }), { value: 'y'.repeat(1000) });
    assert.equal(pool.atOnce({ expression: grow, input: 'x'.repeat(10_000) }), undefined);
    assert.equal(
      codeOf(await one({ expression: grow, input: 'x'.repeat(10_000) })),
      'EXPRESSION_RESULT_TOO_LARGE',
    );
    const copying = pool.regex('[a-z]', { flags: 'g', replace: '$`' });
    assert.equal(pool.atOnce({ expression: copying, input: 'abc' }), undefined);
    assert.deepEqual(await one({ expression: copying, input: 'abc' }), { value: 'aab' });
  });
});

function isRunning(pid: number): boolean {
  try {
    // A process that nobody waits for any more stays as a zombie where there is no init.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function deepList(depth: number): unknown {
  let list: unknown = [];
  for (let at = 0; at < depth; at += 1) list = [list, 'some text that has a length'];
  return list;
}
