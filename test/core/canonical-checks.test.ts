import assert from 'node:assert/strict';
import { businessKeyOf, type CanonicalProblem, checkCanonical } from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { CONTRACT_NAMES, type Full, sampleOf } from './canonical-samples';

const contracts = builtinContracts();

/** The problems of a sample after a change that keeps the contract. */
function after<Name extends keyof Full>(name: Name, change: (value: Full[Name]) => void): CanonicalProblem[] {
  const value = sampleOf(name);
  change(value);
  assert.deepEqual(contracts.validate(name, '1.0', value), [], 'the change keeps the contract');
  return checkCanonical(name, value);
}

const paths = (problems: readonly CanonicalProblem[]) => problems.map(({ path }) => path);

/** The entry of a list that must be there. */
function at<Row>(rows: readonly Row[], index = 0): Row {
  const row = rows[index];
  if (row === undefined) throw new Error(`no entry ${index}`);
  return row;
}

describe('checks of canonical objects', () => {
  for (const name of CONTRACT_NAMES) {
    it(`find nothing wrong in the sample of ${name}`, () => {
      assert.deepEqual(checkCanonical(name, sampleOf(name)), []);
    });
  }

  it('say nothing of partners documents', () => {
    assert.deepEqual(checkCanonical('shopify-order', {}), []);
    assert.deepEqual(checkCanonical('toString', {}), []);
  });

  it('report at most 50 problems', () => {
    const problems = after('order', (order) => {
      order.lines = Array.from({ length: 200 }, () => at(order.lines));
    });
    assert.equal(problems.length, 50);
  });

  it('stay fast on the largest documents', () => {
    const order = sampleOf('order');
    const [line] = order.lines;
    if (line === undefined) throw new Error('sample');
    // A chain of 5,000 parents: a recursion would overflow, a walk per line would take 12 million steps.
    order.lines = Array.from({ length: 5000 }, (_each, index) => ({
      ...line,
      lineId: String(index),
      parentLineId: String(index + 1),
    }));
    at(order.lines, 4999).parentLineId = '0';
    const circle = checkCanonical('order', order).filter(({ path }) => path.endsWith('parentLineId'));
    assert.equal(circle.length, 1);
    assert.match(at(circle).message, /in a circle/);
  });
});

describe('checks of an order', () => {
  it('want the parent of a line to be a line of the order', () => {
    const problems = after('order', (order) => {
      at(order.lines, 1).parentLineId = 'elsewhere';
    });
    assert.deepEqual(paths(problems), ['/lines/1/parentLineId']);
  });

  it('want no line to be its own parent, directly or in a circle', () => {
    const self = after('order', (order) => {
      at(order.lines, 1).parentLineId = '2';
    });
    assert.deepEqual(paths(self), ['/lines/1/parentLineId']);
    const circle = after('order', (order) => {
      at(order.lines, 0).parentLineId = '2';
    });
    assert.match(at(circle).message, /lines 1, 2 are each other's parents/);
  });

  it('want no more delivered or returned than shipped', () => {
    const problems = after('order', (order) => {
      at(order.lines).quantity.delivered = '2.5';
      at(order.lines).quantity.returned = '3';
    });
    assert.deepEqual(paths(problems), ['/lines/0/quantity/delivered', '/lines/0/quantity/returned']);
  });

  it('want spans that do not end before they begin, whatever their fractions of seconds', () => {
    const problems = after('order', (order) => {
      order.requestedDelivery = { from: '2026-11-27T00:00:00Z', to: '2026-11-26T00:00:00Z' };
      order.requestedShip = { from: '2026-11-27T00:00:00Z', to: '2026-11-27T00:00:00.5Z' };
    });
    assert.deepEqual(paths(problems), ['/requestedDelivery/to']);
  });

  it('take what is rounded off into the amount to pay', () => {
    const rounded = (rounding: string, payable: string) =>
      paths(
        after('order', (order) => {
          Object.assign(order.totals, { rounding, payable });
        }),
      );
    assert.deepEqual(rounded('0.05', '30.80'), []);
    assert.deepEqual(rounded('-0.75', '30.00'), []);
    assert.deepEqual(rounded('0.05', '30.75'), ['/totals/payable']);
  });
});

describe('checks of an order response', () => {
  const answered = (
    change: (line: Full['order-response']['lines'][number]) => void,
    code: 'AP' | 'CA' | 'RE' = 'CA',
  ) =>
    after('order-response', (response) => {
      response.code = code;
      change(at(response.lines));
    });

  it('want the whole answer to be what its lines say', () => {
    assert.deepEqual(paths(answered(() => {}, 'AP')), ['/code']);
    assert.deepEqual(paths(answered(() => {}, 'RE')), ['/code']);
    const rejected = answered((line) => {
      line.code = '7';
      line.quantity = { ordered: '3', confirmed: '0', backordered: '0', cancelled: '3' };
    }, 'RE');
    assert.deepEqual(rejected, []);
  });

  it("want a line's code to be what its quantities say", () => {
    const asItIs = answered((line) => {
      line.code = '5';
    });
    assert.match(at(asItIs).message, /accepted as it is \(5\), but 2 of 3 are confirmed/);
    const refused = answered((line) => {
      line.code = '7';
    });
    assert.deepEqual(paths(refused), ['/lines/0/quantity/confirmed']);
  });

  it('want confirmed, backordered and cancelled to make what was ordered', () => {
    const problems = answered((line) => {
      line.quantity.cancelled = '1';
    });
    assert.match(
      at(problems).message,
      /2 confirmed and 2 backordered or cancelled make 4, but 3 were ordered/,
    );
  });

  it('let a line be answered in parts, for different dates', () => {
    const parts = (other: string) =>
      paths(
        after('order-response', (response) => {
          const line = at(response.lines);
          response.lines = [
            { ...line, quantity: { ...line.quantity, backordered: '0' } },
            {
              ...line,
              quantity: { ordered: '3', confirmed: '0', backordered: '1', cancelled: '0' },
              promisedDelivery: { from: '2026-12-01T00:00:00Z', to: other },
              promisedShip: { from: '2026-12-01T00:00:00Z', to: other },
            },
          ];
        }),
      );
    assert.deepEqual(parts('2026-12-02T00:00:00Z'), []);
    const twice = after('order-response', (response) => {
      response.lines = [at(response.lines), at(response.lines)];
    });
    assert.deepEqual(paths(twice), ['/lines/1/orderLineId', '/lines/0/quantity']);
  });

  it('want its amounts to foot, in a currency', () => {
    const totals = after('order-response', (response) => {
      response.totals.tax = '3.81';
    });
    assert.deepEqual(paths(totals), ['/totals/taxInclusive']);
    const bare = after('order-response', (response) => {
      delete (response as { currency?: string }).currency;
    });
    assert.deepEqual(paths(bare), ['/currency']);
  });
});

describe('checks of an inventory level', () => {
  const level = (change: Partial<Full['inventory-level']>, without: (keyof Full['inventory-level'])[] = []) =>
    paths(
      after('inventory-level', (value) => {
        Object.assign(value, change);
        for (const key of without) delete (value as Partial<Full['inventory-level']>)[key];
      }),
    );

  it('want no more available than on hand less reserved', () => {
    assert.deepEqual(level({ available: '41', published: '39' }), ['/available']);
    assert.deepEqual(level({ available: '42', published: '40' }, ['unavailable']), []);
    assert.deepEqual(level({ available: '43', published: '41' }, ['unavailable']), ['/available']);
  });

  it('want it exactly, once all that is not sellable is said', () => {
    assert.deepEqual(level({ available: '34', published: '32' }), ['/available']);
    assert.deepEqual(level({ available: '35', published: '33' }), [], 'open demand may be held back');
    assert.deepEqual(level({ available: '35', published: '33' }, ['demand']), ['/available']);
    assert.deepEqual(
      level({ available: '30', published: '28' }, ['unavailable']),
      [],
      'not everything is said',
    );
  });

  it('take an oversold item as 0 or with its shortage', () => {
    const oversold = { onHand: '10', reserved: '15', unavailable: '0', forecast: '90', published: '0' };
    assert.deepEqual(level({ ...oversold, available: '0' }), []);
    assert.deepEqual(level({ ...oversold, available: '-5' }, ['demand']), []);
    assert.deepEqual(level({ ...oversold, available: '-6' }, ['demand']), ['/available']);
    assert.deepEqual(level({ ...oversold, available: '1', published: '0' }), ['/available']);
  });

  it('let what is only promised exceed what is there', () => {
    const location = { ...sampleOf('inventory-level').location, kind: 'dropship' as const };
    assert.deepEqual(level({ location, available: '500', published: '498' }), []);
  });

  it('want what is published to be what is available less the buffer, and never below 0', () => {
    assert.deepEqual(level({ published: '39' }), ['/published']);
    assert.deepEqual(level({ buffer: '60', published: '0' }), []);
    assert.deepEqual(level({ published: '40' }, ['buffer']), []);
    assert.deepEqual(level({ published: '41' }, ['buffer']), ['/published']);
  });

  it('want no forecast above what is there and comes in', () => {
    assert.deepEqual(level({ forecast: '161' }), ['/forecast']);
    assert.deepEqual(level({ forecast: '-20' }), []);
  });
});

describe('checks of an inventory adjustment', () => {
  const adjusted = (change: Partial<Full['inventory-adjustment']>) =>
    paths(after('inventory-adjustment', (value) => Object.assign(value, change)));

  it('want previous and change to make what is there after it', () => {
    assert.deepEqual(adjusted({ resulting: '57' }), ['/resulting']);
    assert.deepEqual(adjusted({ mode: 'absolute', reason: 'count', quantity: '57', resulting: '57.0' }), []);
    assert.deepEqual(adjusted({ mode: 'absolute', reason: 'count', quantity: '57', resulting: '58' }), [
      '/resulting',
    ]);
  });

  it('want a count of 0 or more, and a change that changes', () => {
    assert.deepEqual(adjusted({ mode: 'absolute', reason: 'count', quantity: '-1', resulting: '-1' }), [
      '/quantity',
    ]);
    assert.deepEqual(adjusted({ quantity: '0.00', resulting: '60' }), ['/quantity']);
  });

  it('want a loss to take away, and what was found to add', () => {
    assert.deepEqual(adjusted({ reason: 'loss', quantity: '2', resulting: '62' }), ['/quantity']);
    assert.deepEqual(adjusted({ reason: 'found', quantity: '-2' }), ['/quantity']);
    assert.deepEqual(adjusted({ reason: 'correction', quantity: '2', resulting: '62' }), []);
  });

  it('want a transfer to go somewhere else', () => {
    assert.deepEqual(adjusted({ toLocation: sampleOf('inventory-adjustment').location }), ['/toLocation']);
  });
});

describe('checks of a shipment', () => {
  const shipped = (change: (shipment: Full['shipment']) => void) => paths(after('shipment', change));

  it('want what is packed to be what is shipped', () => {
    assert.deepEqual(
      shipped((shipment) => {
        at(shipment.lines).quantity = '3';
      }),
      ['/lines/0/backordered', '/lines/0/quantity'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        at(shipment.lines).quantity = '1';
      }),
      ['/lines/0/quantity'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        for (const each of shipment.packages) each.contents = [];
      }),
      [],
      'packages that do not say what is in them',
    );
  });

  it('want contents of lines that are there, each piece with one serial number of its own', () => {
    assert.deepEqual(
      shipped((shipment) => {
        at(at(shipment.packages).contents).lineId = '9';
      }),
      ['/packages/0/contents/0/lineId', '/lines/0/quantity'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        at(at(shipment.packages).contents).serials = ['SN-1', 'SN-1'];
      }),
      ['/packages/0/contents/0/serials'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        at(at(shipment.packages).contents).serials = ['SN-1'];
      }),
      ['/packages/0/contents/0/serials'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        at(shipment.lines).unit = 'XCT';
        at(at(shipment.packages).contents).serials = ['SN-1'];
      }),
      [],
      'a carton may have more or fewer',
    );
  });

  it('want packages with ids and SSCCs of their own', () => {
    assert.deepEqual(
      shipped((shipment) => {
        at(shipment.packages, 1).sscc = at(shipment.packages).sscc;
        delete (at(shipment.packages) as { parentSscc?: string }).parentSscc;
      }),
      ['/packages/1/sscc'],
    );
  });

  it('want packages to stand on packages that are there, without circles', () => {
    assert.deepEqual(
      shipped((shipment) => {
        Object.assign(at(shipment.packages, 1), { parentPackageId: 'CARTON-1' });
      }),
      ['/packages/0/parentPackageId'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        const first = at(shipment.packages) as { parentPackageId?: string; parentSscc: string };
        delete first.parentPackageId;
        first.parentSscc = '340123450000000018';
      }),
      ['/packages/0/parentSscc'],
    );
    assert.deepEqual(
      shipped((shipment) => {
        at(shipment.packages).parentSscc = '340123450000000032';
      }),
      ['/packages/0/parentSscc'],
      'id and SSCC of different parents',
    );
  });

  it('count the outermost packages, or those that hold goods, or all', () => {
    const counted = (packages: number) =>
      shipped((shipment) => {
        shipment.totals.packages = packages;
      });
    assert.deepEqual(counted(2), []);
    assert.deepEqual(counted(3), ['/totals/packages']);
  });

  it('want goods to leave before they arrive', () => {
    assert.deepEqual(
      shipped((shipment) => {
        shipment.deliveredAt = '2026-11-24T15:59:59Z';
      }),
      ['/deliveredAt'],
    );
  });
});

describe('checks of a return', () => {
  const returned = (change: (value: Full['return']) => void) => after('return', change);

  it('want its quantities to go down step by step', () => {
    const problems = returned((value) => {
      at(value.lines).quantity = {
        requested: '2',
        authorised: '3',
        received: '3',
        accepted: '2',
        rejected: '2',
      };
    });
    assert.deepEqual(paths(problems), ['/lines/0/quantity/authorised', '/lines/0/quantity/accepted']);
  });

  it('want the refund to be what lines and adjustments add up to', () => {
    const [problem] = returned((value) => {
      value.refund.amount = '15.00';
    });
    assert.equal(problem?.path, '/refund/amount');
    assert.match(problem.message, /16\.80 EUR, but the refund says 15\.00 EUR \(1\.80 EUR apart\)/);
    const fee = returned((value) => {
      value.refund.adjustments.push({
        reasonCode: 'restockingFee',
        reason: 'Fee',
        amount: '-5.00',
        tax: '-0.80',
      });
      value.refund.amount = '11.80';
      value.refund.tax = '1.88';
    });
    assert.deepEqual(fee, []);
  });

  it('want the tax to be within the amount', () => {
    const problems = returned((value) => {
      at(value.lines).refund.tax = '12.00';
      value.refund.tax = '12.78';
    });
    assert.deepEqual(paths(problems), ['/lines/0/refund/tax']);
  });

  it('take a refund without parts, and refuse a return of nothing', () => {
    const money = returned((value) => {
      value.lines = [];
      value.refund.adjustments = [];
    });
    assert.deepEqual(money, []);
    const nothing = returned((value) => {
      value.lines = [];
      delete (value as { refund?: unknown }).refund;
    });
    assert.deepEqual(paths(nothing), ['/lines']);
  });

  it('want a currency for amounts', () => {
    const problems = returned((value) => {
      delete (value as { currency?: string }).currency;
    });
    assert.deepEqual(paths(problems), ['/currency']);
  });
});

describe('checks of master data', () => {
  const row = () => at(sampleOf('product-cross-reference').identifiers);
  const identified = (rows: Full['product-cross-reference']['identifiers']) =>
    after('product-cross-reference', (value) => {
      value.identifiers = rows;
    });

  it('want one name of one partner to hold once at a time', () => {
    const again = { ...row(), validFrom: '2026-12-31T23:59:59Z', validTo: '2028-01-01T00:00:00Z' };
    const [problem] = identified([row(), again]);
    assert.equal(problem?.path, '/identifiers/1');
    assert.match(problem.message, /entries 1 and 2 .* hold at the same time/);
    assert.deepEqual(
      identified([row(), { ...again, validFrom: '2027-01-01T00:00:00Z' }]),
      [],
      'one after the other',
    );
    assert.deepEqual(identified([row(), { ...again, partnerId: 'other' }]), []);
    assert.deepEqual(identified([row(), { ...again, status: 'suggested' }]), []);
  });

  it('find an overlap that is not between neighbours, and open ends', () => {
    const span = (validFrom: string | undefined, validTo: string | undefined) => {
      const { validFrom: _from, validTo: _to, ...rest } = row();
      return { ...rest, ...(validFrom && { validFrom }), ...(validTo && { validTo }) } as ReturnType<
        typeof row
      >;
    };
    const long = span('2026-01-01T00:00:00Z', undefined);
    const short = span('2025-01-01T00:00:00Z', '2025-02-01T00:00:00Z');
    const later = span('2027-01-01T00:00:00Z', '2027-02-01T00:00:00Z');
    const latest = span('2028-01-01T00:00:00Z', '2028-02-01T00:00:00Z');
    assert.deepEqual(paths(identified([latest, later, long, short])), ['/identifiers/2', '/identifiers/2']);
    assert.deepEqual(paths(identified([span(undefined, undefined), short])), ['/identifiers/1']);
  });

  it('want a span to begin before it ends', () => {
    const problems = identified([{ ...row(), validTo: '2026-01-01T00:00:00Z' }]);
    assert.deepEqual(paths(problems), ['/identifiers/0/validTo']);
  });

  it('want packs from small to large, each unit once', () => {
    const packed = (packs: [unit: string, quantity: string][]) =>
      paths(
        after('product-cross-reference', (value) => {
          const pack = at(value.packHierarchy);
          value.packHierarchy = packs.map(([unit, quantityInBase], index) => ({
            ...pack,
            unit,
            quantityInBase,
            gtin: `0401234567890${index}`,
          }));
        }),
      );
    assert.deepEqual(
      packed([
        ['C62', '1'],
        ['XCT', '12'],
        ['XPX', '480'],
      ]),
      [],
    );
    assert.deepEqual(
      packed([
        ['XPX', '480'],
        ['XCT', '12'],
      ]),
      ['/packHierarchy/1/quantityInBase'],
    );
    assert.deepEqual(packed([['C62', '2']]), ['/packHierarchy/0/quantityInBase']);
    assert.deepEqual(
      packed([
        ['XCT', '12'],
        ['XCT', '24'],
      ]),
      ['/packHierarchy/1/unit'],
    );
  });

  it('want one primary address per use at a time', () => {
    const addressed = (change: object) =>
      paths(
        after('party', (party) => {
          const [address] = party.addresses;
          if (address === undefined) throw new Error('sample');
          party.addresses.push({ ...address, addressId: 'dock-5', ...change });
        }),
      );
    assert.deepEqual(addressed({}), ['/addresses/1']);
    assert.deepEqual(addressed({ primary: false }), []);
    assert.deepEqual(addressed({ usage: ['billing'] }), []);
    assert.deepEqual(addressed({ validFrom: '2027-01-01T00:00:00Z', validTo: '2028-01-01T00:00:00Z' }), []);
    assert.deepEqual(addressed({ addressId: 'dock-4', primary: false }), ['/addresses/1']);
  });

  it('want no party to be its own parent', () => {
    const problems = after('party', (party) => {
      party.commercialParentId = party.partyId;
    });
    assert.deepEqual(paths(problems), ['/commercialParentId']);
  });
});

describe('business keys', () => {
  it('are these', () => {
    const keys = Object.fromEntries(
      CONTRACT_NAMES.map((name) => [name, businessKeyOf(name, sampleOf(name))]),
    );
    assert.deepEqual(keys, {
      order: 'shop-eu:acme.example:450789469',
      'order-response': 'order-response:shop-eu:acme.example:S00042-R1',
      'inventory-level': 'inventory-level:odoo%3Amain:main:CD-TAPE-48:lot=L2026-11',
      'inventory-adjustment': 'inventory-adjustment:odoo%3Amain:WH/ADJ/00017-1',
      shipment: 'shipment:shop-eu:acme.example:WH/OUT/00042',
      return: 'return:shop-eu:acme.example:R-1',
      invoice: 'invoice:shop-eu:acme.example:INV/2026/00042',
      'product-cross-reference': 'product-cross-reference:CD-TAPE-48',
      party: 'party:acme',
    });
  });

  it('never make two objects one', () => {
    const key = (channel: string, account: string, shipmentId: string) =>
      businessKeyOf('shipment', { ...sampleOf('shipment'), channel, account, shipmentId });
    assert.notEqual(key('a:b', 'c', '1'), key('a', 'b:c', '1'));
    assert.notEqual(key('a', 'b', 'c:1'), key('a', 'b:c', '1'));
    assert.notEqual(key('a%3A', 'b', '1'), key('a:', 'b', '1'));
    const level = sampleOf('inventory-level');
    const keys = new Set([
      businessKeyOf('inventory-level', level),
      businessKeyOf('inventory-level', { ...level, lot: undefined }),
      businessKeyOf('inventory-level', { ...level, condition: 'damaged' }),
      businessKeyOf('inventory-level', { ...level, lot: undefined, condition: 'damaged' }),
      businessKeyOf('inventory-level', { ...level, item: { identifiers: [{ scheme: 'gtin', value: '1' }] } }),
    ]);
    assert.equal(keys.size, 5);
  });

  it('are of canonical objects only', () => {
    assert.throws(() => businessKeyOf('shopify-order', {}), {
      code: 'CONTRACT_NOT_CANONICAL',
      kind: 'permanent',
    });
  });
});
