/**
 * Bench `delivery`: messages per second through five empty nodes, fed by an event channel of kind local (each message
 * published, committed, leased, delivered, counted through every node and settled), beside the same five nodes fed by
 * a core function node. `ratio` is ours over the bare flow's. Then a million messages in one go (another number as
 * argument; 0: none): memory must stay flat, so the last quarter may use at most a tenth more than the second one.
 */
import { readFileSync } from 'node:fs';
import type { NodeRed } from '../test/support';
import { at, countOut, feed, feeder, said, startNodeRed } from './lib/feed';
import { compared, median, round, run, seconds, sideBySide } from './lib/measure';

const TARGET = 0.5;
const ROUNDS = 5;
const MESSAGES = 40_000;
const LONG = Number(process.argv[2] ?? 1_000_000);
/** How much more than in its second quarter the long run may use in its last one. */
const FLAT = 1.1;
/** Each with a key of its own: messages of one key go one after the other, and that is not what is measured. */
const MESSAGE = `{ subject: 'CHAIR-' + n, payload: { n, sku: 'CHAIR-1', quantity: '5' } }`;

function fiveNodes(prefix: string): object[] {
  const names = [1, 2, 3, 4, 5].map((n) => `${prefix}${n}`);
  const nodes = names.map((id, index) => ({
    id,
    type: 'function',
    func: 'return msg;',
    outputs: 1,
    wires: [[names[index + 1] ?? `${prefix}end`]],
    ...at,
  }));
  return [...nodes, countOut(`${prefix}end`)];
}

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
  { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store', source: '/bench' },
  // The bare flow takes what it is given at once; ours pushes back, so it is fed by what has come out.
  ...feeder({ id: 'bare', target: 'bare1', message: MESSAGE }),
  ...fiveNodes('bare'),
  ...feeder({ id: 'ours', target: 'out', message: MESSAGE, ahead: 5000 }),
  {
    id: 'out',
    type: 'crossdock-event-out',
    channel: 'channel',
    store: 'store',
    eventType: 'com.crossdock.bench.message.sent.v1',
    eventTypeType: 'str',
    subject: 'subject',
    subjectType: 'msg',
    wires: [[]],
    ...at,
  },
  {
    id: 'in',
    type: 'crossdock-event-in',
    channel: 'channel',
    filter: '#',
    subscription: 'bench',
    concurrency: 256,
    wires: [['ours1']],
    ...at,
  },
  ...fiveNodes('ours'),
];

/** Messages per second. */
async function through(red: NodeRed, name: 'bare' | 'ours', count: number): Promise<number> {
  const from = red.log.length;
  const taken = await seconds(async () => {
    await feed(red, name, count);
    await said(red, /bench ended/, from, 1_800_000);
  });
  return count / taken;
}

/** Resident memory of the process, MB. */
function resident(red: NodeRed): number {
  const status = readFileSync(`/proc/${red.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Many messages in one go, with a look at the memory every second. */
async function longRun(red: NodeRed): Promise<{ ok: boolean } & Record<string, unknown>> {
  if (LONG === 0) return { ok: true, messages: 0 };
  const memory: number[] = [];
  const watch = setInterval(() => memory.push(resident(red)), 1000);
  const perSecond = round(await through(red, 'ours', LONG));
  clearInterval(watch);
  const quarter = Math.max(1, Math.floor(memory.length / 4));
  const [second, last] = [median(memory.slice(quarter, 2 * quarter)), median(memory.slice(-quarter))];
  const every = Math.max(1, Math.ceil(memory.length / 20));
  return {
    ok: last <= second * FLAT,
    messages: LONG,
    perSecond,
    memoryMb: {
      secondQuarter: round(second),
      lastQuarter: round(last),
      highest: round(Math.max(0, ...memory)),
      samples: memory.filter((_, index) => index % every === 0).map((mb) => round(mb)),
    },
  };
}

run('delivery', async () => {
  const red = await startNodeRed(FLOWS);
  try {
    const rates = await sideBySide(ROUNDS, (side) => through(red, side, MESSAGES));
    const long = await longRun(red);
    const result = compared(rates, TARGET);
    return {
      ...result,
      ok: result.ok && long.ok,
      messages: MESSAGES,
      rounds: ROUNDS,
      long,
      synchronous: 'FULL',
    };
  } finally {
    await red.remove();
  }
});
