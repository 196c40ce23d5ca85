/** By what a letter is found: one lower-case text per letter, so that a search reads no bodies. */

/** Fields by which people know a document. Names and addresses of persons are none of them. */
const NUMBERS = new Set([
  'code',
  'documentid',
  'externalid',
  'id',
  'key',
  'number',
  'orderid',
  'ordername',
  'ordernumber',
  'ponumber',
  'reference',
  'sku',
]);
const MAX_LENGTH = 1000;
const MAX_DEPTH = 3;
const MAX_ENTRIES = 20;

/** @param known what is searched beside the document's own numbers */
export function searchText(known: readonly (string | undefined)[], payload: unknown): string {
  const words = known.filter((word) => word !== undefined && word !== '');
  collect(payload, 0, words as string[]);
  return [...new Set(words)].join(' ').toLowerCase().slice(0, MAX_LENGTH);
}

function collect(value: unknown, depth: number, words: string[]): void {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
  if (Array.isArray(value)) {
    for (const entry of value.slice(0, MAX_ENTRIES)) collect(entry, depth + 1, words);
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    const plain = name.replace(/[_-]/g, '').toLowerCase();
    if (typeof inner === 'object') collect(inner, depth + 1, words);
    else if ((typeof inner === 'string' || typeof inner === 'number') && NUMBERS.has(plain)) {
      const word = String(inner).trim();
      if (word.length > 0 && word.length <= 80 && !word.includes('@')) words.push(word);
    }
  }
}
