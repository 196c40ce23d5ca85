import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decimal } from '../../core/canonical/decimal';
import { CrossdockError } from '../../core/errors';
import {
  aliasesOf,
  aliasOf,
  checkOdooUnits,
  convert,
  convertRounded,
  type OdooUnit,
  odooRatio,
  resolveUnit,
  searchUnits,
  suggestUnits,
  UNIT_SCHEMES,
  unitOf,
  units,
} from '../../core/units';
import { random } from './random';

const refused = (code: string) => (error: unknown) => error instanceof CrossdockError && error.code === code;

/** "3,785 412 x 10⁻³ m³" as a number; undefined for a unit alone. */
function printed(text: string): number | undefined {
  const plain = text.replaceAll(/[\s\u00a0]/g, '').replaceAll(',', '.');
  const superscript = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  const power = /^(?:(\d+(?:\.\d+)?)[x×])?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/.exec(plain);
  if (power !== null) {
    const [, figure = '1', raised = ''] = power;
    const exponent = [...raised].map((c) => (c === '⁻' ? '-' : String(superscript.indexOf(c)))).join('');
    return Number(`${figure}e${exponent}`);
  }
  const figure = /^\d+(?:\.\d+)?(?![\d-])/.exec(plain);
  return figure === null ? undefined : Number(figure[0]);
}

describe('units', () => {
  it('exact factors agree with what Recommendation 20 prints, to its rounding', () => {
    const file = readFileSync(join(__dirname, '../../../test/fixtures/units/rec20-factors.txt'), 'utf8');
    let compared = 0;
    const wrong: string[] = [];
    for (const line of file.split('\n').filter((row) => row !== '' && !row.startsWith('#'))) {
      const [code = '', text = ''] = line.split('\t');
      const theirs = printed(text);
      if (theirs === undefined) continue;
      compared += 1;
      const ours = Number(unitOf(code)?.factor);
      if (Math.abs(ours / theirs - 1) > 5e-6) wrong.push(`${code} ${ours} ${text}`);
    }
    assert.ok(compared > 140, `${compared} compared`);
    // Misprints of the Recommendation: the troy ounce by a digit, the square mile in km².
    assert.deepEqual(
      wrong.map((row) => row.split(' ')[0]),
      ['APZ', 'MIK'],
    );
  });

  const conversions: [string, string, string, string][] = [
    ['1', 'LBR', 'KGM', '0.45359237'],
    ['16', 'ONZ', 'LBR', '1'],
    ['1', 'ONZ', 'GRM', '28.349523125'],
    ['2000', 'LBR', 'STN', '1'],
    ['1', 'GLL', 'LTR', '3.785411784'],
    ['4', 'QTL', 'GLL', '1'],
    ['128', 'OZA', 'GLL', '1'],
    ['160', 'OZI', 'GLI', '1'],
    ['8', 'PTI', 'GLI', '1'],
    ['5280', 'FOT', 'SMI', '1'],
    ['43560', 'FTK', 'ACR', '1'],
    ['1728', 'INQ', 'FTQ', '1'],
    ['27', 'FTQ', 'YDQ', '1'],
    ['640', 'ACR', 'MIK', '1'],
    ['1', 'KWH', 'JOU', '3600000'],
    ['90', 'MIN', 'HUR', '1.5'],
    ['3', 'DZN', 'EA', '36'],
    ['1', 'GRO', 'DZN', '12'],
    ['7', 'H87', 'C62', '7'],
    ['0', 'KGM', 'GRM', '0'],
    ['-2.5', 'KGM', 'GRM', '-2500'],
    ['1', 'MMQ', 'H20', '0.000000000000000001'],
  ];
  for (const [quantity, from, to, wanted] of conversions) {
    it(`${quantity} ${from} = ${wanted} ${to}`, () => {
      assert.deepEqual(convert(quantity, from, to), { value: wanted, exact: true });
    });
  }

  it('says when a result has no finite end', () => {
    assert.deepEqual(convert('1', 'EA', 'DZN'), { value: '0.0833333333333333333333333333333', exact: false });
  });

  it('refuses other kinds, packagings of unknown content, units without a size, and unknown codes', () => {
    assert.throws(() => convert('1', 'KGM', 'LTR'), refused('UNIT_KINDS_DIFFER'));
    assert.throws(() => convert('1', 'EA', 'KGM'), refused('UNIT_KINDS_DIFFER'));
    assert.throws(() => convert('1', 'XCS', 'EA'), refused('UNIT_PACKAGING_UNKNOWN'));
    assert.throws(() => convert('1', 'EA', 'XCS'), refused('UNIT_PACKAGING_UNKNOWN'));
    assert.throws(() => convert('1', 'MON', 'DAY'), refused('UNIT_NOT_CONVERTIBLE'));
    assert.throws(() => convert('1', 'CEL', 'FAH'), refused('UNIT_NOT_CONVERTIBLE'));
    assert.throws(() => convert('1', 'CS', 'EA'), refused('UNIT_NOT_CONVERTIBLE'));
    assert.throws(() => convert('1', '??', 'EA'), refused('UNIT_UNKNOWN'));
    assert.throws(() => convert('NaN', 'EA', 'EA'), refused('QUANTITY_INVALID'));
  });

  it('a packaging holds what the product says, through several levels', () => {
    const packagings = [
      { unit: 'XPX', quantity: '40', of: 'XCS' },
      { unit: 'XCS', quantity: '24', of: 'EA' },
    ];
    assert.equal(convert('2', 'XPX', 'EA', packagings).value, '1920');
    assert.equal(convert('12', 'XCS', 'DZN', packagings).value, '24');
    assert.equal(convert('1920', 'EA', 'XPX', packagings).value, '2');
    assert.equal(convert('2', 'XPX', 'XCS', packagings).value, '80');
    assert.throws(() => convert('1', 'XCS', 'KGM', packagings), refused('UNIT_KINDS_DIFFER'));
    const circle = [
      { unit: 'XPX', quantity: '2', of: 'XCS' },
      { unit: 'XCS', quantity: '2', of: 'XPX' },
    ];
    assert.throws(() => convert('1', 'XPX', 'EA', circle), refused('UNIT_PACKAGING_UNKNOWN'));
    const nothing = [{ unit: 'XCS', quantity: '0', of: 'EA' }];
    assert.throws(() => convert('1', 'XCS', 'EA', nothing), refused('UNIT_PACKAGING_UNKNOWN'));
  });

  it('a rounded quantity is passed on only when the way back gives it again', () => {
    assert.equal(convertRounded('12', 'LBR', 'KGM', 3), '5.443');
    assert.equal(convertRounded('24', 'EA', 'DZN', 2), '2');
    // A third of a dozen pieces away: 7 pieces are 0.58 dozen, which are 6.96 pieces.
    assert.throws(() => convertRounded('7', 'EA', 'DZN', 2), refused('UNIT_ROUND_TRIP'));
    assert.throws(() => convertRounded('1', 'MMT', 'KMT', 2), refused('UNIT_ROUND_TRIP'));
  });

  it('there and back is the same, for any two units of a kind', () => {
    const next = random(20);
    const sized = [...units().values()].filter(({ factor }) => factor !== undefined);
    for (let run = 0; run < 3000; run += 1) {
      const from = sized[next(sized.length)];
      const same = sized.filter(({ kind }) => kind === from?.kind);
      const to = same[next(same.length)];
      assert.ok(from !== undefined && to !== undefined);
      const quantity = `${next(100000)}.${next(1000)}`;
      const there = convert(quantity, from.code, to.code);
      const back = decimal(1).times(convert(decimal(1).times(there.value), to.code, from.code).value);
      const off = back.minus(quantity).abs();
      assert.ok(
        off.lte('1e-20'),
        `${quantity} ${from.code} -> ${there.value} ${to.code} -> ${back.toFixed()}`,
      );
      if (there.exact) assert.ok(off.eq(0), `${from.code} ${to.code} ${quantity}`);
    }
  });
});

describe('unit aliases', () => {
  it('name current codes only', () => {
    for (const scheme of UNIT_SCHEMES) {
      for (const [alias, meanings] of aliasesOf(scheme)) {
        for (const code of meanings)
          assert.equal(unitOf(code)?.status, 'active', `${scheme} ${alias} ${code}`);
      }
    }
  });

  const known: [(typeof UNIT_SCHEMES)[number], string, string][] = [
    ['x12', 'EA', 'EA'],
    ['x12', 'ca', 'XCS'],
    ['x12', 'LB', 'LBR'],
    ['x12', 'QT', 'QTL'],
    ['edifact', 'PCE', 'H87'],
    ['edifact', 'CT', 'XCT'],
    ['edifact', 'PX', 'XPX'],
    ['edifact', 'KGM', 'KGM'],
    ['edifact', 'QT', 'QTL'],
    ['edifact', 'XPK', 'XPK'],
    ['shopify', 'kg', 'KGM'],
    ['amazon', 'CUBIC_CENTIMETERS', 'CMQ'],
    ['amazon', 'Cases', 'XCS'],
    ['odoo', 'uom.product_uom_qt', 'QTL'],
    ['odoo', 'uom.product_uom_millimeter', 'MMT'],
    ['odoo', 'product_uom_unit', 'C62'],
    ['rec20', 'QT', 'QTL'],
  ];
  for (const [scheme, code, wanted] of known) {
    it(`${scheme} ${code} = ${wanted}`, () => {
      assert.deepEqual(resolveUnit(scheme, code), { type: 'known', code: wanted });
    });
  }

  it('what says too little or nothing stays unknown: never a guess, never C62', () => {
    assert.deepEqual(resolveUnit('x12', 'CS'), { type: 'ambiguous', candidates: ['XCS', 'XCQ'] });
    assert.equal(resolveUnit('x12', 'PT').type, 'ambiguous');
    // KGM is a code of Recommendation 20, and none of X12.
    assert.equal(resolveUnit('x12', 'KGM').type, 'unknown');
    assert.equal(resolveUnit('edifact', 'ZZQ').type, 'unknown');
    assert.equal(resolveUnit('rec20', 'CT').type, 'unknown');
    assert.equal(resolveUnit('odoo', 'uom.product_uom_pack_6').type, 'unknown');
    assert.equal(resolveUnit('odoo', '__export__.uom_uom_27').type, 'unknown');
    assert.equal(resolveUnit('partner', 'EA').type, 'unknown');
    assert.equal(resolveUnit('shopify', 'constructor').type, 'unknown');
  });

  it('never hide a current code of the Recommendations that means another thing', () => {
    for (const [alias, meanings] of aliasesOf('edifact')) {
      if (unitOf(alias)?.status === 'active') assert.ok(meanings.includes(alias), alias);
    }
  });

  it('lead back: what we write for a code is read as that code', () => {
    for (const scheme of UNIT_SCHEMES) {
      for (const code of units().keys()) {
        const alias = aliasOf(scheme, code);
        if (alias === undefined || unitOf(code)?.status !== 'active') continue;
        assert.deepEqual(resolveUnit(scheme, alias), { type: 'known', code }, `${scheme} ${code} ${alias}`);
      }
    }
    assert.equal(aliasOf('odoo', 'KGM'), 'uom.product_uom_kgm');
    assert.equal(aliasOf('x12', 'XCS'), 'CA');
    assert.equal(aliasOf('shopify', 'XCS'), undefined);
  });

  it('suggest meanings with a reason, and find units by name', () => {
    assert.deepEqual(
      suggestUnits('CS', 'x12').map(({ code }) => code),
      ['XCS', 'XCQ'],
    );
    assert.equal(suggestUnits('Karton')[0]?.code, 'XCT');
    assert.equal(suggestUnits('Stk.')[0]?.code, 'H87');
    assert.deepEqual(suggestUnits('nonsense'), []);
    assert.equal(searchUnits('kilogram', units().values())[0]?.code, 'KGM');
    assert.equal(searchUnits('pallet', units().values())[0]?.code, 'XPX');
  });
});

describe('units of Odoo', () => {
  const nineteen: OdooUnit[] = [
    { id: 1, name: 'Units', factor: 1, parentPath: '1/', xmlId: 'uom.product_uom_unit' },
    { id: 2, name: 'Pack of 6', factor: 6, parentPath: '1/2/', xmlId: 'uom.product_uom_pack_6' },
    { id: 3, name: 'Dozen', factor: 12, parentPath: '1/3/', xmlId: 'uom.product_uom_dozen' },
    { id: 15, name: 'g', factor: 1, parentPath: '15/', xmlId: 'uom.product_uom_gram' },
    { id: 16, name: 'oz', factor: 28.3495, parentPath: '15/16/', xmlId: 'uom.product_uom_oz' },
    { id: 17, name: 'kg', factor: 1000, parentPath: '15/17/', xmlId: 'uom.product_uom_kgm' },
  ];
  const eighteen: OdooUnit[] = [
    { id: 1, name: 'Units', factor: 1, category: 1, xmlId: 'uom.product_uom_unit' },
    { id: 2, name: 'Box of 24', factor: 0.041666666666666664, category: 1 },
    { id: 3, name: 'Dozen', factor: 0.08333333333333333, category: 1, xmlId: 'uom.product_uom_dozen' },
    { id: 4, name: 'Case of 7', factor: 0.142857, category: 1 },
    { id: 12, name: 'kg', factor: 1, category: 2, xmlId: 'uom.product_uom_kgm' },
    { id: 13, name: 'oz', factor: 35.274, category: 2, xmlId: 'uom.product_uom_oz' },
    { id: 14, name: 't', factor: 0.001, category: 2, xmlId: 'uom.product_uom_ton' },
  ];
  const named = (all: OdooUnit[], name: string): OdooUnit => {
    const found = all.find((unit) => unit.name === name);
    assert.ok(found);
    return found;
  };

  it('the factor means the opposite since 19', () => {
    assert.equal(odooRatio(named(nineteen, 'Pack of 6'), named(nineteen, 'Units'), 19), '6');
    assert.equal(odooRatio(named(eighteen, 'Box of 24'), named(eighteen, 'Units'), 18), '24');
    assert.equal(odooRatio(named(eighteen, 'Case of 7'), named(eighteen, 'Units'), 16), '7');
    assert.equal(odooRatio(named(eighteen, 'Box of 24'), named(eighteen, 'Dozen'), 18), '2');
  });

  it('kilograms are not counted, though Odoo 19 would', () => {
    assert.throws(
      () => odooRatio(named(nineteen, 'kg'), named(nineteen, 'Units'), 19),
      refused('UNIT_KINDS_DIFFER'),
    );
    assert.throws(
      () => odooRatio(named(eighteen, 'kg'), named(eighteen, 'Units'), 18),
      refused('UNIT_KINDS_DIFFER'),
    );
    assert.throws(
      () => odooRatio({ id: 9, name: 'x', factor: 0, parentPath: '1/9/' }, named(nineteen, 'Units'), 19),
      refused('ODOO_UNIT_INVALID'),
    );
  });

  it("rounded factors of Odoo's are found", () => {
    const by = new Map(checkOdooUnits(nineteen, 19).map((check) => [check.unit.name, check]));
    assert.equal(by.get('oz')?.exactSize, '28.349523125');
    assert.equal(by.get('oz')?.error?.startsWith('-0.00000081'), true, by.get('oz')?.error);
    assert.equal(by.get('kg')?.error, undefined);
    assert.equal(by.get('Pack of 6')?.code, undefined);
    assert.equal(by.get('Dozen')?.error, undefined);
    const old = new Map(checkOdooUnits(eighteen, 17).map((check) => [check.unit.name, check]));
    assert.equal(old.get('Dozen')?.error, undefined);
    assert.equal(old.get('t')?.exactSize, '1000');
    assert.notEqual(old.get('oz')?.error, undefined);
  });
});
