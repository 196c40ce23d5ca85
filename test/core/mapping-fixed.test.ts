import assert from 'node:assert/strict';
import { decimal, readDecimal, toFixedDigits, toPlain } from '../../core/canonical';
import * as fixed from '../../core/mapping/fixed';
import { createRng } from '../../sandbox/storefront/rng';

/** Texts of numbers small, large, long and odd; enough of them at the edge of what fits. */
function texts(): string[] {
  const rng = createRng('fixed');
  const digits = (count: number): string =>
    Array.from({ length: count }, () => String(rng.int(0, 9))).join('');
  const drawn = Array.from({ length: 300 }, () => {
    const sign = rng.pick(['', '', '-']);
    const whole = digits(rng.int(1, rng.pick([2, 5, 9, 14, 16])));
    const fraction = rng.pick([0, 0, 1, 2, 2, 4, 8, 15]);
    return `${sign}${whole}${fraction === 0 ? '' : `.${digits(fraction)}`}`;
  });
  return [
    ...drawn,
    '0',
    '-0',
    '0.00',
    '-0.005',
    '0.005',
    '1e-7',
    '5.',
    '.5',
    '+7',
    '+.5',
    '+1.5e3',
    '9007199254740991',
    '1e15',
    '3',
    '7',
  ];
}

const plain = (value: fixed.Num | undefined): string | undefined =>
  value === undefined ? undefined : fixed.plainText(value);

describe('mapping decimals', () => {
  const all = texts();

  it('read exactly what big.js reads, and nothing else', () => {
    for (const text of [
      ...all,
      '',
      ' 1',
      '1 ',
      '+',
      '-',
      '.',
      '1..2',
      '1,5',
      '0x10',
      'NaN',
      '١',
      '1e999',
      '--1',
      '9'.repeat(50),
    ]) {
      const expected = readDecimal(text);
      assert.equal(plain(fixed.readNum(text)), expected === undefined ? undefined : toPlain(expected), text);
    }
    for (const value of [0, -0, 0.1, 19.99, 1e21, 1e-7, 123456789.123, -5, 2 ** 53]) {
      assert.equal(plain(fixed.readNum(value)), toPlain(decimal(value)), String(value));
    }
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, null, undefined, {}, [], true])
      assert.equal(fixed.readNum(value), undefined);
  });

  it('calculate exactly as big.js does', () => {
    for (let index = 0; index < all.length; index += 1) {
      for (const step of [1, 7, 31]) {
        const [left, right] = [all[index] ?? '0', all[(index * 3 + step) % all.length] ?? '0'];
        const [a, b] = [fixed.readNum(left), fixed.readNum(right)];
        assert.ok(a !== undefined && b !== undefined);
        const [bigA, bigB] = [decimal(left), decimal(right)];
        const what = `${left} and ${right}`;
        assert.equal(plain(fixed.add(a, b)), toPlain(bigA.plus(bigB)), what);
        assert.equal(plain(fixed.add(a, fixed.negate(b))), toPlain(bigA.minus(bigB)), what);
        assert.equal(plain(fixed.multiply(a, b)), toPlain(bigA.times(bigB)), what);
        if (!bigB.eq(0)) {
          // Where big.js stops at 20 decimals, an even division may have fewer, never other ones.
          assert.equal(plain(fixed.divide(a, b)), toPlain(bigA.div(bigB)), what);
        }
        assert.equal(fixed.compareNums(a, b), bigA.cmp(bigB), what);
        assert.equal(fixed.isZero(a), bigA.eq(0));
        assert.equal(plain(fixed.absolute(a)), toPlain(bigA.abs()));
        assert.equal(fixed.isWhole(a), bigA.round(0, 0).eq(bigA), left);
      }
    }
  });

  it('round half away from zero as the canonical amounts do', () => {
    for (const text of [
      ...all,
      '1.005',
      '-1.005',
      '2.5',
      '-2.5',
      '0.0049',
      '-0.0049',
      '9.995',
      '99999.995',
    ]) {
      const value = fixed.readNum(text);
      assert.ok(value !== undefined);
      for (const [digits, min] of [
        [0, 0],
        [2, 2],
        [3, 3],
        [6, 2],
        [10, 0],
      ] as const) {
        const expected = toFixedDigits(decimal(text), digits, min);
        assert.equal(fixed.roundedText(value, digits, min), expected, `${text} to ${digits} (${min})`);
      }
    }
  });
});
