/**
 * Bench `idempotency-guard`: what once-per-key costs.
 *
 * - `ratio`: messages per second through a flow with the guard, over the same flow with a core change node in its place.
 *   The flow is the leanest durable one there is (an event of a local channel: published, committed, leased, settled),
 *   so the guard's part is as large as it gets.
 * - `grown`: the cost of one check with millions of keys in the store, over the cost with ten thousand, for new keys
 *   (claim and end) and for duplicates; keys that count up, as order numbers do, and keys without any order (UUIDs).
 * - the store's size per key, and how fast keys past their retention are cleaned up while checks go on.
 *
 * Arguments: how many keys (5,000,000), 0 leaves that part out; `keys` leaves the flows out.
 */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ScopedMessage, ScopeRegistry } from '../core/delivery';
import { IdempotencyGuard } from '../core/idempotency';
import { openSqliteStore, type Store } from '../core/store';
import { type NodeRed, spawnNodeRed, tempDir } from '../test/support';
import { median, round, run, seconds } from './lib/measure';

const ROUNDS = 7;
const MESSAGES = 20_000;
const FEW = 10_000;
const MANY = Number(process.argv[2] ?? 5_000_000);
const WITH_FLOWS = process.argv[3] !== 'keys';
const CHECKS = 10_000;
const AT_ONCE = 64;
/** Keys that are cleaned up. */
const CLEANED = 50_000;
const at = { z: 'tab', x: 100, y: 100 };
/** As long as an odoo order's. */
const RESULT = {
  odooId: 1234567,
  name: 'S1234567',
  state: 'sale',
  amountTotal: '1234.56',
  lines: 8,
  url: 'https://odoo.example.com/odoo/sale.order/1234567',
  created: true,
};

/** One lane: a feeder that keeps at most 4,000 under way, an event out and in, the node in question, a counter. */
function lane(name: string, type: string, config: object): object[] {
  const feed = `
const total = Number(msg.req.params.n);
global.set('${name}', 0);
node.send([{ ...msg, payload: 'ok' }, null]);
let sent = 0;
const more = () => {
  for (let i = 0; i < 200 && sent < total; i += 1) {
    sent += 1;
    const n = msg.req.params.from + '-' + sent;
    node.send([null, { payload: { id: n, sku: 'CHAIR-1', quantity: '5', lines: [{ price: '19.90' }] } }]);
  }
  if (sent >= total) { node.done(); return; }
  const wait = () => (sent - global.get('${name}') > 4000 ? setTimeout(wait, 5) : more());
  setTimeout(wait, 0);
};
more();`;
  const count = `
const n = ((context.get('n') || 0) % ${MESSAGES}) + 1;
context.set('n', n);
if (n % 100 === 0) global.set('${name}', n);
if (n === ${MESSAGES}) node.warn('bench ended');`;
  return [
    { id: `${name}http`, type: 'http in', url: `/${name}/:from/:n`, method: 'get', wires: [[`${name}feed`]] },
    {
      id: `${name}feed`,
      type: 'function',
      func: feed,
      outputs: 2,
      wires: [[`${name}answer`], [`${name}out`]],
    },
    { id: `${name}answer`, type: 'http response', wires: [] },
    {
      id: `${name}out`,
      type: 'crossdock-event-out',
      channel: 'channel',
      store: 'store',
      eventType: `com.crossdock.${name}.message.sent.v1`,
      eventTypeType: 'str',
      // Each its own partition key, as orders are.
      subject: 'payload.id',
      subjectType: 'msg',
      wires: [[]],
    },
    {
      id: `${name}in`,
      type: 'crossdock-event-in',
      channel: 'channel',
      filter: `${name}/#`,
      subscription: name,
      concurrency: 256,
      wires: [[`${name}node`]],
    },
    { id: `${name}node`, type, ...config, wires: [[`${name}end`], [], []] },
    { id: `${name}end`, type: 'function', func: count, outputs: 1, wires: [[]] },
  ].map((node) => ({ ...node, ...at }));
}

const FLOWS = [
  { id: 'tab', type: 'tab', label: 'bench' },
  { id: 'store', type: 'crossdock-store', path: 'bench.sqlite' },
  { id: 'channel', type: 'crossdock-event-channel', kind: 'local', store: 'store', source: '/bench' },
  ...lane('change', 'change', { rules: [{ t: 'set', p: 'key', pt: 'msg', to: 'payload.id', tot: 'msg' }] }),
  ...lane('guard', 'crossdock-idempotency-guard', { store: 'store', keyType: 'msg', key: 'payload.id' }),
];

async function through(red: NodeRed, name: 'change' | 'guard'): Promise<number> {
  const from = red.log.length;
  const taken = await seconds(async () => {
    await fetch(`${red.url}/${name}/${randomUUID()}/${MESSAGES}`);
    const line = await red.waitForLog(/bench ended|\[error\]/, { from, timeoutMs: 120_000 });
    if (!/bench ended/.test(line)) throw new Error(line);
  });
  return MESSAGES / taken;
}

async function flows(): Promise<Record<string, unknown>> {
  const red = await spawnNodeRed({ flows: FLOWS });
  try {
    const change: number[] = [];
    const guard: number[] = [];
    await through(red, 'change');
    await through(red, 'guard');
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      change.push(await through(red, 'change'));
      guard.push(await through(red, 'guard'));
    }
    return {
      ratio: round(median(guard) / median(change), 2),
      guardPerSecond: round(median(guard)),
      changePerSecond: round(median(change)),
    };
  } finally {
    await red.remove();
  }
}

type Keys = (n: number) => string;
interface Shape {
  readonly sql: string;
  readonly key: Keys;
}

/** A store with many or few keys, and the next one that it does not know. */
interface Place {
  readonly store: Store;
  readonly guard: IdempotencyGuard;
  readonly known: number;
  next: number;
}

/** Seconds for one check: of a key that is new (claim and end), or of one that is known. */
async function check({ guard }: Place, keyOf: () => string): Promise<number> {
  const scopes = new ScopeRegistry();
  const one = async (key: string, n: number): Promise<void> => {
    const claim = await guard.claim({ key, fingerprint: 'f'.repeat(64) });
    if (claim.type !== 'first') return;
    const message: ScopedMessage = { _msgid: String(n) };
    scopes.open(message, claim.scope, 60_000);
    await scopes.settle(message, { type: 'completed', result: RESULT });
  };
  const taken = await seconds(() =>
    Promise.all(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        for (let n = lane; n < CHECKS; n += AT_ONCE) await one(keyOf(), n);
      }),
    ),
  );
  return taken / CHECKS;
}

const newKeys = (place: Place, shape: Shape): Promise<number> =>
  check(place, () => {
    place.next += 1;
    return shape.key(place.next);
  });
const duplicates = (place: Place, shape: Shape): Promise<number> =>
  check(place, () => shape.key(Math.floor(Math.random() * place.known)));

/** Puts keys `from` to `to` into the store, done, a month to live. */
async function fill(store: Store, keyOf: string, from: number, to: number): Promise<void> {
  const sql = `WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
    INSERT INTO crossdock_idempotency (scope, key, fingerprint, state, owner, fence, lease_until, attempts, result,
      first_at, updated_at, expires_at)
    SELECT 'orders', ${keyOf}, '${'f'.repeat(64)}', 'done', '', 1, {now}, 1, '${JSON.stringify(RESULT)}',
      {now}, {now}, {now} + 2592000000 + i FROM n`;
  for (let n = from; n < to; n += 20_000) await store.run([{ sql, params: [n, Math.min(to, n + 20_000)] }]);
}

/** Keys as order numbers count up, and keys without any order: the same in SQL and here. */
const SHAPES: Readonly<Record<string, Shape>> = {
  counting: {
    sql: `'shop-eu:main:' || (1000000000 + i)`,
    key: (n) => `shop-eu:main:${1_000_000_000 + n}`,
  },
  scattered: {
    sql: `printf('%09d-%09d', (i * 387420489) % 999999937, i)`,
    key: (n) => {
      const scattered = (BigInt(n) * 387420489n) % 999999937n;
      return `${String(scattered).padStart(9, '0')}-${String(n).padStart(9, '0')}`;
    },
  },
};

/** Resident memory without what only waits to be collected, MB. */
function resident(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage.rss() / 1024 / 1024;
}

async function open(file: string, shape: Shape, known: number): Promise<Place> {
  const store = await openSqliteStore(file);
  const options = { scope: 'orders', retentionMs: 30 * 86_400_000, leaseMs: 300_000, waitMs: 1000 };
  const guard = await IdempotencyGuard.open(store, options);
  await fill(store, shape.sql, 0, known);
  return { store, guard, known, next: known };
}

async function growth(shape: Shape): Promise<Record<string, unknown>> {
  const folder = tempDir('crossdock-bench-');
  const opened: Place[] = [];
  try {
    const few = await open(join(folder.path, 'few.sqlite'), shape, FEW);
    opened.push(few);
    // As warm as at the end, so that only the number of keys makes a difference.
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      await newKeys(few, shape);
      await duplicates(few, shape);
    }
    const memory = resident();
    const file = join(folder.path, 'many.sqlite');
    let filling = 0;
    const many = await (async () => {
      const begun = performance.now();
      const place = await open(file, shape, MANY);
      filling = (performance.now() - begun) / 1000;
      return place;
    })();
    opened.push(many);
    const bytes = statSync(file).size;
    const costs = { newKey: [[], []] as number[][], duplicate: [[], []] as number[][] };
    // In turns, so that what else the machine does falls on both.
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      for (const [which, place] of [few, many].entries()) {
        costs.newKey[which]?.push(await newKeys(place, shape));
        costs.duplicate[which]?.push(await duplicates(place, shape));
      }
      // Few stay few.
      await few.store.run([{ sql: 'DELETE FROM crossdock_idempotency WHERE rowid > ?', params: [FEW] }]);
    }
    const memoryGrowth = resident() - memory;
    await many.store.run([
      { sql: `UPDATE crossdock_idempotency SET expires_at = 1 WHERE rowid <= ${CLEANED}` },
    ]);
    let cleaned = 0;
    const cleaning = seconds(() => many.guard.cleanUp()).then((taken) => {
      cleaned = CLEANED / taken;
    });
    const during = await newKeys(many, shape);
    await cleaning;
    const [newKey = [], duplicate = []] = [costs.newKey, costs.duplicate].map((both) => both.map(median));
    const micro = (values: readonly number[]): number[] => values.map((value) => round(value * 1e6));
    // Of each turn by itself, since the machine is not the same from turn to turn.
    const grown = ([few = [], many = []]: number[][]): number =>
      round(median(many.map((value, turn) => value / (few[turn] ?? 1))), 2);
    return {
      grown: { newKey: grown(costs.newKey), duplicate: grown(costs.duplicate) },
      microsecondsPerCheck: {
        newKey: micro(newKey),
        duplicate: micro(duplicate),
        newKeyDuringCleanUp: micro([during])[0],
      },
      memoryGrowthMb: round(memoryGrowth),
      fileMb: round(bytes / 1024 / 1024),
      bytesPerKey: round(bytes / MANY),
      fillSeconds: round(filling),
      cleanUpPerSecond: round(cleaned),
    };
  } finally {
    for (const { store } of opened) await store.close();
    folder.remove();
  }
}

run('idempotency-guard', async () => {
  const result: Record<string, unknown> = {
    ...(WITH_FLOWS ? await flows() : {}),
    messages: MESSAGES,
    rounds: ROUNDS,
  };
  if (MANY > FEW) {
    for (const [name, shape] of Object.entries(SHAPES)) result[name] = await growth(shape);
    result['keys'] = [FEW, MANY];
  }
  return { ...result, synchronous: 'FULL' };
});
