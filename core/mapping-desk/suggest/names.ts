/** Field names as words in one language. */
import type { Step } from '../../mapping/path';
import { stepsOf } from '../paths';
import { LANGUAGES, meaningOf, PREFIXES, qualifierMeaning } from './dictionary';

export interface Name {
  /** Plain words of the field's own name. */
  readonly own: readonly string[];
  /** Plain words of what it is in, the nearest last. */
  readonly around: readonly string[];
  /** What was translated: `"menge" is German for quantity`. */
  readonly translated: readonly Translated[];
}

export interface Translated {
  readonly word: string;
  readonly means: string;
  readonly language: string;
}

const VAGUE = new Set(['amount', 'value', 'money', 'text', 'content', 'name']);

/** The words of a path's last name and of those before it. */
export function nameOf(path: string): Name {
  const steps = stepsOf(path) ?? [];
  const translated: Translated[] = [];
  const levels: string[][] = [];
  let qualifier: string[] = [];
  for (const step of steps) {
    if (step.kind === 'key') levels.push(wordsOf(step.key, translated));
    else if (step.kind === 'match') qualifier = [...qualifier, ...qualifierWords(step, translated)];
  }
  // `ItemPrice.Amount` is an item price: names that say nothing by themselves take that of what they are in.
  const last = levels.length > 1 && levels.at(-1)?.every((word) => VAGUE.has(word)) === true ? 2 : 1;
  // An entry that a qualifier tells apart is what the qualifier says: `breakdowns[type=TAX].subtotal`.
  const own = [...qualifier, ...levels.slice(-last).flat()];
  return { own: [...new Set(own)], around: levels.slice(0, -last).flat(), translated };
}

function qualifierWords({ value }: Step & { kind: 'match' }, translated: Translated[]): string[] {
  const meaning = qualifierMeaning(value);
  if (meaning === undefined) return wordsOf(value, translated);
  translated.push({ word: value, means: meaning.words.join(' '), language: LANGUAGES[meaning.language] });
  return [...meaning.words];
}

/** `qtyOrdered`, `qty_ordered` and `QTY-ORDERED` alike: quantity, ordered. */
export function wordsOf(name: string, translated: Translated[] = []): string[] {
  const plain = name
    .replaceAll('ß', 'ss')
    .replace(/[äöü]/gi, (letter) => ({ ä: 'ae', ö: 'oe', ü: 'ue' })[letter.toLowerCase()] ?? letter)
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '');
  const whole = plain.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
  const known = meaningOf(whole);
  if (known !== undefined) return told(whole, known.words, known.language, translated);
  return plain
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .flatMap((word) => meant(word.toLowerCase(), translated, 0));
}

function meant(word: string, translated: Translated[], depth: number): string[] {
  const known = meaningOf(word);
  if (known !== undefined) return told(word, known.words, known.language, translated);
  if (depth < 3) {
    for (const prefix of PREFIXES) {
      if (!word.startsWith(prefix) || word.length < prefix.length + 2) continue;
      const rest = word.slice(prefix.length).replace(/^s(?=[a-z]{2})/, '');
      const { words, language } = meaningOf(prefix) ?? { words: [], language: 'de' as const };
      if (language !== 'de') continue;
      return [...told(prefix, words, language, translated), ...meant(rest, translated, depth + 1)];
    }
  }
  const digits = /^([a-z]{3,})\d$/.exec(word)?.[1];
  if (digits !== undefined && meaningOf(digits) !== undefined) return meant(digits, translated, depth + 1);
  return [word];
}

function told(
  word: string,
  words: readonly string[],
  language: keyof typeof LANGUAGES,
  translated: Translated[],
): string[] {
  const means = words.join(' ');
  if (means !== word) translated.push({ word, means, language: LANGUAGES[language] });
  return [...words];
}

export type Role = 'buyer' | 'ship' | 'bill' | 'seller';

/** Whose the field is, by its own words and those around it. */
export function roleOf({ own, around }: Pick<Name, 'own' | 'around'>): Role | undefined {
  // The nearest word counts: `customer.shipping_address.city`.
  for (const word of [...own].reverse().concat([...around].reverse())) {
    if (word === 'ship') return 'ship';
    if (word === 'bill') return 'bill';
    if (word === 'customer') return 'buyer';
    if (word === 'seller') return 'seller';
  }
  return undefined;
}
