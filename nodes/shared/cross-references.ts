/** The cross-references of each open store: one book for all nodes and the console, so that what is taught counts at once. */
import { CrossReferenceBook } from '../../core/cross-reference';
import type { CrossReferences } from '../../core/mapping';
import type { Store } from '../../core/store';

const books = new WeakMap<Store, Promise<CrossReferenceBook>>();

/** Rejects with the store's error; asked again, it tries again. */
export function bookOf(store: Store): Promise<CrossReferenceBook> {
  const known = books.get(store);
  if (known !== undefined) return known;
  const opening = CrossReferenceBook.open(store);
  books.set(store, opening);
  opening.catch(() => books.delete(store));
  return opening;
}

/** What a mapper asks, while its store is open or until it is. */
export function referencesIn(store: () => Promise<Store>): CrossReferences {
  return { lookup: async (partner, keys) => (await bookOf(await store())).lookup(partner, keys) };
}
