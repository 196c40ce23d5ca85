/** From a partner's codes to what they stand for: one read per message, few of them reaching the store. */
import type { Row, Store } from '../store';
import { sameMeaning } from './decide';
import { codeKey } from './entry';
import { referenceOf } from './rows';
import { findCodes, REVISION } from './schema';
import { EVERYBODY, type LookupKey, type Meaning, type Reference } from './types';

/** Codes that are remembered, known or not. */
const MAX_REMEMBERED = 5000;
/** Codes per statement. */
const BATCH = 400;
/** On a store that others write too: how often it is asked whether they did, ms. */
const ASK_EVERY_MS = 1000;

export class Lookup {
  /** The active versions by partner, kind and key; the first is the one that was not used for longest. */
  readonly #remembered = new Map<string, readonly Reference[]>();
  #revision: number | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Counts the changes, so that a read that was under way meanwhile is not remembered. */
  #changes = 0;
  /** Store's clock minus ours, ms. */
  #ahead = 0;

  constructor(private readonly store: Store) {}

  /** What each key stands for, in their order; undefined for what nobody has taught, and for what has two meanings. */
  async lookup(partner: string, keys: readonly LookupKey[]): Promise<(Meaning | undefined)[]> {
    await this.#askRevision();
    const found = new Map<string, readonly Reference[]>();
    const missing = new Map<string, { kind: LookupKey['kind']; code: string }>();
    for (const key of keys) {
      const code = codeKey(key);
      const place = placeOf(partner, key.kind, code);
      if (found.has(place) || missing.has(place)) continue;
      const known = this.#remembered.get(place);
      if (known === undefined) missing.set(place, { kind: key.kind, code });
      else {
        this.#remembered.delete(place);
        this.#remembered.set(place, known);
        found.set(place, known);
      }
    }
    if (missing.size > 0) await this.#read(partner, missing, found);
    const now = Date.now() + this.#ahead;
    return keys.map((key) =>
      meaningOf(found.get(placeOf(partner, key.kind, codeKey(key))) ?? [], partner, key, now),
    );
  }

  /** Something was written: nothing that is remembered counts any more. */
  forget(): void {
    this.#changes += 1;
    this.#remembered.clear();
  }

  async #read(
    partner: string,
    missing: ReadonlyMap<string, { readonly kind: LookupKey['kind']; readonly code: string }>,
    found: Map<string, readonly Reference[]>,
  ): Promise<void> {
    const changes = this.#changes;
    const partners = partner === EVERYBODY ? [EVERYBODY] : [partner, EVERYBODY];
    const statements = (['unit', 'item'] as const).flatMap((kind) => {
      const codes = [...missing.values()].filter((key) => key.kind === kind).map(({ code }) => code);
      return batches(codes, BATCH).map((batch) => ({
        sql: findCodes(partners.length, batch.length),
        params: [...partners, kind, ...batch],
      }));
    });
    const results = await this.store.run(statements);
    for (const place of missing.keys()) found.set(place, []);
    for (const row of results.flatMap(({ rows }) => rows)) {
      this.#ahead = Number(row['now']) - Date.now();
      const reference = referenceOf(row);
      const place = placeOf(partner, reference.kind, String(row['code_key']));
      found.set(place, [...(found.get(place) ?? []), reference]);
    }
    if (changes !== this.#changes) return;
    for (const place of missing.keys()) {
      this.#remembered.set(place, found.get(place) ?? []);
      if (this.#remembered.size > MAX_REMEMBERED) {
        for (const [oldest] of this.#remembered) {
          this.#remembered.delete(oldest);
          break;
        }
      }
    }
  }

  /** A store that only this process has open tells by itself what changes. */
  async #askRevision(): Promise<void> {
    if (this.store.exclusive || performance.now() - this.#askedAt < ASK_EVERY_MS) return;
    this.#askedAt = performance.now();
    const [result] = await this.store.run([{ sql: REVISION }]);
    const row: Row | undefined = result?.rows[0];
    const revision = Number(row?.['rev'] ?? 0);
    if (revision !== this.#revision) this.forget();
    this.#revision = revision;
  }
}

/** The one meaning that counts: of the partner before everybody's, of the item before all items'. */
function meaningOf(
  references: readonly Reference[],
  partner: string,
  { scheme, item, kind }: LookupKey,
  now: number,
): Meaning | undefined {
  const valid = references.filter(
    (reference) =>
      reference.validFrom <= now &&
      (reference.validTo ?? Number.POSITIVE_INFINITY) > now &&
      (scheme === undefined || scheme === '' || reference.scheme === '' || reference.scheme === scheme) &&
      (reference.item === '' || reference.item === item),
  );
  const own = valid.filter((reference) => reference.partner === partner);
  const among = own.length > 0 ? own : valid;
  const special = among.filter((reference) => reference.item !== '');
  const [first, ...others] = special.length > 0 ? special : among;
  if (first === undefined || others.some((other) => !sameMeaning(first, other))) return undefined;
  const { targetScheme, target, packLevel, quantityPerUnit, ofUnit, version } = first;
  return { kind, targetScheme, target, packLevel, quantityPerUnit, ofUnit, version };
}

function placeOf(partner: string, kind: string, code: string): string {
  return `${partner}\n${kind}\n${code}`;
}

function batches<T>(all: readonly T[], size: number): T[][] {
  const found: T[][] = [];
  for (let from = 0; from < all.length; from += size) found.push(all.slice(from, from + size));
  return found;
}
