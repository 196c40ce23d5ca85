import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { causeOf } from '../../core/dead-letter/cause';
import { redact, redactText } from '../../core/dead-letter/redact';
import { CrossdockError } from '../../core/errors';
import { redact as redactOdoo } from '../../core/odoo/client/redact';
import { canonicalOrder } from '../nodes/fixtures';
import { projectFolders } from '../support';

const folder = join(projectFolders().root, 'test', 'fixtures', 'orders');

/** Every text of a document below places that are about a person. */
function personalTexts(value: unknown, within = false, found = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    if (within && value.length > 3) found.add(value);
    return found;
  }
  if (typeof value !== 'object' || value === null) return found;
  for (const [name, inner] of Object.entries(value)) {
    const person = /^(email|contact_email|phone|first_name|last_name|address_?1|zip|postcode|city)$/.test(
      name,
    );
    personalTexts(inner, person, found);
  }
  return found;
}

describe('redaction', () => {
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
    it(`of ${file} hides who bought, and keeps what`, () => {
      const document: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const { value, redacted } = redact(document);
      const text = JSON.stringify(value);
      for (const personal of personalTexts(document)) assert.ok(!text.includes(personal), personal);
      assert.ok(redacted > 0);
      const root = (document as { order?: object }).order ?? document;
      const shown = (value as { order?: object }).order ?? value;
      const skus = (order: unknown) =>
        (order as { line_items: { sku: string }[] }).line_items.map(({ sku }) => sku);
      assert.deepEqual(skus(shown), skus(root), 'SKUs stay');
    });
  }

  it('of a canonical order goes by its contract', () => {
    const { value } = redact(canonicalOrder('77'));
    const text = JSON.stringify(value);
    for (const personal of ['Hafenstraße', 'Hamburg', '20457', 'test@example.com', 'Buyer test']) {
      assert.ok(!text.includes(personal), personal);
    }
    assert.ok(text.includes('PAL-EPAL') && text.includes('shop:test:77'));
  });

  it('of what no contract knows goes by the names of fields', () => {
    const { value } = redact({
      orderNo: 'A-1',
      E_Mail: 'x',
      kunde: { name: 'Ada', emailAddress: 'ada@example.com', Straße: 'Hafenstr. 1' },
      items: [{ name: 'Tape', sku: 'T', qty: 2 }],
      billTo: { anything: 'at all', lines: ['1 Dock Street'] },
      text: 'write to ada@example.com',
      deep: { phoneNumber: 0, mobile: 4915112345 },
      ok: true,
      nothing: null,
    });
    assert.deepEqual(value, {
      orderNo: 'A-1',
      E_Mail: '[personal]',
      kunde: { name: '[personal]', emailAddress: '[personal]', Straße: '[personal]' },
      items: [{ name: 'Tape', sku: 'T', qty: 2 }],
      billTo: { anything: '[personal]', lines: ['[personal]'] },
      text: '[personal]',
      deep: { phoneNumber: '[personal]', mobile: '[personal]' },
      ok: true,
      nothing: null,
    });
    assert.equal(redactText('No reply from ada@example.com.'), 'No reply from [personal].');
  });

  it('ends, however deep a document is', () => {
    let deep: unknown = 'secret';
    for (let n = 0; n < 5000; n += 1) deep = { a: deep };
    assert.ok(!JSON.stringify(redact(deep).value).includes('secret'));
  });

  // Looked for from each of its characters, the longest text of a message would hold up the gateway for minutes.
  it('ends, however long a text is', () => {
    const long = 'x'.repeat(1_000_000);
    assert.deepEqual(redact({ blob: long }), { value: { blob: long }, redacted: 0 });
    assert.equal(redact({ blob: `${long}@shop.example` }).redacted, 1);
    assert.equal(redactText(`${long} ada@shop.example ${long}`), `${long} [personal] ${long}`);
    assert.equal(redactText(`${long}@x@${long}`), `${long}@x@${long}`);
    assert.ok(redactOdoo(`${long} @ ${long}@`).startsWith('xxx'));
  });

  it('finds mail addresses wherever they stand', () => {
    for (const { text, shown } of [
      { text: 'ada@a.example,bob@b.example', shown: '[personal][personal]' },
      { text: '<ada@a.example>', shown: '<[personal]>' },
      { text: 'ada@a.example9eve@e.example', shown: '[personal][personal]' },
      { text: '@a.example at@ @', shown: '@a.example at@ @' },
      { text: 'ada@localhost', shown: 'ada@localhost' },
    ])
      assert.equal(redactText(text), shown, text);
    assert.equal(redactOdoo('ada@a.example,bob@b.example; (eve@e.example)'), '…,…; (…)');
  });
});

describe('the cause of a failure', () => {
  const error = (code: string, message: string, facts = {}, paths: string[] = []): CrossdockError =>
    new CrossdockError(message, {
      code,
      kind: 'business',
      facts,
      problems: paths.map((path) => ({ path, message: 'x' })),
    });
  const same = (a: CrossdockError, b: CrossdockError): boolean => causeOf(a, 'n') === causeOf(b, 'n');

  it('is what a person would mend, not which message it was', () => {
    assert.ok(
      same(
        error('UNKNOWN_SKU', 'a', { sku: 'A', order: 1 }),
        error('UNKNOWN_SKU', 'b', { sku: 'A', order: 2 }),
      ),
    );
    assert.ok(!same(error('UNKNOWN_SKU', 'a', { sku: 'A' }), error('UNKNOWN_SKU', 'a', { sku: 'B' })));
    assert.ok(
      same(error('C', 'a', {}, ['/lines/0/sku']), error('C', 'a', {}, ['/lines/17/sku', '/lines/3/sku'])),
    );
    assert.ok(!same(error('C', 'a', {}, ['/lines/0/sku']), error('C', 'a', {}, ['/lines/0/price'])));
    assert.ok(!same(error('A', 'a'), error('B', 'a')));
    assert.notEqual(causeOf(error('A', 'a'), 'n'), causeOf(error('A', 'a'), 'other'));
  });

  it('of other people’s nodes is their sentence without its values', () => {
    const told = (message: string): CrossdockError => error('NODE_ERROR', message);
    assert.ok(
      same(told('Timeout after 1200 ms for order "A-1"'), told('Timeout after 980 ms for order "B-7"')),
    );
    assert.ok(same(told('No reply for 3f2a9c1b77d0'), told('No reply for 90ab12cd34ef')));
    assert.ok(!same(told('x is undefined'), told('y is not a function')));
  });
});
