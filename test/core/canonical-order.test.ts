import assert from 'node:assert/strict';
import { checkIdentity, checkTotals, currencyExponent, fingerprint, orderId } from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { asSchema, childNode, rootNode, type SchemaNode } from '../../core/contract/schema-tree';
import { type FullOrder, fullOrder } from './canonical-sample';

const contracts = builtinContracts();
const schema = contracts.schema('order', '1.0');

/** Every property of the schema with its place, through references and lists. */
function* properties(
  node: SchemaNode,
  path: readonly string[],
): Generator<{ path: readonly string[]; node: SchemaNode }> {
  for (const name of Object.keys(asSchema(node.schema.properties) ?? {})) {
    const child = childNode(schema, node, name);
    assert.ok(child, `${[...path, name].join('.')} has a schema`);
    yield { path: [...path, name], node: child };
    yield* properties(child, [...path, name]);
  }
  const items = childNode(schema, node, '0');
  if (items !== undefined) yield* properties(items, [...path, '0']);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value);
}

describe('canonical order 1.0', () => {
  const all = [...properties(rootNode(schema), [])];

  it('has a schema that takes an order with every field of the types', () => {
    assert.deepEqual(contracts.validate('order', '1.0', fullOrder()), []);
  });

  it('refuses unknown fields at every level, except below extensions', () => {
    const objects = all.filter(({ node }) => asSchema(node.schema.properties) !== undefined);
    for (const { path } of [{ path: [] }, ...objects]) {
      const order = fullOrder();
      Object.assign(valueAt(order, path) as object, { surprise: 1 });
      const problems = contracts.validate('order', '1.0', order);
      assert.equal(problems[0]?.path, `/${[...path, 'surprise'].join('/')}`);
    }
  });

  it('keeps to what AsyncAPI 3 tools take', () => {
    const text = JSON.stringify(schema);
    for (const keyword of [
      'unevaluated',
      'prefixItems',
      'dynamicRef',
      'dynamicAnchor',
      'dependentSchemas',
      '"$anchor"',
    ]) {
      assert.ok(!text.includes(keyword), keyword);
    }
  });

  it('takes money and quantities only as plain decimal text', () => {
    for (const amount of ['12,30', '1e3', '.5', '5.', '+1', '01.00', '', ' 1', 'NaN', 12.3, null]) {
      const order = fullOrder();
      Object.assign(order.totals, { payable: amount });
      const [problem] = contracts.validate('order', '1.0', order);
      assert.equal(problem?.path, '/totals/payable', String(amount));
    }
  });
});

describe('totals of an order', () => {
  const check = (change: (order: FullOrder) => void) => {
    const order = fullOrder();
    change(order);
    return checkTotals(order);
  };

  it('foot in the sample', () =>
    assert.deepEqual(
      check(() => {}),
      [],
    ));

  it('are compared one by one, with both figures', () => {
    const [problem] = check((order) => {
      order.totals.payable = '30.00';
    });
    assert.equal(problem?.path, '/totals/payable');
    assert.match(problem.message, /30\.75 EUR.*30\.00 EUR \(0\.75 EUR apart\)/);
  });

  it('name a wrong total in each field', () => {
    for (const field of [
      'lineExtension',
      'allowance',
      'charge',
      'taxExclusive',
      'tax',
      'taxInclusive',
      'prepaid',
    ] as const) {
      const problems = check((order) => {
        order.totals[field] = '999.00';
      });
      assert.ok(problems.length > 0, field);
    }
  });

  it('may differ from the rows by half a minor unit per row, not more', () => {
    const withTax = (tax: string) =>
      check((order) => {
        const [line] = order.lines;
        const row = line?.taxes[0];
        if (line === undefined || row === undefined) throw new Error('sample');
        // Three rows of the tax: 0.015 may be lost in rounding.
        line.taxes = [row, { ...row, amount: '0.00' }, { ...row, amount: '0.00' }];
        row.amount = tax;
      }).map((problem) => problem.path);
    assert.deepEqual(withTax('5.33'), []);
    assert.deepEqual(withTax('5.36'), ['/totals/tax']);
  });

  it('are rounded by the currency: none for yen, three digits for Kuwaiti dinars', () => {
    const yen = check((order) => {
      order.currency = 'JPY';
    });
    assert.ok(yen.some((problem) => /fraction digits than JPY has \(0\)/.test(problem.message)));
    assert.deepEqual(
      check((order) => {
        order.currency = 'KWD';
      }),
      [],
    );
    assert.deepEqual(
      [currencyExponent('HUF'), currencyExponent('KWD'), currencyExponent('JPY'), currencyExponent('EUR')],
      [2, 3, 0, 2],
    );
  });

  it('cannot be checked in a currency that does not exist', () => {
    const problems = check((order) => {
      order.currency = 'QQQ';
    });
    assert.equal(problems[0]?.path, '/currency');
  });

  it('are exact where floats are not', () => {
    const problems = check((order) => {
      order.lines = [line('0.1'), line('0.2')];
      order.allowancesCharges = [];
      order.totals = {
        lineExtension: '0.30',
        allowance: '0.00',
        charge: '0.00',
        taxExclusive: '0.30',
        tax: '0.00',
        taxInclusive: '0.30',
        prepaid: '0.00',
        rounding: '0.00',
        payable: '0.30',
      };
    });
    assert.deepEqual(problems, []);
    function line(price: string) {
      const [first] = fullOrder().lines;
      if (first === undefined) throw new Error('sample');
      return {
        ...first,
        quantity: { ...first.quantity, original: '1', current: '1' },
        unitPrice: { amount: price, baseQuantity: '1' },
        allowancesCharges: [],
        taxes: [],
      };
    }
  });
});

describe("an order's identity", () => {
  it('never gives two orders the same id', () => {
    assert.notEqual(orderId('a:b', 'c', '1'), orderId('a', 'b:c', '1'));
    assert.notEqual(orderId('a%3Ab', 'c', '1'), orderId('a:b', 'c', '1'));
    assert.equal(orderId('shop', 'acme.example', '42'), 'shop:acme.example:42');
  });

  it('has a fingerprint of what the order says, not of when and how it came', () => {
    const first = fullOrder();
    const again = fullOrder();
    again.provenance.receivedAt = '2027-01-01T00:00:00Z';
    again.provenance.mappingVersion = 'other@9.9.9';
    again.extensions = {};
    const reordered = Object.fromEntries(Object.entries(again).reverse()) as unknown as FullOrder;
    assert.equal(fingerprint(reordered), fingerprint(first));
    assert.match(fingerprint(first), /^[0-9a-f]{64}$/);
    again.notes = ['other'];
    assert.notEqual(fingerprint(again), fingerprint(first));
  });

  it('is checked: the id is the key, lines have their own ids', () => {
    const order = fullOrder();
    assert.deepEqual(checkIdentity(order), []);
    order.lines = [...order.lines, ...order.lines];
    order.id = 'shop:x:1';
    assert.deepEqual(
      checkIdentity(order).map((problem) => problem.path),
      ['/id', '/lines/1/lineId'],
    );
  });
});
