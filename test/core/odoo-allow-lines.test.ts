import assert from 'node:assert/strict';
import type { CrossdockError } from '../../core/errors';
import { parseAllowLines } from '../../core/odoo/client/allow-lines';

describe('additional calls of an odoo server', () => {
  it('reads models and methods line by line', () => {
    assert.deepEqual(
      parseAllowLines(
        '# ours\n\nres.partner: read, write\r\nx_route:search_read x_close\nres.partner: unlink\n',
      ),
      { 'res.partner': ['read', 'write', 'unlink'], x_route: ['search_read', 'x_close'] },
    );
    assert.deepEqual(parseAllowLines(''), {});
  });

  it('names the line of what it refuses', () => {
    for (const [text, line, sentence] of [
      ['res.partner: read\nres.partner _x', 2, /no model/],
      ['res.partner:', 1, /which methods/],
      ['res.partner: _write', 1, /_write is private/],
      ['res.partner: *', 1, /has to be named/],
      ['../res.users: read', 1, /no model/],
      ['res.partner: read/../x', 1, /no method/],
      ['constructor.: x', 1, /no model/],
      ['\n'.repeat(300), 201, /more than 200 lines/],
    ] as const) {
      assert.throws(
        () => parseAllowLines(text),
        (error: CrossdockError) => {
          assert.equal(error.code, 'CONFIG_INVALID');
          assert.equal(error.facts['line'], line, text);
          assert.match(error.message, sentence);
          return true;
        },
      );
    }
  });
});
