/**
 * GTIN, GLN and SSCC: read as people and scanners write them, checked, and brought to one form. What is wrong is said as a
 * sentence that names the digit.
 */
import { checkDigit, isChecked, likelySwaps } from './check-digit';
import { expandUpcE } from './upc-e';

export type Gs1Kind = 'gtin' | 'gln' | 'sscc';

export interface Gtin {
  /** 14 digits, padded with zeros: the form to compare and to store. */
  readonly gtin: string;
  /** As it was meant: GTIN-8, -12, -13 or -14. */
  readonly length: 8 | 12 | 13 | 14;
  /** Of a GTIN-14: 1 to 8 is a grouping of the same item, 9 an item of variable measure; 0 the item itself. */
  readonly packLevel: number;
  /** Why it must not be used outside one company or at all; undefined for normal numbers. */
  readonly restricted: Restriction | undefined;
}

export interface Gln {
  /** 13 digits. */
  readonly gln: string;
}

export interface Sscc {
  /** 18 digits. */
  readonly sscc: string;
  readonly extensionDigit: number;
}

/** Ranges of GS1 prefixes that identify no product of trade. */
export type Restriction =
  /** 02, 20 to 29, and 04: for use inside a company, and for goods by weight. */
  | 'company'
  /** 0 in front of a GTIN-8: velocity codes of shops. */
  | 'shop'
  /** 977, 978, 979: serials and books. They are valid trade items. */
  | 'publication'
  /** 980 to 984, 99 (and 05 of UPC): refund receipts and coupons. */
  | 'coupon'
  /** 952: examples. */
  | 'demonstration';

export type Read<T> = { readonly value: T } | { readonly fault: string };

const NAMES = { gtin: 'GTIN', gln: 'GLN', sscc: 'SSCC' } as const;

/** Reads a GTIN-8, -12, -13, -14, or (with `upcE`, or 6 digits) a UPC-E. Leading zeros may have been lost or added. */
export function readGtin(given: unknown, options: { readonly upcE?: boolean } = {}): Read<Gtin> {
  const digits = digitsOf(given, '01');
  if ('fault' in digits) return { fault: `the GTIN ${digits.fault}` };
  const { text } = digits;
  if (/^0+$/.test(text)) return { fault: 'the GTIN consists of zeros only: it is a placeholder' };
  if (text.length === 6 || (options.upcE === true && (text.length === 7 || text.length === 8))) {
    const expanded = expandUpcE(text);
    return 'fault' in expanded ? expanded : { value: gtinOf(expanded.value) };
  }
  const fault = lengthFault(text, [8, 12, 13, 14]) ?? checkFault('gtin', text);
  return fault === undefined ? { value: gtinOf(text) } : { fault };
}

function gtinOf(text: string): Gtin {
  const gtin = text.padStart(14, '0');
  const length = text.length as 8 | 12 | 13 | 14;
  return {
    gtin,
    length: length === 14 ? shortLength(gtin) : length,
    packLevel: Number(gtin.charAt(0)),
    restricted: restrictionOf(gtin),
  };
}

/** A GTIN-14 that begins with zeros is a shorter one that somebody has padded. */
function shortLength(gtin: string): 8 | 12 | 13 | 14 {
  if (!gtin.startsWith('0')) return 14;
  if (gtin.startsWith('000000')) return 8;
  return gtin.startsWith('00') ? 12 : 13;
}

function restrictionOf(gtin: string): Restriction | undefined {
  // GTIN-8: six zeros, then a prefix of its own.
  if (gtin.startsWith('000000')) {
    if (/^0000000/.test(gtin)) return 'shop';
    return gtin.charAt(6) === '2' ? 'company' : undefined;
  }
  const prefix = gtin.slice(1, 4);
  if (/^(?:02|04|2)/.test(prefix)) return 'company';
  if (/^97[789]$/.test(prefix)) return 'publication';
  if (/^(?:05|98[0-4]|99)/.test(prefix)) return 'coupon';
  return prefix === '952' ? 'demonstration' : undefined;
}

/** Reads a GLN, with or without the AI (410 to 417) of a barcode in front. */
export function readGln(given: unknown): Read<Gln> {
  const digits = digitsOf(given, '41[0-7]');
  if ('fault' in digits) return { fault: `the GLN ${digits.fault}` };
  const { text } = digits;
  if (/^0+$/.test(text)) return { fault: 'the GLN consists of zeros only: it is a placeholder' };
  const fault = lengthFault(text, [13], 'GLN') ?? checkFault('gln', text);
  return fault === undefined ? { value: { gln: text } } : { fault };
}

/** Reads an SSCC, with or without the AI 00 of a label in front. */
export function readSscc(given: unknown): Read<Sscc> {
  const digits = digitsOf(given, '00');
  if ('fault' in digits) return { fault: `the SSCC ${digits.fault}` };
  let { text } = digits;
  if (text.length === 20 && text.startsWith('00')) text = text.slice(2);
  if (/^0+$/.test(text)) return { fault: 'the SSCC consists of zeros only: it is a placeholder' };
  const fault = lengthFault(text, [18], 'SSCC') ?? checkFault('sscc', text);
  return fault === undefined ? { value: { sscc: text, extensionDigit: Number(text.charAt(0)) } } : { fault };
}

/** The same item in its own numbering at another pack level: the indicator changes, and with it the check digit. */
export function gtinAtLevel(gtin14: string, level: number): string {
  const body = `${level}${gtin14.slice(1, 13)}`;
  return body + String(checkDigit(body));
}

const MAX_TEXT = 60;
/** More places than these are no hint. */
const MAX_SWAPS = 3;

/** The digits of what people write: blanks and hyphens between them, "(00)" before them. */
function digitsOf(given: unknown, ai: string): { readonly text: string } | { readonly fault: string } {
  if (typeof given === 'number') {
    return Number.isSafeInteger(given) && given >= 0
      ? { text: String(given) }
      : { fault: 'was sent as a number that lost digits; the sender must send it as text' };
  }
  if (typeof given !== 'string') return { fault: 'is neither text nor a number' };
  if (given.length > MAX_TEXT) return { fault: `is longer than ${MAX_TEXT} characters` };
  const trimmed = given.trim();
  if (/^\d+(?:\.\d+)?e\+?\d+$/i.test(trimmed)) {
    return { fault: `"${trimmed}" went through a spreadsheet, which has dropped digits` };
  }
  const text = trimmed.replace(new RegExp(`^\\(${ai}\\)`), '').replace(/[\s\u00a0-]/g, '');
  const wrong = /[^0-9]/.exec(text);
  if (wrong !== null)
    return { fault: `has "${wrong[0]}" at place ${wrong.index + 1}, where only digits may be` };
  return text === '' ? { fault: 'is empty' } : { text };
}

function lengthFault(text: string, lengths: readonly number[], name = 'GTIN'): string | undefined {
  if (lengths.includes(text.length)) return undefined;
  const wanted =
    lengths.length === 1 ? String(lengths[0]) : `${lengths.slice(0, -1).join(', ')} or ${lengths.at(-1)}`;
  const fault = `the ${name} has ${text.length} digits instead of ${wanted}`;
  // A spreadsheet that takes it for a number drops the zeros in front.
  const padded = lengths.find((length) => length > text.length && isChecked(text.padStart(length, '0')));
  return padded === undefined || text.length < 6
    ? fault
    : `${fault}; with ${padded - text.length} zero(s) in front it would be right, which a spreadsheet may have dropped`;
}

function checkFault(kind: Gs1Kind, text: string): string | undefined {
  if (isChecked(text)) return undefined;
  const right = checkDigit(text.slice(0, -1));
  const swaps = likelySwaps(text).map((at) => `${at} and ${at + 1}`);
  const hint =
    swaps.length === 0 || swaps.length > MAX_SWAPS
      ? 'one of its digits is wrong'
      : `one of its digits is wrong, or two are swapped (places ${swaps.join(', or ')})`;
  return `the ${NAMES[kind]} ends with the check digit ${text.slice(-1)}, but the digits before it call for ${right}: ${hint}`;
}
