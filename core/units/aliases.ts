/**
 * What partners call units, per code list. An entry names one code of UN/ECE Recommendation 20 or 21 (X...), or several:
 * then the partner's code says too little, and a person has to teach it ("CS" is a cassette in X12, and a case for most
 * who write it).
 *
 * What is not listed and is itself a current code of the Recommendations stands for itself only in EDIFACT and `rec20`,
 * whose codes those are. X12's "CA" is a case; Recommendation 20's was a can.
 */
import { currentCode } from './units';

export type UnitScheme = 'rec20' | 'x12' | 'edifact' | 'shopify' | 'amazon' | 'odoo' | 'partner';

export const UNIT_SCHEMES: readonly UnitScheme[] = [
  'rec20',
  'x12',
  'edifact',
  'shopify',
  'amazon',
  'odoo',
  'partner',
];

/** "EA EA, CA XCS, PT PTL/XPX": partner's code, then the code or the possible ones. */
function table(entries: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    entries.split(',').map((entry) => {
      const [code, meanings] = entry.trim().split(' ') as [string, string];
      return [code, meanings.split('/')];
    }),
  );
}

/** X12 data element 355. */
const X12 = table(
  'EA EA, PC H87, UN C62, PR PR, DZ DZN, GS GRO, HU CEN, TH MIL, ST SET, KT KT, AS AS, ' +
    'CA XCS, CS XCS/XCQ, CT XCT, BX XBX, PK XPK, PL XPX, PF XPX, PT PTL/XPX, BG XBG, BD XBE, BA XBL, RL XRO, TB XTU, ' +
    'TY XPU, JR XJR, DR XDR, CN XCX/XCA, SL XSY/XSL, EN XEN, ' +
    'LB LBR, OZ ONZ, KG KGM, GR GRM, TN STN, MP TNE, GX GRN, ' +
    'FT FOT, IN INH, YD YRD, MR MTR, CM CMT, MM MMT, LF LF, SM MTK, SF FTK, SY YDK, SI INK, ' +
    'GA GLL, LT LTR, ML MLT, FO OZA, QT QTL, CF FTQ, CI INQ, CR MTQ, CC CMQ, YC YDQ, ' +
    'HR HUR, DA DAY, MJ MIN, WK WEE, MO MON, YR ANN, KH KWH',
);

/** EDIFACT 6411 as sent: the directories allowed codes that Recommendation 20 never had or has moved to 21. */
const EDIFACT = table(
  'PCE H87, PCS H87, STK H87/STK, ST H87/XST, PC H87, UN C62, NAR NAR, ' +
    'CS XCS, CT XCT, CAR XCT, BX XBX, PK XPK, PX XPX, PF XPX, PAL XPX/PAL, BG XBG, BE XBE, BL XBL, BO XBO, BJ XBJ, CR XCR, ' +
    'CY XCY, DR XDR, JR XJR, JG XJG, KG KGM/XKG, PA XPA, PL XPL, RO XRO, RL XRL, SA XSA, TU XTU, TN XTN, VI XVI, ' +
    'CA XCX/XCA, CU XCU, CO XCO, BK XBK, PU XPU, DZ DZN, GR GRM/GRO, LT LTR, MT MTR/XMT, M MTR, L LTR',
);

const SHOPIFY = table(
  'G GRM, GRAMS GRM, KG KGM, KILOGRAMS KGM, OZ ONZ, OUNCES ONZ, LB LBR, POUNDS LBR, MG MGM, ' +
    'ML MLT, CL CLT, L LTR, M3 MTQ, FLOZ OZA, PT PTL, QT QTL, GAL GLL, MM MMT, CM CMT, M MTR, IN INH, FT FOT, YD YRD, ' +
    'M2 MTK, FT2 FTK, ITEM C62',
);

const AMAZON = table(
  'COUNT C62, UNITS C62, EACHES EA, EACH EA, EA EA, CASES XCS, CASE XCS, ' +
    'GRAMS GRM, GRAM GRM, G GRM, KILOGRAMS KGM, KILOGRAM KGM, KG KGM, MILLIGRAMS MGM, MILLIGRAM MGM, OUNCES ONZ, OUNCE ONZ, OZ ONZ, ' +
    'POUNDS LBR, POUND LBR, LB LBR, TONS STN/TNE/LTN, ' +
    'INCHES INH, INCH INH, IN INH, FEET FOT, FOOT FOT, YARDS YRD, METERS MTR, METER MTR, CENTIMETERS CMT, CENTIMETER CMT, CM CMT, ' +
    'MILLIMETERS MMT, MILLIMETER MMT, ' +
    'CUBIC_CENTIMETERS CMQ, CUBIC_METERS MTQ, CUBIC_INCHES INQ, CUBIC_FEET FTQ, CUBIC_YARDS YDQ, ' +
    'LITERS LTR, LITER LTR, MILLILITERS MLT, MILLILITER MLT, CENTILITERS CLT, DECILITERS DLT, FLUID_OUNCES OZA, CUPS G21, ' +
    'PINTS PTL, QUARTS QTL, GALLONS GLL, IMPERIAL_GALLONS GLI, IMPERIAL_PINTS PTI, IMPERIAL_QUARTS QTI, ' +
    'IMPERIAL_FLUID_OUNCES OZI, SQUARE_METERS MTK, SQUARE_FEET FTK, SQUARE_INCHES INK, SQUARE_CENTIMETERS CMK',
);

/** External ids of Odoo's own units, without `uom.product_uom_`. Its quart and gallon are the US liquid ones. */
const ODOO = table(
  'UNIT C62, DOZEN DZN, KGM KGM, GRAM GRM, TON TNE, LB LBR, OZ ONZ, DAY DAY, HOUR HUR, MINUTE MIN, ' +
    'METER MTR, KM KMT, CM CMT, MILLIMETER MMT, INCH INH, FOOT FOT, YARD YRD, MILE SMI, ' +
    'LITRE LTR, MILLILITER MLT, CUBIC_METER MTQ, FLOZ OZA, QT QTL, GAL GLL, CUBIC_INCH INQ, CUBIC_FOOT FTQ, ' +
    'SQUARE_METER MTK, SQUARE_FOOT FTK, KWH KWH',
);

const TABLES: Readonly<Record<UnitScheme, ReadonlyMap<string, readonly string[]>>> = {
  rec20: new Map(),
  x12: X12,
  edifact: EDIFACT,
  shopify: SHOPIFY,
  amazon: AMAZON,
  odoo: ODOO,
  partner: new Map(),
};

export type Resolved =
  | { readonly type: 'known'; readonly code: string }
  /** The list has the code, with more than one meaning. */
  | { readonly type: 'ambiguous'; readonly candidates: readonly string[] }
  | { readonly type: 'unknown' };

const UNKNOWN: Resolved = { type: 'unknown' };

/** What a code of this list stands for. Never a guess: what is not known stays unknown. */
export function resolveUnit(scheme: UnitScheme, code: string): Resolved {
  const key = unitKey(scheme === 'odoo' ? code.trim().replace(/^(?:uom\.)?product_uom_/i, '') : code);
  const meanings = TABLES[scheme].get(key);
  if (meanings !== undefined) {
    const [only] = meanings;
    return meanings.length === 1 && only !== undefined
      ? { type: 'known', code: only }
      : { type: 'ambiguous', candidates: meanings };
  }
  if (scheme !== 'edifact' && scheme !== 'rec20') return UNKNOWN;
  const current = currentCode(key);
  return current === undefined ? UNKNOWN : { type: 'known', code: current };
}

/** The code that a list uses for one of ours: the first that means it alone; undefined when it has none. */
export function aliasOf(scheme: UnitScheme, code: string): string | undefined {
  for (const [alias, meanings] of TABLES[scheme]) {
    if (meanings.length === 1 && meanings[0] === code) {
      return scheme === 'odoo' ? `uom.product_uom_${alias.toLowerCase()}` : alias;
    }
  }
  if (scheme !== 'edifact' && scheme !== 'rec20') return undefined;
  return TABLES[scheme].has(code) ? undefined : currentCode(code);
}

/** All pairs of a list, for tests and for showing. */
export function aliasesOf(scheme: UnitScheme): ReadonlyMap<string, readonly string[]> {
  return TABLES[scheme];
}

/** Codes are compared without case and blanks: "ea" is written as often as "EA". */
export function unitKey(code: string): string {
  return code.trim().toUpperCase();
}
