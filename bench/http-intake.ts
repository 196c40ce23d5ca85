/**
 * Bench `http-intake`: requests answered per second by webhook in, each committed with fsync before its answer and
 * then delivered to the flow and settled, beside a bare `http in -> http response` flow of Node-RED in the same process.
 * `ratio` is ours over the bare flow's.
 */
import { at, startNodeRed } from './lib/feed';
import { compared, postAll, run, sideBySide } from './lib/measure';

const TARGET = 0.6;
const ROUNDS = 5;
const REQUESTS = 15_000;
const CONNECTIONS = 48;
const BODY = {
  channel: 'shop-eu',
  lines: Array.from({ length: 8 }, (_, line) => ({
    sku: `CHAIR-${line}`,
    quantity: 2,
    price: '19.90',
    tax: '0.19',
  })),
  note: 'x'.repeat(300),
};

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
  { id: 'in', type: 'http in', url: '/bare', method: 'post', wires: [['out']], ...at },
  { id: 'out', type: 'http response', statusCode: '200', wires: [], ...at },
  {
    id: 'hook',
    type: 'crossdock-webhook-in',
    store: 'store',
    path: '/ours',
    source: 'bench',
    wires: [['nothing']],
    highWater: 1_000_000,
    ...at,
  },
  { id: 'nothing', type: 'junction', wires: [[]], ...at },
];

run('http-intake', async () => {
  const red = await startNodeRed(FLOWS);
  try {
    let id = 0;
    const request = () => {
      id += 1;
      return { headers: [`Idempotency-Key: bench-${id}`], body: JSON.stringify({ id, ...BODY }) };
    };
    const rates = await sideBySide(ROUNDS, (side) =>
      postAll(red.port, `/${side}`, REQUESTS, CONNECTIONS, request),
    );
    return {
      ...compared(rates, TARGET),
      requests: REQUESTS,
      connections: CONNECTIONS,
      bodyBytes: JSON.stringify({ id: 1, ...BODY }).length,
      rounds: ROUNDS,
      synchronous: 'FULL',
    };
  } finally {
    await red.remove();
  }
});
