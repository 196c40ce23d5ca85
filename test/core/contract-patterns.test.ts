import assert from 'node:assert/strict';
import { ContractRegistry, ownContract } from '../../core/contract';
import { CrossdockError } from '../../core/errors';

const made = new Map<string, (text: string) => boolean>();
const keeps = (pattern: string, text: string): boolean => {
  let keep = made.get(pattern);
  if (keep === undefined) {
    const registry = new ContractRegistry();
    registry.register(ownContract({ name: 'a', version: '1.0', schema: { type: 'string', pattern } }));
    const validate = registry.validator('a', '1.0');
    keep = (value) => validate(value).length === 0;
    made.set(pattern, keep);
  }
  return keep(text);
};

describe('patterns of own contracts', () => {
  it('that JavaScript would try for hours come to an end, with the right answer', () => {
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a*)*b$', '^([a-z]+)*[0-9]$', '(x+x+)+y']) {
      const long = `${pattern.includes('x') ? 'x' : 'a'}`.repeat(60);
      assert.equal(keeps(pattern, `${long}!`), false, pattern);
    }
    assert.equal(keeps('^(a+)+$', 'a'.repeat(60)), true);
    assert.equal(keeps('^(a|aa)+$', 'a'.repeat(61)), true);
    assert.equal(keeps('^(a*)*b$', `${'a'.repeat(60)}b`), true);
  });

  it('give what JavaScript gives, however they run', () => {
    const patterns = [
      '^(ab|cd)+$',
      '^(a+)+$',
      'b(c|d)*e',
      '^$',
      '^(\\d{2}-)+\\d$',
      '(^a|b$)+',
      '^(?:[A-Z]{2}|\\d)+$',
      '^.$',
      '(é|ü)+',
    ];
    const texts = [
      '',
      'a',
      'ab',
      'abcd',
      'aaaa',
      'bce',
      'be',
      'xbcdcdey',
      '12-34-5',
      '12-3',
      'A',
      'AB1',
      'b',
      'ba',
      'é',
      'xü',
      '\n',
      '😀',
    ];
    for (const pattern of patterns) {
      for (const text of texts)
        assert.equal(keeps(pattern, text), new RegExp(pattern, 'u').test(text), `${pattern} ${text}`);
    }
  });

  it('that can neither be read nor are cheap are refused when they are deployed', () => {
    for (const pattern of ['^(?=(a+)+$)', '(a+)\\1+']) {
      assert.throws(
        () => ownContract({ name: 'a', version: '1.0', schema: { type: 'string', pattern } }),
        (error) =>
          error instanceof CrossdockError &&
          error.code === 'CONTRACT_INVALID' &&
          /might take very long/.test(error.message),
        pattern,
      );
    }
  });

  it('of names of fields are bounded too', () => {
    const registry = new ContractRegistry();
    const schema = {
      type: 'object',
      patternProperties: { '^(a+)+$': { type: 'number' } },
      additionalProperties: false,
    };
    registry.register(ownContract({ name: 'a', version: '1.0', schema }));
    assert.equal(registry.validate('a', '1.0', { [`${'a'.repeat(50)}!`]: 1 }).length, 1);
    assert.deepEqual(registry.validate('a', '1.0', { aaa: 1 }), []);
  });
});
