/** How well a source field fits a target: by name, type, values, and what earlier mappings did. */
import { currencyExponent } from '../../canonical/decimal';
import { countryCode } from '../../mapping/country';
import type { ContractField, Reason } from '../api';
import { isGtin } from '../looks';
import type { Memory } from './memory';
import type { Name, Role } from './names';
import { FILLERS, impliedWords, VAGUE_WORDS, type Wanted, wantedOf } from './phrases';
import type { Candidate } from './source';

export interface Match {
  readonly candidate: Candidate;
  /** About 0 to 1, not calibrated; more than 1 only tells the better of two good ones. */
  readonly score: number;
  readonly reasons: readonly Reason[];
}

const MIN_SCORE = 0.35;

/** The candidates that fit, the best first. */
export function matchesOf(
  target: ContractField,
  candidates: readonly Candidate[],
  memory: Memory,
  wanted: Wanted = wantedOf(target),
): Match[] {
  const implied = impliedWords(target.path);
  const role = targetRole(target.path);
  const found: Match[] = [];
  for (const candidate of candidates) {
    const type = typeFit(target, candidate);
    if (type === undefined) continue;
    const named = nameScore(candidate.name, wanted, implied);
    const remembered = memory.times(target.path, candidate.path);
    const words = Math.max(named.score, remembered === 0 ? 0 : 0.72 + 0.04 * Math.min(remembered, 4));
    if (words === 0) continue;
    const roles = roleFit(role, target.path, candidate);
    if (roles === undefined) continue;
    let score = 0.9 * words + type.bonus + roles - 0.015 * (candidate.depth - 1);
    if (remembered > 0) score += 0.06;
    if (candidate.field.count === 0) score -= 0.3;
    if (/(?:^|_)(?:gmt|utc)$/i.test(candidate.path)) score += 0.04;
    // What an order is now, after edits, counts.
    if (candidate.name.own.includes('current')) score += 0.06;
    if (score < MIN_SCORE) continue;
    const reasons = [...nameReasons(candidate, named.words), ...type.reasons];
    if (remembered > 0) {
      const mappings = remembered === 1 ? 'One earlier mapping takes' : `${remembered} earlier mappings take`;
      reasons.push({ kind: 'memory', text: `${mappings} a field of this name for it.` });
    }
    found.push({ candidate, score, reasons });
  }
  return found.sort((a, b) => b.score - a.score || a.candidate.depth - b.candidate.depth);
}

/** How close a name is to what is wanted. @returns the words that made it so */
export function nameScore(
  name: Name,
  { phrases, not }: Wanted,
  implied: ReadonlySet<string>,
): { score: number; words: readonly string[] } {
  const own = new Set(name.own);
  const around = new Set(name.around);
  let best = { score: 0, words: [] as readonly string[] };
  for (const { words, weight } of phrases) {
    let hitsOwn = 0;
    let hitsAround = 0;
    let close = 0;
    let missing = 0;
    for (const word of words) {
      if (own.has(word)) hitsOwn += 1;
      else if (around.has(word)) hitsAround += 1;
      else if (name.own.some((mine) => isClose(mine, word))) close += 1;
      else if (!implied.has(word)) missing += 1;
    }
    if (hitsOwn + close === 0 || missing > 0) continue;
    // The last telling word is what it is: it must be in the field's own name (`customer` alone is no note).
    const last = [...words].reverse().find((word) => !FILLERS.has(word)) ?? words.at(-1) ?? '';
    if (!own.has(last) && !name.own.some((mine) => isClose(mine, last))) continue;
    const telling = words.some((word) => !implied.has(word) && (own.has(word) || around.has(word)));
    if (!telling && !own.has(words.at(-1) ?? '')) continue;
    const extra = name.own.filter((word) => !words.includes(word) && !implied.has(word)).length;
    // `tax id` is no `order id`: a hit that says little counts little beside words that say more.
    const vague = extra > 0 && words.every((word) => !own.has(word) || VAGUE_WORDS.has(word)) ? 0.4 : 1;
    const score =
      vague *
      (weight + 0.03 * (hitsOwn - 1)) *
      (1 - 0.16 * Math.min(extra, 4)) *
      (1 - 0.12 * close) *
      (1 - 0.03 * hitsAround);
    if (score > best.score) best = { score, words };
  }
  if (best.score === 0) return best;
  const against = name.own.filter((word) => not.has(word) && !best.words.includes(word)).length;
  const againstAround = name.around.filter((word) => not.has(word) && !best.words.includes(word)).length;
  return {
    score: Math.max(0, best.score - 0.35 * Math.min(against, 2) - 0.12 * Math.min(againstAround, 2)),
    words: best.words,
  };
}

/** A slip of the pen, or a word cut short. */
function isClose(a: string, b: string): boolean {
  if (a.length < 5 || b.length < 5 || FILLERS.has(b) || /\d/.test(a + b)) return false;
  if (b.startsWith(a) || a.startsWith(b)) return Math.abs(a.length - b.length) <= 4;
  if (Math.abs(a.length - b.length) > 1 || a[0] !== b[0] || Math.min(a.length, b.length) < 6) return false;
  let differences = 0;
  for (let left = 0, right = 0; left < a.length || right < b.length; ) {
    if (a[left] === b[right]) {
      left += 1;
      right += 1;
      continue;
    }
    differences += 1;
    if (differences > 1) return false;
    if (a.length >= b.length) left += 1;
    if (b.length >= a.length) right += 1;
  }
  return true;
}

export function targetRole(path: string): Role | undefined {
  const party = /^parties\.(buyer|shipTo|billTo|seller)\b/.exec(path)?.[1];
  if (party === 'shipTo') return 'ship';
  if (party === 'billTo') return 'bill';
  return party === 'buyer' || party === 'seller' ? party : undefined;
}

/** @returns undefined when the field is somebody else's */
function roleFit(role: Role | undefined, target: string, { role: own, path }: Candidate): number | undefined {
  if (role === undefined) {
    // Parties and places that we know nothing about take no other's data.
    if (/^(?:parties|shipping\.pickupPoint)\./.test(target)) return undefined;
    return own === undefined ? 0 : -0.05;
  }
  if (own === role) return 0.08;
  if (role === 'buyer' && own === 'bill') return -0.08;
  if (own === undefined && role !== 'bill' && role !== 'seller') return path.includes('.') ? -0.3 : -0.2;
  return undefined;
}

interface Fit {
  readonly bonus: number;
  readonly reasons: readonly Reason[];
}

const NEUTRAL: Fit = { bonus: 0, reasons: [] };

/** Whether the field's values can be the target's at all; undefined when they cannot. */
export function typeFit(target: ContractField, { field }: Candidate): Fit | undefined {
  const { looks, type, examples } = field;
  const told = (bonus: number, text: string, kind: Reason['kind'] = 'value'): Fit => ({
    bonus,
    reasons: [{ kind, text }],
  });
  const example = examples[0] === undefined ? '' : `, for example ${examples[0]}`;
  if (type === 'null') return NEUTRAL;
  if (target.format === 'date-time' || target.format === 'date') {
    if (looks === 'time') return told(0.1, `Its values are times${example}.`);
    return looks === 'date' ? told(0.08, `Its values are days${example}.`) : undefined;
  }
  if (target.format === 'iso-4217')
    return isCurrencies(examples)
      ? told(0.12, `Its values are currencies of ISO 4217${example}.`)
      : undefined;
  if (target.format === 'email' || /(?:^|\.)email$/.test(target.path))
    return looks === 'email' ? told(0.1, `Its values are mail addresses.`) : undefined;
  if (/countryCode$/.test(target.path)) {
    if (looks === 'country') return told(0.12, `Its values are country codes${example}.`);
    return examples.every((text) => countryCode(text) !== undefined)
      ? told(0.05, `Its values are names of countries${example}.`)
      : undefined;
  }
  if (target.type === 'boolean')
    return type === 'boolean' || looks === 'yes/no'
      ? told(0.05, 'Its values are yes or no.', 'type')
      : undefined;
  if (target.type === 'decimal' || target.type === 'number' || target.type === 'integer') {
    const numeric =
      type === 'number' || looks === 'integer' || looks === 'decimal' || looks === 'date' || looks === 'gtin';
    return numeric ? told(0.04, `Its values are numbers${example}.`, 'type') : undefined;
  }
  if (/(?:^|\.)gln$/.test(target.path))
    return examples.every((text) => /^\d{13}$/.test(text)) ? told(0.1, 'Its values are GLNs.') : undefined;
  if (type === 'boolean') return undefined;
  if (/(?:^|\.)unit$/.test(target.path)) {
    if (looks === 'unit') return told(0.12, `Its values are codes of units${example}.`);
    return looks === undefined && type === 'text' ? NEUTRAL : undefined;
  }
  if (/name$/i.test(target.path) && !examples.every((text) => /\p{L}{2}/u.test(text) && !/^[#\d]/.test(text)))
    return undefined;
  if (/name$|city$|line\d$|description$/i.test(target.path)) {
    return type === 'text' &&
      (looks === undefined ||
        looks === 'unit' ||
        looks === 'country' ||
        looks === 'currency' ||
        looks === 'yes/no')
      ? NEUTRAL
      : undefined;
  }
  if (/(?:^id|externalId|orderNumber|orderRef\.id)$/.test(target.path)) {
    if (!examples.every((text) => /\d/.test(text)) || looks === 'date') return undefined;
    // People write order numbers like #1001.
    if (target.path.endsWith('orderNumber') && examples.every((text) => /^#\d/.test(text)))
      return told(0.14, `Its values look like order numbers${example}.`);
  }
  if (/(?:id|number|ref)$/i.test(target.path)) {
    if (looks === 'time' || looks === 'email' || looks === 'currency' || looks === 'url')
      return looks === 'url' ? { bonus: -0.04, reasons: [] } : undefined;
    return looks === 'decimal' ? undefined : NEUTRAL;
  }
  if (looks === 'email' || looks === 'time') return { bonus: -0.3, reasons: [] };
  return NEUTRAL;
}

function isCurrencies(examples: readonly string[]): boolean {
  return (
    examples.length > 0 && examples.every((text) => currencyExponent(text.trim().toUpperCase()) !== undefined)
  );
}

/** GTINs by their check digits: a name is not needed. */
export function holdsGtins({ field }: Candidate): boolean {
  return field.examples.length > 0 && field.examples.every(isGtin);
}

function nameReasons({ name, path }: Candidate, words: readonly string[]): Reason[] {
  if (words.length === 0) return [];
  const translated = name.translated.filter(({ means }) =>
    means.split(' ').some((word) => words.includes(word)),
  );
  const last = path.replace(/^.*\.(?=[^.]+$)/, '');
  if (translated.length === 0) return [{ kind: 'name', text: `The name ${last} says ${words.join(' ')}.` }];
  const seen = new Set<string>();
  return translated
    .filter(({ word }) => !seen.has(word) && seen.add(word))
    .slice(0, 2)
    .map(({ word, means, language }) => ({
      kind: 'synonym',
      text: language === 'English' ? `"${word}" means ${means}.` : `"${word}" is ${language} for ${means}.`,
    }));
}
