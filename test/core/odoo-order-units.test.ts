/** Units of lines on versions of Odoo that there is no real one of here: categories up to 18, parents from 19. */
import assert from 'node:assert/strict';
import { CrossdockError } from '../../core/errors';
import type { OdooClient } from '../../core/odoo';
import { Products } from '../../core/odoo/order/products';
import { Turns } from '../../core/odoo/order/turns';
import { LineUnits } from '../../core/odoo/order/units';

/** Dozens and packs of 6 below pieces, kilograms of their own. Up to 18 a factor says how many make the reference. */
const UNITS = {
  16: [
    { id: 1, name: 'Units', factor: 1, category_id: [1, 'Unit'] },
    { id: 2, name: 'Dozens', factor: 0.0833333, category_id: [1, 'Unit'] },
    { id: 3, name: 'Pack of 6', factor: 0.1666667, category_id: [1, 'Unit'] },
    { id: 4, name: 'kg', factor: 1, category_id: [2, 'Weight'] },
  ],
  19: [
    { id: 1, name: 'Units', factor: 1, parent_path: '1/' },
    { id: 2, name: 'Dozens', factor: 12, parent_path: '1/2/' },
    { id: 3, name: 'Pack of 6', factor: 6, parent_path: '1/3/' },
    { id: 4, name: 'kg', factor: 1000, parent_path: '9/4/' },
  ],
} as const;

function open(major: 16 | 19, table: Record<string, string> = {}): LineUnits {
  const client = {
    version: async () => ({ major, minor: 0, text: `${major}.0`, transport: 'jsonrpc' }),
    call: async (model: string, method: string) => {
      if (method === 'get_external_id') {
        return { 1: 'uom.product_uom_unit', 2: 'uom.product_uom_dozen', 3: '', 4: 'uom.product_uom_kgm' };
      }
      if (model === 'uom.uom') return UNITS[major];
      return [{ id: 7, uom_ids: [3] }];
    },
  } as unknown as OdooClient;
  return new LineUnits(client, new Products(client), table);
}

const line = (unit: string, packQuantity?: string) => ({ lineId: '1', unit, packQuantity });
const product = (unit: number) => ({ id: 7, name: 'Nut', unit });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof CrossdockError ? error.code : String(error)),
  );

describe('units of order lines', () => {
  for (const major of [16, 19] as const) {
    it(`are found, converted or refused on Odoo ${major}`, async () => {
      const units = open(major);
      assert.deepEqual(await units.resolve(line('EA'), product(1)), { id: undefined, factor: '1' });
      assert.deepEqual(await units.resolve(line('DZN'), product(1)), { id: 2, factor: '1' });
      // Pieces of what is counted in packs are pieces.
      assert.deepEqual(await units.resolve(line('C62'), product(3)), { id: 1, factor: '1' });
      // Packagings are units from 19 on; before, only their content is known.
      const six = major === 19 ? { id: 3, factor: '1' } : { id: undefined, factor: '6' };
      assert.deepEqual(await units.resolve(line('XCT', '6'), product(1)), six);
      assert.deepEqual(await units.resolve(line('XCT', '24'), product(1)), { id: undefined, factor: '24' });
      // A "piece" that holds twelve is twelve pieces; content is counted in pieces, also of what Odoo counts in packs.
      assert.deepEqual(await units.resolve(line('C62', '12'), product(1)), { id: undefined, factor: '12' });
      assert.deepEqual(await units.resolve(line('XCT', '24'), product(3)), { id: 1, factor: '24' });
      assert.equal(await codeOf(units.resolve(line('DZN', '10'), product(1))), 'UNIT_PACKAGING_DIFFERS');
      assert.equal(await codeOf(units.resolve(line('KGM'), product(1))), 'UNIT_KINDS_DIFFER');
      assert.equal(await codeOf(units.resolve(line('C62'), product(4))), 'UNIT_UNSUPPORTED');
      assert.equal(await codeOf(units.resolve(line('XCT'), product(1))), 'UNIT_UNSUPPORTED');
    });

    it(`are told outside in what everybody knows, from Odoo ${major}`, async () => {
      const units = open(major);
      assert.deepEqual(await units.codeOf(2), { unit: 'DZN', per: '1' });
      assert.deepEqual(await units.codeOf(3), { unit: 'C62', per: '6' });
      assert.deepEqual(await units.codeOf(99), { unit: 'ZZ', per: '1' });
    });
  }

  it('follow the table before anything else, and never across kinds', async () => {
    const taught = { XCT: 'Pack of 6', C62: 'kg', XBX: 'Crate' };
    const units = open(19, taught);
    assert.deepEqual(await units.resolve(line('XCT', '6'), product(1)), { id: 3, factor: '1' });
    // The order contradicts the table: nobody guesses who is right.
    assert.equal(await codeOf(units.resolve(line('XCT', '24'), product(1))), 'UNIT_PACKAGING_DIFFERS');
    assert.equal(await codeOf(units.resolve(line('C62'), product(1))), 'UNIT_KINDS_DIFFER');
    assert.equal(await codeOf(units.resolve(line('XBX'), product(1))), 'UNIT_UNSUPPORTED');
  });
});

describe('turns', () => {
  it('are one after the other per key, at once for others, and never wait for each other', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} ends`);
    };
    await Promise.all([
      turns.take(['a', 'b'], work('ab')),
      turns.take(['b', 'a'], work('ba')),
      turns.take(['c'], work('c')),
    ]);
    assert.deepEqual(
      log.filter((entry) => entry !== 'c begins' && entry !== 'c ends'),
      ['ab begins', 'ab ends', 'ba begins', 'ba ends'],
    );
    assert.ok(log.indexOf('c begins') < log.indexOf('ab ends'));
  });

  it('go on after work that failed', async () => {
    const turns = new Turns();
    const failing = turns.take(['a'], () => Promise.reject(new Error('no')));
    const next = turns.take(['a'], async () => 'yes');
    await assert.rejects(failing, /no/);
    assert.equal(await next, 'yes');
  });
});
