import assert from 'node:assert/strict';
import {
  checkDigit,
  dunsHint,
  expandUpcE,
  gtinAtLevel,
  isChecked,
  type Read,
  readGln,
  readGtin,
  readSscc,
  vatHint,
} from '../../core/identifiers';
import { random } from './random';

function value<T>(read: Read<T>): T {
  assert.ok('value' in read, 'fault' in read ? read.fault : '');
  return read.value;
}
function fault<T>(read: Read<T>): string {
  assert.ok('fault' in read);
  return read.fault;
}

describe('GTIN', () => {
  // Numbers of GS1's own documents and of well-known goods.
  const good: [string | number, string, number, number][] = [
    ['96385074', '00000096385074', 8, 0],
    ['614141000036', '00614141000036', 12, 0],
    ['4006381333931', '04006381333931', 13, 0],
    ['10614141000415', '10614141000415', 14, 1],
    ['(01)10614141000415', '10614141000415', 14, 1],
    [' 4006381-33393 1', '04006381333931', 13, 0],
    [4006381333931, '04006381333931', 13, 0],
    ['04006381333931', '04006381333931', 13, 0],
    ['00614141000036', '00614141000036', 12, 0],
    ['00000096385074', '00000096385074', 8, 0],
  ];
  for (const [given, gtin, length, packLevel] of good) {
    it(`${given}`, () => {
      const read = value(readGtin(given));
      assert.deepEqual([read.gtin, read.length, read.packLevel], [gtin, length, packLevel]);
    });
  }

  it('says what is wrong', () => {
    assert.match(fault(readGtin('4006381333932')), /check digit 2, but the digits before it call for 1/);
    assert.match(
      fault(readGtin('4006318333931')),
      /two are swapped \(places 4 and 5, or 5 and 6, or 6 and 7\)/,
    );
    assert.match(fault(readGtin('40063813339')), /11 digits instead of 8, 12, 13 or 14/);
    assert.match(fault(readGtin('4006381O33931')), /"O" at place 8/);
    assert.match(fault(readGtin('4.00638E+12')), /spreadsheet/);
    assert.match(fault(readGtin('0000000000000')), /zeros only/);
    assert.match(fault(readGtin('12345678901231234567890')), /23 digits/);
    assert.match(fault(readGtin(12345678901234567000)), /lost digits/);
    assert.match(fault(readGtin({})), /neither text/);
    assert.match(fault(readGtin('')), /empty/);
    assert.match(fault(readGtin('9'.repeat(1000))), /longer/);
    // 0012345678905 without its zeros.
    assert.match(fault(readGtin('12345678905')), /with 1 zero\(s\) in front it would be right/);
  });

  it('tells numbers that identify no product of trade', () => {
    const restricted = (given: string) => value(readGtin(given + checkDigit(given))).restricted;
    assert.equal(restricted('200000000001'), 'company');
    assert.equal(restricted('290000000001'), 'company');
    assert.equal(restricted('020000000001'), 'company');
    assert.equal(restricted('978014300723'), 'publication');
    assert.equal(restricted('980000000001'), 'coupon');
    assert.equal(restricted('952012345678'), 'demonstration');
    assert.equal(restricted('0000001'), 'shop');
    assert.equal(restricted('400638133393'), undefined);
    assert.equal(restricted('9638507'), undefined);
  });

  it('UPC-E: each of its forms unfolds to its UPC-A', () => {
    const pairs: [string, string][] = [
      ['01234505', '012000003455'],
      ['04252614', '042100005264'],
      ['123457', '012345000072'],
      ['06543217', '065100004327'],
      ['123453', '012300000451'],
      ['123454', '012340000053'],
    ];
    for (const [short, long] of pairs) {
      const read = expandUpcE(short);
      assert.ok('value' in read, `${short}: ${'fault' in read ? read.fault : ''}`);
      assert.equal(read.value, long, short);
      assert.ok(isChecked(read.value));
    }
    assert.match(fault(readGtin('01234506', { upcE: true })), /check digit 6, but its digits call for 5/);
    assert.equal(value(readGtin('04252614', { upcE: true })).gtin, '00042100005264');
    assert.match(fault(readGtin('24252614', { upcE: true })), /number system 0 or 1/);
  });

  it('a case of an item has its own number', () => {
    assert.equal(gtinAtLevel('00614141000036', 1), '10614141000033');
    assert.equal(gtinAtLevel('10614141000033', 0), '00614141000036');
  });

  it('any single wrong digit is found, and any swap that GS1 can see', () => {
    const next = random(7);
    for (let run = 0; run < 500; run += 1) {
      const body = `4${Array.from({ length: 11 }, () => next(10)).join('')}`;
      const gtin = body + String(checkDigit(body));
      assert.equal(value(readGtin(gtin)).gtin, `0${gtin}`);
      // Padding and blanks change nothing.
      assert.equal(value(readGtin(`0${gtin}`)).gtin, `0${gtin}`);
      const at = next(13);
      const other = String((Number(gtin[at]) + 1 + next(9)) % 10);
      assert.ok('fault' in readGtin(gtin.slice(0, at) + other + gtin.slice(at + 1)));
      const place = next(12);
      const [a, b] = [gtin.charAt(place), gtin.charAt(place + 1)];
      const swapped = gtin.slice(0, place) + b + a + gtin.slice(place + 2);
      const visible = (Number(a) - Number(b)) % 5 !== 0;
      assert.equal('fault' in readGtin(swapped), visible, `${gtin} ${swapped}`);
    }
  });
});

describe('GLN, SSCC and others', () => {
  it('GLN', () => {
    assert.equal(value(readGln('4000001000005')).gln, '4000001000005');
    assert.equal(value(readGln('(414)4000001000005')).gln, '4000001000005');
    assert.match(fault(readGln('4000001000006')), /the GLN ends with the check digit 6.* call for 5/);
    assert.match(fault(readGln('400000100000')), /12 digits instead of 13/);
  });

  it('SSCC, with the AI that a scanner sends', () => {
    const sscc = '006141411234567890';
    assert.deepEqual(value(readSscc(sscc)), { sscc, extensionDigit: 0 });
    assert.equal(value(readSscc(`00${sscc}`)).sscc, sscc);
    assert.equal(value(readSscc(`(00) ${sscc}`)).sscc, sscc);
    assert.match(fault(readSscc('006141411234567891')), /the SSCC ends with the check digit 1/);
    assert.match(fault(readSscc(`01${sscc}`)), /20 digits instead of 18/);
  });

  it('hints for D-U-N-S and VAT numbers', () => {
    assert.equal(dunsHint('15-048-3782'), undefined);
    assert.match(dunsHint('12345678') ?? '', /9 digits/);
    assert.equal(vatHint('DE 136 695 976'), undefined);
    assert.equal(vatHint('ATU12345678'), undefined);
    assert.equal(vatHint('CHE-123.456.788 TVA'), undefined);
    assert.match(vatHint('DE12345') ?? '', /of DE look/);
    assert.match(vatHint('GR123456789') ?? '', /EL/);
    assert.match(vatHint('123456789') ?? '', /country/);
    assert.equal(vatHint('XX1'), undefined);
  });
});
