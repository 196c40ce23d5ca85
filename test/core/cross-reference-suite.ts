/** What the cross-references must do on every driver of the store. */
import assert from 'node:assert/strict';
import {
  CrossReferenceBook,
  checkEntry,
  type EntryInput,
  exportCsv,
  importCsv,
  type ReferenceEntry,
} from '../../core/cross-reference';
import { CrossdockError } from '../../core/errors';
import type { Store } from '../../core/store';

export const unitEntry = (code: string, target: string, more: EntryInput = {}): ReferenceEntry =>
  checkEntry({ partner: 'acme', kind: 'unit', code, target, ...more });
export const itemEntry = (code: string, target: string, more: EntryInput = {}): ReferenceEntry =>
  checkEntry({ partner: 'acme', kind: 'item', code, target, ...more });

const ANNA = { who: 'anna', replace: true };
const KEEP = { who: 'bob', replace: false };
const DAY = 86_400_000;
const refused = (code: string) => (error: unknown) => error instanceof CrossdockError && error.code === code;

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const text of texts) yield Buffer.from(text);
}

export function describeCrossReferences(
  name: string,
  open: () => Promise<{ store: Store; close: () => Promise<void> }>,
  skipWithout: () => boolean = () => false,
): void {
  describe(`cross-references: ${name}`, () => {
    let store: Store;
    let close: () => Promise<void>;
    let book: CrossReferenceBook;
    before(function () {
      if (skipWithout()) this.skip();
    });
    beforeEach(async () => {
      ({ store, close } = await open());
      book = await CrossReferenceBook.open(store);
    });
    afterEach(() => close?.());

    const unit = async (code: string, more: { scheme?: string; item?: string } = {}, partner = 'acme') =>
      (await book.lookup(partner, [{ kind: 'unit', code, ...more }]))[0]?.target;

    it('what was taught is found, by its partner only, in the order of the keys', async () => {
      await book.save(
        [unitEntry('CS', 'XCS'), itemEntry('4711', 'A-1', { packLevel: 'XCS', quantityPerUnit: 24 })],
        ANNA,
      );
      const found = await book.lookup('acme', [
        { kind: 'item', code: 'none' },
        { kind: 'item', code: '4711' },
        { kind: 'unit', code: ' cs ' },
        { kind: 'item', code: 'CS' },
      ]);
      assert.deepEqual(
        found.map((one) => one && [one.target, one.packLevel, one.quantityPerUnit, one.ofUnit]),
        [undefined, ['A-1', 'XCS', '24', 'EA'], ['XCS', null, null, null], undefined],
      );
      assert.equal(await unit('CS', {}, 'other'), undefined);
    });

    it('a change is a new version, and the old one keeps when and by whom it ended', async () => {
      await book.save([unitEntry('CS', 'XCS')], ANNA);
      assert.equal(await unit('CS'), 'XCS');
      const [change] = await book.save([unitEntry('CS', 'XCT', { note: 'asked' })], { ...ANNA, who: 'bob' });
      assert.equal(change?.type, 'replaced');
      assert.equal(await unit('CS'), 'XCT');
      const { items } = await book.page({}, 10);
      const history = await book.history(items[0]?.id ?? 0);
      assert.deepEqual(
        history.map(({ version, target, state, createdBy, endedBy }) => [
          version,
          target,
          state,
          createdBy,
          endedBy,
        ]),
        [
          [2, 'XCT', 'active', 'bob', null],
          [1, 'XCS', 'replaced', 'anna', 'bob'],
        ],
      );
      assert.equal(history[1]?.validTo, history[0]?.validFrom);
      assert.equal((await book.save([unitEntry('cs', 'XCT')], ANNA))[0]?.type, 'unchanged');
    });

    it('what was not to be replaced is a conflict, and nothing is written', async () => {
      await book.save([unitEntry('CS', 'XCS')], ANNA);
      const [change] = await book.save([unitEntry('CS', 'XCT')], KEEP);
      assert.equal(change?.type, 'conflict');
      assert.equal(await unit('CS'), 'XCS');
      assert.equal((await book.page({}, 10)).items.length, 1);
    });

    it('counts only while it is valid; what begins later ends the old one then', async () => {
      const later = Date.now() + 10 * DAY;
      await book.save([unitEntry('CS', 'XCS', { validFrom: 0 })], ANNA);
      const [change] = await book.save([unitEntry('CS', 'XCT', { validFrom: later })], ANNA);
      assert.equal(change?.type, 'replaced');
      assert.equal(await unit('CS'), 'XCS');
      const states = (await book.page({}, 10)).items.map(({ target, validTo, state }) => [
        target,
        validTo,
        state,
      ]);
      assert.deepEqual(states, [
        ['XCT', null, 'active'],
        ['XCS', later, 'active'],
      ]);
      await book.save([unitEntry('OLD', 'XCS', { validFrom: 0, validTo: 1000 })], ANNA);
      assert.equal(await unit('OLD'), undefined);
      await book.save([unitEntry('SOON', 'XCS', { validFrom: later })], ANNA);
      assert.equal(await unit('SOON'), undefined);
      // An exception of a week would leave nothing valid after it: a person says so with two entries.
      const week = unitEntry('CS', 'XBX', { validFrom: Date.now() + DAY, validTo: Date.now() + 2 * DAY });
      assert.equal((await book.save([week], ANNA))[0]?.type, 'conflict');
    });

    it('what is said about an item goes before what is said about all, the own before everybody’s', async () => {
      await book.save(
        [
          unitEntry('CS', 'XCS'),
          unitEntry('CS', 'XCS', { item: 'SKU-1', quantityPerUnit: '24' }),
          unitEntry('CS', 'XCT', { partner: '*' }),
          unitEntry('PLT', 'XPX', { partner: '*' }),
        ],
        ANNA,
      );
      const [about, all, other, plt] = await book.lookup('acme', [
        { kind: 'unit', code: 'CS', item: 'SKU-1' },
        { kind: 'unit', code: 'CS' },
        { kind: 'unit', code: 'CS', item: 'SKU-2' },
        { kind: 'unit', code: 'PLT' },
      ]);
      assert.equal(about?.quantityPerUnit, '24');
      assert.equal(all?.quantityPerUnit, null);
      assert.equal(other?.quantityPerUnit, null);
      assert.equal(plt?.target, 'XPX');
      assert.equal(await unit('CS', {}, 'somebody'), 'XCT');
    });

    it('a code with two meanings is not translated, and told as a conflict', async () => {
      await book.save(
        [itemEntry('1', 'A-1', { scheme: 'buyerSku' }), itemEntry('1', 'B-1', { scheme: 'supplierSku' })],
        ANNA,
      );
      const look = async (scheme?: string) =>
        (
          await book.lookup('acme', [
            { kind: 'item', code: '1', ...(scheme === undefined ? {} : { scheme }) },
          ])
        )[0]?.target;
      assert.equal(await look(), undefined);
      assert.equal(await look('buyerSku'), 'A-1');
      assert.equal(await look('supplierSku'), 'B-1');
      // Two lists are no conflict; an entry for any list beside one is.
      assert.deepEqual(await book.conflicts(), []);
      await book.save([itemEntry('1', 'C-1')], ANNA);
      assert.equal((await book.conflicts())[0]?.type, 'ambiguous');
    });

    it('two codes for one item are allowed, and told', async () => {
      await book.save(
        [itemEntry('1', 'A-1'), itemEntry('2', 'A-1'), itemEntry('3', 'A-1', { packLevel: 'XCS' })],
        ANNA,
      );
      const conflicts = await book.conflicts();
      assert.deepEqual(
        conflicts.map(({ type, references }) => [type, references.map(({ code }) => code)]),
        [['shared', ['1', '2']]],
      );
    });

    it('retired: no longer found, and not twice', async () => {
      await book.save([unitEntry('CS', 'XCS')], ANNA);
      assert.equal(await unit('CS'), 'XCS');
      const [one] = (await book.page({}, 1)).items;
      const id = one?.id ?? 0;
      const retired = await book.retire(id, 'eve', 'no longer sold');
      assert.deepEqual([retired.state, retired.endedBy, retired.note], ['retired', 'eve', 'no longer sold']);
      assert.equal(await unit('CS'), undefined);
      await assert.rejects(book.retire(id, 'eve', ''), refused('CROSS_REFERENCE_ENDED'));
      await assert.rejects(book.retire(4711, 'eve', ''), refused('CROSS_REFERENCE_UNKNOWN'));
      await book.save([unitEntry('CS', 'XCT')], KEEP);
      assert.equal((await book.history((await book.page({}, 1)).items[0]?.id ?? 0)).length, 2);
    });

    it('people who teach the same code at once: one version after the other', async () => {
      const other = await CrossReferenceBook.open(store);
      const targets = ['XCS', 'XCT', 'XBX', 'XPK'];
      await Promise.all(
        targets.map((target, index) =>
          (index % 2 === 0 ? book : other).save([unitEntry('CS', target)], ANNA),
        ),
      );
      const active = (await book.page({}, 10)).items;
      assert.equal(active.length, 1);
      const history = await book.history(active[0]?.id ?? 0);
      assert.deepEqual(
        history.map(({ version }) => version),
        [4, 3, 2, 1],
      );
    });

    it('pages, and searches without taking % for a wildcard', async () => {
      await book.save(
        Array.from({ length: 25 }, (_, index) =>
          itemEntry(`P-${index}`, `A-${index}`, { note: index === 7 ? '50% off' : '' }),
        ),
        ANNA,
      );
      const first = await book.page({ partner: 'acme' }, 10);
      const second = await book.page({ partner: 'acme' }, 10, first.next ?? undefined);
      const third = await book.page({ partner: 'acme' }, 10, second.next ?? undefined);
      assert.deepEqual(
        [first.items.length, second.items.length, third.items.length, third.next],
        [10, 10, 5, null],
      );
      assert.deepEqual(
        (await book.page({ q: '0%' }, 10)).items.map(({ code }) => code),
        ['P-7'],
      );
      assert.equal((await book.page({ q: 'p-24', kind: 'item' }, 10)).items.length, 1);
      assert.equal((await book.page({ q: 'p-24', kind: 'unit' }, 10)).items.length, 0);
    });

    it('CSV: every line is told; a dry run writes nothing; an export is imported unchanged', async () => {
      await book.save([unitEntry('CS', 'XCS'), unitEntry('BX', 'XBX')], ANNA);
      const file = [
        '\ufeffpartner;kind;code;target;quantity_per_unit;item;note\r\n',
        'acme;unit;CS;XCS;;;\r\n',
        'acme;unit;BX;XCT;;;\r\n',
        'acme;unit;PAL;XPX;;;"a ""big"" one;\nwith two lines"\r\n',
        'acme;unit;PAL2;XPX;10;;\r\n',
        '\r\n',
        'acme;unit;ZZ;QQQ;;;\r\n',
        'acme;unit;pal;XPX;;;\r\n',
        'acme;item;4711;A-1;24;;',
      ];
      const dry = await importCsv(book, chunks(...file), { ...KEEP, dryRun: true });
      const figures = ({ lines, added, replaced, unchanged, conflicts, faulty }: typeof dry) => ({
        ...{ lines, added, replaced, unchanged, conflicts, faulty },
      });
      const wanted = { lines: 7, added: 2, replaced: 0, unchanged: 1, conflicts: 1, faulty: 3 };
      assert.deepEqual(figures(dry), { ...wanted, faulty: 3 });
      assert.deepEqual(
        dry.problems.map(({ line }) => line).sort((a, b) => a - b),
        [3, 6, 8, 9],
      );
      assert.equal(await unit('PAL'), undefined);
      assert.equal((await book.page({}, 100)).items.length, 2);
      // The same bytes, cut anywhere.
      const bytes = file.join('');
      const cut = await importCsv(
        book,
        chunks(...Array.from(bytes.matchAll(/[\s\S]{1,3}/g), ([part]) => part)),
        KEEP,
      );
      assert.deepEqual(figures(cut), figures(dry));
      assert.equal(await unit('PAL'), 'XPX');
      assert.equal(await unit('BX'), 'XBX');

      let exported = '';
      for await (const part of exportCsv(book)) exported += part;
      const again = await importCsv(book, chunks(exported), { ...ANNA, dryRun: true });
      assert.deepEqual(figures(again), {
        lines: 4,
        added: 0,
        replaced: 0,
        unchanged: 4,
        conflicts: 0,
        faulty: 0,
      });
    });

    it('CSV: no cell is calculated by a spreadsheet, and all come back as they were', async () => {
      const codes = [
        '=1+1',
        '+1',
        '-1+cmd|x',
        '-2*A1',
        '@sum',
        '-A',
        "'",
        "it's",
        '-5',
        '＝1+1',
        "'=x",
        'a;=1',
      ];
      await book.save(
        codes.map((code) => itemEntry(code, 'A-1', { note: code })),
        ANNA,
      );
      let exported = '';
      for await (const part of exportCsv(book)) exported += part;
      const cells = exported.split(/[,\r\n"]+/).filter((cell) => !/^-?\d+$/.test(cell));
      for (const cell of cells) assert.ok(!/^\s*[=+\-@＝]/.test(cell), cell);
      const again = await importCsv(book, chunks(exported), { ...ANNA, dryRun: true });
      assert.deepEqual(
        { unchanged: again.unchanged, problems: again.problems, changes: again.changes },
        { unchanged: codes.length, problems: [], changes: [] },
      );
    });

    it('many lines are read in a stream, and written in units', async function () {
      this.timeout(60_000);
      async function* lines(count: number): AsyncGenerator<string, void, void> {
        yield 'partner,kind,code,target\n';
        for (let index = 0; index < count; index += 1) yield `acme,item,C-${index},A-${index}\n`;
      }
      const report = await importCsv(book, lines(3000), KEEP);
      assert.deepEqual([report.lines, report.added, report.changes.length], [3000, 3000, 200]);
      const [found] = await book.lookup('acme', [{ kind: 'item', code: 'C-2999' }]);
      assert.equal(found?.target, 'A-2999');
    });
  });
}
