import assert from 'node:assert/strict';
import { type CanonicalProblem, checkCanonical, checkTotals } from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { asSchema, childNode, rootNode, type SchemaNode } from '../../core/contract/schema-tree';
import { fullOrder } from './canonical-sample';
import { CONTRACT_NAMES, type Full, sampleOf } from './canonical-samples';

const contracts = builtinContracts();

type Loose = Record<string, unknown>;

/** A sample's copy as plain data, to take fields away from it. */
const plain = (name: keyof Full) => structuredClone(sampleOf(name)) as unknown as Loose;

/** Calls `visit` for every optional member of a value, from the outside in. */
function eachOptional(
  name: keyof Full,
  value: Loose,
  visit: (owner: Loose, member: string, path: string) => void,
): void {
  const root = contracts.schema(name, '1.0');
  const walk = (node: SchemaNode, at: unknown, path: string): void => {
    if (Array.isArray(at)) {
      at.forEach((entry, index) => {
        const child = childNode(root, node, String(index));
        if (child !== undefined) walk(child, entry, `${path}/${index}`);
      });
      return;
    }
    if (typeof at !== 'object' || at === null) return;
    const required = (node.schema.required ?? []) as string[];
    for (const member of Object.keys(asSchema(node.schema.properties) ?? {})) {
      if (!Object.hasOwn(at, member)) continue;
      const child = childNode(root, node, member);
      if (!required.includes(member)) visit(at as Loose, member, `${path}/${member}`);
      if (child !== undefined) walk(child, (at as Loose)[member], `${path}/${member}`);
    }
  };
  walk(rootNode(root), value, '');
}

const rules = (problems: readonly CanonicalProblem[]) =>
  problems.map(({ rule, path }) => rule ?? path).sort();
const paths = (problems: readonly CanonicalProblem[]) => problems.map(({ path }) => path);

function after<Name extends keyof Full>(name: Name, change: (value: Full[Name]) => void): CanonicalProblem[] {
  const value = sampleOf(name);
  change(value);
  assert.deepEqual(contracts.validate(name, '1.0', value), [], 'the change keeps the contract');
  return checkCanonical(name, value);
}

function at<Row>(rows: readonly Row[], index = 0): Row {
  const row = rows[index];
  if (row === undefined) throw new Error(`no entry ${index}`);
  return row;
}

describe('checks without what is optional', () => {
  /** What the contract lets be absent and a rule still wants; nothing else may be missed. */
  const wanted: Partial<Record<keyof Full, string[]>> = {
    // Without its rounding and its line's discount, the sample's figures are other ones.
    invoice: [
      'BR-48',
      'BR-CO-16',
      'BR-CO-25',
      'BR-E-07',
      'BR-E-10',
      'BR-S-01',
      'BR-S-05',
      'BR-S-06',
      'BR-S-07',
      'PEPPOL-EN16931-R120',
    ],
    return: ['/currency'],
    'order-response': ['/currency'],
  };

  for (const name of CONTRACT_NAMES) {
    it(`a ${name} with nothing that is optional passes, or only lacks what a rule wants`, () => {
      const value = plain(name);
      eachOptional(name, value, (owner, member) => {
        // Some groups must have one member at least; amounts without a currency are looked at here too.
        if (Object.keys(owner).length > 1 && !['refund', 'totals'].includes(member)) delete owner[member];
      });
      assert.deepEqual(contracts.validate(name, '1.0', value), []);
      const found = rules(checkCanonical(name, value)).filter((rule) => rule !== 'BR-S-08');
      assert.deepEqual([...new Set(found)], [...new Set(wanted[name] ?? [])]);
    });

    it(`a ${name} is judged and not stumbled over, whichever field is missing`, () => {
      let count = 0;
      eachOptional(name, plain(name), () => {
        count += 1;
      });
      for (let index = 0; index < count; index += 1) {
        const value = plain(name);
        let seen = 0;
        let removed = '';
        eachOptional(name, value, (owner, member, path) => {
          if (seen === index) {
            delete owner[member];
            removed = path;
          }
          seen += 1;
        });
        if (contracts.validate(name, '1.0', value).length > 0) continue;
        assert.doesNotThrow(() => checkCanonical(name, value), `without ${removed}`);
      }
    });
  }
});

describe('checks at their edges', () => {
  it('take 0 where a quantity may be 0, with and without a minus, and nothing below', () => {
    const ledger = (value: string) =>
      paths(
        after('order', (order) => {
          Object.assign(at(order.lines).quantity, { allocated: value, delivered: value, returned: value });
        }),
      );
    assert.deepEqual(ledger('0'), []);
    assert.deepEqual(ledger('-0.00'), []);
    assert.deepEqual(ledger('2'), [], 'as many as were shipped');
    assert.deepEqual(
      ledger('-1'),
      ['allocated', 'delivered', 'returned'].map((field) => `/lines/0/quantity/${field}`),
    );
    const answered = (value: string) =>
      paths(
        after('order-response', (response) => {
          Object.assign(at(response.lines).quantity, {
            ordered: '3',
            confirmed: '3',
            backordered: value,
            cancelled: '0',
          });
        }),
      );
    assert.deepEqual(answered('0'), []);
    assert.deepEqual(answered('-1'), ['/lines/0/quantity/backordered', '/lines/0/quantity']);
    const requested = (value: string) =>
      paths(
        after('return', (each) => {
          at(each.lines).quantity = {
            requested: value,
            authorised: value,
            received: '0',
            accepted: '0',
            rejected: '0',
          };
        }),
      );
    assert.deepEqual(requested('0'), []);
    assert.deepEqual(requested('-1'), ['/lines/0/quantity/requested', '/lines/0/quantity/authorised']);
    const shipped = (change: object) =>
      paths(after('shipment', (each) => Object.assign(at(each.lines), change)));
    assert.deepEqual(shipped({ received: '-1' }), ['/lines/0/received']);
    assert.deepEqual(shipped({ received: '0' }), []);
    const empty = after('shipment', (each) => {
      Object.assign(at(each.lines), { quantity: '0', backordered: '3' });
      Object.assign(at(at(each.packages).contents), { quantity: '0', serials: [], lot: 'L1' });
      delete (at(at(each.packages).contents) as { serials?: string[] }).serials;
    });
    assert.deepEqual(paths(empty), ['/packages/0/contents/0/quantity'], 'nothing cannot be packed');
    assert.match(
      at(
        after('shipment', (each) => {
          at(each.lines).quantity = '-2';
        }),
      ).message,
      /^line 1: the shipped quantity is negative \(-2\)$/,
    );
  });

  it('want references to point to what is there', () => {
    const adjusted = after('order', (order) => {
      order.adjustments = [
        at(order.adjustments),
        { ...at(order.adjustments), lines: [{ lineId: '9', quantity: '1' }] },
      ];
    });
    assert.deepEqual(paths(adjusted), ['/adjustments/1/adjustmentId', '/adjustments/1/lines/0/lineId']);
    assert.match(at(adjusted, 1).message, /^adjustment 2 is about a line/);
    const event = after('order', (order) => {
      at(at(order.events).lines).lineId = '9';
    });
    assert.match(at(event).message, /^event 1 is about a line/);
    const milestone = after('shipment', (shipment) => {
      at(shipment.milestones).packageId = 'PALLET-9';
    });
    assert.deepEqual(paths(milestone), ['/milestones/0/packageId']);
    const unpacked = after('shipment', (shipment) => {
      shipment.packages = [];
    });
    assert.deepEqual(unpacked, [], 'packages that are not listed cannot be missing');
  });

  it('name deleted and already delivered lines of a response', () => {
    const answered = (code: '2' | '42', confirmed: string, whole: 'AP' | 'CA' | 'RE' = 'CA') =>
      paths(
        after('order-response', (response) => {
          response.code = whole;
          const line = at(response.lines);
          line.code = code;
          line.quantity = { ordered: '3', confirmed, backordered: '0', cancelled: '0' };
        }),
      );
    assert.deepEqual(answered('2', '1'), ['/lines/0/quantity/confirmed']);
    assert.deepEqual(answered('2', '0'), []);
    assert.deepEqual(answered('42', '3', 'AP'), [], 'nothing is changed by what was delivered already');
    assert.deepEqual(answered('2', '1', 'RE'), ['/code', '/lines/0/quantity/confirmed']);
    const several = after('order-response', (response) => {
      response.code = 'RE';
      const line = at(response.lines);
      response.lines = ['1', '2', '3'].map((orderLineId) => ({ ...line, orderLineId }));
    });
    assert.match(at(several).message, /but lines 1, 2 and 3 is confirmed/);
  });

  it('need a currency of a response for its prices alone, and none without amounts', () => {
    const bare = (keepPrice: boolean) =>
      paths(
        after('order-response', (response) => {
          const loose = response as unknown as Loose;
          delete loose.currency;
          delete loose.totals;
          if (!keepPrice) delete (at(response.lines) as unknown as Loose).unitPrice;
        }),
      );
    assert.deepEqual(bare(true), ['/currency']);
    assert.deepEqual(bare(false), []);
  });

  it('take both ways of a transfer, and refuse to count one', () => {
    const transfer = (mode: 'absolute' | 'delta', quantity: string, resulting: string, away: boolean) =>
      paths(
        after('inventory-adjustment', (each) => {
          Object.assign(each, { mode, quantity, resulting });
          if (!away) delete (each as unknown as Loose).toLocation;
        }),
      );
    assert.deepEqual(
      transfer('delta', '-2', '58', false),
      [],
      'the other half is told by the other location',
    );
    assert.deepEqual(transfer('absolute', '58', '58', false), ['/toLocation']);
    assert.deepEqual(transfer('absolute', '58', '58', true), []);
    assert.deepEqual(transfer('absolute', '0', '0', true), [], 'an empty shelf can be counted');
  });

  it('say the terms that were given, and no others', () => {
    const message = (without: string[]) => {
      const level = plain('inventory-level');
      Object.assign(level, { available: '61', published: '59' });
      for (const key of without) delete level[key];
      return at(checkCanonical('inventory-level', level)).message;
    };
    assert.equal(
      message([]),
      '61 are said to be available, but 60 on hand less 18 reserved less 2 not sellable leave 40',
    );
    assert.equal(
      message(['unavailable']),
      '61 are said to be available, but 60 on hand less 18 reserved leave 42',
    );
    const short = { ...plain('inventory-level'), available: '1', published: '0' };
    assert.match(
      at(checkCanonical('inventory-level', short)).message,
      /less 2 not sellable less 5 of open demand leave 35$/,
    );
    const exact = after('inventory-level', (level) => {
      level.forecast = '160';
    });
    assert.deepEqual(exact, [], 'a forecast of all that is there and comes in');
    const counted = after('inventory-adjustment', (each) => {
      Object.assign(each, { mode: 'absolute', reason: 'count', quantity: '57' });
    });
    assert.match(at(counted).message, /but 57 were counted$/);
  });

  it('want refunds that are paid back, taxes of their sign, and the taxes to add up', () => {
    const refunded = (change: (each: Full['return']) => void) => paths(after('return', change));
    assert.deepEqual(
      refunded((each) => {
        Object.assign(at(each.lines).refund, { amount: '-11.90', tax: '-1.90' });
        Object.assign(each.refund, { amount: '-7.00', tax: '-1.12' });
      }),
      ['/lines/0/refund/amount', '/refund/amount'],
    );
    assert.deepEqual(
      refunded((each) => {
        Object.assign(at(each.lines).refund, { amount: '0.00', tax: '0.00' });
        Object.assign(each.refund, { amount: '0.00', tax: '0.00', adjustments: [] });
      }),
      [],
      'nothing may be paid back',
    );
    assert.deepEqual(
      refunded((each) => {
        at(each.lines).refund.tax = '-1.90';
        each.refund.tax = '-1.12';
      }),
      ['/lines/0/refund/tax', '/refund/tax'],
      'a tax against its amount',
    );
    assert.deepEqual(
      refunded((each) => {
        at(each.lines).refund.tax = '11.90';
        each.refund.tax = '12.68';
      }),
      [],
      'a refund of the tax alone',
    );
    assert.deepEqual(
      refunded((each) => {
        each.refund.tax = '2.50';
      }),
      ['/refund/tax'],
    );
    assert.deepEqual(
      refunded((each) => {
        each.refund.tax = '2.50';
        delete (at(each.refund.adjustments) as unknown as Loose).tax;
      }),
      [],
      'a part does not say its tax',
    );
  });

  it('need a currency of a return for its amounts alone, wherever they are', () => {
    const bare = (change: (each: Full['return']) => void) =>
      paths(
        after('return', (each) => {
          delete (each as unknown as Loose).currency;
          change(each);
        }),
      );
    const withoutRefund = (each: Full['return']) => delete (each as unknown as Loose).refund;
    const withoutShares = (each: Full['return']) => delete (at(each.lines) as unknown as Loose).refund;
    assert.deepEqual(bare(withoutRefund), ['/currency'], 'of a line alone');
    assert.deepEqual(
      bare((each) => {
        withoutShares(each);
        each.refund.adjustments = [];
      }),
      ['/currency'],
      'of the whole alone',
    );
    assert.deepEqual(
      bare((each) => {
        withoutShares(each);
        withoutRefund(each);
      }),
      [],
      'goods without money',
    );
  });

  it('judge what was received by what was accepted and rejected, each alone too', () => {
    const judged = (quantity: object) =>
      paths(
        after('return', (each) => {
          at(each.lines).quantity = {
            requested: '2',
            ...quantity,
          } as Full['return']['lines'][number]['quantity'];
        }),
      );
    assert.deepEqual(judged({ received: '1', accepted: '2' }), ['/lines/0/quantity/accepted']);
    assert.deepEqual(judged({ received: '1', rejected: '2' }), ['/lines/0/quantity/accepted']);
    assert.deepEqual(judged({ accepted: '2' }), []);
    assert.deepEqual(judged({ received: '1' }), []);
  });

  it('take a moment as a span, one day as a period, and a delivery at once', () => {
    const moment = '2026-11-25T00:00:00Z';
    assert.deepEqual(
      after('order', (order) => {
        order.requestedDelivery = { from: moment, to: moment };
      }),
      [],
    );
    assert.deepEqual(
      after('shipment', (shipment) => {
        shipment.deliveredAt = shipment.shippedAt;
      }),
      [],
    );
    const late = after('order', (order) => {
      order.requestedDelivery = { from: moment, to: '2026-11-24T00:00:00Z' };
    });
    assert.equal(at(late).kind, 'times');
    const period = after('invoice', (invoice) => {
      invoice.period.to = '2026-10-31';
    });
    assert.equal(at(period).kind, 'rule');
  });

  it('take free goods, packs of one size, and rates of the islands', () => {
    const free = after('invoice', (invoice) => {
      Object.assign(at(invoice.lines), { quantity: '2.8', allowancesCharges: [] });
      invoice.lines.push({
        ...at(invoice.lines),
        lineId: '2',
        unitPrice: { amount: '0', baseQuantity: '1' },
        netAmount: '0',
      });
    });
    assert.deepEqual(free, []);
    const packs = after('product-cross-reference', (entry) => {
      entry.packHierarchy = [
        at(entry.packHierarchy),
        { ...at(entry.packHierarchy), unit: 'XBX', gtin: '04012345678918' },
      ];
    });
    assert.deepEqual(packs, []);
    const island = (rate: string) =>
      rules(
        after('invoice', (invoice) => {
          Object.assign(at(invoice.allowancesCharges, 3), { category: 'L', rate });
          const { exemptionReason: _reason, exemptionCode: _code, ...entry } = at(invoice.taxBreakdown, 2);
          invoice.taxBreakdown[2] = {
            ...entry,
            category: 'L',
            rate,
          } as Full['invoice']['taxBreakdown'][number];
        }),
      );
    assert.deepEqual(island('0'), []);
    assert.deepEqual(island('-3'), ['BR-AF-07', 'BR-CO-17']);
    const unrated = after('invoice', (invoice) => {
      delete (at(invoice.lines) as unknown as Loose).rate;
      delete (at(invoice.taxBreakdown) as unknown as Loose).rate;
    });
    assert.ok(rules(unrated).includes('BR-48') && rules(unrated).includes('BR-S-05'));
  });

  it('foot an order whose prices include tax', () => {
    const gross = fullOrder();
    // Lines 28.00, freight 5.00, bonus 1.00 with tax in them: 32.00, of which 6.08 are tax.
    Object.assign(gross, { pricesIncludeTax: true });
    Object.assign(gross.totals, { taxExclusive: '25.92', taxInclusive: '32.00', payable: '24.67' });
    assert.deepEqual(checkTotals(gross), []);
    gross.totals.taxExclusive = '38.08';
    assert.deepEqual(paths(checkTotals(gross)), ['/totals/taxExclusive', '/totals/taxInclusive']);
    assert.match(
      at(checkTotals(gross)).message,
      /^lines less discounts plus charges less tax make 25\.92 EUR/,
    );
  });

  it('speak of rounding only where there is some', () => {
    const order = fullOrder();
    order.totals.payable = '1.00';
    assert.match(at(checkTotals(order)).message, /less what is paid plus rounding makes/);
    delete (order.totals as unknown as Loose).rounding;
    assert.match(at(checkTotals(order)).message, /less what is paid makes/);
  });
});
