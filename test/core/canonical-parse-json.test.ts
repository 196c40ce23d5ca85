import assert from 'node:assert/strict';
import { parseJson } from '../../core/canonical';
import { CrossdockError } from '../../core/errors';

function refusal(input: string | Uint8Array, limits?: Parameters<typeof parseJson>[1]): CrossdockError {
  try {
    parseJson(input, limits);
  } catch (error) {
    assert.ok(error instanceof CrossdockError);
    assert.equal(error.kind, 'permanent');
    return error;
  }
  return assert.fail('was accepted');
}

describe('reading JSON from outside', () => {
  it('gives what JSON.parse gives', () => {
    for (const text of [
      '{"a":[1,2.5,{"b":null}],"c":"\\u00e9\\"\\\\"}',
      '"x"',
      '0',
      ' [ ] ',
      '{"constructor":"plain text"}',
    ]) {
      assert.deepEqual(parseJson(text), JSON.parse(text));
    }
    assert.deepEqual(parseJson(Buffer.from('\ufeff{"a":1}')), { a: 1 });
  });

  it('keeps the digits of identifiers beyond 2^53', () => {
    const value = parseJson(
      '{"id":12345678901234567890,"safe":9007199254740991,"text":"99999999999999999999","f":0.1234567890123456789}',
    );
    assert.deepEqual(value, {
      id: '12345678901234567890',
      safe: 9007199254740991,
      text: '99999999999999999999',
      f: 0.12345678901234568,
    });
  });

  it('says where a fault is, and never quotes the message', () => {
    const cases: [text: string, line: number, column: number, sentence: RegExp][] = [
      ['', 1, 1, /it is empty/],
      ['{"a":1,}', 1, 8, /a field name in double quotes is expected/],
      ['{\n  "a" 1\n}', 2, 7, /a colon is expected/],
      ['[1 2]', 1, 4, /a comma is expected/],
      ['[1,2', 1, 5, /ends too early.*closing \]/],
      ['{"secret":"hunter2', 1, 19, /not closed/],
      ['{"a":"x\ny"}', 1, 8, /line break/],
      ['"\\x"', 1, 2, /escape/],
      ["{'a':1}", 1, 2, /double quotes/],
      ['{"a":tru}', 1, 6, /a value is expected/],
      ['{"a":1} trailing', 1, 9, /more text/],
      ['<html>', 1, 1, /a value is expected/],
    ];
    for (const [text, line, column, sentence] of cases) {
      const error = refusal(text);
      assert.equal(error.code, 'JSON_INVALID');
      assert.match(error.message, sentence);
      assert.deepEqual(error.facts, { line, column }, text);
      assert.ok(!/hunter2|trailing|tru\b/.test(error.message));
    }
  });

  it('finds a fault wherever JSON.parse finds one', () => {
    const good = '{"a":[1,-2.5e3,true,null,"x\\n"],"b":{"c":{}}}';
    for (let cut = 0; cut < good.length; cut += 1) {
      for (const text of [
        good.slice(0, cut),
        good.slice(0, cut) + good.slice(cut + 1),
        `${good.slice(0, cut)}#${good.slice(cut)}`,
      ]) {
        let fits = true;
        try {
          JSON.parse(text);
        } catch {
          fits = false;
        }
        if (fits) parseJson(text);
        else assert.equal(refusal(text).code, 'JSON_INVALID', text);
      }
    }
  });

  it('refuses keys that change prototypes, however they are written', () => {
    for (const text of [
      '{"__proto__":{"admin":true}}',
      '{"a":[{"\\u005f_proto__":1}]}',
      '{"constructor":{"prototype":{"x":1}}}',
    ]) {
      assert.equal(refusal(text).code, 'JSON_UNSAFE');
    }
    assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  });

  it('refuses what is too deep or too large, before parsing it', () => {
    assert.equal(refusal('['.repeat(100_000)).code, 'JSON_TOO_DEEP');
    assert.equal(refusal(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`).code, 'JSON_TOO_DEEP');
    parseJson(`${'['.repeat(64)}${']'.repeat(64)}`);
    parseJson('"[[[["', { maxDepth: 1 });
    assert.equal(refusal('"é"', { maxBytes: 3 }).code, 'JSON_TOO_LARGE');
    parseJson('"é"', { maxBytes: 4 });
  });

  it('refuses bytes that are not UTF-8', () =>
    assert.equal(refusal(Uint8Array.of(0x22, 0xff, 0x22)).code, 'JSON_INVALID'));
});
