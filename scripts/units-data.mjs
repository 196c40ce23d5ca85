// Derives core/units/rec20.json (facts: code, name, status, kind, exact factor) from UN/ECE Recommendations 20 and 21 as
// published machine-readably: `node scripts/units-data.mjs parsedUneceUnits.json`, a file of github.com/quadient/unece-units
// (MIT), python/src/unece_excel_parser/. To be run again when UN/ECE publishes a new revision.
//
// The published factors are rounded ("0.02834952" for the ounce) and a few are wrong (troy ounce). So a factor is taken
// over only where it is a power of ten; other units get theirs from their legal definition below, and a unit whose
// definition is no finite decimal (survey foot, ping) or no fixed quantity (month, cord as traded) gets none.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Big from 'big.js';

/** Kind of each SI dimension that goods are counted in. */
const KINDS = {
  meter: 'length',
  'meter ** 2': 'area',
  'meter ** 3': 'volume',
  kilogram: 'mass',
  second: 'time',
  joule: 'energy',
  watt: 'power',
};

/** Same dimension, other thing: a ratio is no duration, a foot per thousand is a gradient. */
const NOT_THAT = new Set(
  'E33 C94 F06 G98 G99 H03 H04 H05 H06 H07 J74 L16 N35 E98 E99 F02 F03 F04 F05 F07 NM3 SM3 5I D46'.split(' '),
);

/** By definition, in the kind's base unit (m, m², m³, kg, s, J, W, one). Products of definitions where that says more. */
const DEFINED = {
  // International yard and pound agreement of 1959: yard 0.9144 m, pound 0.45359237 kg.
  ...{ INH: '0.0254', FOT: '0.3048', YRD: '0.9144', SMI: '1609.344', AK: '1.8288', NMI: '1852' },
  ...{
    77: '0.0000254',
    M7: '0.0000000254',
    M50: '201.168',
    X1: '20.1168',
    H80: '0.04445',
    A12: '149597870700',
  },
  ...{ INK: '0.00064516', FTK: '0.09290304', YDK: '0.83612736', ACR: '4046.8564224', MIK: '2589988.110336' },
  ...{ INQ: '0.000016387064', FTQ: '0.028316846592', YDQ: '0.764554857984', M69: '4168181825.440579584' },
  // US liquid: gallon of 231 in³. US dry: bushel of 2150.42 in³.
  ...{ GLL: '0.003785411784', QTL: '0.000946352946', PTL: '0.000473176473', G21: '0.0002365882365' },
  ...{ QT: '0.000946352946', PT: '0.000473176473', T6: '3.785411784' },
  ...{ GIA: '0.00011829411825', OZA: '0.0000295735295625', G24: '0.00001478676478125' },
  ...{ G25: '0.00000492892159375', BLL: '0.158987294928' },
  ...{ BUA: '0.03523907016688', G23: '0.00880976754172', GLD: '0.00440488377086' },
  ...{
    QTD: '0.001101220942715',
    PTD: '0.0005506104713575',
    L62: '0.001101220942715',
    L61: '0.0005506104713575',
  },
  // Imperial: gallon of 4.54609 litres.
  ...{ GLI: '0.00454609', QTI: '0.0011365225', PTI: '0.00056826125', GII: '0.0001420653125' },
  ...{ OZI: '0.0000284130625', BUI: '0.03636872', L43: '0.00909218' },
  ...{ LBR: '0.45359237', ONZ: '0.028349523125', GRN: '0.00006479891', APZ: '0.0311034768' },
  ...{ STI: '6.35029318', QTR: '12.70058636', CWI: '50.80234544', LTN: '1016.0469088' },
  ...{ CWA: '45.359237', CNT: '45.359237', STN: '907.18474', M86: '0.5' },
  ...{ MIN: '60', HUR: '3600', DAY: '86400', WEE: '604800', QH: '900', UD: '6', UE: '360', DAD: '864000' },
  ...{ WHR: '3600', KWH: '3600000', MWH: '3600000000', GWH: '3600000000000', D32: '3600000000000000' },
  // Calorie of the international steam table 4.1868 J; Btu(IT) = 1 lb/kg · K/1.8 of it.
  ...{ D70: '4.1868', R4: '4.1868', E14: '4186.8', D35: '4.184', K53: '4184', BTU: '1055.05585262' },
  ...{ N71: '105505585.262', HJ: '735.49875', B39: '9.80665' },
  ...{
    C62: '1',
    EA: '1',
    H87: '1',
    NAR: '1',
    PR: '2',
    QD: '3',
    HD: '6',
    DZN: '12',
    DPC: '12',
    SCO: '20',
    TPR: '20',
  },
  ...{ DPR: '24', CEN: '100', HC: '100', GRO: '144', MIL: '1000', E12: '1000', T3: '1000', GGR: '1728' },
  ...{ MIO: '1000000', MLD: '1000000000', BIL: '1000000000000', TRL: '1000000000000000000' },
};
const COUNTS = new Set(
  'C62 EA H87 NAR PR QD HD DZN DPC SCO TPR DPR CEN HC GRO MIL E12 T3 GGR MIO MLD BIL TRL'.split(' '),
);
/** Of Recommendation 20, what holds a number of pieces that only the product tells. */
const PACKAGINGS = new Set('NMP AB P5 TP DZP CNP HBX LR KT SET TST AS 20 21 Z11'.split(' '));
/** Fixed only by convention: their length depends on the calendar, their amount on the trade. */
const NO_FIXED_SIZE = new Set('ANN MON M36 M37 L95'.split(' '));

const STATUS = {
  ACTIVE: 'active',
  CHANGED_CHARACTERISTICS: 'active',
  DEPRECATED: 'deprecated',
  MARKED_AS_DELETED: 'deleted',
};

const isPowerOfTen = (text) => new Big(text).c.join('') === '1';

function kindOf(unit) {
  const { commonCode: code, conversionFactor, categories } = unit;
  if (COUNTS.has(code)) return 'count';
  // Recommendation 21 has no levels; its codes are X and two characters.
  if (PACKAGINGS.has(code) || (categories === null && /^X[0-9A-Z]{2}$/.test(code))) return 'packaging';
  if (code === 'DAD') return 'time';
  if (code === 'MIK') return 'area';
  if (NOT_THAT.has(code)) return 'other';
  return KINDS[conversionFactor?.parsedSymbol] ?? 'other';
}

function factorOf(unit, kind) {
  const { commonCode: code, conversionFactor } = unit;
  if (kind === 'other' || kind === 'packaging' || NO_FIXED_SIZE.has(code)) return '';
  if (DEFINED[code] !== undefined) return DEFINED[code];
  const published = conversionFactor?.factor;
  return published !== undefined && isPowerOfTen(String(published))
    ? new Big(String(published)).toFixed()
    : '';
}

const source = process.argv[2];
if (source === undefined) throw new Error('usage: node scripts/units-data.mjs parsedUneceUnits.json');
const rows = JSON.parse(readFileSync(source, 'utf8')).map((unit) => {
  const kind = kindOf(unit);
  const name = unit.name.replace(/\s+/g, ' ').replaceAll('|', '/').trim();
  return [unit.commonCode, name, STATUS[unit.state], kind, factorOf(unit, kind)].join('|');
});
const known = new Set(rows.map((row) => row.split('|')[0]));
const lost = Object.keys(DEFINED).filter((code) => !known.has(code));
if (lost.length > 0) throw new Error(`defined here but not published: ${lost.join(', ')}`);
const file = {
  source:
    'UN/ECE Recommendation 20 revision 17 and Recommendation 21 revision 12, read from github.com/quadient/unece-units (MIT); factors by definition, see scripts/units-data.mjs',
  columns: 'code|name|status|kind|factor',
  units: rows.sort((a, b) => (a < b ? -1 : 1)),
};
const target = fileURLToPath(new URL('../core/units/rec20.json', import.meta.url));
writeFileSync(target, `${JSON.stringify(file, null, 2)}\n`);
console.log(
  `${rows.length} units, ${rows.filter((row) => !row.endsWith('|')).length} with a factor: ${target}`,
);
