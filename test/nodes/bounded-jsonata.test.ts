/** JSONata that an analyst writes into a node: cheap ones run at once, the rest under limits in a process of its own. */
import assert from 'node:assert/strict';
import { ExpressionPool, lookAtJsonata } from '../../core/expression';
import { jsonata } from '../../nodes/shared/jsonata';
import type { Message, Red } from '../../nodes/shared/red';

const red = { util: require('@node-red/util').util } as unknown as Red;
const parse = (source: string) => red.util.prepareJSONataExpression(source, {});
const look = (source: string) => lookAtJsonata(() => parse(source), source);

const message: Message = {
  _msgid: 'm1',
  topic: 'orders',
  payload: {
    id: 'A-1',
    total: 12.5,
    tags: ['a', 'b'],
    at: '2026-11-27T08:00:00Z',
    items: [
      { sku: 'X', quantity: 2 },
      { sku: 'Y', quantity: 3 },
    ],
  },
};

/** As Node-RED itself runs it. */
const bare = (source: string, input: Message): Promise<unknown> =>
  new Promise((resolve, reject) => {
    red.util.evaluateJSONataExpression(parse(source), input, (error, value) =>
      error ? reject(error) : resolve(value),
    );
  });

const CHEAP = [
  'payload.id',
  '"order:" & payload.id & ":" & topic',
  '$string(payload.total)',
  'payload.items[0].sku & "/" & payload.items[-1].sku',
  'payload.total > 10 ? "large" : "small"',
  '{"order": payload.id, "skus": payload.items.sku, "list": [payload.total, topic]}',
  '$sum(payload.items.quantity)',
  '$join(payload.tags, ",")',
  '$pad(payload.id, -8, "0")',
  '(payload.gone ?? payload.id)',
  '$$.payload.id & ""',
  'msg.payload.id & msg.topic',
  '$uppercase($substringBefore(payload.id, "-"))',
  '"a" in payload.tags and $not($exists(payload.gone))',
  'payload.items[]',
];

/** What takes longer than what it is given, or may: by no means at once. */
const COSTLY = [
  '$match(payload.id, /A-(\\d)/)[0].groups[0]',
  '$map(payload.items, function($item) { $item.sku & $item.quantity })',
  'payload.items.(sku & ":" & quantity)',
  'payload.items[quantity > 2].sku',
  'payload.items^(>quantity).sku',
  '$sum([1..10])',
  '($total := payload.total; $total * 2)',
  '$keys(payload)',
  '$split(payload.at, "T")[0]',
  '$replace(payload.id, "A", "B")',
  '$moment(payload.at).utc().format("YYYY-MM")',
  '$clone(payload).id',
  '$env("CROSSDOCK_TEST_SHOP") & $lookup(payload, "id")',
  'payload.**.sku',
  'msg.payload.items.(quantity * 2)',
  '$toMillis(payload.at)',
  '$string([$string([payload.id])])',
  'payload ~> |items|{"seen": true}|',
];

describe('JSONata of the nodes', function () {
  // A process that runs expressions starts.
  this.timeout(20_000);
  before(() => {
    process.env['CROSSDOCK_TEST_SHOP'] = 'north';
  });
  after(() => {
    delete process.env['CROSSDOCK_TEST_SHOP'];
  });

  it('runs at once what is bounded by its length and by what it reads', () => {
    const around = { ...message, msg: message };
    for (const source of CHEAP) assert.equal(look(source).isCheap(around), true, source);
    for (const source of COSTLY) assert.equal(look(source).isCheap(around), false, source);
    const long = Array.from({ length: 60 }, () => 'payload.id').join(' & ');
    assert.equal(look(long).isCheap(message), false, 'long');
    // `??` repeats its left side: as text it is short.
    const doubled = Array.from({ length: 12 }).reduce<string>((inner) => `(${inner} ?? 1)`, 'payload.gone');
    assert.equal(look(doubled).isCheap(message), false, 'doubled');
  });

  it('runs nothing at once that reads much', () => {
    const much = { payload: { id: 'A-1', text: 'x'.repeat(20_000), items: Array(5000).fill({ sku: 'X' }) } };
    assert.equal(look('$uppercase(payload.text)').isCheap(much), false);
    assert.equal(look('$count(payload.items.sku)').isCheap(much), false);
    assert.equal(look('"a" & payload.id').isCheap(much), true, 'what it does not read is no matter');
    assert.equal(look('"a" & payload.items[0].sku').isCheap(much), true, 'one entry of a list');
  });

  it('gives what Node-RED gives, wherever it runs', async () => {
    for (const source of [...CHEAP, ...COSTLY]) {
      const [ours, theirs] = [await jsonata(red, source)(message), await bare(source, message)];
      assert.deepEqual(
        JSON.parse(JSON.stringify(ours ?? null)),
        JSON.parse(JSON.stringify(theirs ?? null)),
        source,
      );
    }
  });

  it('does not hold up the gateway, whatever an expression does', async () => {
    const text = { payload: { s: `${'a'.repeat(40)}!` } };
    for (const [source, code] of [
      ['$match(payload.s, /^(a+)+$/)', 'EXPRESSION_TIMEOUT'],
      ['($f := function($x) { $f($x) }; $f(1))', 'EXPRESSION_TIMEOUT'],
      ['[1..10000000]', 'EXPRESSION_MEMORY'],
      ['$length($pad("", 500000000, "ab"))', 'EXPRESSION_MEMORY'],
    ] as const) {
      let turns = 0;
      let goesOn = true;
      const turn = (): void => {
        turns += 1;
        if (goesOn) setImmediate(turn);
      };
      setImmediate(turn);
      const run = jsonata(red, source)(text);
      await assert.rejects(run, { code, kind: 'permanent' }, source);
      goesOn = false;
      // What takes its whole time leaves many turns to others; what ends at once may be over before the next one.
      assert.ok(code !== 'EXPRESSION_TIMEOUT' || turns > 5, `${source}: ${turns} turns`);
    }
  });

  it('gives results in the order of the messages, however long each takes', async () => {
    const of = jsonata(red, '$string(n) & $join($map(payload.items, function($item) { $item.sku }), "")');
    const items = Array.from({ length: 20_000 }, (_, n) => ({ sku: `S${n}` }));
    const order: string[] = [];
    const asked = [items, [], 'no list at all', []].map((payload, n) =>
      of({ n, payload: { items: payload } }).then(
        () => order.push(`${n}`),
        () => order.push(`${n}`),
      ),
    );
    await Promise.all(asked);
    assert.deepEqual(order, ['0', '1', '2', '3']);
    // One that fails behind one that takes long, and one that costs nothing behind both.
    const mixed = jsonata(red, 'payload.deep ? $sum(payload.deep.($number(n))) : $number(payload.n)');
    const deep = Array.from({ length: 500 }, (_, n) => ({ n }));
    const [first, second, third] = await Promise.allSettled([
      mixed({ payload: { deep } }),
      mixed({ payload: { n: 'x' } }),
      mixed({ payload: { n: '7' } }),
    ]);
    assert.deepEqual([first?.status, second?.status, third?.status], ['fulfilled', 'rejected', 'fulfilled']);
  });

  it('hands over no more than what may be read, and nothing that is alive', async () => {
    const asked: Message = {
      payload: { id: 'A-1' },
      huge: 'x'.repeat(2_000_000),
      req: { query: { shop: 'north' }, socket: { write: () => undefined } },
      res: { send: () => undefined },
      helper: () => undefined,
    };
    assert.equal(await jsonata(red, '$keys(payload)')(asked), 'id');
    assert.equal(await jsonata(red, '$lookup(req.query, "shop")')(asked), 'north');
    await assert.rejects(jsonata(red, '$keys($)')(asked), { code: 'EXPRESSION_INPUT_TOO_LARGE' });
    delete asked['huge'];
    assert.equal(await jsonata(red, '$keys($)')(asked), 'payload');
  });

  it('refuses at the deploy what reaches out of the message', () => {
    for (const source of ['$eval("1")', '$flowContext("x")', 'payload.constructor', '$env(payload.name)'])
      assert.throws(() => jsonata(red, source), { code: 'EXPRESSION_INVALID', kind: 'permanent' }, source);
    const pool = new ExpressionPool({ jsonata: require.resolve('@node-red/util/lib/jsonata') });
    assert.throws(
      () => pool.jsonata('$moment()'),
      { code: 'EXPRESSION_INVALID' },
      'a mapping has its message only',
    );
    pool.close();
  });
});
