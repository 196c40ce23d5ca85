/** Only from where a word begins: tried from each of its characters, a long text would take minutes. */
const EMAIL = /(?<![^\s@<>"'(),;:])[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+\.[^\s@<>"'(),;:]+/g;
/** Seven digits or more with the separators that people put into telephone and account numbers. */
const PHONE = /\+\d[\d\s()./-]{5,}\d/g;

/**
 * Makes a text from Odoo fit to be shown and stored: no e-mail addresses, no telephone numbers, none of the given
 * personal values (names, streets), no control characters, at most `limit` characters.
 */
export function redact(text: string, personal: Iterable<string> = [], limit = 400): string {
  let clean = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  const values = [...new Set([...personal].map((value) => value.trim()))]
    .filter((value) => value.length > 2)
    .sort((a, b) => b.length - a.length);
  for (const value of values) clean = clean.replaceAll(value, '…');
  clean = clean.replace(EMAIL, '…').replace(PHONE, '…').replace(/\s+/g, ' ').trim();
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}
