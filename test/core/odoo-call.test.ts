import assert from 'node:assert/strict';
import {
  createOdooClient,
  OdooCaller,
  type OdooClient,
  readDomain,
  readIds,
  readPages,
  suggest,
} from '../../core/odoo';
import { CUT, Fault, type ScriptedCall, type ScriptedOdoo, startScriptedOdoo } from './odoo-scripted';

const FIELDS: Record<string, Record<string, object>> = {
  'sale.order': {
    name: { type: 'char', string: 'Number', store: true },
    partner_id: { type: 'many2one', string: 'Customer', relation: 'res.partner', store: true },
    date_order: { type: 'datetime', string: 'Order Date', store: true },
    validity_date: { type: 'date', string: 'Expiration', store: true },
    amount_total: { type: 'monetary', string: 'Total', store: true },
    require_signature: { type: 'boolean', string: 'Online signature', store: true },
    state: {
      type: 'selection',
      string: 'Status',
      selection: [
        ['draft', 'Quotation'],
        ['sale', 'Sales Order'],
      ],
    },
    priority: { type: 'integer', string: 'Priority' },
    order_line: { type: 'one2many', string: 'Order Lines', relation: 'sale.order.line' },
    tag_ids: { type: 'many2many', string: 'Tags', relation: 'crm.tag' },
  },
  'sale.order.line': {
    name: { type: 'text', string: 'Description' },
    product_id: { type: 'many2one', string: 'Product', relation: 'product.product' },
    product_uom_qty: { type: 'float', string: 'Quantity' },
    tax_ids: { type: 'many2many', string: 'Taxes', relation: 'account.tax' },
  },
};

describe('odoo call', () => {
  let odoo: ScriptedOdoo;
  let client: OdooClient;
  let answer: (call: ScriptedCall) => unknown;
  const asked = (): ScriptedCall[] => odoo.calls.filter(({ method }) => method !== 'fields_get');
  beforeEach(async () => {
    answer = () => true;
    odoo = await startScriptedOdoo((call) =>
      call.method === 'fields_get' ? (FIELDS[call.model] ?? {}) : answer(call),
    );
    client = createOdooClient({ url: odoo.url, database: 'd', apiKey: 'k', allow: { '*': ['*'] } });
  });
  afterEach(async () => {
    await client.close();
    await odoo.close();
  });

  const caller = (more: object = {}) =>
    new OdooCaller(client, { shape: 'plain', maxRows: 5, maxBytes: 10_000, repeatable: false, ...more });
  /** What is sent for these values. */
  async function written(values: object): Promise<unknown> {
    await caller().call({ model: 'sale.order', method: 'write', ids: [1], args: { values } });
    return asked().at(-1)?.args['vals'];
  }
  const faults = async (values: object): Promise<string[]> => {
    const failed = await written(values).then(
      () => undefined,
      (error: { code: string; problems: { path: string; message: string }[] }) => error,
    );
    assert.equal(failed?.code, 'ODOO_VALUES');
    assert.deepEqual(asked(), [], 'nothing was sent');
    return failed.problems.map(({ path, message }) => `${path}: ${message}`);
  };

  it('values are sent as Odoo takes them', async () => {
    assert.deepEqual(
      await written({
        name: 12,
        partner_id: { id: 7, name: 'x' },
        date_order: '2026-11-27T10:00:00+02:00',
        validity_date: '2026-12-24T00:00:00Z',
        amount_total: '12.50',
        require_signature: false,
        state: 'sale',
        priority: '3',
        tag_ids: null,
      }),
      {
        name: '12',
        partner_id: 7,
        date_order: '2026-11-27 08:00:00',
        validity_date: '2026-12-24',
        amount_total: 12.5,
        require_signature: false,
        state: 'sale',
        priority: 3,
        tag_ids: [[5, 0, 0]],
      },
    );
    assert.deepEqual(await written({ partner_id: null, name: null, amount_total: 0 }), {
      partner_id: false,
      name: false,
      amount_total: 0,
    });
  });

  const LINES: readonly (readonly [string, unknown, unknown])[] = [
    [
      'a list of objects adds, changes and takes away',
      [
        { product_id: 5, product_uom_qty: '2' },
        { id: 7, product_uom_qty: 3 },
        { id: 8, remove: true },
        { id: 9 },
      ],
      [
        [0, 0, { product_id: 5, product_uom_qty: 2 }],
        [1, 7, { product_uom_qty: 3 }],
        [2, 8, 0],
        [4, 9, 0],
      ],
    ],
    [
      'set keeps what is named, changes it, and all others go',
      { set: [{ id: 7, product_uom_qty: 3 }, 8, { product_id: 5 }] },
      [
        [6, 0, [7, 8]],
        [1, 7, { product_uom_qty: 3 }],
        [0, 0, { product_id: 5 }],
      ],
    ],
    ['set of nothing clears', { set: [] }, [[5, 0, 0]]],
    [
      'steps by name',
      {
        clear: true,
        remove: [1],
        unlink: [2],
        delete: [3],
        update: [{ id: 4, name: 'x' }],
        add: [{ name: 'y' }, 6],
      },
      [
        [5, 0, 0],
        [2, 1, 0],
        [3, 2, 0],
        [2, 3, 0],
        [1, 4, { name: 'x' }],
        [0, 0, { name: 'y' }],
        [4, 6, 0],
      ],
    ],
    [
      'lines within lines',
      [{ tax_ids: [1, 2] }, { tax_ids: { add: [3], remove: [4] } }],
      [
        [0, 0, { tax_ids: [[6, 0, [1, 2]]] }],
        [
          0,
          0,
          {
            tax_ids: [
              [3, 4, 0],
              [4, 3, 0],
            ],
          },
        ],
      ],
    ],
    [
      'Odoo’s own commands',
      [[0, 0, { product_uom_qty: '1.5' }], [1, 2, { name: 'x' }], [2, 3], [5], [6, 0, [1]]],
      [
        [0, 0, { product_uom_qty: 1.5 }],
        [1, 2, { name: 'x' }],
        [2, 3, 0],
        [5, 0, 0],
        [6, 0, [1]],
      ],
    ],
    ['an empty list changes nothing', [], []],
  ];
  for (const [name, lines, commands] of LINES) {
    it(`lines: ${name}`, async () => {
      assert.deepEqual(await written({ order_line: lines }), { order_line: commands });
    });
  }

  it('links: a list of ids is the whole set, taking one away keeps the other record', async () => {
    assert.deepEqual(await written({ tag_ids: [1, 2] }), { tag_ids: [[6, 0, [1, 2]]] });
    assert.deepEqual(await written({ tag_ids: [{ id: 3, remove: true }] }), { tag_ids: [[3, 3, 0]] });
  });

  it('every value that does not fit is told by its place, and nothing is sent', async () => {
    assert.deepEqual(
      await faults({
        nonsense: 1,
        require_signature: 'false',
        amount_total: '12,50',
        date_order: 'tomorrow',
        validity_date: '2026-13-01',
        state: 'done',
        priority: 1.5,
        partner_id: 'ACME',
        order_line: [{ product_uom_qty: 'two', nothing: 1 }, { remove: true }, 'x', { id: 'seven' }],
        tag_ids: { plus: [1], add: 'x' },
      }),
      [
        '/vals/nonsense: sale.order has no field "nonsense" that this account may see.',
        '/vals/require_signature: Online signature: must be true or false.',
        '/vals/amount_total: Total: must be a number, such as 12.5 or "12.50".',
        '/vals/date_order: Order Date: must be a time such as 2026-11-27T10:00:00Z.',
        '/vals/validity_date: Expiration: must be a date such as 2026-11-27.',
        '/vals/state: Status: "done" is none of draft, sale.',
        '/vals/priority: Priority: must be a whole number.',
        '/vals/partner_id: Customer: must be the id of a record, or an object with its id.',
        '/vals/order_line/0/product_uom_qty: Quantity: must be a number, such as 12.5 or "12.50".',
        '/vals/order_line/0/nothing: sale.order.line has no field "nothing" that this account may see.',
        '/vals/order_line/1: "remove" needs the id of the record.',
        '/vals/order_line/2: must be an object with the values of a record (or all entries must be ids).',
        '/vals/order_line/3/id: must be the number of a record.',
        '/vals/tag_ids/plus: is no step: use set, add, update, remove, unlink, delete, clear, or a list of records.',
      ],
    );
  });

  it('hostile names reach neither Odoo nor a prototype', async () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "name": "x"}') as object;
    for (const call of [
      { model: 'sale.order', method: 'write', args: { values: hostile } },
      { model: 'sale.order', method: 'write', args: { values: { order_line: [hostile] } } },
      {
        model: 'sale.order',
        method: 'read',
        args: JSON.parse('{"__proto__": 1}') as Record<string, unknown>,
      },
      { model: 'sale.order', method: 'read', args: { ids: [1] } },
      { model: 'sale.order', method: 'read', args: { context: {} } },
      { model: 'sale.order', method: 'read', args: { 'a b': 1 } },
      {
        model: 'sale.order',
        method: 'read',
        args: {},
        context: JSON.parse('{"constructor": 1}') as Record<string, unknown>,
      },
    ]) {
      await assert.rejects(caller().call(call), { code: 'CALL_INVALID', kind: 'permanent' });
    }
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.deepEqual(asked(), []);
  });

  it('create gives one id for one record, and a list for a list', async () => {
    answer = () => [4, 5];
    assert.deepEqual(
      (
        await caller().call({
          model: 'sale.order',
          method: 'create',
          args: { values: [{ name: 'a' }, { name: 'b' }] },
        })
      ).value,
      [4, 5],
    );
    answer = () => [6];
    const one = await caller().call({
      model: 'sale.order',
      method: 'create',
      args: { values: { name: 'a' } },
    });
    assert.deepEqual(one, { value: 6, wrote: true });
    assert.deepEqual(asked().at(-1)?.args, { vals_list: [{ name: 'a' }] });
  });

  it('creating with a key is a keyed load: lines as rows, the same key twice the same external id', async () => {
    answer = () => ({ ids: [9], messages: [] });
    const values = {
      name: 'S1',
      partner_id: 7,
      require_signature: true,
      tag_ids: [1, 2],
      order_line: [
        { product_id: 5, product_uom_qty: '2' },
        { product_id: 6, product_uom_qty: 1, tax_ids: [3] },
      ],
    };
    const call = { model: 'sale.order', method: 'create', key: 'web:1', args: { values } };
    assert.equal((await caller().call(call)).value, 9);
    await caller().call(call);
    const [first, second] = asked();
    assert.deepEqual(first?.args, second?.args);
    const { fields, data } = (first as ScriptedCall).args as { fields: string[]; data: string[][] };
    assert.match(data[0]?.[0] ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(fields, [
      'id',
      'name',
      'partner_id/.id',
      'require_signature',
      'tag_ids/.id',
      'order_line/product_id/.id',
      'order_line/product_uom_qty',
      'order_line/tax_ids/.id',
    ]);
    assert.deepEqual(
      data.map(([, ...cells]) => cells),
      [
        ['S1', '7', '1', '1,2', '5', '2', ''],
        ['', '', '', '', '6', '1', '3'],
      ],
    );
    await assert.rejects(
      caller().call({ ...call, args: { values: { order_line: [{ id: 3, remove: true }] } } }),
      { code: 'ODOO_VALUES' },
    );
    await assert.rejects(caller().call({ ...call, method: 'write' }), { code: 'CALL_INVALID' });
  });

  it('a write whose answer is lost is ambiguous and not repeated, unless the caller says so; a read is repeated', async () => {
    answer = () => CUT;
    const write = { model: 'sale.order', method: 'action_confirm', ids: [1], args: {} };
    await assert.rejects(caller().call(write), {
      code: 'ODOO_CONNECTION_LOST',
      kind: 'ambiguous',
      retryable: false,
      message: /not known: look there/,
    });
    assert.equal(asked().length, 1);
    await assert.rejects(caller({ repeatable: true }).call(write), { kind: 'ambiguous', retryable: true });
    assert.equal(asked().length, 2);
    let lost = 0;
    answer = () => (lost++ < 2 ? CUT : 5);
    assert.equal((await caller().call({ model: 'sale.order', method: 'search_count', args: {} })).value, 5);
    answer = () => new Fault(500, 'psycopg2.errors.SerializationFailure');
    await assert.rejects(caller().call(write), { kind: 'transient', retryable: true });
  });

  it('records are plain; as Odoo writes them where that is wanted', async () => {
    const row = {
      id: 1,
      name: false,
      partner_id: [7, 'ACME'],
      date_order: '2026-11-27 08:00:00',
      validity_date: false,
      amount_total: 0.1 + 0.2,
      require_signature: false,
      order_line: [1, 2],
    };
    answer = () => [row];
    const call = { model: 'sale.order', method: 'search_read', args: {} };
    assert.deepEqual((await caller().call(call)).value, [
      {
        id: 1,
        name: null,
        partner_id: { id: 7, name: 'ACME' },
        date_order: '2026-11-27T08:00:00Z',
        validity_date: null,
        amount_total: '0.3',
        require_signature: false,
        order_line: [1, 2],
      },
    ]);
    assert.deepEqual((await caller({ shape: 'odoo' }).call(call)).value, [row]);
  });

  it('more records or bytes than may be are an error, since a part would look like all', async () => {
    answer = ({ args }) => Array.from({ length: Number(args['limit'] ?? 9) }, (_, id) => ({ id }));
    const call = { model: 'sale.order', method: 'search_read', args: {} };
    await assert.rejects(caller().call(call), { code: 'ODOO_TOO_MANY_ROWS', kind: 'permanent' });
    assert.equal(asked()[0]?.args['limit'], 6, 'no more is asked for than shows that it is too much');
    assert.equal(((await caller().call({ ...call, args: { limit: 3 } })).value as unknown[]).length, 3);
    answer = () => [{ id: 1, name: 'x'.repeat(20_000) }];
    await assert.rejects(caller().call(call), { code: 'ODOO_RESPONSE_TOO_LARGE', kind: 'permanent' });
  });

  describe('pages', () => {
    const rows = Array.from({ length: 25 }, (_, n) => ({ id: n + 1, name: `n${n + 1}` }));
    const pages = (more: object = {}) =>
      readPages(client, {
        model: 'sale.order',
        domain: [['state', '=', 'sale']],
        fields: ['name'],
        pageSize: 10,
        after: 0,
        shape: 'odoo',
        maxRows: 100,
        maxBytes: 10_000,
        ...more,
      });
    beforeEach(() => {
      answer = ({ args }) => {
        const [[, , after]] = args['domain'] as [[string, string, number]];
        return rows.filter(({ id }) => id > after).slice(0, Number(args['limit']));
      };
    });

    it('come by id, the last one known as such, each asked for when it is wanted', async () => {
      const seen: unknown[] = [];
      for await (const page of pages()) {
        assert.equal(asked().length, seen.length + 1);
        seen.push([page.index, page.before, page.rows.length, page.lastId, page.last]);
      }
      assert.deepEqual(seen, [
        [0, 0, 10, 10, false],
        [1, 10, 10, 20, false],
        [2, 20, 5, 25, true],
      ]);
      assert.deepEqual(asked()[1]?.args, {
        domain: [
          ['id', '>', 10],
          ['state', '=', 'sale'],
        ],
        limit: 11,
        order: 'id',
        fields: ['id', 'name'],
      });
    });

    it('a full last page is the last; nothing at all is one empty page; a reading goes on behind an id', async () => {
      const shapes = async (more: object) => {
        const found: unknown[] = [];
        for await (const { rows: list, last } of pages(more)) found.push([list.length, last]);
        return found;
      };
      assert.deepEqual(await shapes({ pageSize: 25 }), [[25, true]]);
      assert.deepEqual(await shapes({ after: 25 }), [[0, true]]);
      assert.deepEqual(await shapes({ after: 18 }), [[7, true]]);
      await assert.rejects(shapes({ maxRows: 12 }), { code: 'ODOO_TOO_MANY_ROWS' });
    });

    it('a domain or field that is none is refused', async () => {
      for (const domain of ['x', [['a', '=']], [7], { a: 1 }])
        assert.throws(() => readDomain(domain), { code: 'CALL_INVALID' });
      assert.deepEqual(readDomain(['|', ['a', '=', 1], ['b', '=', 2]]).length, 3);
      await assert.rejects(pages({ fields: ['a b'] }).next(), { code: 'CALL_INVALID' });
    });
  });

  it('ids are numbers, lists, or records', () => {
    assert.deepEqual(
      [readIds(5), readIds([1, '2', { id: 3 }]), readIds(''), readIds([])],
      [[5], [1, 2, 3], undefined, []],
    );
    for (const bad of ['x', 1.5, -1, [true], {}]) assert.throws(() => readIds(bad), { code: 'CALL_INVALID' });
  });

  it('suggestions: what the list allows, arguments of known methods, fields of the model', async () => {
    const allow = { 'sale.order': ['write', 'search_read'], 'res.partner': ['read'] };
    const found = await suggest(client, allow, 'sale.order');
    assert.deepEqual(found.models, ['res.partner', 'sale.order']);
    assert.deepEqual(found.methods, ['search_read', 'write']);
    assert.deepEqual(found.args['write'], ['values']);
    assert.deepEqual(
      found.fields.find(({ name }) => name === 'order_line'),
      {
        name: 'order_line',
        label: 'Order Lines',
        type: 'one2many',
        relation: 'sale.order.line',
        required: false,
        readonly: false,
      },
    );
    assert.deepEqual((await suggest(client, allow, undefined)).fields, []);
  });
});
