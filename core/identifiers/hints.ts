/** Formats of identifiers without a check digit of ours: a hint for the analyst, no refusal. */

/** D-U-N-S numbers have nine digits, and since 2006 no check digit. */
export function dunsHint(given: string): string | undefined {
  const digits = given.replace(/[\s-]/g, '');
  return /^\d{9}$/.test(digits) ? undefined : `a D-U-N-S number has 9 digits, this one has ${digits.length}`;
}

/** By country prefix, what follows it. */
const VAT: Readonly<Record<string, RegExp>> = {
  AT: /^U\d{8}$/,
  BE: /^[01]\d{9}$/,
  BG: /^\d{9,10}$/,
  CHE: /^\d{9}(?:MWST|TVA|IVA)?$/,
  CY: /^\d{8}[A-Z]$/,
  CZ: /^\d{8,10}$/,
  DE: /^\d{9}$/,
  DK: /^\d{8}$/,
  EE: /^\d{9}$/,
  EL: /^\d{9}$/,
  ES: /^[A-Z0-9]\d{7}[A-Z0-9]$/,
  FI: /^\d{8}$/,
  FR: /^[A-Z0-9]{2}\d{9}$/,
  GB: /^(?:\d{9}|\d{12}|GD\d{3}|HA\d{3})$/,
  HR: /^\d{11}$/,
  HU: /^\d{8}$/,
  IE: /^(?:\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])$/,
  IT: /^\d{11}$/,
  LT: /^(?:\d{9}|\d{12})$/,
  LU: /^\d{8}$/,
  LV: /^\d{11}$/,
  MT: /^\d{8}$/,
  NL: /^\d{9}B\d{2}$/,
  NO: /^\d{9}(?:MVA)?$/,
  PL: /^\d{10}$/,
  PT: /^\d{9}$/,
  RO: /^\d{2,10}$/,
  SE: /^\d{12}$/,
  SI: /^\d{8}$/,
  SK: /^\d{10}$/,
  XI: /^(?:\d{9}|\d{12}|GD\d{3}|HA\d{3})$/,
};

/** What looks wrong about a VAT number; undefined when it looks right, or its country is not known here. */
export function vatHint(given: string): string | undefined {
  const text = given.toUpperCase().replace(/[\s.\-/]/g, '');
  const country = text.startsWith('CHE') ? 'CHE' : text.slice(0, 2);
  if (!/^[A-Z]{2}/.test(text)) return 'a VAT number begins with its country, for example DE';
  if (country === 'GR') return 'Greek VAT numbers begin with EL, not with GR';
  const pattern = Object.hasOwn(VAT, country) ? VAT[country] : undefined;
  if (pattern === undefined || pattern.test(text.slice(country.length))) return undefined;
  return `this is not how VAT numbers of ${country} look`;
}
