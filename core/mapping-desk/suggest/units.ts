/** Units: by a code list that knows all of them, else by a table of the partners' words. */
import { resolveUnit, type UnitScheme } from '../../units';
import type { Context } from './context';

/** Partners' words for units as codes of Rec 20 and 21, for the tables that are proposed. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  C62: [
    'c62',
    'h87',
    'ea',
    'each',
    'eaches',
    'pc',
    'pcs',
    'pce',
    'piece',
    'pieces',
    'unit',
    'units',
    'st',
    'stk',
    'stck',
    'stueck',
    'stück',
  ],
  XCT: ['ct', 'ctn', 'carton', 'cartons', 'kar', 'karton', 'krt', 'xct'],
  XCS: ['cs', 'ca', 'case', 'cases', 'xcs'],
  XBX: ['bx', 'box', 'boxes', 'xbx'],
  XPK: ['pk', 'pack', 'packs', 'package', 'packung', 'xpk'],
  XPX: ['plt', 'pal', 'pallet', 'pallets', 'palette', 'xpx'],
  KGM: ['kg', 'kgs', 'kgm', 'kilogram', 'kilogramm'],
  GRM: ['g', 'gr', 'grm', 'gram', 'gramm'],
  LTR: ['l', 'ltr', 'liter', 'litre'],
  MTR: ['m', 'mtr', 'meter', 'metre'],
  DZN: ['dz', 'dzn', 'dozen', 'dutzend'],
  PR: ['pr', 'pair', 'pairs', 'paar'],
};

/** A table for the units that were seen; of those that are not known the analyst must say what they are. */
export function unitTable(examples: readonly string[]): { values: Record<string, string>; unknown: number } {
  const values: Record<string, string> = {};
  let unknown = 0;
  for (const example of examples) {
    const word = example.trim().toLowerCase();
    const code = Object.entries(CODES).find(([, words]) => words.includes(word))?.[0];
    if (code === undefined) unknown += 1;
    else values[example.trim()] = code;
  }
  return { values, unknown };
}

/** The code list that the source writes its units in, where it is plain which one and it knows every code that was seen. */
export function unitScheme(examples: readonly string[], context: Context): UnitScheme | undefined {
  const schemes: readonly UnitScheme[] =
    context.system === 'amazon' || context.system === 'shopify'
      ? [context.system]
      : context.ask.source.candidates.some(({ path }) => /\[(?:qualifier|qualf|qual)=/i.test(path))
        ? ['edifact', 'x12']
        : [];
  const codes = examples.map((text) => text.trim());
  return schemes.find(
    (scheme) => codes.length > 0 && codes.every((code) => resolveUnit(scheme, code).type === 'known'),
  );
}
