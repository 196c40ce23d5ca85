/** What a partner's unit code might mean, for a person to choose from. Never applied by itself. */
import { aliasesOf, UNIT_SCHEMES, type UnitScheme, unitKey } from './aliases';
import { currentCode, unitOf } from './units';

export interface UnitCandidate {
  readonly code: string;
  readonly name: string;
  readonly kind: string;
  /** Where the idea comes from: a code list, the Recommendation itself, or a word. */
  readonly because: { readonly kind: 'list' | 'rec20' | 'word'; readonly text: string };
}

/** Words of the trade, lower case, English and German. */
const WORDS: Readonly<Record<string, string>> = {
  each: 'EA',
  piece: 'H87',
  pieces: 'H87',
  pcs: 'H87',
  unit: 'C62',
  stück: 'H87',
  stueck: 'H87',
  stk: 'H87',
  st: 'H87',
  pce: 'H87',
  case: 'XCS',
  cases: 'XCS',
  cse: 'XCS',
  kiste: 'XCS',
  carton: 'XCT',
  ctn: 'XCT',
  karton: 'XCT',
  krt: 'XCT',
  kar: 'XCT',
  ve: 'XPK',
  pack: 'XPK',
  pkg: 'XPK',
  packung: 'XPK',
  paket: 'XPK',
  box: 'XBX',
  schachtel: 'XBX',
  pallet: 'XPX',
  plt: 'XPX',
  pal: 'XPX',
  palette: 'XPX',
  bag: 'XBG',
  beutel: 'XBG',
  sack: 'XSA',
  roll: 'XRO',
  rolle: 'XRO',
  bottle: 'XBO',
  btl: 'XBO',
  flasche: 'XBO',
  fl: 'XBO',
  dose: 'XCX',
  can: 'XCX',
  pair: 'PR',
  paar: 'PR',
  dozen: 'DZN',
  doz: 'DZN',
  dutzend: 'DZN',
  set: 'SET',
  satz: 'SET',
  kg: 'KGM',
  kilo: 'KGM',
  kilogramm: 'KGM',
  g: 'GRM',
  gr: 'GRM',
  gramm: 'GRM',
  lb: 'LBR',
  lbs: 'LBR',
  m: 'MTR',
  meter: 'MTR',
  lfm: 'LM',
  qm: 'MTK',
  cbm: 'MTQ',
  l: 'LTR',
  ltr: 'LTR',
  liter: 'LTR',
  ml: 'MLT',
  std: 'HUR',
  stunde: 'HUR',
  hour: 'HUR',
};

const MAX_CANDIDATES = 6;

/** The likeliest meanings of a code, best first: the partner's own list, then the Recommendation, words, other lists. */
export function suggestUnits(code: string, scheme: UnitScheme = 'partner'): UnitCandidate[] {
  const found = new Map<string, UnitCandidate>();
  const add = (meaning: string | undefined, kind: UnitCandidate['because']['kind'], text: string): void => {
    const unit = meaning === undefined ? undefined : unitOf(meaning);
    if (unit === undefined || unit.status !== 'active' || found.has(unit.code)) return;
    found.set(unit.code, { code: unit.code, name: unit.name, kind: unit.kind, because: { kind, text } });
  };
  const key = unitKey(code);
  for (const meaning of aliasesOf(scheme).get(key) ?? []) add(meaning, 'list', scheme);
  const word = key.toLowerCase().replace(/[.\s]+$/, '');
  if (Object.hasOwn(WORDS, word)) add(WORDS[word], 'word', word);
  for (const other of UNIT_SCHEMES) {
    for (const meaning of aliasesOf(other).get(key) ?? []) add(meaning, 'list', other);
  }
  add(currentCode(key), 'rec20', key);
  // Its own two characters may be those of a packaging: Recommendation 21 without the X.
  if (key.length === 2) add(currentCode(`X${key}`), 'rec20', `X${key}`);
  return [...found.values()].slice(0, MAX_CANDIDATES);
}

/** Current units whose code or name has this text, codes first. */
export function searchUnits(
  text: string,
  all: Iterable<{ code: string; name: string; status: string; kind: string }>,
  limit = 20,
): UnitCandidate[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const ranked: { rank: number; candidate: UnitCandidate }[] = [];
  for (const { code, name, status, kind } of all) {
    if (status !== 'active') continue;
    const rank = rankOf(wanted, code.toLowerCase(), name.toLowerCase());
    if (rank === undefined) continue;
    ranked.push({
      rank: kind === 'other' ? rank + 10 : rank,
      candidate: { code, name, kind, because: { kind: 'word', text } },
    });
  }
  ranked.sort((a, b) => a.rank - b.rank || (a.candidate.code < b.candidate.code ? -1 : 1));
  return ranked.slice(0, limit).map(({ candidate }) => candidate);
}

function rankOf(wanted: string, code: string, name: string): number | undefined {
  if (code === wanted || name === wanted) return 0;
  if (code === `x${wanted}`) return 1;
  if (name.startsWith(wanted)) return 2;
  if (name.includes(wanted)) return 3;
  return code.startsWith(wanted) ? 4 : undefined;
}
