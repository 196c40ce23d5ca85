/**
 * Bench `circuit-breaker`: orders per second into Odoo (the stand-in, so that the flow is what is measured) after an
 * outage, beside the same flow without a circuit breaker and without an outage. `ratio` is the first over the second.
 * The rate runs from the first order that is placed to the last, so the wait for the probe is not in it; how the flow
 * gets going again behind the probe is.
 */
import { currency } from '../sandbox/catalogue';
import { seedDemoCompany, startOdooStandIn } from '../sandbox/odoo';
import { makeOrder } from '../test/conformance/sales-fixture';
import { type NodeRed, spawnNodeRed, startTcpProxy, waitFor } from '../test/support';
import { median, postAll, round, run } from './lib/measure';

const ORDERS = Number(process.argv[2] ?? 6000);
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const SKU = 'PAL-EPAL';
const at = { z: 'tab', x: 100, y: 100 };

/** Tells when it has seen as many orders as are sent, and how long they took from the first to the last. */
const COUNT = `
const seen = context.get('seen') ?? { n: 0, first: 0 };
if (seen.n === 0) seen.first = Date.now();
seen.n += 1;
context.set('seen', seen);
if (seen.n === Number(env.get('BENCH_ORDERS'))) node.warn('bench ended ' + (Date.now() - seen.first));`;

run('circuit-breaker', async () => {
  const odoo = await startOdooStandIn();
  await seedDemoCompany(odoo);
  const proxy = await startTcpProxy({ target: odoo.url });
  const red = await spawnNodeRed({ env: { BENCH_ORDERS: String(ORDERS) } });
  const flows = (withBreaker: boolean): object[] => [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
    {
      id: 'server',
      type: 'crossdock-odoo-server',
      url: proxy.url,
      database: odoo.database,
      login: odoo.login,
      timeoutSeconds: 10,
      credentials: { apiKey: odoo.apiKey },
    },
    {
      id: 'in',
      type: 'crossdock-webhook-in',
      store: 'store',
      path: '/orders',
      source: 'bench',
      wires: [[withBreaker ? 'breaker' : 'place']],
      ...at,
    },
    ...(withBreaker
      ? [
          {
            id: 'breaker',
            type: 'crossdock-circuit-breaker',
            store: 'store',
            target: 'Odoo',
            probeSeconds: 2,
            wires: [['place'], []],
            ...at,
          },
          { id: 'status', type: 'status', scope: ['breaker'], wires: [['say']], ...at },
          { id: 'say', type: 'function', func: `node.warn('bench ' + msg.status.text);`, wires: [], ...at },
        ]
      : []),
    { id: 'place', type: 'crossdock-odoo-order', server: 'server', wires: [['count']], ...at },
    { id: 'count', type: 'function', func: COUNT, outputs: 0, wires: [], ...at },
  ];
  const orderOf = (turn: string, n: number): string => {
    const shop = { prefix: turn, currency, skus: [SKU, SKU, SKU] } as const;
    return JSON.stringify(makeOrder(shop, `${turn}-${n}`, [{ sku: SKU }]));
  };
  const send = async (turn: string): Promise<void> => {
    // The first one is sent until it is taken: the flows have only just been deployed.
    const headers = { 'content-type': 'application/json', 'idempotency-key': `${turn}-0` };
    const first = { method: 'POST', headers, body: orderOf(turn, 0) };
    await waitFor(async () => (await fetch(`${red.url}/orders`, first)).ok, { what: 'the webhook' });
    await postAll(red.port, '/orders', ORDERS - 1, 16, (n) => ({
      headers: [`Idempotency-Key: ${turn}-${n}`],
      body: orderOf(turn, n),
    }));
  };
  try {
    const normal: number[] = [];
    const after: number[] = [];
    for (let turn = 0; turn <= ROUNDS; turn += 1) {
      const usual = await rate(red, flows(false), () => send(`n${turn}`));
      const recovered = await rate(red, flows(true), async (from) => {
        proxy.cut();
        await send(`a${turn}`);
        await red.waitForLog(/bench open since/, { from, timeoutMs: 30_000 });
        proxy.restore();
      });
      // The first round warms both sides up.
      if (turn === 0) continue;
      normal.push(usual);
      after.push(recovered);
    }
    return {
      ratio: round(median(after) / median(normal), 2),
      afterOutagePerSecond: round(median(after)),
      normalPerSecond: round(median(normal)),
      orders: ORDERS,
      rounds: ROUNDS,
    };
  } finally {
    await red.remove();
    await proxy.close();
    await odoo.close();
  }
});

/** Orders per second of what `begin` sets going in these flows. */
async function rate(
  red: NodeRed,
  flows: readonly object[],
  begin: (from: number) => Promise<unknown>,
): Promise<number> {
  const from = red.log.length;
  await red.deploy(flows);
  await begin(from);
  const line = await red.waitForLog(/bench ended/, { from, timeoutMs: 300_000 });
  return (ORDERS / Number(/bench ended (\d+)/.exec(line)?.[1])) * 1000;
}
