/** Countries as partners write them to ISO 3166-1 alpha-2. */

import { fromAlpha3 } from './country-alpha3';

const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'nl', 'pl', 'pt'];

/** Codes that Intl names although they are no countries of ISO 3166-1. */
const NO_COUNTRY = new Set([
  'AC',
  'CP',
  'CQ',
  'DG',
  'EA',
  'EU',
  'EZ',
  'IC',
  'QO',
  'TA',
  'UN',
  'XA',
  'XB',
  'ZZ',
]);

/** Customary codes and names that Intl does not map: VAT prefixes, IOC-like codes of shop plugins. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['el', 'GR'],
  ['uk', 'GB'],
  ['usa', 'US'],
  ['united states of america', 'US'],
  ['great britain', 'GB'],
  ['england', 'GB'],
  ['holland', 'NL'],
  ['czech republic', 'CZ'],
]);

let codes: ReadonlySet<string> | undefined;
let names: ReadonlyMap<string, string> | undefined;

/** The alpha-2 code for a code of two or three letters or a name ("de", "Belgique", "UK"); undefined when it is not known. */
export function countryCode(text: string): string | undefined {
  const trimmed = text.trim();
  const upper = trimmed.toUpperCase();
  const alias = ALIASES.get(trimmed.toLowerCase());
  if (alias !== undefined) return alias;
  codes ??= knownCodes();
  if (codes.has(upper)) return upper;
  if (trimmed.length < 4) return fromAlpha3(upper);
  names ??= knownNames(codes);
  return names.get(plain(trimmed));
}

function knownCodes(): ReadonlySet<string> {
  const display = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
  const found = new Set<string>();
  for (let first = 65; first <= 90; first += 1) {
    for (let second = 65; second <= 90; second += 1) {
      const code = String.fromCharCode(first, second);
      // A withdrawn code (DD, SU) is rewritten to its successor by Intl.Locale: not a country of today.
      if (
        !NO_COUNTRY.has(code) &&
        display.of(code) !== undefined &&
        new Intl.Locale(`und-${code}`).region === code
      ) {
        found.add(code);
      }
    }
  }
  return found;
}

function knownNames(known: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
    for (const code of known) {
      const name = display.of(code);
      if (name !== undefined && !found.has(plain(name))) found.set(plain(name), code);
    }
  }
  return found;
}

/** Lower case without accents and punctuation: what people leave out or add when they write a country. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^\p{Letter}]+/gu, ' ')
    .trim();
}
