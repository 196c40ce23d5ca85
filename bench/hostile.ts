/**
 * Bench `hostile`: expressions and messages that would hold up Node-RED or take all its memory, under the default limits
 * (250 ms, 64 MB). Of each: what became of it, ms from the call to its end, and the event loop's delay meanwhile.
 *
 * `ok`: every one ended with a refusal (or, where that is right, with a value) within limit + 50 ms, while the event
 * loop's 99th percentile of delay was below 50 ms. A process to run it in stands ready, as it does after the first use.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ExpressionPool } from '../core/expression';
import { createMapper, type MappingSpec, readyMapping } from '../core/mapping';
import { projectFolders, waitFor } from '../test/support';
import { round, run } from './lib/measure';
import { largeOrder } from './lib/shopify-order';

const LIMIT_MS = 250;
const MARGIN_MS = 50;
const LAG_MS = 50;
const CONTEXT = { channel: 'shop', account: 'main', partnerId: 'shop', receivedAt: '2026-11-23T09:02:15Z' };

const jsonata = createRequire(
  createRequire(join(projectFolders().root, 'package.json')).resolve('@node-red/util'),
).resolve('./lib/jsonata');

interface Case {
  readonly what: string;
  readonly jsonata?: string;
  readonly regex?: string;
  readonly input: unknown;
}

const text = `${'a'.repeat(40)}!`;
const CASES: readonly Case[] = [
  { what: 'catastrophic pattern', regex: '^(a+)+$', input: text },
  { what: 'catastrophic alternation', regex: '^(?:\\w|\\d|_)*$', input: `${'1'.repeat(40)}!` },
  { what: 'catastrophic pattern in JSONata', jsonata: '$match(s, /^(a+)+$/)', input: { s: text } },
  { what: 'self-recursion (tail)', jsonata: '($f := function($x){ $f($x) }; $f(1))', input: {} },
  { what: 'self-recursion (growing)', jsonata: '($f := function($x){ 1 + $f($x) }; $f(1))', input: {} },
  { what: 'range of 1e7', jsonata: '[1..10000000]', input: {} },
  { what: 'sum of a range of 1e7', jsonata: '$sum([1..9999999].($ * 2))', input: {} },
  { what: 'lists of lists', jsonata: '$map([1..100000], function($x){ [1..100000] })', input: {} },
  { what: 'doubling text', jsonata: '($f := function($s){ $f($s & $s) }; $f("xxxxxxxx"))', input: {} },
  { what: 'text of 500 MB', jsonata: '$length($pad("", 500000000, "ab"))', input: {} },
  { what: '__proto__ looked up', jsonata: '$lookup($, "__pro" & "to__")', input: {} },
  { what: 'constructor looked up', jsonata: '$lookup($, "constr" & "uctor")', input: {} },
  {
    what: '__proto__ in the message',
    jsonata: '$merge([$, {"b": 1}])',
    input: JSON.parse('{"__proto__": {"polluted": true}}'),
  },
  { what: 'text of 50 MB', jsonata: '$length(s)', input: { s: 'x'.repeat(50_000_000) } },
  {
    what: '50 MB in a million fields',
    jsonata: '$count(rows)',
    input: { rows: Array.from({ length: 1_000_000 }, (_, n) => ({ sku: `CHAIR-${n}`, quantity: n })) },
  },
];

run('hostile', async () => {
  const pool = new ExpressionPool({ jsonata, limitMs: LIMIT_MS });
  const warm = async (): Promise<void> => {
    const quick = pool.jsonata('1 + 1');
    await waitFor(
      async () => 'value' in ((await pool.evaluate([{ expression: quick, input: {} }]))[0] ?? {}),
    );
    // Both processes, so that none is starting while the next case is measured.
    await waitFor(async () => {
      const both = await Promise.all([1, 2].map(() => pool.evaluate([{ expression: quick, input: {} }])));
      return both.every(([outcome]) => outcome !== undefined && 'value' in outcome);
    });
  };
  const watched = async (work: () => Promise<string>) => {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const begun = performance.now();
    const outcome = await work();
    const ms = performance.now() - begun;
    // The replacement of what was killed is part of what it costs the others.
    await warm();
    delay.disable();
    return {
      outcome,
      ms: round(ms, 1),
      lagP99: round(delay.percentile(99) / 1e6, 1),
      lagMax: round(delay.max / 1e6, 1),
    };
  };
  await warm();
  const cases = [];
  for (const { what, input, ...source } of CASES) {
    const expression =
      source.regex === undefined ? pool.jsonata(source.jsonata ?? '') : pool.regex(source.regex);
    const result = await watched(async () => {
      const [outcome] = await pool.evaluate([{ expression, input }]);
      if (outcome === undefined) return 'no outcome';
      if ('error' in outcome) return outcome.error.code;
      return outcome.value === undefined ? 'nothing' : 'a value';
    });
    cases.push({ what, ...result });
  }
  for (const { what, spec, message } of mappings()) {
    const mapper = createMapper({ mapping: spec, expression: pool });
    const result = await watched(() =>
      mapper.map(message, CONTEXT).then(
        () => 'a value',
        (error: unknown) => String((error as { code?: string }).code),
      ),
    );
    cases.push({ what, ...result });
  }
  const polluted = ({} as Record<string, unknown>)['polluted'] !== undefined;
  pool.close();
  const within = cases.every(({ ms, lagP99 }) => ms <= LIMIT_MS + MARGIN_MS && lagP99 < LAG_MS);
  return {
    ok: within && !polluted,
    limitMs: LIMIT_MS,
    slowestMs: Math.max(...cases.map(({ ms }) => ms)),
    worstLagP99: Math.max(...cases.map(({ lagP99 }) => lagP99)),
    worstLag: Math.max(...cases.map(({ lagMax }) => lagMax)),
    polluted,
    cases,
  };
});

/** Whole mappings: hostile rows over an honest order, and an honest mapping over hostile messages. */
function mappings(): { what: string; spec: MappingSpec; message: unknown }[] {
  const spec = readyMapping('shopify-order');
  const withNote = (transform: object, note: string) => ({
    spec: {
      ...spec,
      rules: [...spec.rules, { target: 'notes[evil]', from: 'note', transforms: [transform as never] }],
    },
    message: { ...largeOrder(), note },
  });
  const order = largeOrder() as unknown as Record<string, unknown>;
  return [
    { what: 'mapping: pattern over a hostile note', ...withNote({ extract: '^(a+)+$' }, text) },
    {
      what: 'mapping: order with __proto__',
      spec,
      message: { ...order, note_attributes: JSON.parse('[{"__proto__": {"polluted": true}}]') },
    },
    {
      what: 'mapping: order with constructor.prototype',
      spec,
      message: { ...order, note_attributes: [{ constructor: { prototype: { polluted: true } } }] },
    },
    {
      what: 'mapping: order with a note of 50 MB',
      spec,
      message: { ...order, note: 'x'.repeat(50_000_000) },
    },
  ];
}
