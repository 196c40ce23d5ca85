/** What makes failures one group: the same code at the same node, about the same thing. */
import { createHash } from 'node:crypto';
import type { CrossdockError } from '../errors';

/** Facts that name what a person would mend; others (an id, a count) differ per message. */
const NAMING_FACTS = [
  'address',
  'contract',
  'country',
  'currency',
  'field',
  'mapping',
  'method',
  'model',
  'property',
  'reason',
  'setting',
  'sku',
  'status',
  'unit',
  'variable',
  'warehouse',
];
/** Named later: they count where they are there, so that the groups of other failures stay as they are. */
const LATER_FACTS = ['item', 'partner'];
/** Codes that say nothing: there the sentence has to tell failures apart. */
const VAGUE_CODES = new Set(['NODE_ERROR', 'INTERNAL_ERROR']);
const MAX_PLACES = 20;

/** The fingerprint of a failure's cause. */
export function causeOf(error: CrossdockError, nodeId: string): string {
  const facts = NAMING_FACTS.map((name) => error.facts[name]).map((fact) =>
    fact === undefined ? '' : String(fact),
  );
  for (const name of LATER_FACTS) {
    const fact = error.facts[name];
    if (fact !== undefined) facts.push(`${name}=${String(fact)}`);
  }
  const places = [...new Set(error.problems.map(({ path }) => path.replace(/\/\d+(?=\/|$)/g, '/*')))]
    .sort()
    .slice(0, MAX_PLACES);
  return fingerprint(
    error.code,
    nodeId,
    VAGUE_CODES.has(error.code) ? withoutValues(error.message) : '',
    ...facts,
    ...places,
  );
}

/** A sentence without what differs per message: quoted text, numbers, ids. */
function withoutValues(sentence: string): string {
  return sentence
    .slice(0, 500)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`|“[^”]*”/g, '""')
    .replace(/\S+@\S+/g, '@')
    .replace(/\b[0-9a-f]{8,}(-[0-9a-f]+)*\b/gi, '#')
    .replace(/\d+/g, '#');
}

export function fingerprint(...parts: (string | Uint8Array)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part).update('\0');
  return sum.digest('hex').slice(0, 32);
}
