/** What a group of dead letters waits to be taught: the code, how many wait, and what it might mean. */
import { type CrossReferenceBook, meaningWords } from '../../core/cross-reference';
import type { Desk } from '../../core/replay';
import { arithmetic, suggestUnits, UNIT_SCHEMES } from '../../core/units';

export interface TeachCandidate {
  readonly targetScheme: string;
  readonly target: string;
  /** What it is called, for example "case". */
  readonly name: string;
  /** Kind of the unit; `item` of items. */
  readonly kind: string;
  /** Why it is offered: a code list, the Recommendation, a word of the trade, another reference. */
  readonly because: { readonly kind: string; readonly text: string };
  readonly packLevel: string | null;
  readonly quantityPerUnit: string | null;
  /** With the newest waiting message's quantity, in words; empty where there is nothing to calculate. */
  readonly arithmetic: string;
}

export interface Teaching {
  readonly kind: 'unit' | 'item';
  readonly partner: string;
  readonly scheme: string;
  readonly code: string;
  /** Of a unit: the partner's item of the newest waiting message; empty when it is not known. */
  readonly item: string;
  /** The unit is known, and it is to be taught how much of the item it holds. */
  readonly content: boolean;
  /** What the unit is, when only its content is asked for. */
  readonly meaning: string | null;
  readonly waiting: number;
  readonly quantity: string | null;
  readonly packSize: string | null;
  readonly candidates: readonly TeachCandidate[];
}

/** Undefined when no letter is parked for this cause, or none that waits for a code. */
export async function toTeach(
  desk: Desk,
  book: CrossReferenceBook,
  cause: string,
): Promise<Teaching | undefined> {
  const page = await desk.letters({ cause, state: 'parked' }, 1);
  const [letter] = page.items;
  const kind = letter === undefined ? undefined : KINDS.get(letter.code);
  if (letter === undefined || kind === undefined) return undefined;
  const fact = (name: string): string => {
    const value = letter.facts[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const code = fact(kind);
  const facts = {
    ...{ kind, partner: fact('partner'), scheme: fact('scheme'), code },
    item: kind === 'unit' ? fact('item') || fact('forItem') : '',
    content: fact('reason') === 'content',
    meaning: fact('meaning') || null,
    waiting: page.total,
    quantity: fact('quantity') || null,
    packSize: fact('packSize') || null,
  };
  const candidates = kind === 'unit' ? unitCandidates(facts) : await itemCandidates(book, code);
  return { ...facts, candidates };
}

const KINDS: ReadonlyMap<string, 'unit' | 'item'> = new Map([
  ['UNIT_UNKNOWN', 'unit'],
  ['PACK_SIZE_DIFFERS', 'unit'],
  ['ITEM_UNKNOWN', 'item'],
]);

function unitCandidates(
  facts: Pick<Teaching, 'code' | 'scheme' | 'quantity' | 'packSize'>,
): TeachCandidate[] {
  const scheme = UNIT_SCHEMES.find((known) => known === facts.scheme) ?? 'partner';
  const found = suggestUnits(facts.code, scheme);
  // What packages are usually counted in, when nothing suggests itself.
  const more =
    found.length > 0 ? [] : ['EA', 'XCS', 'XPX'].flatMap((one) => suggestUnits(one, 'edifact').slice(0, 1));
  return [...found, ...more].map(({ code: target, name, kind, because }) => ({
    ...{ targetScheme: 'rec20', target, name, kind, because, packLevel: null, quantityPerUnit: null },
    arithmetic:
      arithmetic({
        quantity: facts.quantity ?? undefined,
        code: facts.code,
        target,
        quantityPerUnit: facts.packSize ?? undefined,
        ofUnit: undefined,
      }) ?? '',
  }));
}

/** What others mean by this code, and what of ours is called so. */
async function itemCandidates(book: CrossReferenceBook, code: string): Promise<TeachCandidate[]> {
  const { items } = await book.page({ kind: 'item', q: code }, 20);
  const found = new Map<string, TeachCandidate>();
  for (const one of items) {
    const name = meaningWords(one);
    if (found.has(name)) continue;
    const { targetScheme, target, packLevel, quantityPerUnit } = one;
    found.set(name, {
      ...{ targetScheme, target, name, kind: 'item', packLevel, quantityPerUnit, arithmetic: '' },
      because: { kind: 'reference', text: `${one.code} (${one.partner})` },
    });
  }
  return [...found.values()].slice(0, 6);
}
