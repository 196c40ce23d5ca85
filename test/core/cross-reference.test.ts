import assert from 'node:assert/strict';
import { join } from 'node:path';
import { CrossReferenceBook, checkEntry, type EntryInput, importCsv } from '../../core/cross-reference';
import * as sql from '../../core/cross-reference/schema';
import { CrossdockError } from '../../core/errors';
import { openSqliteStore, type SqlValue, type Store } from '../../core/store';
import { type TempDir, tempDir, waitFor } from '../support';
import { describeCrossReferences, unitEntry } from './cross-reference-suite';

const dirs: TempDir[] = [];
async function open(): Promise<{ store: Store; close: () => Promise<void> }> {
  const dir = tempDir('crossdock-cross-reference-');
  dirs.push(dir);
  const store = await openSqliteStore(join(dir.path, 'store.sqlite'));
  return {
    store,
    close: async () => {
      await store.close();
      dir.remove();
    },
  };
}

describeCrossReferences('SQLite', open);

describe('cross-references: what is remembered', () => {
  let store: Store;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ store, close } = await open());
  });
  afterEach(() => close());

  /** The store with its calls counted, as one that others may write too when `shared`. */
  function counted(shared = false): { counting: Store; reads: () => number } {
    let reads = 0;
    const counting: Store = Object.create(store, {
      exclusive: { value: !shared },
      run: {
        value: (statements: Parameters<Store['run']>[0]) => {
          if (statements.some((one) => one.sql.includes('code_key IN'))) reads += 1;
          return store.run(statements);
        },
      },
    });
    return { counting, reads: () => reads };
  }
  const keys = ['CS', 'BX', 'ZZ'].map((code) => ({ kind: 'unit', code }) as const);

  it('one read for all codes of a message, none for the next; a change is seen at once', async () => {
    const { counting, reads } = counted();
    const book = await CrossReferenceBook.open(counting);
    await book.save([unitEntry('CS', 'XCS')], { who: 'anna', replace: true });
    const saved = reads();
    await book.lookup('acme', [...keys, ...keys]);
    assert.equal(reads() - saved, 1);
    assert.equal((await book.lookup('acme', keys))[0]?.target, 'XCS');
    assert.equal(reads() - saved, 1);
    await book.save([unitEntry('ZZ', 'XBX')], { who: 'anna', replace: true });
    assert.equal((await book.lookup('acme', keys))[2]?.target, 'XBX');
  });

  it('on a shared store, what another process wrote is seen within a second', async () => {
    const { counting } = counted(true);
    const book = await CrossReferenceBook.open(counting);
    const other = await CrossReferenceBook.open(store);
    assert.equal((await book.lookup('acme', keys))[0], undefined);
    await other.save([unitEntry('CS', 'XCS')], { who: 'anna', replace: true });
    await waitFor(async () => (await book.lookup('acme', keys))[0]?.target === 'XCS', { timeoutMs: 5000 });
  });

  it('every query is served by an index', async () => {
    await CrossReferenceBook.open(store);
    const page = (filter: string): string =>
      `SELECT ${sql.COLUMNS} FROM crossdock_cross_reference WHERE state = ?${filter} AND seq < ? ORDER BY seq DESC LIMIT ?`;
    const statements = {
      find: sql.findCodes(2, 3),
      newest: sql.newestVersions(3),
      END: sql.END,
      RETIRE: sql.RETIRE,
      BY_ID: sql.BY_ID,
      HISTORY: sql.HISTORY,
      OF_TARGET: sql.OF_TARGET,
      MANY_CODES: sql.MANY_CODES,
      page: page(''),
      partner: page(' AND partner = ?'),
    };
    for (const [name, statement] of Object.entries(statements)) {
      const params: SqlValue[] = [...statement.matchAll(/\?/g)].map(() => 1);
      const [result] = await store.run([{ sql: `EXPLAIN QUERY PLAN ${statement}`, params }]);
      for (const row of result?.rows ?? []) {
        const detail = String(row['detail']);
        assert.match(
          detail,
          /USING (?:COVERING )?INDEX|USING INTEGER PRIMARY KEY|LIST SUBQUERY|SCALAR/,
          `${name}: ${detail}`,
        );
        assert.doesNotMatch(detail, /TEMP B-TREE FOR ORDER BY/, `${name}: ${detail}`);
      }
    }
  });
});

describe('cross-references: entries', () => {
  const good: EntryInput = { partner: 'acme', kind: 'unit', code: 'CS', target: 'XCS' };
  const faulty: [string, EntryInput, RegExp][] = [
    ['no kind', { ...good, kind: 'thing' }, /kind must be/],
    ['no partner', { ...good, partner: ' ' }, /partner is missing/],
    ['no unit', { ...good, target: 'CS' }, /"CS" is not a current code/],
    ['a packaging of all items with a content', { ...good, quantityPerUnit: 24 }, /depends on the item/],
    ['a dozen of 13', { ...good, target: 'DZN', item: 'A', quantityPerUnit: 13 }, /by definition/],
    ['0 per unit', { ...good, item: 'A', quantityPerUnit: '0' }, /above 0/],
    ['a decimal comma', { ...good, item: 'A', quantityPerUnit: '1,5' }, /decimal number/],
    ['itself inside', { ...good, item: 'A', quantityPerUnit: '2', ofUnit: 'XCS' }, /contain itself/],
    ['an end before the beginning', { ...good, validFrom: '2027-02-01', validTo: '2027-01-01' }, /later/],
    ['a time without zone', { ...good, validFrom: '2027-02-01T10:00' }, /zone/],
    ['no time', { ...good, validFrom: 'soon' }, /day/],
    ['control characters', { ...good, code: 'C\u0000S' }, /control/],
    ['a long code', { ...good, code: 'x'.repeat(201) }, /longer/],
    ['an object', { ...good, code: {} }, /must be a text/],
    ['a wrong GTIN', { ...good, kind: 'item', targetScheme: 'gtin', target: '4006381333932' }, /check digit/],
    ['an item of an item', { ...good, kind: 'item', item: 'A' }, /units only/],
  ];
  for (const [name, input, wanted] of faulty) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => checkEntry(input),
        (error) =>
          error instanceof CrossdockError &&
          error.code === 'CROSS_REFERENCE_INVALID' &&
          wanted.test(error.message),
      );
    });
  }

  it('brings what is right to one form', () => {
    const entry = checkEntry({ ...good, target: 'qt', validFrom: '2027-01-31' });
    assert.deepEqual([entry.target, entry.validFrom], ['QTL', Date.UTC(2027, 0, 31)]);
    const item = checkEntry({ ...good, kind: 'item', target: '4006381333931', targetScheme: 'gtin' });
    assert.equal(item.target, '04006381333931');
  });

  it('hostile files are refused with a sentence', async () => {
    const { store, close } = await open();
    const book = await CrossReferenceBook.open(store);
    const from = async (...parts: (string | Uint8Array)[]) =>
      importCsv(
        book,
        (async function* () {
          yield* parts;
        })(),
        { who: 'x', replace: false },
      );
    const wrong = (text: RegExp) => (error: unknown) =>
      error instanceof CrossdockError && error.code === 'CSV_INVALID' && text.test(error.message);
    await assert.rejects(from(''), wrong(/empty/));
    await assert.rejects(from('a,b\n1,2\n'), wrong(/"a"/));
    await assert.rejects(from('partner,kind,code\n'), wrong(/"target" is missing/));
    await assert.rejects(from('partner,kind,code,target,code\n'), wrong(/twice/));
    await assert.rejects(from('partner,kind,code,target\nacme,unit,"CS,XCS\n'), wrong(/line 2 has no end/));
    await assert.rejects(
      from(`partner,kind,code,target\nacme,unit,${'x'.repeat(20_000)}`),
      wrong(/longer than/),
    );
    await assert.rejects(from(Buffer.from([0x70, 0xff, 0xfe])), wrong(/UTF-8/));
    await assert.rejects(
      from(`partner,kind,code,target\n${','.repeat(200)}\n`),
      wrong(/more than 100 cells/),
    );
    await close();
  });
});
