import assert from 'node:assert/strict';
import { checkCanonical } from '../../core/canonical';
import { builtinContracts } from '../../core/contract';
import { type Full, sampleOf } from './canonical-samples';

type Sample = Full['invoice'];

const contracts = builtinContracts();

function after(change: (invoice: Sample) => void) {
  const invoice = sampleOf('invoice');
  change(invoice);
  assert.deepEqual(contracts.validate('invoice', '1.0', invoice), [], 'the change keeps the contract');
  return checkCanonical('invoice', invoice);
}

/** The first entry of a list, or another one. */
function at<Row>(rows: readonly Row[], index = 0): Row {
  const row = rows[index];
  if (row === undefined) throw new Error(`no entry ${index}`);
  return row;
}

/** Sets every figure anew from lines, discounts and charges, so that one rule can be broken alone. */
function foot(invoice: Sample, tax: Record<string, string>): void {
  const cents = (text: string) => Math.round(Number(text) * 100);
  const text = (value: number) => (value / 100).toFixed(2);
  const total = (rows: number[]) => rows.reduce((sum, value) => sum + value, 0);
  const { totals } = invoice;
  totals.lineExtension = text(total(invoice.lines.map(({ netAmount }) => cents(netAmount))));
  const amounts = (isCharge: boolean) =>
    total(
      invoice.allowancesCharges.filter((row) => row.isCharge === isCharge).map(({ amount }) => cents(amount)),
    );
  totals.allowance = text(amounts(false));
  totals.charge = text(amounts(true));
  totals.taxExclusive = text(cents(totals.lineExtension) - amounts(false) + amounts(true));
  for (const entry of invoice.taxBreakdown) {
    const found = tax[`${entry.category} ${entry.rate}`];
    if (found !== undefined) entry.tax = found;
  }
  totals.tax = text(total(invoice.taxBreakdown.map((entry) => cents(entry.tax))));
  totals.taxInclusive = text(cents(totals.taxExclusive) + cents(totals.tax));
  totals.payable = text(cents(totals.taxInclusive) - cents(totals.prepaid) + cents(totals.rounding));
}

describe('checks of an invoice', () => {
  /** What breaks each rule, and nothing else; the place that is named. */
  const broken: [rule: string, path: string, change: (invoice: Sample) => void][] = [
    [
      'BR-CO-10',
      '/totals/lineExtension',
      (invoice) => {
        // All that follows from the sum of the lines keeps to the wrong one.
        Object.assign(invoice.totals, {
          lineExtension: '28.01',
          taxExclusive: '57.01',
          taxInclusive: '64.68',
          payable: '54.71',
        });
      },
    ],
    [
      'BR-CO-11',
      '/totals/allowance',
      (invoice) => {
        Object.assign(invoice.totals, {
          allowance: '1.01',
          taxExclusive: '56.99',
          taxInclusive: '64.66',
          payable: '54.69',
        });
      },
    ],
    [
      'BR-CO-12',
      '/totals/charge',
      (invoice) => {
        Object.assign(invoice.totals, {
          charge: '30.01',
          taxExclusive: '57.01',
          taxInclusive: '64.68',
          payable: '54.71',
        });
      },
    ],
    [
      'BR-CO-13',
      '/totals/taxExclusive',
      (invoice) => {
        Object.assign(invoice.totals, { taxExclusive: '57.01', taxInclusive: '64.68', payable: '54.71' });
      },
    ],
    [
      'BR-CO-14',
      '/totals/tax',
      (invoice) => {
        Object.assign(invoice.totals, { tax: '7.68', taxInclusive: '64.68', payable: '54.71' });
      },
    ],
    [
      'BR-CO-15',
      '/totals/taxInclusive',
      (invoice) => {
        Object.assign(invoice.totals, { taxInclusive: '64.68', payable: '54.71' });
      },
    ],
    [
      'BR-CO-16',
      '/totals/payable',
      (invoice) => {
        invoice.totals.payable = '54.67';
      },
    ],
    [
      'BR-CO-17',
      '/taxBreakdown/1/tax',
      (invoice) => {
        foot(invoice, { 'S 7': '1.42' });
      },
    ],
    [
      'BR-CO-09',
      '/buyer/identifiers/0/value',
      (invoice) => {
        at(invoice.buyer.identifiers).value = '123456789';
      },
    ],
    [
      'BR-CO-25',
      '/dueOn',
      (invoice) => {
        delete (invoice as { dueOn?: string }).dueOn;
        delete (invoice as { paymentTerms?: object }).paymentTerms;
      },
    ],
    [
      'BR-CO-26',
      '/seller/identifiers',
      (invoice) => {
        invoice.seller.identifiers = [];
      },
    ],
    [
      'BR-27',
      '/lines/0/unitPrice/amount',
      (invoice) => {
        // The negative quantity makes the amount right again, but the price may not carry the sign.
        Object.assign(at(invoice.lines), {
          quantity: '-3',
          unitPrice: { amount: '-10.00', baseQuantity: '1' },
        });
      },
    ],
    [
      'BR-29',
      '/period/to',
      (invoice) => {
        invoice.period.to = '2026-10-31';
      },
    ],
    [
      'BR-30',
      '/lines/0/period/to',
      (invoice) => {
        at(invoice.lines).period.to = '2026-10-31';
      },
    ],
    [
      'PEPPOL-EN16931-R120',
      '/lines/0/netAmount',
      (invoice) => {
        at(invoice.lines).quantity = '4';
      },
    ],
    [
      'PEPPOL-EN16931-R040',
      '/allowancesCharges/0/amount',
      (invoice) => {
        at(invoice.allowancesCharges).percent = '11';
      },
    ],
    [
      'BR-S-01',
      '/taxBreakdown/3',
      (invoice) => {
        invoice.taxBreakdown.push({
          ...at(invoice.taxBreakdown),
          taxable: '33.00',
          tax: '0.00',
          rate: '19.0',
        });
      },
    ],
    [
      'BR-S-05',
      '/lines/0/rate',
      (invoice) => {
        at(invoice.lines).rate = '0';
        Object.assign(at(invoice.taxBreakdown), { taxable: '5.00', tax: '0.95' });
        invoice.taxBreakdown.splice(1, 0, {
          ...at(invoice.taxBreakdown),
          rate: '0',
          taxable: '28.00',
          tax: '0.00',
        });
        foot(invoice, {});
      },
    ],
    [
      'BR-S-08',
      '/taxBreakdown/0/taxable',
      (invoice) => {
        Object.assign(at(invoice.taxBreakdown), { taxable: '33.01', tax: '6.27' });
      },
    ],
    [
      'BR-E-09',
      '/taxBreakdown/2/tax',
      (invoice) => {
        foot(invoice, { 'E 0': '0.76' });
      },
    ],
    [
      'BR-E-07',
      '/allowancesCharges/3/rate',
      (invoice) => {
        at(invoice.allowancesCharges, 3).rate = '19';
      },
    ],
    [
      'BR-E-10',
      '/taxBreakdown/2/exemptionReason',
      (invoice) => {
        const { exemptionReason: _reason, exemptionCode: _code, ...rest } = at(invoice.taxBreakdown, 2);
        invoice.taxBreakdown[2] = rest as Sample['taxBreakdown'][number];
      },
    ],
    [
      'BR-S-10',
      '/taxBreakdown/0/exemptionReason',
      (invoice) => {
        at(invoice.taxBreakdown).exemptionReason = 'No reason';
      },
    ],
    [
      'BR-DEC-23',
      '/lines/0/netAmount',
      (invoice) => {
        at(invoice.lines).netAmount = '28.000000001';
      },
    ],
  ];

  for (const [rule, path, change] of broken) {
    it(`name ${rule} when it is broken`, () => {
      const problems = after(change);
      const [first] = problems.filter((problem) => problem.rule === rule);
      assert.ok(first, `${rule} is not among ${JSON.stringify(problems)}`);
      assert.equal(first.path, path);
      assert.ok(first.message.startsWith(`${rule}: `), first.message);
      const tolerated =
        rule === 'BR-DEC-23' ? ['BR-CO-10', 'BR-S-08'] : rule === 'BR-S-01' ? ['BR-CO-17'] : [];
      const others = problems.filter(
        (problem) => problem.rule !== rule && !tolerated.includes(problem.rule ?? ''),
      );
      assert.deepEqual(others, [], 'nothing else is broken');
    });
  }

  it('name the category of a row that the tax breakdown lacks', () => {
    const problems = after((invoice) => {
      invoice.taxBreakdown.pop();
    });
    assert.ok(problems.some(({ rule, path }) => rule === 'BR-E-01' && path === '/taxBreakdown'));
  });

  it('call each category by the standard name', () => {
    const names = (['Z', 'AE', 'K', 'G', 'L', 'M'] as const).map((category) => {
      const problems = after((invoice) => {
        at(invoice.taxBreakdown, 2).category = category;
      });
      return problems.find(({ path }) => path === '/taxBreakdown/2/taxable')?.rule;
    });
    assert.deepEqual(names, ['BR-Z-08', 'BR-AE-08', 'BR-IC-08', 'BR-G-08', 'BR-AF-08', 'BR-AG-08']);
  });

  it('want no rate outside of VAT (O)', () => {
    const outside = (rate: { rate?: string }) =>
      after((invoice) => {
        const { rate: _rate, ...charge } = at(invoice.allowancesCharges, 3);
        invoice.allowancesCharges[3] = {
          ...charge,
          category: 'O',
          ...rate,
        } as Sample['allowancesCharges'][number];
        const { rate: _other, ...entry } = at(invoice.taxBreakdown, 2);
        invoice.taxBreakdown[2] = { ...entry, category: 'O' } as Sample['taxBreakdown'][number];
      }).map(({ rule }) => rule);
    assert.deepEqual(outside({}), []);
    assert.deepEqual(outside({ rate: '0' }), ['BR-O-07']);
  });

  it('take the tax that was rounded by row, and not a cent more', () => {
    // Four rows of 0.49 at 7 %: 0.0343 each; rounded by row 0.12 (4 x 0.03), together 0.14.
    const rounded = (tax: string) =>
      after((invoice) => {
        invoice.allowancesCharges = invoice.allowancesCharges.slice(0, 1);
        const line = at(invoice.lines);
        const small = {
          ...line,
          quantity: '1',
          unitPrice: { amount: '0.49', baseQuantity: '1' },
          allowancesCharges: [],
          netAmount: '0.49',
          rate: '7',
        };
        invoice.lines = [line, ...['2', '3', '4', '5'].map((lineId) => ({ ...small, lineId }))];
        invoice.taxBreakdown = [
          at(invoice.taxBreakdown),
          { category: 'S', rate: '7', taxable: '1.96', tax } as Sample['taxBreakdown'][number],
        ];
        foot(invoice, {});
      }).map(({ rule }) => rule);
    assert.deepEqual(rounded('0.12'), []);
    assert.deepEqual(rounded('0.14'), []);
    assert.deepEqual(rounded('0.11'), ['BR-CO-17']);
    assert.deepEqual(rounded('0.16'), ['BR-CO-17']);
  });

  it('take a tax that is what a price including it leaves, as Odoo reckons it', () => {
    // 9.36 at 19 % included: 7.87 net (7.8655), and 1.49 remain; 19 % of 7.87 are 1.4953.
    const included = (tax: string) =>
      after((invoice) => {
        invoice.allowancesCharges = [];
        const line = {
          ...at(invoice.lines),
          quantity: '1',
          allowancesCharges: [],
          netAmount: '7.87',
          rate: '19',
        };
        invoice.lines = [{ ...line, unitPrice: { amount: '7.87', baseQuantity: '1' } }];
        invoice.taxBreakdown = [
          { category: 'S', rate: '19', taxable: '7.87', tax } as Sample['taxBreakdown'][number],
        ];
        foot(invoice, {});
      }).map(({ rule }) => rule);
    assert.deepEqual(included('1.49'), []);
    assert.deepEqual(included('1.50'), []);
    assert.deepEqual(included('1.48'), ['BR-CO-17']);
    assert.deepEqual(included('1.51'), ['BR-CO-17']);
  });

  it('count in the minor unit of the currency', () => {
    const yen = after((invoice) => {
      invoice.currency = 'JPY';
    });
    assert.ok(yen.some(({ message }) => /fraction digits than JPY has \(0\)/.test(message)));
    const dinar = after((invoice) => {
      invoice.currency = 'KWD';
    });
    assert.deepEqual(dinar, []);
    const strict = after((invoice) => {
      invoice.currency = 'KWD';
      invoice.totals.payable = '54.701';
    });
    assert.match(at(strict).message, /54\.700 KWD, but the invoice says 54\.701 KWD \(0\.001 KWD apart\)/);
  });

  it('ask no credit note, no draft and no paid invoice when it is due', () => {
    const asked = (change: object, payable = '54.70') =>
      after((invoice) => {
        delete (invoice as { dueOn?: string }).dueOn;
        delete (invoice as { paymentTerms?: object }).paymentTerms;
        Object.assign(invoice, change);
        if (payable === '0.00') Object.assign(invoice.totals, { prepaid: '64.70', payable });
      }).map(({ rule }) => rule);
    assert.deepEqual(asked({}), ['BR-CO-25']);
    assert.deepEqual(asked({ kind: '381' }), []);
    assert.deepEqual(asked({ status: 'draft' }), []);
    assert.deepEqual(asked({}, '0.00'), []);
    assert.deepEqual(asked({ paymentTerms: { netDays: 14 } }), []);
    assert.deepEqual(asked({ paymentTerms: { text: 'at once' } }), []);
    assert.deepEqual(asked({ dueOn: '2026-12-25' }), []);
    assert.deepEqual(asked({ paymentTerms: { discountDays: 10 } }), ['BR-CO-25'], 'a discount is no term');
  });

  it('do not quote identifiers of parties', () => {
    const [problem] = after((invoice) => {
      at(invoice.seller.identifiers).value = '998877';
    });
    assert.equal(problem?.rule, 'BR-CO-09');
    assert.ok(!problem.message.includes('998877'));
  });
});
