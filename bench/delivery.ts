/**
 * Bench `delivery`: messages per second through five empty nodes, fed by an event channel of kind local (each message
 * published, committed, leased, delivered, counted through every node and settled), beside the same five nodes fed by
 * a core function node. `ratio` is ours over the bare flow's. Then a million messages in one go: memory must stay flat.
 */
import { readFileSync } from 'node:fs';
import { type NodeRed, spawnNodeRed } from '../test/support';
import { median, round, run, seconds } from './lib/measure';

const ROUNDS = 5;
const MESSAGES = 40_000;
const MILLION = Number(process.argv[2] ?? 1_000_000);
const at = { z: 'tab', x: 100, y: 100 };

/** Sends as many messages as it is told, a few at a time, so that neither flow is measured by how it piles up. */
const FEED = `
const total = msg.payload, step = 200;
let sent = 0;
const more = () => {
  for (let i = 0; i < step && sent < total; i += 1) {
    sent += 1;
    node.send({ payload: { n: sent, sku: 'CHAIR-1', quantity: '5' } });
  }
  if (sent >= total) { node.done(); return; }
  PACE
};
more();`;
/** The bare flow takes what it is given at once; ours pushes back, so it is fed by what has come out. */
const BARE = FEED.replace('PACE', 'setImmediate(more);');
const PACED = FEED.replace(
  'PACE',
  `const wait = () => (sent - (global.get('out') || 0) > 20000 ? setTimeout(wait, 5) : setImmediate(more)); wait();`,
).replace('let sent = 0;', "let sent = 0; global.set('out', 0);");
const COUNT = `
node.n = (node.n || 0) + 1;
if (node.n % 500 === 0) global.set('out', node.n);
if (node.n === global.get('expected')) { node.n = 0; node.warn('bench ended'); }`;

function flow(prefix: string): object[] {
  const names = [1, 2, 3, 4, 5].map((n) => `${prefix}${n}`);
  return names.map((id, index) => ({
    id,
    type: 'function',
    func: 'return msg;',
    outputs: 1,
    wires: [[names[index + 1] ?? `${prefix}end`]],
    ...at,
  }));
}

function feeder(id: string, func: string, target: string): object[] {
  return [
    { id: `${id}http`, type: 'http in', url: `/${id}/:n`, method: 'get', wires: [[`${id}set`]], ...at },
    {
      id: `${id}set`,
      type: 'function',
      func: `global.set('expected', Number(msg.req.params.n)); node.send([{...msg, payload: 'ok'}, {payload: Number(msg.req.params.n)}]);`,
      outputs: 2,
      wires: [[`${id}answer`], [`${id}feed`]],
      ...at,
    },
    { id: `${id}answer`, type: 'http response', wires: [], ...at },
    { id: `${id}feed`, type: 'function', func, outputs: 1, wires: [[target]], ...at },
  ];
}

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
  { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store', source: '/bench' },
  ...feeder('bare', BARE, 'a1'),
  ...flow('a'),
  { id: 'aend', type: 'function', func: COUNT, outputs: 1, wires: [[]], ...at },
  ...feeder('ours', PACED, 'out'),
  {
    id: 'out',
    type: 'crossdock-event-out',
    channel: 'channel',
    store: 'store',
    eventType: 'com.crossdock.bench.message.sent.v1',
    eventTypeType: 'str',
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
    wires: [['b1']],
    ...at,
  },
  ...flow('b'),
  { id: 'bend', type: 'function', func: COUNT, outputs: 1, wires: [[]], ...at },
];

async function through(red: NodeRed, name: 'bare' | 'ours', count: number): Promise<number> {
  const from = red.log.length;
  const taken = await seconds(async () => {
    await fetch(`${red.url}/${name}/${count}`);
    await red.waitForLog(/bench ended/, { from, timeoutMs: 600_000 });
  });
  return count / taken;
}

/** Resident memory of the process, MB. */
function resident(red: NodeRed): number {
  const status = readFileSync(`/proc/${red.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

run('delivery', async () => {
  const red = await spawnNodeRed({ flows: FLOWS });
  try {
    const bare: number[] = [];
    const ours: number[] = [];
    await through(red, 'bare', 10_000);
    await through(red, 'ours', 10_000);
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      bare.push(await through(red, 'bare', MESSAGES));
      ours.push(await through(red, 'ours', MESSAGES));
    }
    const memory: number[] = [];
    const watch = setInterval(() => memory.push(resident(red)), 1000);
    const long = MILLION > 0 ? await through(red, 'ours', MILLION) : 0;
    clearInterval(watch);
    const quarter = Math.max(1, Math.floor(memory.length / 4));
    return {
      ratio: round(median(ours) / median(bare), 2),
      oursPerSecond: round(median(ours)),
      barePerSecond: round(median(bare)),
      messages: MESSAGES,
      rounds: ROUNDS,
      long: MILLION,
      longPerSecond: round(long),
      memoryMb: {
        secondQuarter: round(median(memory.slice(quarter, 2 * quarter))),
        lastQuarter: round(median(memory.slice(-quarter))),
        highest: round(Math.max(0, ...memory)),
      },
      synchronous: 'FULL',
    };
  } finally {
    await red.remove();
  }
});
